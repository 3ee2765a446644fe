# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""A private certificate authority and a server certificate for loopback, for tests of TLS."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """PEM files: ``authority`` for a client to trust, ``server`` for the simulator (certificate and key)."""

    authority: Path
    server: Path


def make_certificates(directory: Path, *names: str, **options: t.Any) -> Certificates:
    """Make both files in a directory.

    :arg names: the hosts that the certificate is for; loopback, if none is given.
    :arg options: of trustme, ``not_after`` for example.
    """
    authority = trustme.CA()
    server = authority.issue_cert(*(names or ("localhost", "127.0.0.1", "::1")), **options)
    made = Certificates(directory / "authority.pem", directory / "server.pem")
    authority.cert_pem.write_to_path(str(made.authority))
    server.private_key_and_cert_chain_pem.write_to_path(str(made.server))
    return made


@dataclass(frozen=True)
class Chain:
    """PEM files: a server's certificate with its key (``server``), and all that a client may trust to accept it."""

    root: Path
    intermediate: Path
    own: Path
    server: Path


def make_chain(directory: Path) -> Chain:
    """Make a server certificate for loopback that an intermediate authority signed."""
    root = trustme.CA()
    intermediate = root.create_child_ca()
    server = intermediate.issue_cert("localhost", "127.0.0.1")
    made = Chain(*(directory / f"{name}.pem" for name in ("root", "intermediate", "own", "chain")))
    root.cert_pem.write_to_path(str(made.root))
    intermediate.cert_pem.write_to_path(str(made.intermediate))
    server.cert_chain_pems[0].write_to_path(str(made.own))
    server.private_key_and_cert_chain_pem.write_to_path(str(made.server))
    return made


def make_self_signed(directory: Path) -> Path:
    """Make a certificate that nobody else vouches for, with its key in the same file."""
    authority = trustme.CA()
    made = directory / "self-signed.pem"
    made.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())
    return made
