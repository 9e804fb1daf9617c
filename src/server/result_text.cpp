// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bounded parts, one after the other.
#include "server/result_text.h"

#include <algorithm>
#include <string_view>

#include "base/print.h"
#include "base/utf8.h"

namespace dewar::server {

namespace {

constexpr usize kHead = 4096, kTail = 1024;  // bytes of a stream
constexpr usize kMaxLine = 512;              // bytes of a name or message
constexpr usize kMaxItems = 8;               // frames, refusals

// Control characters made visible; other than for a terminal, a backslash stays one.
std::string visible(std::string_view text, bool keep_newlines) {
  std::string out;
  for (usize at = 0; at < text.size();) {
    const auto decoded = base::decode_utf8(text.substr(at));
    const usize length = decoded ? decoded->length : base::invalid_utf8_length(text.substr(at));
    const std::string_view part = text.substr(at, length);
    if (!decoded) {
      base::append_utf8(out, 0xfffd);
    } else if (part == "\\") {
      out += part;
    } else {
      out += base::escape_for_terminal(part, keep_newlines);
    }
    at += length;
  }
  return out;
}

std::string line(std::string_view text) {
  std::string out = visible(text.substr(0, kMaxLine), false);
  if (text.size() > kMaxLine) out += "...";
  return out;
}

void append_quoted(std::string& out, std::string_view text) {
  const std::string shown = visible(text, true);
  for (std::string_view rest = shown; !rest.empty();) {
    const usize end = rest.find('\n');
    out += "| ";
    out += rest.substr(0, end);
    out += '\n';
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

void append_stream(std::string& out, const char* name, const std::optional<api::CapturedText>& text) {
  if (!text || text->total == 0) return;
  out += std::string(name) + " (" + base::dec(text->total) + " bytes, written by the program):\n";
  if (text->dropped == 0 && text->head.size() + text->tail.size() <= kHead + kTail) {
    append_quoted(out, text->head + text->tail);
    return;
  }
  const std::string_view head = std::string_view(text->head).substr(0, kHead);
  const std::string& last = text->tail.empty() ? text->head : text->tail;
  const std::string_view tail = std::string_view(last).substr(last.size() - std::min(last.size(), kTail));
  append_quoted(out, head);
  out += "[" + base::dec(text->total - head.size() - tail.size()) + " bytes left out]\n";
  append_quoted(out, tail);
}

std::string times(u64 count) { return count > 1 ? " (" + base::dec(count) + " times)" : std::string(); }

void append_more(std::string& out, u64 more) {
  if (more) out += "and " + base::dec(more) + " more\n";
}

void append_error(std::string& out, const api::GuestError& error) {
  out += "exception (the program's own words): " + line(error.type) + ": " + line(error.message) + "\n";
  const usize shown = std::min(error.frames.size(), kMaxItems);
  for (usize i = error.frames.size() - shown; i < error.frames.size(); ++i) {
    const api::GuestFrame& frame = error.frames[i];
    out += "  at " + line(frame.file) + (frame.line ? ":" + base::dec(frame.line) : "") + " in " +
           line(frame.function) + "\n";
  }
}

void append_refusals(std::string& out, const api::Outcome& outcome) {
  if (!outcome.denials.empty()) {
    out += "refused by the sandbox (not granted; neither a network nor a file fault):\n";
    const usize shown = std::min(outcome.denials.size(), kMaxItems);
    for (usize i = 0; i < shown; ++i) {
      const boundary::Denial& denial = outcome.denials[i];
      out += "  " + denial.operation + " " + line(denial.resource) + ": " + denial.rule + times(denial.count) + "\n";
    }
    append_more(out, outcome.denials.size() - shown + outcome.unlisted_denials);
  }
  const usize shown = std::min(outcome.attempts.size(), kMaxItems);
  for (usize i = 0; i < shown; ++i) {
    const api::Attempt& attempt = outcome.attempts[i];
    out += "not available here: " + line(attempt.event) + " " + line(attempt.detail) + times(attempt.count) + "\n";
  }
  append_more(out, outcome.attempts.size() - shown + outcome.unlisted_attempts);
}

// Refusals that tell about the program; all others are about the host, and the operator's business.
bool about_the_program(std::string_view code) {
  for (std::string_view prefix : {"wat-", "wasm-", "link-", "entry-", "no-entry", "component-", "tool-"}) {
    if (code.starts_with(prefix)) return true;
  }
  return code == "limit-memory" || code == "limit-table" || code == "limit-code";
}

}  // namespace

api::Outcome for_model(api::Outcome outcome) {
  for (boundary::Denial& denial : outcome.denials) denial.grant.clear();
  if (!outcome.refusal) return outcome;
  outcome.refusal->hint.clear();
  if (!about_the_program(outcome.refusal->code)) {
    outcome.message = outcome.refusal->message =
        "the sandbox could not be set up; whoever runs this server was told why";
  }
  return outcome;
}

std::string result_text(const api::Outcome& outcome) {
  std::string out;
  if (outcome.cls == api::OutcomeClass::exit) {
    out += "exit code " + base::dec(outcome.exit_code) + "\n";
  } else {
    out += std::string(api::class_name(outcome.cls)) + " (" + outcome.code + "): " + line(outcome.message) + "\n";
    if (outcome.refusal && outcome.refusal->line) {
      out += "  at line " + base::dec(outcome.refusal->line) + ", column " + base::dec(outcome.refusal->column) + "\n";
    }
  }
  if (outcome.trap && outcome.guest_name.empty()) {
    const usize shown = std::min(outcome.trap->frames.size(), kMaxItems);
    for (usize i = 0; i < shown; ++i) out += "  at " + line(outcome.trap->frames[i].function) + "\n";
    append_more(out, outcome.trap->total_frames - shown);
  }
  append_stream(out, "stdout", outcome.out);
  append_stream(out, "stderr", outcome.err);
  if (outcome.error) append_error(out, *outcome.error);
  append_refusals(out, outcome);
  return out;
}

}  // namespace dewar::server
