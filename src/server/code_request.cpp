// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One argument after the other; the first that is wrong is told.
#include "server/code_request.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/print.h"
#include "base/utf8.h"
#include "server/base64.h"

namespace dewar::server {

namespace {

using api::JsonValue;
using Kind = JsonValue::Kind;

std::unexpected<Error> wrong(std::string message) { return fail("tool-arguments", std::move(message)); }

// A name of the model's, inside a sentence of ours.
std::string quoted(std::string_view name) {
  constexpr usize kMost = 64;
  return "\"" + base::escape_for_terminal(name.substr(0, kMost)) + (name.size() > kMost ? "...\"" : "\"");
}

Result<std::string> file_contents(const std::string& name, const JsonValue& value) {
  if (value.kind == Kind::string) return value.text;
  const bool one = value.kind == Kind::object && value.items.size() == 1;
  const JsonValue* encoded = one ? value.find("base64") : nullptr;
  if (!encoded || encoded->kind != Kind::string) {
    return wrong("the file " + quoted(name) + " is neither a text nor {\"base64\": \"...\"}");
  }
  auto bytes = decode_base64(encoded->text);
  if (!bytes) return wrong("the file " + quoted(name) + " is not valid base64");
  return std::move(*bytes);
}

Result<void> read_files(const JsonValue& files, const CodeLimits& limits, CodeRequest& out) {
  if (files.kind != Kind::object) return wrong("files is an object: path to contents");
  if (files.items.size() > limits.max_files) {
    return wrong("there are " + base::dec(files.items.size()) + " files; at most " + base::dec(limits.max_files) +
                 " are allowed");
  }
  usize total = 0;
  for (usize i = 0; i < files.items.size(); ++i) {
    const std::string& name = files.names[i];
    auto path = boundary::normalize_guest_path(std::string(kInputFolder) + "/" + name);
    if (!path || *path == kInputFolder) return wrong(quoted(name) + " is no path of a file below /input");
    auto contents = file_contents(name, files.items[i]);
    if (!contents) return std::unexpected(std::move(contents.error()));
    total += contents->size();
    if (total > limits.max_file_bytes) {
      return wrong("the files hold more than " + base::human_size(limits.max_file_bytes) + " together");
    }
    out.files.push_back({std::move(*path), std::move(*contents)});
  }
  std::ranges::sort(out.files, {}, &boundary::FileGrant::guest_path);
  // In this order a path and what lies below it need not be neighbours ("a", "a.b", "a/c"), so each looks for its own.
  for (usize i = 0; i < out.files.size(); ++i) {
    const std::string& path = out.files[i].guest_path;
    if (i + 1 < out.files.size() && out.files[i + 1].guest_path == path)
      return wrong("two files have the path " + path);
    const auto below = std::ranges::lower_bound(out.files, path + "/", {}, &boundary::FileGrant::guest_path);
    if (below != out.files.end() && below->guest_path.starts_with(path + "/")) {
      return wrong(path + " is a file and a folder at once");
    }
  }
  return {};
}

// Seconds, of which parts count, as milliseconds.
Result<u64> read_timeout(const JsonValue& value) {
  double seconds = 0;
  const char* end = value.text.data() + value.text.size();
  const bool number = value.kind == Kind::integer || value.kind == Kind::number;
  const auto [stop, error] = number ? std::from_chars(value.text.data(), end, seconds)
                                    : std::from_chars_result{end, std::errc::invalid_argument};
  if (error != std::errc() || stop != end || !(seconds > 0)) return wrong("timeout_s is a number of seconds above 0");
  constexpr double kLongest = 366.0 * 86'400;
  return static_cast<u64>(std::ceil(std::min(seconds, kLongest) * 1000));
}

}  // namespace

Result<CodeRequest> read_code_request(const JsonValue& arguments, const std::vector<std::string>& languages,
                                      const CodeLimits& limits) {
  CodeRequest out;
  for (const std::string& name : arguments.names) {
    if (name == "language" || name == "code" || name == "files" || name == "stdin" || name == "timeout_s") continue;
    return wrong("run_code has no argument " + quoted(name) +
                 "; it takes language, code, files, stdin and timeout_s. " +
                 "What a program may use is decided by whoever runs this server");
  }
  const JsonValue* language = arguments.find("language");
  if (!language || std::ranges::find(languages, language->text) == languages.end() || language->kind != Kind::string) {
    std::string known;
    for (const std::string& name : languages) known += (known.empty() ? "" : ", ") + name;
    return wrong("language is one of " + known);
  }
  out.language = language->text;
  const JsonValue* code = arguments.find("code");
  if (!code || code->kind != Kind::string) return wrong("code is the text of a program");
  if (code->text.size() > limits.max_code) {
    return wrong("the code is longer than " + base::human_size(limits.max_code));
  }
  out.code = code->text;
  if (const JsonValue* text = arguments.find("stdin")) {
    if (text->kind != Kind::string) return wrong("stdin is a text");
    if (text->text.size() > limits.max_stdin) {
      return wrong("stdin is longer than " + base::human_size(limits.max_stdin));
    }
    out.stdin_text = text->text;
  }
  if (const JsonValue* timeout = arguments.find("timeout_s")) {
    auto ms = read_timeout(*timeout);
    if (!ms) return std::unexpected(std::move(ms.error()));
    out.timeout_ms = *ms;
  }
  if (const JsonValue* files = arguments.find("files")) {
    if (auto ok = read_files(*files, limits, out); !ok) return std::unexpected(std::move(ok.error()));
  }
  return out;
}

}  // namespace dewar::server
