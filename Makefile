# The same verbs everywhere: here, in .ci/run and in CONTRIBUTING.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO_HOME ?= demo-data
TEST_ARGS ?= -n 2 --dist loadfile

.PHONY: demo serve test test-engines lint fix bench proofs docs install clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    install, make a simulated shop, start the server, print the address and sign-in"
	@echo "make serve   install and start the server on ./tenure-data (or TENURE_HOME)"
	@echo "make test    install and run all tests          make proofs  the long kill and lift tests"
	@echo "make test-engines  the same segments on Spark, which needs Java 17"
	@echo "make lint    formatting, types, import rules    make fix     format and sort what can be"
	@echo "make bench   speed and memory (BENCH_ARGS='--scale 0.1' for a quick look)"
	@echo "make docs    write the generated reference pages again"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tenure needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(INSTALLED)

demo: $(INSTALLED)
	TENURE_HOME=$${TENURE_HOME:-$(DEMO_HOME)} $(BIN)/tenure demo $(DEMO_ARGS)

serve: $(INSTALLED)
	$(BIN)/tenure serve $(SERVE_ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not proof and not engines" -n auto --dist loadfile $(TEST_ARGS)

test-engines: $(INSTALLED)
	$(BIN)/python -m pytest -m engines src/tenure/segments/tests/conformance

proofs: $(INSTALLED)
	$(BIN)/python -m pytest -m proof

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --no-error-summary $$($(BIN)/python scripts/typed_files.py)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/check_repository.py

fix: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m bench $(BENCH_ARGS)

docs: $(INSTALLED)
	$(BIN)/python scripts/write_reference.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
