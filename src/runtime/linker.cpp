// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names to entities: the Linker's table, exports of instances, and the resolution of a module's imports with an error
// that says what was looked for and what there is instead.
#include <algorithm>

#include "base/utf8.h"
#include "runtime/instantiate.h"

namespace dewar::runtime {
namespace {

/// Names longer than this are cut in messages and never suggested.
constexpr usize kMaxShown = 80;

std::string quoted(std::string_view name) {
  const bool cut = name.size() > kMaxShown;
  return "\"" + base::escape_for_terminal(name.substr(0, kMaxShown)) + (cut ? "...\"" : "\"");
}

std::string import_name(const wasm::Import& import) { return quoted(import.module) + "." + quoted(import.name); }

/// Edit distance of two short names (insertions, deletions, replacements).
usize distance(std::string_view a, std::string_view b) {
  usize row[kMaxShown + 1];
  for (usize j = 0; j <= b.size(); ++j) row[j] = j;
  for (usize i = 1; i <= a.size(); ++i) {
    usize diagonal = row[0];
    row[0] = i;
    for (usize j = 1; j <= b.size(); ++j) {
      const usize above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

/// The nearest of `names` if it is near enough to be a slip of the keyboard.
std::string_view nearest(std::string_view wanted, std::span<const std::string_view> names) {
  std::string_view best;
  usize best_distance = wanted.size() / 3 + 1;
  if (wanted.size() > kMaxShown) return best;
  for (const std::string_view name : names) {
    if (name.size() > kMaxShown) continue;
    const usize d = distance(wanted, name);
    if (d < best_distance) {
      best_distance = d;
      best = name;
    }
  }
  return best;
}

std::string hint_for(const Linker& linker, const wasm::Import& import) {
  if (!linker.has_module(import.module)) {
    return "nothing is linked under the module name " + quoted(import.module);
  }
  const auto names = linker.names(import.module);
  const std::string_view near = nearest(import.name, names);
  if (!near.empty()) return "did you mean " + quoted(near) + "?";
  return quoted(import.module) + " is linked, but has no such name";
}

std::unexpected<Error> mismatch(const wasm::Import& import, std::string expected, std::string found) {
  std::string text =
      "incompatible import type for " + import_name(import) + ": expected " + expected + ", found " + found;
  std::string hint;
  if (expected == found) hint = "the two types look alike but are not the same: their recursive groups differ";
  return fail("link-type-mismatch", std::move(text), Error::kNoOffset, std::move(hint));
}

bool limits_match(const wasm::Limits& found, const wasm::Limits& wanted) {
  if (found.is64 != wanted.is64 || found.min < wanted.min) return false;
  return !wanted.has_max || (found.has_max && found.max <= wanted.max);
}

bool types_match(Store& store, const wasm::Module& module, const wasm::Import& import, const Extern& value) {
  const wasm::TypeRegistry& types = store.engine().types();
  switch (import.kind) {
    case wasm::ExternKind::func: {
      const wasm::CanonId wanted = module.canon[module.funcs[import.index].type.value];
      return types.is_subtype(value.func->type, wanted);
    }
    case wasm::ExternKind::table: {
      const wasm::TableType& wanted = module.tables[import.index].type;
      const wasm::CanonTableType found = value.table->current_type();
      return found.elem == module.canonical(wanted.elem) && limits_match(found.limits, wanted.limits);
    }
    case wasm::ExternKind::memory: {
      const wasm::MemoryType& wanted = module.memories[import.index];
      const wasm::MemoryType found = value.memory->current_type();
      return found.shared == wanted.shared && found.page_log2 == wanted.page_log2 &&
             limits_match(found.limits, wanted.limits);
    }
    case wasm::ExternKind::global: {
      const wasm::GlobalType& wanted = module.globals[import.index].type;
      const wasm::CanonGlobalType& found = value.global->type;
      if (found.mut != wanted.mut) return false;
      const wasm::CanonValType type = module.canonical(wanted.type);
      return found.mut ? found.type == type : types.matches(found.type, type);
    }
    case wasm::ExternKind::tag: return value.tag->type == module.canon[module.tags[import.index].value];
  }
  return false;
}

}  // namespace

void Linker::define(std::string_view module, std::string_view name, Extern value) {
  auto at = modules_.find(module);
  if (at == modules_.end()) at = modules_.emplace(std::string(module), decltype(at->second)()).first;
  at->second.insert_or_assign(std::string(name), std::move(value));
}

void Linker::define_instance(std::string_view module, Instance& instance) {
  // An instance without exports still makes its module name known.
  if (!modules_.contains(module)) modules_.emplace(std::string(module), decltype(modules_)::mapped_type());
  for (const wasm::Export& e : instance.module->exports) define(module, e.name, extern_at(instance, e.kind, e.index));
}

const Extern* Linker::find(std::string_view module, std::string_view name) const {
  const auto at = modules_.find(module);
  if (at == modules_.end()) return nullptr;
  const auto field = at->second.find(name);
  return field == at->second.end() ? nullptr : &field->second;
}

std::vector<std::string_view> Linker::names(std::string_view module) const {
  std::vector<std::string_view> out;
  const auto at = modules_.find(module);
  if (at == modules_.end()) return out;
  out.reserve(at->second.size());
  for (const auto& [name, value] : at->second) out.push_back(name);
  return out;
}

Extern extern_at(Instance& instance, wasm::ExternKind kind, u32 index) {
  Extern e;
  e.kind = kind;
  switch (kind) {
    case wasm::ExternKind::func: e.func = instance.funcs[index]; break;
    case wasm::ExternKind::table: e.table = instance.tables[index]; break;
    case wasm::ExternKind::memory: e.memory = instance.memory_owners[index]; break;
    case wasm::ExternKind::global: e.global = instance.globals[index]; break;
    case wasm::ExternKind::tag: e.tag = instance.tags[index]; break;
  }
  return e;
}

std::optional<Extern> find_export(Instance& instance, std::string_view name) {
  for (const wasm::Export& e : instance.module->exports) {
    if (e.name == name) return extern_at(instance, e.kind, e.index);
  }
  return std::nullopt;
}

Result<void> match_import(Store& store, const wasm::Module& module, u32 import_index, const Extern& value) {
  const wasm::Import& import = module.imports[import_index];
  if (value.kind != import.kind || !types_match(store, module, import, value)) {
    return mismatch(import, import_type_text(module, import_index), extern_type_text(store, value));
  }
  // What code relies on follows from type and engine alone; a memory that another engine (or Memory::create) made may
  // not have it. The other way round is safe: code that compares bounds needs no guard pages, and leaves them alone.
  if (value.kind == wasm::ExternKind::memory && !value.memory->guarded &&
      Memory::is_guarded(module.memories[import.index], store.engine().options().explicit_bounds)) {
    return fail(
        "link-bounds-mode",
        "the memory for " + import_name(import) + " was made without guard pages, which this engine's code relies on",
        Error::kNoOffset, "make the memory with this engine, or run both with explicit bounds checks");
  }
  return {};
}

Result<std::vector<Extern>> resolve_imports(Store& store, const wasm::Module& module, const Linker& linker) {
  std::vector<Extern> out;
  out.reserve(module.imports.size());
  for (u32 i = 0; i < module.imports.size(); ++i) {
    const wasm::Import& import = module.imports[i];
    const Extern* found = linker.find(import.module, import.name);
    if (!found) {
      return fail("link-missing-import",
                  "unknown import " + import_name(import) + ": the module expects " + import_type_text(module, i),
                  Error::kNoOffset, hint_for(linker, import));
    }
    if (auto matched = match_import(store, module, i, *found); !matched) {
      return std::unexpected(std::move(matched.error()));
    }
    out.push_back(*found);
  }
  return out;
}

}  // namespace dewar::runtime
