# `make run` and `make test` set up all they need: Python 3.11 or newer and a network are enough.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Compiled modules are kept, whatever the environment says: every command starts sooner.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test check proof sbom bench openapi dictionary lock clean

run: .venv/run.stamp
	@exec $(BIN)/xinyong demo

test: .venv/dev.stamp
	$(BIN)/pytest -n 2 -q $(ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m schemas.write_openapi --check
	$(BIN)/python -m service.access.table --check
	$(BIN)/pytest -q -p no:cacheprovider tests/test_layers.py tests/test_lock.py tests/test_dependencies.py tests/test_migration_chain.py

# The long versions: a million and more inputs for the parsers, thousands of mixed calls, each role a minute of made-up requests,
# the simulated decade of 100,000 firms (some hours; XINYONG_DECADE_SUBJECTS=2000 takes minutes). One of them: `make proof ARGS=tests/hostile/test_parsers.py`.
proof: .venv/dev.stamp
	$(BIN)/pytest -q -m proof -o faulthandler_timeout=0 $(ARGS)

# The software bill of materials (CycloneDX) of what is installed to run it.
SBOM ?= sbom.cdx.json
sbom: .venv/dev.stamp
	$(BIN)/cyclonedx-py requirements requirements/run.lock --pyproject pyproject.toml --output-reproducible --of JSON -o $(SBOM)

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks $(NAME)

openapi: .venv/dev.stamp
	$(BIN)/python -m schemas.write_openapi
	$(BIN)/python -m service.access.table --write

dictionary: .venv/dev.stamp
	$(BIN)/python -m schemas.write_data_dictionary

# Pins every version and hash. No registry is named in the files, so that any mirror serves them.
lock: .venv/dev.stamp
	$(BIN)/uv pip compile pyproject.toml --group build --generate-hashes --no-header --universal --python-version 3.11 --quiet -o requirements/run.lock
	$(BIN)/uv pip compile pyproject.toml --group build --group dev -c requirements/run.lock --generate-hashes --no-header --universal --python-version 3.11 --quiet -o requirements/dev.lock
	$(BIN)/python -m tests.licences

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Xinyong needs Python 3.11 or newer; this is %s. Set PYTHON=python3.12, say." % sys.version.split()[0])'
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements/run.lock pyproject.toml | .venv/bin/python
	@echo "Installing (once; about a minute) …"
	@$(BIN)/pip install -q --require-hashes -r requirements/run.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.lock pyproject.toml | .venv/bin/python
	@$(BIN)/pip install -q --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

clean:
	rm -rf .venv build *.egg-info
