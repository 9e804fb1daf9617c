// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar verify: runs again what a receipt tells of, and says whether everything came out the same. The receipt's
// command is trusted as far as a script of the caller's would be: it grants what it grants.
#include "api/receipt_recorder.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/print.h"
#include "cli/commands.h"
#include "cli/guest_run.h"
#include "cli/help.h"
#include "cli/standard_input.h"
#include "cli/terminal.h"

namespace dewar::cli {

namespace {

constexpr int kDiffers = 1;

// Takes the program's output and forgets it: its hash is all that counts.
class Discard final : public boundary::OutputSink {
 public:
  std::expected<u64, boundary::StreamError> write(boundary::HostCall&, std::span<const u8> bytes) override {
    total_ += bytes.size();
    return bytes.size();
  }
};

Result<api::Receipt> load(const std::string& path) {
  auto bytes = base::read_file(path, api::Receipt::kMaxBytes);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  return api::read_receipt({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

Result<api::RunConfig> config_of(const api::Receipt& receipt, bool allow_writes) {
  if (receipt.value("end.reproducible") != "yes") {
    return fail("verify-unreproducible", "the run used the real clock or real random numbers, or ran out of wall time",
                Error::kNoOffset, "such a run has no second one that is equal");
  }
  std::vector<std::string> words{"run"};
  words.insert(words.end(), receipt.command.begin(), receipt.command.end());
  auto parsed = parse_command_line(words);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (!parsed->verb || parsed->verb->name != "run" || parsed->arguments.empty()) {
    return fail("receipt-malformed", "this is no receipt: its command runs nothing");
  }
  auto config = configure_run(*parsed);
  if (!config) return config;
  for (const boundary::MountGrant& mount : config->grants.mounts) {
    if ((mount.most() & ~boundary::kRead) == 0 || allow_writes) continue;
    return fail("verify-writes", "running it again would write to " + mount.host_path, Error::kNoOffset,
                "put the folder into the state it had before the run, and use --allow-writes");
  }
  // What it leaves in /out is compared in memory.
  if (config->out_folder) config->out_folder->host_path.clear();
  return config;
}

// The file that the run's standard input came from, or "".
std::string stdin_file(const api::Receipt& receipt) {
  constexpr std::string_view kOption = "--stdin=";
  for (const std::string& word : receipt.command) {
    if (word.starts_with(kOption)) return word.substr(kOption.size());
    if (!word.starts_with("--")) break;
  }
  return {};
}

std::string shown(const std::string& value) { return value.empty() ? "nothing" : value; }

}  // namespace

int verify_command(const ParsedArgs& args) {
  if (args.arguments.size() != 1) {
    return usage_error(Error{"usage-argument", "`dewar verify` takes one receipt", Error::kNoOffset, 0, 0,
                             "for example `dewar verify receipt.json`"});
  }
  auto receipt = load(args.arguments[0]);
  if (!receipt) return usage_error(receipt.error());
  auto config = config_of(*receipt, args.has("allow-writes"));
  if (!config) return usage_error(config.error());

  Discard out, err;
  boundary::UniqueFd input;
  if (const std::string path = stdin_file(*receipt); !path.empty()) {
    auto opened = open_stdin(path);
    if (!opened) return usage_error(opened.error());
    input = std::move(*opened);
  }
  boundary::FdSource in(input ? input.get() : 0);
  config->out = &out;
  config->err = &err;
  const std::string_view terminals = receipt->value("given.terminals");
  config->out_is_terminal = terminals.find("stdout") != std::string_view::npos;
  config->err_is_terminal = terminals.find("stderr") != std::string_view::npos;
  if (config->grants.stdin_ == boundary::StdinPolicy::granted) config->in = &in;
  api::ReceiptRecorder recorder(*config, receipt->tool, receipt->command);
  config->watcher = &recorder;
  run_program(std::move(*config), HardenMode::on);

  const auto difference = api::first_difference(*receipt, recorder.receipt());
  if (args.has("json")) {
    base::JsonWriter json(base::JsonWriter::Style::kCompact);
    json.begin_object().member("schema", "dewar-verify/1").member("same", !difference);
    json.member("facts", receipt->facts.size()).key("difference");
    if (difference) {
      json.begin_object()
          .member("name", difference->name)
          .member("expected", difference->expected)
          .member("found", difference->found)
          .end_object();
    } else {
      json.null();
    }
    if (!write_all(1, json.end_object().take() + "\n")) return static_cast<int>(api::kExitOwnError);
  } else if (difference) {
    print_note("dewar: the runs differ, first in " + difference->name + "\n  receipt:  " + shown(difference->expected) +
               "\n  this run: " + shown(difference->found));
  } else {
    print_note("dewar: the same run: " + base::dec(receipt->facts.size()) + " facts agree");
  }
  return difference ? kDiffers : 0;
}

}  // namespace dewar::cli
