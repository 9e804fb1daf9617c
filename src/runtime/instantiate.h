// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instantiation (spec 4.5.4) and linking by name. Import matching as spec 3.3 (extern types), in canonical space.
#pragma once

#include <map>
#include <string>

#include "runtime/store.h"

namespace dewar::runtime {

/// Named entities that modules can import: the registry of `(register ...)`, host modules and exports of instances.
class Linker {
 public:
  /// Later definitions of the same name replace earlier ones.
  void define(std::string_view module, std::string_view name, Extern value);
  /// All exports of an instance under `module`.
  void define_instance(std::string_view module, Instance& instance);
  /// nullptr if there is none.
  const Extern* find(std::string_view module, std::string_view name) const;
  /// Names within one module, for "did you mean".
  std::vector<std::string_view> names(std::string_view module) const;
  /// Is anything defined under this module name?
  bool has_module(std::string_view module) const { return modules_.contains(module); }

 private:
  std::map<std::string, std::map<std::string, Extern, std::less<>>, std::less<>> modules_;
};

/// Result of instantiation: an error of linking, or an instance whose start function may still have failed.
struct Instantiated {
  Instance* instance = nullptr;
  Outcome outcome = Outcome::returned;  ///< of segment initialisation and the start function
};

/// Resolves imports, allocates, evaluates constant expressions, copies segments, runs the start function on `stack`.
/// Errors: "link-missing-import" (names module, field, expected type), "link-type-mismatch" (expected and found),
/// "link-bounds-mode" (a memory without the guard pages that the engine's code needs), "limit-..." for store limits.
/// Traps in constant expressions, segments or start give Outcome::trapped with Stack::trap set; the instance stays
/// alive (spec: its effects are visible). Imports are checked before anything is allocated. The store's instances of a
/// module share code; `codes` gives other code (of the same module).
Result<Instantiated> instantiate(Store& store, base::Ref<const wasm::Module> module, const Linker& linker, Stack& stack,
                                 base::Ref<CodeSet> codes = nullptr);

/// As above with the imports given in the module's order, already resolved. "link-type-mismatch" or "link-bounds-mode"
/// if one does not match.
Result<Instantiated> instantiate(Store& store, base::Ref<const wasm::Module> module, std::span<const Extern> imports,
                                 Stack& stack, base::Ref<CodeSet> codes = nullptr);

/// The imports of a module in its order. Errors: "link-missing-import", "link-type-mismatch", "link-bounds-mode"; the
/// first in order.
Result<std::vector<Extern>> resolve_imports(Store& store, const wasm::Module& module, const Linker& linker);

/// Export by name, or nullopt.
std::optional<Extern> find_export(Instance& instance, std::string_view name);
/// The entity at an index of one of the instance's index spaces. Precondition: the index exists.
Extern extern_at(Instance& instance, wasm::ExternKind kind, u32 index);

/// Checks that an external value matches the import at `import_index` of `module`; the reason otherwise.
Result<void> match_import(Store& store, const wasm::Module& module, u32 import_index, const Extern& value);

/// Text of what a module's import asks for, and of an existing entity, as in error messages: "(func (param i32))",
/// "(memory 1 2 shared)", "(global (mut i64))".
std::string import_type_text(const wasm::Module& module, u32 import_index);
std::string extern_type_text(Store& store, const Extern& value);

}  // namespace dewar::runtime
