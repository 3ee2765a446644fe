# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

from __future__ import annotations


class ModuleDocFragment:
    """The options that all modules share. Their argument spec is ``_arguments.connection_argument_spec()``."""

    DOCUMENTATION = r"""
options:
  region:
    description:
      - The region of the sync task, for example V(cn-north-4).
      - Required unless both O(endpoint) and O(project_id) are given.
      - If it is not given, E(HW_REGION_NAME) is used.
    type: str
  project_id:
    description:
      - The ID of the project that the sync task belongs to.
      - 1 to 1024 of C(A-Z a-z 0-9 _ . ~ -).
      - If it is not given, the O(credentials_file) that the credentials are from, E(HUAWEICLOUD_SDK_PROJECT_ID) and
        E(HW_PROJECT_ID) are used, in this order. If none is set, IAM is asked for the project named O(project_name).
    type: str
  project_name:
    description:
      - The name of the project, to look up its ID at IAM. With a O(password) it is also the scope of the token.
      - Ignored if O(project_id) is given. As an option it takes precedence over a project ID in the environment or in a
        file.
      - If it is not given, E(HW_PROJECT_NAME) is used. If that is not set, it is the name of the O(region), which
        is the main project of the region.
    type: str
  access_key:
    description:
      - The access key ID (AK) to sign requests with. Required together with O(secret_key).
      - If no credentials are given as options, the environment is searched for a token in E(HW_AUTH_TOKEN),
        then for a complete pair of E(HUAWEICLOUD_SDK_AK) and E(HUAWEICLOUD_SDK_SK),
        E(HW_ACCESS_KEY) and E(HW_SECRET_KEY), or E(CLOUD_SDK_AK) and E(CLOUD_SDK_SK),
        and then for a user and a password (see O(username)).
        After that come the O(credentials_file) and the agency of the ECS host. O(auth_method) selects one of these.
      - The key of one source is never combined with the secret of another. An incomplete pair in the environment is
        ignored.
    type: str
  secret_key:
    description:
      - The secret access key (SK) that belongs to O(access_key).
      - See O(access_key) for the environment variables.
    type: str
  security_token:
    description:
      - The security token that belongs to a temporary O(access_key).
      - For a key from the environment it is read from E(HUAWEICLOUD_SDK_SECURITY_TOKEN) or E(HW_SECURITY_TOKEN),
        whichever belongs to the variables of the key.
      - When a temporary key expires, the task fails. Run it again with a new one.
    type: str
  auth_token:
    description:
      - An IAM token, sent as C(X-Auth-Token) instead of a signature. It has 1 to 16384 characters.
      - If no credentials are given as options, E(HW_AUTH_TOKEN) is used.
      - A token or O(password) from the environment that is sent to an O(endpoint) or O(iam_endpoint) given as an
        option, outside of C(myhuaweicloud.com), C(myhuaweicloud.eu) and the loopback interface, causes a warning.
    type: str
  username:
    description:
      - The name of an IAM user, whose O(password) is exchanged for a token.
        The token is renewed as long as the task runs.
      - Required together with O(password) and O(domain_name).
      - If no credentials are given as options, and the environment contains neither a token nor an access key,
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
      - A file with an access key on the host that the module runs on, in the format of the official SDK.
        It is an INI file with C(ak), C(sk) and optionally C(security_token), C(project_id) and C(iam_endpoint) in its
        section C([basic]). The last two take precedence over the environment.
      - It is read if neither the options nor the environment have complete credentials, or if O(auth_method) says so.
      - If it is not given, E(HUAWEICLOUD_SDK_CREDENTIALS_FILE) is used. If that is not set either, it is
        C(~/.huaweicloud/credentials), which may be absent. A file that is given must exist.
      - A file that other users can read or change, or that belongs to another user (but root), causes a warning.
    type: path
  auth_method:
    description:
      - The source of the credentials.
      - V(auto) uses the first that is complete of the options, the environment, the credentials file,
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
      - The endpoint of OMS, V(https://host) or V(https://host:port).
      - V(http://) is accepted on the loopback interface only.
      - If it is not given, the environment variable of the official SDK is used, for example
        E(HUAWEICLOUD_SDK_REGION_OMS_CN_NORTH_4) in the region V(cn-north-4). As in the SDK, C(https://) may be missing
        there, and the first of several endpoints, separated by commas, is used.
        If the variable is not set, the endpoint is C(https://oms.<region>.myhuaweicloud.com).
    type: str
  iam_endpoint:
    description:
      - The endpoint of IAM. It is used to look up a missing O(project_id), and to get a token for a O(password).
        The rules are those of O(endpoint).
      - If it is not given, E(HUAWEICLOUD_SDK_IAM_ENDPOINT) is used.
        If that is not set either, it is C(https://iam.<region>.myhuaweicloud.com),
        or C(https://iam.myhuaweicloud.com) without a region.
    type: str
  validate_certs:
    description:
      - Whether to verify the certificates of the servers.
      - With V(false) anyone between this host and the service can read and change what is sent. It causes a warning,
        and takes precedence over O(ca_path).
    type: bool
    default: true
  ca_path:
    description:
      - A file in PEM format with the certificates to trust, instead of all others.
        Each may be a root, an intermediate, or the certificate of the server itself.
      - If it is not given, E(REQUESTS_CA_BUNDLE) and then E(CURL_CA_BUNDLE) are used.
        If these are not set either, the certificates of the system are trusted together with those of C(certifi).
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, for each part of an answer, and for the whole body of an answer.
        More than 0 and at most 3600.
    type: float
    default: 30
  retries:
    description:
      - How often a request is sent again after a transient error, 0 to 100. With V(0) there is one attempt.
      - Transient errors are the HTTP statuses 408, 429, 502, 503 and 504, connections that are refused, reset or time
        out, truncated answers, and temporary DNS failures. All other errors are permanent and end the task.
      - Retries after HTTP 429 are not counted, but ten minutes of HTTP 429 without an accepted request end the task.
      - With the default an outage of 60 seconds does not end the task.
    type: int
    default: 8
  retry_max_delay:
    description:
      - The longest delay between two attempts in seconds, 0 to 3600. Delays are random.
        The first two are below one second, and the others double with each attempt up to this one.
      - If the service asks for a longer delay with C(Retry-After), the module waits that long, up to 300 seconds.
        If it asks for more, the task fails.
    type: float
    default: 30
requirements:
  - requests >= 2.25.1, != 2.32.0, != 2.32.1, != 2.32.2, on the host that the module runs on
notes:
  - The module runs on the managed host, and so it reads the environment variables and files of that host.
    Where the credentials are on the controller, delegate the task to C(localhost).
    Then use C(run_once), so that a wrong key is refused once. If it is refused for each host, it is locked.
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY). C(.netrc) is not
    read.
"""
