# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""How Sphinx makes the documentation site, which `make docs` calls.

It runs in a copy of the collection, so that the pages' links between each other, and to files beside them, are those
that a reader of the repository follows. Nothing is fetched: there is no intersphinx, and the theme is a package.
"""

from __future__ import annotations

import re

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

with open("../../galaxy.yml", encoding="utf-8") as file:
    galaxy = yaml.safe_load(file)

project = f"{galaxy['namespace']}.{galaxy['name']}"
author = "Contributors to the huaweicloud.oms collection"
project_copyright = f"2026, {author}"
version = release = galaxy["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# All that a reader reads, wherever it lies. `reference` is what antsibull-docs makes.
include_patterns = ["index.md", "docs/*.md", "roles/*/README.md", "reference/*.rst", "*.md"]
# noxfile.py copies docs/site/index.md there, so that the site has an index.html at its root.
root_doc = "index"
html_theme = "furo"
html_title = f"{project} {version}"
html_show_sourcelink = False
html_static_path = html_css_files = ["wrap.css"]
# Fragments such as `page.md#a-heading`, as GitHub makes them.
myst_heading_anchors = 4
nitpicky = True

# Where Ansible's own documentation has what the reference refers to: the labels that antsibull-docs may write.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
ELSEWHERE = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
    "list_of_collections": "collections/index.html",
}


def link_elsewhere(_app: Sphinx, _env: object, node: pending_xref, text: nodes.Element) -> nodes.Element | None:
    """Return a link to Ansible's documentation for a label of it; None for any other, which Sphinx then warns of."""
    page = ELSEWHERE.get(node["reftarget"]) if node["reftype"] == "ref" else None
    return nodes.reference("", "", text, internal=False, refuri=f"{ANSIBLE}/{page}") if page else None


def link_to_reference(_app: Sphinx, name: str, source: list[str]) -> None:
    """Let links to a module's source, which GitHub shows, lead to its page of the reference."""
    if name == "README":
        source[0] = re.sub(r"\(plugins/modules/(\w+)\.py\)", r"(reference/\1_module.rst)", source[0])


def setup(app: Sphinx) -> None:
    app.connect("missing-reference", link_elsewhere)
    app.connect("source-read", link_to_reference)
