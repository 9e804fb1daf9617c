// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Equality of decoded modules in meaning: everything but byte offsets, LEB128 lengths and redundant segment forms.
// Used by the round-trip checks of the fuzz targets and of the corpora.
#pragma once

#include <string>

#include "wasm/module.h"

namespace dewar::fuzz {

/// What a way from module to module keeps. The text format rebuilds the name section, and says nothing about a data
/// count that no instruction needs.
enum class Fidelity { kEncoded, kPrinted };

/// Where two modules differ, for a person; empty if they mean the same. Both must be valid and of one registry.
std::string shape_difference(const wasm::Module& a, const wasm::Module& b, Fidelity fidelity = Fidelity::kEncoded);

}  // namespace dewar::fuzz
