// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every vector instruction without memory at every level, compared with semantics.h: edge values and NaNs, operands in
// registers, slots, constants and aliases of locals, all registers in use, and the same local twice.
#include <array>
#include <set>

#include "../semantics_values.h"
#include "emit_fixture.h"
#include "exec/numeric_dispatch.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

using dewar::exec::test::operand;
using dewar::exec::test::Random;
using wasm::Op;

struct Signature {
  std::vector<wasm::ValType> operands, results;
};
Signature signature_of(Op op) {
  Signature signature;
  auto* list = &signature.operands;
  for (const char* p = wasm::op_info(op).sig; *p; ++p) {
    switch (*p) {
      case ':': list = &signature.results; break;
      case 'i': list->push_back(wasm::kI32); break;
      case 'l': list->push_back(wasm::kI64); break;
      case 'f': list->push_back(wasm::kF32); break;
      case 'd': list->push_back(wasm::kF64); break;
      case 'v': list->push_back(wasm::kV128); break;
      default: ADD_FAILURE() << "an operand that is no vector instruction's";
    }
  }
  return signature;
}
bool is_subject(Op op) {
  const wasm::OpInfo& info = wasm::op_info(op);
  return info.prefix == 0xfd && info.imm != wasm::Imm::memarg && info.imm != wasm::Imm::memarg_lane;
}

u32 lanes_in(Op op) {
  const std::string_view name = wasm::op_info(op).text;
  return static_cast<u32>(std::stoi(std::string(name.substr(name.find('x') + 1))));
}

/// What semantics.h says; `args` bottom first.
Bits expected(Op op, const std::vector<Bits>& args, const u8* imm) {
  const auto v = [&](usize i) { return V128{args[i].lo, args[i].hi}; };
  const auto of = [](V128 r) { return Bits{r.lo, r.hi}; };
  switch (op) {
#define EXTRACT(id) \
  case Op::id: return {std::bit_cast<u32>(sem::id(v(0), *imm)), 0};
#define EXTRACT_WIDE(id) \
  case Op::id: return {std::bit_cast<u64>(sem::id(v(0), *imm)), 0};
#define REPLACE(id, T, narrow) \
  case Op::id: return of(sem::id(v(0), std::bit_cast<T>(static_cast<narrow>(args[1].lo)), *imm));
    EXTRACT(i8x16_extract_lane_s)
    EXTRACT(i8x16_extract_lane_u)
    EXTRACT(i16x8_extract_lane_s)
    EXTRACT(i16x8_extract_lane_u)
    EXTRACT(i32x4_extract_lane)
    EXTRACT(f32x4_extract_lane)
    EXTRACT_WIDE(i64x2_extract_lane)
    EXTRACT_WIDE(f64x2_extract_lane)
    REPLACE(i8x16_replace_lane, u32, u32)
    REPLACE(i16x8_replace_lane, u32, u32)
    REPLACE(i32x4_replace_lane, u32, u32)
    REPLACE(i64x2_replace_lane, u64, u64)
    REPLACE(f32x4_replace_lane, f32, u32)
    REPLACE(f64x2_replace_lane, f64, u64)
#undef EXTRACT
#undef EXTRACT_WIDE
#undef REPLACE
    case Op::i8x16_shuffle: return of(sem::i8x16_shuffle(v(0), v(1), imm));
    case Op::v128_const: {
      Bits bits;
      std::memcpy(&bits, imm, sizeof bits);
      return bits;
    }
    default: break;
  }
  std::array<Slot, 6> slots{};
  usize at = 0;
  const Signature signature = signature_of(op);
  for (usize i = 0; i < args.size(); ++i) {
    slots[at++] = args[i].lo;
    if (signature.operands[i] == wasm::kV128) slots[at++] = args[i].hi;
  }
  EXPECT_EQ(numeric_fn(op)(slots.data()), sem::NumTrap::none);
  return {slots[0], slots[1]};
}

