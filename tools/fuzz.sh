#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Fuzzes every target for FUZZ_SECONDS seconds (default 600) with full feedback, sanitizers and assertions. Inputs that
# reached new code are kept below build/fuzz for the next run; a crash leaves its input there and fails the run.
#
# usage: tools/fuzz.sh [TARGET...]      default: all
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${DEWAR_JOBS:-$(nproc)}
mkdir -p build
cmake --preset fuzz -DDEWAR_FUZZ_SECONDS="${FUZZ_SECONDS:-600}" >build/fuzz.log 2>&1 || { cat build/fuzz.log; exit 1; }
targets=$(cat build/fuzz/fuzz_targets.txt)
if [[ -z $targets ]]; then
  echo "tools/fuzz.sh: no fuzz targets are defined" >&2
  exit 1
fi
(($# > 0)) && targets=$*
# shellcheck disable=SC2086
cmake --build --preset fuzz -j "$jobs" --target make_seeds $targets
pattern=$(echo $targets | tr ' ' '|')
ctest --test-dir build/fuzz -j "$jobs" --output-on-failure --no-tests=error --timeout 7200 -V -R "^fuzz_($pattern)$"
