// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which code runs a function. Nothing that a guest can see depends on it (design D10).
#pragma once

#include "base/types.h"

namespace dewar::runtime {

enum class Tier : u8 {
  interp,    ///< the interpreter
  baseline,  ///< compiled at its first call, where the machine has a compiler; else interpreted
};

}  // namespace dewar::runtime
