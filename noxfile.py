# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The sessions that `make` runs; each makes its own environment below build/ and keeps it for the next time.

antsibull-nox has sessions like these ready-made. It is not used, because they fetch other collections from Galaxy or
GitHub, and everything here must run with a package index and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
REQUIREMENTS = ROOT / "tests" / "requirements"
COLLECTIONS = BUILD / "collections"
# Where Ansible and its tools find the collection: tests/tools/copy_collection.py says why it is a copy.
COPY = COLLECTIONS / "ansible_collections" / "huaweicloud" / "oms"
REPORTS = BUILD / "reports"
# For whatever runs Ansible: where the collection is, and a home directory of its own, so that nothing depends on what
# is in the developer's (ansible.cfg, .netrc, credentials), and nothing is left there.
ENVIRONMENT = {
    "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    "HOME": str(BUILD / "home"),
    "HYPOTHESIS_STORAGE_DIRECTORY": str(BUILD / "cache" / "hypothesis"),
}

# The Python of RHEL 9: the lowest that the modules run on.
TARGET_PYTHON = "3.9"

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.envdir = BUILD / "nox"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "docs", "site", "unit", "integration", "sanity"]


def find_python(version: str) -> str | None:
    """Return the path of a Python of this version that works.

    One on PATH need not: pyenv puts a python3.9 there that fails unless that version is active. So it is run, and then
    pyenv's own folders are searched.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [*os.get_exec_path(), *sorted(pyenv.glob(f"versions/{version}.*/bin"))]
    for folder in folders:
        python = Path(folder, f"python{version}")
        if python.is_file() and subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0:
            return str(python)
    return None


# The environments that the integration tests need beside their own. Each session only makes one; the tests get told of
# it by a variable: the folder of `ansible` and `ansible-playbook`, or the interpreter.
EXTRA_PYTHONS = {
    "core_oldest": find_python("3.11"),
    # ansible-core 2.20 and later need 3.12 at least.
    "core_newest": find_python("3.13"),
    "target_python39": find_python(TARGET_PYTHON),
    "eda": find_python("3.11"),
    "packaging": find_python("3.11"),
}
# A missing Python is an error in CI: no test may be left out there without a word. Elsewhere its tests are skipped.
EXTRA_SESSIONS = [name for name, python in EXTRA_PYTHONS.items() if python or os.environ.get("CI")]


def configure_uv() -> None:
    """Hand over to uv what pip is configured with, which uv itself does not read."""
    variables = {
        "cert": "SSL_CERT_FILE",
        "constraint": "UV_CONSTRAINT",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "index-url": "UV_DEFAULT_INDEX",
        "no-index": "UV_NO_INDEX",
        "proxy": "ALL_PROXY",
        "trusted-host": "UV_INSECURE_HOST",
    }
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config", "list"]
    for line in subprocess.run(pip, capture_output=True, check=True, text=True).stdout.splitlines():
        name, value = line.split("=", maxsplit=1)
        variable = variables.get(name.rsplit(".", maxsplit=1)[-1])
        if variable:
            os.environ.setdefault(variable, value.strip("'"))
    # As pip does it: the best version of all the indexes.
    os.environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")


configure_uv()


def install(session: nox.Session, *names: str) -> None:
    """Install what tests/requirements/NAME.txt asks for. With uv this is no work when it is there already."""
    arguments = [argument for name in names for argument in ("--requirement", str(REQUIREMENTS / f"{name}.txt"))]
    session.install(*arguments)


@nox.session(venv_backend="none")
def copy(session: nox.Session) -> None:
    """Copy the collection to where Ansible finds it."""
    (BUILD / "home").mkdir(parents=True, exist_ok=True)
    session.run(sys.executable, "tests/tools/copy_collection.py", silent=True)


@nox.session(requires=["copy"])
def lint(session: nox.Session) -> None:
    """ruff, mypy, yamllint, REUSE, the changelog, ansible-lint."""
    install(session, "core", "lint", "simulator")
    session.chdir(COPY)
    cache = BUILD / "cache"
    # By their full names, as they are imported.
    packages = [
        f"--package=ansible_collections.huaweicloud.oms.{folder.replace('/', '.')}"
        for folder in ("plugins", "extensions", "tests/simulator")
        if Path(folder).is_dir()
    ]
    linters = [
        ["ruff", "check", f"--cache-dir={cache}/ruff", "."],
        ["ruff", "format", "--diff", f"--cache-dir={cache}/ruff", "."],
        ["mypy", f"--cache-dir={cache}/mypy", *packages],
        ["yamllint", "--strict", "."],
        ["reuse", "lint", "--lines"],
        ["antsibull-changelog", "lint"],
        ["ansible-lint", "--strict"],
    ]
    failed = []
    for linter in linters:
        try:
            session.run(*linter, env={**ENVIRONMENT, "MYPYPATH": str(COLLECTIONS)})
        except nox.command.CommandFailed:
            # The others have their say all the same: one run shows all there is to mend.
            failed.append(linter[0])
    if failed:
        session.error("failed: " + ", ".join(failed))


@nox.session(name="format")
def format_code(session: nox.Session) -> None:
    """Format the Python files of the clone, as `lint` wants them."""
    install(session, "lint")
    session.run("ruff", "format", "--no-cache", ".")


@nox.session(requires=["copy"])
def docs(session: nox.Session) -> None:
    """Check the documentation of plugins and roles, and what it refers to."""
    install(session, "core", "docs")
    session.run(
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=dependent",
        "--disallow-unknown-collection-refs",
        "--check-extra-docs-refs",
        str(COPY),
        env=ENVIRONMENT,
    )


@nox.session(requires=["copy"])
def site(session: nox.Session) -> None:
    """Build the documentation site, build/site/html: the guides and the reference. A warning is an error."""
    install(session, "core", "docs", "site")
    # A copy of its own, since the reference is made beside the guides, and the linters are not to find it there.
    pages = BUILD / "site" / "pages"
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    shutil.copytree(COPY, pages, ignore=shutil.ignore_patterns(".git", "tests"))
    (pages / "reference").mkdir()
    reference = ["collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    session.run("antsibull-docs", *reference, f"--dest-dir={pages}/reference", "huaweicloud.oms", env=ENVIRONMENT)
    html = BUILD / "site" / "html"
    sphinx = ["--builder=html", "--fail-on-warning", "--keep-going", "--quiet", f"--conf-dir={pages}/docs/site"]
    session.run("sphinx-build", *sphinx, str(pages), str(html), env=ENVIRONMENT)
    session.run("python", "tests/tools/check_links.py", str(html))


@nox.session(requires=["copy"])
def unit(session: nox.Session) -> None:
    """Unit tests with branch coverage. Arguments after `--` go to pytest instead of all that.

    ansible-test's `units` is not used: it knows no branch coverage, and would run the same tests a second time.
    """
    install(session, "core", "simulator", "pytest")
    if session.posargs:
        run_pytest(session, *session.posargs)
        return
    coverage = ["--cov", f"--cov-report=html:{REPORTS}/coverage", "--cov-report=term"]
    session.env["COVERAGE_FILE"] = str(BUILD / "cache" / "coverage")
    run_pytest(session, "tests/unit", f"--junit-xml={REPORTS}/unit.xml", "--numprocesses=auto", *coverage)


@nox.session(requires=["copy", *EXTRA_SESSIONS])
def integration(session: nox.Session) -> None:
    """The real module through Ansible, against the simulator. Arguments after `--` go to pytest instead of all that."""
    install(session, "core", "simulator", "pytest")
    folders = {
        "core_oldest": "bin",
        "core_newest": "bin",
        "eda": "bin",
        "packaging": "bin",
        "target_python39": "bin/python",
    }
    for name, folder in folders.items():
        if name in EXTRA_SESSIONS:
            session.env[f"OMS_TEST_{name.upper()}"] = str(BUILD / "nox" / name / folder)
        else:
            session.warn(f"NOT EVERYTHING IS TESTED: the Python for {name} was not found")
    if session.posargs:
        run_pytest(session, *session.posargs)
        return
    # Most of these tests wait for processes and for the network.
    run_pytest(session, "tests/integration", f"--junit-xml={REPORTS}/integration.xml", "--numprocesses=auto")


def run_pytest(session: nox.Session, *arguments: str) -> None:
    session.chdir(COPY)
    session.run("pytest", "-o", f"cache_dir={BUILD}/cache/pytest", *arguments, env=ENVIRONMENT)


@nox.session(python=EXTRA_PYTHONS["core_oldest"] or "3.11")
def core_oldest(session: nox.Session) -> None:
    """Only an environment, for the integration tests: the oldest ansible-core."""
    install(session, "core_oldest")


@nox.session(python=EXTRA_PYTHONS["core_newest"] or "3.13")
def core_newest(session: nox.Session) -> None:
    """Only an environment, for the integration tests: the newest ansible-core."""
    install(session, "core_newest")


@nox.session(python=EXTRA_PYTHONS["target_python39"] or TARGET_PYTHON)
def target_python39(session: nox.Session) -> None:
    """Only an environment, for the integration tests: a managed host as old as can be."""
    install(session, "target_python39")


@nox.session(python=EXTRA_PYTHONS["eda"] or "3.11")
def eda(session: nox.Session) -> None:
    """Only an environment, for the integration tests: ansible-rulebook."""
    install(session, "eda")


@nox.session(python=EXTRA_PYTHONS["packaging"] or "3.11")
def packaging(session: nox.Session) -> None:
    """Only an environment, for the integration tests: what reads the artifact."""
    install(session, "core", "packaging")


@nox.session(requires=["copy"])
def sanity(session: nox.Session) -> None:
    """ansible-test sanity with nothing ignored, and again what concerns the oldest Python of managed hosts."""
    install(session, "core")
    run_sanity(session)


def run_sanity(session: nox.Session, *options: str) -> None:
    # In the real home directory: what ansible-test keeps there takes minutes to make and serves all collections.
    session.run("python", "tests/tools/prepare_ansible_test.py")
    session.chdir(COPY)
    # ansible-test takes the first python3.9 (and so on) on PATH, whether it works or not.
    pythons = filter(None, map(find_python, ["3.9", "3.10", "3.11", "3.12", "3.13"]))
    session.env["PATH"] = os.pathsep.join([*(str(Path(python).parent) for python in pythons), os.environ["PATH"]])
    command = ["ansible-test", "sanity", "--venv", "--color", "no"]
    session.run(*command, *options)

    if EXTRA_PYTHONS["target_python39"]:
        session.run(*command, "--python", TARGET_PYTHON, "--test", "compile", "--test", "import")
    elif os.environ.get("CI"):
        session.error(f"Python {TARGET_PYTHON} was not found")
    else:
        session.warn(f"NOT EVERYTHING IS TESTED: Python {TARGET_PYTHON} was not found")


def write_docs(session: nox.Session, script: str) -> None:
    """Run a script that measures, and have it write its page of docs/ unless it gets other arguments."""
    install(session, "core", "simulator", "pytest")
    arguments = session.posargs or [f"--write={ROOT / 'docs'}"]
    session.run("python", str(COPY / script), *arguments, env={**ENVIRONMENT, "PYTHONPATH": str(COLLECTIONS)})


@nox.session(requires=["copy"])
def bench(session: nox.Session) -> None:
    """Measure the module against loops, in one run. Without arguments it writes docs/benchmarks.md and its chart."""
    write_docs(session, "tests/benchmark/bench.py")


@nox.session(requires=["copy"])
def soak(session: nox.Session) -> None:
    """Let everything go wrong and count what is lost. Without arguments it writes docs/reliability.md."""
    write_docs(session, "tests/soak/soak.py")


@nox.session(requires=["copy"])
def build(session: nox.Session) -> None:
    """Build the artifact, build/dist/huaweicloud-oms-VERSION.tar.gz."""
    install(session, "core")
    session.run(
        "ansible-galaxy",
        "collection",
        "build",
        "--force",
        f"--output-path={BUILD}/dist",
        str(COPY),
        env=ENVIRONMENT,
    )


@nox.session(name="release_check", requires=["copy"])
def release_check(session: nox.Session) -> None:
    """Prove that the commit that is checked out could be tagged and released."""
    install(session, "core")
    session.run("python", "tests/tools/release_check.py", str(ROOT), env=ENVIRONMENT)


# ---- the matrix: what is supported, cell by cell. `make test-matrix` runs it, tests/tools/matrix_table.py shows it.

# Of each core the lowest Python that its metadata allows, and the highest that its ansible-test knows, up to 3.13. From
# 2.20 on that would be 3.14 or later, which none of us has at hand yet.
CORES = [
    ("2.16", "core_oldest", ["3.10", "3.12"]),
    ("2.18", "core_2.18", ["3.11", "3.13"]),
    ("2.19", "core", ["3.11", "3.13"]),
    ("2.20", "core_2.20", ["3.12", "3.13"]),
    ("2.21", "core_2.21", ["3.12", "3.13"]),
    ("2.22", "core_newest", ["3.13"]),
]
# The first as old as RHEL 9 has it; the modules meet what is current on the others.
TARGETS = [(TARGET_PYTHON, "target_python39"), *((python, "target") for python in ("3.10", "3.11", "3.12", "3.13"))]

# The integration tests of a cell: what may differ from core to core and from Python to Python, in a few minutes.
SUBSET = [
    *(f"tests/integration/test_{name}.py" for name in ("events", "errors", "refusals", "bulk", "role", "sync_tasks")),
    "tests/integration/test_secrets.py::test_secrets_of_the_environment",
]
# What depends on the target's libraries, and hardly on the core.
OF_LIBRARIES = ["tests/integration/test_network.py", "tests/integration/test_sign_in.py"]
# Those of a cell of the thin matrix, which is part of what must be green before a change lands.
THIN_SUBSET = [
    "tests/integration/test_events.py",
    # Its templates do more than others.
    "tests/integration/test_role.py::test_it_makes_the_task_hands_over_and_waits",
    "tests/integration/test_role.py::test_progress_is_shown_while_it_runs",
]

# The oldest and the newest core, each with its lowest Python, and the lowest of the targets.
THIN = {"core-2.16-python-3.10", "core-2.22-python-3.13", "target-python-3.9"}


def cell(name: str, python: str, *arguments: str) -> t.Any:
    """Return a cell's parameters: its interpreter, its name and what else its session takes."""
    # Without an interpreter nox says that it is missing, and goes on with the next cell.
    parameters = [find_python(python) or python, name, *arguments]
    # By its tag a cell is run alone: a hyphen in an expression of `-k` would be a minus.
    return nox.param(*parameters, id=name, tags=[name, *(["thin"] if name in THIN else [])])


