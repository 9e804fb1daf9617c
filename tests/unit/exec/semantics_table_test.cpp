// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The semantics headers against the opcode table: a row that needs a function has one, and its C++ type is the row's
// signature. Checked by the compiler: a missing or wrong function fails to build, so does one that no row asks for.
#include <gtest/gtest.h>

#include <string_view>

#include "exec/numeric_dispatch.h"

namespace dewar::exec {
namespace {

using numeric_detail::placeholder::Missing;
namespace merged = numeric_detail::merged;

// A signature in the letters of ops.def, plus b/h = 8 and 16 bits, s = pointer to lane numbers. "" = no function.
struct Signature {
  char text[16] = {};
  bool traps = false;
  constexpr void add(char c) {
    for (char& place : text) {
      if (place == 0) {
        place = c;
        return;
      }
    }
  }
  constexpr std::string_view view() const { return text; }
};

template <class T>
consteval char letter() {
  if constexpr (std::is_same_v<T, u32>) return 'i';
  if constexpr (std::is_same_v<T, u64>) return 'l';
  if constexpr (std::is_same_v<T, f32>) return 'f';
  if constexpr (std::is_same_v<T, f64>) return 'd';
  if constexpr (std::is_same_v<T, V128>) return 'v';
  if constexpr (std::is_same_v<T, u8>) return 'b';
  if constexpr (std::is_same_v<T, u16>) return 'h';
  if constexpr (std::is_same_v<T, const u8*>) return 's';
  return '?';
}

template <class R, class... A>
consteval Signature describe(R (*)(A...) noexcept, int) {
  Signature s;
  ((std::is_reference_v<A> ? void() : s.add(letter<A>())), ...);
  s.add(':');
  if constexpr (std::is_same_v<R, sem::NumTrap>) {
    s.traps = true;
    ((std::is_reference_v<A> ? s.add(letter<std::remove_reference_t<A>>()) : void()), ...);
  } else if constexpr (std::is_same_v<R, sem::Wide>) {
    s.add('l');
    s.add('l');
  } else {
    s.add(letter<R>());
  }
  return s;
}
consteval Signature describe(void (*)(Missing, ...), long) { return {}; }

// What the function of a row has to look like. Lane immediates follow the operands; a SIMD load or store with lanes has
// the loaded value after the vector, respectively returns the stored one.
constexpr bool fits(const wasm::OpInfo& row, const Signature& fn) {
  const std::string_view sig = row.sig;
  const bool traps = (row.effects & wasm::kTrap) != 0;
  const bool is_lane_access = row.prefix == 0xfd && (row.effects & (wasm::kLoad | wasm::kStore)) != 0 && row.align < 4;
  if (is_lane_access) {
    const char value = "bhil"[row.align];
    Signature want;
    if (sig == "a:v" && row.imm == wasm::Imm::memarg) {
      want.add(value);
      for (char c : {':', 'v'}) want.add(c);
    } else if (sig == "av:v") {
      for (char c : {'v', value, 'b', ':', 'v'}) want.add(c);
    } else if (sig == "av:") {
      for (char c : {'v', 'b', ':', value}) want.add(c);
    }
    return fn.view() == want.view() && !want.view().empty() && !fn.traps;
  }
  Signature want;
  const bool numeric = row.imm == wasm::Imm::none && sig != "*" && sig != ":";
  const bool lanes = row.imm == wasm::Imm::lane || row.imm == wasm::Imm::shuffle;
  if (numeric || lanes) {
    for (char c : sig) {
      if (c == ':' && row.imm == wasm::Imm::lane) want.add('b');
      if (c == ':' && row.imm == wasm::Imm::shuffle) want.add('s');
      want.add(c);
    }
  }
  return fn.view() == want.view() && (want.view().empty() || fn.traps == traps);
}

#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  static_assert(fits(wasm::op_info(wasm::Op::id), describe(&merged::id, 0)), text);
#include "wasm/ops.def"

// The checks above would pass for a table without numeric rows; this one counts.
TEST(SemanticsTable, CountsTheRows) {
  int functions = 0;
  int trapping = 0;
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  functions += !describe(&merged::id, 0).view().empty();              \
  trapping += describe(&merged::id, 0).traps;
#include "wasm/ops.def"
  // 128 scalar + 8 saturating + 4 wide; SIMD 236 less v128.load, v128.store, v128.const; relaxed SIMD 20.
  EXPECT_EQ(functions, 128 + 8 + 4 + 233 + 20);
  EXPECT_EQ(trapping, 16);
}

}  // namespace
}  // namespace dewar::exec
