// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants and result patterns of scripts. Internal to this folder.
#pragma once

#include "text/token_cursor.h"
#include "text/wast.h"

namespace dewar::text {

/// Reads the constants before a `)`, as arguments: no patterns.
std::vector<ScriptValue> read_arguments(TokenCursor& cursor);
/// Reads the patterns before a `)`.
std::vector<ScriptValue> read_results(TokenCursor& cursor);

}  // namespace dewar::text
