# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The front door: every target makes sure the system packages are there (tools/setup.sh, immediate when they are) and
# hands over to CMake or to a script in tools/. `make help` lists them.

.PHONY: help setup build run test bench fuzz lint format test-aarch64 coverage install clean
.DEFAULT_GOAL := build

PREFIX ?= /usr/local

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */  make \1\t/' | expand -t 24

setup: ## install missing system packages
	@tools/setup.sh

build: setup ## the program, at build/release/dewar
	@mkdir -p build
	@cmake --preset release >build/.release-configure.log 2>&1 || { cat build/.release-configure.log; exit 1; }
	@cmake --build --preset release

run: build ## the example: CPython in the sandbox runs a script of an agent
	@tools/main_job.sh

test: setup ## all tests, then the sanitizer runs; the last line counts them
	@tools/setup.sh test
	@tools/test.sh

bench: setup ## benchmarks against native code, wasm3 and V8
	@tools/setup.sh bench
	@tools/bench.sh

fuzz: setup ## every fuzz target for FUZZ_SECONDS (default 600)
	@tools/fuzz.sh

lint: setup ## layout rules, error codes, formatting, clang-tidy
	@tools/lint.sh

format: setup ## apply .clang-format
	@tools/format.sh

test-aarch64: setup ## cross build for AArch64; unit tests and the core suite under qemu-user
	@tools/setup.sh aarch64
	@tools/test_aarch64.sh

coverage: setup ## line coverage of the tests
	@tools/coverage.sh

install: build ## program, man pages, completions, docs below PREFIX (default /usr/local)
	@cmake --install build/release --prefix "$(PREFIX)"

clean: ## remove everything that was built
	@rm -rf build
