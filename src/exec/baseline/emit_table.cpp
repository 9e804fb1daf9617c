// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/baseline/emit_table.h"

namespace dewar::exec::baseline {

const EmitTable& emit_table() {
  static const EmitTable table = [] {
    EmitTable t{};
    add_plain_emitters(t);
    return t;
  }();
  return table;
}

}  // namespace dewar::exec::baseline
