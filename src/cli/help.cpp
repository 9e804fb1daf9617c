// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Help for the terminal, at most 100 columns wide, without colour so that it can be piped.
#include "cli/help.h"

#include <algorithm>

namespace dewar::cli {

namespace {

constexpr usize kWidth = 100;

// Appends words of `text` within [indent, kWidth), starting in column `column`.
void append_wrapped(std::string& out, std::string_view text, usize indent, usize column) {
  while (!text.empty()) {
    const usize end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > indent && column + 1 + word.size() > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

void append_row(std::string& out, std::string_view left, std::string_view right, usize column) {
  out += "  ";
  out += left;
  usize at = 2 + left.size();
  if (at + 2 > column) {
    out += "\n";
    at = 0;
  }
  out += std::string(column - at, ' ');
  append_wrapped(out, right, column, column);
}

std::string option_text(const OptionSpec& option) {
  std::string text = option.letter ? std::string("-") + option.letter + ", --" : "    --";
  text += option.name;
  if (option.optional) return text + "[=" + std::string(option.value) + "]";
  if (!option.value.empty())
    text += (option.value.find('=') == std::string_view::npos ? "=" : " ") + std::string(option.value);
  return text;
}

void append_examples(std::string& out, std::span<const ExampleSpec> examples) {
  if (examples.empty()) return;
  out += "\nExamples:\n";
  for (const ExampleSpec& example : examples) {
    out += "  " + std::string(example.command) + "\n      ";
    append_wrapped(out, example.says, 6, 6);
  }
}

}  // namespace

std::string_view version() { return DEWAR_VERSION; }

std::string help_overview() {
  std::string out =
      "dewar runs programs that nobody has read: WebAssembly modules and scripts, in a sandbox\n"
      "where nothing is granted unless you say so.\n\n"
      "Commands:\n";
  for (const VerbSpec& verb : verbs()) {
    if (verb.top_level) append_row(out, "dewar " + std::string(verb.name), verb.summary, 24);
  }
  out += "\nExamples:\n";
  for (std::string_view example : {"dewar guest add python", "dewar run --ro ./data::/data report.py",
                                   "dewar run --json -W timeout=10s untrusted.wasm"}) {
    out += "  " + std::string(example) + "\n";
  }
  out +=
      "\n`dewar help COMMAND` explains one; `dewar help --man` is the whole manual.\n"
      "The rest: `dewar module validate|objdump|wat|print`, `dewar guest list|remove|path`,\n"
      "`dewar wast`, `dewar version`.\n";
  return out;
}

std::string help_verb(const VerbSpec& verb) {
  std::string out = "dewar " + std::string(verb.name) + ": " + std::string(verb.summary) + "\n\nUsage: dewar " +
                    std::string(verb.name) + (verb.arguments.empty() ? "" : " ") + std::string(verb.arguments) + "\n";
  append_examples(out, verb.examples);
  if (!verb.options.empty()) {
    out += "\nOptions:\n";
    for (const OptionSpec& option : verb.options) {
      if (!option.hidden) append_row(out, option_text(option), option.help, 32);
    }
  }
  if (verb.name == "run" || verb.name == "mcp") {
    out += "\n-W takes, separated by commas:\n";
    for (const WasmKeySpec& key : wasm_keys()) {
      append_row(out, std::string(key.name) + "=" + std::string(key.value), key.help, 32);
    }
  }
  std::string_view details = verb.details;
  if (!details.empty()) out += "\n";
  while (!details.empty()) {
    const usize end = std::min(details.find('\n'), details.size());
    append_wrapped(out, details.substr(0, end), 0, 0);
    details.remove_prefix(std::min(end + 1, details.size()));
  }
  return out;
}

}  // namespace dewar::cli
