#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Prints the path of the Node.js whose V8 the differential test compares with (docs/testing.md). $DEWAR_DIFF_NODE names
# another one. Else it is that of the npm package `node` in a pinned version, kept outside the repository in the peers'
# cache (see tools/peers.sh), fetched once with the npm client and checked. Exits with 1 and says why if there is none.
#
# usage: tools/diff_node.sh [--offline]      --offline fetches nothing
set -euo pipefail

version=26.12.1
# SHA-512 of the package's part for a machine.
declare -A sha512=(
  [linux-x64]=8e4e4b3009a01e53e53cc5a9b14ad23aa35a1191bed7550d777e61590fa9e7f5c669e956b93a89ebd21c032ff9c6d3cf37877965104d38607a80b30287690bf4
)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dewar-peers

fail() {
  echo "tools/diff_node.sh: $*" >&2
  exit 1
}

offline=0
case ${1:-} in
  '') ;;
  --offline) offline=1 ;;
  *) fail "unknown argument '$1' (known: --offline)" ;;
esac

if [[ -n ${DEWAR_DIFF_NODE:-} ]]; then
  found=$("$DEWAR_DIFF_NODE" -p process.versions.node 2>/dev/null) || fail "$DEWAR_DIFF_NODE does not run"
  ((${found%%.*} >= 26)) || fail "$DEWAR_DIFF_NODE is version $found; 26 or newer is needed"
  echo "$DEWAR_DIFF_NODE"
  exit 0
fi

machine=$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
folder=$cache/node-$version
program=$folder/package/bin/node
if [[ ! -x $program ]]; then
  [[ -n ${sha512[$machine]:-} ]] || fail "no checked package for $machine; name a Node.js 26 in DEWAR_DIFF_NODE"
  ((offline == 0)) || fail "not fetched yet; run tools/diff_node.sh with network access"
  command -v npm >/dev/null || fail "the npm client is needed to fetch it"
  mkdir -p "$folder"
  part=$(mktemp -d "$folder/part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  echo "diff_node: fetching node-$machine $version into $folder" >&2
  (cd "$part" && npm pack --silent "node-$machine@$version" >/dev/null) || fail "npm could not fetch it"
  archive=$part/node-$machine-$version.tgz
  echo "${sha512[$machine]}  $archive" | sha512sum --check --status || fail "the package is another one than expected"
  tar -xzf "$archive" -C "$part" package/bin/node
  mkdir -p "$folder/package/bin"
  mv "$part/package/bin/node" "$program"
fi
"$program" --version >/dev/null || fail "$program does not run"
echo "$program"
