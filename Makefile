# Everything runs in .venv, which `.ci/setup.sh` makes. The stamps say what it holds: the package (demo), and what the
# tests need on top (test).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGE_STAMP := $(VENV)/.package.stamp
TEST_STAMP := $(VENV)/.test.stamp
TYPES := build/types/crosschop
# Of a sign-off of all chips.
EFFORT ?= quick
# One process per core; a group (tests that share something expensive) stays on one of them.
PYTEST_FLAGS ?= -n auto --dist loadgroup --durations 30

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-fast bench signoff formal coverage resilience lint docs wheel clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(TEST_STAMP) ## create .venv and install what development needs (Icarus Verilog, ngspice by apt-get when missing)

demo: $(PACKAGE_STAMP) ## train a 20x20 matrix with the RTL in the loop
	$(BIN)/crosschop run chipspecs/agad_20.yaml

test: lint ## lint, then every test
	$(BIN)/pytest $(PYTEST_FLAGS)

test-fast: $(TEST_STAMP) ## the tests that need no simulator and take seconds
	$(BIN)/pytest $(PYTEST_FLAGS) -m "not sim and not slow"

signoff: $(TEST_STAMP) ## sign off every shipped chip (EFFORT=quick, normal or full; resumable; build/signoff/)
	$(BIN)/crosschop signoff chipspecs/*.yaml --effort $(EFFORT)

formal: $(TEST_STAMP) ## prove the controllers' properties, chip by chip; every property has to fail on a seeded bug
	for chip in chipspecs/*.yaml; do $(BIN)/crosschop formal $$chip --effort quick || exit; done
	CROSSCHOP_FORMAL=build/formal/bugs.jsonl $(BIN)/pytest tests/formal

# Some bits stand for all of a field where a run has little to tell about each
INJECT = $(BIN)/crosschop inject --detect 0 --seeds 3
FAULTS = $(addprefix --fault ,$(1))
BITS = $(addprefix --fault $(1):,$(2))
resilience: $(TEST_STAMP) ## upsets and analog faults in training: figures of model/resilience/README.md (build/resilience/)
	$(INJECT) agad_20 --samples 40000 --rate 1e-6,1e-5 --out build/resilience/agad_20 \
	    $(call FAULTS,h p pref chop column address samples adc) $(call BITS,reads,0 5 10 15)
	$(INJECT) ttv2_20 --samples 20000 --out build/resilience/ttv2_20 $(call BITS,h,0 10 13 14 15) \
	    $(call BITS,column,0 2 4) $(call BITS,address,0 3 6) $(call BITS,samples,3 5 10) $(call BITS,adc,5 8)
	$(INJECT) mixed_precision_20 --samples 20000 --out build/resilience/mixed_precision_20 \
	    $(call BITS,chi,0 10 13 14 15) $(call BITS,column,0 4) $(call BITS,samples,3 10) $(call FAULTS,d:11 x:11)
	$(INJECT) c_ttv2_20 --samples 20000 --out build/resilience/c_ttv2_20 \
	    $(call FAULTS,h chop column address samples) $(call BITS,reads,0 5 10 15) $(call BITS,adc,5 8)
	$(INJECT) agad_20 ttv2_20 c_ttv2_20 in_memory_sgd_20 mixed_precision_20 --samples 20000 --fault analog \
	    --out build/resilience/analog

bench: $(TEST_STAMP) ## time every engine beside its limit and the runs before (an hour; cosim/benchmark/history.jsonl)
	$(BIN)/crosschop bench --history cosim/benchmark/history.jsonl

coverage: $(TEST_STAMP) ## verification plan, lines and branches reached by every kind of controller (build/coverage/)
	$(BIN)/crosschop cover

# mypy has to find the folders under the names that the package has: crosschop.model, crosschop.cosim.
lint: $(TEST_STAMP) ## ruff (rules and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p $(TYPES)
	@ln -sfn ../../../model $(TYPES)/model
	@ln -sfn ../../../cosim $(TYPES)/cosim
	MYPYPATH=build/types $(BIN)/mypy $(TYPES)

docs: $(TEST_STAMP) ## write the generated parts of the READMEs and rtl/timing.svg anew
	$(BIN)/python -m crosschop.model.chipspec.documentation chipspecs/README.md
	$(BIN)/python -m crosschop.model.estimate.documentation model/estimate/README.md
	$(BIN)/python -m crosschop.cosim.timing_diagram rtl/timing.svg
	$(BIN)/python -m crosschop.cosim.support README.md

# setuptools keeps deleted files in build/lib and would pack them again.
wheel: $(TEST_STAMP) ## build the wheel into build/wheel
	rm -rf build/lib build/bdist.*
	$(BIN)/python -m build --wheel --outdir build/wheel .

clean: ## remove build/
	rm -rf build

$(PACKAGE_STAMP): pyproject.toml .ci/setup.sh
	PYTHON="$(PYTHON)" .ci/setup.sh $(VENV)
	@touch $@

$(TEST_STAMP): pyproject.toml .ci/setup.sh
	PYTHON="$(PYTHON)" .ci/setup.sh $(VENV) test
	@touch $(PACKAGE_STAMP) $@
