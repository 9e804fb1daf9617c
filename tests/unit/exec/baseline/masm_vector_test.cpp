// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every row of sse.def in both encodings, against the decoder: names, operands over all registers and memory shapes,
// widths of accesses, levels; and the moves that the legacy encoding needs.
#include "unit/exec/baseline/masm_check.h"

namespace dewar::exec::baseline {

namespace {

constexpr std::string_view kNames[] = {
#define VEC(id, ...) #id,
#include "exec/baseline/masm/sse.def"
};
constexpr u16 kRows = std::size(kNames);
static_assert(kRows == std::size(kVecTable));

constexpr u8 kImms[] = {0, 1, 7, 0x80, 0xff};
/// Registers of one side where the other side takes all.
constexpr Xmm kSpread[] = {Xmm::xmm0, Xmm::xmm5, Xmm::xmm8, Xmm::xmm13};

/// The level that the decoder's tables give an instruction in legacy encoding.
CpuLevel level_of(const ZydisDecodedInstruction& instruction) {
  switch (instruction.meta.isa_set) {
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSE2: return CpuLevel::v1;
    case ZYDIS_ISA_SET_SSE3:
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSE4:
    case ZYDIS_ISA_SET_SSE42: return CpuLevel::v2;
    case ZYDIS_ISA_SET_AVX:
    case ZYDIS_ISA_SET_AVX2: return CpuLevel::v3;
    default: return CpuLevel::v4;
  }
}

/// Tests one row, in one encoding. The scratch register of the legacy encoding is one of three, so that each of the
/// sixteen is an operand, too.
class RowTest {
 public:
  RowTest(u16 row, bool vex) : row_{row}, info_(kVecTable[row]), vex_(vex) {
    name_ = kNames[row].substr(0, kNames[row].find('_'));
  }

  void run() {
    switch (info_.shape) {
      case Shape::rvm: return three<Shape::rvm, Xmm>();
      case Shape::rvm_i: return three<Shape::rvm_i, Xmm>();
      case Shape::rv_load: return three<Shape::rv_load, Mem>();
      case Shape::rvg: return three<Shape::rvg, Gpr>();
      case Shape::rvg_i: return three<Shape::rvg_i, Gpr>();
      case Shape::rm: return two<Shape::rm, Xmm, Xmm>();
      case Shape::rm_i: return two<Shape::rm_i, Xmm, Xmm>();
      case Shape::load: return two<Shape::load, Xmm, Mem>();
      case Shape::rg: return two<Shape::rg, Xmm, Gpr>();
      case Shape::gm: return two<Shape::gm, Gpr, Xmm>();
      case Shape::gm_i: return two<Shape::gm_i, Gpr, Xmm>();
      case Shape::mr: return store<Shape::mr>();
      case Shape::gr: return store<Shape::gr>();
      case Shape::gr_i: return store<Shape::gr_i>();
      case Shape::mr_i: return store<Shape::mr_i>();
      case Shape::shift_i: return shift();
      case Shape::blend: return blend();
    }
  }
  u64 checked() const { return a_.checked() + b_.checked() + c_.checked(); }
  const Decoded& last() const { return a_.last(); }

 private:
  static constexpr bool has_imm(Shape shape) {
    return shape == Shape::rvm_i || shape == Shape::rm_i || shape == Shape::rvg_i || shape == Shape::gr_i ||
           shape == Shape::mr_i || shape == Shape::gm_i || shape == Shape::shift_i;
  }
  template <Shape kShape>
  VecOp<kShape> op() const {
    return {static_cast<VecRow>(row_)};
  }
  /// By the row's name, not by what it says: of 64 bits, or named by 32.
  Width gpr_width() const {
    const std::string_view row = kNames[row_];
    const bool wide = row.ends_with("_64") || row.starts_with("movq") || row == "pinsrq" || row == "pextrq";
    return wide ? Width::w64 : Width::w32;
  }
  Arg arg(Xmm r) const { return reg(r); }
  Arg arg(Gpr r) const { return reg(gpr_width(), r); }

