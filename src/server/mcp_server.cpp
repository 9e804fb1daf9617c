// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One thread reads and answers; runs answer from theirs. Requests of the modern era are answered from what they carry
// alone; only the legacy era has a state, the revision agreed on.
#include "server/mcp_server.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/json_writer.h"
#include "base/print.h"
#include "server/json_value.h"
#include "server/line_reader.h"
#include "server/message.h"
#include "server/output.h"
#include "server/result_text.h"
#include "server/run_code_tool.h"

namespace dewar::server {

namespace {

using api::JsonValue;
using Kind = JsonValue::Kind;

constexpr std::array<std::string_view, 5> kRevisions = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
                                                        "2026-07-28"};
constexpr Revision kNewestLegacy = Revision::v2025_11_25, kModern = Revision::v2026_07_28;
constexpr char kVersionKey[] = "io.modelcontextprotocol/protocolVersion";
constexpr char kCapabilitiesKey[] = "io.modelcontextprotocol/clientCapabilities";
constexpr char kInstructions[] =
    "run_code runs a program in a sandbox. Each call starts from nothing and is deterministic: the same call gives the "
    "same result. What a program is refused is a decision of whoever runs this server, not a fault to work around.";
constexpr usize kMaxListening = 16;
constexpr u64 kListTtlMs = 3'600'000;

std::optional<Revision> revision_of(std::string_view name) {
  const auto it = std::ranges::find(kRevisions, name);
  if (it == kRevisions.end()) return std::nullopt;
  return static_cast<Revision>(it - kRevisions.begin());
}
std::string_view name_of(Revision revision) { return kRevisions[static_cast<usize>(revision)]; }

// The answers to a batch (revision 2025-03-26), which are sent as one when the last is there.
class Batch {
 public:
  Batch(Output& output, usize expected) : output_(output), missing_(expected) {}
  /// An answer, or nothing if its request was cancelled.
  void add(std::string answer) {
    std::lock_guard lock(mutex_);
    if (!answer.empty()) answers_ += (answers_.empty() ? "[" : ",") + answer;
    if (--missing_ == 0 && !answers_.empty()) output_.send(answers_ + "]");
  }

 private:
  Output& output_;
  std::mutex mutex_;
  usize missing_;
  std::string answers_;
};

// A request that is being answered.
struct Request {
  std::string id;
  Revision revision;
  std::shared_ptr<Batch> batch;
};

struct Fault {
  i32 code;
  std::string message;
  std::string data = {};
};

class McpServer {
 public:
  McpServer(CodeHost& host, const McpConfig& config)
      : host_(host),
        config_(config),
        schema_(schema_without(config.outcome_schema, "operator")),
        reader_(config.in, config.max_line),
        output_(config.out),
        calls_(host, config.calls) {}

  void serve() {
    for (bool open = true; open && !output_.gone();) {
      switch (reader_.next(calls_.report_in())) {
        case LineReader::Event::line: take_line(reader_.line()); break;
        case LineReader::Event::too_long:
          output_.send(error_message("null", kInvalidRequest,
                                     "a message is longer than " + base::dec(config_.max_line) + " bytes"));
          break;
        case LineReader::Event::timeout: break;
        case LineReader::Event::end: open = false; break;
      }
      calls_.report([this](const std::string& token, u64 elapsed, std::optional<u64> allowed, std::optional<u64> fuel) {
        tell_progress(token, elapsed, allowed, fuel);
      });
    }
    calls_.stop();
    for (const std::string& id : listening_) end_listening(id);
  }

 private:
  // ---- messages ----

  void take_line(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    Messages messages = read_messages(line);
    std::shared_ptr<Batch> batch;
    if (messages.batch) {
      if (legacy_ != Revision::v2025_03_26) {
        output_.send(error_message("null", kInvalidRequest, "batches are part of revision 2025-03-26 only"));
        return;
      }
      const auto answered = [](const Message& m) {
        return m.kind == Message::Kind::request || m.kind == Message::Kind::fault;
      };
      const auto expected = std::ranges::count_if(messages.items, answered);
      batch = std::make_shared<Batch>(output_, static_cast<usize>(expected));
    }
    for (Message& message : messages.items) take_message(std::move(message), line.size(), batch);
  }

  void take_message(Message message, usize bytes, const std::shared_ptr<Batch>& batch) {
    Request request{message.id, legacy_.value_or(kModern), batch};
    switch (message.kind) {
      case Message::Kind::response: return;
      case Message::Kind::fault: return answer(request, error_message(message.id, message.code, message.error));
      case Message::Kind::notification:
        if (message.method == "notifications/cancelled") cancel(message.params);
        return;
      case Message::Kind::request: break;
    }
    if (calls_.active(message.id) || std::ranges::find(listening_, message.id) != listening_.end()) {
      request.id = "null";  // an answer with that id would be taken for the other one's
      return refuse(request, {kInvalidRequest, "the id " + message.id + " is in use"});
    }
    if (message.method == "initialize") return initialize(request, message.params);
    if (auto fault = revision_for(message, request)) return refuse(request, *fault);
    const bool modern = request.revision == kModern;
    if (message.method == "tools/list") return list_tools(request, message.params);
    if (message.method == "tools/call") return call_tool(request, message.params, bytes);
    if (message.method == "ping" && !modern) return answer(request, result_message(request.id, "{}"));
    if (message.method == "server/discover" && modern) return discover(request);
    if (message.method == "subscriptions/listen" && modern) return listen(request);
    DEWAR_UNREACHABLE("a method that is known and not answered");
  }

