// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The id is read first, so that whatever else is wrong can be answered to it.
#include "server/message.h"

#include <utility>

#include "base/json_writer.h"
#include "base/print.h"

namespace dewar::server {

namespace {

using api::JsonValue;
using Kind = JsonValue::Kind;

Message fault(i32 code, std::string error, std::string id = "null") {
  Message out;
  out.id = std::move(id);
  out.code = code;
  out.error = std::move(error);
  return out;
}

JsonValue* member(JsonValue& object, std::string_view name) { return const_cast<JsonValue*>(object.find(name)); }

Message read_message(JsonValue& value, const MessageLimits& limits) {
  if (value.kind != Kind::object) return fault(kInvalidRequest, "a message is an object");
  std::string id;
  if (const JsonValue* given = value.find("id")) {
    id = token_text(*given, limits.max_id);
    if (id.empty()) return fault(kInvalidRequest, "an id is a string or an integer, and not too long");
  }
  const std::string known = id.empty() ? "null" : id;
  if (value.text_of("jsonrpc") != "2.0") return fault(kInvalidRequest, "\"jsonrpc\" is not \"2.0\"", known);
  JsonValue* method = member(value, "method");
  if (!method) {
    if (!value.find("result") && !value.find("error")) return fault(kInvalidRequest, "there is no method", known);
    Message out;
    out.kind = Message::Kind::response;
    out.id = known;
    return out;
  }
  if (method->kind != Kind::string) return fault(kInvalidRequest, "a method is a string", known);
  Message out;
  out.kind = id.empty() ? Message::Kind::notification : Message::Kind::request;
  out.id = known;
  out.method = std::move(method->text);
  if (JsonValue* params = member(value, "params")) {
    // A notification gets no answer, whatever is wrong with it (JSON-RPC 2.0, section 4.1).
    if (params->kind == Kind::object) {
      out.params = std::move(*params);
    } else if (out.kind == Message::Kind::request) {
      return fault(kInvalidParams, "params is not an object", known);
    }
  }
  return out;
}

}  // namespace

std::string token_text(const JsonValue& value, usize max_bytes) {
  if (value.text.size() > max_bytes) return {};
  if (value.kind == Kind::string) {
    base::JsonWriter json;
    json.value(value.text);
    return json.take();
  }
  if (value.kind == Kind::integer) return value.text;
  // Numbers that are no u64 keep their text only: a negative integer is one, a fraction is not.
  const bool digits = value.text.find_first_not_of("-0123456789") == std::string::npos;
  return value.kind == Kind::number && digits ? value.text : std::string();
}

Messages read_messages(std::string_view line, const MessageLimits& limits) {
  Messages out;
  auto value = api::read_json(line, limits.json);
  if (!value) {
    out.items.push_back(fault(kParseError, "not JSON, or nested deeper or with more values than is allowed"));
    return out;
  }
  if (value->kind != Kind::array) {
    out.items.push_back(read_message(*value, limits));
    return out;
  }
  if (value->items.empty() || value->items.size() > limits.max_batch) {
    out.items.push_back(fault(kInvalidRequest, "a batch holds 1 to " + base::dec(limits.max_batch) + " messages"));
    return out;
  }
  out.batch = true;
  for (JsonValue& item : value->items) out.items.push_back(read_message(item, limits));
  return out;
}

std::string result_message(std::string_view id, std::string_view result) {
  base::JsonWriter json;
  json.begin_object().member("jsonrpc", "2.0").key("id").raw(id).key("result").raw(result).end_object();
  return json.take();
}

std::string error_message(std::string_view id, i32 code, std::string_view message, std::string_view data) {
  base::JsonWriter json;
  json.begin_object().member("jsonrpc", "2.0").key("id").raw(id).key("error").begin_object();
  json.member("code", code).member("message", message);
  if (!data.empty()) json.key("data").raw(data);
  json.end_object().end_object();
  return json.take();
}

}  // namespace dewar::server
