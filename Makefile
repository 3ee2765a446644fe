# What can be done here: `make` lists it. Everything that is made lies below build/, and `make clean` takes it away.

PYTHON ?= python3
NOX := build/venvs/nox/bin/python -m nox
# Of the matrix: all of it, or names of cells.
CELLS ?= matrix
SUMMARIZE := $(PYTHON) tests/tools/summarize.py

# What pip, uv and nox keep for later would else go to the home directory.
export XDG_CACHE_HOME ?= $(CURDIR)/build/cache

.DEFAULT_GOAL := help
.PHONY: help demo simulator test test-matrix lint format docs unit integration sanity bench soak build release-check \
	clean checks tests

help: ## List what can be done
	@echo "make TARGET [ARGS=...], where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r target text; do \
		printf '  %-16s %s\n' "$$target" "$$text"; done

demo: build/venvs/demo/made ## Show the collection at work, without an account
	@$(PYTHON) tests/tools/copy_collection.py
	@exec build/venvs/demo/bin/python tests/tools/demo.py $(ARGS)

simulator: build/venvs/demo/made ## Run a simulator of OMS for the examples of the README, until Ctrl-C
	@exec build/venvs/demo/bin/python tests/simulator --examples --max-seconds=86400

test: build/venvs/nox/made ## Run all of the sessions below, up to sanity, and sum up
	@rm -rf build/reports && mkdir -p build/reports
	@$(NOX) -s copy
	@status=0; $(MAKE) --no-print-directory --keep-going --jobs=2 checks tests || status=1; \
	cat build/reports/checks.log; $(SUMMARIZE) build/reports || status=1; exit $$status

# Beside each other: neither keeps two cores busy all the time.
checks:
	@$(NOX) --report build/reports/checks.json -s lint docs sanity >build/reports/checks.log 2>&1 </dev/null

tests:
	@$(NOX) --report build/reports/tests.json -s unit integration </dev/null

test-matrix: build/venvs/nox/made ## All supported cores and Pythons, for an hour; some: make test-matrix CELLS="core-2.16 sanity-2.18"
	@rm -rf build/reports && mkdir -p build/reports
	@status=0; $(NOX) --report build/reports/matrix.json --tags $(CELLS) </dev/null || status=1; \
	$(SUMMARIZE) build/reports || status=1; exit $$status

lint: build/venvs/nox/made ## ruff, mypy, yamllint, REUSE, the changelog, ansible-lint
	@$(NOX) -s lint

docs: build/venvs/nox/made ## Check the documentation, and build it as a site, build/site/html
	@$(NOX) -s docs

unit: build/venvs/nox/made ## Unit tests; one of them: make unit ARGS="tests/unit/FILE -k WORD"
	@$(NOX) -s unit -- $(ARGS)

integration: build/venvs/nox/made ## The real module against the simulator; one test: ARGS as above
	@$(NOX) -s integration -- $(ARGS)

bench: build/venvs/nox/made ## Measure the module against loops; some of it: make bench ARGS="--only 20"
	@$(NOX) --tags bench -- $(ARGS)

soak: build/venvs/nox/made ## Let everything go wrong, and count what is lost; some of it: make soak ARGS="--only HTML"
	@$(NOX) --tags soak -- $(ARGS)

sanity: build/venvs/nox/made ## ansible-test sanity
	@$(NOX) -s sanity

format: build/venvs/nox/made ## Format the Python files
	@$(NOX) -s format

build: build/venvs/nox/made ## Build the artifact, below build/dist
	@$(NOX) -s build

release-check: build/venvs/nox/made ## Check that the commit that is checked out could be tagged and released
	@$(NOX) -s build release_check

clean: ## Delete everything that was made
	rm -rf build

build/venvs/nox/made: tests/requirements/nox.txt
build/venvs/demo/made: tests/requirements/core.txt tests/requirements/simulator.txt

# With pip, and not with uv: pip honours whatever it was configured with here (an index, certificates, a proxy).
build/venvs/%/made:
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("Python 3.11 or later is needed. \
	If it has another name here: make PYTHON=python3.12 ...")'
	@echo "Making $(@D), this takes a moment the first time ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(^:%=--requirement=%)
	@touch $@
