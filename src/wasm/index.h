// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Strong index types: one per index space of the spec (2.5.1), so that mixing two spaces does not compile.
#pragma once

#include <compare>

#include "base/types.h"

namespace dewar::wasm {

/// An index into one index space. `Tag` only tells the spaces apart.
template <class Tag>
struct Index {
  u32 value = 0;
  constexpr Index() = default;
  constexpr explicit Index(u32 v) : value(v) {}
  friend constexpr auto operator<=>(Index, Index) = default;
};

using TypeIndex = Index<struct TypeTag>;      ///< type of a module
using CanonId = Index<struct CanonTag>;       ///< type in the engine's TypeRegistry; equal ids = equal types
using FuncIndex = Index<struct FuncTag>;      ///< imports first, then definitions
using TableIndex = Index<struct TableTag>;    ///< imports first
using MemoryIndex = Index<struct MemoryTag>;  ///< imports first
using GlobalIndex = Index<struct GlobalTag>;  ///< imports first
using TagIndex = Index<struct TagTag>;        ///< imports first
using ElemIndex = Index<struct ElemTag>;      ///< element segment
using DataIndex = Index<struct DataTag>;      ///< data segment

}  // namespace dewar::wasm
