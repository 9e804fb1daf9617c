#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds the libraries, the unit tests and the spec-suite runner for AArch64 and runs them under qemu-user. What needs
# libraries that exist for the build machine only (the command line) is not part of this build. Left out as well is what
# tests the emulator instead of us: death tests that start themselves again (execv of a foreign program), the tests of
# system calls that it does not know (openat2: boundary, the attacks and the model), what makes so many stores that it
# takes the emulator all memory (fuel in all modes, the generated programs), and what compares tiers; the modes of the
# suite's matrix that differ from others in nothing that depends on the machine (garbage in slots, collection at every
# allocation), and those of the compiler, which is for x86-64. The last line is "N passed, N failed, N skipped", as for
# tools/test.sh.
set -uo pipefail
cd "$(dirname "$0")/.."

jobs=${DEWAR_JOBS:-$(nproc)}
mkdir -p build
if ! cmake --preset aarch64 >build/aarch64.test-log 2>&1 ||
  ! cmake --build --preset aarch64 -j "$jobs" --target dewar_tests spec_runner >build/aarch64.test-log 2>&1; then
  grep -v '^\[[0-9]*/[0-9]*\]' build/aarch64.test-log | head -200
  python3 tools/test_summary.py --record-failure build/aarch64 "build (aarch64)"
else
  rm -rf build/aarch64/gtest build/aarch64/junit.xml
  export GTEST_FILTER='-Fault*DeathTest.*:FaultChainTest.*:FuelModes.*:Native*' DEWAR_EMULATOR=qemu-aarch64
  ctest --test-dir build/aarch64 -j "$jobs" --output-on-failure --no-tests=error \
    -E '^(fuzz_|check_|setup_|test_summary_|text_counts|attack|boundary|model|wasi|api|cli|guest|diff|spec_(g|baseline|mixed|auto|random))' \
    --output-junit "$PWD/build/aarch64/junit.xml"
fi
python3 tools/test_summary.py build/aarch64
