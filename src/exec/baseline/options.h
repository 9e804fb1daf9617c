// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What emitted code depends on besides the body (docs/baseline.md, "Getting out of compiled code"): with the same
// options and level, the same body gives the same bytes, so that compiling again finds places in code that runs.
#pragma once

#include "exec/baseline/masm/cpu_features.h"
#include "runtime/store.h"

namespace dewar::exec::baseline {

struct CompileOptions {
  /// Instructions that may be used.
  CpuFeatures features = CpuFeatures::host();
  /// Bounds are compared in code, also of memories that could rely on guard pages.
  bool explicit_bounds = false;
  friend bool operator==(const CompileOptions&, const CompileOptions&) = default;
};

/// Those of an engine.
inline CompileOptions compile_options(const runtime::EngineOptions& engine) {
  CpuFeatures features = CpuFeatures::host();
  const auto level = static_cast<CpuLevel>(engine.cpu_level - 1);
  if (engine.cpu_level != 0 && features.has(level)) features = CpuFeatures::for_level(level);
  return {.features = features, .explicit_bounds = engine.explicit_bounds};
}

}  // namespace dewar::exec::baseline
