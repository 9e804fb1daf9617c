// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an interpreter's driver reports about the script that it ran: JSON lines of kind hello, attempt and error
// (docs/guests.md). The script shares the driver's rights and can write such lines itself, so nothing here is trusted:
// everything is bounded, wrong lines are dropped and counted, and the result only ever adds to an outcome.
#pragma once

#include <string_view>

#include "api/outcome.h"

namespace dewar::api {

struct GuestReport {
  /// Distinct attempts, frames and bytes of one text that are kept.
  static constexpr usize kMaxAttempts = 64, kMaxFrames = 64, kMaxText = 4096;

  std::optional<GuestError> error;  ///< the last one
  std::vector<Attempt> attempts;    ///< aggregated, in the order of first occurrence
  u64 unlisted_attempts = 0;
  u64 bad_lines = 0;
};

/// Reads the lines. Frames in the file `guest_script` are given the name `shown_as`, which the user knows.
GuestReport read_guest_report(std::string_view lines, std::string_view guest_script, std::string_view shown_as);

/// Reads what SQLite's shell logs (`.log FILE`): "(CODE) TEXT" lines. The last one that is more than a warning counts.
GuestReport read_sqlite_log(std::string_view log);

}  // namespace dewar::api