  std::pair<Checker*, Xmm> checker(Xmm x, Xmm y, Xmm z) {
    for (auto [c, scratch] : {std::pair{&a_, Xmm::xmm15}, {&b_, Xmm::xmm14}, {&c_, Xmm::xmm7}, {&d_, Xmm::xmm1}})
      if (x != scratch && y != scratch && z != scratch) return {c, scratch};
    return {nullptr, Xmm::xmm0};
  }

  void move_first(std::vector<Want>& wants, Xmm dst, Xmm a) {
    if (dst != a) wants.push_back({"movaps", {reg(dst), reg(a)}});
  }

  /// dst = a op (register or memory), then an immediate.
  template <Shape kShape, class Rm>
  void one(Xmm dst, Xmm a, const Rm& b, Arg b_arg, Xmm b_or_dst, u8 byte) {
    const auto [check, scratch] = checker(dst, a, b_or_dst);
    std::vector<Want> wants;
    Want want{name_, {reg(dst)}, vex_};
    if (vex_) {
      want.args.push_back(reg(a));
    } else if (std::is_same_v<Rm, Mem> && info_.must_align()) {
      wants.push_back({"movups", {reg(scratch), b_arg}});
      b_arg = reg(scratch);
      move_first(wants, dst, a);
    } else {
      if (std::is_same_v<Rm, Xmm> && dst == b_or_dst && dst != a) {
        wants.push_back({"movaps", {reg(scratch), reg(dst)}});
        b_arg = reg(scratch);
      }
      move_first(wants, dst, a);
    }
    want.args.push_back(b_arg);
    if constexpr (has_imm(kShape)) want.args.push_back(imm(Width::w8, byte));
    wants.push_back(want);
    check->expect(
        [&](Assembler& m) {
          if constexpr (has_imm(kShape)) {
            m.vec(op<kShape>(), dst, a, b, byte);
          } else {
            m.vec(op<kShape>(), dst, a, b);
          }
        },
        wants);
  }

  template <Shape kShape, class Reg>
  void three() {
    if constexpr (!std::is_same_v<Reg, Mem>) {
      for (Xmm dst : kXmms) {
        for (unsigned r = 0; r < 16; ++r) {
          const Reg b{static_cast<u8>(r)};
          const Xmm b_or_dst = std::is_same_v<Reg, Xmm> ? static_cast<Xmm>(r) : dst;
          const u8 byte = kImms[r % std::size(kImms)];
          one<kShape>(dst, dst, b, arg(b), b_or_dst, byte);
          for (Xmm a : kSpread) one<kShape>(dst, a, b, arg(b), b_or_dst, byte);
          one<kShape>(dst, static_cast<Xmm>((r + number(dst)) % 16), b, arg(b), b_or_dst, byte);
        }
      }
    }
    if (info_.mem == MemSize::NONE) return;
    for (const Place& place : some_places()) {
      for (Xmm dst : kSpread) {
        one<kShape>(dst, dst, place.mem(), mem(info_.mem_bytes(), place), dst, 3);
        one<kShape>(dst, Xmm::xmm9, place.mem(), mem(info_.mem_bytes(), place), dst, 0x81);
      }
    }
  }

  template <Shape kShape, class Dst, class Rm>
  void pair(Dst dst, const Rm& src, const Arg& src_arg, u8 byte) {
    std::vector<Want> wants;
    Want want{name_, {arg(dst), src_arg}, vex_};
    if constexpr (std::is_same_v<Rm, Mem> && std::is_same_v<Dst, Xmm>) {
      if (!vex_ && info_.must_align()) {
        wants.push_back({"movups", {reg(Xmm::xmm15), src_arg}});
        want.args[1] = reg(Xmm::xmm15);
      }
    }
    if constexpr (has_imm(kShape)) want.args.push_back(imm(Width::w8, byte));
    wants.push_back(want);
    a_.expect(
        [&](Assembler& m) {
          if constexpr (has_imm(kShape)) {
            m.vec(op<kShape>(), dst, src, byte);
          } else {
            m.vec(op<kShape>(), dst, src);
          }
        },
        wants);
  }