/// Those that have no encoding without SSSE3 and SSE4.1; all others have one at every level.
const std::set<std::string_view> kOutOfLineAtV1 = {"i8x16.swizzle",
                                                   "i8x16.relaxed_swizzle",
                                                   "i8x16.popcnt",
                                                   "i8x16.replace_lane",
                                                   "i32x4.replace_lane",
                                                   "i64x2.replace_lane",
                                                   "f32x4.replace_lane",
                                                   "i8x16.abs",
                                                   "i16x8.abs",
                                                   "i32x4.abs",
                                                   "i32x4.mul",
                                                   "i8x16.min_s",
                                                   "i8x16.max_s",
                                                   "i32x4.min_s",
                                                   "i32x4.max_s",
                                                   "i16x8.min_u",
                                                   "i16x8.max_u",
                                                   "i32x4.min_u",
                                                   "i32x4.max_u",
                                                   "i64x2.eq",
                                                   "i64x2.ne",
                                                   "i64x2.lt_s",
                                                   "i64x2.gt_s",
                                                   "i64x2.le_s",
                                                   "i64x2.ge_s",
                                                   "i64x2.all_true",
                                                   "i16x8.lt_u",
                                                   "i16x8.gt_u",
                                                   "i16x8.le_u",
                                                   "i16x8.ge_u",
                                                   "i32x4.lt_u",
                                                   "i32x4.gt_u",
                                                   "i32x4.le_u",
                                                   "i32x4.ge_u",
                                                   "f32x4.ceil",
                                                   "f32x4.floor",
                                                   "f32x4.trunc",
                                                   "f32x4.nearest",
                                                   "f64x2.ceil",
                                                   "f64x2.floor",
                                                   "f64x2.trunc",
                                                   "f64x2.nearest",
                                                   "i16x8.narrow_i32x4_u",
                                                   "i16x8.extend_low_i8x16_s",
                                                   "i16x8.extend_low_i8x16_u",
                                                   "i16x8.extend_high_i8x16_s",
                                                   "i16x8.extend_high_i8x16_u",
                                                   "i32x4.extend_low_i16x8_s",
                                                   "i32x4.extend_low_i16x8_u",
                                                   "i32x4.extend_high_i16x8_s",
                                                   "i32x4.extend_high_i16x8_u",
                                                   "i64x2.extend_low_i32x4_s",
                                                   "i64x2.extend_low_i32x4_u",
                                                   "i64x2.extend_high_i32x4_s",
                                                   "i64x2.extend_high_i32x4_u",
                                                   "i16x8.extmul_low_i8x16_s",
                                                   "i16x8.extmul_low_i8x16_u",
                                                   "i16x8.extmul_high_i8x16_s",
                                                   "i16x8.extmul_high_i8x16_u",
                                                   "i64x2.extmul_low_i32x4_s",
                                                   "i64x2.extmul_high_i32x4_s",
                                                   "i16x8.extadd_pairwise_i8x16_s",
                                                   "i16x8.extadd_pairwise_i8x16_u",
                                                   "i16x8.q15mulr_sat_s",
                                                   "i16x8.relaxed_q15mulr_s",
                                                   "i32x4.trunc_sat_f32x4_u",
                                                   "i32x4.trunc_sat_f64x2_u_zero",
                                                   "i32x4.relaxed_trunc_f32x4_u",
                                                   "i32x4.relaxed_trunc_f64x2_u_zero"};

/// How an operand gets to its instruction.
enum class Way : u8 { kAlias, kConst, kRegister, kSlot, kDirty, kCount };

class SimdTest : public testing::TestWithParam<CpuLevel> {
 protected:
  static constexpr u32 kParams = 6;    ///< locals that are parameters; as many above are for Way::kDirty
  static constexpr u32 kBallast = 14;  ///< operands below, when all registers are to be in use

  void SetUp() override {
    if (!CpuFeatures::host().has(GetParam())) GTEST_SKIP() << "this machine has a lower level";
  }

  static Bits value_of(Random& random, Rep rep) {
    switch (rep) {
      case Rep::i32: return {operand<u32>(random), 0};
      case Rep::i64: return {operand<u64>(random), 0};
      case Rep::f32: return {std::bit_cast<u32>(operand<f32>(random)), 0};
      case Rep::f64: return {std::bit_cast<u64>(operand<f64>(random)), 0};
      default: {
        const V128 v = operand<V128>(random);
        return {v.lo, v.hi};
      }
    }
  }

  void push(Function& f, u32 local, Rep rep, Way way, Bits bits) {
    f.state.next_op();
    switch (way) {
      case Way::kAlias: return f.state.push_local(local);
      case Way::kConst: return f.state.push_const(rep, bits.lo);
      case Way::kDirty:
        f.state.push_local(local);
        f.state.set_local(local + kParams);
        return f.state.push_local(local + kParams);
      default: {
        f.state.push_local(local);
        Value value = f.state.pop();
        f.state.push_reg(rep, f.state.in_own_reg(value));
        if (way == Way::kSlot) f.state.store_operands(f.state.height());
      }
    }
  }

