# Two targets matter to a newcomer: `make demo` and `make test`.

CARGO ?= cargo
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

HUBWATCH = $(CARGO_TARGET_DIR)/release/hubwatch

.PHONY: demo test soak reduction bench bench-idle lint tools

## Builds hubwatch and runs it against a simulated organization until Ctrl-C.
demo:
	$(CARGO) run --locked --release -- demo $(DEMO)

## Installs what the tests need and runs all of them.
test: tools
	HUBWATCH_TEST_PYTHON=$(CARGO_TARGET_DIR)/test-clients/bin/python $(CARGO) test --locked

## Thousands of simulated lives. SEEDS=1000..5000 sets which; a seed that fails is printed with the command
## that repeats it; LOG=hubwatch=debug shows what the daemon says meanwhile.
SEEDS ?= 1000..4000
soak:
	HUBWATCH_SOAK_SEEDS=$(SEEDS) HUBWATCH_SOAK_LOG=$(LOG) $(CARGO) test --locked --test soak -- --nocapture

## How many findings of 200 accounts with all standards on become how many issues and incidents, and how
## many of the issues are what the simulator knows to be one problem.
reduction:
	$(CARGO) test --locked --test it reduction -- --ignored --nocapture

## What a full sync costs, beside a floor and a boto3 script; how much of the quota a backfill uses, how
## soon news is recorded and told, and what many quiet scopes cost. BENCH="--findings 100000 1000000" sets
## sizes of the first, and has accounts grow with them; each file in benches/ has --help. All run, whatever
## bar one of them misses.
bench: tools
	$(CARGO) build --locked --release
	$(CARGO) build --locked --release --manifest-path benches/peers/floor/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/floor
	@missed=0; \
	$(CARGO_TARGET_DIR)/test-clients/bin/python benches/full_sync.py --hubwatch $(HUBWATCH) --floor $(CARGO_TARGET_DIR)/floor/release/floor $(BENCH) || missed=1; \
	python3 benches/quota.py --hubwatch $(HUBWATCH) || missed=1; \
	python3 benches/lag.py --hubwatch $(HUBWATCH) || missed=1; \
	python3 benches/idle.py --hubwatch $(HUBWATCH) --accounts 1667 --interval 10 || missed=1; \
	exit $$missed

## The same number of polls a second as above from 170,000 scopes every 60 s, which takes a while to get to.
bench-idle:
	$(CARGO) build --locked --release
	python3 benches/idle.py --hubwatch $(HUBWATCH)

## What the tests need beside the Rust toolchain: clients and checkers that we did not write.
tools:
	tests/tools.sh

## Formatting, lints, licences and advisories.
lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) fmt --check --manifest-path benches/peers/floor/Cargo.toml
	if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked check bans licenses sources; fi
