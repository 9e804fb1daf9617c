// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one description of the command line: verbs, their options, arguments and examples. The parser, the help texts,
// the manual page, the shell completions and "did you mean" all read it; nothing else knows an option's name.
#pragma once

#include <span>
#include <string_view>

#include "base/types.h"

namespace dewar::cli {

struct OptionSpec {
  std::string_view name;   ///< without the dashes
  char letter = 0;         ///< short form, or 0
  std::string_view value;  ///< what to call the value; empty = a flag
  bool repeat = false;
  std::string_view help;
  std::string_view choices;  ///< space-separated values, for completion; may be empty
  bool optional = false;     ///< the value may be left out; it is given after "=" only
  bool hidden = false;       ///< for our own tests (docs/testing.md): no help text tells of it
};

struct ExampleSpec {
  std::string_view command;
  std::string_view says;
};

struct VerbSpec {
  std::string_view name;       ///< "run", "guest add", ...
  std::string_view arguments;  ///< as in the usage line
  std::string_view summary;    ///< one line
  std::string_view details;    ///< paragraphs, or empty
  std::span<const OptionSpec> options;
  std::span<const ExampleSpec> examples;
  bool top_level = false;     ///< shown by plain `dewar --help`
  bool program_args = false;  ///< everything after the first argument belongs to the guest
  bool files = false;         ///< arguments are files (for completion)
};

/// Every verb, in the order of the help.
std::span<const VerbSpec> verbs();
/// The verb with that full name, or null.
const VerbSpec* find_verb(std::string_view name);
/// A group is the first word of two-word verbs.
bool is_group(std::string_view word);

/// One key of -W.
struct WasmKeySpec {
  std::string_view name;
  std::string_view value;
  std::string_view help;
};
std::span<const WasmKeySpec> wasm_keys();

}  // namespace dewar::cli
