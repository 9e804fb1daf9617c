// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compares what the assembler emits with what an independent decoder (Zydis) reads: number of instructions, lengths,
// mnemonics, and every visible operand with its width. Also the registers, memory operands and immediates to try.
#pragma once

#include <array>
#include <concepts>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <Zydis/Zydis.h>

#include "exec/baseline/masm/assembler.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline {

inline constexpr u32 kTestBytes = 1 << 20;

/// A memory operand, as the test sees it.
struct Place {
  Gpr base = Gpr::rax;
  int index = -1;  ///< register number, or none
  Scale scale = Scale::x1;
  i32 disp = 0;
  Mem mem() const { return index < 0 ? Mem(base, disp) : Mem(base, static_cast<Gpr>(index), scale, disp); }
};

/// One expected operand.
struct Arg {
  enum class Kind : u8 { kRegister, kMemory, kImmediate };
  Kind kind = Kind::kRegister;
  ZydisRegister reg = ZYDIS_REGISTER_NONE;
  Place place;
  unsigned bits = 0;  ///< of a memory operand or immediate
  i64 value = 0;
};

ZydisRegister zydis_register(Width width, Gpr reg);
ZydisRegister zydis_register(Xmm reg);

inline Arg reg(Width width, Gpr r) { return {.reg = zydis_register(width, r)}; }
inline Arg reg(Xmm r) { return {.reg = zydis_register(r)}; }
inline Arg mem(unsigned bytes, const Place& place) {
  return {.kind = Arg::Kind::kMemory, .place = place, .bits = bytes * 8};
}
inline Arg mem(Width width, const Place& place) { return mem(bytes_of(width), place); }
/// Compared in the lowest `width` bits; w64 with sign.
inline Arg imm(Width width, i64 value) {
  return {.kind = Arg::Kind::kImmediate, .bits = bytes_of(width) * 8, .value = value};
}

/// One expected instruction.
struct Want {
  std::string_view mnemonic;
  std::vector<Arg> args;
  bool vex = false;  ///< the mnemonic has a "v" before it
  bool lock = false;
};

/// One decoded instruction.
struct Decoded {
  ZydisDecodedInstruction instruction{};
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]{};
  std::string_view mnemonic() const { return ZydisMnemonicGetString(instruction.mnemonic); }
};

/// The instructions of `code`, which must be nothing else. Empty, and a failure, if one can not be decoded.
std::vector<Decoded> decode(std::span<const u8> code);

class Checker {
 public:
  explicit Checker(CpuLevel level, Xmm scratch = Xmm::xmm15)
      : assembler_(CpuFeatures::for_level(level), kTestBytes, scratch) {}

  /// What `emit` emits must be these instructions.
  template <class Emit>
  void expect(Emit&& emit, std::span<const Want> wanted) {
    if (failures_ > 20) return;  // one mistake shows in thousands of combinations
    assembler_.reset();
    emit(assembler_);
    compare(wanted);
  }
  template <class Emit>
  void expect(Emit&& emit, const Want& want) {
    expect(emit, std::span(&want, 1));
  }

  const std::set<std::string_view>& mnemonics() const { return mnemonics_; }
  u64 checked() const { return checked_; }
  /// The instruction decoded last.
  const Decoded& last() const { return last_; }

 private:
  void compare(std::span<const Want> wanted);

  Assembler assembler_;
  std::set<std::string_view> mnemonics_;
  Decoded last_;
  u64 checked_ = 0;
  u64 failures_ = 0;
};

inline constexpr Width kWidths[] = {Width::w8, Width::w16, Width::w32, Width::w64};
inline constexpr Width kWide[] = {Width::w32, Width::w64};

constexpr std::array<Gpr, 16> all_gprs() {
  std::array<Gpr, 16> all{};
  for (u8 i = 0; i < 16; ++i) all[i] = static_cast<Gpr>(i);
  return all;
}
constexpr std::array<Xmm, 16> all_xmms() {
  std::array<Xmm, 16> all{};
  for (u8 i = 0; i < 16; ++i) all[i] = static_cast<Xmm>(i);
  return all;
}
inline constexpr auto kGprs = all_gprs();
inline constexpr auto kXmms = all_xmms();

/// Every base, index, scale and interesting displacement: 10,736 places.
const std::vector<Place>& all_places();
/// Every base, every index, every scale, every displacement at least once each: about a hundred places.
const std::vector<Place>& some_places();
/// Constants at the edges of encodings that an operation of this width can take.
std::vector<i32> edge_immediates(Width width);

}  // namespace dewar::exec::baseline
