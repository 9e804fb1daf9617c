// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar run: flags to a RunConfig, the outcome to exit status, text or JSON. Nothing is granted here that a flag did
// not name.
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "api/outcome_json.h"
#include "api/run.h"
#include "cli/commands.h"
#include "cli/guest_store.h"
#include "cli/policy_grants.h"
#include "cli/program_source.h"
#include "cli/run_report.h"
#include "cli/terminal.h"
#include "cli/wasm_options.h"

namespace dewar::cli {

namespace {

using boundary::Grants;

// Guest paths that belong to the runtime: the user's script, its interpreter's driver, the driver's report.
constexpr std::string_view kOwnFolder = "/dewar/";
constexpr char kReportPath[] = "/dewar/.report";

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

Result<void> read_environment(const ParsedArgs& args, Grants& grants) {
  for (const std::string& item : args.all("env")) {
    const usize equals = item.find('=');
    const std::string name = item.substr(0, equals);
    if (name.empty())
      return fail("usage-env", "--env " + item + " names no variable", Error::kNoOffset, "--env NAME=VALUE");
    std::string value;
    if (equals != std::string::npos) {
      value = item.substr(equals + 1);
    } else if (const char* ours = std::getenv(name.c_str())) {
      value = ours;
    } else {
      return fail("usage-env", "there is no environment variable " + name + " to pass on", Error::kNoOffset,
                  "give its value: --env " + name + "=VALUE");
    }
    std::erase_if(grants.env, [&](const auto& known) { return known.first == name; });
    grants.env.emplace_back(name, std::move(value));
  }
  return {};
}

Result<void> read_grants(const ParsedArgs& args, Grants& grants) {
  for (const auto& [option, rights] : {std::pair("dir", boundary::kReadWrite), std::pair("ro", boundary::kReadOnly)}) {
    for (const std::string& text : args.all(option)) {
      auto mount = boundary::parse_mount(text, rights);
      if (!mount) return std::unexpected(std::move(mount.error()));
      mount->source = "option --" + std::string(option);
      grants.mounts.push_back(std::move(*mount));
    }
  }
  if (auto ok = read_environment(args, grants); !ok) return ok;
  const auto choice = [&](std::string_view option, std::string_view real, std::string_view other) -> Result<bool> {
    const std::string_view value = args.get(option, other);
    if (value == real || value == other) return value == real;
    return fail("usage-option", "--" + std::string(option) + " is " + std::string(real) + " or " + std::string(other));
  };
  auto clock = choice("clock", "real", "virtual");
  if (!clock) return std::unexpected(std::move(clock.error()));
  if (*clock) grants.clock = boundary::ClockPolicy::real;
  auto random = choice("random", "real", "seeded");
  if (!random) return std::unexpected(std::move(random.error()));
  if (*random) grants.random = boundary::RandomPolicy::real;
  if (args.has("seed")) {
    const std::string_view seed = args.get("seed");
    const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), grants.seed);
    if (error != std::errc() || end != seed.data() + seed.size()) {
      return fail("usage-option", "--seed takes a number from 0 to 18446744073709551615");
    }
    if (*random) return fail("usage-option", "--seed has no meaning with --random=real");
  }
  if (args.has("stdin")) grants.stdin_ = boundary::StdinPolicy::granted;
  return {};
}

// What kind of program this is: "wasm", "wat", or the language of a guest.
Result<std::string> language_of(const ParsedArgs& args, const std::string& path) {
  if (args.has("lang")) {
    const std::string language(args.get("lang"));
    if (language == "wasm" || language == "wat") return language;
    if (const LockedGuest* guest = find_guest(language)) return guest->language;
    return fail("usage-lang", "--lang knows no \"" + language + "\"", Error::kNoOffset,
                "wasm, wat, python or javascript");
  }
  if (path == "-") {
    return fail("usage-lang", "what is on standard input has no ending that tells what it is", Error::kNoOffset,
                "say it with --lang wasm, wat, python or javascript");
  }
  if (const LockedGuest* guest = guest_for_file(path)) return guest->language;
  if (path.ends_with(".wat")) return "wat";
  return "wasm";
}