  // Which revision a request is to be answered by: its own, or the one agreed on. A fault if there is none.
  std::optional<Fault> revision_for(const Message& message, Request& request) const {
    const std::string& method = message.method;
    const JsonValue* meta = message.params.find("_meta");
    const JsonValue* version = meta ? meta->find(kVersionKey) : nullptr;
    const bool modern = version != nullptr;
    const bool of_both = method == "tools/list" || method == "tools/call";
    const bool of_modern = method == "server/discover" || method == "subscriptions/listen";
    // A client that has agreed on nothing and forgets its revision learns that, not that a method is missing.
    if (!of_both && !(of_modern && (modern || !legacy_)) && !(method == "ping" && !modern)) {
      return Fault{kMethodNotFound, "there is no method " + method.substr(0, 128)};
    }
    if (!modern) {
      if (legacy_ || method == "ping") {
        request.revision = legacy_.value_or(kNewestLegacy);
        return std::nullopt;
      }
      return Fault{kInvalidParams, std::string("params._meta has no ") + kVersionKey +
                                       ", and no revision was agreed on with initialize"};
    }
    if (version->kind != Kind::string) return Fault{kInvalidParams, std::string(kVersionKey) + " is not a string"};
    if (version->text != name_of(kModern)) {
      base::JsonWriter data;
      data.begin_object().key("supported").begin_array();
      for (auto it = kRevisions.rbegin(); it != kRevisions.rend(); ++it) data.value(*it);
      data.end_array().member("requested", version->text).end_object();
      return Fault{kUnsupportedVersion, "Unsupported protocol version", data.take()};
    }
    const JsonValue* capabilities = meta->find(kCapabilitiesKey);
    if (!capabilities || capabilities->kind != Kind::object) {
      return Fault{kInvalidParams, std::string("params._meta has no ") + kCapabilitiesKey};
    }
    request.revision = kModern;
    return std::nullopt;
  }

  // ---- answers ----

  void answer(const Request& request, std::string text) {
    if (request.batch) {
      request.batch->add(std::move(text));
    } else {
      output_.send(std::move(text));
    }
  }
  void refuse(const Request& request, const Fault& fault) {
    answer(request, error_message(request.id, fault.code, fault.message, fault.data));
  }
  // `members` = a JSON object without its closing brace.
  void succeed(const Request& request, std::string members) {
    if (request.revision == kModern) {
      if (members.size() > 1) members += ',';
      base::JsonWriter meta;
      meta.begin_object().key("io.modelcontextprotocol/serverInfo");
      server_info(meta, kModern);
      members += R"("resultType":"complete","_meta":)" + meta.end_object().take();
    }
    answer(request, result_message(request.id, members + "}"));
  }

  void server_info(base::JsonWriter& json, Revision revision) const {
    json.begin_object().member("name", "dewar");
    if (revision >= Revision::v2025_06_18) json.member("title", "Dewar sandbox");
    json.member("version", config_.version).end_object();
  }
  static void capabilities(base::JsonWriter& json) {
    json.key("capabilities").begin_object().key("tools").begin_object().end_object().end_object();
  }
  static std::string opened(base::JsonWriter& json) {
    std::string text = json.end_object().take();
    text.pop_back();
    return text;
  }

  // ---- methods ----

  void initialize(const Request& request, const JsonValue& params) {
    if (request.batch) return refuse(request, {kInvalidRequest, "initialize cannot be part of a batch"});
    if (legacy_) return refuse(request, {kInvalidRequest, "a revision was agreed on already"});
    const JsonValue* wanted = params.find("protocolVersion");
    if (!wanted || wanted->kind != Kind::string) {
      return refuse(request, {kInvalidParams, "protocolVersion is not a string"});
    }
    const auto known = revision_of(wanted->text);
    legacy_ = known && *known <= kNewestLegacy ? *known : kNewestLegacy;
    base::JsonWriter json;
    json.begin_object().member("protocolVersion", name_of(*legacy_));
    capabilities(json);
    json.key("serverInfo");
    server_info(json, *legacy_);
    answer(request, result_message(request.id, json.member("instructions", kInstructions).end_object().take()));
  }

