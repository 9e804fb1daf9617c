// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MCP, revisions 2024-11-05 to 2026-07-28: server/tools.
#include "server/run_code_tool.h"

#include "api/outcome_json.h"
#include "base/json_writer.h"
#include "server/result_text.h"

namespace dewar::server {

namespace {

constexpr char kTitle[] = "Run code in a sandbox";
constexpr char kDescription[] =
    "Runs a program in a deterministic sandbox and returns how it ended, what it printed, and what it was refused. "
    "Each "
    "call starts from nothing. There is no network, and no file but those given as `files` (read-only, below /input) "
    "and "
    "what the operator granted. Print the results that you want to see. A program that fails is reported as a result.";

void text_property(base::JsonWriter& json, const char* name, const char* description) {
  json.key(name).begin_object().member("type", "string").member("description", description).end_object();
}

void input_schema(base::JsonWriter& json, const std::vector<std::string>& languages) {
  json.begin_object().member("type", "object").key("properties").begin_object();
  json.key("language").begin_object().member("type", "string").key("enum").begin_array();
  for (const std::string& language : languages) json.value(language);
  json.end_array().end_object();
  text_property(json, "code", "the program's text; of language wasm, its bytes in base64");
  json.key("files").begin_object().member("type", "object");
  json.member("description", "files that the program may read: relative path to contents, seen below /input");
  json.key("additionalProperties").begin_object().key("anyOf").begin_array();
  json.begin_object().member("type", "string").end_object();
  json.begin_object().member("type", "object").key("properties").begin_object();
  text_property(json, "base64", "the bytes of a file that is no text");
  json.end_object().key("required").begin_array().value("base64").end_array();
  json.member("additionalProperties", false).end_object().end_array().end_object().end_object();
  text_property(json, "stdin", "what the program reads from its standard input (default: nothing)");
  json.key("timeout_s").begin_object().member("type", "number").member("exclusiveMinimum", 0);
  json.member("description", "seconds until the program is stopped; can only shorten the operator's limit")
      .end_object();
  json.end_object().key("required").begin_array().value("language").value("code").end_array();
  json.member("additionalProperties", false).end_object();
}

}  // namespace

std::string tool_definition(Revision revision, const CodeHost& host, std::string_view output_schema) {
  base::JsonWriter json;
  json.begin_object().member("name", kToolName);
  if (revision >= Revision::v2025_06_18) json.member("title", kTitle);
  json.member("description", kDescription).key("inputSchema");
  input_schema(json, host.languages());
  if (revision >= Revision::v2025_06_18) json.key("outputSchema").raw(output_schema);
  if (revision >= Revision::v2025_03_26) {
    const bool changes = host.may_change_files();
    json.key("annotations").begin_object().member("title", kTitle).member("readOnlyHint", !changes);
    json.member("destructiveHint", changes).member("idempotentHint", !changes).member("openWorldHint", false);
    json.end_object();
  }
  return json.end_object().take();
}

std::string open_tool_result(Revision revision, const api::Outcome& outcome) {
  const std::string structured = api::outcome_json(outcome, false, api::Audience::model);
  const auto text = [](base::JsonWriter& json, std::string_view what) {
    json.begin_object().member("type", "text").member("text", what).end_object();
  };
  base::JsonWriter json;
  json.begin_object().key("content").begin_array();
  text(json, result_text(outcome));
  if (revision < Revision::v2025_06_18) text(json, structured);
  json.end_array();
  if (revision >= Revision::v2025_06_18) json.key("structuredContent").raw(structured);
  json.member("isError", outcome.cls != api::OutcomeClass::exit || outcome.exit_code != 0).end_object();
  std::string out = json.take();
  out.pop_back();
  return out;
}

}  // namespace dewar::server
