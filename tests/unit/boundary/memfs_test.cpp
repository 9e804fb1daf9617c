// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The file system in memory by itself: every byte of its limit, lifetimes, hostile sizes, and what only it decides.
// That it behaves as the kernel does is compared in tests/unit/host/wasi_memory_diff_test.cpp.
#include "boundary/memfs.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace dewar::boundary {
namespace {

constexpr u64 kRoot = MemFs::kRoot, kNode = MemFs::kNodeCost, kName = MemFs::kNameCost, kChunk = MemFs::kChunk;

MemFs::Name in_root(std::string_view name) { return {kRoot, name, false}; }

std::span<const u8> bytes(std::string_view text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

std::string contents(const MemFs& fs, u64 node, u64 offset = 0, usize size = 100'000) {
  std::string out(size, '?');
  auto n = fs.read(node, offset, std::span(reinterpret_cast<u8*>(out.data()), out.size()));
  EXPECT_TRUE(n);
  out.resize(n.value_or(0));
  return out;
}

MemRef create(MemFs& fs, std::string_view path) {
  auto made = fs.open(kRoot, path, O_CREAT | O_RDWR, 0);
  EXPECT_TRUE(made) << path;
  return made ? std::move(*made) : MemRef();
}

template <class T>
int error_of(const std::expected<T, KernelError>& result) {
  return result ? 0 : result.error();
}

TEST(MemFs, EveryCostIsExact) {
  MemFs fs(1'000'000, 0);
  EXPECT_EQ(fs.used(), 0u);
  MemRef file = create(fs, "file");
  u64 used = kNode + kName + 4;
  EXPECT_EQ(fs.used(), used);
  EXPECT_EQ(fs.write(file.node(), 0, bytes("x")).value(), 1u);
  EXPECT_EQ(fs.used(), used += kChunk);
  EXPECT_EQ(fs.write(file.node(), kChunk - 1, bytes("xy")).value(), 2u) << "across the edge of a chunk";
  EXPECT_EQ(fs.used(), used += kChunk);
  EXPECT_TRUE(fs.link(in_root("file"), in_root("l"), 0));
  EXPECT_EQ(fs.used(), used += kName + 1);
  EXPECT_TRUE(fs.symlink("target", in_root("s"), 0));
  EXPECT_EQ(fs.used(), used += kNode + kName + 1 + 6);
  EXPECT_TRUE(fs.make_directory(in_root("dir"), 0));
  EXPECT_EQ(fs.used(), used += kNode + kName + 3);
  EXPECT_TRUE(fs.rename(in_root("dir"), in_root("directory"), 0));
  EXPECT_EQ(fs.used(), used += 6);
  EXPECT_TRUE(fs.rename(in_root("directory"), in_root("d"), 0));
  EXPECT_EQ(fs.used(), used -= 8);
  EXPECT_TRUE(fs.rename(in_root("s"), in_root("l"), 0)) << "replaces a name of the file";
  EXPECT_EQ(fs.used(), used -= kName + 1);
  EXPECT_EQ(fs.link_target(fs.lookup(in_root("l")).value()).value(), "target");
  EXPECT_TRUE(fs.resize(file.node(), kChunk));
  EXPECT_EQ(fs.used(), used -= kChunk);
  EXPECT_TRUE(fs.resize(file.node(), 0));
  EXPECT_EQ(fs.used(), used -= kChunk);
  for (const char* name : {"file", "l"}) EXPECT_TRUE(fs.remove(in_root(name), false, 0));
  EXPECT_TRUE(fs.remove(in_root("d"), true, 0));
  EXPECT_EQ(fs.used(), kNode) << "the open file";
  file.reset();
  EXPECT_EQ(fs.used(), 0u);
  EXPECT_GT(fs.peak(), 2 * kChunk);
  EXPECT_EQ(fs.refused(), 0u);
}

// Runs `use` with limits around what it needs.
template <class Use>
void around_the_limit(u64 used, Use use) {
  for (const u64 limit : {used - 1, used, used + 1}) {
    SCOPED_TRACE(limit);
    MemFs fs(limit, 0);
    EXPECT_EQ(use(fs), limit < used ? ENOSPC : 0);
    EXPECT_EQ(fs.refused(), limit < used ? 1u : 0u);
    EXPECT_LE(fs.used(), limit);
    if (limit >= used) EXPECT_EQ(fs.used(), used);
  }
}

TEST(MemFs, LimitsAreExact) {
  const u64 file = kNode + kName + 1;
  around_the_limit(file, [](MemFs& fs) { return error_of(fs.open(kRoot, "f", O_CREAT | O_RDWR, 0)); });
  around_the_limit(file, [](MemFs& fs) { return error_of(fs.make_directory(in_root("d"), 0)); });
  around_the_limit(file + 9, [](MemFs& fs) { return error_of(fs.symlink("elsewhere", in_root("s"), 0)); });
  around_the_limit(file + kName + 5, [](MemFs& fs) {
    create(fs, "f");
    return error_of(fs.link(in_root("f"), in_root("names"), 0));
  });
  around_the_limit(file + 3, [](MemFs& fs) {
    create(fs, "f");
    const int error = error_of(fs.rename(in_root("f"), in_root("long"), 0));
    EXPECT_TRUE(fs.lookup(in_root(error ? "f" : "long")));
    return error;
  });
  around_the_limit(file + kChunk, [](MemFs& fs) {
    const MemRef f = create(fs, "f");
    return error_of(fs.write(f.node(), 12'345'678, bytes("x")));
  });
}

TEST(MemFs, AWriteThatDoesNotFitIsShort) {
  MemFs fs(kNode + kName + 1 + 2 * kChunk, 0);
  const MemRef f = create(fs, "f");
  const std::string text(5 * kChunk, 'x');
  EXPECT_EQ(fs.write(f.node(), 10, bytes(text)).value(), 2 * kChunk - 10);
  EXPECT_EQ(fs.status(f.node()).size, 2 * kChunk);
  EXPECT_EQ(error_of(fs.write(f.node(), 2 * kChunk, bytes("x"))), ENOSPC);
  EXPECT_EQ(fs.write(f.node(), 0, bytes("start")).value(), 5u) << "what is there can still be changed";
  EXPECT_EQ(contents(fs, f.node(), 0, 11), std::string("start\0\0\0\0\0x", 11));
  EXPECT_EQ(fs.refused(), 2u);
  EXPECT_TRUE(fs.rename(in_root("f"), in_root("g"), 0)) << "and moved, at the same cost";
}

TEST(MemFs, EmptyFilesAreBoundedToo) {
  MemFs fs(u64{1} << 20, 0);
  u64 made = 0;
  while (fs.make_directory(in_root("n" + std::to_string(made)), 0)) ++made;
  EXPECT_GT(made, 2'000u);
  EXPECT_LT(made, (u64{1} << 20) / (kNode + kName));
  EXPECT_EQ(error_of(fs.list(kRoot, 100, 1 << 20)), EOVERFLOW);
  EXPECT_EQ(error_of(fs.list(kRoot, 1 << 20, 100)), EOVERFLOW);
  EXPECT_EQ(fs.list(kRoot, 1 << 20, 1 << 20).value().size(), made);
}

TEST(MemFs, HugeOffsetsNeitherAllocateNorWrap) {
  MemFs fs(kNode + kName + 1 + 2 * kChunk, 0);
  const MemRef f = create(fs, "f");
  const u64 last = MemFs::kMaxFileSize;
  EXPECT_TRUE(fs.resize(f.node(), last)) << "a hole";
  EXPECT_EQ(fs.used(), kNode + kName + 1);
  EXPECT_EQ(error_of(fs.resize(f.node(), last + 1)), EFBIG);
  EXPECT_EQ(error_of(fs.resize(f.node(), UINT64_MAX)), EFBIG);
  EXPECT_EQ(fs.write(f.node(), last - 1, bytes("abc")).value(), 1u) << "up to the largest size";
  EXPECT_EQ(error_of(fs.write(f.node(), last, bytes("x"))), EFBIG);
  EXPECT_EQ(error_of(fs.write(f.node(), UINT64_MAX, bytes("x"))), EFBIG);
  EXPECT_EQ(fs.write(f.node(), UINT64_MAX, {}).value(), 0u);
  EXPECT_EQ(fs.status(f.node()).size, last);
  EXPECT_EQ(contents(fs, f.node(), last - 3, 100), std::string("\0\0a", 3));
  EXPECT_EQ(contents(fs, f.node(), last), "");
  EXPECT_EQ(contents(fs, f.node(), UINT64_MAX), "");
  EXPECT_EQ(contents(fs, f.node(), u64{1} << 40, 3), std::string(3, '\0'));
  EXPECT_EQ(fs.used(), kNode + kName + 1 + kChunk);
}

TEST(MemFs, WhatWasCutOffReadsAsZeros) {
  MemFs fs(u64{1} << 20, 0);
  const MemRef f = create(fs, "f");
  const std::string text(2 * kChunk + 5, 'x');
  EXPECT_EQ(fs.write(f.node(), 0, bytes(text)).value(), text.size());
  for (const u64 size : {2 * kChunk + 3, 2 * kChunk, kChunk + 1, u64{7}}) {
    EXPECT_TRUE(fs.resize(f.node(), size));
    EXPECT_TRUE(fs.resize(f.node(), 3 * kChunk));
    const std::string now = contents(fs, f.node());
    EXPECT_EQ(now.substr(0, size), std::string(size, 'x'));
    EXPECT_EQ(now.substr(size), std::string(3 * kChunk - size, '\0'));
  }
}

TEST(MemFs, OpenFilesOutliveTheirNames) {
  MemFs fs(u64{1} << 20, 0);
  MemRef f = create(fs, "f");
  EXPECT_TRUE(fs.write(f.node(), 0, bytes("kept")));
  EXPECT_TRUE(fs.remove(in_root("f"), false, 0));
  EXPECT_EQ(fs.status(f.node()).links, 0u);
  EXPECT_EQ(contents(fs, f.node()), "kept");
  const u64 number = f.node();
  MemRef other = std::move(f);
  EXPECT_FALSE(f);
  EXPECT_EQ(other.node(), number);
  EXPECT_GT(create(fs, "f").node(), number) << "numbers are never used again";
  other = MemRef(fs, kRoot);
  EXPECT_EQ(fs.used(), kNode + kName + 1);
  // A removed directory is empty and stays so, also when what held it goes.
  EXPECT_TRUE(fs.make_directory(in_root("a"), 0));
  auto a = fs.open(kRoot, "a", O_RDONLY | O_DIRECTORY, 0);
  ASSERT_TRUE(a);
  EXPECT_TRUE(fs.make_directory({a->node(), "b", false}, 0));
  auto b = fs.open(kRoot, "a/b", O_RDONLY | O_DIRECTORY, 0);
  ASSERT_TRUE(b);
  EXPECT_TRUE(fs.remove({a->node(), "b", false}, true, 0));
  EXPECT_TRUE(fs.remove(in_root("a"), true, 0));
  a->reset();
  EXPECT_EQ(error_of(fs.open(b->node(), "new", O_CREAT | O_RDWR, 0)), ENOENT);
  EXPECT_EQ(error_of(fs.make_directory({b->node(), "new", false}, 0)), ENOENT);
  EXPECT_EQ(error_of(fs.rename(in_root("f"), {b->node(), "new", false}, 0)), ENOENT);
  EXPECT_TRUE(fs.list(b->node(), 10, 10).value().empty());
  EXPECT_EQ(fs.parent(b->node()), b->node());
  EXPECT_TRUE(fs.open(b->node(), ".", O_RDONLY, 0));
}

TEST(MemFs, LinksNeverLeaveTheDirectory) {
  MemFs fs(u64{1} << 20, 0);
  EXPECT_TRUE(fs.make_directory(in_root("a"), 0));
  const u64 a = fs.lookup(in_root("a")).value();
  create(fs, "f");
  EXPECT_TRUE(fs.symlink("/f", in_root("abs"), 0));
  EXPECT_TRUE(fs.symlink("../f", {a, "up", false}, 0));
  EXPECT_TRUE(fs.symlink("../../f", {a, "out", false}, 0));
  EXPECT_TRUE(fs.symlink("loop", in_root("loop"), 0));
  EXPECT_EQ(error_of(fs.open(kRoot, "abs", O_RDONLY, 0)), EXDEV);
  EXPECT_EQ(error_of(fs.open(kRoot, "abs", O_RDWR | O_CREAT, 0)), EXDEV);
  EXPECT_TRUE(fs.open(kRoot, "a/up", O_RDONLY, 0));
  EXPECT_EQ(error_of(fs.open(a, "up", O_RDONLY, 0)), EXDEV) << "a handle leads down only";
  EXPECT_EQ(error_of(fs.open(kRoot, "a/out", O_RDONLY, 0)), EXDEV);
  EXPECT_EQ(error_of(fs.open(kRoot, "..", O_RDONLY, 0)), EXDEV);
  EXPECT_EQ(error_of(fs.open(kRoot, "a/../..", O_RDONLY, 0)), EXDEV);
  EXPECT_EQ(error_of(fs.open(kRoot, "/f", O_RDONLY, 0)), EXDEV);
  EXPECT_EQ(error_of(fs.open(kRoot, "", O_RDONLY, 0)), ENOENT);
  EXPECT_EQ(error_of(fs.open(kRoot, "loop", O_RDONLY, 0)), ELOOP);
  // 40 links in a row are followed, 41 are not.
  for (int i = 0; i <= 40; ++i) {
    const std::string target = i == 0 ? "f" : "l" + std::to_string(i - 1);
    EXPECT_TRUE(fs.symlink(target, in_root("l" + std::to_string(i)), 0));
  }
  EXPECT_TRUE(fs.open(kRoot, "l39", O_RDONLY, 0));
  EXPECT_EQ(error_of(fs.open(kRoot, "l40", O_RDONLY, 0)), ELOOP);
}

TEST(MemFs, DeepTreesAreWalkedWithoutRecursion) {
  MemFs fs(u64{64} << 20, 0);
  u64 dir = kRoot;
  constexpr int kDepth = 50'000;
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_TRUE(fs.make_directory({dir, "d", false}, 0));
    dir = fs.lookup({dir, "d", false}).value();
  }
  EXPECT_EQ(error_of(fs.rename(in_root("d"), {dir, "x", false}, 0)), EINVAL) << "into itself";
  EXPECT_TRUE(fs.make_directory(in_root("e"), 0));
  EXPECT_TRUE(fs.rename(in_root("e"), {dir, "e", false}, 0));
  const std::string long_name(255, 'n');
  EXPECT_TRUE(fs.make_directory({dir, long_name, false}, 0));
  EXPECT_EQ(error_of(fs.make_directory({dir, long_name + "n", false}, 0)), ENAMETOOLONG);
  std::string path;
  for (int i = 0; i < 2'000; ++i) path += "d/";
  EXPECT_TRUE(fs.open(kRoot, path, O_RDONLY, 0));
}

TEST(MemFs, TimesFollowTheClockGiven) {
  MemFs fs(u64{1} << 20, 100);
  EXPECT_EQ(fs.status(kRoot).times.modify, 100u);
  auto f = fs.open(kRoot, "f", O_CREAT | O_RDWR, 200);
  ASSERT_TRUE(f);
  EXPECT_EQ(fs.status(f->node()).times.access, 200u);
  EXPECT_EQ(fs.status(kRoot).times.modify, 200u) << "a directory changes with its names";
  fs.touch(f->node(), 300);
  const timespec times[2] = {{5, 7}, {0, UTIME_OMIT}};
  fs.set_times(f->node(), times, 400);
  EXPECT_EQ(fs.status(f->node()).times.access, 5'000'000'007u);
  EXPECT_EQ(fs.status(f->node()).times.modify, 300u);
  EXPECT_EQ(fs.status(f->node()).times.change, 400u);
  const timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  fs.set_times(f->node(), now, 500);
  EXPECT_EQ(fs.status(f->node()).times.modify, 500u);
  EXPECT_TRUE(fs.remove(in_root("f"), false, 600));
  EXPECT_EQ(fs.status(kRoot).times.change, 600u);
}

TEST(MemFs, DirectoriesAreSortedByBytes) {
  MemFs fs(u64{1} << 20, 0);
  for (const char* name : {"b", "\xc3\xa9", "B", "a", "!"}) create(fs, name);
  std::string order;
  for (const auto& entry : fs.list(kRoot, 10, 100).value()) order += entry.name + " ";
  EXPECT_EQ(order, "! B a b \xc3\xa9 ");
}

}  // namespace
}  // namespace dewar::boundary
