// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instantiation (spec 4.5.4). Order: limits, imports, functions, memories, tags, globals, tables, element items, then
// the active segments (elements before data) and the start function. Everything evaluated so far is reachable from the
// store, so a collection in the middle finds it. After a trap the instance stays: others may refer to it already.
#include "runtime/instantiate.h"

#include <algorithm>
#include <cstring>

#include "base/print.h"
#include "runtime/const_expr.h"

namespace dewar::runtime {
namespace {

class Instantiation {
 public:
  Instantiation(Store& store, Instance& instance, std::span<const Extern> imports, Stack& stack)
      : store_(store), instance_(instance), module_(*instance.module), stack_(stack), eval_(store, instance, stack) {
    for (const Extern& e : imports) imports_[static_cast<usize>(e.kind)].push_back(&e);
  }

  Result<Outcome> run() {
    allocate_index_spaces();
    if (store_.hooks.instantiating) store_.hooks.instantiating(stack_, instance_);
    for (auto phase : {&Instantiation::make_memories, &Instantiation::make_globals, &Instantiation::make_tables,
                       &Instantiation::evaluate_items, &Instantiation::copy_elements, &Instantiation::copy_data}) {
      const Result<bool> done = (this->*phase)();
      if (!done) return std::unexpected(done.error());
      if (!*done) return Outcome::trapped;
    }
    return start();
  }

 private:
  std::span<const Extern* const> imported(wasm::ExternKind kind) const { return imports_[static_cast<usize>(kind)]; }

  /// Functions and tags need no evaluation; the other index spaces get their imports and room for the rest.
  void allocate_index_spaces() {
    const u32 func_imports = module_.num_imported_funcs;
    instance_.funcs = std::make_unique<Func*[]>(module_.funcs.size());
    for (u32 i = 0; i < func_imports; ++i) instance_.funcs[i] = imported(wasm::ExternKind::func)[i]->func;
    for (u32 i = func_imports; i < module_.funcs.size(); ++i) {
      FuncCode& code = instance_.code_table[i - func_imports];
      instance_.funcs[i] = store_.new_wasm_func(code.type, &code, &instance_);
    }
    instance_.tags = std::make_unique<Tag*[]>(module_.tags.size());
    for (u32 i = 0; i < module_.tags.size(); ++i) {
      instance_.tags[i] = i < module_.num_imported_tags ? imported(wasm::ExternKind::tag)[i]->tag
                                                        : store_.new_tag(module_.canon[module_.tags[i].value]);
    }
    instance_.globals = std::make_unique<Global*[]>(module_.globals.size());
    for (u32 i = 0; i < module_.num_imported_globals; ++i) {
      instance_.set_global(i, imported(wasm::ExternKind::global)[i]->global);
    }
    instance_.tables = std::make_unique<Table*[]>(module_.tables.size());
    for (u32 i = 0; i < module_.num_imported_tables; ++i) {
      instance_.tables[i] = imported(wasm::ExternKind::table)[i]->table;
    }
    instance_.memories = std::make_unique<Memory*[]>(module_.memories.size());
    instance_.memory_owners.resize(module_.memories.size());
    instance_.elem_refs.resize(module_.elems.size());
    instance_.dropped_elems.resize(module_.elems.size());
    instance_.dropped_datas.resize(module_.datas.size());
  }

  Result<bool> make_memories() {
    for (u32 i = 0; i < module_.memories.size(); ++i) {
      if (i < module_.num_imported_memories) {
        instance_.memory_owners[i] = imported(wasm::ExternKind::memory)[i]->memory;
        store_.adopt_memory(instance_.memory_owners[i]);
      } else {
        auto memory = store_.new_memory(module_.memories[i]);
        if (!memory) return std::unexpected(std::move(memory.error()));
        instance_.memory_owners[i] = std::move(*memory);
      }
      instance_.memories[i] = instance_.memory_owners[i].get();
    }
    if (!module_.memories.empty() && instance_.memories[0]->guarded) instance_.memory0 = instance_.memories[0]->base;
    return true;
  }