  /// One instruction. Gives whether it has an encoding.
  bool emit(Function& f, Op op, const Signature& signature, const std::vector<Way>& ways, const std::vector<u32>& from,
            const std::vector<Bits>& args, const u8* imm, bool ballast) {
    std::vector<wasm::ValType> locals = signature.operands;
    locals.resize(kParams, wasm::kV128);
    for (u32 i = 0; i < kParams; ++i) locals.push_back(locals[i]);
    f.begin(locals, kParams);
    if (ballast)
      for (u32 i = 0; i < kBallast; ++i) push(f, kParams - 1, Rep::v128, Way::kRegister, {});
    for (u32 i = 0; i < args.size(); ++i) push(f, from[i], rep_of(signature.operands[i]), ways[i], args[i]);
    f.state.next_op();
    return emit_simd(f.c, op, imm);
  }

  void check(Op op, const Signature& signature, const std::vector<Way>& ways, const std::vector<u32>& from,
             const std::vector<Bits>& values, const u8* imm, bool ballast) {
    Function& f = function_;
    std::vector<Bits> args, params(kParams, {0x1122334455667788, 0x99aabbccddeeff00});
    for (usize i = 0; i < values.size(); ++i) params[i] = values[i];
    for (usize i = 0; i < from.size(); ++i) args.push_back(params[from[i]]);
    ASSERT_TRUE(emit(f, op, signature, ways, from, args, imm, ballast));
    ASSERT_EQ(f.state.height(), 1 + (ballast ? kBallast : 0));
    const Bits e = expected(op, args, imm);
    const Rep rep = rep_of(signature.results[0]);
    for (const bool flushed : {false, true}) {
      if (flushed) {
        ASSERT_TRUE(emit(f, op, signature, ways, from, args, imm, ballast));
        f.state.flush();
      }
      const auto map = f.locations();
      if (flushed) ASSERT_TRUE(map.empty());
      f.stop();
      f.finish();
      ASSERT_EQ(f.run(params), kReturned);
      ASSERT_TRUE(f.frame_intact());
      u32 slot = f.local_slots() + Function::kHeaderSlots;
      for (u32 i = 0; ballast && i < kBallast; ++i, slot += 2)
        ASSERT_EQ(f.value(slot, Rep::v128, map), params[kParams - 1]) << "operand " << i << " below";
      ASSERT_EQ(f.value(slot, rep, map), truncated(rep, e));
      for (u32 i = 0; i < kParams; ++i) {
        const Rep local = f.state.local_rep(i);
        ASSERT_EQ(f.value(f.state.local_slot(i), local, map), truncated(local, params[i])) << "local " << i;
      }
    }
  }

  Function function_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Levels, SimdTest, testing::ValuesIn(kLevels),
                         [](const auto& info) { return "v" + std::to_string(static_cast<int>(info.param) + 1); });

TEST_P(SimdTest, EveryInstructionInEveryPlace) {
  Random random(7);
  u32 opcodes = 0;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    if (!is_subject(op) || op == Op::i8x16_shuffle) continue;
    SCOPED_TRACE(wasm::op_info(op).text);
    ++opcodes;
    const Signature signature = signature_of(op);
    const usize count = signature.operands.size();
    u8 imm[16] = {};
    if (GetParam() == CpuLevel::v1 && kOutOfLineAtV1.contains(wasm::op_info(op).text)) {
      const std::vector<Bits> zeros(count);
      ASSERT_FALSE(emit(function_, op, signature, std::vector<Way>(count), std::vector<u32>(count), zeros, imm, false));
      ASSERT_EQ(function_.state.height(), count) << "the operands stay";
      continue;
    }
    for (u32 round = 0; round < 250; ++round) {
      std::vector<Bits> values;
      std::vector<Way> ways;
      std::vector<u32> from;
      for (usize k = 0; k < count; ++k) {
        const Rep rep = rep_of(signature.operands[k]);
        values.push_back(value_of(random, rep));
        ways.push_back(static_cast<Way>(random.below(static_cast<u64>(Way::kCount))));
        if (rep == Rep::v128 && ways[k] == Way::kConst) values[k] = {};
        from.push_back(static_cast<u32>(k));
      }
      if (round % 5 == 4 && count >= 2 && signature.operands[1] == signature.operands[0]) {
        from[1] = 0;
        if (ways[1] == Way::kConst) ways[1] = Way::kAlias;
      }
      if (wasm::op_info(op).imm == wasm::Imm::lane) imm[0] = static_cast<u8>(random.below(lanes_in(op)));
      if (op == Op::v128_const) {
        const Bits bits = round < 2 ? Bits{round * ~u64{0}, round * ~u64{0}} : value_of(random, Rep::v128);
        std::memcpy(imm, &bits, sizeof imm);
      }
      SCOPED_TRACE(testing::Message() << "round " << round << std::hex << " of " << (count > 0 ? values[0].lo : imm[0])
                                      << ":" << (count > 0 ? values[0].hi : 0) << " ways "
                                      << (count > 0 ? static_cast<int>(ways[0]) : 0) << " "
                                      << (count > 1 ? static_cast<int>(ways[1]) : 0));
      ASSERT_NO_FATAL_FAILURE(check(op, signature, ways, from, values, imm, round % 7 == 6));
    }
  }
  EXPECT_EQ(opcodes, 233U);
}

