// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// UTF-8: every scalar value round-trips, every ill-formed shape of Unicode table 3-7 is refused, and nothing that
// drives a terminal survives escaping.
#include <string>

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace dewar::base {
namespace {

TEST(Utf8Test, EveryScalarValueRoundTrips) {
  for (u32 c = 0; c <= 0x10ffff; ++c) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    std::string text;
    append_utf8(text, c);
    auto decoded = decode_utf8(text);
    ASSERT_TRUE(decoded) << c;
    ASSERT_EQ(decoded->code_point, c);
    ASSERT_EQ(decoded->length, text.size());
    // Cut short, it is never valid.
    for (usize length = 1; length < text.size(); ++length) ASSERT_FALSE(is_valid_utf8(text.substr(0, length))) << c;
  }
}

TEST(Utf8Test, EncodingOfNonScalarsIsTheReplacementCharacter) {
  for (u32 c : {0xd800u, 0xdfffu, 0x110000u, 0xffffffffu}) {
    std::string text;
    append_utf8(text, c);
    EXPECT_EQ(text, "\xef\xbf\xbd");
  }
}

TEST(Utf8Test, RefusesEveryInvalidTwoAndThreeByteShape) {
  // Against the definition: decode by formula, then check length, range and surrogates.
  for (u32 first = 0x80; first < 0x100; ++first) {
    for (u32 second = 0; second < 0x100; ++second) {
      std::string two = {static_cast<char>(first), static_cast<char>(second)};
      bool tail = (second & 0xc0) == 0x80;
      bool valid_two = first >= 0xc0 && first < 0xe0 && tail && ((first & 0x1f) << 6 | (second & 0x3f)) >= 0x80;
      ASSERT_EQ(is_valid_utf8(two), valid_two) << first << " " << second;
      std::string three = two + "\x80";
      u32 value = (first & 0xf) << 12 | (second & 0x3f) << 6;
      bool valid_three =
          first >= 0xe0 && first < 0xf0 && tail && value >= 0x800 && !(value >= 0xd800 && value < 0xe000);
      ASSERT_EQ(is_valid_utf8(three), valid_three) << first << " " << second;
      std::string four = three + "\x80";
      value = (first & 7) << 18 | (second & 0x3f) << 12;
      bool valid_four = first >= 0xf0 && first < 0xf8 && tail && value >= 0x10000 && value < 0x110000;
      ASSERT_EQ(is_valid_utf8(four), valid_four) << first << " " << second;
    }
  }
}

TEST(Utf8Test, LongTextsAreCheckedToTheEnd) {
  for (usize length = 0; length < 40; ++length) {
    std::string text(length, 'a');
    EXPECT_TRUE(is_valid_utf8(text));
    for (usize i = 0; i < length; ++i) {
      std::string broken = text;
      broken[i] = '\x80';
      EXPECT_FALSE(is_valid_utf8(broken)) << length << " " << i;
    }
  }
}

TEST(Utf8Test, ReplacementFollowsMaximalParts) {
  EXPECT_EQ(replace_invalid_utf8("ok"), "ok");
  EXPECT_EQ(replace_invalid_utf8("a\x80\xff"), "a\xef\xbf\xbd\xef\xbf\xbd");
  // E2 82 is the start of a sequence: one replacement for both bytes.
  EXPECT_EQ(replace_invalid_utf8("\xe2\x82x"), "\xef\xbf\xbdx");
  // A surrogate is three separate errors: its second byte never fits.
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(replace_invalid_utf8("\xf0\x9f\x98"), "\xef\xbf\xbd");
}

TEST(Utf8Test, NothingDangerousReachesATerminal) {
  EXPECT_EQ(escape_for_terminal("plain text, \xc3\xa9"), "plain text, \xc3\xa9");
  EXPECT_EQ(escape_for_terminal("\x1b[31mred"), "\\u{1b}[31mred");
  EXPECT_EQ(escape_for_terminal(std::string_view("a\0b", 3)), "a\\u{0}b");
  EXPECT_EQ(escape_for_terminal("a\nb\tc"), "a\\u{a}b\\u{9}c");
  EXPECT_EQ(escape_for_terminal("a\nb\tc\r", true), "a\nb\tc\\u{d}");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"
                                "31m"),
            "\\u{9b}31m")
      << "C1 control sequence introducer";
  EXPECT_EQ(escape_for_terminal("\x9b"), "\\x9b");
  EXPECT_EQ(escape_for_terminal("a\xe2\x80\xae"
                                "b"),
            "a\\u{202e}b")
      << "right-to-left override";
  EXPECT_EQ(escape_for_terminal("\\x1b"), "\\\\x1b") << "what looks like an escape is not one";
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abcd", 3), "abc...");
  const std::string text = "a\xe4\xb8\x96\xf0\x9f\x98\x80z";
  for (usize max = 0; max <= text.size(); ++max) {
    const std::string cut = cut_text(text, max);
    EXPECT_TRUE(is_valid_utf8(cut)) << max;
    EXPECT_LE(cut.size(), max + 3);
  }
  EXPECT_EQ(cut_text("\x80\x80\x80\x80\x80", 4), "\x80...") << "no further back than a character can begin";
}

}  // namespace
}  // namespace dewar::base
