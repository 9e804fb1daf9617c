// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: bytes -> valid module -> text -> bytes means the same, and the bytes made from text are a fixed
// point of print and parse. Also: any decodable module prints or is refused in good order, valid or not.
#include <string_view>

#include "fuzz/fuzz_target.h"
#include "fuzz/module_shape.h"
#include "text/printer.h"
#include "text/wat.h"
#include "wasm/decoder.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace {

using namespace dewar;

constexpr u64 kMaxText = u64{4} << 20;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  wasm::TypeRegistry registry;
  const auto module = wasm::decode(std::vector<u8>(data, data + size), registry);
  if (!module) return 0;
  text::PrintOptions options;
  options.max_output = kMaxText;
  const auto printed = text::print_module(**module, options);
  if (!wasm::validate_bodies(**module)) return 0;
  if (!printed) {
    DEWAR_FUZZ_CHECK(std::string_view(printed.error().code) == "wat-limit", "a valid module does not print");
    return 0;
  }
  auto bytes = text::wat_to_wasm(*printed);
  if (!bytes)
    std::fprintf(stderr, "%u:%u: %s\n", bytes.error().line, bytes.error().column, bytes.error().message.c_str());
  DEWAR_FUZZ_CHECK(bytes.has_value(), "printed text does not parse");
  const std::vector<u8> first = *bytes;
  const auto again = wasm::load_module(std::move(*bytes), registry);
  if (!again) std::fprintf(stderr, "%s\n", again.error().message.c_str());
  DEWAR_FUZZ_CHECK(again.has_value(), "a printed valid module is rejected");
  const std::string difference = fuzz::shape_difference(**module, **again, fuzz::Fidelity::kPrinted);
  if (!difference.empty()) std::fprintf(stderr, "difference: %s\n", difference.c_str());
  DEWAR_FUZZ_CHECK(difference.empty(), "printing changed the module");
  const auto second = text::print_module(**again, options);
  DEWAR_FUZZ_CHECK(second.has_value(), "a module from text does not print");
  const auto third = text::wat_to_wasm(*second);
  DEWAR_FUZZ_CHECK(third.has_value() && *third == first, "bytes from text are not a fixed point of print and parse");
  return 0;
}
