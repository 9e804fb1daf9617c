// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of all scalar numeric opcodes, made from exec/semantics.h.
// In a file of its own because instantiating the templates takes a while.
#include "exec/interp/numeric.h"

namespace dewar::exec::interp {

template <bool kWanted, class Row>
constexpr Handler only(Row row) {
  if constexpr (kWanted) {
    return row();
  } else {
    return nullptr;
  }
}

const Handler kScalarNumeric[wasm::kOpCount] = {
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  only<(prefix != 0xfd)>([]<class Late = void>() { return DEWAR_NUMERIC_ROW(id, imm); }),
#include "wasm/ops.def"
};

}  // namespace dewar::exec::interp
