# Two commands on a fresh machine: `make demo` and `make test`. Both make .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-compile -c constraints.txt

# The first folder that is free: a demo deletes no run.
DEMO := $(shell n=1; while [ -e runs/demo-$$n ]; do n=$$((n + 1)); done; echo runs/demo-$$n)

.PHONY: demo test lint types contracts docs unit audit oldest clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed tests/dists/deval-tinygan/pyproject.toml
	$(PIP) --editable '.[dev]'
	$(PIP) --no-deps --no-build-isolation --editable tests/dists/deval-tinygan
	touch $@

# A VAE on dSprites that learns in half a minute: 600 small batches at five times the published learning rate. It trains
# on one thread, which is nearly as fast as two on a quiet machine and faster on a busy one. Scores take the cores that
# are free, since a second one speeds up the encoding of images.
demo: $(VENV)/installed
	$(BIN)/deval train vae --iterations 600 --batch-size 32 --lr 5e-4 --threads 1 --out $(DEMO)
	$(BIN)/deval score $(DEMO) --metric factorvae,mig --protocol ib-gan --threads auto
	$(BIN)/deval report $(DEMO) --out $(DEMO)/report.html
	@echo
	@echo "Open $(DEMO)/report.html in a browser. What to type next:"
	@echo "  $(BIN)/deval traverse $(DEMO)   # what each dimension changes, in motion"
	@echo "  $(BIN)/deval train --resume $(DEMO) --iterations 5000   # the same run, continued"
	@echo "  $(BIN)/deval train factorvae --help   # another model and its settings"

test: lint types contracts unit docs audit

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/tested
	$(BIN)/mypy

contracts: $(VENV)/tested
	$(BIN)/lint-imports

# The tests, and the branches of disentangle_eval that they run through.
unit: $(VENV)/tested
	$(BIN)/coverage erase
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=90

docs: $(VENV)/tested
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

# A bill of materials (SBOM, in CycloneDX's format) of what is installed, and the known vulnerabilities of the versions in
# constraints.txt where a record of them can be reached.
audit: $(VENV)/tested
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --mc-type library \
		--no-validate --output-reproducible --output-file sbom.json
	$(BIN)/python tests/audit.py

# Not part of `make test`, because it takes a while and needs an index of packages:
# Scores and formats under the oldest versions that pyproject.toml allows, in an environment of their own.
oldest:
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/python tests/oldest_versions.py > .venv-oldest/oldest.txt
	.venv-oldest/bin/python -m pip install --disable-pip-version-check --quiet -r .venv-oldest/oldest.txt --editable .
	OMP_NUM_THREADS=1 .venv-oldest/bin/python -m pytest -n 2 tests/golden tests/metrics tests/core

clean:
	rm -rf $(VENV) .venv-oldest docs/_build sbom.json
