// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The garbage_upper test mode: a second dispatch table whose entries scramble the operands and then run the real
// handler.
#include "exec/interp/internal_handlers.h"
#include "wasm/op.h"

namespace dewar::exec::interp {

namespace {

constexpr u64 kGarbage = 0xa5a5a5a500000000;

void scramble(Slot* s) { *s = (*s & 0xffffffffu) | kGarbage; }

/// Which of the topmost operands are 32 bits wide: bit k = k slots below the top. Derived from ops.def, plus the
/// instructions whose rule depends on context.
constexpr u32 narrow_operands(const wasm::OpInfo& info, wasm::Op op) {
  using wasm::Op;
  switch (op) {
    case Op::if_:
    case Op::br_if:
    case Op::br_table:
    case Op::select:
    case Op::select_t:
    case Op::ref_is_null:
    case Op::ref_as_non_null:
    case Op::ref_i31:
    case Op::i31_get_s:
    case Op::i31_get_u:
    case Op::array_len:
    case Op::struct_get:
    case Op::struct_get_s:
    case Op::struct_get_u:
    case Op::ref_test:
    case Op::ref_test_null:
    case Op::ref_cast:
    case Op::ref_cast_null:
    case Op::br_on_null:
    case Op::br_on_non_null:
    case Op::br_on_cast:
    case Op::br_on_cast_fail:
    case Op::call_ref:
    case Op::return_call_ref:
    case Op::throw_ref:
    case Op::array_new_default: return 1;
    case Op::ref_eq:
    case Op::array_get:
    case Op::array_get_s:
    case Op::array_get_u:
    case Op::array_new_data:
    case Op::array_new_elem: return 3;
    case Op::array_init_data:
    case Op::array_init_elem: return 15;
    case Op::array_copy: return 31;
    default: break;
  }
  if (info.sig[0] == '*') return 0;
  u32 count = 0;
  for (const char* s = info.sig; *s != ':'; ++s) count += *s == 'v' ? 2 : 1;
  u32 bits = 0;
  for (const char* s = info.sig; *s != ':'; ++s) {
    count -= *s == 'v' ? 2 : 1;
    if (*s == 'i' || *s == 'f') bits |= 1u << count;
  }
  return bits;
}

template <u32 kBits, u32 kIndex>
DEWAR_HANDLER(scrambled) {
  for (u32 k = 0; k < 5; ++k)
    if (kBits & (1u << k)) scramble(sp - 1 - k);
  const Handler real = static_cast<const Handler*>(table)[kTableSize + kIndex];
  [[clang::musttail]] return real(DEWAR_INTERP_ARGS);
}

constexpr u32 index_of(u8 prefix, u32 code) {
  return (prefix == 0xfb   ? kPageFb
          : prefix == 0xfc ? kPageFc
          : prefix == 0xfd ? kPageFd
          : prefix == 0xfe ? kPageFe
                           : 0) +
         code;
}

}  // namespace

void wrap_with_garbage(Handler* table) {
  for (u32 i = 0; i < kTableSize; ++i) table[kTableSize + i] = table[i];
#define OP(id, prefix, code, text, imm, sig, align, effects, feature)                                       \
  if constexpr (constexpr u32 bits = narrow_operands(wasm::op_info(wasm::Op::id), wasm::Op::id); bits != 0) \
    table[index_of(prefix, code)] = scrambled<bits, index_of(prefix, code)>;
#include "wasm/ops.def"
}

}  // namespace dewar::exec::interp
