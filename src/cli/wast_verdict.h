// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Does the way something failed fit what a script asserts? Classification is by error code: a module that is asserted
// invalid must decode first, one that is asserted malformed must not.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "text/wast.h"

namespace dewar::cli {

/// Empty if a module that was rejected with `error` satisfies an assertion of kind `kind` (assert_malformed,
/// assert_invalid, their custom forms, assert_unlinkable with its message `expected`); else what is wrong.
std::string judge_rejection(text::CommandKind kind, const Error& error, std::string_view expected);

/// A trap's message against the expected one: one must begin with the other (scripts cut messages short, and some name
/// an index that ours does not).
bool message_fits(std::string_view actual, std::string_view expected);

/// "code: message (offset N / line:column)".
std::string describe_error(const Error& error);

}  // namespace dewar::cli
