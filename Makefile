# Run `make` for the list of verbs. Every verb sets up `.venv` from the hashed lock file first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types proto schema bench peers siege wheel soak ray serve fmt lock clean

help:  ## list the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "trimtab needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m trimtab_solver.warm_up
	@touch $@

setup: $(READY)  ## create .venv from the lock file

demo: $(READY)  ## fail a rack in a three-site cluster and watch the verified plan come back
	@$(BIN)/trimtab demo

test: lint types  ## lint, types, contracts, generated code, and every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(READY)  ## ruff, import contracts, buf, generated code up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf breaking --against proto/released.binpb
	$(BIN)/python proto/generate.py --check

types: $(READY)  ## mypy --strict
	$(BIN)/mypy

proto: $(READY)  ## regenerate proto/gen from proto/trimtab
	$(BIN)/buf format -w
	$(BIN)/python proto/generate.py

schema: $(READY)  ## write the JSON Schema of policy documents to samples/policies, for editors
	$(BIN)/trimtab policy schema -o samples/policies/trimtab-v1.schema.json

bench: $(READY)  ## run all benchmarks (hours; goes on where it stopped) and report; BENCH="--subject vmha --size 10x250"
	@$(BIN)/python -m benchmarks.run $(BENCH); status=$$?; $(BIN)/python -m benchmarks.report --append; exit $$status

peers: $(READY)  ## install the benchmark's peers that are Python packages, each in an environment of its own
	@for peer in "proxlb proxlb-solver==0.1.1" "timefold timefold==1.24.0b0"; do set -- $$peer; \
		$(PYTHON) -m venv .peers/$$1 && .peers/$$1/bin/python -m pip install --quiet $$2; done

soak: $(READY)  ## many thousands of random tiny clusters against brute force, and of hostile inputs (minutes; SEEDS=20000 HOSTILE=1000000; BEFORE=20000 goes on behind the first 20,000)
	TRIMTAB_TEST_SEEDS=$(or $(SEEDS),20000) TRIMTAB_TEST_SEEDS_BEFORE=$(or $(BEFORE),0) TRIMTAB_TEST_HOSTILE=$(or $(HOSTILE),50000) $(BIN)/python -m pytest tests/property -n $(WORKERS) --dist worksteal

siege: $(READY)  ## the service under siege, at full length (SMOKE=1: the slice that is in the gate)
	$(if $(SMOKE),,TRIMTAB_SIEGE_FULL=1) $(BIN)/python -m pytest tests/siege -s

.ray/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .ray
	.ray/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	.ray/bin/python -m pip install --quiet --no-build-isolation --editable '.[ray]'
	.ray/bin/python -m trimtab_solver.warm_up
	@touch $@

# the daemons of Ray listen on all interfaces: they get a network of their own, in which there is nobody else;
# Ray leaves it to the system to wait for them
ray: .ray/.ready  ## try scenarios on a real Ray cluster, in an environment with Ray and a network namespace of its own
	RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$$(od -An -tx1 -N24 /dev/urandom | tr -d ' \n') RAY_USAGE_STATS_ENABLED=0 \
		unshare --map-root-user --net --pid --fork --mount-proc --kill-child \
		sh -c 'ip link set lo up && exec "$$0" "$$@"' .ray/bin/python -m pytest tests/integration/test_ray.py \
		-W 'ignore:subprocess:ResourceWarning'

wheel: $(READY)  ## build the wheel into dist/, and try it in an environment of its own with all it depends on
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel -d dist
	TRIMTAB_WHEEL_FULL=1 $(BIN)/python -m pytest tests/e2e/test_wheel.py

serve: $(READY)  ## serve on loopback with the sample policy
	$(BIN)/trimtab serve --reflection

fmt: $(READY)  ## format Python and proto files
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	$(BIN)/buf format -w

lock:  ## re-resolve requirements.lock (needs uv on PATH)
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --group dev \
		--no-header --no-emit-index-url pyproject.toml -o requirements.lock

clean:  ## remove .venv and caches
	rm -rf $(VENV) .ray dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