TEST_P(SimdTest, ShufflesByPatternAndAtRandom) {
  Random random(11);
  std::vector<std::array<u8, 16>> masks;
  const auto add = [&](auto f) {
    std::array<u8, 16> mask;
    for (u32 i = 0; i < 16; ++i) mask[i] = static_cast<u8>(f(i) & 31);
    masks.push_back(mask);
    for (u8& lane : mask) lane ^= 16;
    masks.push_back(mask);
  };
  for (u32 n = 0; n < 32; ++n) add([&](u32 i) { return n + i; });         // windows
  for (u32 n = 0; n < 16; ++n) add([&](u32 i) { return (n + i) & 15; });  // rotations
  for (u32 n = 0; n < 16; ++n) add([&](u32) { return n; });               // one byte
  for (u32 n = 1; n <= 8; n *= 2)                                         // interleaved
    for (u32 half : {0u, 8u}) add([&](u32 i) { return i / n % 2 * 16 + i / n / 2 * n + i % n + half; });
  for (u32 n = 0; n < 40; ++n) {  // lanes of 32 bits
    const u64 lanes = random.next();
    add([&](u32 i) { return (lanes >> (i / 4 * 3) & 7) * 4 + i % 4; });
    add([&](u32 i) { return (lanes >> (i / 4 * 3) & 3) * 4 + i % 4 + (i >= 8 ? 16 : 0); });
  }
  for (u32 n = 0; n < 40; ++n) {  // blends
    const u64 lanes = random.next();
    add([&](u32 i) { return i + (lanes >> i / 2 & 1) * 16; });
    add([&](u32 i) { return i + (lanes >> i & 1) * 16; });
  }
  for (u32 n = 0; n < 200; ++n) {
    const u64 lanes = random.next(), more = random.next();
    add([&](u32 i) { return (i < 8 ? lanes : more) >> (i % 8 * 8); });
    add([&](u32 i) { return ((i < 8 ? lanes : more) >> (i % 8 * 8)) & 15; });
  }
  const Signature signature = signature_of(Op::i8x16_shuffle);
  u32 inline_ones = 0;
  for (usize n = 0; n < masks.size(); ++n) {
    SCOPED_TRACE(testing::Message() << "mask " << n);
    for (u32 round = 0; round < 6; ++round) {
      const std::vector<Bits> values = {value_of(random, Rep::v128), value_of(random, Rep::v128)};
      const std::vector<Way> ways = {static_cast<Way>(round == 0 ? 0 : 2 + random.below(3)),
                                     static_cast<Way>(round == 0 ? 0 : 2 + random.below(3))};
      const std::vector<u32> from = {0, round == 0 || round == 5 ? 0u : 1u};
      if (!emit(function_, Op::i8x16_shuffle, signature, ways, from, values, masks[n].data(), false)) {
        ASSERT_EQ(GetParam(), CpuLevel::v1);
        ASSERT_EQ(function_.state.height(), 2U);
        // The operands are what they were.
        const auto map = function_.locations();
        function_.stop();
        function_.finish();
        std::vector<Bits> params(kParams);
        params[0] = values[0], params[1] = values[1];
        ASSERT_EQ(function_.run(params), kReturned);
        const u32 slot = function_.local_slots() + Function::kHeaderSlots;
        ASSERT_EQ(function_.value(slot, Rep::v128, map), params[from[0]]);
        ASSERT_EQ(function_.value(slot + 2, Rep::v128, map), params[from[1]]);
        continue;
      }
      ++inline_ones;
      ASSERT_NO_FATAL_FAILURE(check(Op::i8x16_shuffle, signature, ways, from, values, masks[n].data(), round == 4));
    }
  }
  if (GetParam() == CpuLevel::v1) {
    EXPECT_GT(inline_ones, 500U);
  } else {
    EXPECT_EQ(inline_ones, masks.size() * 6);
  }
}

