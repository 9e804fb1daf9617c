// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who wants to know of compiled code: profilers, which have to tell their tools what stands at an address.
#pragma once

#include <span>

#include "runtime/code.h"

namespace dewar::runtime {

class CodeListener {
 public:
  virtual ~CodeListener() = default;
  /// Where in a function's code an instruction begins.
  struct Place {
    u32 offset = 0;  ///< in the code
    u32 pc = 0;      ///< in the body
  };
  /// Is it worth finding places? That takes as long as compiling.
  virtual bool wants_places() const = 0;
  /// Code of a function was published; it stays where it is as long as the function's set. From any thread.
  virtual void published(const FuncCode& func, std::span<const u8> code, std::span<const Place> places) = 0;
};

}  // namespace dewar::runtime
