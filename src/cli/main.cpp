// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The program: finds the command and calls it. Exit status 125 for anything wrong with the command line.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "api/host_room.h"
#include "api/outcome.h"
#include "api/outcome_json.h"
#include "cli/code_options.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "cli/wast_command.h"
#include "cli/wast_features.h"
#include "wasm/op.h"

namespace dewar::cli {

int usage_error(const Error& error) {
  print_error(error);
  return static_cast<int>(api::kExitOwnError);
}

int wast_verb(const ParsedArgs& args) {
  if (args.arguments.empty()) {
    return usage_error(
        Error{"usage-argument", "`dewar wast` takes scripts (.wast) or folders of them", Error::kNoOffset, 0, 0, ""});
  }
  WastOptions options;
  if (args.has("features")) {
    auto features = parse_features(args.get("features"));
    if (!features) return usage_error(features.error());
    options.engine.features = *features;
    options.features_named = true;
  }
  options.engine.quicken = args.get("quicken", "y") != "n";
  options.engine.probe_all = args.has("probe-all");
  options.engine.garbage_upper = args.has("garbage-upper");
  options.engine.gc_stress = args.has("gc-stress");
  options.engine.explicit_bounds = args.has("explicit-bounds");
  const auto code = read_code_options(args.all("codegen"));
  if (!code) return usage_error(code.error());
  code->apply_to(options.engine);
  options.verbose = args.has("verbose");
  options.json = args.has("json");
  return wast_main(args.arguments, options);
}

int version_command(const ParsedArgs&) {
  std::string out = "dewar " + std::string(version()) + "\nfeatures:";
#define X(id, name, on) out += std::string(" ") + std::string(wasm::feature_name(wasm::Feature::id));
  DEWAR_FEATURES(X)
#undef X
  write_all(1, out + "\n");
  return 0;
}

int help_command(const ParsedArgs& args) {
  if (args.has("man")) {
    write_all(1, manual_page());
    return 0;
  }
  if (args.has("completions")) {
    auto text = completions(args.get("completions"));
    if (!text) return usage_error(text.error());
    write_all(1, *text);
    return 0;
  }
  if (args.arguments.empty()) {
    write_all(1, help_overview());
    return 0;
  }
  std::vector<std::string> words = args.arguments;
  words.push_back("--help");
  auto parsed = parse_command_line(words);
  if (!parsed) return usage_error(parsed.error());
  write_all(1, parsed->verb ? help_verb(*parsed->verb) : help_overview());
  return 0;
}

namespace {

constexpr struct {
  std::string_view name;
  int (*run)(const ParsedArgs&);
} kCommands[] = {
    {"run", run_command},
    {"mcp", mcp_command},
    {"wat", wat_command},
    {"print", print_command},
    {"validate", validate_command},
    {"objdump", objdump_command},
    {"guest add", guest_add_command},
    {"guest list", guest_list_command},
    {"guest remove", guest_remove_command},
    {"guest path", guest_path_command},
    {"policy check", policy_check_command},
    {"policy explain", policy_explain_command},
    {"policy diff", policy_diff_command},
    {"verify", verify_command},
    {"wast", wast_verb},
    {"version", version_command},
    {"help", help_command},
};

// A caller that asked for JSON gets JSON, even if the rest of the line is wrong.
bool wants_json(const std::vector<std::string>& args) {
  return !args.empty() && args[0] == "run" && std::find(args.begin(), args.end(), "--json") != args.end();
}

int dispatch(const std::vector<std::string>& words) {
  auto args = parse_command_line(words);
  if (!args) {
    if (!wants_json(words)) return usage_error(args.error());
    write_all(1, api::outcome_json(api::refused(std::move(args.error()), api::kExitOwnError)) + "\n");
    return static_cast<int>(api::kExitOwnError);
  }
  if (args->help || !args->verb) {
    write_all(1, args->verb ? help_verb(*args->verb) : help_overview());
    return 0;
  }
  for (const auto& command : kCommands) {
    if (command.name == args->verb->name) return command.run(*args);
  }
  DEWAR_UNREACHABLE("a command without a function");
}

// A standard stream that is closed must not become the number of something opened later (a granted file, say), which
// the program's output would then go to. It is held open the wrong way round, so that using it fails as before.
bool hold_standard_streams() {
  for (int fd = 0; fd < 3; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return false;
  }
  return true;
}

// Without memory nothing can be told of the run; but it did not trap, and an abort would look as if it had.
[[noreturn]] void out_of_memory() {
  constexpr std::string_view kText = "dewar: error[no-memory]: the system refuses memory\n";
  [[maybe_unused]] const ssize_t written = ::write(2, kText.data(), kText.size());
  ::_exit(static_cast<int>(api::kExitOwnError));
}

}  // namespace
}  // namespace dewar::cli

int main(int argc, char** argv) {
  if (!dewar::cli::hold_standard_streams()) return static_cast<int>(dewar::api::kExitOwnError);
  std::set_new_handler(dewar::cli::out_of_memory);
  // Writing to a closed pipe, or beyond the size a file may have, is an error code for us and for guests, not the end.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  dewar::api::raise_descriptor_limit();
  return dewar::cli::dispatch(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
