// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The manual page and the shell completions.
#include <algorithm>
#include <vector>

#include "cli/help.h"

namespace dewar::cli {

namespace {

// man(7): a leading dot or quote starts a request, a backslash an escape, and a hyphen may be set as another character.
std::string roff(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '`') {
      out += "\\(aq";
    } else {
      out += c;
    }
  }
  return out;
}

void append_verb(std::string& out, const VerbSpec& verb) {
  out += ".SS \"dewar " + roff(verb.name) + " " + roff(verb.arguments) + "\"\n" + roff(verb.summary) + ".\n";
  std::string_view details = verb.details;
  while (!details.empty()) {
    const usize end = std::min(details.find('\n'), details.size());
    out += ".PP\n" + roff(details.substr(0, end)) + "\n";
    details.remove_prefix(std::min(end + 1, details.size()));
  }
  for (const OptionSpec& option : verb.options) {
    if (option.hidden) continue;
    out += ".TP\n\\fB";
    if (option.letter) out += std::string("\\-") + option.letter + "\\fR, \\fB";
    out += "\\-\\-" + roff(option.name) + "\\fR";
    if (option.optional) {
      out += "[=\\fI" + roff(option.value) + "\\fR]";
    } else if (!option.value.empty()) {
      out += " \\fI" + roff(option.value) + "\\fR";
    }
    out += "\n" + roff(option.help) + "\n";
  }
  if (verb.name == "run" || verb.name == "mcp") {
    out += ".PP\nKeys of \\-W:\n";
    for (const WasmKeySpec& key : wasm_keys()) {
      out += ".TP\n\\fB" + roff(key.name) + "\\fR=\\fI" + roff(key.value) + "\\fR\n" + roff(key.help) + "\n";
    }
  }
  for (const ExampleSpec& example : verb.examples) {
    out += ".PP\nExample (" + roff(example.says) + "):\n.PP\n.RS\n.nf\n" + roff(example.command) + "\n.fi\n.RE\n";
  }
}

// In single quotes for a POSIX shell or fish.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<std::string_view> first_words() {
  std::vector<std::string_view> words;
  for (const VerbSpec& verb : verbs()) {
    const std::string_view word = verb.name.substr(0, verb.name.find(' '));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  words.push_back("module");
  return words;
}

std::string second_words(std::string_view group) {
  if (group == "module") return "validate objdump wat print";
  std::string words;
  for (const VerbSpec& verb : verbs()) {
    if (verb.name.size() > group.size() && verb.name.starts_with(group) && verb.name[group.size()] == ' ') {
      words += (words.empty() ? "" : " ") + std::string(verb.name.substr(group.size() + 1));
    }
  }
  return words;
}

std::string option_words(const VerbSpec& verb) {
  std::string words;
  for (const OptionSpec& option : verb.options) {
    if (!option.hidden) words += "--" + std::string(option.name) + " ";
  }
  return words + "--help";
}

std::string bash_completions() {
  std::string out =
      "# Completions of dewar for bash\n"
      "_dewar() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n    COMPREPLY=($(compgen -W '";
  for (std::string_view word : first_words()) out += std::string(word) + " ";
  out += "' -- \"$current\"))\n    return\n  fi\n  case $verb in\n";
  for (std::string_view word : first_words()) {
    if (!is_group(word)) continue;
    out += "    " + std::string(word) + ")\n      if ((COMP_CWORD == 2)); then\n        COMPREPLY=($(compgen -W '" +
           second_words(word) +
           "' -- \"$current\"))\n        return\n      fi\n      verb=\"$verb ${COMP_WORDS[2]}\" ;;\n";
  }
  out += "  esac\n  verb=${verb#module }\n  case $verb:$previous in\n";
  for (const VerbSpec& verb : verbs()) {
    for (const OptionSpec& option : verb.options) {
      if (option.choices.empty()) continue;
      out += "    '" + std::string(verb.name) + ":--" + std::string(option.name) +
             "')\n      COMPREPLY=($(compgen -W '" + std::string(option.choices) +
             "' -- \"$current\"))\n      return ;;\n";
    }
  }
  out += "  esac\n  if [[ $current == -* ]]; then\n    case $verb in\n";
  for (const VerbSpec& verb : verbs()) {
    out += "      '" + std::string(verb.name) + "') COMPREPLY=($(compgen -W '" + option_words(verb) +
           "' -- \"$current\")) ;;\n";
  }
  out +=
      "    esac\n    return\n  fi\n  COMPREPLY=($(compgen -f -- \"$current\"))\n}\ncomplete -o filenames -F _dewar "
      "dewar\n";
  return out;
}