def run_subset(session: nox.Session, name: str, *more: str, **environ: str) -> None:
    """Run a cell's integration tests, with pytest and the simulator from an environment of their own.

    :arg more: tests of this cell alone; the thin matrix leaves them out.
    :arg environ: what tests/integration/ansible_runs.py is to put under test.
    """
    thin = "thin" in session.posargs
    junit = REPORTS / f"thin-{name}.xml" if thin else REPORTS / "matrix" / f"{name}.integration.xml"
    subset = THIN_SUBSET if thin else [*SUBSET, *more]
    session.chdir(COPY)
    session.run(
        str(BUILD / "nox" / "matrix_tests" / "bin" / "pytest"),
        *("-o", f"cache_dir={BUILD}/cache/pytest", "-m", "not slow", "--numprocesses=auto", f"--junit-xml={junit}"),
        *subset,
        env={**ENVIRONMENT, "PATH": f"{BUILD}/nox/matrix_tests/bin{os.pathsep}{os.environ['PATH']}", **environ},
        external=True,
    )


@nox.session
def matrix_tests(session: nox.Session) -> None:
    """Only an environment, for the cells of the matrix: what runs their integration tests."""
    install(session, "core", "simulator", "pytest")


@nox.session(requires=["copy", "matrix_tests"], tags=["matrix"], default=False)
@nox.parametrize(
    "python,name,requirements",
    [
        cell(f"core-{core}-python-{python}", python, requirements)
        for core, requirements, pythons in CORES
        for python in pythons
    ],
)
def matrix_core(session: nox.Session, name: str, requirements: str) -> None:
    """Unit tests within an ansible-core's own environment, and a subset of the integration tests with its commands."""
    failed = []
    if "thin" in session.posargs:
        install(session, requirements)
    else:
        install(session, requirements, "simulator", "pytest")
        try:
            run_pytest(session, "tests/unit", f"--junit-xml={REPORTS}/matrix/{name}.unit.xml", "--numprocesses=auto")
        except nox.command.CommandFailed:
            failed.append("unit tests")
    try:
        # The second is for the tests that choose a core themselves.
        run_subset(session, name, OMS_TEST_CORE=session.bin, OMS_TEST_CORE_OLDEST=session.bin)
    except nox.command.CommandFailed:
        failed.append("integration tests")
    if failed:
        session.error("failed: " + ", ".join(failed))


