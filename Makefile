# Two targets matter to a newcomer: `make demo` and `make test`.

CARGO ?= cargo
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

.PHONY: demo test soak bench lint tools

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

## What a full sync costs, beside a floor and a boto3 script. BENCH="--findings 100000 1000000" sets sizes;
## benches/full_sync.py --help lists more.
bench: tools
	$(CARGO) build --locked --release
	$(CARGO) build --locked --release --manifest-path benches/peers/floor/Cargo.toml --target-dir $(CARGO_TARGET_DIR)/floor
	$(CARGO_TARGET_DIR)/test-clients/bin/python benches/full_sync.py --hubwatch $(CARGO_TARGET_DIR)/release/hubwatch --floor $(CARGO_TARGET_DIR)/floor/release/floor $(BENCH)

## What the tests need beside the Rust toolchain: clients and checkers that we did not write.
tools:
	tests/tools.sh

## Formatting, lints, licences and advisories.
lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) fmt --check --manifest-path benches/peers/floor/Cargo.toml
	if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked check bans licenses sources; fi
