// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quickening: the list of groups is well formed, patching touches opcode bytes only, nothing that a group must not
// contain is fused, and what is fused does what the single instructions do.
#include <algorithm>
#include <set>

#include "exec/interp/handler.h"
#include "exec/interp/quicken.h"
#include "exec/prepare.h"
#include "exec_fixture.h"
#include "exec_programs.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

using exec::interp::FusedGroup;
using wasm::Op;

TEST(Quicken, GroupsAreWellFormed) {
  const std::set<u8> internal = {0x16, 0x17, 0x1d, 0x1e, 0x27, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xff};
  std::set<u8> codes;
  std::set<std::vector<Op>> lists;
  ASSERT_FALSE(exec::interp::fused_groups().empty());
  for (const FusedGroup& g : exec::interp::fused_groups()) {
    EXPECT_GE(g.ops.size(), 2u);
    EXPECT_TRUE(codes.insert(g.code).second) << "two groups have one opcode";
    EXPECT_TRUE(lists.insert(g.ops).second) << "a group is listed twice";
    EXPECT_EQ(wasm::op_from_code(0, g.code), Op::kCount) << "the byte is an opcode of the format";
    EXPECT_FALSE(internal.contains(g.code));
    EXPECT_FALSE(g.code >= 0xfb) << "a prefix";
    for (usize i = 0; i < g.ops.size(); ++i) {
      const wasm::OpInfo& info = wasm::op_info(g.ops[i]);
      EXPECT_EQ(info.prefix, 0) << info.text;
      // Only the last may end a block, and nothing may suspend, call, throw or trap in a way that a step can not tell.
      if (g.ops[i] == Op::br_if) {
        EXPECT_EQ(i + 1, g.ops.size());
      } else {
        EXPECT_FALSE(info.effects & (wasm::kControl | wasm::kCall | wasm::kGc | wasm::kBulk | wasm::kThrows))
            << info.text;
        if (info.effects & wasm::kTrap) EXPECT_EQ(info.imm, wasm::Imm::memarg) << info.text;
      }
    }
  }
}

/// Bytes that differ between the quickened and the plain body of a function: all must be opcodes.
u32 patched(std::string_view wat, u32 func) {
  std::vector<u8> bodies[2];
  std::vector<Instruction> all;
  for (const bool quicken : {false, true}) {
    runtime::EngineOptions options;
    options.quicken = quicken;
    TestEngine engine(options);
    runtime::Instance* instance = engine.load(wat);
    if (!instance) return 0;
    runtime::FuncCode& code = instance->codes->at(func);
    EXPECT_TRUE(exec::prepare(*instance->codes, code, options, nullptr));
    bodies[quicken].assign(code.body, code.body + code.body_size);
    all = instructions(*instance->module, func);
  }
  std::set<u32> starts;
  for (const Instruction& i : all) starts.insert(i.pc);
  u32 count = 0;
  for (u32 pc = 0; pc < bodies[0].size(); ++pc) {
    if (bodies[0][pc] == bodies[1][pc]) continue;
    EXPECT_TRUE(starts.contains(pc)) << "a byte that is no opcode was changed";
    ++count;
  }
  return count;
}

TEST(Quicken, ChangesOpcodesOnly) {
  EXPECT_GT(patched(kPrograms[1].wat, 0), 5u);
  for (const Program& program : kPrograms) patched(program.wat, 0);
}

TEST(Quicken, LeavesWhatItsStepsCanNotRead) {
  // Immediates in long forms, locals that are mapped, and memories without guards.
  EXPECT_EQ(
      patched(R"((module (memory i64 1) (func (export "f") (param i64) (result i32) (i32.load (local.get 0)))))", 0),
      0u);
  std::string locals = "(module (func (export \"f\") (result i32) (local";
  for (int i = 0; i < 200; ++i) locals += " i32";
  EXPECT_EQ(patched(locals + ") (i32.add (local.get 150) (local.get 151))))", 0), 0u);
  EXPECT_EQ(patched(R"((module (func (export "f") (result i32) (local i32 i32 v128)
      (i32.add (local.get 0) (local.get 1)))))",
                    0),
            0u);
}

bool is_valid(std::string_view wat) {
  auto bytes = text::wat_to_wasm(wat);
  if (!bytes) return false;
  runtime::Engine engine;
  return wasm::load_module(std::move(*bytes), engine.types(), {}).has_value();
}

