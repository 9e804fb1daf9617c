// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entry to execution: run, resume and write out Wasm activations. The only door between runtime/boundary and the tiers.
#pragma once

#include <span>

#include "runtime/store.h"

namespace dewar::exec {

/// Installs the tiers' hooks in a store and the process-wide fault handler (once). Call after creating a store.
void attach(runtime::Store& store);

/// Calls `func` on `stack`. args/results in canonical slots. May be called from a host function (re-entry on the same
/// stack above the current frames, or on another stack).
runtime::Outcome invoke(runtime::Stack& stack, runtime::Func& func, std::span<const Slot> args,
                        std::span<Slot> results);

/// Finishes a call that ended with Outcome::pending: `host_results` are the results of the suspended host function.
/// `results` receives the outermost function's results.
runtime::Outcome resume(runtime::Stack& stack, std::span<const Slot> host_results, std::span<Slot> results);

}  // namespace dewar::exec
