# Six verbs, and the two a newcomer needs: `make demo` and `make test`. CI runs the same.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
COOLDOWN_DAYS := 7
LOCK   := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet \
          --exclude-newer $$(date -u -d '$(COOLDOWN_DAYS) days ago' +%Y-%m-%dT00:00:00Z) pyproject.toml

.PHONY: demo setup test lint types docs bench faults fuzz mutants lock clean dist files sbom audit attest

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
	MYPYPATH=src:.:examples/support $(BIN)/mypy --explicit-package-bases bench examples release

## Reference pages are made from code and sheets; the tests fail when one is not current.
docs: $(VENV)/.dev
	$(BIN)/python -m trilens.cli.reference > docs/reference/commands.md
	$(BIN)/python -m trilens.declare.reference < src/trilens/lenses/fixtures/shop.yaml > docs/reference/manifest.md

## Ratios beside named peers, in one run. See bench/README.md for what each needs.
bench: $(VENV)/.dev
	$(BIN)/python -m bench

## Every fault of docs/design/faults.md in its long form: hours. `make test` runs the short one.
FAULTS ?= TRILENS_TEST_KILLS=10000 TRILENS_TEST_POWER_CUTS=2000 TRILENS_TEST_CRASH_IMAGES=200000 \
          TRILENS_TEST_SEEDS=50000 TRILENS_TEST_STOPPED_S=10
faults: $(VENV)/.dev
	$(FAULTS) $(BIN)/python -m pytest tests/faults -n auto --timeout 86400

## A million inputs for every parser: hours. TARGET= one of them, SEED= another sequence, INPUT= one input again, GUIDED=1 by coverage (needs atheris).
N    ?= 1000000
SEED ?= 1
FUZZ := PYTHONPATH=tests/fuzz $(BIN)/python -m
fuzz: $(VENV)/.dev
ifdef GUIDED
	$(FUZZ) fuzzing.guided $(TARGET) --inputs $(N) --seed $(SEED)
else
	$(FUZZ) fuzzing --inputs $(N) --seed $(SEED) $(if $(TARGET),--target $(TARGET)) $(if $(INPUT),--input $(INPUT))
endif

## Small changes to what decides and what proves, and whether its tests notice; docs/design/fuzzing.md has the figures.
MUTANTS := PYTHONPATH=tests/mutants $(BIN)/python -m pytest -p mutants
FLOW    := src/trilens/mechanisms/flow
LEDGER  := src/trilens/prove/ledger
mutants: $(VENV)/.dev
	$(MUTANTS) tests/enforce/test_combine.py tests/reference --mutate src/trilens/enforce/combine.py
	$(MUTANTS) tests/mechanisms/flow tests/reference/test_ladder_reference.py \
	    $(foreach name,literal designated_record bounded_value ladder link,--mutate $(FLOW)/explain/$(name).py)
	$(MUTANTS) tests/mechanisms/flow $(foreach name,label audience build,--mutate $(FLOW)/$(name).py)
	$(MUTANTS) tests/people --mutate src/trilens/people/keys.py --mutate src/trilens/people/access.py
	$(MUTANTS) tests/prove/ledger $(foreach name,merkle checkpoint entry note proof verify reading,--mutate $(LEDGER)/$(name).py)

## Write requirements/*.txt anew from pyproject.toml (needs uv).
lock:
	$(LOCK) --group build --output-file requirements/runtime.txt
	$(LOCK) --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt

## Wheel and sdist of the last commit: built twice and once more from the sdist, compared to the byte, their files with the list.
dist: $(VENV)/.dev
	rm -rf dist
	$(BIN)/python -m release.distributions dist

## After files joined or left on purpose: write the list of the wheel's files anew, to be seen in the diff.
files: $(VENV)/.dev
	rm -rf build/files
	$(BIN)/python -m hatchling build --target wheel --directory build/files
	$(BIN)/python -m release.contents build/files/*.whl --write

## CycloneDX bill of materials of what is installed at run time: names, versions, hashes, licences.
sbom: $(VENV)/.dev
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m release.bom dist/trilens.cdx.json

## Known vulnerabilities of everything locked. Asks the package index; ends with 3 and says so when that could not be asked.
audit: $(VENV)/.dev
	$(BIN)/python -m release.audit requirements/runtime.txt requirements/dev.txt

## Everything that is shipped, with signed evidence of what the tests showed on this commit. RELEASE_KEY=FILE signs with a key that is kept.
attest: $(VENV)/.dev
	$(MAKE) dist
	$(MAKE) sbom
	$(BIN)/python -m pytest -n auto -p release.results --results build/results.json || test $$? -eq 1
	$(BIN)/python -m release.evidence --results build/results.json --dist dist $(if $(RELEASE_KEY),--key $(RELEASE_KEY))
	$(BIN)/trilens ledger verify --export dist/evidence/log --key "$$(cat dist/evidence/key.txt)"

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
