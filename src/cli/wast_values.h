// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of scripts against values of the engine: arguments into slots, results against patterns, and both into text
// for messages. A pattern fits only if the static type fits too: an i64 never equals an i32 of the same bits.
#pragma once

#include <span>
#include <string>

#include "runtime/store.h"
#include "text/wast.h"

namespace dewar::cli {

/// Appends the slots of an argument for a parameter of type `type`. False if the value is not of that type.
/// Host references are made in the store.
bool append_argument(runtime::Store& store, const text::ScriptValue& value, wasm::CanonValType type,
                     std::vector<Slot>& out);

/// Does a result of static type `type` fit the pattern? `slots` holds type.slots() slots.
bool matches_pattern(runtime::Store& store, const text::ScriptValue& pattern, wasm::CanonValType type,
                     const Slot* slots);

/// "i32 7", "f32 nan:0x400000 (0x7fc00000)", "ref.i31", ...
std::string describe_value(runtime::Store& store, wasm::CanonValType type, const Slot* slots);
std::string describe_pattern(const text::ScriptValue& pattern);

}  // namespace dewar::cli
