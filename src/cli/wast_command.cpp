// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command `dewar wast`: finds the files, runs them one by one, prints text or JSON. The JSON object is
// {"files": [{"file", "counts": {kind: n}, "executed", "failed", "failures": [{"line", "column", "kind", "reason"}],
// "patched_bytes", "collections", "guarded_memories", "functions", "prepared_functions",
// "compiled_functions", "fuel", "instructions", "probes_fired",
// "error"?}], "executed",
// "failed", "errors"}.
#include "cli/wast_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/json_writer.h"
#include "base/print.h"
#include "cli/wast_features.h"
#include "cli/wast_runner.h"
#include "cli/wast_verdict.h"

namespace dewar::cli {

namespace {

constexpr u64 kMaxScriptSize = u64{256} << 20;
constexpr int kExitFailed = 1;
constexpr int kExitError = 125;

/// The result of one file: a report, or the error that prevented one.
struct FileResult {
  std::string path;
  WastReport report;
  std::optional<Error> error;
};

/// Files as named; folders become the scripts below them.
std::vector<std::string> expand(std::span<const std::string> names) {
  std::vector<std::string> files;
  for (const std::string& name : names) {
    std::error_code error;
    if (!std::filesystem::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    std::vector<std::string> below;
    std::filesystem::recursive_directory_iterator it(name, error), end;
    for (; !error && it != end; it.increment(error)) {
      if (it->path().extension() == ".wast") below.push_back(it->path().string());
    }
    std::ranges::sort(below);
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

FileResult run_file(const std::string& path, const WastOptions& options) {
  FileResult result{path, {}, std::nullopt};
  auto source = base::read_file(path, kMaxScriptSize);
  if (!source) {
    result.error = std::move(source.error());
    return result;
  }
  runtime::EngineOptions engine = options.engine;
  if (!options.features_named) engine.features = wast_features_for_path(path);
  auto report = run_wast({reinterpret_cast<const char*>(source->data()), source->size()}, engine);
  if (report) {
    result.report = std::move(*report);
  } else {
    result.error = std::move(report.error());
  }
  return result;
}

void print_text(const FileResult& result, bool verbose) {
  const std::string& path = result.path;
  if (result.error) {
    std::printf("%s: %s\n", path.c_str(), describe_error(*result.error).c_str());
    return;
  }
  for (const WastFailure& failure : result.report.failures) {
    std::printf("%s:%u:%u: %s: %s\n", path.c_str(), failure.line, failure.column,
                std::string(text::command_name(failure.kind)).c_str(), failure.reason.c_str());
  }
  if (verbose && !result.report.output.empty())
    std::fwrite(result.report.output.data(), 1, result.report.output.size(), stdout);
  std::printf("%s: %llu commands, %zu failed\n", path.c_str(), static_cast<unsigned long long>(result.report.total()),
              result.report.failures.size());
}

void write_json(base::JsonWriter& json, const FileResult& result) {
  json.begin_object().member("file", result.path);
  json.key("counts").begin_object();
  for (usize i = 0; i < kCommandKinds; ++i) {
    if (result.report.executed[i] == 0) continue;
    json.member(text::command_name(static_cast<text::CommandKind>(i)), result.report.executed[i]);
  }
  json.end_object();
  json.member("executed", result.report.total()).member("failed", u64{result.report.failures.size()});
  json.member("patched_bytes", result.report.patched_bytes).member("collections", result.report.collections);
  json.member("guarded_memories", result.report.guarded_memories);
  json.member("functions", result.report.functions);
  json.member("prepared_functions", result.report.prepared_functions);
  json.member("compiled_functions", result.report.compiled_functions).member("fuel", result.report.fuel);
  json.member("instructions", result.report.instructions).member("probes_fired", result.report.probes_fired);
  if (!result.report.tier_moves.empty()) {
    constexpr std::string_view kHow[] = {"call_up", "loop_up", "call_down", "return_down", "loop_down"};
    constexpr std::string_view kWhere[] = {"any", "operands", "deep", "handler", "tail_called"};
    json.key("tier_moves").begin_object();
    for (usize i = 0; i < result.report.tier_moves.size(); ++i)
      json.member(std::string(kHow[i / 5]) + "." + std::string(kWhere[i % 5]), result.report.tier_moves[i]);
    json.end_object();
  }
  json.key("failures").begin_array();
  for (const WastFailure& failure : result.report.failures) {
    json.begin_object().member("line", failure.line).member("column", failure.column);
    json.member("kind", text::command_name(failure.kind)).member("reason", failure.reason).end_object();
  }
  json.end_array();
  if (result.error) json.member("error", describe_error(*result.error));
  json.end_object();
}

}  // namespace

int wast_main(std::span<const std::string> names, const WastOptions& options) {
  const std::vector<std::string> files = expand(names);
  if (files.empty()) {
    std::fprintf(stderr, "dewar wast: no scripts found\n");
    return kExitError;
  }
  base::JsonWriter json(base::JsonWriter::Style::kPretty);
  if (options.json) json.begin_object().key("files").begin_array();
  u64 executed = 0, failed = 0, errors = 0;
  for (const std::string& file : files) {
    const FileResult result = run_file(file, options);
    executed += result.report.total();
    failed += result.report.failures.size();
    errors += result.error ? 1 : 0;
    if (options.json) {
      write_json(json, result);
    } else {
      print_text(result, options.verbose);
    }
  }
  if (options.json) {
    json.end_array().member("executed", executed).member("failed", failed).member("errors", errors).end_object();
    std::printf("%s\n", json.take().c_str());
  } else {
    std::printf("%zu files, %llu commands, %llu failed, %llu unreadable\n", files.size(),
                static_cast<unsigned long long>(executed), static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(errors));
  }
  if (errors != 0) return kExitError;
  return failed == 0 ? 0 : kExitFailed;
}

}  // namespace dewar::cli
