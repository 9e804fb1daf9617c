// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// encode is the identity on canonical bytes; anything else becomes canonical with the same meaning; branch hints move
// with the instructions they belong to.
#include "wasm/encoder.h"

#include <gtest/gtest.h>

#include "module_bytes.h"

namespace dewar::wasm {
namespace {

using namespace test;

Bytes reencode(const Bytes& bytes) {
  TypeRegistry registry;
  auto m = decode(bytes, registry);
  EXPECT_TRUE(m.has_value()) << (m ? "" : m.error().message);
  if (!m) return {};
  auto out = encode(**m);
  EXPECT_TRUE(out.has_value());
  return out ? *out : Bytes{};
}

TEST(Encoder, KeepsCanonicalBytes) {
  EXPECT_EQ(reencode(full_module()), full_module());
  EXPECT_EQ(reencode(module({})), module({}));
}

TEST(Encoder, KeepsEmptyGroupsAndCustomOrder) {
  const Bytes bytes = module({custom("a", {}), custom("b", {1}), section(1, vec({{0x4e, 0}, kVoidType, {0x4e, 0}})),
                              custom("c", {}), section(3, {1, 0}), custom("d", {}), section(10, vec({body({0, 0x0b})})),
                              custom("e", {2}), custom("a", {3})});
  EXPECT_EQ(reencode(bytes), bytes);
}

TEST(Encoder, ShortensWhatIsLong) {
  const Bytes padded = module({
      Bytes{1, 0x8a, 0x80, 0, 0x81, 0, 0x4e, 0x81, 0, 0x4f, 0, 0x60, 0, 0},  // padded size, group of one, "sub final"
      section(3, {1, 0x80, 0}),
      section(4, {0}),  // empty section
      section(5, vec({{0, 0x81, 0}})),
      section(10,
              vec({body({1, 0x82, 0, 0x63, 0x70, 0x41, 0x80, 0, 0x1a, 0x41, 0, 0x28, 0x42, 0, 0x80, 0, 0x1a, 0x0b})})),
  });
  const Bytes expected = module({
      section(1, vec({kVoidType})),
      section(3, {1, 0}),
      section(5, vec({{0, 1}})),
      section(10, vec({body({1, 2, 0x70, 0x41, 0, 0x1a, 0x41, 0, 0x28, 2, 0, 0x1a, 0x0b})})),
  });
  EXPECT_EQ(reencode(padded), expected);
  EXPECT_EQ(reencode(expected), expected);
}

TEST(Encoder, PrefersShortSegmentForms) {
  const auto with = [](Bytes elem, Bytes data) {
    return module({section(1, vec({kVoidType})), section(2, vec({{0, 0, 0, 0}})), section(4, vec({{0x70, 0, 1}})),
                   section(5, vec({{0, 1}})), section(9, vec({elem})), section(11, vec({data}))});
  };
  EXPECT_EQ(reencode(with({2, 0, 0x41, 0, 0x0b, 0, 1, 0}, {2, 0, 0x41, 0, 0x0b, 1, 'x'})),
            with({0, 0x41, 0, 0x0b, 1, 0}, {0, 0x41, 0, 0x0b, 1, 'x'}));
  const Bytes explicit_type = with({6, 0, 0x41, 0, 0x0b, 0x64, 0x70, 1, 0xd2, 0, 0x0b}, {1, 0});
  EXPECT_EQ(reencode(explicit_type), explicit_type) << "a non-null element type has no short form";
}

TEST(Encoder, MovesBranchHintsWithTheirInstructions) {
  const auto with = [](u8 pc, Bytes code) {
    return module({section(1, vec({kVoidType})), section(3, {2, 0, 0}),
                   custom("metadata.code.branch_hint", vec({leb(1) + vec({{pc, 1, 0}})})),
                   section(10, vec({body({0, 0x0b}), body(code)}))});
  };
  EXPECT_EQ(reencode(with(6, {0, 0x41, 0x80, 0x80, 0x80, 0, 0x04, 0x40, 0x0b, 0x0b})),
            with(3, {0, 0x41, 0, 0x04, 0x40, 0x0b, 0x0b}));
  TypeRegistry registry;
  auto m = decode(with(6, {0, 0x41, 0x80, 0x80, 0x80, 0, 0x04, 0x40, 0x0b, 0x0b}), registry,
                  {Features().set(Feature::branch_hints, false)});
  ASSERT_TRUE(m.has_value());
  EXPECT_EQ(encode(**m), with(3, {0, 0x41, 0, 0x04, 0x40, 0x0b, 0x0b})) << "also where hints are switched off";
}

TEST(Encoder, CopiesBodiesItCannotRead) {
  const Bytes bytes = module(
      {section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body({0, 0x41, 0x80, 0, 0xff, 0x0b})}))});
  EXPECT_EQ(reencode(bytes), bytes);
}

}  // namespace
}  // namespace dewar::wasm
