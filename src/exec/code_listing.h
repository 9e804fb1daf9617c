// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function's compiled code for people to look at: bytes, and which of them are of which instruction
// (`dewar objdump --code`). The code is never run, and is the same that a run would have, but for addresses of stubs.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/stop.h"
#include "runtime/code.h"
#include "runtime/store.h"

namespace dewar::exec::baseline {
class CodeObject;
}

namespace dewar::exec {

/// Where a part of the code begins; it goes on to the next mark.
struct CodeMark {
  enum class Kind : u8 {
    entry,        ///< prologue
    instruction,  ///< of the instruction at `pc`
    cold,         ///< rare code of that instruction, at the end of the function
    data,         ///< constants and tables of jumps
  };
  u32 offset = 0;
  Kind kind = Kind::entry;
  u32 pc = 0;                  ///< offset in the body
  std::string_view what = {};  ///< cold: what it is for
};

/// The 32-bit distance at `offset` leads to a stub.
struct CodeReference {
  u32 offset = 0;
  std::string_view stub;
};

struct CodeListing {
  std::vector<u8> code;
  std::vector<CodeMark> marks;            ///< ascending
  std::vector<CodeReference> references;  ///< ascending
};

/// Compiles function `func` (an index in the module, not an import) of a validated module. Errors: "no-compiler" on a
/// machine without one, "code-too-large" if the function stays in the interpreter.
Result<CodeListing> list_code(runtime::Engine& engine, base::Ref<const wasm::Module> module, u32 func);

/// Tells the engine's listener, if it has one, of compiled code; without its places if that was stopped.
void tell_listener(const runtime::Engine& engine, const baseline::CodeObject& object, base::StopBits stop = {});

}  // namespace dewar::exec