  Result<bool> make_globals() {
    for (u32 i = module_.num_imported_globals; i < module_.globals.size(); ++i) {
      const wasm::Global& global = module_.globals[i];
      Slot value[2];
      const auto done = evaluate(global.init, value, "global", i);
      if (!done || !*done) return done;
      instance_.set_global(i, store_.new_global({module_.canonical(global.type.type), global.type.mut}, value));
    }
    return true;
  }

  Result<bool> make_tables() {
    for (u32 i = module_.num_imported_tables; i < module_.tables.size(); ++i) {
      const wasm::Table& table = module_.tables[i];
      Slot value[2] = {kNullRef, 0};
      if (table.init.size != 0) {
        const auto done = evaluate(table.init, value, "table", i);
        if (!done || !*done) return done;
      }
      auto made = store_.new_table({module_.canonical(table.type.elem), table.type.limits}, static_cast<Ref>(value[0]));
      if (!made) return std::unexpected(std::move(made.error()));
      instance_.tables[i] = *made;
    }
    return true;
  }

  /// Items of all segments that can still be used: passive ones, and active ones whose items are expressions, because
  /// all items are evaluated before the first is copied. Items of declarative segments have no effect.
  Result<bool> evaluate_items() {
    for (u32 i = 0; i < module_.elems.size(); ++i) {
      const wasm::ElemSegment& segment = module_.elems[i];
      if (segment.mode == wasm::SegmentMode::declarative) {
        instance_.dropped_elems[i] = true;
        continue;
      }
      if (segment.mode == wasm::SegmentMode::active && !segment.exprs) continue;
      // A root from the start: items not evaluated yet are null.
      instance_.elem_refs[i] = std::make_unique<Ref[]>(segment.count);
      for (u32 k = 0; k < segment.count; ++k) {
        if (segment.exprs) {
          Slot value[2];
          const auto done = evaluate(segment.items[k], value, "element segment", i);
          if (!done || !*done) return done;
          instance_.elem_refs[i][k] = static_cast<Ref>(value[0]);
        } else {
          instance_.elem_refs[i][k] = ref_of(segment.funcs[k]);
        }
      }
    }
    return true;
  }

  Result<bool> copy_elements() {
    for (u32 i = 0; i < module_.elems.size(); ++i) {
      const wasm::ElemSegment& segment = module_.elems[i];
      if (segment.mode != wasm::SegmentMode::active) continue;
      Table& table = *instance_.tables[segment.table.value];
      Slot value[2];
      const auto done = evaluate(segment.offset, value, "element segment", i);
      if (!done || !*done) return done;
      const u64 offset = table.type.limits.is64 ? value[0] : static_cast<u32>(value[0]);
      if (segment.count > table.size || offset > table.size - segment.count) {
        return trap(TrapKind::table_out_of_bounds, "element segment", i);
      }
      const Ref* refs = instance_.elem_refs[i].get();
      for (u32 k = 0; k < segment.count; ++k) table.set(store_, offset + k, refs ? refs[k] : ref_of(segment.funcs[k]));
      instance_.elem_refs[i].reset();
      instance_.dropped_elems[i] = true;
    }
    return true;
  }

  Result<bool> copy_data() {
    for (u32 i = 0; i < module_.datas.size(); ++i) {
      const wasm::DataSegment& segment = module_.datas[i];
      if (segment.mode != wasm::SegmentMode::active) continue;
      Memory& memory = *instance_.memories[segment.memory.value];
      Slot value[2];
      const auto done = evaluate(segment.offset, value, "data segment", i);
      if (!done || !*done) return done;
      const u64 offset = memory.type.limits.is64 ? value[0] : static_cast<u32>(value[0]);
      if (!memory.in_bounds(offset, segment.bytes.size)) {
        return trap(TrapKind::memory_out_of_bounds, "data segment", i);
      }
      const auto bytes = module_.slice(segment.bytes);
      if (!bytes.empty()) std::memcpy(memory.host_base + offset, bytes.data(), bytes.size());
      instance_.dropped_datas[i] = true;
    }
    return true;
  }

