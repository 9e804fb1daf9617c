// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Creation of a store's objects and the exact refusal of too many. Tables are in table.cpp, roots and dynamic types of
// references in store_refs.cpp.
#include "runtime/store.h"

#include <algorithm>

#include "base/print.h"
#include "gc/heap.h"

namespace dewar::runtime {
namespace {

std::unexpected<Error> too_many(const char* code, const char* what, u64 limit) {
  return fail(code, std::string("too many ") + what + " in this store: the limit is " + base::dec(limit));
}

u32 slots_of(std::span<const wasm::CanonValType> types) {
  u32 slots = 0;
  for (const auto type : types) slots += type.slots();
  return slots;
}

}  // namespace

Store::Store(Engine& engine, const StoreLimits& limits)
    : engine_(engine),
      limits_(limits),
      heap_(std::make_unique<gc::Heap>(engine.types(), std::min(limits.max_gc_bytes, u64{1} << 32))),
      budget_(std::make_shared<GrowthBudget>(limits.max_total_bytes)),
      code_room_(limits.max_code_bytes) {}

Store::~Store() { DEWAR_ASSERT(stacks_.empty(), "a stack outlives its store"); }

Result<Func*> Store::new_host_func(wasm::CanonId type, HostFn fn, void* env) {
  if (!room_for_funcs(1)) return too_many("limit-functions", "functions", kMaxHandles);
  const wasm::CanonSubType& signature = engine_.types().type(type);
  Func* func = new_wasm_func(type, nullptr, nullptr);
  func->host = {fn, env, slots_of(signature.params), slots_of(signature.results)};
  return func;
}

Func* Store::new_wasm_func(wasm::CanonId type, FuncCode* code, Instance* instance) {
  DEWAR_ASSERT(room_for_funcs(1), "no room for a function");
  Func& func = func_storage_.emplace_back();
  func.type = type;
  func.index = static_cast<u32>(funcs_.size());
  func.code = code;
  func.instance = instance;
  funcs_.push_back(&func);
  return &func;
}

Result<void> Store::check_memory(const wasm::MemoryType& type) const {
  if (memories_.size() >= limits_.max_memories) return too_many("limit-memory", "memories", limits_.max_memories);
  return Memory::check(type, limits_.max_memory_bytes);
}

Result<std::shared_ptr<Memory>> Store::new_memory(const wasm::MemoryType& type) {
  if (auto checked = check_memory(type); !checked) return std::unexpected(std::move(checked.error()));
  auto memory = Memory::create(type, engine_.options().explicit_bounds, limits_.max_memory_bytes, budget_,
                               engine_.options().hide_memory);
  if (memory) adopt_memory(*memory);
  return memory;
}

void Store::adopt_memory(const std::shared_ptr<Memory>& memory) {
  const u8* start = memory->region.data();
  const bool known =
      memory->guarded ? uses_reservation(start) : std::ranges::find(memories_, memory) != memories_.end();
  if (known) return;
  memories_.push_back(memory);
  if (!memory->guarded) return;
  reservations_.insert(std::ranges::upper_bound(reservations_, start), start);
}

void Store::hide_memories(bool hidden) {
  for (const auto& memory : memories_) {
    if (memory->alias.valid() && !memory->type.shared) memory->hide(hidden);
  }
  memories_hidden_ = hidden;
}

bool Store::uses_reservation(const u8* start) const { return std::ranges::binary_search(reservations_, start); }

Global* Store::new_global(const wasm::CanonGlobalType& type, const Slot value[2]) {
  Global& global = globals_.emplace_back();
  global.type = type;
  global.value[0] = value[0];
  global.value[1] = value[1];
  return &global;
}

Tag* Store::new_tag(wasm::CanonId type) {
  Tag& tag = tag_storage_.emplace_back();
  tag.type = type;
  tag.index = static_cast<u32>(tags_.size());
  tags_.push_back(&tag);
  return &tag;
}

bool Store::take_code(u64 kept, u64 needed) {
  DEWAR_ASSERT(kept <= needed, "code that takes more than it needed");
  if (needed > code_room_) return false;
  code_peak_ = std::max(code_peak_, limits_.max_code_bytes - code_room_ + needed);
  code_room_ -= kept;
  return true;
}

Result<Instance*> Store::new_instance(base::Ref<const wasm::Module> module, base::Ref<CodeSet> codes) {
  if (instances_.size() >= limits_.max_instances) {
    return too_many("limit-instances", "instances", limits_.max_instances);
  }
  DEWAR_ASSERT(&module->registry() == &engine_.types(), "a module of another engine");
  if (!codes) {
    const auto known = code_sets_.find(module.get());
    if (known != code_sets_.end()) {
      codes = known->second;
    } else {
      const u64 bytes = CodeSet::bytes_for(*module);
      if (!take_code(bytes, bytes)) {
        return fail("limit-code", "the functions of the module need " + base::human_size(bytes) +
                                      " before any is made ready to run: no room for that is left of " +
                                      base::human_size(limits_.max_code_bytes));
      }
      codes = code_sets_[module.get()] = base::make_ref<CodeSet>(module);
    }
  }
  DEWAR_ASSERT(&codes->module() == module.get(), "code of another module");
  Instance& instance = instances_.emplace_back();
  instance.store = this;
  instance.code_table = codes->data();
  instance.codes = std::move(codes);
  instance.module = std::move(module);
  return &instance;
}

Result<Ref> Store::new_host_ref(u64 value) {
  const auto [at, is_new] = host_ref_index_.try_emplace(value, static_cast<u32>(host_refs_.size()));
  if (is_new) {
    if (host_refs_.size() >= kMaxHandles) {
      host_ref_index_.erase(at);
      return too_many("limit-handles", "host references", kMaxHandles);
    }
    host_refs_.push_back(value);
  }
  return host_ref(at->second);
}

}  // namespace dewar::runtime
