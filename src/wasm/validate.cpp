// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Validation = the body walker with a sink that wants nothing; and value subtyping in module space.
#include "wasm/validate.h"

#include "wasm/decoder.h"
#include "wasm/type_registry.h"
#include "wasm/walker.h"

namespace dewar::wasm {

namespace {

struct ValidateSink : NullSink {
  static constexpr bool kSkipCommon = true;
};

}  // namespace

bool matches(const Module& module, ValType sub, ValType super) {
  if (sub == super || sub.is_bottom()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.nullable() && !super.nullable()) return false;
  // A reference popped from unreachable code has an unknown heap type, below every other.
  if (!sub.is_concrete() && sub.heap() == Heap::bottom) return true;
  if (!sub.is_concrete() && !super.is_concrete()) return heap_matches(sub.heap(), super.heap());
  return module.registry().matches(module.canonical(sub), module.canonical(super));
}

Result<void> validate_body(const Module& module, FuncIndex func) {
  ValidateSink sink;
  WalkScratch scratch;
  return walk(module, func, sink, scratch);
}

Result<void> validate_bodies(const Module& module, const base::StopFlag* stop) {
  ValidateSink sink;
  WalkScratch scratch;
  scratch.stop = stop;
  for (u32 i = module.num_imported_funcs; i < module.funcs.size(); ++i) {
    if (base::stopped(stop)) return std::unexpected(base::stopped_error());
    if (auto ok = walk(module, FuncIndex{i}, sink, scratch); !ok) return ok;
  }
  return {};
}

Result<base::Ref<Module>> load_module(std::vector<u8> bytes, TypeRegistry& registry, const Features& features,
                                      const base::StopFlag* stop) {
  auto module = decode(std::move(bytes), registry, DecodeOptions{features, stop});
  if (!module) return module;
  if (auto ok = validate_bodies(**module, stop); !ok) return std::unexpected(std::move(ok.error()));
  return module;
}

}  // namespace dewar::wasm
