# Everything here creates or updates .venv by itself and says what it is doing.
#
#   make demo                      discover a symmetry, train with it, write a report with pictures
#   make jets                      200 000 jets for training and as many for testing, resumable (JOBS=... processes)
#   make test ARGS="-k lie -x"     tests, with arguments for pytest (-n0 for one process, as --pdb needs)
#
# Variables: PYTHON (python3), TORCH (torch==2.13.0), TORCH_INDEX (an index of torch wheels, such as
# https://download.pytorch.org/whl/cpu), VENV (.venv), SCATTER=no (do not try to compile torch-scatter), JOBS.

PYTHON ?= python3
TORCH ?= torch==2.13.0
TORCH_INDEX ?=
VENV ?= .venv
SCATTER ?= yes
CONSTRAINTS ?=
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)
ARGS ?=
# The lowest NumPy is too old for openpiv.
COMMA := ,

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq install
INDEX := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
TORCH_STAMP := $(VENV)/.stamp-$(shell printf '%s' '$(TORCH)' | tr -c 'A-Za-z0-9.' '-')
SCATTER_STAMP := $(VENV)/.stamp-scatter

.DEFAULT_GOAL := help
.PHONY: help demo jets test test-lowest lint bench docs clean

help:
	@echo "make demo         discover a symmetry, train with it, write a report with pictures"
	@echo "make jets         simulate 200000 jets for training and 200000 for testing into datasets/jets/raw (JOBS=processes)"
	@echo "make test         the tests (ARGS=... goes to pytest)"
	@echo "make lint         ruff and mypy --strict"
	@echo "make docs         the documentation, into docs/_build/html; warnings are errors"
	@echo "make bench        the benchmarks of docs/results.md that take minutes to an hour, into runs/"
	@echo "make test-lowest  the tests on the lowest supported versions, in .venv-lowest"
	@echo "make clean        remove .venv and everything that was built"

demo: $(VENV)/.stamp-core
	@echo "==> liesym demo"
	@$(BIN)/liesym demo $(ARGS)

# About 1.5 core hours each; a run that was stopped goes on. The seeds are not that of the packaged sample.
jets: $(VENV)/.stamp-jets
	@echo "==> liesym simulate jets"
	@$(BIN)/liesym simulate jets --folder datasets/jets/raw/train --num-jets 200000 --seed 1 --num-workers $(JOBS)
	@$(BIN)/liesym simulate jets --folder datasets/jets/raw/test --num-jets 200000 --seed 2 --num-workers $(JOBS)
	@$(BIN)/liesym data compare 'datasets/jets/raw/test/*.root' --out runs/compare

test: $(VENV)/.stamp-dev $(VENV)/.stamp-jets $(if $(filter no,$(SCATTER)),,$(SCATTER_STAMP))
	@cat $(VENV)/.stamp-jets
	@cat $(SCATTER_STAMP) 2>/dev/null || echo "torch-scatter: not tried (SCATTER=no); the tests of its path are skipped unless it is there"
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/.stamp-dev
	@echo "==> ruff check" && $(BIN)/ruff check .
	@echo "==> ruff format --check" && $(BIN)/ruff format --check .
	@echo "==> mypy --strict" && $(BIN)/mypy

# What takes longer is not here: liesym reproduce charged-particles.
bench: $(VENV)/.stamp-jets $(VENV)/.stamp-dev
	@echo "[1/8] messages in tiles against a textbook; half an hour on a quiet machine" && \
	  for model in liegnn lorentznet; do \
	    $(BIN)/python benchmarks/engine.py all --model $$model --out runs/bench/$$model || exit 1; done
	@echo "[2/8] what relaxing a layer costs" && $(BIN)/python benchmarks/fields.py --threads 1
	@echo "[3/8] steps of time and vector channels against a textbook" && $(BIN)/python benchmarks/bodies.py
	@echo "[4/8] a hundred bodies, and thousands" && $(BIN)/python benchmarks/many_bodies.py
	@echo "[5/8] liesym reproduce two-body" && $(BIN)/liesym reproduce two-body
	@echo "[6/8] liesym simulate jets" && \
	  $(BIN)/liesym simulate jets --num-jets 60000 --num-workers $$(getconf _NPROCESSORS_ONLN)
	@echo "[7/8] liesym reproduce jets-metric" && $(BIN)/liesym reproduce jets-metric
	@echo "[8/8] liesym reproduce jets-tagging" && $(BIN)/liesym reproduce jets-tagging

docs: $(VENV)/.stamp-docs
	@echo "==> sphinx-build -W"
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Old releases trip over the deprecations of newer ones of their own dependencies: not ours to mend.
test-lowest:
	@$(MAKE) --no-print-directory test VENV=.venv-lowest SCATTER=no CONSTRAINTS=.ci/lowest.txt \
	  ARGS="-W ignore::DeprecationWarning $(ARGS)"

clean:
	rm -rf .venv .venv-lowest build dist docs/_build docs/_generated docs/reference/api docs/reference/commands .pytest_cache .mypy_cache .ruff_cache .hypothesis runs

$(BIN)/python:
	@echo "[setup] $(PYTHON) -m venv $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "error: Python 3.10 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); try make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "error: $(PYTHON) has no venv/ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# torch goes in first, so that nothing else picks another version or another build of it.
$(TORCH_STAMP): | $(BIN)/python
	@echo "[setup] $(TORCH)"
	@$(PIP) $(INDEX) '$(TORCH)'
	@rm -f $(VENV)/.stamp-* && touch $@

$(VENV)/.stamp-core: pyproject.toml $(CONSTRAINTS) $(TORCH_STAMP)
	@echo "[setup] pyg_liesym and its dependencies"
	@$(PIP) $(CONSTRAINTS:%=--constraint %) -e .
	@touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-core
	@echo "[setup] what the tests and the linters need"
	@$(PIP) $(CONSTRAINTS:%=--constraint %) -e '.[dev,hdf5,parquet,onnx,e3nn,fluids,ocean,meshes,dask$(if $(CONSTRAINTS),,$(COMMA)piv)]'
	@touch $@

$(VENV)/.stamp-docs: $(VENV)/.stamp-core
	@echo "[setup] what the documentation needs"
	@$(PIP) -e '.[docs]'
	@touch $@

# Wheels only: Pythia takes most of an hour to compile.
$(VENV)/.stamp-jets: $(VENV)/.stamp-core
	@echo "[setup] pythia8mc, fastjet and vector (wheels only)"
	@if $(PIP) $(CONSTRAINTS:%=--constraint %) --only-binary=pythia8mc,fastjet,vector -e '.[jets]' && $(BIN)/python -c 'import pythia8mc, fastjet' 2>/dev/null; \
	then echo "jet simulation: $$($(BIN)/python -c 'from importlib.metadata import version as v; print("pythia8mc", v("pythia8mc"), "and fastjet", v("fastjet"))')" > $@; \
	else echo "jet simulation: no wheel of pythia8mc or fastjet for $$($(BIN)/python -V); the tests that simulate jets are skipped" > $@; fi

$(SCATTER_STAMP): $(TORCH_STAMP)
	@echo "[setup] torch-scatter (optional; compiles for some minutes the first time, SCATTER=no skips it)"
	@$(BIN)/python .ci/torch_scatter.py $@
