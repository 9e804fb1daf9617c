// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar run: flags to a RunConfig, the outcome to exit status, text or JSON. Nothing is granted here that a flag did
// not name.
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "api/outcome_json.h"
#include "api/receipt_recorder.h"
#include "api/run.h"
#include "base/file.h"
#include "cli/code_options.h"
#include "cli/commands.h"
#include "cli/folder_options.h"
#include "cli/guest_run.h"
#include "cli/guest_store.h"
#include "cli/help.h"
#include "cli/policy_grants.h"
#include "cli/profile.h"
#include "cli/program_source.h"
#include "cli/run_options.h"
#include "cli/run_report.h"
#include "cli/standard_input.h"
#include "cli/status_fd.h"
#include "cli/terminal.h"
#include "cli/wasm_options.h"

namespace dewar::cli {

namespace {

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

std::string known_languages() {
  std::string out = "wasm, wat";
  for (const LockedGuest& guest : locked_guests()) out += ", " + guest.language;
  return out;
}

// What kind of program this is: "wasm", "wat", or the language of a guest.
Result<std::string> language_of(const ParsedArgs& args, const std::string& path) {
  if (args.has("lang")) {
    const std::string language(args.get("lang"));
    if (language == "wasm" || language == "wat") return language;
    if (const LockedGuest* guest = find_guest(language)) return guest->language;
    return fail("usage-lang", "--lang knows no \"" + language + "\"", Error::kNoOffset, known_languages());
  }
  if (path == "-") {
    const auto says_lang = [](std::string_view arg) { return arg == "--lang" || arg.starts_with("--lang="); };
    if (std::any_of(args.program_args.begin(), args.program_args.end(), says_lang)) {
      return fail("usage-lang", "--lang stands after the program \"-\", where it is an argument of the program",
                  Error::kNoOffset, "options go before the program: `dewar run --lang LANGUAGE -`");
    }
    return fail("usage-lang", "what is on standard input has no ending that tells what it is", Error::kNoOffset,
                "say it with --lang before the \"-\": " + known_languages());
  }
  if (const LockedGuest* guest = guest_for_file(path)) return guest->language;
  if (path.ends_with(".wat")) return "wat";
  return "wasm";
}

// The words that would run this again: what the program is given, and nothing about how the end is told, or which tier
// runs it, which makes no difference.
std::vector<std::string> command_words(const ParsedArgs& args) {
  std::vector<std::string> words;
  for (const auto& [name, values] : args.values) {
    constexpr std::string_view kLeftOut[] = {"codegen", "json",   "profile", "raw-output",
                                             "receipt", "report", "spill",   "status-fd"};
    if (std::find(std::begin(kLeftOut), std::end(kLeftOut), name) != std::end(kLeftOut)) continue;
    const std::string option = "--" + std::string(name);
    if (values.empty()) words.push_back(option);
    for (const std::string& value : values) words.push_back(value.empty() ? option : option + "=" + value);
  }
  words.insert(words.end(), args.arguments.begin(), args.arguments.end());
  words.insert(words.end(), args.program_args.begin(), args.program_args.end());
  return words;
}

}  // namespace

Result<api::RunConfig> configure_run(const ParsedArgs& args) {
  api::RunConfig config;
  const std::string& path = args.arguments[0];
  config.program = path;
  config.hide_memory = args.has("hide-memory");
  if (auto ok = read_grants(args, config.grants); !ok) return std::unexpected(std::move(ok.error()));
  if (auto ok = apply_wasm_options(args.all("wasm"), &config.limits, config.features); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  auto code = read_code_options(args.all("codegen"));
  if (!code) return std::unexpected(std::move(code.error()));
  code->apply_to(config);
  auto policy = apply_rule_options(args, config);
  if (!policy) return std::unexpected(std::move(policy.error()));
  if (auto ok = apply_folder_options(args, config); !ok) return std::unexpected(std::move(ok.error()));
  if (args.has("receipt") && args.get("receipt").empty()) return fail("usage-option", "--receipt takes a file");
  if (args.has("spill")) {
    config.spill_folder = std::string(args.get("spill"));
    std::error_code error;
    if (!args.has("json") || !std::filesystem::is_directory(config.spill_folder, error)) {
      return fail("usage-option", "--spill takes a folder, and has a meaning with --json only");
    }
  }
  if (path == "-" && config.grants.stdin_ == boundary::StdinPolicy::granted && args.get("stdin").empty()) {
    return fail("usage-option", "the program itself comes from standard input", Error::kNoOffset,
                "put it into a file to use --stdin");
  }
  auto language = language_of(args, path);
  if (!language) return std::unexpected(std::move(language.error()));
  if (*policy) {
    const std::string_view runs = *language == "wat" ? std::string_view("wasm") : std::string_view(*language);
    if (auto ok = check_interpreter(**policy, runs); !ok) return std::unexpected(std::move(ok.error()));
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

namespace {

// Usage mistakes are ours to report; what is wrong with the program or its surroundings refuses the run.
bool is_usage(const Error& error) { return std::string_view(error.code).starts_with("usage-"); }

// Runs it, and writes the receipt if one is asked for.
api::Outcome run_configured(const ParsedArgs& args, api::RunConfig config, HardenMode mode) {
  std::optional<api::ReceiptRecorder> recorder;
  if (args.has("receipt")) {
    recorder.emplace(config, "dewar " + std::string(version()), command_words(args));
    config.watcher = &*recorder;
  }
  const std::string receipt(args.get("receipt"));
  std::vector<std::string> folders;
  // What we write ourselves when the guest has ended.
  if (recorder) {
    std::error_code error;
    folders.push_back(std::filesystem::absolute(receipt, error).parent_path());
    if (error) {
      return api::refused(Error{"usage-option", "--receipt: where we are is no folder any more: " + error.message(),
                                Error::kNoOffset, 0, 0, "name the file with its whole path"},
                          api::kExitOwnError);
    }
  }
  if (!config.spill_folder.empty()) folders.push_back(config.spill_folder);
  api::Outcome outcome = run_program(std::move(config), mode, folders);
  if (recorder) {
    const std::string text = api::receipt_json(recorder->receipt());
    auto written = base::write_file_atomically(receipt, {reinterpret_cast<const u8*>(text.data()), text.size()});
    // A run without the receipt that was asked for must not pass for one with it.
    if (!written) return api::refused(std::move(written.error()), api::kExitOwnError);
  }
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
  write_all(2, outputs_text(outcome));
  if (outcome.stdin_refused > 0 && outcome.program != "-" && has_waiting_input()) {
    write_all(2, "dewar: the program read its standard input, which was at its end; to pass ours on: --stdin\n");
  }
  const std::string_view report = args.get("report", "auto");
  if (report == "never" || (report == "auto" && !is_terminal(2))) return told;
  write_all(2, refusals_text(outcome));
  return told;
}

}  // namespace

int run_command(const ParsedArgs& args) {
  const bool json = args.has("json");
  std::optional<int> status_fd;
  // Whoever asked for the line and does not get it must not take the run for a success.
  const auto told = [&](const api::Outcome& outcome, int status) {
    return !status_fd || write_status(*status_fd, outcome) ? status : static_cast<int>(api::kExitOwnError);
  };
  const auto refuse = [&](Error error) {
    const u32 code = is_usage(error) ? api::kExitOwnError : api::kExitRefused;
    const std::string program = args.arguments.empty() ? "" : args.arguments[0];
    const bool of_policy = std::string_view(error.code).starts_with("policy-");
    const bool has_place = error.line || error.offset != Error::kNoOffset;
    if (!json) print_error(error, of_policy ? args.get("policy") : has_place ? std::string_view(program) : "");
    api::Outcome outcome = api::refused(std::move(error), code);
    outcome.program = program;
    return told(outcome, json ? finish_json(outcome) : static_cast<int>(code));
  };
  if (args.has("status-fd")) {
    auto fd = parse_status_fd(args.get("status-fd"));
    if (!fd) return refuse(std::move(fd.error()));
    status_fd = *fd;
  }
  if (args.arguments.empty()) {
    return refuse(Error{"usage-argument", "`dewar run` needs a program", Error::kNoOffset, 0, 0,
                        "for example `dewar run --ro ./data::/data report.py`"});
  }
  const std::string_view report = args.get("report", "auto");
  if (report != "auto" && report != "always" && report != "never") {
    return refuse(Error{"usage-option", "--report is auto, always or never", Error::kNoOffset, 0, 0, ""});
  }
  const auto hardening = parse_harden_mode(args.get("harden", "on"));
  if (!hardening) return refuse(hardening.error());
  auto config = configure_run(args);
  if (!config) return refuse(std::move(config.error()));
  if (args.has("profile")) {
    auto profile = open_profile(args.get("profile"), *config);
    if (!profile) return refuse(std::move(profile.error()));
    config->code_listener = std::move(*profile);
  }

  boundary::UniqueFd input;
  if (args.has("stdin") && !args.all("stdin").empty()) {
    auto opened = open_stdin(args.all("stdin").back());
    if (!opened) return refuse(std::move(opened.error()));
    input = std::move(*opened);
  }
  boundary::FdSource in(input ? input.get() : 0);
  if (config->grants.stdin_ == boundary::StdinPolicy::granted) config->in = &in;
  if (config->in && !input && is_terminal(0) && config->grants.clock == boundary::ClockPolicy::virtual_) {
    print_note("dewar: input is passed on when it ends (Ctrl-D) or fills a read; line by line: --clock=real");
  }
  if (json) {
    const api::Outcome outcome = run_configured(args, std::move(*config), *hardening);
    return told(outcome, finish_json(outcome));
  }

  const boundary::UniqueFd out_terminal = own_terminal(1), err_terminal = own_terminal(2);
  const int out_fd = out_terminal ? out_terminal.get() : 1, err_fd = err_terminal ? err_terminal.get() : 2;
  boundary::FdSink plain_out(out_fd), plain_err(err_fd);
  TerminalSink shown_out(out_fd), shown_err(err_fd);
  const bool raw = args.has("raw-output");
  config->out_is_terminal = is_terminal(1);
  config->err_is_terminal = is_terminal(2);
  config->out = config->out_is_terminal && !raw ? static_cast<boundary::OutputSink*>(&shown_out) : &plain_out;
  config->err = config->err_is_terminal && !raw ? static_cast<boundary::OutputSink*>(&shown_err) : &plain_err;
  const api::Outcome outcome = run_configured(args, std::move(*config), *hardening);
  shown_out.finish();
  shown_err.finish();
  return told(outcome, tell(args, outcome) ? exit_status(outcome.exit_code) : static_cast<int>(api::kExitOwnError));
}

}  // namespace dewar::cli
