// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the verb, then reads the options of that verb by its table. By hand, as a library for it costs every start of a
// process more than all of this (docs/DEPENDENCIES.md).
#include "cli/parse.h"

#include <algorithm>
#include <optional>

#include "cli/suggest.h"

namespace dewar::cli {

namespace {

constexpr OptionSpec kHelpOption{"help", 'h', "", false, "show this", ""};

std::string join(std::string_view a, std::string_view b) { return std::string(a) + " " + std::string(b); }

bool looks_like_program(std::string_view word) {
  for (std::string_view ending : {".wasm", ".wat", ".py", ".js"}) {
    if (word.size() > ending.size() && word.ends_with(ending)) return true;
  }
  return false;
}

std::unexpected<Error> unknown_verb(std::string_view word, std::string_view group) {
  std::vector<std::string_view> names;
  for (const VerbSpec& verb : verbs()) {
    std::string_view name = verb.name;
    const usize space = name.find(' ');
    if (group.empty()) {
      names.push_back(name.substr(0, space));
    } else if (space != std::string_view::npos && name.substr(0, space) == group) {
      names.push_back(name.substr(space + 1));
    } else if (group == "module" && (name == "print" || name == "wat" || name == "validate" || name == "objdump")) {
      names.push_back(name);
    }
  }
  if (group.empty()) names.push_back("module");
  std::string hint = did_you_mean(word, names);
  if (hint.empty()) hint = "`dewar help` lists the commands";
  return fail(
      "usage-verb",
      (word.empty() ? "\"" + std::string(group) + "\" needs a command after it"
                    : "there is no command \"" + (group.empty() ? std::string(word) : join(group, word)) + "\""),
      Error::kNoOffset, std::move(hint));
}

const OptionSpec* find_option(const VerbSpec& verb, std::string_view name) {
  for (const OptionSpec& option : verb.options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

const OptionSpec* find_letter(const VerbSpec& verb, char letter) {
  for (const OptionSpec& option : verb.options) {
    if (letter && option.letter == letter) return &option;
  }
  return nullptr;
}

std::unexpected<Error> unknown_option(const VerbSpec& verb, std::string_view arg) {
  std::vector<std::string> known;
  for (const OptionSpec& option : verb.options) {
    if (!option.hidden) known.push_back("--" + std::string(option.name));
  }
  std::vector<std::string_view> views(known.begin(), known.end());
  std::string hint = did_you_mean(arg.substr(0, arg.find('=')), views);
  if (hint.empty()) {
    std::vector<std::string_view> keys;
    for (const WasmKeySpec& key : wasm_keys()) keys.push_back(key.name);
    const std::string_view word = arg.substr(std::min(arg.find_first_not_of('-'), arg.size()));
    const std::string_view key = find_letter(verb, 'W') ? closest(word.substr(0, word.find('=')), keys) : "";
    if (!key.empty()) hint = "did you mean -W " + std::string(key) + "=...?";
  }
  if (!hint.empty()) hint += " ";
  hint += "`dewar help " + std::string(verb.name) + "` lists the options";
  return fail("usage-option", "`dewar " + std::string(verb.name) + "` has no option \"" + std::string(arg) + "\"",
              Error::kNoOffset, std::move(hint));
}

std::unexpected<Error> wrong_value(const VerbSpec& verb, const OptionSpec& option, std::string_view what) {
  return fail("usage-option", "--" + std::string(option.name) + std::string(what), Error::kNoOffset,
              "`dewar help " + std::string(verb.name) + "` lists the options");
}

// Where we are in the command line. A value is the rest of the word ("--name=value", "-Nvalue"), or the next word,
// whatever that looks like; one that may be left out is the rest of the word only.
class Reader {
 public:
  Reader(const std::vector<std::string>& args, usize at, ParsedArgs& out) : args_(args), at_(at), out_(out) {}

  // Reads everything, or up to the program where the verb takes one.
  Result<void> read() {
    for (; at_ < args_.size(); ++at_) {
      const std::string_view arg = args_[at_];
      if (arg == "--") {
        ++at_;
        break;
      }
      if (arg.size() < 2 || arg[0] != '-') {
        if (out_.verb->program_args) break;
        out_.arguments.emplace_back(arg);
      } else if (Result<void> ok = arg[1] == '-' ? read_long(arg) : read_letters(arg); !ok) {
        return ok;
      }
    }
    std::vector<std::string>& rest = out_.verb->program_args ? out_.program_args : out_.arguments;
    if (out_.verb->program_args && at_ < args_.size()) out_.arguments.push_back(args_[at_++]);
    rest.insert(rest.end(), args_.begin() + static_cast<std::ptrdiff_t>(at_), args_.end());
    return {};
  }

 private:
  Result<void> read_long(std::string_view arg) {
    const usize equals = arg.find('=');
    const std::string_view name = arg.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const OptionSpec* option = name == kHelpOption.name ? &kHelpOption : find_option(*out_.verb, name);
    if (!option) return unknown_option(*out_.verb, arg);
    if (equals == std::string_view::npos) return take(*option, std::nullopt);
    if (option->value.empty()) return wrong_value(*out_.verb, *option, " takes no value");
    return take(*option, arg.substr(equals + 1));
  }

  // "-ab" is "-a -b" if a takes no value.
  Result<void> read_letters(std::string_view arg) {
    for (usize i = 1; i < arg.size(); ++i) {
      const OptionSpec* option = arg[i] == kHelpOption.letter ? &kHelpOption : find_letter(*out_.verb, arg[i]);
      if (!option) return unknown_option(*out_.verb, arg);
      if (takes_next(*option) && i + 1 < arg.size()) return take(*option, arg.substr(i + 1));
      if (Result<void> ok = take(*option, std::nullopt); !ok) return ok;
    }
    return {};
  }

  Result<void> take(const OptionSpec& option, std::optional<std::string_view> value) {
    if (&option == &kHelpOption) {
      out_.help = true;
      return {};
    }
    if (!value && takes_next(option)) {
      if (at_ + 1 >= args_.size()) {
        return wrong_value(*out_.verb, option, " needs a value: " + std::string(option.value));
      }
      value = args_[++at_];
    }
    std::vector<std::string>& values = out_.values[option.name];
    if (option.optional) values.clear();  // the last one counts, and it may be without
    if (value) values.emplace_back(*value);
    return {};
  }

  static bool takes_next(const OptionSpec& option) { return !option.value.empty() && !option.optional; }

  const std::vector<std::string>& args_;
  usize at_;
  ParsedArgs& out_;
};

}  // namespace

Result<ParsedArgs> parse_command_line(const std::vector<std::string>& args) {
  ParsedArgs out;
  if (args.empty() || args[0] == "-h" || args[0] == "--help") {
    out.help = true;
    return out;
  }
  usize used = 1;
  const std::string& word = args[0];
  if (word == "--version" || word == "-V") {
    out.verb = find_verb("version");
    return out;
  }
  if (is_group(word)) {
    const std::string second = args.size() > 1 ? args[1] : std::string();
    if (second == "-h" || second == "--help" || second.empty()) {
      if (second.empty()) return unknown_verb("", word);
      out.help = true;
      return out;
    }
    out.verb = find_verb(word == "module" ? second : join(word, second));
    const bool in_group =
        word != "module" || second == "print" || second == "wat" || second == "validate" || second == "objdump";
    if (!out.verb || !in_group) return unknown_verb(second, word);
    used = 2;
  } else if (const VerbSpec* verb = find_verb(word)) {
    out.verb = verb;
  } else if (looks_like_program(word)) {
    out.verb = find_verb("run");  // `dewar x.wasm`, as in wasmtime
    used = 0;
  } else if (word.starts_with('-')) {
    return fail("usage-verb", "an option cannot come before the command: " + word, Error::kNoOffset,
                "for example `dewar run " + word + " ... FILE`");
  } else {
    return unknown_verb(word, "");
  }
  if (Result<void> ok = Reader(args, used, out).read(); !ok) return std::unexpected(std::move(ok.error()));
  return out;
}

}  // namespace dewar::cli
