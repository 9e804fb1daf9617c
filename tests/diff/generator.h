// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a seed to a program: a main module, its host functions' types, and for half of the seeds a module that it
// imports from. The same seed and options give the same bytes on every machine. Modules are valid and link by
// construction; the runner stops at one that does not.
#pragma once

#include "diff/draft.h"
#include "diff/op_class.h"

namespace dewar::diff {

struct GenOptions {
  /// Only what V8 runs without flags and the specification leaves nothing open in: a canonical NaN is made after each
  /// arithmetic operation on floats, and entries take and give integers only (functions "w0", "w1"… and "globals").
  bool common = false;
};

/// Names of imported modules.
inline constexpr std::string_view kHostModule = "h", kProviderModule = "p";

/// Adds what is emitted to `counts`.
Case generate(u64 seed, const GenOptions& options, OpCounts& counts);

}  // namespace dewar::diff
