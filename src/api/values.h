// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values of invoked functions as text: arguments typed on a command line, results shown. Numbers as in the text
// format (spec 6.3), decimal where a person reads them; references only as far as text can name them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/store.h"

namespace dewar::api {

/// Reads one argument of type `type` into its slots (two for v128: 0x and up to 32 hexadecimal digits).
/// Code: "invoke-argument".
Result<void> parse_value(std::string_view text, wasm::CanonValType type, Slot* slots);

/// The value in `slots` without its type: "7", "-0.5", "nan:0x200000", "0x00..", "null", "func", "object".
std::string value_text(wasm::CanonValType type, const Slot* slots);

}  // namespace dewar::api
