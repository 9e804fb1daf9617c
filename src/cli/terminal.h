// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the program says to people: errors with code, place and next step; colour only on terminals. Text that a guest
// chose never reaches a terminal with control sequences in it, unless that was asked for.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "boundary/streams.h"
#include "boundary/unique_fd.h"

namespace dewar::cli {

bool is_terminal(int fd);

/// The terminal behind `fd` once more, to be written to without blocking: a paused one takes nothing for as long as its
/// reader likes, which must not hold up the end of a run. None if `fd` is no terminal, or one that is not ours to open.
boundary::UniqueFd own_terminal(int fd);

/// Writes all bytes to a descriptor; false if not all could be written.
bool write_all(int fd, std::string_view text);

/// "dewar: error[CODE]: PLACE: MESSAGE" and "  help: HINT" on standard error. `place` is a file name or empty; byte
/// offset or line and column are added from the error.
void print_error(const Error& error, std::string_view place = {});

/// A line on standard error, escaped where that is a terminal.
void print_note(std::string_view text);

/// `text` for the terminal or file behind `fd`: escaped only if it is a terminal.
std::string shown_on(int fd, std::string_view text);

/// Passes a guest's output on to a terminal with control sequences made visible. Newlines and tabs stay; characters
/// that a write cuts in two are put together again. A terminal that takes nothing makes the guest wait, not the limit
/// of its time.
class TerminalSink final : public boundary::OutputSink {
 public:
  explicit TerminalSink(int fd) : fd_(fd) {}
  std::expected<u64, boundary::StreamError> write(boundary::HostCall& call, std::span<const u8> bytes) override;
  /// Shows what is left, with a cut character that nothing completed. Gives up on a terminal that takes nothing for a
  /// second.
  void finish();

  /// What `bytes` look like on a terminal; `held` carries the start of an unfinished character from call to call.
  static std::string visible(std::string_view bytes, std::string& held);

 private:
  /// Writes what waits, as far as the terminal takes it now; true if nothing waits any more.
  bool flush();

  int fd_;
  std::string held_;     ///< the start of a character
  std::string waiting_;  ///< text that the terminal did not take yet
};

}  // namespace dewar::cli
