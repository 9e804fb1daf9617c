// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest's bytes look like on a terminal, wherever they are cut.
#include "cli/terminal.h"

#include <gtest/gtest.h>

namespace dewar::cli {
namespace {

std::string shown(std::string_view bytes, usize cut) {
  std::string held;
  std::string out = TerminalSink::visible(bytes.substr(0, cut), held);
  out += TerminalSink::visible(bytes.substr(cut), held);
  EXPECT_LE(held.size(), 3u);
  return out + (held.empty() ? "" : "(held)");
}

TEST(TerminalSink, NoCutChangesAnything) {
  const std::string text = "a\\b\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\n\t\x1b[31m\xff\xc3z";
  const std::string whole = shown(text, 0);
  EXPECT_EQ(whole, "a\\b\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\n\t\\u{1b}[31m\\xff\\xc3z");
  for (usize cut = 0; cut <= text.size(); ++cut) EXPECT_EQ(shown(text, cut), whole) << cut;
}

TEST(TerminalSink, UnfinishedEndIsHeld) {
  for (const char* end : {"\xc3", "\xe4\xb8", "\xf0\x9f\x98"}) {
    std::string held;
    EXPECT_EQ(TerminalSink::visible(std::string("x") + end, held), "x");
    EXPECT_EQ(held, end);
  }
  std::string held;
  EXPECT_EQ(TerminalSink::visible("\x80\x80\x80\x80", held), "\\x80\\x80\\x80\\x80");
  EXPECT_EQ(held, "");
}

}  // namespace
}  // namespace dewar::cli
