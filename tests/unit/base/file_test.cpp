// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole-file reading under a cap, and replacement in one step.
#include <filesystem>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

namespace dewar::base {
namespace {

/// A directory that goes away with the test.
class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string pattern = testing::TempDir() + "dewar_file_XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
  }
  ~FileTest() override { std::filesystem::remove_all(dir_); }
  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  usize entries() const { return static_cast<usize>(std::distance(std::filesystem::directory_iterator(dir_), {})); }

  std::string dir_;
};

std::vector<u8> bytes_of(usize size) {
  std::vector<u8> bytes(size);
  for (usize i = 0; i < size; ++i) bytes[i] = static_cast<u8>(i * 7 + i / 256);
  return bytes;
}

TEST_F(FileTest, RoundTripOfSeveralSizes) {
  for (usize size : {0, 1, 4096, 65535, 65536, 65537, 300000}) {
    auto contents = bytes_of(size);
    ASSERT_TRUE(write_file_atomically(path("f"), contents));
    auto read = read_file(path("f"), size);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, contents);
  }
  EXPECT_EQ(entries(), 1u) << "no temporary file stays behind";
}

TEST_F(FileTest, ReplacesAndSetsTheMode) {
  ASSERT_TRUE(write_file_atomically(path("f"), bytes_of(10), 0640));
  ASSERT_TRUE(write_file_atomically(path("f"), bytes_of(3), 0600));
  struct stat info;
  ASSERT_EQ(::stat(path("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 3);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(FileTest, TheCapIsExact) {
  ASSERT_TRUE(write_file_atomically(path("f"), bytes_of(100)));
  EXPECT_TRUE(read_file(path("f"), 100));
  auto refused = read_file(path("f"), 99);
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "file-too-large");
}

TEST_F(FileTest, ErrorsHaveCodes) {
  EXPECT_STREQ(read_file(path("none"), 10).error().code, "file-not-found");
  EXPECT_STREQ(read_file(path("none") + "/deeper", 10).error().code, "file-not-found");
  EXPECT_STREQ(read_file(dir_, 10).error().code, "file-read");
  EXPECT_STREQ(write_file_atomically(path("none") + "/f", {}).error().code, "file-write");
  // A directory in the way: the rename fails and the temporary file goes.
  ASSERT_EQ(::mkdir(path("d").c_str(), 0755), 0);
  EXPECT_STREQ(write_file_atomically(path("d"), bytes_of(1)).error().code, "file-write");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, WhatIsNoFileIsWrittenToAndStays) {
  ASSERT_EQ(::mkfifo(path("p").c_str(), 0600), 0);
  const auto contents = bytes_of(100'000);
  std::thread writer([&] { EXPECT_TRUE(write_file_atomically(path("p"), contents)); });
  const auto read = read_file(path("p"), 200'000);
  writer.join();
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, contents);
  struct stat info;
  ASSERT_EQ(::stat(path("p").c_str(), &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_TRUE(write_file_atomically("/dev/null", contents));
  ASSERT_EQ(::stat("/dev/null", &info), 0);
  EXPECT_TRUE(S_ISCHR(info.st_mode));
  EXPECT_STREQ(write_file_atomically("/dev/full", contents).error().code, "file-write");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, PipesAreReadToTheEndUnderTheSameCap) {
  for (u64 cap : {u64{200000}, u64{199999}}) {
    ASSERT_EQ(::mkfifo(path("p").c_str(), 0600), 0);
    auto contents = bytes_of(200000);
    std::thread writer([&] {
      int fd = ::open(path("p").c_str(), O_WRONLY);
      usize done = 0;
      while (done < contents.size()) {
        ssize_t n = ::write(fd, contents.data() + done, contents.size() - done);
        if (n <= 0) break;
        done += static_cast<usize>(n);
      }
      ::close(fd);
    });
    auto read = read_file(path("p"), cap);
    writer.join();
    if (cap == contents.size()) {
      ASSERT_TRUE(read);
      EXPECT_EQ(*read, contents);
    } else {
      ASSERT_FALSE(read);
      EXPECT_STREQ(read.error().code, "file-too-large");
    }
    ::unlink(path("p").c_str());
  }
}

TEST_F(FileTest, FilesWithoutASizeAreRead) {
  // procfs reports size 0 for files that have contents.
  auto read = read_file("/proc/self/status", 1 << 20);
  ASSERT_TRUE(read);
  EXPECT_GT(read->size(), 100u);
}

}  // namespace
}  // namespace dewar::base
