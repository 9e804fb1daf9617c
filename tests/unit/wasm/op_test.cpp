// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The invariants of ops.def that everything made from it relies on, and the look-ups of op.cpp.
#include "wasm/op.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace dewar::wasm {
namespace {

std::vector<Op> all_ops() {
  std::vector<Op> ops;
  for (usize i = 0; i < kOpCount; ++i) ops.push_back(static_cast<Op>(i));
  return ops;
}

TEST(Ops, AreOrderedByPrefixThenCodeWithoutRepeats) {
  const OpInfo* last = nullptr;
  for (Op op : all_ops()) {
    const OpInfo& info = op_info(op);
    if (last != nullptr) {
      EXPECT_TRUE(last->prefix < info.prefix || (last->prefix == info.prefix && last->code < info.code))
          << info.id << " is out of order";
    }
    last = &info;
  }
}

TEST(Ops, CodesRoundTrip) {
  for (Op op : all_ops()) {
    const OpInfo& info = op_info(op);
    EXPECT_LT(info.code, op_page_size(info.prefix)) << info.id;
    EXPECT_EQ(op_from_code(info.prefix, info.code), op) << info.id;
  }
}

TEST(Ops, UnknownCodesHaveNoOp) {
  usize found = 0;
  for (u32 prefix = 0; prefix < 256; ++prefix) {
    for (u32 code = 0; code < 0x400; ++code) found += op_from_code(static_cast<u8>(prefix), code) != Op::kCount;
  }
  EXPECT_EQ(found, kOpCount);
  EXPECT_EQ(op_from_code(0, 0xff), Op::kCount);
  EXPECT_EQ(op_from_code(0xfd, ~u32{0}), Op::kCount);
}

TEST(Ops, MnemonicsAreUniqueButForThePairs) {
  std::map<std::string, int> uses;
  for (Op op : all_ops()) ++uses[op_info(op).text.c_str()];
  const std::set<std::string> pairs = {"ref.test", "ref.cast", "select"};
  for (const auto& [text, n] : uses) EXPECT_EQ(n, pairs.contains(text) ? 2 : 1) << text;
}

TEST(Ops, TextRoundTrips) {
  for (Op op : all_ops()) {
    const Op found = op_from_text(op_info(op).text);
    ASSERT_NE(found, Op::kCount) << op_info(op).text;
    EXPECT_STREQ(op_info(found).text, op_info(op).text);
    EXPECT_LE(static_cast<u32>(found), static_cast<u32>(op)) << "the first of a pair is returned";
  }
  EXPECT_EQ(op_from_text(""), Op::kCount);
  EXPECT_EQ(op_from_text("i32.add "), Op::kCount);
  EXPECT_EQ(op_from_text("i32.ad"), Op::kCount);
  EXPECT_EQ(op_from_text(std::string(100000, 'x')), Op::kCount);
}

TEST(Ops, IdsMatchMnemonics) {
  for (Op op : all_ops()) {
    std::string expected(op_info(op).text);
    for (char& c : expected) c = c == '.' ? '_' : c;
    std::string id = op_info(op).id.c_str();
    const std::set<std::string> suffixed = {"select_t", "ref_test_null", "ref_cast_null"};
    if (suffixed.contains(id)) continue;
    if (id.ends_with('_')) id.pop_back();
    EXPECT_EQ(id, expected);
  }
}

TEST(Ops, SignaturesAreWellFormed) {
  for (Op op : all_ops()) {
    const std::string sig = op_info(op).sig.c_str();
    if (sig == "*") continue;
    const usize colon = sig.find(':');
    ASSERT_NE(colon, std::string::npos) << op_info(op).id;
    EXPECT_EQ(sig.find_first_not_of("ilfdva:"), std::string::npos) << op_info(op).id;
    EXPECT_EQ(sig.find(':', colon + 1), std::string::npos) << op_info(op).id;
    const bool has_address = sig.find('a') != std::string::npos;
    const Imm imm = op_info(op).imm;
    EXPECT_EQ(has_address, imm == Imm::memarg || imm == Imm::memarg_lane || imm == Imm::memory) << op_info(op).id;
  }
}

TEST(Ops, AlignmentAgreesWithTheMnemonic) {
  for (Op op : all_ops()) {
    const OpInfo& info = op_info(op);
    if (info.imm != Imm::memarg && info.imm != Imm::memarg_lane) {
      EXPECT_EQ(info.align, 0) << info.id;
      continue;
    }
    EXPECT_LE(info.align, 4) << info.id;
    EXPECT_TRUE(info.effects & (kLoad | kStore)) << info.id;
    EXPECT_TRUE(info.effects & kTrap) << info.id;
  }
  EXPECT_EQ(op_info(Op::i64_load32_u).align, 2);
  EXPECT_EQ(op_info(Op::v128_load16_lane).align, 1);
  EXPECT_EQ(op_info(Op::v128_load64_zero).align, 3);
  EXPECT_EQ(op_info(Op::i64_atomic_rmw8_cmpxchg_u).align, 0);
}

TEST(Features, NamesRoundTripAndDefaultsAreOn) {
  for (u32 i = 0; i < static_cast<u32>(Feature::kCount); ++i) {
    const auto f = static_cast<Feature>(i);
    EXPECT_EQ(feature_by_name(feature_name(f)), f);
    EXPECT_TRUE(Features().has(f)) << feature_name(f);
    EXPECT_EQ(Features::none().has(f), f == Feature::mvp);
    EXPECT_FALSE(Features().set(f, false).has(f));
  }
  EXPECT_EQ(feature_by_name("no-such-thing"), std::nullopt);
}

}  // namespace
}  // namespace dewar::wasm
