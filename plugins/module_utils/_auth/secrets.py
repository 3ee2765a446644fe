# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""Secrets: registered with Ansible, and masked in texts.

This is private to the collection: it may change at any time.
"""

from __future__ import annotations

import html
import json
import threading
import typing as t
from urllib.parse import quote

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    register_secret = None
Register = t.Callable[[str], t.Any]


def registrar(module: t.Any) -> Register:
    """The function that registers a secret with Ansible, for secrets that are not ``no_log`` options.

    :arg module: the AnsibleModule.
    """
    register: Register = register_secret or module.no_log_values.add
    return register


class Secrets:
    """The secrets of a run; masks them in texts.

    :arg register: registers a value with Ansible, which then masks it in the result of the module.
    """

    def __init__(self, register: Register) -> None:
        self._register = register
        # Longest first, so that none is masked in parts. Replaced as a whole: other threads may be reading it.
        self._values: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def add(self, value: str) -> str:
        """Register a secret as soon as it is read, and return it."""
        # Bytes of the environment that are not UTF-8 become lone surrogates, which Ansible can't register.
        known = value.encode("utf-8", "replace").decode()
        bare = known.strip()
        # An empty text or whitespace is not a secret: masking it would make every text unreadable.
        if bare:
            # A server may repeat it in the form that it has in a URL, in JSON or in HTML.
            forms = {known, bare, quote(bare, safe=""), json.dumps(bare)[1:-1], html.escape(bare)}
            with self._lock:
                for form in forms.difference(self._values):
                    self._register(form)
                self._values = tuple(sorted(forms.union(self._values), key=len, reverse=True))
        return value

    def occurs_in(self, texts: t.Iterable[str]) -> bool:
        """Whether one of the texts contains a secret."""
        values = self._values
        return any(value in text for text in texts for value in values)

    def mask(self, text: str) -> str:
        """The text without secrets: what a server says is masked before it is cut or shown."""
        for value in self._values:
            text = text.replace(value, "********")
        return text