TEST_P(SimdTest, CommonShufflesAreOneInstruction) {
  struct Case {
    std::array<u8, 16> mask;
    u32 bytes;  ///< most that may be emitted
  };
  constexpr Case kCases[] = {
      {{0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23}, 4},        // punpckldq
      {{8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31}, 4},  // punpckhbw
      {{12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}, 5},          // pshufd
      {{0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27}, 5},      // shufps
  };
  for (const Case& test : kCases) {
    Function& f = function_;
    f.begin({wasm::kV128, wasm::kV128}, 2);
    for (u32 i : {0u, 1u}) push(f, i, Rep::v128, Way::kRegister, {});
    f.state.next_op();
    const u32 before = f.m.position();
    ASSERT_TRUE(emit_simd(f.c, Op::i8x16_shuffle, test.mask.data()));
    EXPECT_LE(f.m.position() - before, test.bytes);
    EXPECT_GT(f.m.position(), before);
  }
}

TEST_P(SimdTest, ScalarNansAreSettledBeforeTheyGoIntoVectors) {
  // x * y is a NaN with a sign and a payload of the processor's.
  for (const bool wide : {false, true}) {
    const wasm::ValType type = wide ? wasm::kF64 : wasm::kF32;
    const Bits nan = wide ? Bits{0xfff4000000000123, 0} : Bits{0xffa00123, 0};
    const Bits one = wide ? Bits{0x3ff0000000000000, 0} : Bits{0x3f800000, 0};
    const Bits vector{0x1111111122222222, 0x3333333344444444};
    const u64 canonical = wide ? 0x7ff8000000000000 : 0x7fc00000;
    for (const bool splat : {false, true}) {
      if (!splat && !wide && GetParam() == CpuLevel::v1) continue;
      for (u8 lane = 0; lane < (splat ? 1 : wide ? 2 : 4); ++lane) {
        Function& f = function_;
        f.begin({wasm::kV128, type, type}, 3);
        if (!splat) f.state.push_local(0);
        f.state.next_op();
        f.state.push_local(1);
        f.state.next_op();
        f.state.push_local(2);
        ASSERT_TRUE(f.numeric(wide ? Op::f64_mul : Op::f32_mul));
        ASSERT_TRUE(f.state.peek().raw);
        f.state.next_op();
        const Op op = splat  ? (wide ? Op::f64x2_splat : Op::f32x4_splat)
                      : wide ? Op::f64x2_replace_lane
                             : Op::f32x4_replace_lane;
        ASSERT_TRUE(emit_simd(f.c, op, &lane));
        const auto map = f.locations();
        f.stop();
        f.finish();
        ASSERT_EQ(f.run({vector, nan, one}), kReturned);
        const Bits e = splat ? expected(op, {{canonical, 0}}, &lane) : expected(op, {vector, {canonical, 0}}, &lane);
        EXPECT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, Rep::v128, map), e);
      }
    }
  }
}

/// Does the operation make NaNs of its own?
bool is_float_arithmetic(Op op) {
  const std::string_view name = wasm::op_info(op).text;
  if (!name.starts_with("f32x4.") && !name.starts_with("f64x2.")) return false;
  for (const char* verb : {"add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest",
                           "demote", "promote", "relaxed"})
    if (name.substr(6).starts_with(verb)) return true;
  return false;
}

