// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decoding and comparing; see masm_check.h.
#include "unit/exec/baseline/masm_check.h"

#include <limits>
#include <sstream>

namespace dewar::exec::baseline {

namespace {

constexpr i32 kDisplacements[] = {
    0, 1, -1, 127, -127, 128, -128, -129, 0x12345678, std::numeric_limits<i32>::max(), std::numeric_limits<i32>::min()};

ZydisRegister from(ZydisRegister first, unsigned offset) { return static_cast<ZydisRegister>(first + offset); }

std::string hex(std::span<const u8> code) {
  std::ostringstream text;
  text << std::hex;
  for (u8 byte : code) text << (byte < 16 ? " 0" : " ") << unsigned{byte};
  return text.str();
}

u64 mask(unsigned bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

/// Empty if the operand is the expected one.
std::string difference(const ZydisDecodedOperand& operand, const Arg& want) {
  std::ostringstream text;
  switch (want.kind) {
    case Arg::Kind::kRegister:
      if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER || operand.reg.value != want.reg)
        text << "register " << ZydisRegisterGetString(want.reg) << " expected, "
             << (operand.type == ZYDIS_OPERAND_TYPE_REGISTER ? ZydisRegisterGetString(operand.reg.value) : "none")
             << " found";
      break;
    case Arg::Kind::kMemory: {
      if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY) return "memory expected";
      const ZydisRegister base = zydis_register(Width::w64, want.place.base);
      const ZydisRegister index =
          want.place.index < 0 ? ZYDIS_REGISTER_NONE : zydis_register(Width::w64, static_cast<Gpr>(want.place.index));
      const unsigned scale = want.place.index < 0 ? 0 : 1U << static_cast<unsigned>(want.place.scale);
      if (operand.mem.base != base || operand.mem.index != index || operand.mem.scale != scale)
        text << "another address; ";
      if (operand.mem.disp.value != want.place.disp)
        text << "displacement " << want.place.disp << " expected, " << operand.mem.disp.value << " found; ";
      // lea has an address, but no access.
      if (want.bits != 0 && operand.size != want.bits)
        text << "access of " << want.bits << " bits expected, " << operand.size << " found";
      break;
    }
    case Arg::Kind::kImmediate:
      if (operand.type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
          ((operand.imm.value.u ^ static_cast<u64>(want.value)) & mask(want.bits)) != 0)
        text << "immediate " << want.value << " expected, " << operand.imm.value.s << " found";
      break;
  }
  return text.str();
}

/// The shortest encoding the decoder's own library knows for this instruction; 0 if it knows none.
usize shortest(const Decoded& decoded) {
  // Between registers, the forms that store are sometimes shorter; we have no use for them.
  for (std::string_view name : {"movss", "movsd", "vmovss", "vmovsd"})
    if (decoded.mnemonic() == name) return 0;
  ZydisEncoderRequest request{};
  if (ZYAN_FAILED(ZydisEncoderDecodedInstructionToEncoderRequest(&decoded.instruction, decoded.operands,
                                                                 decoded.instruction.operand_count_visible, &request)))
    return 0;
  u8 bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
  ZyanUSize size = sizeof(bytes);
  return ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&request, bytes, &size)) ? size : 0;
}

std::vector<Place> make_all_places() {
  std::vector<Place> places;
  for (Gpr base : kGprs) {
    for (i32 disp : kDisplacements) {
      places.push_back({.base = base, .disp = disp});
      for (Gpr index : kGprs) {
        if (index == Gpr::rsp) continue;
        for (Scale scale : {Scale::x1, Scale::x2, Scale::x4, Scale::x8})
          places.push_back({.base = base, .index = static_cast<int>(number(index)), .scale = scale, .disp = disp});
      }
    }
  }
  return places;
}

std::vector<Place> make_some_places() {
  std::vector<Place> places;
  unsigned turn = 0;
  for (Gpr base : kGprs) {
    for (i32 disp : {0, 127, -129}) places.push_back({.base = base, .disp = disp});
    for (unsigned more = 0; more < 3; ++more, ++turn) {
      const unsigned index = turn % 16 == 4 ? 12 : turn % 16;
      places.push_back({.base = base,
                        .index = static_cast<int>(index),
                        .scale = static_cast<Scale>((turn + more) % 4),
                        .disp = kDisplacements[turn % std::size(kDisplacements)]});
    }
  }
  return places;
}

}  // namespace