  Result<Outcome> start() {
    if (!module_.start) return Outcome::returned;
    DEWAR_ASSERT(store_.hooks.invoke, "a start function, but nothing that runs code is attached to the store");
    return store_.hooks.invoke(stack_, *instance_.funcs[module_.start->value], nullptr, nullptr);
  }

  Ref ref_of(u32 func) const { return func_ref(instance_.funcs[func]->index); }

  bool trap(TrapKind kind, const char* what, u32 index) {
    stack_.trap = Trap{};
    stack_.trap.kind = kind;
    stack_.trap.detail = std::string(what) + " " + base::dec(index);
    return false;
  }

  /// False after a trap, which is then on the stack.
  Result<bool> evaluate(wasm::Range expression, Slot value[2], const char* what, u32 index) {
    const Result<TrapKind> kind = eval_.eval(expression, value);
    if (!kind) return std::unexpected(kind.error());
    return *kind == TrapKind::none || trap(*kind, what, index);
  }

  Store& store_;
  Instance& instance_;
  const wasm::Module& module_;
  Stack& stack_;
  ConstEvaluator eval_;
  std::vector<const Extern*> imports_[5];  ///< by ExternKind, in the order of their index spaces
};

/// The refusals that can be known before anything exists, so that a refused module leaves nothing behind.
Result<void> check_limits(const Store& store, const wasm::Module& module) {
  if (!store.room_for_funcs(module.funcs.size())) {
    return fail("limit-functions", "too many functions in this store: the limit is " + base::dec(kMaxHandles));
  }
  for (u32 i = module.num_imported_memories; i < module.memories.size(); ++i) {
    if (auto checked = store.check_memory(module.memories[i]); !checked) return checked;
  }
  for (u32 i = module.num_imported_tables; i < module.tables.size(); ++i) {
    const wasm::TableType& type = module.tables[i].type;
    if (auto checked = store.check_table({module.canonical(type.elem), type.limits}); !checked) return checked;
  }
  return {};
}

Result<Instantiated> instantiate_matched(Store& store, base::Ref<const wasm::Module> module,
                                         std::span<const Extern> imports, Stack& stack, base::Ref<CodeSet> codes) {
  if (auto checked = check_limits(store, *module); !checked) return std::unexpected(std::move(checked.error()));
  auto instance = store.new_instance(std::move(module), std::move(codes));
  if (!instance) return std::unexpected(std::move(instance.error()));
  const Result<Outcome> outcome = Instantiation(store, **instance, imports, stack).run();
  if (!outcome) return std::unexpected(outcome.error());
  return Instantiated{*instance, *outcome};
}

}  // namespace

Result<Instantiated> instantiate(Store& store, base::Ref<const wasm::Module> module, std::span<const Extern> imports,
                                 Stack& stack, base::Ref<CodeSet> codes) {
  DEWAR_ASSERT(imports.size() == module->imports.size(), "imports are given in the module's order");
  for (u32 i = 0; i < imports.size(); ++i) {
    if (auto matched = match_import(store, *module, i, imports[i]); !matched) {
      return std::unexpected(std::move(matched.error()));
    }
  }
  return instantiate_matched(store, std::move(module), imports, stack, std::move(codes));
}

Result<Instantiated> instantiate(Store& store, base::Ref<const wasm::Module> module, const Linker& linker, Stack& stack,
                                 base::Ref<CodeSet> codes) {
  const auto imports = resolve_imports(store, *module, linker);
  if (!imports) return std::unexpected(imports.error());
  return instantiate_matched(store, std::move(module), *imports, stack, std::move(codes));
}

}  // namespace dewar::runtime
