// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: any bytes as a line that a client sends, and what it holds as a call of run_code. Whatever they are, the
// answer is one line of JSON with an id that was in them, and what is taken lies within its bounds.
#include <string_view>

#include "base/json_writer.h"
#include "base/utf8.h"
#include "fuzz/fuzz_target.h"
#include "server/code_request.h"
#include "server/json_value.h"
#include "server/message.h"
#include "server/result_text.h"

namespace {

using namespace dewar;
using server::Message;

// Low, so that a short run meets them.
constexpr server::MessageLimits kLimits{.json = {.max_depth = 8, .max_values = 200}, .max_batch = 4, .max_id = 16};
constexpr server::CodeLimits kCodeLimits{.max_code = 64, .max_stdin = 64, .max_files = 3, .max_file_bytes = 64};

void check_answer(const std::string& answer, const std::string& id) {
  DEWAR_FUZZ_CHECK(answer.find('\n') == std::string::npos, "an answer is not one line");
  const auto value = api::read_json(answer);
  DEWAR_FUZZ_CHECK(value && value->text_of("jsonrpc") == "2.0", "an answer is not a message");
  const api::JsonValue* given = value->find("id");
  DEWAR_FUZZ_CHECK(given != nullptr, "an answer has no id");
  if (id == "null") {
    DEWAR_FUZZ_CHECK(given->kind == api::JsonValue::Kind::null, "an id out of nowhere");
  } else {
    DEWAR_FUZZ_CHECK(server::token_text(*given, 256) == id, "an answer has another id");
  }
}

void check_value(const api::JsonValue& value) {
  base::JsonWriter first, second;
  server::write_value(first, value);
  const std::string text = first.take();
  const auto again = api::read_json(text);
  DEWAR_FUZZ_CHECK(again.has_value(), "what was read cannot be read again");
  server::write_value(second, *again);
  DEWAR_FUZZ_CHECK(second.take() == text, "a value changes when it is written");
}

void check_request(const api::JsonValue& arguments) {
  const auto request = server::read_code_request(arguments, {"wat", "python"}, kCodeLimits);
  if (!request) {
    DEWAR_FUZZ_CHECK(request.error().code == std::string_view("tool-arguments"), "another code");
    const std::string text = server::result_text(server::for_model(api::refused(request.error())));
    DEWAR_FUZZ_CHECK(base::is_valid_utf8(text) && text.size() < 4096, "a refusal is no short text");
    return;
  }
  usize bytes = 0;
  for (const boundary::FileGrant& file : request->files) {
    DEWAR_FUZZ_CHECK(file.guest_path.starts_with("/input/"), "a file lies elsewhere");
    DEWAR_FUZZ_CHECK(file.guest_path.find("..") == std::string::npos || boundary::normalize_guest_path(file.guest_path),
                     "a path is not normal");
    bytes += file.contents.size();
  }
  DEWAR_FUZZ_CHECK(request->files.size() <= kCodeLimits.max_files && bytes <= kCodeLimits.max_file_bytes &&
                       request->code.size() <= kCodeLimits.max_code,
                   "a bound does not hold");
  DEWAR_FUZZ_CHECK(!request->timeout_ms || *request->timeout_ms > 0, "no time at all");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const server::Messages messages = server::read_messages(line, kLimits);
  DEWAR_FUZZ_CHECK(!messages.items.empty() && messages.items.size() <= kLimits.max_batch, "none, or too many messages");
  for (const Message& message : messages.items) {
    if (message.kind == Message::Kind::fault) {
      check_answer(server::error_message(message.id, message.code, message.error), message.id);
      continue;
    }
    check_value(message.params);
    if (message.kind == Message::Kind::request) check_answer(server::result_message(message.id, "{}"), message.id);
    const api::JsonValue* arguments = message.params.find("arguments");
    if (arguments) check_request(*arguments);
  }
  return 0;
}
