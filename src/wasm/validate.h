// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Validation of function bodies and constant expressions (spec 3.3) on top of the body walker.
#pragma once

#include "base/error.h"
#include "base/stop.h"
#include "wasm/module.h"

namespace dewar::wasm {

/// Validates every function body of a decoded module. Errors as in decoder.h, offset = byte in the module.
Result<void> validate_bodies(const Module& module, const base::StopFlag* stop = nullptr);

/// Validates one body.
Result<void> validate_body(const Module& module, FuncIndex func);

/// decode + validate_bodies.
Result<base::Ref<Module>> load_module(std::vector<u8> bytes, TypeRegistry& registry, const Features& features = {},
                                      const base::StopFlag* stop = nullptr);

/// Does value type `sub` match `super` in module space (spec 3.3.4)?
bool matches(const Module& module, ValType sub, ValType super);

}  // namespace dewar::wasm
