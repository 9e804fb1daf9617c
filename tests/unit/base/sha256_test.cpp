// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The examples of FIPS 180-4's validation, and every way to cut a message into pieces.
#include "base/sha256.h"

#include <gtest/gtest.h>

#include <vector>

namespace dewar::base {
namespace {

std::span<const u8> bytes(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

std::string digest(std::string_view text) {
  Sha256 hash;
  hash.update(bytes(text));
  return hash.finish();
}

TEST(Sha256, KnownDigests) {
  EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesDoNotMatter) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 7);
  const std::string whole = digest(text);
  for (usize piece = 1; piece <= text.size(); ++piece) {
    Sha256 hash;
    for (usize at = 0; at < text.size(); at += piece) hash.update(bytes(std::string_view(text).substr(at, piece)));
    EXPECT_EQ(hash.finish(), whole) << piece;
  }
  for (usize size = 0; size < 130; ++size) {
    EXPECT_EQ(digest(text.substr(0, size)).size(), 64u);
    if (size > 0) EXPECT_NE(digest(text.substr(0, size)), digest(text.substr(0, size - 1)));
  }
}

// Every number of blocks and every alignment: the processor's instructions give what the plain code gives.
TEST(Sha256, InstructionsAndPlainCodeAgree) {
  if (sha256_blocks_fastest() == sha256_blocks_plain) GTEST_SKIP() << "this processor has none";
  std::vector<u8> data(64 * 40 + 16);
  u32 seed = 1;
  for (u8& byte : data) byte = static_cast<u8>((seed = seed * 1664525 + 1013904223) >> 24);
  for (usize blocks = 0; blocks <= 40; ++blocks) {
    for (usize offset = 0; offset < 16; offset += 5) {
      std::array<u32, 8> one = {1, 2, 3, 0xffffffff, 5, 0x80000000, 7, 8}, two = one;
      sha256_blocks_plain(one, data.data() + offset, blocks);
      sha256_blocks_fastest()(two, data.data() + offset, blocks);
      ASSERT_EQ(one, two) << blocks << " blocks at " << offset;
    }
  }
}

TEST(Sha256, PlainCodeAndCopies) {
  Sha256 plain(sha256_blocks_plain);
  plain.update(bytes("ab"));
  Sha256 copy = plain;
  EXPECT_EQ(copy.finish(), sha256_hex("ab"));
  plain.update(bytes("c"));
  EXPECT_EQ(plain.finish(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace dewar::base
