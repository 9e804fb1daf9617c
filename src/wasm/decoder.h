// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// bytes -> Module: binary format (spec 5) and module-level validation (spec 3.4), with every implementation limit.
// Function bodies are only ranges here; validate.h checks them.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/stop.h"
#include "wasm/module.h"

namespace dewar::wasm {

class TypeRegistry;

struct DecodeOptions {
  Features features;
  const base::StopFlag* stop = nullptr;  ///< looked at for every entry of a section
};

/// Decodes a module and checks everything but function bodies. Takes the bytes over (design D7: a private copy).
/// Errors: "wasm-malformed" (binary format), "wasm-invalid" (validation), "wasm-limit" (implementation limit),
/// "wasm-feature" (needs a feature that is off; the hint names it); each with the byte offset. "stopped".
Result<base::Ref<Module>> decode(std::vector<u8> bytes, TypeRegistry& registry, const DecodeOptions& options = {});

/// True if the bytes start with the component layer's header (so that the caller can say so).
bool looks_like_component(std::span<const u8> bytes);

}  // namespace dewar::wasm
