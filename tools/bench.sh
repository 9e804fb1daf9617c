#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# `make bench`: builds the program as it is shipped and the benchmark drivers, looks for peers, measures.
# docs/benchmarks.md says how. Options go to tools/bench.py (--help lists them).
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build
cmake --preset release >build/.release-configure.log 2>&1 || {
  cat build/.release-configure.log
  exit 1
}
cmake --build --preset release
drivers=(bench_validate bench_host_call bench_interrupt opcode_profile)
[[ $(uname -m) != x86_64 ]] || drivers+=(bench_compile bench_steps)
cmake --build --preset release --target "${drivers[@]}"
# The same program without metering, to say what metering costs; it is never installed.
cmake --preset release -B build/unmetered -DCMAKE_CXX_FLAGS=-DDEWAR_MEASURE_UNMETERED >build/.unmetered-configure.log 2>&1
cmake --build build/unmetered --target dewar
tools/peers.sh >build/bench-peers.tsv
exec python3 tools/bench.py --build-dir build/release --unmetered build/unmetered/dewar --peers build/bench-peers.tsv "$@"
