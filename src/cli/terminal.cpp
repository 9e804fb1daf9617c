// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Escaping itself is base/utf8's; here it is applied to streams.
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/print.h"
#include "base/utf8.h"
#include "boundary/host_call.h"

namespace dewar::cli {

namespace {

constexpr usize kTerminalPiece = 4096;
constexpr int kLastWaitMs = 1000;  // for a terminal that is slow to take the last lines

// base::escape_for_terminal doubles backslashes, so that escapes are unambiguous; in a stream of output that would
// change what programs print every day, and nothing depends on reading it back.
std::string escape_keeping_backslashes(std::string_view text) {
  std::string out;
  while (true) {
    const usize slash = text.find('\\');
    out += base::escape_for_terminal(text.substr(0, slash), true);
    if (slash == std::string_view::npos) return out;
    out += '\\';
    text.remove_prefix(slash + 1);
  }
}

// Bytes at the end that may be the start of a character: at most 3.
usize unfinished_tail(std::string_view text) {
  for (usize back = 1; back <= std::min<usize>(3, text.size()); ++back) {
    const auto byte = static_cast<u8>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const usize length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

bool use_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return is_terminal(2) && !(no_colour && *no_colour);
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

boundary::UniqueFd own_terminal(int fd) {
  if (!is_terminal(fd)) return {};
  const std::string path = "/proc/self/fd/" + base::dec(static_cast<u64>(fd));
  return boundary::UniqueFd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<usize>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

std::string shown_on(int fd, std::string_view text) {
  return is_terminal(fd) ? escape_keeping_backslashes(text) : std::string(text);
}

void print_error(const Error& error, std::string_view place) {
  const bool colour = use_colour();
  std::string out = colour ? "\x1b[1mdewar:\x1b[0m \x1b[31;1merror\x1b[0m[" : "dewar: error[";
  out += error.code;
  out += "]: ";
  std::string text;
  if (!place.empty()) {
    text += place;
    if (error.line) {
      text += ":" + base::dec(error.line);
      if (error.column) text += ":" + base::dec(error.column);
    } else if (error.offset != Error::kNoOffset) {
      text += ": at byte " + base::dec(error.offset) + " (" + base::hex(error.offset) + ")";
    }
    text += ": ";
  }
  text += error.message;
  out += shown_on(2, text) + "\n";
  if (!error.hint.empty()) out += "  help: " + shown_on(2, error.hint) + "\n";
  write_all(2, out);
}

void print_note(std::string_view text) { write_all(2, shown_on(2, text) + "\n"); }

std::string TerminalSink::visible(std::string_view bytes, std::string& held) {
  std::string text = std::move(held) + std::string(bytes);
  held.clear();
  const usize tail = unfinished_tail(text);
  if (tail > 0) {
    held = text.substr(text.size() - tail);
    text.resize(text.size() - tail);
  }
  return escape_keeping_backslashes(text);
}

bool TerminalSink::flush() {
  while (!waiting_.empty()) {
    const ssize_t n = ::write(fd_, waiting_.data(), std::min(waiting_.size(), kTerminalPiece));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) waiting_.clear();  // nobody is there to read it
    if (n < 0) return true;
    waiting_.erase(0, static_cast<usize>(n));
  }
  return true;
}

std::expected<u64, boundary::StreamError> TerminalSink::write(boundary::HostCall& call, std::span<const u8> bytes) {
  // What the terminal did not take is kept, and is the most that is kept.
  while (!waiting_.empty()) {
    if (call.wait(fd_, POLLOUT) == boundary::Wait::interrupted) {
      return std::unexpected(boundary::StreamError{EINTR, true});
    }
    if (flush()) break;
  }
  waiting_ = visible({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, held_);
  flush();
  total_ += bytes.size();
  return bytes.size();
}

void TerminalSink::finish() {
  waiting_ += base::escape_for_terminal(held_);
  held_.clear();
  for (pollfd ready{fd_, POLLOUT, 0}; !flush() && ::poll(&ready, 1, kLastWaitMs) > 0;) {
  }
  waiting_.clear();
}

}  // namespace dewar::cli
