# Each target is complete by itself: it makes .venv, installs what the lock files say, then does its thing.
# A fresh Linux machine needs Python 3.11 or newer (with venv) and make.

.DEFAULT_GOAL := help
.PHONY: help demo test torture check bench docs format install lock image clean
export PYTHONUNBUFFERED := 1
# Compiled files halve every later start; some machines switch them off.
unexport PYTHONDONTWRITEBYTECODE
PY := .venv/bin/python
CODE := bot engine storage sandbox tests benchmarks
# Most tests of whole processes wait more than they compute: twice as many workers as cores.
WORKERS ?= 4
# What `make install` installs: `run`, or `postgres` for a database on a server.
LOCK ?= run

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo:  ## the whole thing on this machine: a market, a chat page and the bot; ARGS=--fresh begins anew
	@requirements/install run
	@exec $(PY) -m bot demo $(ARGS)

test:  ## all tests, with the branch coverage of engine and storage
	@requirements/install dev
	$(PY) -m pytest -n $(WORKERS) --dist worksteal tests/simulation $(ARGS)
	$(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore tests/simulation --cov --cov-branch --cov-report=term --cov-fail-under=95 $(ARGS)

check:  ## format, lint, types, import contracts, security lint
	@requirements/install dev
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/bandit -q -r bot engine storage sandbox -c pyproject.toml

torture:  ## hours of it: 10,000 simulated days with faults, 50 rounds of the crash matrix, 50 outages; ARGS for the first
	@requirements/install dev
	$(PY) -m bot simulate --seeds 10000 --jobs 2 $(ARGS)
	$(PY) -m tests.crash settling --times 50
	$(PY) -m tests.crash matrix --rounds 50

bench:  ## measured against required, in ten minutes; ARGS=--quick takes two, ARGS=bench_chat just one row
	@requirements/install dev
	@VENV=.venv-run requirements/install run && VENV=.venv-run requirements/program >/dev/null
	$(PY) -m benchmarks $(ARGS)

docs:  ## the pages that are made from the code
	@requirements/install dev
	$(PY) -m bot.config_docs > docs/configuration.md
	@if [ -e bot/commands.py ]; then $(PY) -m bot.commands > docs/commands.md; fi

format:  ## put the code into its form
	@requirements/install dev
	.venv/bin/ruff check --fix $(CODE)
	.venv/bin/ruff format $(CODE)

install:  ## .venv with what the bot needs, and the program at .venv/bin/pocketdesk; LOCK=postgres for PostgreSQL
	@requirements/install $(LOCK)
	@requirements/program

lock:  ## write the lock files anew from pyproject.toml
	@requirements/install dev
	@requirements/lock

image:  ## the container image
	docker build -t pocketdesk .

clean:  ## away with what was made here
	rm -rf .venv .venv-run .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* demo-data
