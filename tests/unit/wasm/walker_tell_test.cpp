// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a sink is told of at once (walker_tell.h): the same instructions as without it, and for one body always in the
// same portions, whatever was walked with the scratch before. The compiler depends on that: it finds places in code by
// compiling again.
#include <gtest/gtest.h>

#include <algorithm>

#include "module_bytes.h"
#include "wasm/validate.h"
#include "wasm/walker.h"

namespace dewar::wasm {
namespace {

using namespace test;

/// Notes what it is told of: operand height in slots and opcode of each instruction; where `portions` is set, those
/// that were told of at once are one entry.
struct ListingSink : NullSink {
  static constexpr bool kWantSlots = true, kWantLocals = true, kTakesCommon = true, kBounded = true;
  struct Entry {
    u32 slots;
    Op op;
    u32 told_with = 0;  ///< instructions that came with it
    bool operator==(const Entry&) const = default;
  };
  bool at_once = true;
  std::vector<Entry> entries;

  bool full() const { return false; }
  bool takes_common() const { return at_once; }
  void add(u32 slots, Op op, u32 with = 0) { entries.push_back({slots, op, with}); }
  static Op const_of(ValType type) { return type == kI32 ? Op::i32_const : Op::i64_const; }

  void common_local_get(u32 slots, u32) { add(slots, Op::local_get); }
  void common_local_set(u32 slots, u32, bool tee) { add(slots, tee ? Op::local_tee : Op::local_set); }
  void common_const(u32 slots, ValType type, u64) { add(slots, const_of(type)); }
  void common_numeric(u32 slots, Op op, u32) { add(slots, op); }
  void common_const_numeric(u32 slots, ValType type, u64, Op op, u32) {
    add(slots, const_of(type), 1);
    add(slots + 1, op, 1);
  }
  void common_local_const_numeric(u32 slots, u32, ValType type, u64, Op op, u32) {
    add(slots, Op::local_get, 2);
    add(slots + 1, const_of(type), 2);
    add(slots + 2, op, 2);
  }
  void common_local_load(u32 slots, u32, Op op, u32, u32) {
    add(slots, Op::local_get, 1);
    add(slots + 1, op, 1);
  }
  void common_access(u32 slots, Op op, u32, u32) { add(slots, op); }
  void common_drop() { add(0, Op::drop); }
  void common_global_get(u32 slots, u32, ValType) { add(slots, Op::global_get); }
  void common_global_set(u32 slots, u32) { add(slots, Op::global_set); }
  void common_select(u32 slots, ValType, u32) { add(slots, Op::select); }
  void common_done(u32, u32) {}
  void common_open(const Label& label, u32 slots, u32) { add(slots, label.kind); }
  void common_end(const Label&, u32, u32 slots, u32) { add(slots, Op::end); }
  void common_branch(const Label&, Op op, u32, u32, u32 slots, u32, u32) { add(slots, op); }
  void common_call(u32, u32, u32 slots, u32, u32, u32) { add(slots, Op::call); }
  template <class W>
  void op(W& w, Op op, u32) {
    add(op == Op::drop ? 0 : w.slots(), op);
    if (at_once) ++single;
  }

  u32 single = 0;  ///< instructions that were not told of at once
};

Bytes times(u32 count, const Bytes& code) {
  Bytes all;
  for (u32 i = 0; i < count; ++i) all.insert(all.end(), code.begin(), code.end());
  return all;
}

/// Functions of type i32 -> [] without locals of their own, in a module with a memory and a global.
base::Ref<const Module> functions(TypeRegistry& registry, const std::vector<Bytes>& codes) {
  Bytes types = leb(static_cast<u32>(codes.size())), bodies = types;
  for (const Bytes& code : codes) {
    types.push_back(0);
    bodies = std::move(bodies) + body(Bytes{0} + code + Bytes{0x0b});
  }
  auto made = decode(module({section(1, vec({{0x60, 1, 0x7f, 0}})), section(3, types), section(5, vec({{0, 1}})),
                             section(6, vec({{0x7f, 1, 0x41, 0, 0x0b}})), section(10, bodies)}),
                     registry);
  EXPECT_TRUE(made.has_value());
  if (!made) return nullptr;
  for (u32 i = 0; i < codes.size(); ++i) EXPECT_TRUE(validate_body(**made, FuncIndex{i}).has_value()) << i;
  return *made;
}

ListingSink listed(const Module& module, u32 func, WalkScratch& scratch, bool at_once = true) {
  ListingSink sink;
  sink.at_once = at_once;
  EXPECT_TRUE(walk(module, FuncIndex{func}, sink, scratch).has_value());
  return sink;
}

/// With operands so deep that the stack has to grow: at all alignments of what is told of at once to its ends.
std::vector<Bytes> deep_bodies() {
  std::vector<Bytes> codes;
  for (u32 before = 0; before < 5; ++before) {
    const Bytes triple = {0x20, 0, 0x41, 1, 0x6a}, load = {0x20, 0, 0x28, 2, 0}, pair = {0x41, 3, 0x6a};
    Bytes code = times(before, {0x41, 0}) + times(900, triple + load + pair) + times(500, triple);
    code = std::move(code) + times(before + 2300, {0x1a});
    codes.push_back(std::move(code));
  }
  return codes;
}

TEST(WalkerTell, PortionsDependOnTheBodyAlone) {
  TypeRegistry registry;
  std::vector<Bytes> codes = deep_bodies();
  codes.push_back(times(20'000, {0x41, 0}) + times(20'000, {0x1a}));
  const auto module = functions(registry, codes);
  ASSERT_NE(module.get(), nullptr);
  const u32 deepest = static_cast<u32>(codes.size()) - 1;
  for (u32 i = 0; i < deepest; ++i) {
    WalkScratch fresh, used;
    listed(*module, deepest, used);
    const ListingSink first = listed(*module, i, fresh);
    EXPECT_EQ(first.entries, listed(*module, i, used).entries) << i;
    EXPECT_EQ(first.entries, listed(*module, i, fresh).entries) << i << ", again";
  }
}

TEST(WalkerTell, TheSameInstructionsAsOneByOne) {
  TypeRegistry registry;
  std::vector<Bytes> codes = deep_bodies();
  // Blocks, branches, calls, accesses, globals, selects.
  codes.push_back(times(
      50, {0x03, 0x40, 0x02, 0x40, 0x20, 0,    0x0d, 0,    0x20, 0, 0x0d, 1,    0x0b, 0x0b, 0x20, 0,    0x10, 0, 0x20,
           0,    0x04, 0x40, 0x41, 4,    0x21, 0,    0x0b, 0x23, 0, 0x24, 0,    0x20, 0,    0x41, 7,    0x20, 0, 0x1b,
           0x22, 0,    0x45, 0x1a, 0x41, 8,    0x41, 9,    0x36, 2, 4,    0x42, 1,    0x42, 2,    0x7c, 0x1a}));
  const auto module = functions(registry, codes);
  ASSERT_NE(module.get(), nullptr);
  for (u32 i = 0; i < codes.size(); ++i) {
    WalkScratch scratch;
    ListingSink told = listed(*module, i, scratch), plain = listed(*module, i, scratch, false);
    const auto with_others = std::ranges::count_if(told.entries, [](const auto& e) { return e.told_with != 0; });
    EXPECT_GT(with_others, 90) << i;
    EXPECT_LT(told.single, 50u) << i;
    for (auto& e : told.entries) e.told_with = 0;
    EXPECT_EQ(told.entries, plain.entries) << i;
  }
}

}  // namespace
}  // namespace dewar::wasm
