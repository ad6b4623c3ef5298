# Every target does its own set-up: a fresh checkout needs CPython 3.10 and nothing else.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test test-all check other-python bench clean setup-core setup-test

PYTHON := .venv/bin/python

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup-core ## Convert, prove, run and profile a network (set-up included: a minute or two the first time)
	@.venv/bin/neurokit demo

test: setup-test ## Run the tests that are not slow
	@$(PYTHON) -m pytest -n 2 -m "not slow"

test-all: setup-test ## Run all tests
	@$(PYTHON) -m pytest -n 2

check: setup-test ## Lint, format, types, and who may import whom
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-logo

other-python: ## Test Lava beside its pin, on Python 3.12 or 3.11, where one is here
	@tools/other_python.sh

bench: setup-test ## Measure speed (about 15 minutes): build/bench.json, and docs/benchmarks.md beside the accepted run
	@mkdir -p build
	@$(PYTHON) -m benchmarks --json build/bench.json --markdown docs/benchmarks.md

clean: ## Remove .venv, caches and builds
	@rm -rf .venv .venv-other .setup.lock .setup.making build dist neurokit_lava.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-core:
	@tools/setup.sh core

setup-test:
	@tools/setup.sh test
