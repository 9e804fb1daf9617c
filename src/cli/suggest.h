// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// "Did you mean": the closest of some known words.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dewar::cli {

/// The candidate within a third of the word's length (at least one edit; a swap of neighbours is one), or "".
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

/// "did you mean WORD?", or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace dewar::cli
