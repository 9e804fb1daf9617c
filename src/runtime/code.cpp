// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Construction of a CodeSet: every function is known by module, index and type; bodies come at the first call.
#include "runtime/code.h"

namespace dewar::runtime {

CodeSet::CodeSet(base::Ref<const wasm::Module> module)
    : module_(std::move(module)), count_(static_cast<u32>(module_->funcs.size()) - module_->num_imported_funcs) {
  codes_ = std::make_unique<FuncCode[]>(count_);
  // Per type, because many functions may share one with many parameters.
  std::vector<u32> param_slots;
  param_slots.reserve(module_->types.size());
  for (const wasm::SubType& type : module_->types) {
    u32 slots = 0;
    for (const wasm::ValType param : type.params) slots += param.slots();
    param_slots.push_back(slots);
  }
  for (u32 i = 0; i < count_; ++i) {
    FuncCode& code = codes_[i];
    code.set = this;
    code.module = module_.get();
    code.func = module_->num_imported_funcs + i;
    code.type = module_->canon[module_->funcs[code.func].type.value];
    code.param_slots = param_slots[module_->funcs[code.func].type.value];
  }
}

CodeSet::~CodeSet() = default;

}  // namespace dewar::runtime