  template <Shape kShape, class Dst, class Reg>
  void two() {
    for (unsigned d = 0; d < 16; ++d) {
      const Dst dst{static_cast<u8>(d)};
      if constexpr (!std::is_same_v<Reg, Mem>) {
        for (unsigned r = 0; r < 16; ++r) {
          const Reg src{static_cast<u8>(r)};
          pair<kShape>(dst, src, arg(src), kImms[(d + r) % std::size(kImms)]);
        }
      }
      if constexpr (kShape != Shape::gm_i) {
        if (info_.mem == MemSize::NONE || d == 15) continue;
        for (const Place& place : some_places())
          pair<kShape>(dst, place.mem(), mem(info_.mem_bytes(), place), kImms[d % std::size(kImms)]);
      }
    }
  }

  template <Shape kShape>
  void store() {
    const auto put = [&](const auto& dst, const Arg& dst_arg, Xmm src, u8 byte) {
      Want want{name_, {dst_arg, reg(src)}, vex_};
      if constexpr (has_imm(kShape)) want.args.push_back(imm(Width::w8, byte));
      a_.expect(
          [&](Assembler& m) {
            if constexpr (has_imm(kShape)) {
              m.vec(op<kShape>(), dst, src, byte);
            } else {
              m.vec(op<kShape>(), dst, src);
            }
          },
          want);
    };
    for (Xmm src : kXmms) {
      if constexpr (kShape != Shape::mr && kShape != Shape::mr_i)
        for (Gpr dst : kGprs) put(dst, arg(dst), src, kImms[number(dst) % std::size(kImms)]);
      if (info_.mem == MemSize::NONE) continue;
      for (const Place& place : some_places())
        put(place.mem(), mem(info_.mem_bytes(), place), src, kImms[number(src) % std::size(kImms)]);
    }
  }

  void shift() {
    for (Xmm dst : kXmms) {
      for (Xmm src : kXmms) {
        for (u8 count : {0, 1, 15, 31, 63}) {
          std::vector<Want> wants;
          if (!vex_) move_first(wants, dst, src);
          Want want{name_, {reg(dst)}, vex_};
          if (vex_) want.args.push_back(reg(src));
          want.args.push_back(imm(Width::w8, count));
          wants.push_back(want);
          a_.expect([&](Assembler& m) { m.vec(op<Shape::shift_i>(), dst, src, count); }, wants);
        }
      }
    }
  }

  template <class Rm>
  void blend_one(Xmm dst, Xmm a, const Rm& b, const Arg& b_arg, Xmm b_or_dst, Xmm mask) {
    if (vex_) {
      a_.expect([&](Assembler& m) { m.vec(op<Shape::blend>(), dst, a, b, mask); },
                {name_, {reg(dst), reg(a), b_arg, reg(mask)}, true});
      return;
    }
    const auto [check, scratch] = checker(dst, a, b_or_dst);
    std::vector<Want> wants;
    Want want{name_, {reg(dst), b_arg}};  // xmm0 is not visible
    if (std::is_same_v<Rm, Mem>) {
      wants.push_back({"movups", {reg(scratch), b_arg}});
      want.args[1] = reg(scratch);
    } else if (dst == b_or_dst && dst != a) {
      wants.push_back({"movaps", {reg(scratch), reg(dst)}});
      want.args[1] = reg(scratch);
    }
    move_first(wants, dst, a);
    wants.push_back(want);
    check->expect([&](Assembler& m) { m.vec(op<Shape::blend>(), dst, a, b, Xmm::xmm0); }, wants);
  }

  void blend() {
    for (Xmm dst : kXmms) {
      if (!vex_ && dst == Xmm::xmm0) continue;
      for (Xmm b : kXmms) {
        const Xmm mask = static_cast<Xmm>((number(dst) + 3 * number(b)) % 16);
        for (Xmm a : {dst, Xmm::xmm4, Xmm::xmm11}) blend_one(dst, a, b, reg(b), b, mask);
      }
    }
    for (const Place& place : some_places())
      for (Xmm a : {Xmm::xmm3, Xmm::xmm12})
        blend_one(Xmm::xmm12, a, place.mem(), mem(info_.mem_bytes(), place), Xmm::xmm12, Xmm::xmm10);
  }

