// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One decoded instruction with its immediates, for tools (disassembler, printer, encoder, constant expressions). The
// hot walkers read immediates themselves. Decoding is generic over wasm::Imm.
#pragma once

#include <span>
#include <vector>

#include "base/cursor.h"
#include "base/error.h"
#include "wasm/op.h"
#include "wasm/types.h"

namespace dewar::wasm {

class Module;

/// Block type (spec 5.4.1): empty, one value type, or a type index.
struct BlockType {
  enum class Kind : u8 { empty, value, type } kind = Kind::empty;
  ValType value;
  TypeIndex type;
};

/// Catch clause of try_table: kind 0 catch, 1 catch_ref, 2 catch_all, 3 catch_all_ref.
struct CatchClause {
  u8 kind = 0;
  u32 tag = 0;  ///< kinds 0 and 1
  u32 label = 0;
};

struct Instr {
  Op op = Op::kCount;
  u32 pc = 0;    ///< offset of the first byte from the start of the decoded range
  u32 size = 0;  ///< bytes including immediates
  BlockType block;
  u32 index = 0;   ///< first index, label, or count (br_table: number of labels without the default)
  u32 index2 = 0;  ///< second index
  u32 align = 0;   ///< memarg: log2, flag bit removed
  u32 memory = 0;  ///< memarg: memory index
  u64 offset = 0;  ///< memarg
  u8 lane = 0;
  u8 flags = 0;                      ///< br_on_cast: bit 0 source nullable, bit 1 target nullable
  ValType heap;                      ///< heap_type as nullable reference; br_on_cast: source
  ValType heap2;                     ///< br_on_cast: target
  u64 bits = 0;                      ///< i32/i64 (sign-extended), f32/f64 bit patterns
  V128 v128;                         ///< v128 constant or shuffle lanes
  std::vector<u32> labels;           ///< br_table: targets, default last
  std::vector<ValType> types;        ///< select_types
  std::vector<CatchClause> catches;  ///< try_table
};

/// Reads one instruction. False with cursor error / "unknown opcode" in `error` on bad bytes. Never reads beyond the
/// cursor. Indices are not checked against a module.
bool read_instr(base::Cursor& c, Instr& out, Error& error);

/// Reads a value type / a heap type (as nullable reference) in binary form (spec 5.3).
bool read_val_type(base::Cursor& c, ValType& out, Error& error);
bool read_heap_type(base::Cursor& c, ValType& out, Error& error);

/// Neighbouring locals declared together: those before index `end` that are in no run before.
struct LocalRun {
  u32 end;
  ValType type;
};

/// Size in bytes of the local declarations at the start of a body; appends their runs, of which there are at most as
/// many as bytes. Indices go on from the parameters. Checks as read_locals.
Result<u32> read_local_runs(std::span<const u8> body, u32 num_params, std::vector<LocalRun>& runs,
                            const Module* module = nullptr);

/// Size in bytes of the local declarations at the start of a body (= pc of the first instruction); appends the locals'
/// types (without parameters) to `locals`. Checks kMaxLocals before it grows the vector. With a module it also checks
/// that the types exist there and need no feature that is off. Error offsets count from the start of the body.
Result<u32> read_locals(std::span<const u8> body, u32 num_params, std::vector<ValType>& locals,
                        const Module* module = nullptr);

}  // namespace dewar::wasm
