// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wording of the module layer's errors; see diag.h. Types map to the proposal that brought them into the language.
#include "wasm/diag.h"

#include <string>

#include "wasm/module.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {

Error malformed(std::string message, u64 offset) { return {"wasm-malformed", std::move(message), offset, 0, 0, {}}; }

Error malformed(const base::Cursor& cursor) {
  return malformed(base::to_string(cursor.error()), cursor.error_offset());
}

Error invalid(std::string message, u64 offset) { return {"wasm-invalid", std::move(message), offset, 0, 0, {}}; }

Error over_limit(std::string_view things, u64 count, u64 limit, u64 offset) {
  std::string message = "too many ";
  message += things;
  message += ": " + std::to_string(count) + " (the limit is " + std::to_string(limit) + ")";
  return {"wasm-limit", std::move(message), offset, 0, 0, {}};
}

std::string feature_hint(Feature feature) {
  const std::string name(feature_name(feature));
  return "switch it on with `-W " + name + "=y`, or name it in `--features`";
}

Error feature_off(std::string_view what, Feature feature, u64 offset) {
  std::string message(what);
  message += " needs the feature \"";
  message += feature_name(feature);
  message += "\", which is switched off";
  return {"wasm-feature", std::move(message), offset, 0, 0, feature_hint(feature)};
}

Feature required_feature(ValType type) {
  if (type.is_v128()) return Feature::simd;
  if (type.is_packed()) return Feature::gc;
  if (!type.is_ref()) return Feature::mvp;
  if (type.is_concrete()) return Feature::function_references;
  switch (type.heap()) {
    case Heap::func:
    case Heap::extern_: return type.nullable() ? Feature::reference_types : Feature::function_references;
    case Heap::exn:
    case Heap::noexn: return Feature::exceptions;
    default: return Feature::gc;
  }
}

std::optional<Error> type_problem(const Module& module, ValType type, u64 offset) {
  if (const Feature feature = required_feature(type); !module.features.has(feature)) {
    return feature_off("type " + to_string(type), feature, offset);
  }
  if (type.is_concrete() && type.index().value >= module.types.size()) {
    return invalid("unknown type " + std::to_string(type.index().value), offset);
  }
  return std::nullopt;
}

}  // namespace dewar::wasm
