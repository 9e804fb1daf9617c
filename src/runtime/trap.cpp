// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two texts of every trap kind, from the list in trap.h.
#include "runtime/trap.h"

namespace dewar::runtime {

std::string_view trap_code(TrapKind kind) {
  switch (kind) {
#define X(id, code, text) \
  case TrapKind::id: return code;
    DEWAR_TRAPS(X)
#undef X
  }
  return "none";
}

std::string_view trap_message(TrapKind kind) {
  switch (kind) {
#define X(id, code, text) \
  case TrapKind::id: return text;
    DEWAR_TRAPS(X)
#undef X
  }
  return "";
}

}  // namespace dewar::runtime
