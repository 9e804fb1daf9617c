#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds what the benchmarks compare with, all of it outside the repository. Prints one line per peer that was found,
# "name<TAB>path<TAB>version", and says on standard error what is missing and how to get it. A peer that is not found,
# or not in the version that figures are quoted for, is no error: nothing is claimed about it then.
#
#   wasm3  $DEWAR_WASM3, or wasm3/wasm3 in the cache directory, or on PATH; figures are quoted for 0.9.0
#   node   $DEWAR_NODE or on PATH; 20 or newer
#   yosys  a large real module (31 MB): npm's @yowasp/yosys, fetched once with the npm client and checked
#
# usage: tools/peers.sh [--offline]      --offline fetches nothing
# The cache directory is ${XDG_CACHE_HOME:-~/.cache}/dewar-peers.
set -uo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/dewar-peers
wasm3_version=0.9.0
yosys_version=0.55.944
yosys_sha256=88e18d7bc8e6134614d57927a37757a021b46d1ba8c0bc4c0b6f385f391f5a67
offline=0
case ${1:-} in
  '') ;;
  --offline) offline=1 ;;
  *)
    echo "tools/peers.sh: unknown argument '$1' (known: --offline)" >&2
    exit 1
    ;;
esac

say() { echo "peers: $*" >&2; }
found() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

find_wasm3() {
  local path=${DEWAR_WASM3:-} version
  if [[ -z $path && -x $cache/wasm3/wasm3 ]]; then
    path=$cache/wasm3/wasm3
  elif [[ -z $path ]]; then
    path=$(command -v wasm3) || path=
  fi
  if [[ -z $path ]]; then
    say "no wasm3: build version $wasm3_version from its own repository (CMake, release, clang, BUILD_NATIVE=OFF," \
      "BUILD_WASI=simple) and put it on PATH, at $cache/wasm3/wasm3, or name it in DEWAR_WASM3"
    return
  fi
  version=$("$path" --version 2>/dev/null | sed -n 's/^Wasm3 v\([0-9.]*\).*/\1/p')
  if [[ -z $version ]]; then
    say "$path does not run or is no wasm3"
    return
  fi
  [[ $version == "$wasm3_version" ]] || say "wasm3 $version found; figures are quoted for $wasm3_version"
  found wasm3 "$path" "$version"
}

find_node() {
  local path=${DEWAR_NODE:-} version
  [[ -n $path ]] || path=$(command -v node) || path=
  if [[ -z $path ]]; then
    say "no node: install Node.js 20 or newer, or name it in DEWAR_NODE"
    return
  fi
  version=$("$path" -p '`${process.versions.node} (V8 ${process.versions.v8})`' 2>/dev/null)
  if [[ ! $version =~ ^([0-9]+)\. ]] || ((BASH_REMATCH[1] < 20)); then
    say "$path is not Node.js 20 or newer (${version:-it does not run})"
    return
  fi
  found node "$path" "$version"
}

is_yosys() { [[ -f $1 ]] && echo "$yosys_sha256  $1" | sha256sum --check --status; }

find_yosys() {
  local folder=$cache/yosys-$yosys_version
  local file=$folder/package/gen/yosys.core.wasm
  if ! is_yosys "$file"; then
    if ((offline)) || ! command -v npm >/dev/null; then
      say "no yosys: run tools/peers.sh with network access and the npm client"
      return
    fi
    mkdir -p "$folder"
    say "fetching @yowasp/yosys $yosys_version into $folder"
    if ! (cd "$folder" && npm pack --silent "@yowasp/yosys@$yosys_version" >/dev/null &&
      tar -xzf "yowasp-yosys-$yosys_version.tgz" package/gen/yosys.core.wasm &&
      rm -f "yowasp-yosys-$yosys_version.tgz"); then
      say "no yosys: npm could not fetch it"
      return
    fi
    if ! is_yosys "$file"; then
      say "no yosys: the package holds another file than expected"
      return
    fi
  fi
  found yosys "$file" "$yosys_version"
}

find_wasm3
find_node
find_yosys
exit 0
