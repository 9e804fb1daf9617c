// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/interp/quicken.h"
namespace dewar::exec::interp {
void quicken(const wasm::Module&, runtime::FuncCode&, const runtime::EngineOptions&) {}
}  // namespace dewar::exec::interp
