// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WebAssembly text -> binary module (spec 6). The parser writes bytes and nothing else (design D16): there is no module
// representation here, so the binary decoder and the validator judge what text means. All features are understood;
// whether a module may use them is for the decoder to say.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/stop.h"

namespace dewar::text {

struct WatOptions {
  /// Write `$ids` and `@name` annotations to the "name" custom section.
  bool names = true;
  /// Longer sources are refused with "wat-limit", in bytes.
  u64 max_source = u64{256} << 20;
  /// Instructions nested deeper are refused with "wat-limit". Nesting costs heap, never native stack.
  u32 max_nesting = 100'000;
  const base::StopFlag* stop = nullptr;  ///< looked at every few thousand tokens
};

/// The bytes of the module that `source` describes: `(module ...)`, module fields without the `(module`, or
/// `(module binary "...")` / `(module quote "...")`. Errors: "wat-syntax" (not in the language, with line and column
/// from 1), "wat-limit", "stopped".
Result<std::vector<u8>> wat_to_wasm(std::string_view source, const WatOptions& options = {});

}  // namespace dewar::text
