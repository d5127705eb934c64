# The two commands of the README are `make demo` and `make test`; everything else is for those who work on relparty.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# uv installs the same pinned files three times as fast, where it is there; pip does as well.
INSTALL = $(if $(shell command -v uv 2>/dev/null),uv pip install -q --python $(BIN)/python,$(BIN)/python -m pip install -q)

.PHONY: demo test check bench neo4j docs clean

demo: $(VENV)/.demo
	$(BIN)/relparty --home demo demo

test: $(VENV)/.dev .types/relparty
	$(BIN)/python -m pytest

check: $(VENV)/.dev .types/relparty
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

neo4j: $(VENV)/.dev
	$(BIN)/python -m tests.neo4j_process .cache/neo4j

docs: $(VENV)/.dev
	$(BIN)/python -m docs.generate

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "relparty needs Python 3.11 or newer: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -c constraints.txt -e '.[embedded]'
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) -c constraints.txt -e '.[embedded,notebooks,dev]'
	touch $@ $(VENV)/.demo

.types/relparty:  # the package under its installed name, for mypy
	mkdir -p .types
	ln -sfn .. .types/relparty

clean:
	rm -rf $(VENV) .types build dist *.egg-info
