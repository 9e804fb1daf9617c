// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module -> bytes (spec 5): canonical LEB128s, canonical segment forms; decode(encode(m)) means the same as m, and
// encode is the identity on bytes that are already canonical.
#pragma once

#include <vector>

#include "base/error.h"
#include "wasm/module.h"

namespace dewar::wasm {

/// Encodes a decoded module, custom sections in their places.
Result<std::vector<u8>> encode(const Module& module);

}  // namespace dewar::wasm
