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
cmake --build --preset release --target bench_validate opcode_profile
tools/peers.sh >build/bench-peers.tsv
exec python3 tools/bench.py --build-dir build/release --peers build/bench-peers.tsv "$@"