ZydisRegister zydis_register(Width width, Gpr reg) {
  const unsigned code = number(reg);
  switch (width) {
    case Width::w8:
      if (code < 4) return from(ZYDIS_REGISTER_AL, code);
      return code < 8 ? from(ZYDIS_REGISTER_SPL, code - 4) : from(ZYDIS_REGISTER_R8B, code - 8);
    case Width::w16: return from(ZYDIS_REGISTER_AX, code);
    case Width::w32: return from(ZYDIS_REGISTER_EAX, code);
    case Width::w64: return from(ZYDIS_REGISTER_RAX, code);
  }
  return ZYDIS_REGISTER_NONE;
}

ZydisRegister zydis_register(Xmm reg) { return from(ZYDIS_REGISTER_XMM0, number(reg)); }

std::vector<Decoded> decode(std::span<const u8> code) {
  static const ZydisDecoder decoder = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    // Reads endbr64 and notrack.
    ZydisDecoderEnableMode(&made, ZYDIS_DECODER_MODE_CET, ZYAN_TRUE);
    return made;
  }();
  std::vector<Decoded> all;
  usize at = 0;
  while (at < code.size()) {
    Decoded& one = all.emplace_back();
    if (ZYAN_FAILED(
            ZydisDecoderDecodeFull(&decoder, code.data() + at, code.size() - at, &one.instruction, one.operands))) {
      ADD_FAILURE() << "no instruction at byte " << at << " of" << hex(code);
      return {};
    }
    at += one.instruction.length;
  }
  return all;
}

void Checker::compare(std::span<const Want> wanted) {
  const std::span<const u8> code = assembler_.code();
  const std::vector<Decoded> found = decode(code);
  std::string wrong;
  if (found.size() != wanted.size())
    wrong = std::to_string(wanted.size()) + " instructions expected, " + std::to_string(found.size()) + " found";
  for (usize i = 0; i < wanted.size() && wrong.empty(); ++i) {
    const Want& want = wanted[i];
    const Decoded& one = found[i];
    std::string_view mnemonic = one.mnemonic();
    mnemonics_.insert(mnemonic);
    if (want.vex != (one.instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX)) wrong = "the other encoding";
    if (want.vex && mnemonic.starts_with("v")) mnemonic.remove_prefix(1);
    if (mnemonic != want.mnemonic)
      wrong = std::string(want.mnemonic) + " expected, " + std::string(one.mnemonic()) + " found";
    if (one.instruction.operand_count_visible != want.args.size())
      wrong += "; operands: " + std::to_string(one.instruction.operand_count_visible);
    if (want.lock != ((one.instruction.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0)) wrong += "; lock";
    for (usize j = 0; j < want.args.size() && wrong.empty(); ++j) {
      const std::string text = difference(one.operands[j], want.args[j]);
      if (!text.empty()) wrong = "operand " + std::to_string(j) + ": " + text;
    }
    // Asked for a sample only: that takes longer than all the rest.
    if (wrong.empty() && checked_ % 16 == 0) {
      const usize least = shortest(one);
      if (least != 0 && one.instruction.length > least)
        wrong = std::to_string(least) + " bytes would do, not " + std::to_string(one.instruction.length);
    }
    ++checked_;
    last_ = one;
  }
  if (wrong.empty()) return;
  ++failures_;
  ADD_FAILURE() << (wanted.empty() ? "" : wanted.back().mnemonic) << ":" << hex(code) << ": " << wrong;
}

const std::vector<Place>& all_places() {
  static const std::vector<Place> places = make_all_places();
  return places;
}

const std::vector<Place>& some_places() {
  static const std::vector<Place> places = make_some_places();
  return places;
}

std::vector<i32> edge_immediates(Width width) {
  std::vector<i32> values = {0, 1, -1, 2, 42, 126, 127, -127, -128};
  if (width == Width::w8) {
    values.insert(values.end(), {128, 200, 255});
    return values;
  }
  values.insert(values.end(), {128, 129, 255, 256, -129, -130, 0x7ffe, 0x7fff, -0x7fff, -0x8000});
  if (width == Width::w16) {
    values.insert(values.end(), {0x8000, 0xfffe, 0xffff});
    return values;
  }
  values.insert(values.end(), {0x8000, 0xffff, 0x10000, -0x8001, 0x12345678, std::numeric_limits<i32>::max(),
                               std::numeric_limits<i32>::min(), std::numeric_limits<i32>::min() + 1});
  return values;
}

}  // namespace dewar::exec::baseline
