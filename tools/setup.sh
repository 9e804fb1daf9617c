#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs the Debian/Ubuntu packages that Dewar is built with. When everything is there it looks at a few file names
# and returns at once, without calling apt. Where it may not install (neither root nor sudo without a password) it
# prints the command to run and exits with 1.
#
# usage: tools/setup.sh [--dry-run] [test] [bench] [aarch64]
#   --dry-run  print the command instead of running it; exit 0 if nothing is missing, else 1
#   test       also what compiles C and C++ to WebAssembly for the tests, and reads machine code, where the system
#              offers it
#   bench      also what compiles the benchmark programs to WebAssembly
#   aarch64    also the AArch64 cross compiler and emulator of `make test-aarch64`
# DEWAR_CXX=... chooses a compiler yourself; then no compiler package is looked for.
# DEWAR_SETUP_ROOT=DIR looks for files below DIR instead of / (for preparing images, and for the test of this script).
set -euo pipefail

root=${DEWAR_SETUP_ROOT:-}
dry_run=0
with_test=0
with_bench=0
with_aarch64=0
for argument in "$@"; do
  case $argument in
    --dry-run) dry_run=1 ;;
    test) with_test=1 ;;
    bench) with_bench=1 ;;
    aarch64) with_aarch64=1 ;;
    fuzz) ;;  # libFuzzer comes with the compiler's run-time package, which everybody gets
    *)
      echo "tools/setup.sh: unknown argument '$argument' (known: --dry-run test bench aarch64 fuzz)" >&2
      exit 1
      ;;
  esac
done

missing=()

# need PACKAGE PATH...: the package is missing unless one of the paths (patterns allowed) exists.
need() {
  local package=$1 path
  shift
  for path in "$@"; do
    compgen -G "$root$path" >/dev/null && return
  done
  missing+=("$package")
}

# need_command PACKAGE COMMAND: a command may come from anywhere, not only from its package.
need_command() {
  if [[ -n $root ]]; then
    need "$1" "/usr/bin/$2" "/bin/$2"
  else
    command -v "$2" >/dev/null 2>&1 || missing+=("$1")
  fi
}

available() { apt-cache show "$1" >/dev/null 2>&1; }

# want PACKAGE PATH...: as need, but nothing is missing where the system does not offer the package.
want() {
  local known=${#missing[@]}
  need "$@"
  if ((${#missing[@]} > known)) && ! available "$1"; then unset "missing[-1]"; fi
}

# 22 is what the interpreter is tuned with, so it comes first; any newest of the others will do.
versions=(22 23 21 20 19)
clang=
find_clang() {
  local version
  for version in "${versions[@]}"; do
    if compgen -G "$root/usr/bin/clang++-$version" >/dev/null; then
      clang=$version
      return
    fi
  done
}

choose_clang_to_install() {
  local version
  for version in "${versions[@]}"; do
    if available "clang-$version"; then
      clang=$version
      return
    fi
  done
  echo "tools/setup.sh: no clang 19 or newer among the packages of this system." >&2
  echo "Add the repository of https://apt.llvm.org, or set DEWAR_CXX and DEWAR_CC to a compiler you have." >&2
  exit 1
}

need_all() {
  missing=()
  if [[ -z ${DEWAR_CXX:-} && -n $clang ]]; then
    need "clang-$clang" "/usr/bin/clang++-$clang"
    need "lld-$clang" "/usr/bin/ld.lld-$clang"
    need "llvm-$clang" "/usr/lib/llvm-$clang/bin/llvm-symbolizer"
    need "libclang-rt-$clang-dev" "/usr/lib/llvm-$clang/lib/clang/$clang/lib/linux/libclang_rt.fuzzer*"
    need "clang-format-$clang" "/usr/bin/clang-format-$clang"
    need "clang-tidy-$clang" "/usr/bin/clang-tidy-$clang"
  fi
  need_command cmake cmake
  need_command ninja-build ninja
  need_command ccache ccache
  need_command make make
  need_command python3 python3
  need_command nodejs node
  need_command npm npm
  need libgtest-dev "/usr/include/gtest/gtest.h"
  need libgmock-dev "/usr/include/gmock/gmock.h"
  need libsodium-dev "/usr/include/sodium.h"
  need libyaml-dev "/usr/include/yaml.h"
  want libzydis-dev "/usr/include/Zydis/Zydis.h"
  if ((with_test)); then
    want wasi-libc "/usr/include/wasm32-wasi/stdio.h"
    if [[ -n $clang ]]; then
      want "libclang-rt-$clang-dev-wasm32" "/usr/lib/llvm-$clang/lib/clang/$clang/lib/wasi/*" \
        "/usr/lib/llvm-$clang/lib/clang/$clang/lib/wasm32*/*"
      want "libc++-$clang-dev-wasm32" "/usr/lib/llvm-$clang/lib/wasm32-wasi/libc++.a"
      want "libc++abi-$clang-dev-wasm32" "/usr/lib/llvm-$clang/lib/wasm32-wasi/libc++abi.a"
    fi
  fi
  if ((with_bench)); then
    need wasi-libc "/usr/include/wasm32-wasi/stdio.h"
    if [[ -n $clang ]]; then
      need "libclang-rt-$clang-dev-wasm32" "/usr/lib/llvm-$clang/lib/clang/$clang/lib/wasi/*" \
        "/usr/lib/llvm-$clang/lib/clang/$clang/lib/wasm32*/*"
    fi
  fi
  if ((with_aarch64)); then
    need_command qemu-user qemu-aarch64
    need g++-aarch64-linux-gnu "/usr/bin/aarch64-linux-gnu-g++"
  fi
}

find_clang
need_all
want_clang=0
[[ -z ${DEWAR_CXX:-} && -z $clang ]] && want_clang=1
if ((${#missing[@]} == 0 && want_clang == 0)); then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  ((want_clang)) && missing=("clang >= 19" lld llvm "${missing[@]}")
  echo "tools/setup.sh: this system has no apt-get. Please install what these Debian packages hold: ${missing[*]}" >&2
  exit 1
fi

as_root=()
may_install=1
if [[ $(id -u) != 0 ]]; then
  as_root=(sudo)
  sudo -n true 2>/dev/null || may_install=0
fi

if ((dry_run || !may_install)); then
  ((want_clang)) && choose_clang_to_install && need_all
  command_line="apt-get install -y --no-install-recommends ${missing[*]}"
  [[ $(id -u) != 0 ]] && command_line="sudo $command_line"
  ((dry_run)) || echo "tools/setup.sh: packages are missing and cannot be installed without root. Please run:" >&2
  echo "$command_line"
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# A broken third-party list must not stop the installation of packages from the other lists.
"${as_root[@]}" apt-get update -q || echo "tools/setup.sh: apt-get update failed; trying with the lists there are" >&2
((want_clang)) && choose_clang_to_install && need_all
"${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"

find_clang
need_all
if ((${#missing[@]} != 0)); then
  echo "tools/setup.sh: still missing after the installation: ${missing[*]}" >&2
  exit 1
fi
