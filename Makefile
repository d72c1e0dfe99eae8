# Each target makes .venv when it is missing. `make demo` and `make test` need nothing but Python 3.11 or later.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
  $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
BIN := .venv/bin
RUN := .venv/installed
DEV := .venv/installed-dev

.PHONY: demo serve test lint bench campaign vectors lock clean

demo: $(RUN)
	$(BIN)/python -m api.simulation.demo

serve: $(RUN)
	KETENBOEK_CHECKPOINT_KEY=demo/keys/gateway.jwk $(BIN)/ketenboek serve --database sqlite:///demo/ketenboek.db

test: $(DEV)
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy client/ketenboek_client client/tests

bench: $(DEV)
	$(BIN)/python -m bench

campaign: $(DEV)
	$(BIN)/python -m pytest -m campaign

# What is generated and committed: golden vectors, the SDL, the tables under docs/. The tests compare.
vectors: $(DEV)
	$(BIN)/python -m tests.vectors
	$(BIN)/python -m tests.lineages
	$(BIN)/python -m tests.ledgers
	$(BIN)/python -m api.reference

# The locks hold every hash for Python 3.11 to 3.14 on every platform, and no address of an index.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
  --no-emit-index-url --no-emit-find-links --no-emit-package ketenboek-client pyproject.toml client/pyproject.toml
lock:
	$(LOCK) --group build -o requirements.lock
	$(LOCK) --group build --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv demo .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/made:
	@test -n "$(PYTHON)" || { echo "Ketenboek needs Python 3.11 or later: install it, or name it: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv --clear .venv
	touch $@

$(RUN): .venv/made requirements.lock pyproject.toml client/pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e client
	touch $@

$(DEV): $(RUN) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@
