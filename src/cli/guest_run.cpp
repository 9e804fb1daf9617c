// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an interpreter is given, what the process keeps, and who is to blame if an interpreter does not load. The lock
// file's argv holds {driver}, {report}, {script} and {args}; nothing else of it is interpreted.
#include "cli/guest_run.h"

#include <algorithm>
#include <filesystem>

#include "cli/guest_store.h"
#include "cli/guest_wheels.h"

namespace dewar::cli {

namespace {

// Guest paths that belong to the runtime: the user's script, its interpreter's driver, the driver's report.
constexpr std::string_view kOwnFolder = "/dewar/";
constexpr char kReportPath[] = "/dewar/.report";

// What the process may still open while it runs `config`.
HardenPlan plan_for(const api::RunConfig& config, const LockedGuest* guest, std::span<const std::string> folders) {
  HardenPlan plan;
  plan.paths = config.grants.mounts;
  plan.filter.sockets = !config.grants.sockets.empty();
  // Results are written there when the guest has ended.
  if (config.out_folder && !config.out_folder->host_path.empty()) {
    plan.paths.push_back({config.out_folder->host_path, "", boundary::kReadWrite});
  }
  for (const std::string& folder : folders) plan.paths.push_back({folder, "", boundary::kReadWrite});
  if (!guest) return plan;
  // An interpreter that fails is compared with its hash afterwards.
  if (auto path = guest_path(*guest)) plan.paths.push_back({*path, "", boundary::kReadOnly});
  return plan;
}

bool is_plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

// The script's name in the guest: its own, where it can stand on the interpreter's command line as it is.
std::string script_name(const LockedGuest& guest, const std::string& path) {
  std::string name = path == "-" ? "stdin" + guest.endings[0] : std::filesystem::path(path).filename().string();
  const bool whole = std::find(guest.argv.begin(), guest.argv.end(), "{script}") != guest.argv.end();
  if (name.empty() || name[0] == '.' || (!whole && !is_plain(name))) name = "script" + guest.endings[0];
  return name;
}

std::string filled_in(std::string text, std::string_view name, std::string_view value) {
  if (const usize at = text.find(name); at != std::string::npos) text.replace(at, name.size(), value);
  return text;
}

}  // namespace

Result<void> use_interpreter(const LockedGuest& guest, const std::string& path, std::vector<u8> script,
                             std::vector<std::string> program_args, api::RunConfig& config, Packages packages) {
  if (!guest.takes_args && !program_args.empty()) {
    return fail("usage-argument", "scripts in " + guest.language + " take no arguments");
  }
  auto module = load_guest(guest);
  if (!module) return std::unexpected(std::move(module.error()));
  config.module = std::move(*module);
  api::Interpreter interpreter{.language = guest.language,
                               .name = guest.name,
                               .version = guest.version,
                               .script = std::string(kOwnFolder) + script_name(guest, path),
                               .report_path = kReportPath,
                               .library_paths = guest.library_paths,
                               .sqlite_log = guest.sqlite_log};
  auto& files = config.grants.files;
  std::string driver = guest.driver;
  if (packages == Packages::added) {
    auto wheels = load_wheels(guest);
    if (!wheels) return std::unexpected(std::move(wheels.error()));
    std::string paths;  // names of wheels hold nothing that ends a text
    for (LoadedWheel& wheel : *wheels) {
      paths += '"' + wheel.guest_path + "\", ";
      files.push_back({wheel.guest_path, std::move(wheel.contents)});
    }
    driver = filled_in(std::move(driver), "wheels = ()", "wheels = (" + paths + ")");
  }
  if (!driver.empty()) files.push_back({guest.driver_path, std::move(driver)});
  for (const auto& [file_path, text] : guest.files) files.push_back({file_path, text});
  files.push_back({interpreter.script, std::string(script.begin(), script.end())});
  config.grants.args.clear();
  for (const std::string& item : guest.argv) {
    if (item == "{args}") {
      for (std::string& arg : program_args) config.grants.args.push_back(std::move(arg));
      continue;
    }
    std::string arg = filled_in(item, "{driver}", guest.driver_path);
    arg = filled_in(std::move(arg), "{report}", kReportPath);
    config.grants.args.push_back(filled_in(std::move(arg), "{script}", interpreter.script));
  }
  config.interpreter = std::move(interpreter);
  return {};
}

// An interpreter that does not load may have been damaged since it was installed: that is no fault of the script, and
// what is wrong with the interpreter's bytes would send the user looking in the wrong place.
api::Outcome run_program(api::RunConfig config, HardenMode mode, std::span<const std::string> folders) {
  const LockedGuest* guest = config.interpreter ? find_guest(config.interpreter->name) : nullptr;
  api::Hardening hardening;
  if (mode != HardenMode::off) {
    config.before_guest = [&hardening, mode, plan = plan_for(config, guest, folders)]() -> Result<void> {
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
