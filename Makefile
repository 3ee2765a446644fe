# What can be done here: `make` lists it. Everything that is made lies below build/, and `make clean` takes it away.

PYTHON ?= python3
NOX := build/venvs/nox/bin/python -m nox
# Of the matrix: all of it, or names of cells.
CELLS ?= matrix
MAKE_VENV := $(PYTHON) tests/tools/make_venv.py

# What pip, uv and nox keep for later would else go to the home directory.
export XDG_CACHE_HOME ?= $(CURDIR)/build/cache

.DEFAULT_GOAL := help
# All targets share the one copy of the collection below build/.
.NOTPARALLEL:
.PHONY: help demo test test-thin-matrix test-matrix lint format docs unit integration sanity bench soak build release-check \
	clean nox

help: ## List what can be done
	@echo "make TARGET [ARGS=...], where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  %-16s %s\n' "$$target" "$$text"; done

demo: ## Show the collection at work, without an account
	@$(MAKE_VENV) build/venvs/demo tests/requirements/core.txt tests/requirements/simulator.txt
	@$(PYTHON) tests/tools/copy_collection.py
	@exec build/venvs/demo/bin/python tests/tools/demo.py $(ARGS)

test: nox ## Run all of the sessions below, up to sanity, and sum up
	@rm -rf build/reports && mkdir -p build/reports
	@status=0; \
	$(NOX) --report build/reports/sessions.json || status=$$?; \
	$(PYTHON) tests/tools/summarize.py build/reports || status=1; \
	exit $$status

test-thin-matrix: nox ## A few tests on the oldest and the newest core, and on the oldest target; sums up `test`, too
	@mkdir -p build/reports && rm -f build/reports/*thin*
	@status=0; \
	$(NOX) --report build/reports/sessions-thin.json --tags thin -- thin || status=$$?; \
	$(PYTHON) tests/tools/summarize.py build/reports || status=1; \
	exit $$status

test-matrix: nox ## All supported cores and Pythons, for an hour; some: make test-matrix CELLS="core-2.16-python-3.10 sanity-2.18"
	@rm -rf build/reports/matrix && mkdir -p build/reports/matrix
	@status=0; \
	$(NOX) --report build/reports/matrix/sessions.json --tags $(CELLS) || status=$$?; \
	$(PYTHON) tests/tools/matrix_table.py build/reports/matrix || status=1; \
	exit $$status

lint: nox ## ruff, mypy, yamllint, REUSE, the changelog, ansible-lint
	@$(NOX) -s lint

docs: nox ## Check the documentation, build it as a site, build/site/html, and check its links
	@$(NOX) -s docs site

unit: nox ## Unit tests; one of them: make unit ARGS="tests/unit/FILE -k WORD"
	@$(NOX) -s unit -- $(ARGS)

integration: nox ## The real module against the simulator; one test: ARGS as above
	@$(NOX) -s integration -- $(ARGS)

bench: nox ## Measure the module against loops; some of it: make bench ARGS="--only 20"
	@$(NOX) -s bench -- $(ARGS)

soak: nox ## Let everything go wrong, and count what is lost; some of it: make soak ARGS="--only HTML"
	@$(NOX) -s soak -- $(ARGS)

sanity: nox ## ansible-test sanity
	@$(NOX) -s sanity

format: nox ## Format the Python files
	@$(NOX) -s format

build: nox ## Build the artifact, below build/dist
	@$(NOX) -s build

release-check: nox ## Prove that the commit that is checked out could be tagged and released
	@$(NOX) -s release_check

clean: ## Delete everything that was made
	rm -rf build

nox:
	@$(MAKE_VENV) build/venvs/nox tests/requirements/nox.txt
