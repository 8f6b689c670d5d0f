# Needs Python 3.11 or later and make; `up`, `faults`, `bench` and the real-broker part of `test` need Docker too.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-alone test-servers browser-test npm-test postfix-test stack-test deploy-test hostile orders lint types bench faults docs pictures up down lock audit clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ROUNDS ?= 20
CASES ?= 10000
SEED ?= 7
QUIET ?= 60
CORES := $(shell getconf _NPROCESSORS_ONLN)
WORKERS ?= $(CORES)
BY_FILE := --dist loadfile --no-loadscope-reorder
ON_SERVERS = $(sort $(dir $(shell grep -rl --include='*.py' 'mark\.docker' tests)))
AUDITORS := cyclonedx-bom==7.5.0 pip-audit==2.10.1
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --exclude-newer '1 week'

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## everything Python needs, into .venv (by uv, or by venv and pip); a second time does nothing

$(READY): requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
	  { [ -x $(BIN)/python ] || uv venv --quiet --python '>=3.11' .venv; } && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . ; \
	else \
	  { [ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv; } && \
	  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi
	@touch $@

demo: $(READY) ## the whole loop on this machine, without Docker; ONCE=1 plays it once and ends
	$(BIN)/forewarn demo $(if $(ONCE),--once)

check: lint types ## within a minute: style, types, unit and contract tests
	$(BIN)/pytest -n 4 $(BY_FILE) -m 'not docker and not slow and not npm and not postfix' tests/unit tests/contract $(ARGS)

test: test-alone test-servers ## all tests; without Docker those that need none; ARGS="-k outbox" picks

test-alone: $(READY) ## the tests that need no Docker
	$(BIN)/pytest -n $$(($(CORES) * 2)) $(BY_FILE) -m 'not docker and not browser and not npm and not postfix' $(ARGS) || [ $$? = 5 ]

test-servers: $(READY) ## the tests on a real Kafka and Postgres (Docker); WORKERS=3: so many at once
	$(BIN)/pytest -n $(WORKERS) $(BY_FILE) -m docker $(ON_SERVERS) $(ARGS) || [ $$? = 5 ]

browser-test: $(READY) ## the console's pages in Chromium, on all services: axe, acts by keys, injections, a console that is killed
	$(BIN)/pytest -n 2 $(BY_FILE) -m browser tests/browser $(ARGS)

npm-test: $(READY) ## our webhooks' signatures verify with the npm library `standardwebhooks` (Node, npm's registry)
	$(BIN)/pytest -m npm tests/contract $(ARGS)

postfix-test: $(READY) ## a second mail server, Postfix, takes our mails, and their signatures hold after the trip (Debian's package postfix, root)
	$(BIN)/pytest -m postfix tests/contract/test_postfix.py $(ARGS)

orders: $(READY) ## an hour of events in 1,000 random orders gives the same incidents and customers
	FOREWARN_TEST_ORDERS=1000 $(BIN)/pytest tests/unit/monitor/test_any_order.py

hostile: $(READY) ## cases of bad intent against `make up PROFILE=observability`, an outage after each hundred: CASES=10000 SEED=1
	$(BIN)/python -m tests.hostile --cases $(CASES) --seed $(SEED)

stack-test: $(READY) ## what `make up PROFILE=observability` must survive: every codec, a flood of bad records, one too large, Kafka away, greedy callers
	$(BIN)/python -m tests.compose

deploy-test: $(READY) ## stacks of their own: a company's servers by TLS and log-in, its two Alertmanagers, two of each service, restored elsewhere, an operator's day
	$(BIN)/python -m tests.compose.secured
	$(BIN)/python -m tests.compose.alertmanager
	$(BIN)/python -m tests.compose.replicas --quiet $(QUIET)
	$(BIN)/python -m tests.compose.restoring
	$(BIN)/python -m tests.compose.day

lint: $(READY) ## style, formatting, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY) ## mypy, strict, tests included
	$(BIN)/mypy

bench: $(READY) ## figures against peers in the same run: PART=monitor, no PART: all (Docker; PART=fold, PART=mapping, PART=notifier, and PART=retail DATA=FILE need none)
	$(BIN)/python -m bench $(PART) $(if $(DATA),--data $(DATA)) $(ARGS)

faults: $(READY) ## kills, stops and restarts under load, while alerts fire, maintenance runs and rules change: ROUNDS=20 SEED=7 (Docker)
	$(BIN)/python -m tests.faults --rounds $(ROUNDS) --seed $(SEED)

docs: $(READY) ## JSON Schemas, AsyncAPI and the reference of the configuration in docs/, from the code
	$(BIN)/python -m deploy.docs

pictures: $(READY) ## docs/pictures/: the console in an outage on the embedded stack, and mails (Chromium)
	$(BIN)/python -m tests.browser.pictures
	$(BIN)/python -m tests.browser.mail_pictures

up: ## the stack in Docker, healthy when this returns, with a link into the console; PROFILE=observability adds Prometheus, Alertmanager, Grafana
	docker compose build
	docker compose $(if $(PROFILE),--profile $(PROFILE)) up --detach --wait
	@docker compose run --rm -T --no-deps forewarn people link admin --role operator || true

down: ## stops it; `docker compose down --volumes` forgets its data and secrets too
	docker compose --profile '*' down

lock: ## the newest versions that are a week old, into both lock files (uv)
	$(LOCK) --upgrade --all-extras pyproject.toml -o requirements.lock
	$(LOCK) --constraint requirements.lock pyproject.toml -o deploy/requirements.lock

audit: ## the image's Python packages: their SBOM (sbom.cdx.json) and what is known against them; asks an index not reached everywhere
	@work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT && \
	$(PYTHON) -m venv "$$work/tools" && $(PYTHON) -m venv --without-pip "$$work/image" && \
	"$$work/tools/bin/pip" install --quiet --disable-pip-version-check $(AUDITORS) && \
	"$$work/tools/bin/pip" --python "$$work/image/bin/python" install --quiet --disable-pip-version-check \
	  --only-binary :all: --require-hashes -r deploy/requirements.lock && \
	"$$work/tools/bin/cyclonedx-py" environment --output-reproducible --pyproject pyproject.toml -o sbom.cdx.json "$$work/image/bin/python" && \
	"$$work/tools/bin/pip-audit" --strict --require-hashes --disable-pip -r deploy/requirements.lock

clean: ## what can be made again: .venv, caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
