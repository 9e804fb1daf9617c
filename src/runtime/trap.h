// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a call into guest code can end, and why it trapped. Values, not exceptions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::runtime {

struct Instance;

/// X(id, "stable-code", "message as in the spec test suite")
#define DEWAR_TRAPS(X)                                                                         \
  X(none, "none", "")                                                                          \
  X(unreachable, "unreachable", "unreachable")                                                 \
  X(memory_out_of_bounds, "memory-out-of-bounds", "out of bounds memory access")               \
  X(table_out_of_bounds, "table-out-of-bounds", "out of bounds table access")                  \
  X(undefined_element, "undefined-element", "undefined element")                               \
  X(uninitialized_element, "uninitialized-element", "uninitialized element")                   \
  X(indirect_call_type_mismatch, "indirect-call-type-mismatch", "indirect call type mismatch") \
  X(divide_by_zero, "divide-by-zero", "integer divide by zero")                                \
  X(integer_overflow, "integer-overflow", "integer overflow")                                  \
  X(invalid_conversion, "invalid-conversion", "invalid conversion to integer")                 \
  X(null_reference, "null-reference", "null reference")                                        \
  X(null_function_reference, "null-function-reference", "null function reference")             \
  X(null_i31_reference, "null-i31-reference", "null i31 reference")                            \
  X(null_structure_reference, "null-structure-reference", "null structure reference")          \
  X(null_array_reference, "null-array-reference", "null array reference")                      \
  X(null_exception_reference, "null-exception-reference", "null exception reference")          \
  X(cast_failure, "cast-failure", "cast failure")                                              \
  X(array_out_of_bounds, "array-out-of-bounds", "out of bounds array access")                  \
  X(unaligned_atomic, "unaligned-atomic", "unaligned atomic")                                  \
  X(expected_shared_memory, "expected-shared-memory", "expected shared memory")                \
  X(stack_exhausted, "stack-exhausted", "call stack exhausted")                                \
  X(gc_heap_exhausted, "gc-heap-exhausted", "garbage-collected heap exhausted")                \
  X(code_memory, "code-memory-exhausted", "no room for another prepared function")             \
  X(out_of_fuel, "out-of-fuel", "out of fuel")                                                 \
  X(interrupted, "interrupted", "interrupted")                                                 \
  X(deadlock, "deadlock", "wait without a timeout that no thread can end")                     \
  X(host, "host", "host function failed")

enum class TrapKind : u8 {
#define X(id, code, text) id,
  DEWAR_TRAPS(X)
#undef X
};

/// Stable code, e.g. "memory-out-of-bounds".
std::string_view trap_code(TrapKind kind);
/// One line, worded as the spec's test suite does.
std::string_view trap_message(TrapKind kind);

/// One frame of a backtrace, innermost first.
struct FrameInfo {
  const Instance* instance = nullptr;
  u32 func = 0;  ///< function index in the module
  u32 pc = 0;    ///< offset in the body of the instruction being executed
};

/// Why a call did not return. `frames` is bounded by kMaxFrames (innermost and outermost halves kept).
struct Trap {
  static constexpr usize kMaxFrames = 64;
  TrapKind kind = TrapKind::none;
  std::string detail;  ///< extra text from a host function; may be empty
  std::vector<FrameInfo> frames;
  u64 total_frames = 0;
};

/// How a call ended.
enum class Outcome : u8 {
  returned,
  trapped,  ///< Stack::trap tells why
  threw,    ///< uncaught exception: Stack::exception holds it, the frames of Stack::trap tell where it was thrown
  exited,   ///< a host function ended the program, Stack::exit_code
  pending,  ///< a host function suspended; Stack can be resumed or written out
};

}  // namespace dewar::runtime
