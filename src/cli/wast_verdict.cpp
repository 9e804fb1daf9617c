// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of error codes that satisfy each kind of assertion. A feature that is switched off is as good as a syntax
// or a rule that does not exist, so "wasm-feature" fits both malformed and invalid.
#include "cli/wast_verdict.h"

#include "base/print.h"

namespace dewar::cli {

using text::CommandKind;

namespace {

struct Row {
  CommandKind kind;
  std::string_view code;
  std::string_view message;  ///< only with this expected message; empty = any
};

constexpr Row kRows[] = {
    {CommandKind::kAssertMalformed, "wat-syntax", ""},
    {CommandKind::kAssertMalformed, "wasm-malformed", ""},
    {CommandKind::kAssertMalformed, "wasm-feature", ""},
    {CommandKind::kAssertInvalid, "wasm-invalid", ""},
    {CommandKind::kAssertInvalid, "wasm-feature", ""},
    {CommandKind::kAssertMalformedCustom, "wat-syntax", ""},
    {CommandKind::kAssertMalformedCustom, "wasm-malformed", ""},
    {CommandKind::kAssertInvalidCustom, "wasm-invalid", ""},
    {CommandKind::kAssertUnlinkable, "link-missing-import", "unknown import"},
    {CommandKind::kAssertUnlinkable, "link-type-mismatch", "incompatible import type"},
};

}  // namespace

std::string judge_rejection(CommandKind kind, const Error& error, std::string_view expected) {
  for (const Row& row : kRows) {
    if (row.kind == kind && row.code == error.code && (row.message.empty() || message_fits(row.message, expected))) {
      return "";
    }
  }
  return "rejected for another reason than \"" + std::string(expected) + "\": " + describe_error(error);
}

bool message_fits(std::string_view actual, std::string_view expected) {
  return actual.starts_with(expected) || expected.starts_with(actual);
}

std::string describe_error(const Error& error) {
  std::string out = std::string(error.code) + ": " + error.message;
  if (error.offset != Error::kNoOffset) out += " (offset " + base::hex(error.offset) + ")";
  if (error.line != 0) out += " (" + base::dec(error.line) + ":" + base::dec(error.column) + ")";
  return out;
}

}  // namespace dewar::cli
