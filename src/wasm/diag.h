// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The errors of the module layer, made in one place so that code, wording and hint agree between decoder and validator:
// "wasm-malformed", "wasm-invalid", "wasm-limit", "wasm-feature".
#pragma once

#include <optional>
#include <string_view>

#include "base/cursor.h"
#include "base/error.h"
#include "wasm/op.h"
#include "wasm/types.h"

namespace dewar::wasm {

class Module;

/// The bytes are not in the binary format (spec 5).
Error malformed(std::string message, u64 offset);
/// The same for a cursor that has failed: its wording, at the value it failed in.
Error malformed(const base::Cursor& cursor);
/// The module breaks a rule of validation (spec 3).
Error invalid(std::string message, u64 offset);
/// More of something than an implementation limit allows: "too many <things>: <count> (the limit is <limit>)".
Error over_limit(std::string_view things, u64 count, u64 limit, u64 offset);
/// `what` needs a feature that is switched off.
Error feature_off(std::string_view what, Feature feature, u64 offset);
/// What to do about a feature that is off, for errors that are worded otherwise.
std::string feature_hint(Feature feature);

/// The newest feature that a value or storage type needs, mvp if none. Looks at the type alone: a concrete type's
/// definition was checked where it was defined.
Feature required_feature(ValType type);

/// What keeps a module from using a value or reference type: an index of no type, or a feature that is off. The
/// module's type section must be decoded.
std::optional<Error> type_problem(const Module& module, ValType type, u64 offset);

}  // namespace dewar::wasm
