// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Short forms for the tests of execution: run one export of a module in some mode and look at everything that came of
// it; find instructions of a function by opcode.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exec/exec.h"
#include "gc/heap.h"
#include "interrupt/engine_fixture.h"
#include "wasm/walker.h"

namespace dewar::test {

/// What a call did, in a form that can be compared between modes.
struct Did {
  runtime::Outcome outcome = runtime::Outcome::returned;
  runtime::TrapKind trap = runtime::TrapKind::none;
  std::vector<Slot> results;
  i64 fuel = 0;          ///< used
  u64 surcharge = 0;     ///< part of it
  std::vector<u32> pcs;  ///< of the backtrace
  u64 instructions() const { return static_cast<u64>(fuel) - surcharge; }
  friend bool operator==(const Did&, const Did&) = default;
};

inline constexpr i64 kPlenty = i64{1} << 40;

/// Is there a compiler for this machine?
#if defined(__x86_64__)
inline constexpr bool kCompiles = true;
#else
inline constexpr bool kCompiles = false;
#endif

/// Calls an export with `fuel` in the tank.
inline Did call(TestEngine& engine, runtime::Instance& instance, std::string_view name,
                std::initializer_list<Slot> args = {}, i64 fuel = kPlenty) {
  runtime::Stack& stack = engine.stack();
  stack.fuel = fuel;
  stack.bulk_surcharge = 0;
  Did did;
  did.outcome = engine.call(instance, name, args);
  did.trap = stack.trap.kind;
  if (did.outcome == runtime::Outcome::returned) did.results = engine.results();
  did.fuel = fuel - stack.fuel;
  did.surcharge = stack.bulk_surcharge;
  for (const runtime::FrameInfo& frame : stack.trap.frames) did.pcs.push_back(frame.pc);
  return did;
}

/// Loads a module in a fresh engine and calls "f".
inline Did run(const runtime::EngineOptions& options, std::string_view wat, std::initializer_list<Slot> args = {},
               i64 fuel = kPlenty) {
  TestEngine engine(options);
  runtime::Instance* instance = engine.load(wat);
  return instance ? call(engine, *instance, "f", args, fuel) : Did{};
}

/// Runs in every mode, expects the same everywhere, and gives the answer.
inline Did run_all(std::string_view wat, std::initializer_list<Slot> args = {}, i64 fuel = kPlenty) {
  const Did first = run(matrix_modes()[0].options, wat, args, fuel);
  for (const Mode& mode : matrix_modes()) {
    const Did did = run(mode.options, wat, args, fuel);
    EXPECT_EQ(did, first) << mode.name << ": fuel " << did.fuel << " instead of " << first.fuel << "\n" << wat;
  }
  return first;
}

/// Every instruction of a function, in order.
struct Instruction {
  wasm::Op op;
  u32 pc;
};
struct InstructionSink : wasm::NullSink {
  std::vector<Instruction> all;
  template <class W>
  void op(W&, wasm::Op op, u32 pc) {
    all.push_back({op, pc});
  }
};
inline std::vector<Instruction> instructions(const wasm::Module& module, u32 func) {
  InstructionSink sink;
  wasm::WalkScratch scratch;
  EXPECT_TRUE(wasm::walk(module, wasm::FuncIndex{func}, sink, scratch).has_value());
  return sink.all;
}
/// pc of the nth instruction (from 0) with that opcode.
inline u32 pc_of(const wasm::Module& module, u32 func, wasm::Op op, u32 nth = 0) {
  for (const Instruction& i : instructions(module, func))
    if (i.op == op && nth-- == 0) return i.pc;
  ADD_FAILURE() << "no such instruction";
  return 0;
}

}  // namespace dewar::test
