// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes types and single instructions in canonical binary form (spec 5.3, 5.4): the inverse of instr.h, driven by
// wasm::Imm. write_instr(read_instr(bytes)) == bytes wherever the bytes were canonical.
#pragma once

#include <vector>

#include "wasm/instr.h"

namespace dewar::wasm {

/// Value or storage type; abstract nullable references in their one-byte form.
void write_val_type(std::vector<u8>& out, ValType type);
/// The heap type of a reference type, without its nullability.
void write_heap_type(std::vector<u8>& out, ValType ref);
void write_block_type(std::vector<u8>& out, const BlockType& type);
/// One instruction with its immediates; `pc` and `size` are not looked at.
void write_instr(std::vector<u8>& out, const Instr& instr);

}  // namespace dewar::wasm
