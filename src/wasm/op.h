// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Op, Imm, Effect, Feature and the constant table made from ops.def.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/types.h"

namespace dewar::wasm {

/// Every opcode, in the order of ops.def.
enum class Op : u16 {
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) id,
#include "wasm/ops.def"
  kCount
};
inline constexpr usize kOpCount = static_cast<usize>(Op::kCount);

/// Kinds of immediates, in the order of their bytes (spec 5.4). idx = LEB128 u32.
enum class Imm : u8 {
  none,
  block,          ///< block type: s33
  label,          ///< label idx
  br_table,       ///< vec(label) label
  func,           ///< func idx
  call_indirect,  ///< type idx, table idx
  type,           ///< type idx
  tag,            ///< tag idx
  local,          ///< local idx
  global,         ///< global idx
  table,          ///< table idx
  table_table,    ///< destination table idx, source table idx
  elem,           ///< elem idx
  elem_table,     ///< elem idx, table idx
  data,           ///< data idx
  data_memory,    ///< data idx, memory idx
  memory,         ///< memory idx
  memory_memory,  ///< destination memory idx, source memory idx
  memarg,         ///< align flags (bit 6: memory idx follows), [memory idx], offset u64 (u32 for 32-bit memories)
  memarg_lane,    ///< memarg, lane byte
  lane,           ///< lane byte
  shuffle,        ///< 16 lane bytes
  v128,           ///< 16 bytes
  i32,            ///< s32
  i64,            ///< s64
  f32,            ///< 4 bytes
  f64,            ///< 8 bytes
  heap_type,      ///< s33 heap type
  select_types,   ///< vec(value type)
  try_table,      ///< block type, vec(catch clause)
  type_field,     ///< type idx, field idx
  type_count,     ///< type idx, u32
  type_data,      ///< type idx, data idx
  type_elem,      ///< type idx, elem idx
  type_type,      ///< type idx, type idx
  br_on_cast,     ///< flags byte, label idx, heap type, heap type
  fence,          ///< one zero byte
};

/// Effects of an opcode, as bits.
enum Effect : u16 {
  kPure = 0,
  kLoad = 1 << 0,     ///< reads memory, table, global or heap
  kStore = 1 << 1,    ///< writes memory, table, global or heap
  kTrap = 1 << 2,     ///< can trap
  kControl = 1 << 3,  ///< changes the flow of control or opens/closes a label
  kCall = 1 << 4,     ///< enters a function
  kGc = 1 << 5,       ///< allocates on the GC heap
  kAtomic = 1 << 6,   ///< atomic access or fence
  kThrows = 1 << 7,   ///< raises an exception
  kBulk = 1 << 8,     ///< work proportional to an operand: metered per 4 KiB, interruptible
};

/// Proposals that can be switched off by name (`-W gc=n`, `dewar wast --features`). mvp is always on.
/// X(id, "name", on by default)
#define DEWAR_FEATURES(X)                                 \
  X(mvp, "mvp", true)                                     \
  X(mutable_globals, "mutable-globals", true)             \
  X(sign_extension, "sign-extension", true)               \
  X(saturating_float_to_int, "nontrapping-fptoint", true) \
  X(multi_value, "multi-value", true)                     \
  X(bulk_memory, "bulk-memory", true)                     \
  X(reference_types, "reference-types", true)             \
  X(simd, "simd", true)                                   \
  X(relaxed_simd, "relaxed-simd", true)                   \
  X(tail_call, "tail-call", true)                         \
  X(extended_const, "extended-const", true)               \
  X(multi_memory, "multi-memory", true)                   \
  X(memory64, "memory64", true)                           \
  X(function_references, "function-references", true)     \
  X(gc, "gc", true)                                       \
  X(exceptions, "exceptions", true)                       \
  X(legacy_exceptions, "legacy-exceptions", true)         \
  X(threads, "threads", true)                             \
  X(custom_page_sizes, "custom-page-sizes", true)         \
  X(wide_arithmetic, "wide-arithmetic", true)             \
  X(branch_hints, "branch-hints", true)

enum class Feature : u8 {
#define X(id, name, on) id,
  DEWAR_FEATURES(X)
#undef X
      kCount
};

