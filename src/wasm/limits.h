// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Implementation limits, as in the WebAssembly JavaScript API specification ("Implementation-defined Limits").
// Each is checked by the decoder or validator before anything is allocated, with error code "wasm-limit".
#pragma once

#include "base/types.h"

namespace dewar::wasm {

inline constexpr u64 kMaxModuleSize = u64{1} << 30;
inline constexpr u32 kMaxTypes = 1'000'000;
inline constexpr u32 kMaxRecGroups = 1'000'000;
inline constexpr u32 kMaxRecGroupSize = 1'000'000;
inline constexpr u32 kMaxSubtypingDepth = 63;
inline constexpr u32 kMaxStructFields = 10'000;
inline constexpr u32 kMaxFunctions = 1'000'000;
inline constexpr u32 kMaxImports = 1'000'000;
inline constexpr u32 kMaxExports = 1'000'000;
inline constexpr u32 kMaxGlobals = 1'000'000;
inline constexpr u32 kMaxTags = 1'000'000;
inline constexpr u32 kMaxDataSegments = 100'000;
inline constexpr u32 kMaxElemSegments = 10'000'000;
inline constexpr u32 kMaxElemEntries = 10'000'000;
inline constexpr u32 kMaxTables = 100'000;
inline constexpr u32 kMaxMemories = 100;
inline constexpr u64 kMaxTableSize = 10'000'000;
inline constexpr u32 kMaxParams = 1'000;
inline constexpr u32 kMaxResults = 1'000;
inline constexpr u32 kMaxLocals = 50'000;
inline constexpr u32 kMaxFunctionBody = 7'654'321;
inline constexpr u32 kMaxBrTable = 65'520;
inline constexpr u32 kMaxArrayNewFixed = 10'000;
inline constexpr u32 kMaxNameLength = 100'000;
inline constexpr u32 kMaxTryTableCatches = 10'000;
/// Open blocks in one function (no figure in the JS API; bounds validator memory).
inline constexpr u32 kMaxNesting = 100'000;
/// Operands on the stack at one time (no figure in the JS API either; a power of two, at least 64).
inline constexpr u32 kMaxOperands = 1u << 20;
/// Pages of a 32-bit memory / of a 64-bit memory (64 KiB pages): what validation accepts.
inline constexpr u64 kMaxPages32 = u64{1} << 16;
inline constexpr u64 kMaxPages64 = u64{1} << 48;

}  // namespace dewar::wasm
