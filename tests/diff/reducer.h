// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes a program that shows a difference smaller: fewer calls, empty functions, fewer instructions. It knows no types;
// it tries cuts, and the validator and the difference itself say which are good.
#pragma once

#include <functional>

#include "diff/draft.h"

namespace dewar::diff {

/// `shows` runs a candidate: true if it is valid and still differs. Precondition: shows(c).
Case reduce(Case c, const std::function<bool(const Case&)>& shows);

/// Instructions of all functions.
u64 instructions_in(const Case& c);

}  // namespace dewar::diff
