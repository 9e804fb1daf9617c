// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Each feature switched off alone: the constructs it brought are refused with a hint that names it, and a module that
// does not use it still loads.
#include <gtest/gtest.h>

#include "module_bytes.h"

namespace dewar::wasm {
namespace {

using namespace test;

struct Case {
  Feature feature;
  const char* what;
  Bytes bytes;
  const char* code = "wasm-feature";
};

Bytes global(Bytes type_and_init) { return module({section(1, vec({kVoidType})), section(6, vec({type_and_init}))}); }

std::vector<Case> cases() {
  return {
      {Feature::mutable_globals, "import", module({section(2, vec({{0, 0, 3, 0x7f, 1}}))})},
      {Feature::mutable_globals, "export",
       module({section(6, vec({{0x7f, 1, 0x41, 0, 0x0b}})), section(7, vec({{0, 3, 0}}))})},
      {Feature::multi_value, "results", module({section(1, vec({{0x60, 0, 2, 0x7f, 0x7f}}))})},
      {Feature::bulk_memory, "passive data", module({section(11, vec({{1, 0}}))})},
      {Feature::bulk_memory, "passive elements", module({section(9, vec({{1, 0, 0}}))})},
      {Feature::bulk_memory, "data count", module({section(12, {0})})},
      {Feature::reference_types, "externref", global({0x6f, 0, 0xd0, 0x6f, 0x0b})},
      {Feature::reference_types, "funcref global", global({0x70, 0, 0xd0, 0x70, 0x0b})},
      {Feature::reference_types, "second table", module({section(4, vec({{0x70, 0, 0}, {0x70, 0, 0}}))}),
       "wasm-invalid"},
      {Feature::simd, "v128", module({section(1, vec({{0x60, 1, 0x7b, 0}}))})},
      {Feature::simd, "v128.const", global({0x7b, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b})},
      {Feature::extended_const, "i32.add", global({0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b})},
      {Feature::multi_memory, "second memory", module({section(5, vec({{0, 0}, {0, 0}}))}), "wasm-invalid"},
      {Feature::multi_memory, "second imported memory",
       module({section(2, vec({{0, 0, 2, 0, 0}})), section(5, vec({{0, 0}}))}), "wasm-invalid"},
      {Feature::memory64, "memory", module({section(5, vec({{4, 0}}))})},
      {Feature::memory64, "table", module({section(4, vec({{0x70, 4, 0}}))})},
      {Feature::function_references, "(ref func)", module({section(1, vec({{0x60, 1, 0x64, 0x70, 0}}))})},
      {Feature::function_references, "(ref null 0)", module({section(1, vec({kVoidType, {0x60, 1, 0x63, 0, 0}}))})},
      {Feature::function_references, "table with init",
       module({section(4, vec({{0x40, 0, 0x70, 0, 0, 0xd0, 0x70, 0x0b}}))})},
      {Feature::gc, "struct", module({section(1, vec({{0x5f, 0}}))})},
      {Feature::gc, "array", module({section(1, vec({{0x5e, 0x7f, 0}}))})},
      {Feature::gc, "rec", module({section(1, Bytes{1, 0x4e} + vec({kVoidType}))})},
      {Feature::gc, "sub", module({section(1, vec({{0x50, 0, 0x60, 0, 0}}))})},
      {Feature::gc, "anyref", module({section(1, vec({{0x60, 1, 0x6e, 0}}))})},
      {Feature::gc, "ref.i31", global({0x6e, 0, 0x41, 0, 0xfb, 0x1c, 0x0b})},
      {Feature::gc, "global.get of a definition",
       module({section(6, vec({{0x7f, 0, 0x41, 1, 0x0b}, {0x7f, 0, 0x23, 0, 0x0b}}))})},
      {Feature::exceptions, "exnref", module({section(1, vec({{0x60, 1, 0x69, 0}}))})},
      {Feature::threads, "shared memory", module({section(5, vec({{3, 0, 1}}))})},
      {Feature::custom_page_sizes, "page size", module({section(5, vec({{8, 0, 0}}))})},
  };
}

TEST(DecoderFeatures, EachConstructNeedsItsFeature) {
  for (const Case& c : cases()) {
    EXPECT_EQ(outcome(c.bytes), "") << c.what;
    Features features;
    features.set(c.feature, false);
    TypeRegistry registry;
    auto m = decode(c.bytes, registry, {features});
    ASSERT_FALSE(m.has_value()) << c.what;
    EXPECT_STREQ(m.error().code, c.code) << c.what;
    EXPECT_NE(m.error().hint.find("-W " + std::string(feature_name(c.feature)) + "=y"), std::string::npos)
        << c.what << ": " << m.error().hint;
    EXPECT_NE(m.error().hint.find("--features"), std::string::npos) << c.what;
  }
}

TEST(DecoderFeatures, TagsNeedOneKindOfExceptions) {
  const Bytes tag = module({section(1, vec({kVoidType})), section(13, vec({{0, 0}}))});
  EXPECT_EQ(code_of(tag, Features().set(Feature::exceptions, false)), "ok");
  EXPECT_EQ(code_of(tag, Features().set(Feature::legacy_exceptions, false)), "ok");
  EXPECT_EQ(code_of(tag, Features().set(Feature::legacy_exceptions, false).set(Feature::exceptions, false)),
            "wasm-feature");
}

TEST(DecoderFeatures, NarrowLimitsWithoutMemory64) {
  const Bytes wide = module({section(5, vec({{0, 0x80, 0x80, 0x80, 0x80, 0x10}}))});
  EXPECT_EQ(code_of(wide), "wasm-invalid");
  EXPECT_EQ(code_of(wide, Features().set(Feature::memory64, false)), "wasm-malformed");
}

TEST(DecoderFeatures, TheFirstVersionOfTheLanguageStillLoads) {
  const Bytes old =
      module({section(1, vec({{0x60, 1, 0x7f, 1, 0x7f}})), section(2, vec({name("a") + name("b") + Bytes{3, 0x7f, 0}})),
              section(3, vec({{0}})), section(4, vec({{0x70, 1, 1, 2}})), section(5, vec({{0, 1}})),
              section(6, vec({{0x7f, 1, 0x23, 0, 0x0b}})), section(7, vec({name("f") + Bytes{0, 0}})),
              section(9, vec({{0, 0x41, 0, 0x0b, 1, 0}})), section(10, vec({body({0, 0x20, 0, 0x0b})})),
              section(11, vec({{0, 0x41, 0, 0x0b, 1, 'x'}}))});
  EXPECT_EQ(outcome(old, Features::none()), "");
  EXPECT_EQ(code_of(full_module(), Features::none()), "wasm-feature");
}

TEST(DecoderFeatures, BranchHintsAreIgnoredWhenOff) {
  TypeRegistry registry;
  auto on = decode(full_module(), registry);
  auto off = decode(full_module(), registry, {Features().set(Feature::branch_hints, false)});
  ASSERT_TRUE(on && off);
  EXPECT_EQ((*on)->branch_hints.size(), 1u);
  EXPECT_TRUE((*off)->branch_hints.empty());
}

}  // namespace
}  // namespace dewar::wasm
