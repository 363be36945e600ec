# Two commands matter: `make run` and `make test`. Both prepare what they need and may be repeated.
.DEFAULT_GOAL := help
PY := .venv/bin/python
WORKERS ?= 2
# The order of the tests. The same each time, so that a red run can be repeated; the long run takes its own.
SEED ?= 1
PYTEST = bash scripts/tests.sh -n $(WORKERS) --randomly-seed=$(SEED)
BESIDE_POSTGRES = bash scripts/with-postgres.sh $(PYTEST) -m "not soak and not browser" tests/portal tests/functional tests/faults
# The tests start some hundred programs of ours: what the first one compiles is there for the others.
export PYTHONDONTWRITEBYTECODE =

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## prepare everything the portal needs; start nothing
	@bash scripts/setup.sh run

setup-test: ## prepare what the tests need as well
	@bash scripts/setup.sh test

run: setup ## set up, then serve the portal on http://127.0.0.1:8000
	@.venv/bin/flask --app wsgi init
	@.venv/bin/honcho start

test: setup-test ## set up, then run everything: on SQLite, with a real browser and the judges
	$(PYTEST) -m "not soak" $(COVER)

test-postgres: setup-test ## what works with a database, once more on a PostgreSQL of its own
	$(BESIDE_POSTGRES) $(COVER)

coverage: ## both, and say which branches nothing went through
	$(MAKE) test COVER="--cov --cov-report="
	$(MAKE) test-postgres COVER="--cov --cov-append --cov-report=term"

soak: export EFFORT = all
soak: SEED = default
soak: setup-test ## the long fault and endurance runs, all examples, and every case on PostgreSQL too
	$(PYTEST) -m "soak or hypothesis"
	POSTGRES_TESTS=all $(BESIDE_POSTGRES)

check: setup-test ## format, lint, types, house plan, dependencies, translations
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/deptry .
	$(PY) scripts/translations.py check

bench: setup-test ## measure; NAME=tsa|tlog|letter|portal|verifier|storage|lottery|… for one
	@$(PY) -m benchmarks $(NAME)

lock: ## resolve the lock files anew from pyproject.toml
	uv pip compile pyproject.toml --all-extras --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.lock
	uv pip compile pyproject.toml --extra postgres --extra redis --extra capture --extra draws --extra hsm --extra evm --extra build --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -c requirements-dev.lock -o requirements.lock

.PHONY: help setup setup-test run test test-postgres coverage soak check bench lock
