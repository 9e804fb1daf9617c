// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tools of the differential test themselves: what the generator promises, that differences are seen and named, that
// the reducer reduces, and that a missing V8 is no agreement. The comparison is diff_runner's (CMakeLists.txt).
#include <gtest/gtest.h>

#include "base/cursor.h"
#include "base/seed_bug.h"
#include "diff/reducer.h"
#include "diff/session.h"
#include "wasm/instr.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::diff {
namespace {

#ifndef DEWAR_SEED_BUG
// Without the option a place is what it should be, and its number means nothing.
static_assert(SEED(1, 1, 2) == 1);
#endif

Case made(u64 seed, bool common = false) {
  OpCounts unused{};
  return diff::generate(seed, GenOptions{common}, unused);
}

u64 count_op(const Case& c, Op op) {
  u64 n = 0;
  for (const DraftFunc& f : c.main.funcs) {
    base::Cursor cursor(f.code);
    wasm::Instr instr;
    Error error;
    while (cursor.remaining() > 0 && wasm::read_instr(cursor, instr, error)) n += instr.op == op;
  }
  return n;
}

TEST(Generator, SeedsDecideEverything) {
  for (const bool common : {false, true}) {
    const Program a = encode_case(made(77, common), common), b = encode_case(made(77, common), common);
    EXPECT_EQ(a.main, b.main);
    EXPECT_EQ(a.provider, b.provider);
    EXPECT_NE(a.main, encode_case(made(78, common), common).main);
  }
  EXPECT_NE(encode_case(made(77, false), false).main, encode_case(made(77, true), true).main);
}

TEST(Generator, ModulesAreValidAndHaveWhatIsAskedFor) {
  u32 providers = 0, host = 0, imported_memories = 0, imported_tables = 0, imported_globals = 0, memory64 = 0,
      shared = 0, small_pages = 0, several = 0, table64 = 0, starts = 0;
  for (u64 seed = 1; seed <= 300; ++seed) {
    const Case c = made(seed);
    wasm::TypeRegistry registry;
    const auto module = wasm::load_module(encode(c.main), registry);
    ASSERT_TRUE(module.has_value()) << "seed " << seed << ": " << module.error().message << " at "
                                    << module.error().offset;
    providers += c.provider.has_value();
    for (const wasm::Import& import : (*module)->imports) host += import.module == kHostModule;
    imported_memories += (*module)->num_imported_memories;
    imported_tables += (*module)->num_imported_tables;
    imported_globals += (*module)->num_imported_globals;
    several += (*module)->memories.size() > 1;
    starts += (*module)->start.has_value();
    for (const wasm::MemoryType& m : (*module)->memories) {
      memory64 += m.limits.is64;
      shared += m.shared;
      small_pages += m.page_log2 == 0;
    }
    for (const wasm::Table& t : (*module)->tables) table64 += t.type.limits.is64;
  }
  for (const u32 n : {providers, host, imported_memories, imported_tables, imported_globals, memory64, shared,
                      small_pages, several, table64})
    EXPECT_GE(n, 15u);
  EXPECT_GE(starts, 1u);
}

TEST(Generator, ProgramsEndInManyWays) {
  Session session({}, GenOptions{false});
  for (u64 seed = 1; seed <= 400; ++seed) ASSERT_FALSE(session.run(seed).has_value());
  using runtime::TrapKind;
  for (const TrapKind kind :
       {TrapKind::memory_out_of_bounds, TrapKind::table_out_of_bounds, TrapKind::indirect_call_type_mismatch,
        TrapKind::divide_by_zero, TrapKind::integer_overflow, TrapKind::unaligned_atomic, TrapKind::out_of_fuel})
    EXPECT_GT(session.totals().traps[static_cast<usize>(kind)], 0u) << runtime::trap_code(kind);
}

/// What one instruction of a processor does is what a compiler looks for.
TEST(Generator, ShufflesAreNotOnlyByChance) {
  u32 shuffles = 0, rotations = 0, blends = 0;
  for (u64 seed = 1; seed <= 200; ++seed) {
    const Case c = made(seed);
    for (const DraftFunc& f : c.main.funcs) {
      base::Cursor cursor(f.code);
      wasm::Instr instr;
      Error error;
      while (cursor.remaining() > 0 && wasm::read_instr(cursor, instr, error)) {
        if (instr.op != Op::i8x16_shuffle) continue;
        const u8* const lanes = f.code.data() + cursor.pos() - 16;
        bool rotates = true, blend = true;
        for (u32 i = 0; i < 16; ++i) {
          rotates &= lanes[i] == ((lanes[0] + i) & 31);
          blend &= (lanes[i] & 15) == i;
        }
        ++shuffles;
        rotations += rotates;
        blends += blend;
      }
    }
  }
  EXPECT_GT(rotations, shuffles / 20);
  EXPECT_GT(blends, shuffles / 20);
  EXPECT_GT(rotations, 0u);
}

TEST(Generator, CommonModulesUseNothingThatV8Lacks) {
  wasm::Features features;
  features.set(wasm::Feature::relaxed_simd, false);
  features.set(wasm::Feature::wide_arithmetic, false);
  features.set(wasm::Feature::custom_page_sizes, false);
  for (u64 seed = 1; seed <= 200; ++seed) {
    wasm::TypeRegistry registry;
    const Case c = made(seed, true);
    const auto module = wasm::load_module(encode(c.main), registry, features);
    ASSERT_TRUE(module.has_value()) << "seed " << seed << ": " << module.error().message;
    // Entries speak integers.
    for (const wasm::Export& item : (*module)->exports) {
      if (item.kind != ExternKind::func || (item.name[0] != 'w' && item.name != "globals")) continue;
      const wasm::SubType& type = (*module)->func_type(wasm::FuncIndex{item.index});
      for (const ValType t : type.params) EXPECT_TRUE(t == wasm::kI32 || t == wasm::kI64);
      for (const ValType t : type.results) EXPECT_TRUE(t == wasm::kI32 || t == wasm::kI64);
    }
  }
}

TEST(OpClass, KnowsWhoseNaNsAreOpen) {
  for (const Op op : {Op::f32_add, Op::f32_min, Op::f32_sqrt, Op::f32_nearest, Op::f32_demote_f64, Op::f32x4_mul,
                      Op::f32x4_demote_f64x2_zero})
    EXPECT_EQ(open_nan_lane(op), 32u) << wasm::op_info(op).text;
  for (const Op op : {Op::f64_div, Op::f64_trunc, Op::f64_promote_f32, Op::f64x2_max, Op::f64x2_promote_low_f32x4})
    EXPECT_EQ(open_nan_lane(op), 64u) << wasm::op_info(op).text;
  for (const Op op : {Op::f32_neg, Op::f64_abs, Op::f32_copysign, Op::f32_load, Op::f64_const, Op::f32_convert_i32_s,
                      Op::f32x4_pmin, Op::f64x2_splat, Op::f32x4_eq, Op::f64_reinterpret_i64, Op::i32_trunc_f32_s,
                      Op::i32x4_trunc_sat_f32x4_s, Op::f32x4_replace_lane, Op::i32_add})
    EXPECT_EQ(open_nan_lane(op), 0u) << wasm::op_info(op).text;
}

TEST(OpClass, EveryOpcodeHasOne) {
  u64 all = 0;
  for (usize c = 0; c < kOpClasses; ++c) {
    EXPECT_FALSE(ops_of(static_cast<OpClass>(c)).empty()) << class_name(static_cast<OpClass>(c));
    all += ops_of(static_cast<OpClass>(c)).size();
  }
  EXPECT_EQ(all, wasm::kOpCount);
}

TEST(Difference, IsNamed) {
  World world(kModes[0]);
  ModeWork work;
  Observed a, b;
  const Program program = encode_case(made(5), false);
  world.run(program, a, work);
  world.run(program, b, work);
  ASSERT_EQ(a.error, "");
  ASSERT_FALSE(a.calls.empty());
  EXPECT_EQ(difference(a, b), "");
  // Each thing that is observed, changed by one bit, is seen.
  for (usize i = 0; i < a.seen.size(); ++i) {
    b.seen[i].value ^= 1;
    EXPECT_NE(difference(a, b).find(what_text(a.seen[i].what)), std::string::npos);
    b.seen[i].value ^= 1;
  }
  b.seen.pop_back();
  EXPECT_NE(difference(a, b), "");
}

TEST(Difference, CoversStateAndMeters) {
  World world(kModes[0]);
  ModeWork work;
  std::array<u64, static_cast<usize>(What::element) + 1> seen{};
  for (u64 seed = 1; seed <= 200; ++seed) {
    Observed o;
    world.run(encode_case(made(seed), false), o, work);
    for (const Seen& s : o.seen) ++seen[static_cast<usize>(s.what)];
  }
  for (usize i = 0; i < seen.size(); ++i) EXPECT_GT(seen[i], 0u) << what_text(static_cast<What>(i));
}

TEST(Reducer, LeavesWhatMatters) {
  // Stands in for a difference: the module has the opcode.
  u64 seed = 1;
  while (count_op(made(seed), Op::f64_sqrt) == 0) ++seed;
  const Case start = made(seed);
  u32 asked = 0;
  const Case small = reduce(start, [&](const Case& c) { return ++asked, count_op(c, Op::f64_sqrt) != 0; });
  EXPECT_EQ(count_op(small, Op::f64_sqrt), 1u);
  EXPECT_GT(asked, 0u);
  EXPECT_TRUE(small.main.exports.empty());
  EXPECT_LE(instructions_in(small),
            2 * (small.main.funcs.size() + (small.provider ? small.provider->funcs.size() : 0)) + 4);
  wasm::TypeRegistry registry;
  EXPECT_TRUE(wasm::load_module(encode(small.main), registry).has_value());
}

TEST(Session, ComplainsAboutARunThatProvesNothing) {
  Session session({}, GenOptions{true});
  for (u64 seed = 1; seed <= 20; ++seed) EXPECT_FALSE(session.run(seed).has_value());
  EXPECT_TRUE(session.complaints().empty()) << "too short to complain about";
  EXPECT_NE(session.report().find("unchecked: relaxed SIMD"), std::string::npos);
  EXPECT_NE(session.report().find("unchecked: wide arithmetic"), std::string::npos);
  for (usize c = 0; c < kOpClasses; ++c)
    EXPECT_NE(session.report().find("class " + std::string(class_name(static_cast<OpClass>(c)))), std::string::npos);
  Session::Totals totals;
  totals.modules = 1000;
  totals.without_trap = 600;
  EXPECT_EQ(Session::too_many_traps(totals), "");
  totals.without_trap = 599;
  EXPECT_EQ(Session::too_many_traps(totals), "only 59 % of the modules end without a trap");
  // A probe mode without probes, a stress mode without collections.
  ModeWork none, first;
  first.instructions = none.instructions = 10;
  for (const Mode& mode : kModes) {
    if (mode.name == "probes" || mode.name == "gc_stress") {
      EXPECT_FALSE(mode.check(none, first).empty());
    }
  }
}

TEST(NodePeer, WithoutANodeNothingIsClaimed) {
  Session session({}, GenOptions{true});
  ASSERT_FALSE(session.run(1).has_value());
  NodePeer node("/nonexistent/node", {});
  NodeTotals totals;
  node.add(session.program(), session.expected(), totals);
  ASSERT_EQ(node.waiting(), 1u);
  node.flush(totals);
  EXPECT_EQ(totals.programs, 0u);
  EXPECT_NE(totals.error, "");
}

}  // namespace
}  // namespace dewar::diff