@nox.session(requires=["copy", "matrix_tests"], tags=["matrix"], default=False)
@nox.parametrize(
    "python,name,requirements",
    [cell(f"target-python-{python}", python, requirements) for python, requirements in TARGETS],
)
def matrix_target(session: nox.Session, name: str, requirements: str) -> None:
    """A subset of the integration tests, with modules that run on a Python of a managed host."""
    install(session, requirements)
    run_subset(session, name, *OF_LIBRARIES, OMS_TEST_TARGET=str(Path(session.bin, "python")))


@nox.session(requires=["copy"], tags=["matrix"], default=False)
@nox.parametrize(
    "python,name,requirements",
    [cell("sanity-2.18", "3.13", "core_2.18"), cell("sanity-2.22", "3.13", "core_newest")],
)
def matrix_sanity(session: nox.Session, name: str, requirements: str) -> None:
    """ansible-test sanity of another core than that of `make sanity`."""
    session.log(name)
    install(session, requirements)
    host = unreachable_host(session, "sanity.pylint.txt")
    run_sanity(session, *(["--skip-test", "pylint"] if host else []))
    if host:
        why = f"without pylint, which wants a package from {host}, and that can't be reached from here"
        session.warn(f"NOT EVERYTHING IS TESTED: {why}")
        (REPORTS / "matrix" / f"{name}.note").write_text(why, encoding="utf-8")


def unreachable_host(session: nox.Session, requirements: str) -> str:
    """Return a host, other than a package index, that ansible-test wants a package from and that does not answer.

    ansible-core 2.22rc1 does: for its pylint it wants a package that is not released yet.
    """
    (file,) = Path(session.virtualenv.location).glob(
        f"lib/*/site-packages/ansible_test/_data/requirements/{requirements}"
    )
    for host in re.findall(r"^\w+ @ https://([^/\s]+)/", file.read_text(encoding="utf-8"), re.MULTILINE):
        try:
            socket.create_connection((host, 443), timeout=10).close()
        except OSError:
            return str(host)
    return ""
