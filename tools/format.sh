#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Applies .clang-format to every C++ file; with --check only lists the files it would change (exit code 1 if any).
set -euo pipefail
cd "$(dirname "$0")/.."

program=
for candidate in clang-format-{22,23,21,20,19} clang-format; do
  if command -v "$candidate" >/dev/null; then
    program=$candidate
    break
  fi
done
if [[ -z $program ]]; then
  echo "tools/format.sh: clang-format is not installed" >&2
  exit 1
fi

mapfile -t files < <(find src tests bench include \( -name '*.h' -o -name '*.cpp' \) -not -path '*/data/*' 2>/dev/null | sort)
if [[ ${1:-} != --check ]]; then
  exec "$program" -i "${files[@]}"
fi
changed=$("$program" --dry-run "${files[@]}" 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: warning.*/\1/p' | sort -u)
if [[ -n $changed ]]; then
  echo "$changed"
  exit 1
fi
