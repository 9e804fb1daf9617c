// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Help in every form, all made from spec.h: texts for the terminal, the manual page, completions for three shells.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/spec.h"

namespace dewar::cli {

/// What plain `dewar --help` says: a handful of commands, each with an example.
std::string help_overview();
/// Everything about one command.
std::string help_verb(const VerbSpec& verb);
/// The manual page, in man(7) source.
std::string manual_page();
/// Completions; code "usage-option" for another shell than bash, zsh, fish.
Result<std::string> completions(std::string_view shell);

/// "0.1.0"
std::string_view version();

}  // namespace dewar::cli