/// A set of features.
class Features {
 public:
  /// The default set: everything above.
  constexpr Features() {
#define X(id, name, on) \
  if (on) set(Feature::id);
    DEWAR_FEATURES(X)
#undef X
  }
  /// Only the 1.0 core.
  static constexpr Features none() {
    Features f;
    f.bits_ = 1;
    return f;
  }
  constexpr bool has(Feature f) const { return (bits_ >> static_cast<u32>(f)) & 1; }
  constexpr Features& set(Feature f, bool on = true) {
    const u32 bit = u32{1} << static_cast<u32>(f);
    bits_ = on ? bits_ | bit : bits_ & ~bit;
    return *this;
  }
  friend constexpr bool operator==(const Features&, const Features&) = default;

 private:
  u32 bits_ = 0;
};

/// Name of a feature as used on the command line.
std::string_view feature_name(Feature f);
/// Feature with that name, or nothing.
std::optional<Feature> feature_by_name(std::string_view name);

namespace detail {
// All strings of ops.def. Rows hold places in it instead of pointers, which the loader would have to relocate at every
// start of a process: six pages of them.
inline constexpr char kOpStrings[] =
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) #id "\0" text "\0" sig "\0"
#include "wasm/ops.def"
    ;
static_assert(sizeof(kOpStrings) <= 1 << 16);

// Where the id, the mnemonic and the signature of each opcode begin.
consteval std::array<u16, 3 * kOpCount> op_string_places() {
  std::array<u16, 3 * kOpCount> out{};
  u16 at = 0;
  for (u16& place : out) {
    place = at;
    while (kOpStrings[at++] != 0) {
    }
  }
  return out;
}
inline constexpr auto kOpStringPlaces = op_string_places();
}  // namespace detail

/// A string of ops.def, ended by a zero byte.
class OpString {
 public:
  /// The first (id), second (mnemonic) or third (signature) string of an opcode.
  constexpr OpString(Op op, usize which) : at_(detail::kOpStringPlaces[3 * static_cast<usize>(op) + which]) {}
  constexpr const char* c_str() const { return detail::kOpStrings + at_; }
  constexpr operator const char*() const { return c_str(); }
  constexpr operator std::string_view() const { return c_str(); }

 private:
  u16 at_;
};

/// One row of ops.def.
struct OpInfo {
  OpString id;    ///< enumerator name, e.g. "i32_add"
  OpString text;  ///< mnemonic, e.g. "i32.add"
  OpString sig;   ///< see ops.def
  u8 prefix;
  u16 code;
  Imm imm;
  u8 align;
  u16 effects;
  Feature feature;
};

namespace detail {
// Unqualified flag names for the effects column.
inline constexpr u16 pure = kPure, load = kLoad, store = kStore, trap = kTrap, control = kControl, call = kCall,
                     gc = kGc, atomic = kAtomic, throws = kThrows, bulk = kBulk;
inline constexpr std::array<OpInfo, kOpCount> kOps = {{
#define OP(id, prefix, code, text, imm, sig, align, effects, feature)                                  \
  {OpString(Op::id, 0),       OpString(Op::id, 1), OpString(Op::id, 2), prefix, code, Imm::imm, align, \
   static_cast<u16>(effects), Feature::feature},
#include "wasm/ops.def"
}};
}  // namespace detail

/// The row of an opcode.
constexpr const OpInfo& op_info(Op op) { return detail::kOps[static_cast<usize>(op)]; }

/// Number of codes that the prefix page `prefix` (0, 0xfb..0xfe) spans; every code is below it.
constexpr u32 op_page_size(u8 prefix) { return prefix == 0 ? 256 : prefix == 0xfd ? 0x120 : 0x60; }

/// Opcode for (prefix, code), or Op::kCount if there is none. Constant time.
Op op_from_code(u8 prefix, u32 code);

/// Opcodes whose mnemonic is `text`. `ref.test`, `ref.cast` and `select` have two rows each; the first is returned
/// (the text parser picks by operand). Op::kCount if unknown.
Op op_from_text(std::string_view text);

}  // namespace dewar::wasm
