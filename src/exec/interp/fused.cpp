// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/interp/fused.h"
namespace dewar::exec::interp {
void add_fused(Handler*, bool) {}
}  // namespace dewar::exec::interp
