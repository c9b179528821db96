# Each target prepares what it needs. `make repro` is the main job.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
LOCK := locks/dev.txt
CODE := adapters checks cli governance pipelines
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help
.PHONY: help install repro test test-spark check bench lock clean

help: ## List the targets.
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.complete ## Build .venv from the lock; uv when it is there, else pip.

$(VENV)/.complete: $(LOCK) pyproject.toml
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(LOCK)
	$(UV) pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
endif
	@# Byte code counts: without it every command compiles every import again.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q $(CODE) || exit 1
	@touch $@

repro: install ## Retrain what changed, or restore it; then judge everything.
	@charter retrain --pull
	@echo
	@charter check

test: install ## Run the tests.
	@python -m pytest -q -n auto --dist worksteal

# One process: a Spark session takes seconds to start and is shared by all tests.
SPARK_TESTS := tests/adapters/test_engine.py tests/spark $(patsubst %,tests/pipelines/test_%.py, \
  clauses validate prepare scan_bias)

test-spark: $(VENV)/.spark ## Run the data tests on Spark, and Spark against DuckDB (needs Java 17).
	@CHARTER_ENGINE='spark:local[2]' python -m pytest -q $(SPARK_TESTS)

$(VENV)/.spark: locks/spark.txt $(VENV)/.complete
ifneq ($(UV),)
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $<
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
endif
	@touch $@

check: install ## Lint, types, import contracts, workflows, and the repository itself.
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports --no-cache
	@check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@check-jsonschema --builtin-schema vendor.github-actions action.yml
	@zizmor --offline --quiet --no-progress .github action.yml
	@charter check

bench: install ## Measure against the peers; prints ratios.
	@python -m bench

lock: ## Resolve the locks again (needs uv).
	@for set in runtime: dev:dev spark:dev,spark s3:s3 serve:serve mlflow:mlflow; do \
	  name=$${set%%:*}; extras=$${set#*:}; \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --no-header --no-emit-index-url --no-emit-find-links pyproject.toml \
	    $$(for extra in $$(echo $$extras | tr , ' '); do echo --extra $$extra; done) \
	    -o locks/$$name.txt || exit 1; \
	done

clean: ## Remove what the targets built; data and evidence stay.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
