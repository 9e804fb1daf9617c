// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The members of dewar-outcome/1, in the order of docs/outcome.md.
#include "api/outcome_json.h"

#include "api/suggest.h"
#include "base/json_writer.h"
#include "base/utf8.h"

namespace dewar::api {

namespace {

using base::JsonWriter;

void write_text(JsonWriter& json, const char* name, const std::optional<CapturedText>& text) {
  json.key(name);
  if (!text) {
    json.null();
    return;
  }
  json.begin_object();
  if (text->dropped == 0) {
    const std::string whole = text->head + text->tail;
    json.member("text", whole).member("utf8", base::is_valid_utf8(whole)).key("tail").null();
  } else {
    json.member("text", text->head)
        .member("utf8", base::is_valid_utf8(text->head) && base::is_valid_utf8(text->tail))
        .member("tail", text->tail);
  }
  json.member("bytes", text->total).member("omitted_bytes", text->dropped).end_object();
}

void write_refusal(JsonWriter& json, const std::optional<Error>& refusal) {
  json.key("refusal");
  if (!refusal) {
    json.null();
    return;
  }
  json.begin_object().member("code", refusal->code).member("message", refusal->message);
  json.key("offset");
  if (refusal->offset == Error::kNoOffset) {
    json.null();
  } else {
    json.value(refusal->offset);
  }
  json.key("line");
  refusal->line ? json.value(refusal->line) : json.null();
  json.key("column");
  refusal->column ? json.value(refusal->column) : json.null();
  json.key("hint");
  refusal->hint.empty() ? json.null() : json.value(refusal->hint);
  json.end_object();
}

void write_trap(JsonWriter& json, const std::optional<TrapReport>& trap) {
  json.key("trap");
  if (!trap) {
    json.null();
    return;
  }
  json.begin_object().member("kind", trap->kind).member("message", trap->message).member("detail", trap->detail);
  json.key("frames").begin_array();
  for (const WasmFrame& frame : trap->frames) {
    json.begin_object()
        .member("function", frame.function)
        .member("index", frame.index)
        .member("offset", frame.offset)
        .end_object();
  }
  json.end_array().member("total_frames", trap->total_frames).end_object();
}

void write_error(JsonWriter& json, const std::optional<GuestError>& error) {
  json.key("error");
  if (!error) {
    json.null();
    return;
  }
  json.begin_object().member("evidence", "guest").member("type", error->type).member("message", error->message);
  json.key("frames").begin_array();
  for (const GuestFrame& frame : error->frames) {
    json.begin_object().member("file", frame.file).member("line", frame.line);
    json.key("column");
    frame.column ? json.value(frame.column) : json.null();
    json.member("function", frame.function).end_object();
  }
  json.end_array().member("total_frames", error->total_frames);
  json.key("causes").begin_array();
  for (const auto& cause : error->causes) {
    json.begin_object().member("type", cause.type).member("message", cause.message).end_object();
  }
  json.end_array().end_object();
}

void text_or_null(JsonWriter& json, const char* name, const std::string& text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

void write_operator(JsonWriter& json, const Outcome& o, const std::vector<Suggestion>& suggested) {
  json.key("operator").begin_object().key("grants").begin_array();
  for (usize i = 0; i < o.denials.size(); ++i) {
    const Suggestion& s = suggested[i];
    if (s.flag.empty() && s.policy.empty() && s.never.empty() && s.note.empty()) continue;
    json.begin_object()
        .member("id", s.id)
        .member("operation", o.denials[i].operation)
        .member("resource", o.denials[i].resource);
    text_or_null(json, "grant", s.flag);
    text_or_null(json, "policy", s.policy);
    text_or_null(json, "never", s.never);
    text_or_null(json, "note", s.note);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_policy(JsonWriter& json, const std::optional<PolicyInfo>& policy) {
  json.key("policy");
  if (!policy) {
    json.null();
    return;
  }
  json.begin_object().member("file", policy->file).member("description", policy->description);
  json.key("inert").begin_array();
  for (const PolicyInfo::Inert& inert : policy->inert) {
    json.begin_object()
        .member("line", inert.line)
        .member("entry", inert.entry)
        .member("reason", inert.reason)
        .end_object();
  }
  json.end_array().end_object();
}

void write_records(JsonWriter& json, const Outcome& o) {
  const std::vector<Suggestion> suggested = suggestions(o);
  json.key("denials").begin_array();
  for (usize i = 0; i < o.denials.size(); ++i) {
    const boundary::Denial& denial = o.denials[i];
    json.begin_object()
        .member("id", suggested[i].id)
        .member("operation", denial.operation)
        .member("resource", denial.resource)
        .member("rule", denial.rule)
        .member("decided_by", denial.decided_by)
        .member("missing", denial.missing)
        .member("guest_saw", denial.guest_saw)
        .member("count", denial.count)
        .member("message", suggested[i].message)
        .member("evidence", "boundary")
        .end_object();
  }
  json.end_array().member("unlisted_denials", o.unlisted_denials);
  json.key("attempts").begin_array();
  for (const Attempt& attempt : o.attempts) {
    json.begin_object()
        .member("event", attempt.event)
        .member("detail", attempt.detail)
        .member("count", attempt.count)
        .member("evidence", "guest")
        .end_object();
  }
  json.end_array().member("unlisted_attempts", o.unlisted_attempts);
  json.key("probes").begin_array();
  for (const boundary::Probe& probe : o.probes) {
    json.begin_object()
        .member("path", probe.path)
        .member("operation", probe.operation)
        .member("guest_saw", probe.guest_saw)
        .member("count", probe.count)
        .end_object();
  }
  json.end_array().member("unlisted_probes", o.unlisted_probes);
  write_operator(json, o, suggested);
  write_policy(json, o.policy);
}

void write_usage(JsonWriter& json, const char* name, const Usage& usage) {
  json.key(name).begin_object().member("used", usage.used).key("allowed");
  usage.allowed ? json.value(*usage.allowed) : json.null();
  json.end_object();
}

void write_limits(JsonWriter& json, const Outcome& o) {
  json.key("limits").begin_object();
  write_usage(json, "fuel", o.fuel);
  write_usage(json, "memory_bytes", o.memory);
  write_usage(json, "total_memory_bytes", o.total_memory);
  json.key("wall_time_ms").begin_object().key("allowed");
  o.wall_time_ms ? json.value(*o.wall_time_ms) : json.null();
  json.end_object();
  json.key("stack_bytes").begin_object().member("allowed", o.stack_bytes).end_object().end_object();
  json.member("instructions", o.instructions).member("host_calls", o.host_calls);
  json.key("determinism")
      .begin_object()
      .member("clock", o.real_clock ? "real" : "virtual")
      .member("random", o.real_random ? "real" : "seeded")
      .key("seed");
  o.real_random ? json.null() : json.value(o.seed);
  json.member("random_bytes", o.random_bytes).member("reproducible", o.reproducible).end_object();
}

}  // namespace

std::string outcome_json(const Outcome& o, bool pretty) {
  JsonWriter json(pretty ? JsonWriter::Style::kPretty : JsonWriter::Style::kCompact);
  json.begin_object()
      .member("schema", kOutcomeSchema)
      .member("class", class_name(o.cls))
      .member("code", o.code)
      .member("message", o.message)
      .member("exit_code", o.exit_code)
      .member("retryable", o.retryable)
      .member("denied_count", o.total_denials);
  json.key("program").begin_object().member("name", o.program).member("language", o.language).key("guest");
  if (o.guest_name.empty()) {
    json.null();
  } else {
    json.begin_object().member("name", o.guest_name).member("version", o.guest_version).end_object();
  }
  json.end_object();
  write_text(json, "stdout", o.out);
  write_text(json, "stderr", o.err);
  json.key("results").begin_array();
  for (const std::string& result : o.results) json.value(result);
  json.end_array();
  write_refusal(json, o.refusal);
  write_trap(json, o.trap);
  write_error(json, o.error);
  write_records(json, o);
  write_limits(json, o);
  return json.end_object().take();
}

}  // namespace dewar::api
