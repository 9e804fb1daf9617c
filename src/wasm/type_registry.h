// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonical types of an engine: structurally equal recursive groups (spec 3.1.3, "rolling") get equal CanonIds, so type
// equality is an integer compare across modules and tiers. Append-only; reads take no lock; interning takes one mutex.
// Invariant: a CanonId handed out stays valid and unchanged for the registry's life.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "wasm/types.h"

namespace dewar::wasm {

class TypeRegistry {
 public:
  /// Most canonical types an engine keeps; beyond it loading fails with "wasm-limit".
  static constexpr u32 kMaxTypes = 1u << 21;

  TypeRegistry();
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  /// Interns the recursive group `group` whose first member has module index `first`. `canon` maps every module type
  /// index below `first` to its id. Writes group.size() ids to `out`. Types must be valid.
  Result<void> intern(std::span<const SubType> group, u32 first, std::span<const CanonId> canon,
                      std::span<CanonId> out);

  /// The type of an id. The reference stays valid.
  const CanonSubType& type(CanonId id) const;
  /// sub == super or super is among sub's declared supertypes (spec 3.3.9). Constant time (display).
  bool is_subtype(CanonId sub, CanonId super) const;
  /// Value subtyping in canonical space (spec 3.3.4); kBottom matches everything.
  bool matches(CanonValType sub, CanonValType super) const;
  u32 size() const { return size_.load(std::memory_order_acquire); }

  /// Interns a plain final function type without concrete references (host functions).
  Result<CanonId> func_type(std::span<const CanonValType> params, std::span<const CanonValType> results);

 private:
  struct Entry;
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::atomic<u32> size_{0};
};

/// Text of a type for messages, e.g. "(ref null func)", "i32".
std::string to_string(CanonValType t);
std::string to_string(ValType t);

}  // namespace dewar::wasm
