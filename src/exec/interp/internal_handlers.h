// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of internal opcodes, and the list of opcodes whose handlers are written by hand.
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

DEWAR_HANDLER(op_local_get_map);
DEWAR_HANDLER(op_local_set_map);
DEWAR_HANDLER(op_local_tee_map);
DEWAR_HANDLER(op_drop_wide);
DEWAR_HANDLER(op_select_wide);
DEWAR_HANDLER(op_select_typed_wide);
DEWAR_HANDLER(op_global_get_wide);
DEWAR_HANDLER(op_global_set_wide);
DEWAR_HANDLER(op_catch_end);

/// Test mode (EngineOptions::garbage_upper): before each instruction, fills the upper halves of its 32-bit operands
/// with garbage, so that a reader that forgets to truncate gives a wrong result. `table` has room for 2 * kTableSize
/// entries; the real handlers move to the second half.
void wrap_with_garbage(Handler* table);

// clang-format off: it never settles on lists of macros
#define DEWAR_HAND_WRITTEN(X)                                                                                          \
  X(unreachable)                                                                                                       \
  X(nop) X(block) X(loop) X(if_) X(else_) X(try_) X(catch_) X(throw_) X(rethrow) X(throw_ref) X(end) X(br) X(br_if)    \
      X(br_table) X(return_) X(call) X(call_indirect) X(return_call) X(return_call_indirect) X(call_ref)               \
          X(return_call_ref) X(delegate) X(catch_all) X(drop) X(select) X(select_t) X(try_table) X(local_get)          \
              X(local_set) X(local_tee) X(global_get) X(global_set) X(table_get) X(table_set) X(memory_size)           \
                  X(memory_grow) X(i32_const) X(i64_const) X(f32_const) X(f64_const) X(ref_null) X(ref_is_null)        \
                      X(ref_func) X(ref_eq) X(ref_as_non_null) X(br_on_null) X(br_on_non_null) X(struct_new)           \
                          X(struct_new_default) X(struct_get) X(struct_get_s) X(struct_get_u) X(struct_set)            \
                              X(array_new) X(array_new_default) X(array_new_fixed) X(array_new_data) X(array_new_elem) \
                                  X(array_get) X(array_get_s) X(array_get_u) X(array_set) X(array_len) X(array_fill)   \
                                      X(array_copy) X(array_init_data) X(array_init_elem) X(ref_test) X(ref_test_null) \
                                          X(ref_cast) X(ref_cast_null) X(br_on_cast) X(br_on_cast_fail)                \
                                              X(any_convert_extern) X(extern_convert_any) X(ref_i31) X(i31_get_s)      \
                                                  X(i31_get_u) X(memory_init) X(data_drop) X(memory_copy)              \
                                                      X(memory_fill) X(table_init) X(elem_drop) X(table_copy)          \
                                                          X(table_grow) X(table_size) X(table_fill) X(v128_store)      \
                                                              X(v128_const) X(memory_atomic_notify) X(atomic_fence)
// clang-format on

}  // namespace dewar::exec::interp
