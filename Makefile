.DEFAULT_GOAL := help
.PHONY: help run demo check test lint types layers bench chaos lock clean

PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
PROCESSES ?= 2

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed ## Install, and serve on the embedded default (SQLite, a local directory, 127.0.0.1)
	@$(BIN)/omega serve

demo: .venv/tested ## Decide, crash, verify, tamper: the whole promise in half a minute
	@$(BIN)/python -m demo

check: .venv/tested .venv/opa .venv/pypi-attestations lint types layers ## The fast loop, about a minute
	$(BIN)/pytest -q -n $(PROCESSES) --dist worksteal -m "not slow" $(TESTS)

test: .venv/tested .venv/opa .venv/pypi-attestations .venv/nginx .venv/chromium .venv/oscal .venv/pdf-tools .venv/xmlsec1 .venv/samlp lint types layers ## Everything, real components included, with coverage; what CI runs
	$(BIN)/coverage erase
	$(BIN)/pytest -q -n $(PROCESSES) --dist worksteal --cov --cov-report= $(TESTS)
	$(BIN)/coverage report --skip-covered --fail-under=95
	$(BIN)/coverage report --skip-covered --fail-under=100 --include='evidence/*,app/pdp/*'

lint: .venv/tested ## Format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/tested ## mypy --strict
	$(BIN)/mypy

layers: .venv/tested ## Who may import whom
	$(BIN)/lint-imports

bench: .venv/tested ## Ratios measured in one run (needs wrk: apt-get install wrk)
	$(BIN)/python -m bench.policies
	$(BIN)/python -m bench.decide
	$(BIN)/python -m bench.proof
	$(BIN)/python -m bench.index
	$(BIN)/python -m bench.browsing 100000
	$(BIN)/python -m bench.evidence
	$(BIN)/python -m bench.replay 5000
	$(BIN)/python -m bench.control_testing
	$(BIN)/python -m bench.inspecting
	$(BIN)/python -m bench.report 20000
	$(BIN)/python -m bench.decision_plane
	$(BIN)/python -m bench.reloading
	$(BIN)/python -m bench.control_load
	$(BIN)/python -m bench.growth

chaos: .venv/tested ## The storms: more rounds of the fault tests, an hour
	OMEGA_ROUNDS=20 OMEGA_DECISIONS=200000 OMEGA_RECORDS=1000000 \
	  $(BIN)/pytest -q -m "slow" --timeout=3600 tests/e2e tests/faults tests/auditor_portal/saml/test_response.py

lock: .venv/tested ## Resolve the lock files anew
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --no-header --generate-hashes --no-emit-index-url --python-version 3.11 --extra test -o requirements-test.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --no-header --generate-hashes --no-emit-index-url --python-version 3.11 -c requirements-test.lock -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --universal --no-header --generate-hashes --no-emit-index-url --python-version 3.11 --extra otel --extra postgresql -c requirements-test.lock -o requirements-server.lock pyproject.toml

clean: ## Remove the environment and what tests left
	rm -rf .venv .coverage* .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/tested: requirements-test.lock .venv/installed
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

