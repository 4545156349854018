# Two commands do everything, their own set-up included: `make explore` and `make test`.
# Needed beforehand: Python >= 3.11, a C++ compiler and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= hwdse-out
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# pip compiles one file after another; compileall uses all cores. Tests of packages are left out. What
# does not compile (templates of code) is no fault.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
COMPILE := -$(BIN)/python -m compileall -qq -j 0 -x '/tests/' $(VENV)/lib

# A stamp is named by its lock file's contents: changed pins install, unchanged ones do not.
digest = $(shell cat pyproject.toml $(1) | cksum | cut -d ' ' -f 1)
RUN_STAMP := $(VENV)/run-$(call digest,requirements/run.txt).stamp
TEST_STAMP := $(VENV)/test-$(call digest,requirements/run.txt requirements/test.txt).stamp
BENCH_STAMP := $(VENV)/bench-$(call digest,requirements/run.txt requirements/bench.txt).stamp
LONG_STAMP := $(VENV)/long-$(call digest,requirements/run.txt requirements/long.txt).stamp

.PHONY: help explore test lint long benchmark release clean

help:
	@echo "make explore    sweep the built-in design space; results in $(OUT)/"
	@echo "make test       all tests, what CI runs"
	@echo "make long       the minutes-long checks; they need Debian's chromium, iverilog,"
	@echo "                opensta and dataset-fashion-mnist, and a Python >= 3.12, as well"
	@echo "make benchmark  speed of the kernels beside their peers"
	@echo "make release    test, long and benchmark: what a release needs"
	@echo "make clean      remove the environment and the results"

explore: $(RUN_STAMP)
	$(BIN)/hwdse explore -o $(OUT) --jobs $(JOBS)

# Tests start the package in hundreds of processes: it is compiled once, also where the environment
# tells Python to write no bytecode. The linters take one core, so they run beside the tests.
test: $(TEST_STAMP)
	$(BIN)/python -m compileall -q hwdse
	$(MAKE) --no-print-directory lint & lint=$$!; \
		$(BIN)/python -m pytest -n $(JOBS) --dist worksteal; tests=$$?; \
		wait $$lint && exit $$tests

lint: $(TEST_STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

long: $(TEST_STAMP) $(LONG_STAMP)
	$(BIN)/python -m compileall -q hwdse
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m long

benchmark: $(BENCH_STAMP)
	$(BIN)/python -m pytest benchmarks --benchmark-only

release:
	$(MAKE) test
	$(MAKE) long
	$(MAKE) benchmark

clean:
	rm -rf $(VENV) $(OUT)

$(VENV)/created.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "hwdse needs Python >= 3.11; say which with make PYTHON=..." >&2; exit 1; }
	@command -v $${CXX:-g++} >/dev/null \
		|| { echo "hwdse needs a C++ compiler: install g++, or name one in CXX" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(RUN_STAMP): $(VENV)/created.stamp
	$(INSTALL) -r requirements/run.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	$(COMPILE)
	touch $@

# softposit, an oracle of the tests, comes as C source for Python.
$(TEST_STAMP): $(RUN_STAMP)
	@$(BIN)/python -c 'import os, sys, sysconfig; \
		sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' \
		|| { echo "the tests need Python's C headers: install python3-dev" >&2; exit 1; }
	$(INSTALL) -r requirements/test.txt
	$(COMPILE)
	touch $@

$(LONG_STAMP): $(TEST_STAMP)
	$(INSTALL) -r requirements/long.txt
	$(COMPILE)
	touch $@

$(BENCH_STAMP): $(TEST_STAMP)
	$(INSTALL) -r requirements/bench.txt
	$(COMPILE)
	touch $@
