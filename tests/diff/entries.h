// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Entries of a module for an engine that can not pass every value over its boundary: for each function "fN" a function
// "wN" that takes and gives integers (floats as their bits, v128 as two halves, references as "is it null"), and a
// function "globals" that gives all globals in this form.
#pragma once

#include "diff/plan.h"

namespace dewar::diff {

void add_entries(Plan& plan);

}  // namespace dewar::diff