  u16 row_;
  const VecInfo& info_;
  bool vex_;
  std::string_view name_;
  Checker a_{vex_ ? CpuLevel::v3 : info_.level};
  Checker b_{vex_ ? CpuLevel::v3 : info_.level, Xmm::xmm14};
  Checker c_{vex_ ? CpuLevel::v3 : info_.level, Xmm::xmm7};
  Checker d_{vex_ ? CpuLevel::v3 : info_.level, Xmm::xmm1};
};

class VectorRow : public testing::TestWithParam<u16> {};

TEST_P(VectorRow, InLegacyEncoding) {
  const VecInfo& info = kVecTable[GetParam()];
  if (info.level > CpuLevel::v2) {
    EXPECT_TRUE(kNames[GetParam()].find("broadcast") != std::string_view::npos) << "no legacy encoding?";
    return;
  }
  RowTest test(GetParam(), false);
  test.run();
  EXPECT_GE(test.checked(), 100U) << "nothing was tested";
  EXPECT_EQ(level_of(test.last().instruction), info.level);
}

TEST_P(VectorRow, InVexEncoding) {
  RowTest test(GetParam(), true);
  test.run();
  EXPECT_GE(test.checked(), 100U) << "nothing was tested";
  EXPECT_EQ(level_of(test.last().instruction), CpuLevel::v3);
  EXPECT_EQ(test.last().instruction.avx.vector_length, 128);
}

INSTANTIATE_TEST_SUITE_P(SseDef, VectorRow, testing::Range(u16{0}, kRows),
                         [](const testing::TestParamInfo<u16>& info) { return std::string(kNames[info.param]); });

// What a decoder can not see.
TEST(VectorTable, ColumnsAgreeWithEachOther) {
  std::set<std::string_view> names;
  for (u16 row = 0; row < kRows; ++row) {
    const VecInfo& info = kVecTable[row];
    const std::string_view name = kNames[row];
    EXPECT_TRUE(names.insert(name).second) << name;
    // Only moves of whole registers leave alignment to whoever writes them.
    if (info.mem == MemSize::M16U) {
      EXPECT_TRUE(name.starts_with("mova") || name.starts_with("movu") || name.starts_with("movdq")) << name;
    }
    if (name.ends_with("_load")) {
      EXPECT_TRUE(info.shape == Shape::load || info.shape == Shape::rv_load) << name;
    }
    EXPECT_EQ(name.ends_with("_store"), info.shape == Shape::mr || info.shape == Shape::mr_i) << name;
    EXPECT_EQ(info.extra != 0, info.shape == Shape::blend || info.shape == Shape::shift_i) << name;
    // Where no operand is a general-purpose register, REX.W would be a byte for nothing.
    if (info.wide) {
      EXPECT_TRUE(info.shape == Shape::rvg || info.shape == Shape::rvg_i || info.shape == Shape::rg ||
                  info.shape == Shape::gr || info.shape == Shape::gr_i || info.shape == Shape::gm)
          << name;
    }
  }
}

#if DEWAR_ASSERTS
TEST(VectorDeathTest, Limits) {
  Assembler v1(CpuFeatures::for_level(CpuLevel::v1), kTestBytes);
  Assembler v2(CpuFeatures::for_level(CpuLevel::v2), kTestBytes);
  const Xmm a = Xmm::xmm1;
  EXPECT_DEATH(v1.vec(op::pshufb, a, a, a), "above the chosen CPU level");
  EXPECT_DEATH(v2.vec(op::pbroadcastb, a, a), "above the chosen CPU level");
  EXPECT_DEATH(v2.vec(op::movhlps, a, a, Mem(Gpr::rax)), "without memory form");
  EXPECT_DEATH(v2.vec(op::paddd, Xmm::xmm15, a, a), "scratch");
  EXPECT_DEATH(v2.vec(op::pblendvb, a, a, a, Xmm::xmm2), "mask is in xmm0");
  EXPECT_DEATH(Assembler(CpuFeatures::for_level(CpuLevel::v2), kTestBytes, Xmm::xmm0), "xmm0");
}
#endif

}  // namespace

}  // namespace dewar::exec::baseline
