// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The embedded lock file: every entry is whole, and hashes are what other tools make of the same bytes.
#include "cli/guest_lock.h"

#include <gtest/gtest.h>

#include "cli/digest.h"

namespace dewar::cli {
namespace {

TEST(GuestLock, EntriesAreWhole) {
  ASSERT_GE(locked_guests().size(), 2u);
  for (const LockedGuest& guest : locked_guests()) {
    SCOPED_TRACE(guest.name);
    EXPECT_FALSE(guest.title.empty());
    EXPECT_FALSE(guest.package.empty());
    EXPECT_FALSE(guest.licence.empty());
    EXPECT_EQ(guest.integrity.size(), 7u + 88u);
    EXPECT_TRUE(guest.integrity.starts_with("sha512-"));
    EXPECT_EQ(guest.sha256.size(), 64u);
    EXPECT_EQ(guest.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(guest.file.ends_with(".wasm"));
    EXPECT_EQ(guest.file.find(".."), std::string::npos);
    EXPECT_GT(guest.size, u64{1} << 20);
    if (!guest.sqlite_log) {  // what it reports by itself needs no driver
      EXPECT_TRUE(guest.driver_path.starts_with("/dewar/"));
      EXPECT_NE(guest.driver.find("SPDX"), std::string::npos);
    }
    EXPECT_FALSE(guest.argv.empty());
  }
}

TEST(GuestLock, LookUps) {
  ASSERT_NE(find_guest("python"), nullptr);
  EXPECT_EQ(find_guest("javascript"), find_guest("quickjs"));
  EXPECT_EQ(find_guest("wasm"), nullptr);
  EXPECT_EQ(find_guest(""), nullptr);
  EXPECT_EQ(guest_for_file("a/b.py"), find_guest("python"));
  EXPECT_EQ(guest_for_file("b.js"), find_guest("quickjs"));
  EXPECT_EQ(guest_for_file(".py"), nullptr);
  EXPECT_EQ(guest_for_file("py"), nullptr);
}

TEST(Digest, KnownValues) {
  const u8 abc[] = {'a', 'b', 'c'};
  EXPECT_EQ(npm_integrity(abc),
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==");
}

}  // namespace
}  // namespace dewar::cli
