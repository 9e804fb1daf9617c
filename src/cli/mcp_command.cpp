// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar mcp: programs that a model writes, with what the operator's command line grants and nothing else. The process
// is hardened before it reads the first message.
#include <algorithm>

#include "api/host_room.h"
#include "base/utf8.h"
#include "boundary/mounts.h"
#include "cli/code_options.h"
#include "cli/commands.h"
#include "cli/guest_run.h"
#include "cli/guest_store.h"
#include "cli/help.h"
#include "cli/policy_grants.h"
#include "cli/run_options.h"
#include "cli/run_report.h"
#include "cli/terminal.h"
#include "cli/units.h"
#include "cli/wasm_options.h"
#include "exec/tier.h"
#include "server/base64.h"
#include "server/mcp_server.h"
#include "server/output.h"
#include "server/text_source.h"

namespace dewar::cli {

namespace {

// What the operator decided, for every call alike.
struct Granted {
  boundary::Grants grants;
  std::optional<api::PolicyInfo> policy;
  api::RunLimits limits;
  wasm::Features features;
  CodeOptions code;
  std::shared_ptr<const runtime::NativeStubs> native;  ///< the arena of all calls; null if they are interpreted
  api::Hardening hardening;
  std::vector<std::string> languages;
};

class OperatorHost final : public server::CodeHost {
 public:
  explicit OperatorHost(const Granted& granted) : granted_(granted) {}

  const std::vector<std::string>& languages() const override { return granted_.languages; }
  std::optional<u64> wall_time_ms() const override { return granted_.limits.wall_time_ms; }
  bool may_change_files() const override {
    return std::ranges::any_of(granted_.grants.mounts,
                               [](const auto& mount) { return (mount.most() & ~boundary::kRead) != 0; });
  }

  api::Outcome run(server::CodeRequest request, api::RunHandle& handle) override {
    api::RunConfig config;
    config.grants = granted_.grants;
    config.policy = granted_.policy;
    config.limits = granted_.limits;
    config.features = granted_.features;
    granted_.code.apply_to(config);
    config.native = granted_.native;
    config.handle = &handle;
    if (request.timeout_ms) {
      config.limits.wall_time_ms = std::min(*request.timeout_ms, config.limits.wall_time_ms.value_or(UINT64_MAX));
    }
    for (boundary::FileGrant& file : request.files) config.grants.files.push_back(std::move(file));
    server::TextSource in(request.stdin_text ? std::move(*request.stdin_text) : std::string());
    if (request.stdin_text) {
      config.grants.stdin_ = boundary::StdinPolicy::granted;
      config.in = &in;
    }
    const LockedGuest* guest = find_guest(request.language);
    config.program = "code" + (guest ? guest->endings[0] : "." + request.language);
    auto loaded = guest ? use_interpreter(*guest, config.program,
                                          std::vector<u8>(request.code.begin(), request.code.end()), {}, config)
                        : load_module(request, config);
    const std::string program = config.program;
    api::Outcome outcome = loaded ? run_program(std::move(config), HardenMode::off) : api::refused(loaded.error());
    outcome.program = program;
    outcome.hardening = granted_.hardening;
    return outcome;
  }

  api::Outcome refused(Error error) const override {
    api::Outcome outcome = api::refused(std::move(error));
    outcome.hardening = granted_.hardening;
    return outcome;
  }

  void tell_operator(const std::string& id, const api::Outcome& outcome) override {
    std::string text;
    if (outcome.refusal) {
      text += outcome.refusal->code + std::string(": ") + base::escape_for_terminal(outcome.refusal->message) + "\n";
      if (!outcome.refusal->hint.empty()) text += "  help: " + base::escape_for_terminal(outcome.refusal->hint) + "\n";
    }
    text += ending_text(outcome) + refusals_text(outcome);
    if (text.empty()) return;
    text.pop_back();
    stderr_.send("dewar: call " + base::escape_for_terminal(id) + ":\n" + text);
  }

 private:
  static Result<void> load_module(server::CodeRequest& request, api::RunConfig& config) {
    std::string bytes = std::move(request.code);
    if (request.language == "wasm") {
      auto decoded = server::decode_base64(bytes);
      if (!decoded) return fail("tool-arguments", "code of language wasm is not valid base64");
      bytes = std::move(*decoded);
    }
    config.module.assign(bytes.begin(), bytes.end());
    config.is_text = request.language == "wat";  // the run turns it into a module, within its time
    config.grants.args = {config.program};
    return {};
  }

