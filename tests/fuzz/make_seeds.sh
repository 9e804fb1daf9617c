#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Makes the seeds for the fuzz targets afresh: make_seeds.sh MAKE_SEEDS OUT. 77 = skipped, there are no corpora.
set -euo pipefail
out=$2
rm -rf "$out"
exec "$1" "${DEWAR_CORPORA:-$(dirname "$0")/../../../shared/corpora}/spec" "$out"
