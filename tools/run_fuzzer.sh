#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Starts one libFuzzer program for the test run. Seed directories that do not exist here (the corpora are not part of
# the repository) are left out with a note, because libFuzzer refuses to start with them.
#
# usage: tools/run_fuzzer.sh PROGRAM FOUND_DIR SEED_DIR... -- LIBFUZZER_OPTION...
# A seed directory "corpora:NAME" is NAME below $DEWAR_CORPORA (default ../shared/corpora).
set -euo pipefail

program=$1
found=$2
shift 2
seeds=()
while (($# > 0)) && [[ $1 != -- ]]; do
  seed=$1
  shift
  [[ $seed == corpora:* ]] && seed=${DEWAR_CORPORA:-../shared/corpora}/${seed#corpora:}
  if [[ -d $seed ]]; then
    seeds+=("$seed")
  else
    echo "note: no seeds from $seed"
  fi
done
shift
mkdir -p "$found"
exec "$program" "$@" -artifact_prefix="$found.crash-" "$found" "${seeds[@]}"
