// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// JSON-RPC 2.0 messages as MCP uses them: one line of text to requests, notifications and faults. A fault carries the
// id of the request it came in where that could be read, so that its sender learns which one failed. Ids and progress
// tokens are kept as the JSON text that they were, to be compared and given back unchanged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json_reader.h"

namespace dewar::server {

/// Error codes of JSON-RPC, and the one that MCP adds.
inline constexpr i32 kParseError = -32700, kInvalidRequest = -32600, kMethodNotFound = -32601, kInvalidParams = -32602,
                     kUnsupportedVersion = -32022;

struct Message {
  enum class Kind : u8 {
    request,
    notification,
    response,  ///< to a request of ours: we never send one, so nobody waits for it
    fault,     ///< to be answered with `code` and `error`
  };
  Kind kind = Kind::fault;
  std::string id = "null";  ///< JSON text
  std::string method;
  api::JsonValue params;  ///< an object, or of kind null
  i32 code = kInvalidRequest;
  std::string error;
};

struct MessageLimits {
  api::JsonLimits json{.max_depth = 32, .max_values = 20'000};
  usize max_batch = 64;
  usize max_id = 256;  ///< bytes of an id or a progress token
};

/// What one line holds.
struct Messages {
  bool batch = false;  ///< an array: its answers go into one array, too
  std::vector<Message> items;
};

/// Reads a line. Something that is no JSON, or an array that is empty or too long, is one fault.
Messages read_messages(std::string_view line, const MessageLimits& limits = {});

/// The JSON text of a string or integer that may be an id or a token; empty if it is neither, or too long.
std::string token_text(const api::JsonValue& value, usize max_bytes);

/// A response, without a line break. `result` is JSON text.
std::string result_message(std::string_view id, std::string_view result);
/// `data` is JSON text, or empty.
std::string error_message(std::string_view id, i32 code, std::string_view message, std::string_view data = {});

}  // namespace dewar::server