std::string zsh_completions() {
  std::string out = "#compdef dewar\n# Completions of dewar for zsh\n_dewar() {\n  local -a words_1\n  words_1=(";
  for (std::string_view word : first_words()) out += std::string(word) + " ";
  out +=
      ")\n  if ((CURRENT == 2)); then\n    compadd -a words_1\n    return\n  fi\n  local verb=$words[2]\n  case $verb "
      "in\n";
  for (std::string_view word : first_words()) {
    if (!is_group(word)) continue;
    out += "    " + std::string(word) + ")\n      if ((CURRENT == 3)); then\n        compadd " + second_words(word) +
           "\n        return\n      fi\n      verb=\"$verb $words[3]\" ;;\n";
  }
  out += "  esac\n  verb=${verb#module }\n  if [[ $PREFIX == -* ]]; then\n    case $verb in\n";
  for (const VerbSpec& verb : verbs()) {
    out += "      '" + std::string(verb.name) + "') compadd -- " + option_words(verb) + " ;;\n";
  }
  out += "    esac\n    return\n  fi\n  _files\n}\n_dewar \"$@\"\n";
  return out;
}

std::string fish_completions() {
  std::string out = "# Completions of dewar for fish\n";
  std::string words;
  for (std::string_view word : first_words()) words += std::string(word) + " ";
  out += "complete -c dewar -n __fish_use_subcommand -f -a " + quoted(words) + "\n";
  for (std::string_view word : first_words()) {
    if (!is_group(word)) continue;
    out += "complete -c dewar -n '__fish_seen_subcommand_from " + std::string(word) + "' -f -a " +
           quoted(second_words(word)) + "\n";
  }
  for (const VerbSpec& verb : verbs()) {
    const usize space = verb.name.find(' ');
    const std::string_view last = space == std::string_view::npos ? verb.name : verb.name.substr(space + 1);
    for (const OptionSpec& option : verb.options) {
      if (option.hidden) continue;
      out +=
          "complete -c dewar -n '__fish_seen_subcommand_from " + std::string(last) + "' -l " + std::string(option.name);
      if (option.letter) out += std::string(" -s ") + option.letter;
      if (!option.value.empty() && !option.optional) out += " -r";
      if (!option.choices.empty()) out += " -a " + quoted(option.choices);
      out += " -d " + quoted(option.help) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string manual_page() {
  std::string out = ".TH DEWAR 1 \"\" \"dewar " + roff(version()) +
                    "\" \"User Commands\"\n.SH NAME\ndewar \\- run untrusted programs in a WebAssembly sandbox\n"
                    ".SH SYNOPSIS\n.B dewar run\n[\\fIOPTIONS\\fR] \\fIFILE\\fR [\\fIARGS\\fR...]\n.br\n"
                    ".B dewar\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n.SH COMMANDS\n";
  for (const VerbSpec& verb : verbs()) append_verb(out, verb);
  out +=
      ".SH ENVIRONMENT\n.TP\n\\fBDEWAR_HOME\\fR\nwhere guests are installed (default: dewar in "
      "$XDG_DATA_HOME, which is ~/.local/share)\n.TP\n\\fBNO_COLOR\\fR\nno colour, even on a terminal\n";
  return out;
}

Result<std::string> completions(std::string_view shell) {
  if (shell == "bash") return bash_completions();
  if (shell == "zsh") return zsh_completions();
  if (shell == "fish") return fish_completions();
  return fail("usage-option", "there are no completions for \"" + std::string(shell) + "\"", Error::kNoOffset,
              "bash, zsh or fish");
}

}  // namespace dewar::cli
