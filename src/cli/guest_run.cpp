// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an interpreter is given, what the process keeps, and who is to blame if an interpreter does not load.
#include "cli/guest_run.h"

#include <filesystem>

#include "cli/guest_store.h"

namespace dewar::cli {

namespace {

// Guest paths that belong to the runtime: the user's script, its interpreter's driver, the driver's report.
constexpr std::string_view kOwnFolder = "/dewar/";
constexpr char kReportPath[] = "/dewar/.report";

// What the process may still open while it runs `config`.
HardenPlan plan_for(const api::RunConfig& config, const LockedGuest* guest) {
  HardenPlan plan;
  plan.paths = config.grants.mounts;
  plan.filter.sockets = !config.grants.sockets.empty();
  // Results are written there when the guest has ended.
  if (config.out_folder) plan.paths.push_back({config.out_folder->host_path, "", boundary::kReadWrite});
  if (!guest) return plan;
  // An interpreter that fails is compared with its hash afterwards.
  if (auto path = guest_path(*guest)) plan.paths.push_back({*path, "", boundary::kReadOnly});
  return plan;
}

}  // namespace

// The user's script runs in an interpreter: module and arguments become the interpreter's.
Result<void> use_interpreter(const LockedGuest& guest, const std::string& path, std::vector<u8> script,
                             std::vector<std::string> program_args, api::RunConfig& config) {
  auto module = load_guest(guest);
  if (!module) return std::unexpected(std::move(module.error()));
  config.module = std::move(*module);
  std::string name = path == "-" ? "stdin" + guest.endings[0] : std::filesystem::path(path).filename().string();
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

// An interpreter that does not load may have been damaged since it was installed: that is no fault of the script, and
// what is wrong with the interpreter's bytes would send the user looking in the wrong place.
api::Outcome run_program(api::RunConfig config, HardenMode mode) {
  const LockedGuest* guest = config.interpreter ? find_guest(config.interpreter->name) : nullptr;
  api::Hardening hardening;
  if (mode != HardenMode::off) {
    config.before_guest = [&hardening, mode, plan = plan_for(config, guest)]() -> Result<void> {
      auto done = harden(mode, plan);
      if (!done) return std::unexpected(std::move(done.error()));
      hardening = std::move(*done);
      return {};
    };
  }
  api::Outcome outcome = api::run(std::move(config));
  outcome.hardening = std::move(hardening);
  if (!guest || !outcome.refusal || std::string_view(outcome.refusal->code) == "harden-unavailable") return outcome;
  auto intact = check_guest(*guest);
  if (intact) return outcome;
  outcome.refusal = std::move(intact.error());
  outcome.code = outcome.refusal->code;
  outcome.message = outcome.refusal->message;
  return outcome;
}

}  // namespace dewar::cli
