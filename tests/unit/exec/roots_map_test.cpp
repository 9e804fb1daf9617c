// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Root maps against a brute-force account: for every instruction of a function, the reference slots that a walk of the
// operand types gives. And that their size stays in proportion to the body, whatever the operand stack does.
#include <algorithm>

#include "exec/root_map.h"
#include "exec_fixture.h"
#include "exec_programs.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

using exec::RootMaps;

/// Reference slots before each reachable instruction, computed from scratch every time.
struct BruteSink : wasm::NullSink {
  static constexpr bool kWantSlots = true;
  struct At {
    u32 pc;
    wasm::Op op;
    std::vector<u32> slots;
    u32 own_slots;
  };
  std::vector<At> all;
  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    if (!w.live()) return;
    At at{pc, op, {}, w.slots()};
    u32 slot = 0;
    for (u32 i = 0; i <= w.operands().size(); ++i) {
      for (u32 d = w.depth(); d > 0; --d) {
        const wasm::Label& label = w.label(d - 1);
        if (label.height == i && (label.kind == wasm::Op::catch_ || label.kind == wasm::Op::catch_all))
          at.slots.push_back(slot++);
      }
      if (i == w.operands().size()) break;
      if (w.operands()[i].is_ref()) at.slots.push_back(slot);
      slot += w.operands()[i].slots();
    }
    EXPECT_EQ(slot, w.slots());
    all.push_back(std::move(at));
  }
  template <class W>
  void on_call(W& w, wasm::Op, const wasm::SubType&, u32) {
    if (w.live()) all.back().own_slots = w.slots();
  }
};

std::vector<u32> slots_of_point(const RootMaps& maps, const RootMaps::Point& point) {
  std::vector<u32> out;
  for (u32 n = point.top; n != RootMaps::kNone; n = maps.nodes[n].below) out.push_back(maps.nodes[n].slot);
  std::reverse(out.begin(), out.end());
  return out;
}

base::Ref<const wasm::Module> load(runtime::Engine& engine, std::string_view wat) {
  auto bytes = text::wat_to_wasm(wat);
  EXPECT_TRUE(bytes.has_value()) << (bytes ? "" : bytes.error().message);
  auto module = wasm::load_module(std::move(*bytes), engine.types(), {});
  EXPECT_TRUE(module.has_value()) << (module ? "" : module.error().message);
  return *module;
}

/// Returns how many places were compared.
u64 compare(const wasm::Module& module, u32 func) {
  BruteSink brute;
  wasm::WalkScratch scratch;
  EXPECT_TRUE(wasm::walk(module, wasm::FuncIndex{func}, brute, scratch).has_value());
  const RootMaps maps = *exec::make_root_maps(module, func);
  u64 compared = 0;
  for (const auto& at : brute.all) {
    const RootMaps::Point* point = maps.find(at.pc);
    RootMaps exact;
    if (!point) {
      exact = *exec::make_root_maps(module, func, at.pc);
      point = exact.find(at.pc);
    }
    if (!point) {
      ADD_FAILURE() << "nothing at " << at.pc;
      continue;
    }
    const RootMaps& from = exact.points.empty() ? maps : exact;
    EXPECT_EQ(slots_of_point(from, *point), at.slots) << func << ":" << at.pc << " " << wasm::op_info(at.op).text;
    EXPECT_EQ(point->own_slots, at.own_slots) << func << ":" << at.pc;
    ++compared;
  }
  return compared;
}

const char kTangled[] = R"((module (type $s (struct)) (tag $e (param anyref i32)) (tag $v (param v128)) (memory 1)
    (func $g (param anyref i64) (result anyref v128 externref) (unreachable))
    (func (param $p anyref) (local externref i32 v128)
      (local.get $p) (i64.const 1) (call $g)
      (try (param v128 externref) (result anyref)
        (do (drop) (drop) (struct.new $s) (call $g (i64.const 2)) (drop) (drop))
        (catch $e (drop) (struct.new $s) (drop)
          (ref.null extern)
          (try (result externref) (do (call $g (local.get $p) (i64.const 3)) (throw $v (v128.const i64x2 0 0)))
            (catch $v (drop) (call $g (local.get $p) (i64.const 4)) (rethrow 1))
            (catch_all (struct.new $s) (drop) (ref.null extern) (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))))
          (drop) (drop))
        (catch_all (br 0 (struct.new $s))))
      (struct.new $s) (block (param anyref anyref) (struct.new $s) (drop) (drop) (drop))
      (if (result anyref) (i32.const 1) (then (struct.new $s) (struct.new $s) (drop)) (else (unreachable)))
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
      (drop) (drop))))";

TEST(RootMaps, AreWhatABruteForceWalkSays) {
  runtime::Engine engine;
  u64 compared = 0;
  for (const Program& program : kPrograms) {
    const auto module = load(engine, program.wat);
    for (u32 f = 0; f < module->funcs.size(); ++f) compared += compare(*module, f);
  }
  const auto module = load(engine, kTangled);
  ASSERT_TRUE(module);
  for (u32 f = 0; f < module->funcs.size(); ++f) compared += compare(*module, f);
  EXPECT_GT(compared, 300u);
}

TEST(RootMaps, FindOnlyTheInstructionItself) {
  runtime::Engine engine;
  const auto module =
      load(engine, R"((module (type $s (struct)) (func (drop (struct.new $s)) (nop) (drop (struct.new $s)))))");
  const RootMaps maps = *exec::make_root_maps(*module, 0);
  ASSERT_EQ(maps.points.size(), 2u);
  const u32 first = pc_of(*module, 0, wasm::Op::struct_new, 0);
  EXPECT_EQ(maps.find(first), &maps.points[0]);
  EXPECT_EQ(maps.find(first + 1), &maps.points[0]) << "the second byte of its opcode";
  EXPECT_EQ(maps.find(first + 2), nullptr) << "its immediate";
  EXPECT_EQ(maps.find(pc_of(*module, 0, wasm::Op::nop)), nullptr);
  EXPECT_EQ(maps.find(0), nullptr);
}

TEST(RootMaps, StayInProportionToTheBody) {
  // Ten thousand references below ten thousand calls: a list per call would be a hundred million entries.
  std::string wat = "(module (func $g) (func ";
  for (int i = 0; i < 10'000; ++i) wat += "(ref.null any)";
  for (int i = 0; i < 10'000; ++i) wat += "(call $g)";
  wat += "(unreachable)))";
  runtime::Engine engine;
  const auto module = load(engine, wat);
  const RootMaps maps = *exec::make_root_maps(*module, 1);
  ASSERT_EQ(maps.points.size(), 10'000u);
  EXPECT_LE(maps.nodes.size(), 10'000u);
  EXPECT_EQ(slots_of_point(maps, maps.points.back()).size(), 10'000u);
}

}  // namespace
}  // namespace dewar::test
