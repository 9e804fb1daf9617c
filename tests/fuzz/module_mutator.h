// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mutations that mostly keep a module valid: opcodes become others with the same operands and immediates, constants and
// offsets change in place. No byte moves, so every section stays as it is.
#pragma once

#include <span>

#include "base/types.h"
#include "fuzz/mutator.h"

namespace dewar::fuzz {

/// Edits up to `edits` instructions of a decodable module in place. False, with nothing changed, if it does not decode
/// or has no code.
bool mutate_instructions(Random& random, std::span<u8> bytes, u32 edits);

}  // namespace dewar::fuzz
