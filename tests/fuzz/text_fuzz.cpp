// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: any bytes as a module in text and as a script. Rejections have a documented code and a position inside
// the source; what is accepted is a module whose bytes the decoder takes or rejects in good order.
#include <algorithm>
#include <string_view>

#include "fuzz/fuzz_target.h"
#include "text/wast.h"
#include "text/wat.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace {

using namespace dewar;

// Low, so that a short run meets the limits too.
constexpr u64 kMaxSource = u64{1} << 16;
constexpr u32 kMaxNesting = 1000;

void check_error(const Error& error, std::string_view source) {
  const std::string_view code = error.code;
  DEWAR_FUZZ_CHECK(code == "wat-syntax" || code == "wat-limit", "error code is not one of the text parser's");
  DEWAR_FUZZ_CHECK(!error.message.empty(), "error without a message");
  if (error.line == 0) {
    DEWAR_FUZZ_CHECK(code == "wat-limit", "syntax error without a position");
    return;
  }
  // CR, LF and CRLF all end a line, so this is an upper bound.
  const auto ends = std::ranges::count_if(source, [](char c) { return c == '\n' || c == '\r'; });
  DEWAR_FUZZ_CHECK(error.column >= 1 && error.line <= ends + 1, "error position lies outside the source");
}

void check_module(const std::vector<u8>& bytes) {
  wasm::TypeRegistry registry;
  const auto module = wasm::load_module(bytes, registry);
  if (!module) {
    DEWAR_FUZZ_CHECK(!module.error().message.empty(), "error without a message");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  text::WatOptions options;
  options.max_source = kMaxSource;
  options.max_nesting = kMaxNesting;
  if (const auto bytes = text::wat_to_wasm(source, options)) {
    check_module(*bytes);
  } else {
    check_error(bytes.error(), source);
  }
  const auto script = text::parse_wast(source, options);
  if (!script) {
    check_error(script.error(), source);
    return 0;
  }
  for (const text::Command& command : script->commands) {
    if (command.module && !command.module->error) check_module(command.module->bytes);
    if (command.module && command.module->error) {
      DEWAR_FUZZ_CHECK(command.module->bytes.empty(), "a module that was not parsed has bytes");
    }
  }
  return 0;
}
