// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random structured programs for the tests of the State: a generator, a machine with nothing but slots that says what
// is right, and a small compiler that uses the State as the real one does. Programs are typed, end, and may trap.
#pragma once

#include <deque>
#include <string>

#include "../semantics_values.h"
#include "emit_fixture.h"

namespace dewar::exec::baseline::test {

struct Instr {
  enum Kind : u8 {
    kGet,
    kSet,
    kTee,
    kConst,
    kNumeric,
    kSelect,
    kDrop,
    kBlock,
    kLoop,
    kIf,
    kElse,
    kEnd,
    kUnreachable,
    kBrIf,
    kBr
  };
  Kind kind;
  Rep rep = Rep::i32;          ///< kConst
  wasm::Op op{};               ///< kNumeric
  u32 index = 0;               ///< local, or depth
  u64 bits = 0;                ///< kConst
  std::vector<Rep> results;    ///< kBlock, kIf
  std::vector<LocalUse> uses;  ///< kLoop
  usize end = 0;               ///< kBlock, kIf, kElse: of the matching end
  usize other = 0;             ///< kIf: of the else, or the end
};

struct Program {
  std::vector<wasm::ValType> locals;
  u32 params = 0;
  std::vector<Instr> code;
};

struct Shape {
  u32 params = 6;
  u32 locals = 10;
  u32 size = 50;
  u32 depth = 12;        ///< operands that are wanted on the stack
  u32 trap_percent = 8;  ///< of operations that may trap, which are taken
  bool control = true;
  bool floats = true;
};

Program generate(dewar::exec::test::Random& random, const Shape& shape);

/// For whoever looks for what went wrong.
std::string to_text(const Program& program);

/// A value with its type.
struct Typed {
  Rep rep;
  Bits bits;
};

/// Where a run of a program stands.
struct SlotState {
  /// As Function::run; kStopped: instruction `stop_at` was reached. At a trap the operands of its instruction are gone.
  u64 code = kReturned;
  std::vector<Typed> locals;
  std::vector<Typed> operands;
};
inline constexpr u64 kStopped = 1;

/// Runs the program up to the first time that it comes to instruction `stop_at`.
SlotState interpret(const Program& program, const std::vector<Bits>& args, usize stop_at);

/// What the State knows at a place.
struct Compiled {
  bool reached = false;  ///< code for that place was emitted: it is not dead
  std::map<u32, Location> map;
  std::vector<std::pair<u32, Rep>> operands;  ///< slot and type
};
Compiled look(Function& f);
/// Compiles the program; at `stop_at` the machine is written down. Returns what is known there.
Compiled compile(Function& f, const Program& program, usize stop_at);

}  // namespace dewar::exec::baseline::test
