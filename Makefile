# Two targets matter to a newcomer: `make demo` and `make test`.

CARGO ?= cargo
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR

.PHONY: demo test lint tools

## Builds hubwatch and runs it against a simulated organization until Ctrl-C.
demo:
	$(CARGO) run --locked --release -- demo $(DEMO)

## Installs what the tests need and runs all of them.
test: tools
	HUBWATCH_TEST_PYTHON=$(CARGO_TARGET_DIR)/test-clients/bin/python $(CARGO) test --locked

## What the tests need beside the Rust toolchain: clients and checkers that we did not write.
tools:
	tests/tools.sh

## Formatting, lints, licences and advisories.
lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked check bans licenses sources; fi
