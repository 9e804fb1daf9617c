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
/// "limit-..." for store limits. Traps in segments or start give Outcome::trapped with Stack::trap set; the instance
/// stays alive (spec: its effects are visible).
Result<Instantiated> instantiate(Store& store, base::Ref<const wasm::Module> module, const Linker& linker, Stack& stack);

/// Export by name, or nullopt.
std::optional<Extern> find_export(Instance& instance, std::string_view name);

/// Checks that an external value matches the import at `import_index` of `module`; the reason otherwise.
Result<void> match_import(Store& store, const wasm::Module& module, u32 import_index, const Extern& value);

}  // namespace dewar::runtime
