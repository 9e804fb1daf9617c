// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finds the verb by hand, then lets CLI11 read the options of that verb alone, so that start-up pays for no other.
#include "cli/parse.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

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
    if (option.letter == letter) return &option;
  }
  return nullptr;
}

// The word after the option is its value.
bool takes_next(const OptionSpec& option) { return !option.value.empty() && !option.optional; }

// Position of the first argument that is neither an option nor an option's value.
usize first_argument(const VerbSpec& verb, const std::vector<std::string>& args) {
  for (usize i = 0; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    if (arg == "--") return i;
    if (arg.size() < 2 || arg[0] != '-') return i;
    const OptionSpec* option = nullptr;
    bool inline_value = false;
    if (arg[1] == '-') {
      const usize equals = arg.find('=');
      option = find_option(verb, arg.substr(2, equals == std::string_view::npos ? equals : equals - 2));
      inline_value = equals != std::string_view::npos;
    } else {
      option = find_letter(verb, arg[1]);
      inline_value = arg.size() > 2;
    }
    if (option && takes_next(*option) && !inline_value) ++i;
  }
  return args.size();
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

// Options whose value may be left out: "--name" and "--name=value", never "--name value". The value of the last one
// counts; without it there is none. They are read here, as for CLI11 the value would be the next word.
void take_optional_values(const VerbSpec& verb, std::vector<std::string>& args, ParsedArgs& out) {
  for (usize i = 0; i < args.size() && args[i] != "--";) {
    const usize equals = args[i].find('=');
    const bool named = args[i].starts_with("--");
    const OptionSpec* option = nullptr;
    if (named) {
      option =
          find_option(verb, std::string_view(args[i]).substr(2, equals == std::string::npos ? equals : equals - 2));
    } else if (args[i].size() == 2 && args[i][0] == '-') {
      option = find_letter(verb, args[i][1]);
    }
    if (!option || !option->optional) {
      i += option && takes_next(*option) && (!named || equals == std::string::npos) ? 2 : 1;
      continue;
    }
    std::vector<std::string>& values = out.values[option->name];
    values.clear();
    if (equals != std::string::npos) values.push_back(args[i].substr(equals + 1));
    args.erase(args.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

Result<void> read_options(std::vector<std::string> args, ParsedArgs& out) {
  const VerbSpec& verb = *out.verb;
  for (const std::string& arg : args) {
    if (arg == "--") break;
    const usize equals = arg.find('=');
    if (!arg.starts_with("--") || equals == std::string::npos) continue;
    const OptionSpec* flag = find_option(verb, std::string_view(arg).substr(2, equals - 2));
    if (flag && flag->value.empty()) {
      return fail("usage-option", "--" + std::string(flag->name) + " takes no value", Error::kNoOffset,
                  "`dewar help " + std::string(verb.name) + "` lists the options");
    }
  }
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  std::vector<std::vector<std::string>> values(verb.options.size());
  std::vector<CLI::Option*> options;
  const auto name_of = [](const OptionSpec& spec) {
    return (spec.letter ? std::string("-") + spec.letter + "," : std::string()) + "--" + std::string(spec.name);
  };
  CLI::Option* help = app.add_flag(name_of(kHelpOption));
  take_optional_values(verb, args, out);
  for (usize i = 0; i < verb.options.size(); ++i) {
    const OptionSpec& spec = verb.options[i];
    CLI::Option* option = takes_next(spec) ? app.add_option(name_of(spec), values[i]) : app.add_flag(name_of(spec));
    // One value each, however often; the last wins where one is meant, as in scripts that append to a command line.
    if (takes_next(spec)) option->expected(1)->allow_extra_args(false)->take_all();
    options.push_back(option);
  }
  try {
    std::reverse(args.begin(), args.end());
    app.parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    return fail("usage-option", error.what(), Error::kNoOffset,
                "`dewar help " + std::string(verb.name) + "` lists the options");
  }
  out.help = help->count() > 0;
  for (usize i = 0; i < options.size(); ++i) {
    if (options[i]->count() > 0 && !verb.options[i].optional) out.values[verb.options[i].name] = std::move(values[i]);
  }
  bool only_arguments = false;
  for (const std::string& extra : app.remaining()) {
    if (!only_arguments && extra == "--") {
      only_arguments = true;
      continue;
    }
    if (!only_arguments && extra.size() > 1 && extra[0] == '-') return unknown_option(verb, extra);
    out.arguments.push_back(extra);
  }
  return {};
}

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
  std::vector<std::string> rest(args.begin() + static_cast<std::ptrdiff_t>(used), args.end());
  if (out.verb->program_args) {
    usize at = first_argument(*out.verb, rest);
    std::vector<std::string> program(rest.begin() + static_cast<std::ptrdiff_t>(at), rest.end());
    rest.resize(at);
    if (!program.empty() && program[0] == "--") program.erase(program.begin());
    if (auto ok = read_options(std::move(rest), out); !ok) return std::unexpected(std::move(ok.error()));
    if (!program.empty()) {
      out.arguments.push_back(std::move(program[0]));
      out.program_args.assign(std::make_move_iterator(program.begin() + 1), std::make_move_iterator(program.end()));
    }
  } else if (auto ok = read_options(std::move(rest), out); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return out;
}

}  // namespace dewar::cli
