# Copyright: Contributors to the huaweicloud.oms collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026, Contributors to the huaweicloud.oms collection

"""The sessions that `make` runs, in environments below build/nox that several of them share.

antsibull-nox has sessions like these ready-made. It is not used, because they fetch other collections from Galaxy or
GitHub, and everything here must run with a package index and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import typing as t
from functools import partial
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BUILD = ROOT / "build"
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
TYPED = [f"ansible_collections.huaweicloud.oms.{name}" for name in ("plugins", "extensions", "tests.simulator")]
# What the unit and the integration tests need.
TESTS = ("core", "simulator", "pytest")
# The Python of RHEL 9: the lowest that the modules run on.
TARGET_PYTHON = "3.9"
# Of each core the lowest Python that its metadata allows, and the highest that its ansible-test knows, up to 3.13.
CORES = [
    ("2.16", "core_oldest", ["3.10", "3.12"]),
    ("2.18", "core_2.18", ["3.11", "3.13"]),
    ("2.19", "core", ["3.11", "3.13"]),
    ("2.20", "core_2.20", ["3.12", "3.13"]),
    ("2.21", "core_2.21", ["3.12", "3.13"]),
    ("2.22", "core_newest", ["3.13"]),
]

# The environments that the integration tests need beside their own: the Pythons to take, the first that there is, and
# the requirements. A variable tells the tests of each: the directory of its commands, or of a target the interpreter.
EXTRA = {
    "core_oldest": (["3.10", "3.11"], ["core_oldest"]),
    "core_newest": (["3.13"], ["core_newest"]),
    "target_python39": ([TARGET_PYTHON], ["target_python39"]),
    **{name: (["3.11", "3.12", "3.13"], [name]) for name in ("requests_2_31", "requests_2_32_2", "requests_2_32_3")},
    "eda": (["3.11", "3.12", "3.13"], ["eda"]),
    "packaging": (["3.11", "3.12", "3.13"], ["core", "packaging"]),
}
# The integration tests of a cell of the matrix: what may differ from core to core and from Python to Python.
SUBSETS = ("events", "errors", "refusals", "bulk", "role", "secrets", "sync_tasks")
SUBSET = [f"tests/integration/test_{name}.py" for name in SUBSETS]
# What depends on the target's libraries, and hardly on the core.
OF_LIBRARIES = ["tests/integration/test_network.py", "tests/integration/test_authentication.py"]

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "docs", "unit", "integration", "sanity"]


def find_python(*versions: str) -> str:
    """Return the path of a Python of the first of these versions that works; nothing if there is none."""
    # One on PATH need not: pyenv puts a python3.9 there that fails unless that version is active.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in versions:
        for directory in [*os.get_exec_path(), *sorted(pyenv.glob(f"versions/{version}.*/bin"))]:
            python = Path(directory, f"python{version}")
            if python.is_file() and not subprocess.run([python, "-V"], capture_output=True, check=False).returncode:
                return str(python)
    return ""


def configure_uv() -> None:
    """Configure uv as pip is configured, which uv itself does not read."""
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


def make(session: nox.Session, name: str, *requirements: str, python: str = sys.executable) -> Path:
    """Make an environment below build/nox, or take the one that is there, and return the directory of its commands."""
    uv, directory = str(Path(sys.executable).parent / "uv"), BUILD / "nox" / name
    if not (directory / "bin" / "python").exists():
        session.run(uv, "venv", "--quiet", "--clear", f"--python={python}", str(directory), external=True)
    files = [f"--requirement={ROOT}/tests/requirements/{requirement}.txt" for requirement in requirements]
    session.run(uv, "pip", "install", "--quiet", f"--python={directory}", *files, external=True)
    return directory / "bin"


def run(session: nox.Session, commands: Path, *command: str, **environ: str) -> None:
    """Run a command of an environment in the copy of the collection."""
    session.chdir(COPY)
    path = os.pathsep.join([str(commands), environ.pop("PATH", os.environ["PATH"])])
    session.run(str(commands / command[0]), *command[1:], env={**ENVIRONMENT, "PATH": path, **environ}, external=True)


def run_pytest(
    session: nox.Session, *arguments: str, report: str = "", commands: Path | None = None, **environ: str
) -> None:
    """Run tests in an environment, or else in the one that the unit and the integration tests share.

    :arg report: the name of the JUnit file; without it, the arguments say all.
    """
    more = [f"--junit-xml={REPORTS}/{report}.xml", "--numprocesses=auto"] if report else []
    commands = commands or make(session, "tests", *TESTS)
    run(session, commands, "pytest", "-o", f"cache_dir={BUILD}/cache/pytest", *more, *arguments, **environ)


def run_each(session: nox.Session, runs: t.Mapping[str, t.Callable[[], None]]) -> None:
    """Run all of these, whichever fails: one run shows all there is to correct."""
    failed = []
    for name, each in runs.items():
        try:
            each()
        except nox.command.CommandFailed:
            failed.append(name)
    if failed:
        session.error("failed: " + ", ".join(failed))


def leave_out(session: nox.Session, name: str, why: str) -> None:
    """Note for the summary that something was not tested. In CI nothing is left out: there it is an error."""
    if os.environ.get("CI"):
        session.error(why)
    session.warn(f"NOT EVERYTHING IS TESTED: {why}")
    (REPORTS / f"{name}.note").write_text(why, encoding="utf-8")


@nox.session
def copy(session: nox.Session) -> None:
    """Copy the collection to where Ansible finds it."""
    for directory in (BUILD / "home", REPORTS):
        directory.mkdir(parents=True, exist_ok=True)
    session.run(sys.executable, "tests/tools/copy_collection.py", silent=True)


@nox.session(requires=["copy"])
def lint(session: nox.Session) -> None:
    """ruff, mypy, yamllint, REUSE, the changelog, ansible-lint."""
    commands = make(session, "lint", "core", "lint", "simulator")
    cache = BUILD / "cache"
    linters = [
        ["ruff", "check", f"--cache-dir={cache}/ruff", "."],
        ["ruff", "format", "--diff", f"--cache-dir={cache}/ruff", "."],
        ["mypy", f"--cache-dir={cache}/mypy", *(f"--package={name}" for name in TYPED)],
        ["yamllint", "--strict", "."],
        # In the clone: tests that run meanwhile write bytecode into the copy.
        ["reuse", f"--root={ROOT}", "lint", "--lines"],
        ["antsibull-changelog", "lint"],
        ["ansible-lint", "--strict", "--offline"],
    ]
    run_each(session, {each[0]: partial(run, session, commands, *each, MYPYPATH=str(COLLECTIONS)) for each in linters})


@nox.session(name="format")
def format_code(session: nox.Session) -> None:
    """Format the Python files of the clone, as `lint` wants them."""
    ruff = make(session, "lint", "core", "lint", "simulator") / "ruff"
    session.run(str(ruff), "format", "--no-cache", ".", external=True)


@nox.session(requires=["copy"])
def docs(session: nox.Session) -> None:
    """Check the documentation, and build the site, build/site/html: the guides and the reference."""
    commands = make(session, "docs", "core", "docs", "site")
    options = ["--plugin-docs", "--validate-collection-refs=dependent", "--disallow-unknown-collection-refs"]
    run(session, commands, "antsibull-docs", "lint-collection-docs", *options, "--check-extra-docs-refs", str(COPY))
    # A copy of its own, since the reference is made beside the guides, and the linters are not to find it there.
    pages, html = BUILD / "site" / "pages", BUILD / "site" / "html"
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    shutil.copytree(COPY, pages, ignore=shutil.ignore_patterns(".*", "tests"))
    shutil.copy(pages / "docs" / "site" / "index.md", pages)
    (pages / "reference").mkdir()
    reference = ["collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    run(session, commands, "antsibull-docs", *reference, f"--dest-dir={pages}/reference", "huaweicloud.oms")
    sphinx = ["--builder=html", "--fail-on-warning", "--keep-going", "--quiet", f"--conf-dir={pages}/docs/site"]
    run(session, commands, "sphinx-build", *sphinx, str(pages), str(html))


@nox.session(requires=["copy"])
def unit(session: nox.Session) -> None:
    """Unit tests with branch coverage, and again with the libraries of RHEL 9. Arguments are pytest's, instead.

    ansible-test's `units` is not used: it knows no branch coverage, and would run the same tests a second time.
    """
    if session.posargs:
        run_pytest(session, *session.posargs)
        return
    coverage = ["--cov", f"--cov-report=html:{REPORTS}/coverage", "--cov-report=term"]
    run_pytest(session, "tests/unit", *coverage, report="unit", COVERAGE_FILE=str(BUILD / "cache" / "coverage"))
    # urllib3 1.26.5 does not run on Python 3.12 or later, and the core of these tests not on 3.10.
    python = find_python("3.11")
    if not python:
        leave_out(session, "old_libraries", "unit tests with requests 2.25.1 and urllib3 1.26: no Python 3.11")
        return
    commands = make(session, "old_libraries", "old_libraries", "simulator", "pytest", python=python)
    # Those in which the libraries take part.
    run_pytest(session, "tests/unit/plugins/module_utils/_http", report="old-libraries", commands=commands)


@nox.session(requires=["copy"])
def integration(session: nox.Session) -> None:
    """The real modules through Ansible, against the simulator. Arguments are pytest's, instead.

    Some tests run once more on the oldest and the newest core, and on the oldest target.
    """
    environ = {}
    for name, (versions, requirements) in EXTRA.items():
        python = find_python(*versions)
        if not python:
            leave_out(session, name, f"what needs {name}: no Python {' or '.join(versions)}")
            continue
        commands = make(session, name, *requirements, python=python)
        environ[f"OMS_TEST_{name.upper()}"] = str(commands / "python" if name.startswith("target") else commands)
    if session.posargs:
        run_pytest(session, *session.posargs, **environ)
        return
    # One worker more than cores: many of these tests wait most of their time.
    environ["PYTEST_XDIST_AUTO_NUM_WORKERS"] = str((os.cpu_count() or 1) + 1)
    run_pytest(session, "tests/integration", report="integration", **environ)


@nox.session(requires=["copy"])
def sanity(session: nox.Session) -> None:
    """ansible-test sanity with nothing ignored. It compiles and imports with each Python that is there."""
    check = partial(run_sanity, session, make(session, "tests", *TESTS))
    # pylint takes the most time. For the tests there is ruff, and in the matrix pylint, too.
    pylint = partial(check, "--test=pylint", "--exclude=tests/")
    run_each(session, {"pylint": pylint, "all others": partial(check, "--skip-test=pylint")})


# ansible-test fetches a get-pip script from a server that not all who reach a package index can reach. This stand-in
# makes pip with ensurepip, and takes the arguments of the real one, of which pip does not know the last two.
GET_PIP = """\
import subprocess, sys
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
install = ["-m", "pip", "--python", sys.executable, "install", "--quiet", "--upgrade", *arguments]
# The pip of the Python that made the environment, if it has one, takes half the time.
if subprocess.call([f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}", *install]):
    subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
    subprocess.check_call([sys.executable, *install])
"""


def prepare_ansible_test(commands: Path) -> None:
    """Put the stand-in where this ansible-test keeps its get-pip scripts, and leave alone what is there."""
    (source,) = commands.parent.glob("lib/*/site-packages/ansible_test/_internal/python_requirements.py")
    cache = Path("~/.ansible/test/cache").expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"""pip=["']([0-9.]+)["']""", source.read_text(encoding="utf-8")):
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.write_text(GET_PIP, encoding="utf-8")


def run_sanity(session: nox.Session, commands: Path, *options: str) -> None:
    # ansible-test takes the first python3.9 (and so on) on PATH, whether it works or not.
    pythons = [Path(python).parent for python in map(find_python, ["3.9", "3.10", "3.11", "3.12", "3.13"]) if python]
    path = os.pathsep.join([*map(str, pythons), os.environ["PATH"]])
    # In the real home directory: what ansible-test keeps there takes minutes to make and serves all collections.
    environ = {"HOME": os.environ["HOME"], "PATH": path}
    prepare_ansible_test(commands)
    command = ["ansible-test", "sanity", "--venv", "--color", "no"]
    run(session, commands, *command, *options, **environ)
    if not find_python(TARGET_PYTHON):
        leave_out(session, "sanity", f"sanity on the oldest Python of managed hosts: no Python {TARGET_PYTHON}")


@nox.session(requires=["copy"], default=False)
@nox.parametrize("script", [nox.param("benchmark/bench.py", tags=["bench"]), nox.param("soak/soak.py", tags=["soak"])])
def measure(session: nox.Session, script: str) -> None:
    """Run a script that measures, and have it write its page of docs/ unless it gets other arguments."""
    arguments = session.posargs or [f"--write={ROOT / 'docs'}"]
    commands = make(session, "tests", *TESTS)
    run(session, commands, "python", f"tests/{script}", *arguments, PYTHONPATH=str(COLLECTIONS))


@nox.session(requires=["copy"])
def build(session: nox.Session) -> None:
    """Build the artifact, build/dist/huaweicloud-oms-VERSION.tar.gz."""
    options = ["collection", "build", "--force", f"--output-path={BUILD}/dist", str(COPY)]
    run(session, make(session, "tests", *TESTS), "ansible-galaxy", *options)


@nox.session(name="release_check", requires=["copy"])
def release_check(session: nox.Session) -> None:
    """Check that the commit that is checked out could be tagged and released."""
    run(session, make(session, "tests", *TESTS), "python", "tests/tools/release_check.py", str(ROOT))


# ---- the matrix: all that is supported, cell by cell, for `make test-matrix`

CELLS = [
    *((f"core-{core}-python-{each}", f"core-{core}", each, file) for core, file, pythons in CORES for each in pythons),
    (f"target-python-{TARGET_PYTHON}", "target", TARGET_PYTHON, "target_python39"),
    *((f"target-python-{python}", "target", python, "target") for python in ("3.10", "3.11", "3.12", "3.13")),
    ("sanity-2.18", "sanity", "3.13", "core_2.18"),
    ("sanity-2.22", "sanity", "3.13", "core_newest"),
]


@nox.session(requires=["copy"], tags=["matrix"], default=False)
@nox.parametrize(
    "name,kind,python,requirements",
    # By its tag a cell is run alone: a hyphen in an expression of `-k` would be a minus.
    [nox.param(*cell, id=cell[0], tags=list({cell[0], cell[1]})) for cell in CELLS],
)
def matrix(session: nox.Session, name: str, kind: str, python: str, requirements: str) -> None:
    """A core: its unit tests and a subset of the integration tests. A target: that subset. Sanity: of another core."""
    found = find_python(python)
    if not found:
        leave_out(session, name, f"{name}: no Python {python}")
        return
    tested = ["simulator", "pytest"] if kind.startswith("core") else []
    commands = make(session, name, requirements, *tested, python=found)
    if kind == "sanity":
        # The pylint of a core that is not released yet is not released, either.
        skipped = ["--skip-test", "pylint"] if requirements == "core_newest" else []
        run_sanity(session, commands, *skipped)
    elif kind == "target":
        tests = ["-m", "not slow", *SUBSET, *OF_LIBRARIES]
        run_pytest(session, *tests, report=f"{name}.integration", OMS_TEST_TARGET=str(commands / "python"))
    else:
        units = partial(run_pytest, session, "tests/unit", report=f"{name}.unit", commands=commands)
        # The second is for the tests that choose a core themselves.
        cores = {"OMS_TEST_CORE": str(commands), "OMS_TEST_CORE_OLDEST": str(commands)}
        subset = partial(run_pytest, session, "-m", "not slow", *SUBSET, report=f"{name}.integration", **cores)
        run_each(session, {"unit": units, "integration": subset})
