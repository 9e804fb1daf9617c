#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The main job on real input, for `make run`: installs the pinned guests (once), then runs a script such as an agent
# writes, as a person sees it and as a program sees it. DEWAR names another program than build/release/dewar.
set -euo pipefail
cd "$(dirname "$0")/.."
dewar=${DEWAR:-build/release/dewar}
[ -x "$dewar" ] || { echo "main_job.sh: $dewar is not built; run \`make build\`" >&2; exit 1; }

show() {
  printf '\n$ dewar %s\n' "$*"
  "$dewar" "$@" 2>&1 || printf '(exit status %d)\n' $?
}

for guest in python quickjs; do
  "$dewar" guest path "$guest" >/dev/null 2>&1 || {
    echo "installing the guest $guest with npm ..."
    "$dewar" guest add "$guest" >/dev/null
  }
done

show run --ro examples/data::/data --report=always examples/agent_report.py
show run --ro examples/data::/data --report=always examples/agent_report.js
show run -W fuel=1G examples/endless.py

printf '\n$ dewar run --json --ro examples/data::/data examples/agent_report.py | python3 -m json.tool\n'
"$dewar" run --json --ro examples/data::/data examples/agent_report.py | python3 -m json.tool
