// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The import descriptor: what the boundary knows about one host function (design D9). Grants, audit, recording and
// interposition read it; bodies never repeat it. Descriptors are constexpr rows, checked at compile time by
// `well_formed`, so a row whose roles do not fit its signature does not build.
#pragma once

#include <array>
#include <string_view>

#include "base/types.h"
#include "runtime/host.h"

namespace dewar::boundary {

class HostCall;

/// What an argument means. Pointers are addresses in the caller's memory 0 or its exported "memory".
enum class Role : u8 {
  none,        ///< no argument here
  scalar,      ///< a plain number
  flags,       ///< a set of bits
  rights,      ///< a set of handle rights
  handle,      ///< a handle number; `rights` says what the call needs of it
  ptr_in,      ///< guest bytes read; their number is argument `len_arg` times `size`, or just `size`
  ptr_out,     ///< guest bytes written; likewise, as an upper bound
  path_in,     ///< guest bytes that are a path; their number is argument `len_arg`
  iovecs_in,   ///< array of {address, size} of guest bytes to be read; `len_arg` = number of entries
  iovecs_out,  ///< array of {address, size} of guest bytes to be written; `len_arg` = number of entries
  length,      ///< a length or count that a pointer role refers to
  offset,      ///< a position in a file or directory
  time,        ///< nanoseconds
};

/// What a call does to the world. A set.
enum Effect : u16 {
  kPure = 0,
  kReadsInput = 1 << 0,    ///< file contents, directories, metadata, standard input
  kWritesOutput = 1 << 1,  ///< file contents, names, standard output
  kReadsClock = 1 << 2,
  kReadsRandom = 1 << 3,
  kReadsConfig = 1 << 4,  ///< arguments, environment
  kHandles = 1 << 5,      ///< opens, closes or changes handles
  kExits = 1 << 6,
  kBlocks = 1 << 7,  ///< may wait
  kNetwork = 1 << 8,
};

/// The kind of grant that a call draws on.
enum class GrantKind : u8 { none, args, environment, clock, random, files, stdio, network };

/// One argument of a host function.
struct ArgDesc {
  Role role = Role::none;
  u8 len_arg = kNoLength;  ///< index of the argument with the length
  u16 size = 0;            ///< bytes per element, or of the whole if there is no length argument
  u64 rights = 0;          ///< Role::handle: rights that the call needs of the handle

  static constexpr u8 kNoLength = 0xff;
};

using HostBody = runtime::HostStatus (*)(HostCall& call);

inline constexpr usize kMaxArgs = 9;

/// One host function. `sig` is parameters, a colon, results: i = i32, I = i64, f = f32, F = f64.
struct ImportDesc {
  std::string_view module;
  std::string_view name;
  std::string_view sig;
  std::array<ArgDesc, kMaxArgs> args{};
  u16 effects = kPure;
  GrantKind grant = GrantKind::none;
  HostBody body = nullptr;

  constexpr usize num_params() const { return sig.find(':'); }
  constexpr usize num_results() const { return sig.size() - num_params() - 1; }
};

/// The row makes sense: letters known, one role per parameter, lengths refer to length arguments.
constexpr bool well_formed(const ImportDesc& d) {
  if (d.name.empty() || !d.body || d.sig.find(':') == std::string_view::npos) return false;
  for (char c : d.sig) {
    if (c != 'i' && c != 'I' && c != 'f' && c != 'F' && c != ':') return false;
  }
  const usize n = d.num_params();
  if (n > kMaxArgs || d.num_results() > 1) return false;
  for (usize i = 0; i < kMaxArgs; ++i) {
    const ArgDesc& a = d.args[i];
    if ((a.role == Role::none) != (i >= n)) return false;
    if (a.len_arg != ArgDesc::kNoLength && (a.len_arg >= n || d.args[a.len_arg].role != Role::length)) return false;
    const bool pointer = a.role == Role::ptr_in || a.role == Role::ptr_out || a.role == Role::path_in ||
                         a.role == Role::iovecs_in || a.role == Role::iovecs_out;
    if (pointer && (d.sig[i] != 'i' || a.size == 0)) return false;
    if (!pointer && a.len_arg != ArgDesc::kNoLength) return false;
    const bool counted = a.role == Role::path_in || a.role == Role::iovecs_in || a.role == Role::iovecs_out;
    if (counted && a.len_arg == ArgDesc::kNoLength) return false;
    if (a.role != Role::handle && a.rights != 0) return false;
  }
  return true;
}

}  // namespace dewar::boundary
