// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parts of an Outcome that follow from others.
#include "api/outcome.h"

namespace dewar::api {

std::string_view class_name(OutcomeClass cls) {
  switch (cls) {
    case OutcomeClass::exit: return "exit";
    case OutcomeClass::trap: return "trap";
    case OutcomeClass::limit: return "limit";
    case OutcomeClass::refused: return "refused";
  }
  DEWAR_UNREACHABLE("class");
}

Outcome refused(Error error, u32 exit_code) {
  Outcome outcome;
  outcome.cls = OutcomeClass::refused;
  outcome.code = error.code;
  outcome.message = error.message;
  outcome.exit_code = exit_code;
  outcome.refusal = std::move(error);
  return outcome;
}

}  // namespace dewar::api
