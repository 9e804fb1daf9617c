#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs the tests with source coverage and prints a table per file; HTML with every line lands in build/coverage/html.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=${DEWAR_JOBS:-$(nproc)}
cmake --preset coverage >/dev/null
cmake --build --preset coverage -j "$jobs"
raw=$PWD/build/coverage/profiles
rm -rf "$raw"
mkdir -p "$raw"
LLVM_PROFILE_FILE=$raw/%p-%m.profraw ctest --test-dir build/coverage -j "$jobs" --output-on-failure -L unit || true

bin=
for version in 22 23 21 20 19; do
  [[ -x /usr/lib/llvm-$version/bin/llvm-cov ]] && bin=/usr/lib/llvm-$version/bin && break
done
"$bin/llvm-profdata" merge -sparse "$raw"/*.profraw -o build/coverage/all.profdata
objects=()
while read -r program; do objects+=(-object "$program"); done < <(find build/coverage -type f -executable -name '*_test')
[[ -x build/coverage/dewar ]] && objects+=(-object build/coverage/dewar)
options=(-instr-profile=build/coverage/all.profdata -path-equivalence=/,"$PWD" "${objects[@]:1}")
"$bin/llvm-cov" report "${options[@]}" -ignore-filename-regex='^/usr|tests/'
"$bin/llvm-cov" show "${options[@]}" -ignore-filename-regex='^/usr|tests/' -format=html -output-dir=build/coverage/html >/dev/null
echo "build/coverage/html/index.html"