TEST_P(SimdTest, VectorNansAreSettledBeforeSomebodySeesTheirBits) {
  // The result of float arithmetic is an operand of every other instruction, in each place; through a local; spilled;
  // selected.
  Function& f = function_;
  Random random(23);
  constexpr u32 kNans[] = {0x7fc00000, 0xffc00000, 0x7fa00001, 0xff812345, 0x7fc54321, 0x3f800000, 0x80000000};
  constexpr u64 kWideNans[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff4000000000001, 0xfff0000012345678,
                               0x7ff8dead00000000, 0x3ff0000000000000, 0x8000000000000000};
  const auto vector = [&](bool wide) {
    const auto half = [&] {
      if (wide) return kWideNans[random.below(7)];
      return kNans[random.below(7)] | u64{kNans[random.below(7)]} << 32;
    };
    const u64 lo = half();
    return Bits{lo, half()};
  };
  u32 chains = 0, raw = 0;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op first = static_cast<Op>(i);
    if (!is_subject(first) || !is_float_arithmetic(first)) continue;
    if (GetParam() == CpuLevel::v1 && kOutOfLineAtV1.contains(wasm::op_info(first).text)) continue;
    const bool wide = std::string_view(wasm::op_info(first).text).starts_with("f64x2") !=
                      (first == Op::f64x2_promote_low_f32x4 || first == Op::f32x4_demote_f64x2_zero);
    const Signature make = signature_of(first);
    for (usize k = 0; k < wasm::kOpCount; ++k) {
      const Op second = static_cast<Op>(k);
      if (!is_subject(second)) continue;
      if (GetParam() == CpuLevel::v1 &&
          (kOutOfLineAtV1.contains(wasm::op_info(second).text) || second == Op::i8x16_shuffle))
        continue;
      const Signature use = signature_of(second);
      for (usize place = 0; place < use.operands.size(); ++place) {
        if (use.operands[place] != wasm::kV128) continue;
        const u32 round = static_cast<u32>(random.below(4));
        SCOPED_TRACE(testing::Message() << wasm::op_info(first).text << " then " << wasm::op_info(second).text
                                        << " operand " << place << " round " << round);
        ++chains;
        u8 imm[16];
        for (u8& byte : imm) byte = static_cast<u8>(random.below(32));
        if (wasm::op_info(second).imm == wasm::Imm::lane) imm[0] = static_cast<u8>(random.below(lanes_in(second)));
        std::vector<wasm::ValType> locals = make.operands;
        for (wasm::ValType type : use.operands) locals.push_back(type);
        std::vector<Bits> values;
        for (wasm::ValType type : locals)
          values.push_back(type == wasm::kV128 ? vector(wide) : value_of(random, rep_of(type)));
        const u32 params = static_cast<u32>(locals.size()), made_of = static_cast<u32>(make.operands.size());
        locals.push_back(wasm::kV128);
        const Bits made = expected(first, {values.begin(), values.begin() + made_of}, nullptr);
        std::vector<Bits> args(values.begin() + made_of, values.end());
        args[place] = made;
        f.begin(locals, params);
        for (u32 n = 0; n < use.operands.size(); ++n) {
          f.state.next_op();
          if (n != place) {
            f.state.push_local(made_of + n);
            continue;
          }
          for (u32 m = 0; m < made_of; ++m) {
            f.state.next_op();
            f.state.push_local(m);
          }
          f.state.next_op();
          ASSERT_TRUE(emit_simd(f.c, first, nullptr));
          raw += f.state.peek().raw != 0;
          if (round == 1) f.state.tee_local(params);
          if (round == 2) {
            f.state.next_op();
            std::vector<Reg> taken;
            for (u32 reg = 0; reg < kRegs - kGprs; ++reg) taken.push_back(f.state.take(kXmmMask));
            for (Reg reg : taken) f.state.release(reg);
          }
          if (round == 3) {
            // Whichever is selected is this.
            f.state.next_op();
            for (u32 m = 0; m < made_of; ++m) f.state.push_local(m);
            ASSERT_TRUE(emit_simd(f.c, first, nullptr));
            f.state.next_op();
            f.state.push_const(Rep::i32, 1);
            Value one = f.state.pop();
            f.state.push_reg(Rep::i32, f.state.in_reg(one));
            f.state.next_op_keeping_flags();
            emit_select(f.c);
          }
        }
        f.state.next_op();
        ASSERT_TRUE(emit_simd(f.c, second, imm));
        const auto map = f.locations();
        f.stop();
        f.finish();
        ASSERT_EQ(f.run(values), kReturned);
        const Rep rep = rep_of(use.results[0]);
        ASSERT_EQ(f.value(f.local_slots() + Function::kHeaderSlots, rep, map),
                  truncated(rep, expected(second, args, imm)));
        if (round == 1) ASSERT_EQ(f.value(f.state.local_slot(params), Rep::v128, map), made);
      }
    }
  }
  EXPECT_GT(chains, 4000U);
  EXPECT_EQ(raw != 0, GetParam() >= CpuLevel::v3);
}

}  // namespace

}  // namespace dewar::exec::baseline::test
