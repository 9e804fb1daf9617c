// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines to records.
#include "api/guest_report.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "api/json_reader.h"

namespace dewar::api {

namespace {

// Cuts at a character boundary.
std::string bounded(std::string_view text, usize limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<u8>(text[limit]) & 0xc0) == 0x80) --limit;
  return std::string(text.substr(0, limit)) + "...";
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (usize at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

GuestError read_error(const JsonValue& line, std::string_view guest_script, std::string_view shown_as) {
  GuestError error;
  const std::string_view reason = line.text_of("reason");
  if (reason == "syntax") error.reason = GuestError::Reason::syntax;
  if (reason == "memory") error.reason = GuestError::Reason::memory;
  error.type = bounded(line.text_of("type"), 256);
  error.message = replace_all(bounded(line.text_of("message"), GuestReport::kMaxText), guest_script, shown_as);
  for (const JsonValue& item : line.items_of("frames")) {
    if (error.frames.size() == GuestReport::kMaxFrames) break;
    GuestFrame frame;
    const std::string_view file = item.text_of("file");
    frame.file = file == guest_script ? std::string(shown_as) : bounded(file, 1024);
    frame.function = bounded(item.text_of("function"), 256);
    frame.line = item.integer_of("line");
    frame.column = item.integer_of("column");
    error.frames.push_back(std::move(frame));
  }
  error.total_frames = std::max<u64>(line.integer_of("total_frames"), error.frames.size());
  for (const JsonValue& item : line.items_of("causes")) {
    if (error.causes.size() == 8) break;
    error.causes.push_back({bounded(item.text_of("type"), 256), bounded(item.text_of("message"), 1024)});
  }
  return error;
}

void add_attempt(GuestReport& report, const JsonValue& line) {
  std::string event = bounded(line.text_of("event"), 128);
  std::string detail = bounded(line.text_of("detail"), 512);
  if (event.empty()) {
    ++report.bad_lines;
    return;
  }
  for (Attempt& known : report.attempts) {
    if (known.event == event && known.detail == detail) {
      ++known.count;
      return;
    }
  }
  if (report.attempts.size() == GuestReport::kMaxAttempts) {
    ++report.unlisted_attempts;
    return;
  }
  report.attempts.push_back({std::move(event), std::move(detail), 1});
}

// The names of SQLite's primary result codes (sqlite.org/rescode.html), by number.
constexpr std::string_view kSqliteCodes[] = {
    "OK",       "ERROR",   "INTERNAL", "PERM", "ABORT",    "BUSY",     "LOCKED", "NOMEM",  "READONLY", "INTERRUPT",
    "IOERR",    "CORRUPT", "NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY",  "SCHEMA", "TOOBIG",   "CONSTRAINT",
    "MISMATCH", "MISUSE",  "NOLFS",    "AUTH", "FORMAT",   "RANGE",    "NOTADB", "NOTICE", "WARNING"};
constexpr u32 kSqliteError = 1, kSqliteNoMemory = 7;

// "(2067) abort at 9 in [...]: UNIQUE constraint failed: t.a"; nothing if the line does not begin an entry.
std::optional<GuestError> read_sqlite_entry(std::string_view line) {
  if (!line.starts_with('(')) return std::nullopt;
  u32 code = 0;
  const auto [end, failed] = std::from_chars(line.data() + 1, line.data() + line.size(), code);
  const std::string_view rest = line.substr(static_cast<usize>(end - line.data()));
  if (failed != std::errc() || !rest.starts_with(") ")) return std::nullopt;
  code &= 0xff;
  GuestError error;
  error.type = code < std::size(kSqliteCodes) ? "SQLITE_" + std::string(kSqliteCodes[code]) : "SQLITE_ERROR";
  error.message = bounded(rest.substr(2), GuestReport::kMaxText);
  const auto says = [&](std::string_view text) { return error.message.find(text) != std::string::npos; };
  if (code == kSqliteNoMemory) error.reason = GuestError::Reason::memory;
  if (code == kSqliteError &&
      (says("syntax error in \"") || says("unrecognized token: ") || says("incomplete input"))) {
    error.reason = GuestError::Reason::syntax;
  }
  return error;
}

}  // namespace

GuestReport read_sqlite_log(std::string_view log) {
  GuestReport report;
  while (!log.empty()) {
    const usize end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log = end == std::string_view::npos ? std::string_view() : log.substr(end + 1);
    auto entry = read_sqlite_entry(line);
    if (!entry) {
      ++report.bad_lines;  // a statement of several lines
    } else if (entry->type != "SQLITE_NOTICE" && entry->type != "SQLITE_WARNING") {
      report.error = std::move(entry);
    }
  }
  return report;
}

GuestReport read_guest_report(std::string_view lines, std::string_view guest_script, std::string_view shown_as) {
  GuestReport report;
  while (!lines.empty()) {
    const usize end = lines.find('\n');
    if (end == std::string_view::npos) {
      ++report.bad_lines;  // cut off: the guest was stopped while it wrote
      break;
    }
    const std::optional<JsonValue> line = read_json(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!line) {
      ++report.bad_lines;
      continue;
    }
    const std::string_view kind = line->text_of("kind");
    if (kind == "error") {
      report.error = read_error(*line, guest_script, shown_as);
    } else if (kind == "attempt") {
      add_attempt(report, *line);
    } else if (kind != "hello") {
      ++report.bad_lines;
    }
  }
  return report;
}

}  // namespace dewar::api