# Unpacked, not installed: see requirements-opa.lock. Without it make goes on, and the tests say what they did not do.
.venv/opa: requirements-opa.lock | .venv/installed
	@rm -rf $@ $@.part
	@$(BIN)/pip download -q --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: \
	  --python-version 3.14 -d $@.part -r requirements-opa.lock \
	  && $(BIN)/python -m zipfile -e $@.part/*.whl $@.part/unpacked && mv $@.part/unpacked $@ && touch $@ \
	  || echo "OPA'S ENGINE COULD NOT BE FETCHED: the tests that compare decisions with it are skipped, or fail in CI"
	@rm -rf $@.part

# Bundles that others signed, as data: see requirements-pypi-attestations.lock. Without them make goes on, and the tests
# say what they did not do.
.venv/pypi-attestations: requirements-pypi-attestations.lock | .venv/installed
	@rm -rf $@ $@.part
	@$(BIN)/pip download -q --disable-pip-version-check --require-hashes --no-deps --no-binary=:all: \
	  -d $@.part -r requirements-pypi-attestations.lock \
	  && mkdir $@.part/unpacked && tar -xzf $@.part/*.tar.gz -C $@.part/unpacked --strip-components=1 \
	  && mv $@.part/unpacked $@ && touch $@ \
	  || echo "PYPI-ATTESTATIONS COULD NOT BE FETCHED: the tests with bundles of others are skipped, or fail in CI"
	@rm -rf $@.part

# Debian's own nginx, unpacked and never installed: as root or not, with the machine's package lists or, where it has
# none, with lists of its own. Without it make goes on, and the tests say what they did not do.
.venv/nginx: | .venv/installed
	@rm -rf $@ $@.part && mkdir -p $@.part/lists/partial $@.part/cache/archives/partial
	@cd $@.part && own="-o Dir::State::lists=$$PWD/lists -o Dir::Cache=$$PWD/cache -o APT::Sandbox::User=root" \
	  && { apt-get -qq download nginx 2>/dev/null || { apt-get -qq $$own update && apt-get -qq $$own download nginx; }; } \
	  && dpkg-deb -x nginx_*.deb unpacked && test -x unpacked/usr/sbin/nginx && mv unpacked ../nginx \
	  || echo "NGINX COULD NOT BE FETCHED: the test that asks through it is skipped, or fails in CI"
	@rm -rf $@.part

# A browser to look at the pages with: the machine's own, or else Debian's, where it may be installed. Without it make
# goes on, and the tests say what they did not do.
.venv/chromium: | .venv/installed
	@found=$$(command -v chromium || command -v chromium-browser || command -v google-chrome) \
	  || { test "$$(id -u)" = 0 && apt-get -qq update && apt-get -qq install --no-install-recommends -y chromium \
	  && found=$$(command -v chromium); } >/dev/null 2>&1; \
	  if test -n "$$found"; then ln -sfn "$$found" $@; \
	  else echo "CHROMIUM COULD NOT BE FOUND: the tests that look at pages are skipped, or fail in CI"; fi

# An environment of its own: see requirements-oscal.lock. Without it make goes on, and the tests say what they did not do.
.venv/oscal: requirements-oscal.lock | .venv/installed
	@rm -rf $@ $@.part
	@$(PYTHON) -m venv $@.part \
	  && $@.part/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements-oscal.lock \
	  && mv $@.part $@ && touch $@ \
	  || echo "COMPLIANCE-TRESTLE COULD NOT BE FETCHED: the test that validates OSCAL is skipped, or fails in CI"
	@rm -rf $@.part

# Debian's qpdf and poppler-utils to look at PDFs with: the machine's own, or else installed, where that is allowed.
# Without them make goes on, and the tests say what they did not do.
.venv/pdf-tools: | .venv/installed
	@found() { command -v qpdf && command -v pdfinfo && command -v pdfdetach; }; \
	  { found || { test "$$(id -u)" = 0 && apt-get -qq update \
	  && apt-get -qq install --no-install-recommends -y qpdf poppler-utils && found; }; } >/dev/null 2>&1 \
	  && touch $@ || echo "QPDF OR POPPLER COULD NOT BE FOUND: the tests that look at PDFs are skipped, or fail in CI"

# Debian's xmlsec1, which the second identity provider of the portal's tests calls: the machine's own, or else installed,
# where that is allowed. Without it make goes on, and the tests say what they did not do.
.venv/xmlsec1: | .venv/installed
	@found=$$(command -v xmlsec1) \
	  || { test "$$(id -u)" = 0 && apt-get -qq update && apt-get -qq install --no-install-recommends -y xmlsec1 \
	  && found=$$(command -v xmlsec1); } >/dev/null 2>&1; \
	  if test -n "$$found"; then ln -sfn "$$found" $@; \
	  else echo "XMLSEC1 COULD NOT BE FOUND: the test with a second identity provider is skipped, or fails in CI"; fi

# The third one, which encrypts: npm's samlp, by its lock file, in a folder of its own. Node and npm are the machine's, or
# Debian's, where they may be installed. Without them make goes on, and the tests say what they did not do.
.venv/samlp: tests/auditor_portal/samlp/package-lock.json | .venv/installed
	@rm -rf $@ $@.part && mkdir $@.part && cp tests/auditor_portal/samlp/package*.json $@.part
	@{ command -v node && command -v npm || { test "$$(id -u)" = 0 && apt-get -qq update \
	  && apt-get -qq install --no-install-recommends -y nodejs npm; }; } >/dev/null 2>&1; \
	  (cd $@.part && npm ci --silent --ignore-scripts --no-audit --no-fund) >/dev/null 2>&1 && mv $@.part $@ && touch $@ \
	  || echo "SAMLP COULD NOT BE INSTALLED: the test that reads its encrypted assertions is skipped, or fails in CI"
	@rm -rf $@.part
