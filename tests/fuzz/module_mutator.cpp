// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Picks instructions with the decoder and exchanges them by ops.def: same immediates, signature and code length.
#include "fuzz/module_mutator.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "wasm/decoder.h"
#include "wasm/instr.h"
#include "wasm/op.h"
#include "wasm/type_registry.h"

namespace dewar::fuzz {

using wasm::Imm;
using wasm::Op;
using wasm::OpInfo;

namespace {

/// An instruction's place in the module.
struct Site {
  u32 offset = 0;
  u32 size = 0;
  Op op = Op::kCount;
};

/// Bytes of an opcode in its shortest form.
u32 code_length(const OpInfo& info) { return info.prefix == 0 ? 1 : info.code < 128 ? 2 : 3; }

bool exchangeable(const OpInfo& a, const OpInfo& b) {
  return a.imm == b.imm && a.prefix == b.prefix && code_length(a) == code_length(b) &&
         std::string_view(a.sig) == std::string_view(b.sig) &&
         ((a.effects ^ b.effects) & (wasm::kControl | wasm::kCall | wasm::kAtomic)) == 0;
}

std::vector<Site> sites_of(const wasm::Module& module) {
  std::vector<Site> sites;
  for (const wasm::Func& func : module.funcs) {
    if (func.body.size == 0) continue;
    const auto body = module.slice(func.body);
    std::vector<wasm::ValType> locals;
    const auto start = wasm::read_locals(body, 0, locals);
    if (!start) continue;
    base::Cursor cursor(body.subspan(*start));
    wasm::Instr instr;
    Error error;
    while (!cursor.at_end() && wasm::read_instr(cursor, instr, error)) {
      sites.push_back({func.body.offset + *start + instr.pc, instr.size, instr.op});
      instr = {};
    }
  }
  return sites;
}

void exchange(Random& random, std::span<u8> code, const OpInfo& info) {
  std::vector<const OpInfo*> others;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const OpInfo& other = wasm::op_info(static_cast<Op>(i));
    if (exchangeable(info, other)) others.push_back(&other);
  }
  if (others.empty() || code.size() < code_length(info)) return;
  const OpInfo& chosen = *others[random.below(others.size())];
  if (chosen.prefix == 0) {
    code[0] = static_cast<u8>(chosen.code);
  } else if (code_length(chosen) == 2) {
    code[1] = static_cast<u8>(chosen.code);
  } else {
    code[1] = static_cast<u8>(chosen.code | 0x80);
    code[2] = static_cast<u8>(chosen.code >> 7);
  }
}

/// Changes the bytes of an immediate: raw ones freely, LEB128 ones below their continuation bits.
void change_immediate(Random& random, std::span<u8> bytes, bool raw) {
  if (bytes.empty()) return;
  u8& byte = bytes[random.below(bytes.size())];
  constexpr std::array<u8, 8> kEdges = {0x00, 0x01, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0xff};
  const u8 value = random.below(2) ? kEdges[random.below(kEdges.size())] : static_cast<u8>(random.next());
  byte = raw ? value : static_cast<u8>((byte & 0x80) | (value & 0x7f));
}

bool has_free_immediate(Imm imm, bool& raw) {
  raw = imm == Imm::f32 || imm == Imm::f64 || imm == Imm::v128;
  return raw || imm == Imm::i32 || imm == Imm::i64 || imm == Imm::memarg || imm == Imm::local || imm == Imm::label;
}

}  // namespace

bool mutate_instructions(Random& random, std::span<u8> bytes, u32 edits) {
  wasm::TypeRegistry registry;
  const auto module = wasm::decode({bytes.begin(), bytes.end()}, registry);
  if (!module) return false;
  const std::vector<Site> sites = sites_of(**module);
  if (sites.empty()) return false;
  for (u32 i = 0; i < edits; ++i) {
    const Site& site = sites[random.below(sites.size())];
    const OpInfo& info = wasm::op_info(site.op);
    const std::span<u8> code = bytes.subspan(site.offset, site.size);
    bool raw = false;
    if (has_free_immediate(info.imm, raw) && site.size > code_length(info) && random.below(2)) {
      change_immediate(random, code.subspan(code_length(info)), raw);
    } else {
      exchange(random, code, info);
    }
  }
  return true;
}

}  // namespace dewar::fuzz

/// libFuzzer's hook (also used by replay_main.cpp): three of four mutations keep the module's shape.
extern "C" dewar::usize LLVMFuzzerMutate(dewar::u8* data, dewar::usize size, dewar::usize max_size)
    __attribute__((weak));

extern "C" dewar::usize LLVMFuzzerCustomMutator(dewar::u8* data, dewar::usize size, dewar::usize max_size,
                                                unsigned int seed) {
  dewar::fuzz::Random random(seed);
  if (random.below(4) != 0 &&
      dewar::fuzz::mutate_instructions(random, {data, size}, 1 + static_cast<dewar::u32>(random.below(6)))) {
    return size;
  }
  if (LLVMFuzzerMutate != nullptr) return LLVMFuzzerMutate(data, size, max_size);
  const auto mutated = dewar::fuzz::mutate(random, {data, size}, {}, max_size);
  std::ranges::copy(mutated, data);
  return mutated.size();
}
