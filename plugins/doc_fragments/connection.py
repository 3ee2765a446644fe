# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations


class ModuleDocFragment:
    """The options that all modules share: the twin of ``_arguments.connection_argument_spec()``."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region of the sync task, for example V(cn-north-4).
      - Needed unless both O(endpoint) and O(project_id) are given.
      - If not given, E(HW_REGION_NAME) is used.
    type: str
  project_id:
    description:
      - The ID of the project that the sync task belongs to.
      - 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
      - If not given, E(HUAWEICLOUD_SDK_PROJECT_ID) and then E(HW_PROJECT_ID) are used.
        If these are not set either, IAM is asked for the project that has the name of the O(region).
      - A O(credentials_file) may name it, too.
    type: str
  access_key:
    description:
      - The access key ID (AK) to sign requests with. Goes together with O(secret_key).
      - If no credentials are given as options, the environment is searched,
        first for a token in E(HW_AUTH_TOKEN), then for a complete pair of
        E(HUAWEICLOUD_SDK_AK) and E(HUAWEICLOUD_SDK_SK),
        E(HW_ACCESS_KEY) and E(HW_SECRET_KEY), or
        E(CLOUD_SDK_AK) and E(CLOUD_SDK_SK), and at last for a user and a password (see O(username)).
        Then come the O(credentials_file) and the agency of the ECS host. O(auth_method) can say which of these it is.
      - A key from one of these places is never combined with a secret from another one.
    type: str
  secret_key:
    description:
      - The secret access key (SK) that belongs to O(access_key).
      - See O(access_key) for the environment variables.
    type: str
  security_token:
    description:
      - The security token that belongs to a temporary O(access_key).
      - With a key from the environment it is taken from E(HUAWEICLOUD_SDK_SECURITY_TOKEN) or E(HW_SECURITY_TOKEN),
        whichever belongs to the key's variables.
      - When a temporary key expires, the task fails. Run it again with a new one.
    type: str
  auth_token:
    description:
      - An IAM token to send as C(X-Auth-Token), instead of signing with a key. It has 1 to 16384 characters.
      - If no credentials are given as options, E(HW_AUTH_TOKEN) is used.
    type: str
  username:
    description:
      - The name of an IAM user who signs in with a O(password), which is traded for a token.
        The token is renewed as long as the task runs.
      - Goes together with O(password) and O(domain_name).
      - If no credentials are given as options, and neither a token nor a key is in the environment,
        E(HW_USER_NAME), E(HW_USER_PASSWORD) and E(HW_DOMAIN_NAME) are used, all three of them.
    type: str
  password:
    description:
      - The password of the IAM user O(username).
    type: str
  domain_name:
    description:
      - The name of the account that the user O(username) belongs to.
    type: str
  credentials_file:
    description:
      - A file with an access key on the host that the module runs on, as the official SDK has it. It is an INI file
        with C(ak), C(sk) and perhaps C(security_token), C(project_id) and C(iam_endpoint) in its section C([basic]).
        The last two count before the environment.
      - It is read where neither the options nor the environment hold complete credentials, or where O(auth_method) says
        so.
      - If not given, E(HUAWEICLOUD_SDK_CREDENTIALS_FILE) is used. If that is not set either, it is
        C(~/.huaweicloud/credentials), which may be absent. A file that is given must exist.
    type: path
  auth_method:
    description:
      - Where the credentials are.
      - V(auto) takes the first that is complete of the options, the environment, the credentials file,
        and the agency of the ECS host.
      - V(token) is for O(auth_token), V(aksk) for O(access_key), V(password) for O(username), as options or else in the
        environment.
      - V(file) is for the O(credentials_file).
      - V(ecs_agency) is for temporary keys of the agency that is bound to the ECS host that the module runs on.
        They are renewed as long as the task runs.
    type: str
    choices:
      - auto
      - token
      - aksk
      - password
      - file
      - ecs_agency
    default: auto
  endpoint:
    description:
      - Where OMS is, V(https://host) or V(https://host:port).
      - V(http://) is accepted on the loopback interface only.
      - If not given, the environment variable of the official SDK is used, for example
        E(HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4) in the region V(cn-north-4).
        If that is not set either, it is C(https://oms.<region>.myhuaweicloud.com).
    type: str
  iam_endpoint:
    description:
      - Where IAM is, which is asked for a missing O(project_id), and for a token where there is a O(password).
        The rules are those of O(endpoint).
      - If not given, E(HUAWEICLOUD_SDK_IAM_ENDPOINT) is used.
        If that is not set either, it is C(https://iam.<region>.myhuaweicloud.com),
        or C(https://iam.myhuaweicloud.com) without a region.
    type: str
  validate_certs:
    description:
      - Whether to check the certificates of the servers.
      - V(false) lets whoever answers in the service's place read and change what is sent, and causes a warning.
    type: bool
    default: true
  ca_path:
    description:
      - A file in PEM format with the certificates to trust, instead of all others.
      - If not given, E(REQUESTS_CA_BUNDLE) and then E(CURL_CA_BUNDLE) are used.
        If these are not set either, the certificates of the system are trusted together with those of C(certifi).
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and then for an answer. More than 0 and at most 3600.
    type: float
    default: 30
  retries:
    description:
      - How often a request is sent again when it fails for a reason that may pass, 0 to 100.
        With V(0) there is one attempt.
      - These reasons are the HTTP statuses 429, 502, 503 and 504, connections that are refused, reset or time out,
        and a name service that is not available for the moment. All other failures are final at once.
      - While the service answers 429 because it is called too often, attempts are not counted,
        but ten minutes in which it accepts nothing end the task.
      - The default outlasts an outage of a minute.
    type: int
    default: 8
  retry_max_delay:
    description:
      - The longest delay between two attempts in seconds, 0 to 3600. Delays are random.
        The first two are below one second, and the others double with each attempt up to this one.
      - Where the service asks for a longer one with C(Retry-After), it gets it, up to 300 seconds.
        If it asks for more, the task fails.
    type: float
    default: 30
requirements:
  - requests >= 2.25.1, on the host that the module runs on
notes:
  - The module runs on the managed host, and so it reads the environment variables and files of that host.
    Where the credentials are on the controller, delegate the task to C(localhost).
    Use C(run_once) then, so that a wrong key is refused once and not once for each host, which would lock it.
  - Proxies are taken from the environment variables E(HTTPS_PROXY) and E(NO_PROXY). C(.netrc) is not read.
"""
