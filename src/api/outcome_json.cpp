// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The members of dewar-outcome/1, in the order of docs/outcome.md.
#include "api/outcome_json.h"

#include <algorithm>
#include <chrono>

#include "api/suggest.h"
#include "base/json_writer.h"
#include "base/print.h"
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
  json.member("bytes", text->total).member("omitted_bytes", text->dropped).key("spill");
  if (text->spilled.empty()) {
    json.null();
  } else {
    json.begin_object().member("path", text->spilled).member("whole", !text->spill_failed).end_object();
  }
  json.end_object();
}

void write_outputs(JsonWriter& json, const Outcome& o) {
  json.key("outputs").begin_array();
  for (const OutputFile& file : o.outputs) {
    json.begin_object()
        .member("path", file.path)
        .member("bytes", file.bytes)
        .member("sha256", file.sha256)
        .end_object();
  }
  json.end_array().member("unlisted_outputs", o.unlisted_outputs);
  json.key("skipped_outputs").begin_array();
  for (const SkippedOutput& skipped : o.skipped_outputs) {
    json.begin_object().member("path", skipped.path).member("reason", skipped.reason).end_object();
  }
  json.end_array().member("unlisted_skipped_outputs", o.unlisted_skipped_outputs);
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

// Where the policy lies is the operator's business; what of it has no effect is the model's as well.
void write_policy(JsonWriter& json, const std::optional<PolicyInfo>& policy, Audience audience) {
  json.key("policy");
  if (!policy) {
    json.null();
    return;
  }
  const usize folder = audience == Audience::model ? policy->file.rfind('/') + 1 : 0;
  json.begin_object().member("file", policy->file.substr(folder)).member("description", policy->description);
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

// A model is told what kind of decision it was; by which option or line is the operator's business.
std::string for_model(const std::string& decided_by) {
  if (decided_by == "default") return decided_by;
  return decided_by.starts_with("option ") ? "grant" : "policy";
}

void write_records(JsonWriter& json, const Outcome& o, const std::vector<Suggestion>& suggested, Audience audience) {
  json.key("denials").begin_array();
  for (usize i = 0; i < o.denials.size(); ++i) {
    const boundary::Denial& denial = o.denials[i];
    json.begin_object()
        .member("id", suggested[i].id)
        .member("operation", denial.operation)
        .member("resource", denial.resource)
        .member("rule", denial.rule)
        .member("decided_by", audience == Audience::operator_ ? denial.decided_by : for_model(denial.decided_by))
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
}

void write_count(JsonWriter& json, const char* name, const std::optional<u64>& value) {
  json.key(name);
  value ? json.value(*value) : json.null();
}

void write_space(JsonWriter& json, const char* name, const Space& space) {
  json.key(name)
      .begin_object()
      .member("used", space.used)
      .member("allowed", space.allowed)
      .member("refused", space.refused)
      .end_object();
}

void write_limits(JsonWriter& json, const Outcome& o) {
  json.key("limits_hit").begin_array();
  for (const std::string_view code : limits_hit(o)) json.value(code);
  json.end_array();
  json.key("limits").begin_object();
  for (const LimitSpec& spec : limit_table()) {
    const Usage& usage = o.*spec.usage;
    json.key(spec.json).begin_object();
    write_count(json, "used", usage.used);
    write_count(json, "allowed", usage.allowed);
    json.member("refused", usage.refused).end_object();
  }
  write_space(json, "scratch_bytes", o.scratch);
  write_space(json, "out_bytes", o.out_space);
  json.end_object();
  json.member("instructions", o.instructions).member("host_calls", o.host_calls);
  json.key("determinism")
      .begin_object()
      .member("clock", o.real_clock ? "real" : "virtual")
      .member("random", o.real_random ? "real" : "seeded")
      .key("seed");
  o.real_random ? json.null() : json.value(o.seed);
  json.key("clock_start");
  o.real_clock ? json.null() : json.value(utc_text(o.clock_start));
  json.member("random_bytes", o.random_bytes).member("reproducible", o.reproducible).end_object();
}

}  // namespace

std::string utc_text(u64 ns) {
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(static_cast<i64>(ns))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const auto digits = [](u64 value, usize width) {
    std::string text = base::dec(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
  };
  std::string out =
      digits(static_cast<u64>(static_cast<int>(date.year())), 4) + "-" +
      digits(static_cast<unsigned>(date.month()), 2) + "-" + digits(static_cast<unsigned>(date.day()), 2) + "T" +
      digits(static_cast<u64>(clock.hours().count()), 2) + ":" + digits(static_cast<u64>(clock.minutes().count()), 2) +
      ":" + digits(static_cast<u64>(clock.seconds().count()), 2);
  if (const u64 rest = ns % 1'000'000'000) out += "." + digits(rest, 9);
  return out + "Z";
}

namespace {

// The members whose text a guest chose, for readers that hand an outcome on: data, never instructions.
void write_untrusted(JsonWriter& json, const Outcome& o, Audience audience) {
  json.key("untrusted").begin_array();
  // Messages about a module quote its names, those about an exception are the script's own words.
  if (o.cls != OutcomeClass::limit && o.code != "ok" && o.code != "exit-nonzero") json.value("message");
  for (const char* path : {"stdout", "stderr", "results", "refusal", "trap.detail", "trap.frames[].function", "error",
                           "denials[].resource", "denials[].message", "attempts", "probes[].path", "outputs[].path",
                           "skipped_outputs[].path"}) {
    json.value(path);
  }
  if (audience == Audience::operator_) {
    for (const char* path : {"resource", "grant", "policy"}) json.value(std::string("operator.grants[].") + path);
  }
  json.end_array();
}

}  // namespace

std::string outcome_json(const Outcome& o, bool pretty, Audience audience) {
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
  write_untrusted(json, o, audience);
  write_text(json, "stdout", o.out);
  write_text(json, "stderr", o.err);
  json.key("stdin").begin_object().member("granted", o.stdin_granted).member("reads_refused", o.stdin_refused);
  json.end_object();
  json.key("results").begin_array();
  for (const std::string& result : o.results) json.value(result);
  json.end_array();
  write_outputs(json, o);
  write_refusal(json, o.refusal);
  write_trap(json, o.trap);
  write_error(json, o.error);
  const std::vector<Suggestion> suggested = suggestions(o);
  write_records(json, o, suggested, audience);
  if (audience == Audience::operator_) write_operator(json, o, suggested);
  write_policy(json, o.policy, audience);
  write_limits(json, o);
  json.key("host").begin_object().key("hardening").begin_object();
  json.member("no_new_privs", o.hardening.no_new_privs).member("seccomp", o.hardening.seccomp);
  json.member("landlock", o.hardening.landlock).end_object().end_object();
  return json.end_object().take();
}

}  // namespace dewar::api
