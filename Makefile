# Six verbs, and the two a newcomer needs: `make demo` and `make test`. CI runs the same.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
COOLDOWN_DAYS := 7
LOCK   := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
          --exclude-newer $$(date -u -d '$(COOLDOWN_DAYS) days ago' +%Y-%m-%dT00:00:00Z) pyproject.toml

.PHONY: demo setup test lint types docs bench lock clean

## The main job, end to end, offline. ONCE=1 ends by itself and exits 0 when every step went as told.
demo: $(VENV)/.runtime
	$(BIN)/trilens demo support $(if $(ONCE),--once)

## Everything the tests and checks need.
setup: $(VENV)/.dev

test: lint types
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy
	MYPYPATH=src:.:examples/support $(BIN)/mypy --explicit-package-bases bench examples

## Reference pages are made from code and sheets; the tests fail when one is not current.
docs: $(VENV)/.dev
	$(BIN)/python -m trilens.cli.reference > docs/reference/commands.md
	$(BIN)/python -m trilens.declare.reference < src/trilens/lenses/fixtures/shop.yaml > docs/reference/manifest.md

## Ratios beside named peers, in one run. See bench/README.md for what each needs.
bench: $(VENV)/.dev
	$(BIN)/python -m bench

## Write requirements/*.txt anew from pyproject.toml (needs uv).
lock:
	$(LOCK) --group build --output-file requirements/runtime.txt
	$(LOCK) --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml
	@echo "making $(VENV) from requirements/runtime.txt; this takes about half a minute, once"
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements/runtime.txt
	$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(PIP) install --quiet --require-hashes --requirement requirements/dev.txt
	touch $@
