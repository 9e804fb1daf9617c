// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the generator knows of an opcode beyond its row in ops.def: its class (for weights and for the printed counts),
// and whether its NaN results are open in the specification. Everything is computed from the row, so that a new row
// has a class at once.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/op.h"
#include "wasm/types.h"

namespace dewar::diff {

using wasm::Op;

/// X(id, "name")
#define DEWAR_OP_CLASSES(X)                \
  X(control, "control")                    \
  X(exception, "exceptions")               \
  X(legacy, "legacy exceptions")           \
  X(call, "calls")                         \
  X(parametric, "drop, select, constants") \
  X(variable, "variables")                 \
  X(table, "tables")                       \
  X(reference, "references")               \
  X(gc, "structs, arrays, casts")          \
  X(memory, "scalar memory access")        \
  X(bulk, "memory size, growth, bulk")     \
  X(i32, "i32")                            \
  X(i64, "i64")                            \
  X(f32, "f32")                            \
  X(f64, "f64")                            \
  X(convert, "conversions")                \
  X(wide, "wide arithmetic")               \
  X(v128_memory, "v128 memory access")     \
  X(v128_move, "v128 lanes and bits")      \
  X(v128_int, "v128 integers")             \
  X(v128_float, "v128 floats")             \
  X(relaxed, "relaxed SIMD")               \
  X(atomic, "atomics")

enum class OpClass : u8 {
#define X(id, name) id,
  DEWAR_OP_CLASSES(X)
#undef X
      kCount
};
inline constexpr usize kOpClasses = static_cast<usize>(OpClass::kCount);

std::string_view class_name(OpClass c);
OpClass op_class(Op op);

/// Rows of a class, in the order of ops.def.
const std::vector<Op>& ops_of(OpClass c);
/// Rows with a fixed signature that push exactly one value of this type.
const std::vector<Op>& ops_giving(wasm::ValType type);

/// Operand and result types of a row with a fixed signature, bottom first. An index of memory is `index`.
struct SimpleSig {
  std::vector<wasm::ValType> params, results;
  bool has_index = false;  ///< params[0] is the index of a memory
};
/// Precondition: the signature is not "*".
const SimpleSig& simple_sig(Op op);
inline bool has_simple_sig(Op op) { return wasm::op_info(op).sig[0] != '*'; }

/// Lane width (32 or 64) of float results whose NaN bits the specification leaves open, else 0 (docs/determinism.md).
u32 open_nan_lane(Op op);

/// How often each opcode was emitted.
using OpCounts = std::array<u64, wasm::kOpCount>;

/// Why an opcode can not come up, or nothing. `common`: in modules for V8.
std::string_view unreachable_reason(Op op, bool common);

}  // namespace dewar::diff
