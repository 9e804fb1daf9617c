// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: bytes -> decode -> validate. Every rejection has one of the documented codes and an offset inside the
// input, and bodies get the verdict of the full walk; what is valid survives encode -> decode with equal shape, and
// encoding twice gives the same bytes.
#include <string_view>

#include "fuzz/fuzz_target.h"
#include "fuzz/module_shape.h"
#include "wasm/decoder.h"
#include "wasm/encoder.h"
#include "wasm/names.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"
#include "wasm/walker.h"

namespace {

using namespace dewar;

void check_error(const Error& error, usize size) {
  const std::string_view code = error.code;
  DEWAR_FUZZ_CHECK(code == "wasm-malformed" || code == "wasm-invalid" || code == "wasm-limit" || code == "wasm-feature",
                   "error code is not one of the decoder's");
  DEWAR_FUZZ_CHECK(!error.message.empty(), "error without a message");
  DEWAR_FUZZ_CHECK(error.offset == Error::kNoOffset || error.offset <= size, "error offset lies outside the input");
}

/// The validator's short way through a body (walker_fast.h) finds what the full walk finds.
void check_full_walk(const wasm::Module& module, const Result<void>& verdict) {
  wasm::NullSink sink;
  wasm::WalkScratch scratch;
  for (u32 i = module.num_imported_funcs; i < module.funcs.size(); ++i) {
    const auto walked = wasm::walk(module, wasm::FuncIndex{i}, sink, scratch);
    if (walked) continue;
    DEWAR_FUZZ_CHECK(!verdict, "the validator accepts what the walker rejects");
    const Error &a = walked.error(), &b = verdict.error();
    DEWAR_FUZZ_CHECK(std::string_view(a.code) == b.code && a.message == b.message && a.offset == b.offset,
                     "validator and walker give different errors");
    return;
  }
  DEWAR_FUZZ_CHECK(verdict.has_value(), "the validator rejects what the walker accepts");
}

void check_round_trip(const wasm::Module& module, wasm::TypeRegistry& registry) {
  auto first = wasm::encode(module);
  DEWAR_FUZZ_CHECK(first.has_value(), "a valid module does not encode");
  const std::vector<u8> bytes = *first;
  auto again = wasm::load_module(std::move(*first), registry, module.features);
  DEWAR_FUZZ_CHECK(again.has_value(), "an encoded valid module is rejected");
  const std::string difference = fuzz::shape_difference(module, **again);
  if (!difference.empty()) std::fprintf(stderr, "difference: %s\n", difference.c_str());
  DEWAR_FUZZ_CHECK(difference.empty(), "encoding changed the module");
  const auto second = wasm::encode(**again);
  DEWAR_FUZZ_CHECK(second.has_value() && *second == bytes, "encoding is not a fixed point");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  wasm::TypeRegistry registry;
  wasm::DecodeOptions options;
  auto module = wasm::decode(std::vector<u8>(data, data + size), registry, options);
  if (!module) {
    check_error(module.error(), size);
    return 0;
  }
  wasm::read_names(**module);  // lenient: must only not crash
  const auto valid = wasm::validate_bodies(**module);
  check_full_walk(**module, valid);
  if (!valid) {
    check_error(valid.error(), size);
    return 0;
  }
  check_round_trip(**module, registry);
  // Fewer features never crash either; whether they accept is the module's business.
  options.features = wasm::Features::none();
  if (auto narrow = wasm::load_module(std::vector<u8>(data, data + size), registry, options.features); !narrow) {
    check_error(narrow.error(), size);
  }
  return 0;
}
