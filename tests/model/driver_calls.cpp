// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calls: arguments are chosen so that most make sense and some do not.
#include <algorithm>
#include <cstring>

#include "model/driver.h"
#include "model/rules.h"

namespace dewar::model {

using namespace wasi_p1;

namespace {

constexpr u32 kPath = 4096, kPath2 = 8192, kIov = 1024, kData = 16384, kData2 = 40960, kOut = 16;
constexpr u64 kMuch = u64{1} << 20;  ///< files do not grow beyond it

}  // namespace

template <class T>
T Driver::get(u32 address) {
  T value;
  std::memcpy(&value, guest_.at(address), sizeof value);
  return value;
}
template Snapshot1::Filestat Driver::get(u32);

std::string Driver::path() {
  static const char* const kNames[] = {"x", "y", "z", "x", "y", "x", "x", "y", "z", "x", "y", "x", ".", "..", ""};
  std::string out;
  const u64 n = 1 + choice_.below(9) / 4;
  for (u64 i = 0; i < n; ++i) {
    if (i > 0) out += '/';
    out += kNames[choice_.below(std::size(kNames))];
  }
  if (choice_.below(10) == 0) out += '/';
  if (choice_.below(60) == 0) out = "/" + out;
  return out;
}

// A path to something that is there.
std::string Driver::existing(u32 dir) {
  std::string out;
  const Node* at = model_->node_of(dir);
  if (!at && model_->is_dir(dir)) {
    const MountSpec& mount = model_->mounts()[choice_.below(model_->mounts().size())];
    out = mount.guest_path.substr(1);
    at = mount.root;
  }
  while (at && at->is_dir() && !at->entries.empty()) {
    auto it = at->entries.begin();
    std::advance(it, choice_.below(at->entries.size()));
    out += (out.empty() ? "" : "/") + it->first;
    at = it->second;
    if (choice_.below(2) == 0) break;
  }
  if (out.empty()) return path();
  return choice_.below(10) ? out : out + '/';
}

// A path to something that is probably not there, in a directory that probably is.
std::string Driver::fresh(u32 dir) {
  if (choice_.below(4) == 0) return path_from(dir);
  std::string out = choice_.below(2) ? existing(dir) + "/" : std::string();
  std::string name;
  if (out.empty() && model_->prestat(dir, name) == Errno::success && name == "/") out = choice_.below(2) ? "a/" : "b/";
  return out + static_cast<char>('x' + choice_.below(6) % 5) + (choice_.below(12) ? "" : "/");
}

std::string Driver::path_from(u32 dir) {
  if (choice_.below(2)) return existing(dir);
  // The root holds the two mounts.
  std::string name;
  if (model_->prestat(dir, name) == Errno::success && name == "/" && choice_.below(8)) {
    return (choice_.below(2) ? "a/" : "b/") + path();
  }
  return path();
}

u32 Driver::any_fd() { return static_cast<u32>(choice_.below(model_->highest() + 1)); }

u32 Driver::dir_fd() {
  for (int i = 0; i < 4; ++i) {
    const u32 fd = choice_.below(3) ? 3 + static_cast<u32>(choice_.below(3)) : any_fd();
    if (model_->is_dir(fd)) return fd;
  }
  return any_fd();
}

u64 Driver::rights() {
  constexpr u64 kUsual = rights::kFdRead | rights::kFdSeek | rights::kFdTell | rights::kFdFilestatGet |
                         rights::kFdAdvise | rights::kFdSync;
  constexpr u64 kWriting = rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize;
  switch (choice_.below(8)) {
    case 0:
    case 1:
    case 2: return rights::kAll;
    case 3: return kUsual | kWriting;
    case 4:
    case 5: return rights::kAll & ~kWriting;
    case 6: return kUsual;
    default: return choice_.below(256) << (8 * choice_.below(4));
  }
}

void Driver::open() {
  const u32 dir = dir_fd();
  const std::string where = choice_.below(4) ? path_from(dir) : fresh(dir);
  WasiModel::OpenArgs args;
  args.follow = choice_.below(2);
  constexpr u32 kOflags[] = {0,
                             0,
                             kOpenCreate,
                             kOpenCreate,
                             kOpenDirectory,
                             kOpenTruncate,
                             kOpenCreate | kOpenExclusive,
                             kOpenCreate | kOpenTruncate};
  args.oflags = choice_.below(12) ? kOflags[choice_.below(std::size(kOflags))] : static_cast<u32>(choice_.below(17));
  args.fdflags = choice_.below(4) == 0 ? static_cast<u32>(choice_.below(33)) : 0;
  args.rights = rights();
  args.inheriting = choice_.below(4) ? rights::kAll : rights();
  trace_.push_back("path_open " + std::to_string(dir) + " \"" + where + "\" follow " + std::to_string(args.follow) +
                   " oflags " + std::to_string(args.oflags) + " rights " + std::to_string(args.rights));
  u32 number = 0;
  const Errno model = model_->path_open(dir, where, args, number);
  if (expect(
          "path_open",
          {dir, args.follow, kPath, put(kPath, where), args.oflags, args.rights, args.inheriting, args.fdflags, kOut},
          model) &&
      get<u32>(kOut) != number) {
    differ("path_open gives handle " + std::to_string(get<u32>(kOut)) + ", the model " + std::to_string(number));
  }
}

void Driver::on_handle() {
  const bool crowded = model_->open_count() > WasiModel::kMaxHandles - 6;
  u32 fd = any_fd();
  const u64 what = crowded ? 0 : choice_.below(8);
  if (what < 3 && fd < 6 && choice_.below(12)) fd = 6 + static_cast<u32>(choice_.below(12));
  const std::string text = std::to_string(fd);
  switch (what) {
    case 0:
      trace_.push_back("fd_close " + text);
      expect("fd_close", {fd}, model_->fd_close(fd));
      return;
    case 1: {
      u32 to = any_fd();
      if (to < 6 && choice_.below(12)) to = 6 + static_cast<u32>(choice_.below(12));
      trace_.push_back("fd_renumber " + text + " " + std::to_string(to));
      expect("fd_renumber", {fd, to}, model_->fd_renumber(fd, to));
      return;
    }
    case 2: {
      const u64 base = rights(), inheriting = rights();
      u8 type = 0;
      u16 flags = 0;
      u64 has = 0, passes = 0;
      model_->fdstat_get(fd, type, flags, has, passes);
      // Mostly what it has, less something.
      const bool fits = choice_.below(4);
      const u64 keep = fits ? has & (base | rights::kFdRead) : base, pass = fits ? passes & inheriting : inheriting;
      trace_.push_back("fd_fdstat_set_rights " + text + " " + std::to_string(keep) + " " + std::to_string(pass));
      expect("fd_fdstat_set_rights", {fd, keep, pass}, model_->fdstat_set_rights(fd, keep, pass));
      return;
    }
    case 3: {
      const u32 flags = static_cast<u32>(choice_.below(34));
      trace_.push_back("fd_fdstat_set_flags " + text + " " + std::to_string(flags));
      expect("fd_fdstat_set_flags", {fd, flags}, model_->fdstat_set_flags(fd, flags));
      return;
    }
    case 4: {
      std::string name;
      trace_.push_back("fd_prestat_get " + text);
      if (expect("fd_prestat_get", {fd, kOut}, model_->prestat(fd, name)) && get<u32>(kOut + 4) != name.size()) {
        differ("the name of a preopened directory is " + std::to_string(get<u32>(kOut + 4)) + " bytes long");
      }
      return;
    }
    case 5: {
      const bool data = choice_.below(2);
      trace_.push_back((data ? "fd_datasync " : "fd_sync ") + text);
      expect(data ? "fd_datasync" : "fd_sync", {fd}, model_->fd_sync(fd, data ? rights::kFdDatasync : rights::kFdSync));
      return;
    }
    default: {
      u8 type = 0;
      u16 flags = 0;
      u64 has = 0, passes = 0;
      trace_.push_back("fd_fdstat_get " + text);
      if (!expect("fd_fdstat_get", {fd, kOut}, model_->fdstat_get(fd, type, flags, has, passes))) return;
      const auto got = get<Fdstat>(kOut);
      if (got.filetype != type || got.flags != flags || got.rights_base != has || got.rights_inheriting != passes) {
        differ("fd_fdstat_get: type " + std::to_string(got.filetype) + " flags " + std::to_string(got.flags) +
               " rights " + std::to_string(got.rights_base) + " " + std::to_string(got.rights_inheriting) +
               ", the model " + std::to_string(type) + " " + std::to_string(flags) + " " + std::to_string(has) + " " +
               std::to_string(passes));
      }
    }
  }
}

void Driver::contents() {
  u32 fd = any_fd();
  for (int i = 0; i < 3 && !model_->size_of(fd); ++i) fd = any_fd();
  const std::string text = std::to_string(fd);
  const u64 what = choice_.below(10);
  if (what < 6 && model_->offset_of(fd) > kMuch) return;
  std::optional<u64> at;
  if (what == 2 || what == 5) at = choice_.below(30) ? choice_.below(3000) : UINT64_MAX;
  const std::string position = at ? " at " + std::to_string(*at) : "";
  const u32 size = static_cast<u32>(choice_.below(200)), first = static_cast<u32>(choice_.below(size + 1));
  const u32 iov[4] = {kData, first, kData2, size - first};
  std::memcpy(guest_.at(kIov), iov, sizeof iov);
  std::vector<u64> args = {fd, kIov, 2};
  if (at) args.push_back(*at);
  args.push_back(kOut);
  switch (what) {
    case 0:
    case 1:
    case 2: {
      std::string expected;
      trace_.push_back("fd_read " + text + position + " " + std::to_string(size));
      if (!expect(at ? "fd_pread" : "fd_read", args, model_->fd_read(fd, size, at, expected))) return;
      const u32 n = get<u32>(kOut);
      std::string got(reinterpret_cast<const char*>(guest_.at(kData)), std::min(n, first));
      if (n > first) got.append(reinterpret_cast<const char*>(guest_.at(kData2)), std::min(n - first, size - first));
      if (n != expected.size() || got != expected) differ("other bytes are read");
      return;
    }
    case 3:
    case 4:
    case 5: {
      std::string bytes(size, '\0');
      for (char& c : bytes) c = static_cast<char>('a' + (executed_ + size + static_cast<u64>(&c - bytes.data())) % 26);
      put(kData, bytes.substr(0, first));
      put(kData2, bytes.substr(first));
      trace_.push_back("fd_write " + text + position + " " + std::to_string(size));
      u32 n = 0;
      if (expect(at ? "fd_pwrite" : "fd_write", args, model_->fd_write(fd, bytes, at, n)) && get<u32>(kOut) != n) {
        differ("another number of bytes is written");
      }
      return;
    }
    case 6: {
      i64 delta = static_cast<i64>(choice_.below(1200)) - 200;
      if (choice_.below(20) == 0) delta = choice_.below(2) ? INT64_MIN : INT64_MAX;
      const u32 whence = static_cast<u32>(choice_.below(choice_.below(10) ? 3 : 4));
      trace_.push_back("fd_seek " + text + " " + std::to_string(delta) + " from " + std::to_string(whence));
      u64 to = 0;
      if (expect("fd_seek", {fd, static_cast<u64>(delta), whence, kOut}, model_->fd_seek(fd, delta, whence, to)) &&
          get<u64>(kOut) != to) {
        differ("fd_seek gives " + std::to_string(get<u64>(kOut)) + ", the model " + std::to_string(to));
      }
      return;
    }
    case 7: {
      u64 where = 0;
      trace_.push_back("fd_tell " + text);
      if (expect("fd_tell", {fd, kOut}, model_->fd_tell(fd, where)) && get<u64>(kOut) != where) {
        differ("fd_tell gives " + std::to_string(get<u64>(kOut)) + ", the model " + std::to_string(where));
      }
      return;
    }
    case 8: {
      const u64 length = choice_.below(20) ? choice_.below(3000) : UINT64_MAX;
      trace_.push_back("fd_filestat_set_size " + text + " " + std::to_string(length));
      expect("fd_filestat_set_size", {fd, length}, model_->fd_set_size(fd, length));
      return;
    }
    default: {
      const u64 offset = choice_.below(20) ? choice_.below(3000) : UINT64_MAX, length = choice_.below(1000);
      if (choice_.below(3) == 0) {
        const u32 advice = static_cast<u32>(choice_.below(8));
        trace_.push_back("fd_advise " + text + " " + std::to_string(advice));
        expect("fd_advise", {fd, 0, length, advice}, model_->fd_advise(fd, advice));
        return;
      }
      trace_.push_back("fd_allocate " + text + " " + std::to_string(offset) + " " + std::to_string(length));
      expect("fd_allocate", {fd, offset, length}, model_->fd_allocate(fd, offset, length));
    }
  }
}

void Driver::metadata() {
  const bool follow = choice_.below(2), setting = choice_.below(3) == 0;
  const u64 atime = choice_.below(1'000'000) * 1'000'000'001, mtime = choice_.below(1'000'000) * 1'000'000'001;
  const u32 flags = static_cast<u32>(choice_.below(18));
  if (choice_.below(3) == 0) {
    const u32 fd = any_fd();
    if (setting) {
      trace_.push_back("fd_filestat_set_times " + std::to_string(fd) + " flags " + std::to_string(flags));
      expect("fd_filestat_set_times", {fd, atime, mtime, flags}, model_->fd_set_times(fd, atime, mtime, flags));
      return;
    }
    Stat stat;
    trace_.push_back("fd_filestat_get " + std::to_string(fd));
    if (expect("fd_filestat_get", {fd, kOut}, model_->fd_stat(fd, stat))) check_stat(stat);
    return;
  }
  const u32 dir = dir_fd();
  const std::string where = path_from(dir);
  const std::string text = std::to_string(dir) + " \"" + where + "\" follow " + std::to_string(follow);
  if (setting) {
    trace_.push_back("path_filestat_set_times " + text + " flags " + std::to_string(flags));
    const Errno model = model_->path_set_times(dir, follow, where, atime, mtime, flags);
    expect("path_filestat_set_times", {dir, follow, kPath, put(kPath, where), atime, mtime, flags}, model);
    return;
  }
  Stat stat;
  trace_.push_back("path_filestat_get " + text);
  const Errno model = model_->path_stat(dir, follow, where, stat);
  if (expect("path_filestat_get", {dir, follow, kPath, put(kPath, where), kOut}, model)) check_stat(stat);
}

void Driver::listing() {
  const u32 fd = dir_fd();
  const u64 cookie = choice_.below(3) ? 0 : choice_.below(9);
  constexpr u32 kSizes[] = {8192, 8192, 24, 60, 200};
  const u32 size = kSizes[choice_.below(std::size(kSizes))];
  trace_.push_back("fd_readdir " + std::to_string(fd) + " from " + std::to_string(cookie));
  std::vector<Entry> expected;
  if (!expect("fd_readdir", {fd, kData, size, cookie, kOut}, model_->readdir(fd, cookie, expected))) return;
  u64 total = 0;
  for (const Entry& e : expected) total += sizeof(Dirent) + e.name.size();
  const u32 used = get<u32>(kOut);
  if (used != std::min<u64>(total, size)) differ("the listing has " + std::to_string(used) + " bytes");
  u32 at = 0;
  for (usize i = 0; i < expected.size() && used - at >= sizeof(Dirent) && failure_.empty(); ++i) {
    const auto head = get<Dirent>(kData + at);
    const Entry& e = expected[i];
    if (head.next != cookie + i + 1 || head.name_size != e.name.size() || head.filetype != e.type) {
      differ("entry " + std::to_string(i) + " is not that of " + e.name);
    }
    check_node(e.node, head.inode);
    at += static_cast<u32>(sizeof head);
    const u32 shown = std::min<u32>(head.name_size, used - at);
    if (std::memcmp(guest_.at(kData + at), e.name.data(), shown) != 0) differ("another name than " + e.name);
    at += shown;
  }
}

void Driver::names() {
  const u32 dir = dir_fd();
  const u64 what = choice_.below(8);
  const std::string where = what < 3 || what > 5 ? fresh(dir) : path_from(dir);
  const std::string text = std::to_string(dir) + " \"" + where + '"';
  switch (what) {
    case 0:
    case 1:
    case 2: {
      trace_.push_back("path_create_directory " + text);
      const Errno model = model_->mkdir(dir, where);
      expect("path_create_directory", {dir, kPath, put(kPath, where)}, model);
      return;
    }
    case 3: {
      trace_.push_back("path_unlink_file " + text);
      const Errno model = model_->unlink(dir, where);
      expect("path_unlink_file", {dir, kPath, put(kPath, where)}, model);
      return;
    }
    case 4: {
      trace_.push_back("path_remove_directory " + text);
      const Errno model = model_->rmdir(dir, where);
      expect("path_remove_directory", {dir, kPath, put(kPath, where)}, model);
      return;
    }
    case 5: {
      trace_.push_back("path_readlink " + text);
      std::string target;
      const Errno model = model_->readlink(dir, where, target);
      if (!expect("path_readlink", {dir, kPath, put(kPath, where), kData, 100, kOut}, model)) return;
      const std::string got(reinterpret_cast<const char*>(guest_.at(kData)), std::min(get<u32>(kOut), 100u));
      if (got != target.substr(0, 100)) differ("path_readlink gives \"" + got + "\", the model \"" + target + '"');
      return;
    }
    default: {
      const std::string target = path();
      trace_.push_back("path_symlink \"" + target + "\" at " + text);
      const Errno model = model_->symlink(target, dir, where);
      expect("path_symlink", {kPath2, put(kPath2, target), dir, kPath, put(kPath, where)}, model);
    }
  }
}

void Driver::two_names() {
  const u32 from = dir_fd(), to = choice_.below(4) ? from : dir_fd();
  const std::string old_path = path_from(from), new_path = choice_.below(3) ? fresh(to) : path_from(to);
  const std::string text =
      std::to_string(from) + " \"" + old_path + "\" to " + std::to_string(to) + " \"" + new_path + '"';
  const u64 n = put(kPath, old_path), m = put(kPath2, new_path);
  if (choice_.below(2) == 0) {
    const bool follow = choice_.below(20) == 0;
    trace_.push_back("path_link " + text);
    expect("path_link", {from, follow, kPath, n, to, kPath2, m}, model_->link(from, follow, old_path, to, new_path));
    return;
  }
  trace_.push_back("path_rename " + text);
  expect("path_rename", {from, kPath, n, to, kPath2, m}, model_->rename(from, old_path, to, new_path));
}

}  // namespace dewar::model
