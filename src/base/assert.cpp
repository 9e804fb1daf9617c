// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ends the process when one of our own invariants is broken. Uses write(2) only: it may run in a signal handler, or
// with a corrupted heap.
#include <cstdlib>
#include <cstring>

#include <unistd.h>

#include "base/types.h"

namespace dewar::base {

namespace {

void write_text(const char* text) {
  usize left = std::strlen(text);
  while (left > 0) {
    ssize_t done = ::write(STDERR_FILENO, text, left);
    if (done <= 0) return;
    text += done;
    left -= static_cast<usize>(done);
  }
}

}  // namespace

void assertion_failed(const char* file, int line, const char* what) {
  char digits[16];
  char* start = digits + sizeof(digits);
  *--start = '\0';
  unsigned rest = line > 0 ? static_cast<unsigned>(line) : 0;
  do {
    *--start = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  write_text(file);
  write_text(":");
  write_text(start);
  write_text(": bug: ");
  write_text(what);
  write_text("\n");
  std::abort();
}

}  // namespace dewar::base
