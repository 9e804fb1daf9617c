#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The whole test run: optimised code with assertions (preset ci) through every test; the tests labelled `shipped` with
# the code that is shipped, which the profile and link-time optimisation make another; then the tests labelled
# `sanitize` once more under AddressSanitizer and UndefinedBehaviorSanitizer, with a short run of every fuzz target.
# The last line is "N passed, N failed, N skipped", counted by tools/test_summary.py; exit code 0 only without failures.
#
# usage: tools/test.sh [--quick]      --quick is the first of the three only
# DEWAR_JOBS=N limits parallelism; DEWAR_CORPORA=DIR names the corpora (default ../shared/corpora).
set -uo pipefail
cd "$(dirname "$0")/.."

jobs=${DEWAR_JOBS:-$(nproc)}
presets=(ci shipped asan-ubsan)
[[ ${1:-} == --quick ]] && presets=(ci)

for symbolizer in /usr/lib/llvm-{22,23,21,20,19}/bin/llvm-symbolizer; do
  if [[ -x $symbolizer ]]; then
    export ASAN_SYMBOLIZER_PATH=$symbolizer UBSAN_SYMBOLIZER_PATH=$symbolizer
    break
  fi
done
export ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1:detect_leaks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}

mkdir -p build
rm -f build/*.test-log
for preset in "${presets[@]}"; do
  started=$SECONDS
  echo "== $preset: configure and build"
  # A build that fails is one failed test: the summary must say so, and the other presets still run.
  if ! cmake --preset "$preset" >"build/$preset.test-log" 2>&1; then
    cat "build/$preset.test-log"
    python3 tools/test_summary.py --record-failure "build/$preset" "configure ($preset)"
    continue
  fi
  if ! cmake --build --preset "$preset" -j "$jobs" >"build/$preset.test-log" 2>&1; then
    grep -v '^\[[0-9]*/[0-9]*\]' "build/$preset.test-log" | head -200
    python3 tools/test_summary.py --record-failure "build/$preset" "build ($preset)"
    continue
  fi
  echo "== $preset: built in $((SECONDS - started)) s; test"
  rm -rf "build/$preset/gtest" "build/$preset/junit.xml"
  selection=()
  [[ $preset == asan-ubsan ]] && selection=(-L sanitize)
  [[ $preset == shipped ]] && selection=(-L shipped)
  ctest --test-dir "build/$preset" -j "$jobs" --output-on-failure --no-tests=error \
    --output-junit "$PWD/build/$preset/junit.xml" "${selection[@]}"
  echo "== $preset: $((SECONDS - started)) s"
done

python3 tools/test_summary.py "${presets[@]/#/build/}"