  const Granted& granted_;
  server::Output stderr_{2, 1000};  ///< a client that does not read it must not hold up its own calls
};

// Everything that can be wrong with what is granted is told now, to the operator, and not at a call, to a model.
Result<void> check_grants(const boundary::Grants& grants) {
  const std::string input = server::kInputFolder;
  for (const boundary::MountGrant& mount : grants.mounts) {
    auto path = boundary::normalize_guest_path(mount.guest_path);
    if (!path) return std::unexpected(std::move(path.error()));
    if (*path == input || path->starts_with(input + "/")) {
      return fail("grant-reserved", "the grant " + mount.host_path + "::" + *path + " uses the guest path " + input,
                  Error::kNoOffset, "files of a call appear there; choose another guest path: HOST::GUEST");
    }
  }
  auto mounts = boundary::MountTable::open(grants);
  if (!mounts) return std::unexpected(std::move(mounts.error()));
  return {};
}

Result<void> harden_server(HardenMode mode, Granted& granted) {
  HardenPlan plan;
  plan.paths = granted.grants.mounts;
  const auto installed = [](const LockedGuest& guest) { return is_installed(guest); };
  if (std::ranges::any_of(locked_guests(), installed)) {
    auto guests = guests_directory();
    if (!guests) return std::unexpected(std::move(guests.error()));
    plan.paths.push_back({*guests, "", boundary::kReadOnly});
  }
  auto hardening = harden(mode, plan);
  if (!hardening) return std::unexpected(std::move(hardening.error()));
  granted.hardening = std::move(*hardening);
  return {};
}

// What the options and the policy say, which is the same for every call.
Result<std::optional<Policy>> read_rules(const ParsedArgs& args, Granted& granted) {
  api::RunConfig config;
  if (auto ok = read_grants(args, config.grants); !ok) return std::unexpected(std::move(ok.error()));
  if (auto ok = apply_wasm_options(args.all("wasm"), &config.limits, config.features); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  auto code = read_code_options(args.all("codegen"));
  if (!code) return std::unexpected(std::move(code.error()));
  granted.code = *code;
  auto policy = apply_rule_options(args, config);
  if (!policy) return policy;
  if (!config.grants.sockets.empty()) {
    // Calls would run into one another's listeners.
    return fail("policy-denied", "programs of `dewar mcp` cannot be given the policy's listeners", Error::kNoOffset,
                "leave dewar.listeners out of this policy");
  }
  // The standard input of this process is the client's; a call brings its own.
  config.grants.stdin_ = boundary::StdinPolicy::closed;
  granted.grants = std::move(config.grants);
  granted.policy = std::move(config.policy);
  granted.limits = config.limits;
  granted.features = config.features;
  return policy;
}

Result<void> prepare(const ParsedArgs& args, Granted& granted, server::McpConfig& config) {
  if (!args.arguments.empty())
    return fail("usage-argument", "`dewar mcp` takes options only: programs come from its client");
  auto policy = read_rules(args, granted);
  if (!policy) return std::unexpected(std::move(policy.error()));
  if (args.has("parallel")) {
    constexpr u64 kMost = 64;
    const auto parallel = parse_count(args.get("parallel"));
    if (!parallel || *parallel == 0 || *parallel > kMost)
      return fail("usage-option", "--parallel is a number from 1 to 64");
    config.calls.parallel = *parallel;
  }
  if (auto ok = api::check_descriptor_room(granted.limits, granted.grants, config.calls.parallel); !ok) return ok;
  auto mode = parse_harden_mode(args.get("harden", "on"));
  if (!mode) return std::unexpected(std::move(mode.error()));
  if (auto ok = check_grants(granted.grants); !ok) return ok;
  const auto allowed = [&](std::string_view language) { return !*policy || check_interpreter(**policy, language); };
  for (const LockedGuest& guest : locked_guests()) {
    if (is_installed(guest) && allowed(guest.language)) granted.languages.push_back(guest.language);
  }
  for (const char* language : {"wat", "wasm"}) {
    if (allowed("wasm")) granted.languages.push_back(language);
  }
  if (granted.languages.empty()) {
    return fail("policy-interpreter", "the policy allows no program in a language that is installed");
  }
  if (granted.code.tier != runtime::Tier::interp) {
    // Calls are made in a hardened process, which maps no code.
    auto native = exec::make_native();
    if (native) {
      granted.native = std::move(*native);
    } else if (granted.code.tier == runtime::Tier::automatic) {
      granted.code.tier = runtime::Tier::interp;
    } else {
      return std::unexpected(std::move(native.error()));
    }
  }
  return harden_server(*mode, granted);
}

}  // namespace

int mcp_command(const ParsedArgs& args) {
  Granted granted;
  server::McpConfig config;
  if (auto ok = prepare(args, granted, config); !ok) {
    print_error(ok.error(), std::string_view(ok.error().code).starts_with("policy-") ? args.get("policy") : "");
    const bool usage = std::string_view(ok.error().code).starts_with("usage-");
    return static_cast<int>(usage ? api::kExitOwnError : api::kExitRefused);
  }
  std::string languages;
  for (const std::string& language : granted.languages) languages += (languages.empty() ? "" : ", ") + language;
  print_note("dewar: serving run_code (" + languages + ") over standard input and output; seccomp " +
             granted.hardening.seccomp + ", landlock " + granted.hardening.landlock);
  config.version = version();
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == "outcome.schema.json") config.outcome_schema = file.text;
  }
  OperatorHost host(granted);
  server::serve_mcp(host, config);
  return 0;
}

}  // namespace dewar::cli
