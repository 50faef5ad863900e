# Two commands on a fresh machine: `make demo` and `make test`. Both make .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: demo test lint types contracts docs unit clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed tests/dists/deval-tinygan/pyproject.toml
	$(PIP) --editable '.[dev]'
	$(PIP) --no-deps --no-build-isolation --editable tests/dists/deval-tinygan
	touch $@

demo: $(VENV)/installed
	rm -rf demo
	$(BIN)/deval train ibgan --preset short --iterations 1000 --snapshot-every 250 --out demo
	$(BIN)/deval score --metric factorvae --protocol ib-gan demo/checkpoint.pt
	$(BIN)/deval sample demo/checkpoint.pt
	$(BIN)/deval traverse demo/checkpoint.pt
	$(BIN)/deval reconstruct demo/checkpoint.pt

test: lint types contracts unit docs

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/tested
	$(BIN)/mypy

contracts: $(VENV)/tested
	$(BIN)/lint-imports

unit: $(VENV)/tested
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

docs: $(VENV)/tested
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) demo docs/_build
