# Two commands matter: `make demo` runs the product, `make test` tests it. Both set everything up first.
PYTHON ?= $(firstword $(shell command -v python3.11 python3))
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: help setup demo test check clean

help:
	@echo "make demo    set everything up and serve the app on http://$(HOST):$(PORT)"
	@echo "make test    set everything up and run every test"
	@echo "make check   linters, type checkers and import rules"
	@echo "make setup   only set up (.venv, frontend build)"
	@echo "make clean   remove what setup and demo made"

setup: .venv/.installed frontend/dist/index.html

# A path install would go stale when its sources change; -e makes the checkout itself the package.
.venv/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json .venv/.installed
	cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.installed $(shell find frontend/src frontend/public -type f 2>/dev/null) frontend/index.html frontend/vite.config.ts
	cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run build
	@touch $@

demo: setup
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py demo
	$(BIN)/python manage.py serve --host $(HOST) --port $(PORT)

test: setup
	cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm test
	$(BIN)/python -m pytest -n 2

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm run typecheck && PATH="$(CURDIR)/$(BIN):$$PATH" npm run lint

clean:
	rm -rf .venv frontend/node_modules frontend/dist var
