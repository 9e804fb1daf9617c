// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Look-ups over the opcode table: (prefix, code) -> Op by direct index, mnemonic -> Op by a hash table, feature names.
// Invariant: every table here is a compile-time function of ops.def; nothing is listed twice.
#include "wasm/op.h"

namespace dewar::wasm {
namespace {

template <u8 Prefix>
consteval auto make_page() {
  std::array<Op, op_page_size(Prefix)> page{};
  page.fill(Op::kCount);
  for (usize i = 0; i < kOpCount; ++i) {
    const OpInfo& row = detail::kOps[i];
    if (row.prefix == Prefix) page[row.code] = static_cast<Op>(i);
  }
  return page;
}

constexpr auto kPage0 = make_page<0>();
constexpr auto kPageFb = make_page<0xfb>();
constexpr auto kPageFc = make_page<0xfc>();
constexpr auto kPageFd = make_page<0xfd>();
constexpr auto kPageFe = make_page<0xfe>();

/// FNV-1a: the keys are our own, so no seed is needed.
constexpr u32 hash_text(std::string_view s) {
  u32 h = 2166136261u;
  for (char c : s) h = (h ^ static_cast<u8>(c)) * 16777619u;
  return h ^ (h >> 15);
}

constexpr usize kTextSlots = 2048;
static_assert(kTextSlots >= 2 * kOpCount, "keep the mnemonic table at most half full");

consteval auto make_text_table() {
  std::array<Op, kTextSlots> table{};
  table.fill(Op::kCount);
  for (usize i = 0; i < kOpCount; ++i) {
    const std::string_view text = detail::kOps[i].text;
    usize slot = hash_text(text) % kTextSlots;
    bool present = false;
    while (table[slot] != Op::kCount && !present) {
      present = text == detail::kOps[static_cast<usize>(table[slot])].text;
      slot = (slot + 1) % kTextSlots;
    }
    if (!present) table[slot] = static_cast<Op>(i);
  }
  return table;
}
constexpr auto kTextTable = make_text_table();

constexpr std::array<std::string_view, static_cast<usize>(Feature::kCount)> kFeatureNames = {
#define X(id, name, on) name,
    DEWAR_FEATURES(X)
#undef X
};

template <usize N>
Op at(const std::array<Op, N>& page, u32 code) {
  return code < N ? page[code] : Op::kCount;
}

}  // namespace

Op op_from_code(u8 prefix, u32 code) {
  switch (prefix) {
    case 0: return at(kPage0, code);
    case 0xfb: return at(kPageFb, code);
    case 0xfc: return at(kPageFc, code);
    case 0xfd: return at(kPageFd, code);
    case 0xfe: return at(kPageFe, code);
    default: return Op::kCount;
  }
}

Op op_from_text(std::string_view text) {
  usize slot = hash_text(text) % kTextSlots;
  while (kTextTable[slot] != Op::kCount) {
    if (op_info(kTextTable[slot]).text == text) return kTextTable[slot];
    slot = (slot + 1) % kTextSlots;
  }
  return Op::kCount;
}

std::string_view feature_name(Feature f) {
  const auto i = static_cast<usize>(f);
  return i < kFeatureNames.size() ? kFeatureNames[i] : std::string_view("unknown");
}

std::optional<Feature> feature_by_name(std::string_view name) {
  for (usize i = 0; i < kFeatureNames.size(); ++i) {
    if (kFeatureNames[i] == name) return static_cast<Feature>(i);
  }
  return std::nullopt;
}

}  // namespace dewar::wasm