TEST(Quicken, EveryGroupDoesWhatItsInstructionsDo) {
  // Each group stands alone between two nops, so that no longer one takes its place.
  // For each group a function whose body is: constants for what the group takes from the stack, the group, a result
  // from all locals and what it left. Compared between plain and quickened runs over arguments at the edges.
  u32 built = 0;
  for (const FusedGroup& g : exec::interp::fused_groups()) {
    std::string text;
    std::vector<char> stack;  // of types
    std::string before;
    bool usable = true;
    const auto local_of = [](char t) { return t == 'i' ? "0" : t == 'l' ? "2" : t == 'f' ? "4" : "6"; };
    const auto need = [&](char t) {
      if (stack.empty() || stack.back() != t) {
        // Comes from below the group.
        before = std::string("(local.get ") + (t == 'i' ? "1" : t == 'l' ? "3" : t == 'f' ? "5" : "7") + ")" + before;
        if (!stack.empty()) usable = false;
        return;
      }
      stack.pop_back();
    };
    const auto letter = [](Op op, bool result) {
      const char* s = wasm::op_info(op).sig;
      while (*s && *s != ':') ++s;
      return result ? s[1] : wasm::op_info(op).sig[0];
    };
    // The type of an untyped local access is that of its typed neighbour.
    const auto type_near = [&](usize i, bool forward) -> char {
      if (forward) {
        for (usize k = i + 1; k < g.ops.size(); ++k) {
          const char* s = wasm::op_info(g.ops[k]).sig;
          if (s[0] == '*') continue;
          if (s[0] == 'a') return s[1] == ':' ? 'i' : (k == i + 1 ? s[1] : 'i');
          return s[0] == ':' ? 'i' : (k == i + 1 ? (s[1] != ':' ? s[1] : s[0]) : s[0]);
        }
      } else if (!stack.empty()) {
        return stack.back();
      }
      return 'i';
    };
    for (usize i = 0; i < g.ops.size() && usable; ++i) {
      const Op op = g.ops[i];
      const wasm::OpInfo& info = wasm::op_info(op);
      if (op == Op::local_get) {
        const char t = type_near(i, true);
        text += std::string("(local.get ") + local_of(t) + ")";
        stack.push_back(t);
      } else if (op == Op::local_set || op == Op::local_tee) {
        const char t = type_near(i, false);
        need(t);
        text += std::string(info.text) + " " + (t == 'i' ? "1" : t == 'l' ? "3" : t == 'f' ? "5" : "7") + " ";
        if (op == Op::local_tee) stack.push_back(t);
      } else if (op == Op::br_if) {
        need('i');
        text += " br_if $out ";
      } else if (op == Op::drop) {
        need(type_near(i, false));
        text += " drop ";
      } else if (info.imm == wasm::Imm::i32 || info.imm == wasm::Imm::i64) {
        text += std::string("(") + info.text.c_str() + " -3)";
        stack.push_back(info.imm == wasm::Imm::i32 ? 'i' : 'l');
      } else if (info.sig[0] == '*') {
        usable = false;
      } else {
        std::string operands;
        const char* s = info.sig;
        for (; *s != ':'; ++s) operands += *s == 'a' ? 'i' : *s;
        for (usize k = operands.size(); k-- > 0;) need(operands[k]);
        text += std::string(" ") + info.text.c_str() + " ";
        if (s[1]) stack.push_back(letter(op, true));
      }
    }
    if (!usable) continue;
    // What is left is stored away; the block's `br_if` may have skipped that.
    std::string after;
    for (usize k = stack.size(); k-- > 0;)
      after += std::string("local.set ") +
               (stack[k] == 'i'   ? "8"
                : stack[k] == 'l' ? "9"
                : stack[k] == 'f' ? "10"
                                  : "11") +
               " ";
    const bool branches = g.ops.back() == Op::br_if;
    std::string body = branches && !stack.empty() ? "" : before + " nop " + text + " nop " + after;
    if (body.empty()) continue;
    const std::string wat =
        "(module (memory 1) (data (i32.const 0) \"\\01\\82\\03\\f4\\ff\\86\\07\\88\\19\\8a\\0b\")"
        "(func (export \"f\") (param i32 i32 i64 i64 f32 f32 f64 f64) (result i64) (local i32 i64 f32 f64)"
        "(block $out " +
        body +
        " (i64.const 77) (local.set 3 (i64.xor (local.get 3))))"
        "(i64.extend_i32_u (local.get 1)) (i64.extend_i32_u (local.get 8)) i64.add (local.get 3) i64.add"
        "(local.get 9) i64.xor (i64.extend_i32_u (i32.reinterpret_f32 (local.get 10))) i64.add"
        "(i64.reinterpret_f64 (local.get 11)) i64.add (i64.reinterpret_f64 (local.get 7)) i64.add"
        "(i64.load (i32.const 0)) i64.add (i64.load (i32.const 8)) i64.add))";
    if (!is_valid(wat)) continue;
    ++built;
    std::vector<Did> did[2];
    for (const bool quicken : {false, true}) {
      runtime::EngineOptions options;
      options.quicken = quicken;
      TestEngine engine(options);
      runtime::Instance* instance = engine.load(wat);
      ASSERT_NE(instance, nullptr) << wat;
      const u64 floats[] = {0x3f800000, 0x3ff0000000000000, 0xc1200000, 0xbfe5555555555555};
      for (const u32 a : {0u, 1u, 2u, 3u, 0x7fffffffu, 0xffffffffu, 65532u, 65533u, 65536u})
        for (const u32 b : {0u, 1u, 5u, 0x80000000u, 0xfffffffeu})
          did[quicken].push_back(call(engine, *instance, "f",
                                      {a | 0xdead00000000u, b | 0xbeef00000000u, u64{a} * 77, ~u64{b}, floats[0],
                                       floats[2], floats[1], floats[3]}));
      // Accesses are fused in memories with guard pages only.
      const bool accesses =
          std::any_of(g.ops.begin(), g.ops.end(), [](Op op) { return wasm::op_info(op).imm == wasm::Imm::memarg; });
      const bool can_fuse = !accesses || !engine.engine().options().explicit_bounds;
      if (quicken && can_fuse) {
        const runtime::FuncCode& code = instance->codes->at(0);
        EXPECT_NE(std::find(code.body, code.body + code.body_size, g.code), code.body + code.body_size)
            << "not fused:\n"
            << wat;
      }
    }
    EXPECT_EQ(did[0], did[1]) << wat;
  }
  EXPECT_GT(built, exec::interp::fused_groups().size() / 2);
}

}  // namespace
}  // namespace dewar::test