// The user's script runs in an interpreter: module and arguments become the interpreter's.
Result<void> use_interpreter(const LockedGuest& guest, const std::string& path, std::vector<u8> script,
                             std::vector<std::string> program_args, api::RunConfig& config) {
  auto module = load_guest(guest);
  if (!module) return std::unexpected(std::move(module.error()));
  config.module = std::move(*module);
  std::string name = path == "-" ? "stdin" + guest.endings[0] : file_name(path);
  if (name.empty() || name[0] == '.') name = "script" + guest.endings[0];
  api::Interpreter interpreter{guest.language, guest.name,         guest.version, std::string(kOwnFolder) + name,
                               kReportPath,    guest.library_paths};
  config.grants.files.push_back({guest.driver_path, guest.driver});
  for (const auto& [file_path, text] : guest.files) config.grants.files.push_back({file_path, text});
  config.grants.files.push_back({interpreter.script, std::string(script.begin(), script.end())});
  config.grants.args = guest.argv;
  for (const std::string& arg : {guest.driver_path, interpreter.report_path, interpreter.script}) {
    config.grants.args.push_back(arg);
  }
  for (std::string& arg : program_args) config.grants.args.push_back(std::move(arg));
  config.interpreter = std::move(interpreter);
  return {};
}

Result<api::RunConfig> configure(const ParsedArgs& args) {
  api::RunConfig config;
  const std::string& path = args.arguments[0];
  config.program = path;
  config.hide_memory = args.has("hide-memory");
  if (auto ok = read_grants(args, config.grants); !ok) return std::unexpected(std::move(ok.error()));
  std::vector<PathRequest> paths;
  for (const std::string& text : args.all("allow")) {
    auto request = parse_allow(text);
    if (!request) return std::unexpected(std::move(request.error()));
    paths.push_back(std::move(*request));
  }
  if (auto ok = apply_wasm_options(args.all("wasm"), &config.limits, config.features); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  std::optional<Policy> policy;
  if (args.has("policy")) {
    auto loaded = load_policy(std::string(args.get("policy")));
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    policy = std::move(*loaded);
    const GivenOptions given{std::string(args.get("clock")), std::string(args.get("random")), args.has("seed"),
                             args.all("wasm")};
    if (auto ok = apply_policy(*policy, given, std::move(paths), config); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
  } else if (auto ok = plan_paths(std::move(paths), config.grants); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  if (path == "-" && config.grants.stdin_ == boundary::StdinPolicy::granted) {
    return fail("usage-option", "the program itself comes from standard input", Error::kNoOffset,
                "put it into a file to use --stdin");
  }
  auto language = language_of(args, path);
  if (!language) return std::unexpected(std::move(language.error()));
  if (policy) {
    const std::string_view runs = *language == "wat" ? std::string_view("wasm") : std::string_view(*language);
    if (auto ok = check_interpreter(*policy, runs); !ok) return std::unexpected(std::move(ok.error()));
  }
  const LockedGuest* guest = find_guest(*language);
  if (guest && args.has("invoke")) {
    return fail("usage-option", "--invoke calls functions of modules, not of scripts");
  }
  auto bytes = read_input(path, guest ? kMaxScriptFile : kMaxModuleFile);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (guest) {
    if (auto ok = use_interpreter(*guest, path, std::move(*bytes), args.program_args, config); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    return config;
  }
  // Text is turned into a module by the run, so that its time limit covers that too.
  config.is_text = !path.ends_with(".wasm") && is_text(*bytes, *language == "wat");
  config.module = std::move(*bytes);
  config.grants.args = {path == "-" ? "program" : file_name(path)};
  if (args.has("invoke")) {
    config.invoke = std::string(args.get("invoke"));
    config.invoke_args = args.program_args;
  } else {
    for (const std::string& arg : args.program_args) config.grants.args.push_back(arg);
  }
  return config;
}

// Usage mistakes are ours to report; what is wrong with the program or its surroundings refuses the run.
bool is_usage(const Error& error) { return std::string_view(error.code).starts_with("usage-"); }

// Runs it. An interpreter that does not load may have been damaged since it was installed: that is no fault of the
// script, and what is wrong with the interpreter's bytes would send the user looking in the wrong place.
api::Outcome run_configured(api::RunConfig config) {
  const LockedGuest* guest = config.interpreter ? find_guest(config.interpreter->name) : nullptr;
  api::Outcome outcome = api::run(std::move(config));
  if (!guest || !outcome.refusal) return outcome;
  auto intact = check_guest(*guest);
  if (intact) return outcome;
  outcome.refusal = std::move(intact.error());
  outcome.code = outcome.refusal->code;
  outcome.message = outcome.refusal->message;
  return outcome;
}

int exit_status(u32 code) {
  // A status has eight bits; a failure must not come out as success.
  return code <= 255 ? static_cast<int>(code) : 255;
}

int finish_json(const api::Outcome& outcome) {
  // Whoever gets no outcome must not take the run for a success.
  if (!write_all(1, api::outcome_json(outcome) + "\n")) return static_cast<int>(api::kExitOwnError);
  return exit_status(outcome.exit_code);
}

// False if the results could not be written: then the run must not pass for a success.
bool tell(const ParsedArgs& args, const api::Outcome& outcome) {
  bool told = true;
  for (const std::string& result : outcome.results) {
    // "i32:7" is 7 for a person, who knows the function.
    const usize colon = result.find(':');
    told &= write_all(1, result.substr(colon + 1) + "\n");
  }
  if (outcome.refusal) {
    const bool of_guest = std::string_view(outcome.refusal->code).starts_with("guest-");  // not of the user's file
    print_error(*outcome.refusal, of_guest ? "" : outcome.program);
  } else {
    write_all(2, ending_text(outcome));
  }
  const std::string_view report = args.get("report", "auto");
  if (report == "never" || (report == "auto" && !is_terminal(2))) return told;
  write_all(2, refusals_text(outcome));
  return told;
}

}  // namespace

int run_command(const ParsedArgs& args) {
  const bool json = args.has("json");
  const auto refuse = [&](Error error) {
    const u32 code = is_usage(error) ? api::kExitOwnError : api::kExitRefused;
    const std::string program = args.arguments.empty() ? "" : args.arguments[0];
    if (json) {
      api::Outcome outcome = api::refused(std::move(error), code);
      outcome.program = program;
      return finish_json(outcome);
    }
    const bool of_policy = std::string_view(error.code).starts_with("policy-");
    print_error(error, of_policy                                        ? args.get("policy")
                       : error.line || error.offset != Error::kNoOffset ? std::string_view(program)
                                                                        : "");
    return static_cast<int>(code);
  };
  if (args.arguments.empty()) {
    return refuse(Error{"usage-argument", "`dewar run` needs a program", Error::kNoOffset, 0, 0,
                        "for example `dewar run --ro ./data::/data report.py`"});
  }
  const std::string_view report = args.get("report", "auto");
  if (report != "auto" && report != "always" && report != "never") {
    return refuse(Error{"usage-option", "--report is auto, always or never", Error::kNoOffset, 0, 0, ""});
  }
  auto config = configure(args);
  if (!config) return refuse(std::move(config.error()));

  boundary::FdSource in(0);
  if (config->grants.stdin_ == boundary::StdinPolicy::granted) config->in = &in;
  if (json) return finish_json(run_configured(std::move(*config)));

  boundary::FdSink plain_out(1), plain_err(2);
  TerminalSink shown_out(1), shown_err(2);
  const bool raw = args.has("raw-output");
  config->out_is_terminal = is_terminal(1);
  config->err_is_terminal = is_terminal(2);
  config->out = config->out_is_terminal && !raw ? static_cast<boundary::OutputSink*>(&shown_out) : &plain_out;
  config->err = config->err_is_terminal && !raw ? static_cast<boundary::OutputSink*>(&shown_err) : &plain_err;
  const api::Outcome outcome = run_configured(std::move(*config));
  shown_out.finish();
  shown_err.finish();
  if (!tell(args, outcome)) return static_cast<int>(api::kExitOwnError);
  return exit_status(outcome.exit_code);
}

}  // namespace dewar::cli