  void discover(const Request& request) {
    base::JsonWriter json;
    json.begin_object().key("supportedVersions").begin_array();
    for (auto it = kRevisions.rbegin(); it != kRevisions.rend(); ++it) json.value(*it);
    json.end_array();
    capabilities(json);
    json.member("instructions", kInstructions).member("ttlMs", kListTtlMs).member("cacheScope", "private");
    succeed(request, opened(json));
  }

  void list_tools(const Request& request, const JsonValue& params) {
    if (params.find("cursor")) return refuse(request, {kInvalidParams, "there is one page only"});
    base::JsonWriter json;
    json.begin_object().key("tools").begin_array().raw(tool_definition(request.revision, host_, schema_)).end_array();
    if (request.revision == kModern) json.member("ttlMs", kListTtlMs).member("cacheScope", "private");
    succeed(request, opened(json));
  }

  void call_tool(const Request& request, const JsonValue& params, usize bytes) {
    const JsonValue* name = params.find("name");
    if (!name || name->kind != Kind::string) return refuse(request, {kInvalidParams, "name is not a string"});
    if (name->text != kToolName) {
      return refuse(request, {kInvalidParams, "there is no tool " + name->text.substr(0, 128)});
    }
    static const JsonValue kNone = [] {
      JsonValue none;
      none.kind = Kind::object;
      return none;
    }();
    const JsonValue* arguments = params.find("arguments");
    if (!arguments) arguments = &kNone;
    if (arguments->kind != Kind::object) return refuse(request, {kInvalidParams, "arguments is not an object"});
    std::string token;
    const JsonValue* meta = params.find("_meta");
    if (const JsonValue* given = meta ? meta->find("progressToken") : nullptr) {
      token = token_text(*given, MessageLimits().max_id);
      if (token.empty()) return refuse(request, {kInvalidParams, "a progressToken is a string or an integer"});
    }
    auto code = read_code_request(*arguments, host_.languages());
    if (!code) return finish_call(request, host_.refused(std::move(code.error())));
    const bool taken = calls_.start(request.id, std::move(*code), bytes, std::move(token),
                                    [this, request](const api::Outcome* outcome) {
                                      if (outcome) {
                                        finish_call(request, *outcome);
                                      } else if (request.batch) {
                                        request.batch->add({});
                                      }
                                    });
    if (taken) return;
    api::Outcome busy =
        host_.refused(fail("tool-busy", "too many programs are waiting to run; try again later").error());
    busy.retryable = true;
    finish_call(request, std::move(busy));
  }

  void finish_call(const Request& request, api::Outcome outcome) {
    host_.tell_operator(request.id, outcome);
    succeed(request, open_tool_result(request.revision, for_model(std::move(outcome))));
  }

  void tell_progress(const std::string& token, u64 elapsed_ms, std::optional<u64> allowed_ms, std::optional<u64> fuel) {
    base::JsonWriter json;
    json.begin_object().member("jsonrpc", "2.0").member("method", "notifications/progress").key("params");
    json.begin_object().key("progressToken").raw(token).member("progress", static_cast<double>(elapsed_ms) / 1000);
    if (allowed_ms) json.member("total", static_cast<double>(*allowed_ms) / 1000);
    std::string message = "running for " + base::dec(elapsed_ms / 1000) + " s";
    if (fuel) message += ", fuel used: " + base::dec(*fuel);
    json.member("message", message).end_object().end_object();
    output_.send(json.take());
  }

  void cancel(const JsonValue& params) {
    const JsonValue* given = params.find("requestId");
    const std::string id = given ? token_text(*given, MessageLimits().max_id) : std::string();
    if (id.empty()) return;
    std::erase(listening_, id);
    calls_.cancel(id);
  }

  // Nothing that a client could listen to ever changes here: the subscription is to nothing, and stays open.
  void listen(const Request& request) {
    if (listening_.size() >= kMaxListening) return refuse(request, {kInvalidRequest, "too many subscriptions"});
    listening_.push_back(request.id);
    base::JsonWriter json;
    json.begin_object().member("jsonrpc", "2.0").member("method", "notifications/subscriptions/acknowledged");
    json.key("params").begin_object();
    subscription_meta(json, request.id);
    json.key("notifications").begin_object().end_object().end_object().end_object();
    output_.send(json.take());
  }
  void end_listening(const std::string& id) {
    base::JsonWriter json;
    json.begin_object().member("resultType", "complete");
    subscription_meta(json, id);
    output_.send(result_message(id, json.end_object().take()));
  }
  static void subscription_meta(base::JsonWriter& json, const std::string& id) {
    json.key("_meta").begin_object().key("io.modelcontextprotocol/subscriptionId").raw(id).end_object();
  }

  CodeHost& host_;
  const McpConfig& config_;
  const std::string schema_;
  LineReader reader_;
  Output output_;
  std::optional<Revision> legacy_;
  std::vector<std::string> listening_;
  Calls calls_;  // last, so that its runs end before what they answer through
};

}  // namespace

void serve_mcp(CodeHost& host, const McpConfig& config) { McpServer(host, config).serve(); }

}  // namespace dewar::server
