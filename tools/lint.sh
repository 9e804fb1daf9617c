#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Everything that can be said about the source without running it: layout rules and the size of the trusted core,
# error codes against their list, shell scripts' syntax, formatting, and clang-tidy on the code that takes hostile
# input. Layout, error codes and scripts are also part of the test run; formatting and clang-tidy only report here.
set -uo pipefail
cd "$(dirname "$0")/.."

failures=0
echo "== layout"
python3 tools/check_layout.py || failures=$((failures + 1))
echo "== error codes"
python3 tools/check_errors.py || failures=$((failures + 1))
echo "== scripts"
for script in tools/*.sh .ci/run; do
  bash -n "$script" || failures=$((failures + 1))
done

echo "== formatting (a report; make format applies it)"
tools/format.sh --check && echo "all files are formatted"

echo "== clang-tidy"
tidy=
for candidate in clang-tidy-{22,23,21,20,19} clang-tidy; do
  if command -v "$candidate" >/dev/null; then
    tidy=$candidate
    break
  fi
done
mkdir -p build
if [[ -z $tidy ]]; then
  echo "clang-tidy is not installed"
  failures=$((failures + 1))
elif cmake --preset dev >build/lint.log 2>&1; then
  mapfile -t files < <(find src/base src/wasm src/boundary src/host -name '*.cpp' 2>/dev/null | sort)
  if ! printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 4 "$tidy" -p build/dev --quiet 2>build/lint.log; then
    failures=$((failures + 1))
  fi
else
  cat build/lint.log
  failures=$((failures + 1))
fi

echo "== $failures kinds of checks failed"
((failures == 0))
