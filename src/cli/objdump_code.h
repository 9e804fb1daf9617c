// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `dewar objdump --code`: machine instructions between those of Wasm. They are decoded by a program of its own beside
// ours (disassemble_main.cpp), because the decoder is a shared library and we are linked statically. Where that program
// is missing there are bytes without names.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "exec/code_listing.h"
#include "wasm/disasm.h"

namespace dewar::cli {

/// Appends the listing of a function of a validated module, imports included. Errors: of exec::list_code().
Result<void> list_machine_code(runtime::Engine& engine, const base::Ref<const wasm::Module>& module,
                               const wasm::Disassembler& disassembler, u32 func, std::string& out,
                               const std::function<void(std::string&)>& full);

}  // namespace dewar::cli
