// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The descriptor tables against the definition: one line per function, written from the witx files of
// wasi_snapshot_preview1 and wasi_unstable (parameters and results as lowered to Wasm, rights as the comments of its
// `rights` type give them), not from the tables. Layouts of structs and values of flags likewise.
#include <cstddef>
#include <sstream>

#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::ArgDesc;
using boundary::Role;

// name | arguments | result. Arguments: fd[rights], path, buf-in / buf-out (pointer and length), iov-in / iov-out
// (pointer and count), out:N (pointer to N bytes), u32, u64, flags, rights, time, offset. `seek` is the one function
// whose rights depend on its arguments. A path is a pointer and a length.
const char kDefinition[] = R"(
args_get                | ptr ptr
args_sizes_get          | out:4 out:4
environ_get             | ptr ptr
environ_sizes_get       | out:4 out:4
clock_res_get           | u32 out:8
clock_time_get          | u32 time out:8
fd_advise               | fd[fd_advise] offset offset u32
fd_allocate             | fd[fd_allocate] offset offset
fd_close                | fd
fd_datasync             | fd[fd_datasync]
fd_fdstat_get           | fd out:24
fd_fdstat_set_flags     | fd[fd_fdstat_set_flags] flags
fd_fdstat_set_rights    | fd rights rights
fd_filestat_get         | fd[fd_filestat_get] filestat
fd_filestat_set_size    | fd[fd_filestat_set_size] offset
fd_filestat_set_times   | fd[fd_filestat_set_times] time time flags
fd_pread                | fd[fd_read+fd_seek] iov-out offset out:4
fd_prestat_get          | fd out:8
fd_prestat_dir_name     | fd buf-out
fd_pwrite               | fd[fd_write+fd_seek] iov-in offset out:4
fd_read                 | fd[fd_read] iov-out out:4
fd_readdir              | fd[fd_readdir] buf-out offset out:4
fd_renumber             | fd fd
fd_seek                 | fd offset u32 out:8
fd_sync                 | fd[fd_sync]
fd_tell                 | fd[fd_tell] out:8
fd_write                | fd[fd_write] iov-in out:4
path_create_directory   | fd[path_create_directory] path
path_filestat_get       | fd[path_filestat_get] flags path filestat
path_filestat_set_times | fd[path_filestat_set_times] flags path time time flags
path_link               | fd[path_link_source] flags path fd[path_link_target] path
path_open               | fd[path_open] flags path flags rights rights flags out:4
path_readlink           | fd[path_readlink] path buf-out out:4
path_remove_directory   | fd[path_remove_directory] path
path_rename             | fd[path_rename_source] path fd[path_rename_target] path
path_symlink            | path fd[path_symlink] path
path_unlink_file        | fd[path_unlink_file] path
poll_oneoff             | subscriptions out:4
proc_exit               | u32 -> nothing
proc_raise              | u32
random_get              | buf-out
sched_yield             |
sock_accept             | fd[sock_accept] flags out:4
sock_recv               | fd[fd_read] iov-out flags out:4 out:2
sock_send               | fd[fd_write] iov-in flags out:4
sock_shutdown           | fd[sock_shutdown] flags
)";

const std::map<std::string, int, std::less<>>& right_bits() {
  static const std::map<std::string, int, std::less<>> bits = [] {
    std::map<std::string, int, std::less<>> out;
    int bit = 0;
    for (const char* name : {"fd_datasync",
                             "fd_read",
                             "fd_seek",
                             "fd_fdstat_set_flags",
                             "fd_sync",
                             "fd_tell",
                             "fd_write",
                             "fd_advise",
                             "fd_allocate",
                             "path_create_directory",
                             "path_create_file",
                             "path_link_source",
                             "path_link_target",
                             "path_open",
                             "fd_readdir",
                             "path_readlink",
                             "path_rename_source",
                             "path_rename_target",
                             "path_filestat_get",
                             "path_filestat_set_size",
                             "path_filestat_set_times",
                             "fd_filestat_get",
                             "fd_filestat_set_size",
                             "fd_filestat_set_times",
                             "path_symlink",
                             "path_remove_directory",
                             "path_unlink_file",
                             "poll_fd_readwrite",
                             "sock_shutdown",
                             "sock_accept"}) {
      out[name] = bit++;
    }
    return out;
  }();
  return bits;
}

struct Expected {
  std::string sig;
  std::vector<ArgDesc> args;
};

ArgDesc plain(Role role, u16 size = 0, u8 length = ArgDesc::kNoLength, u64 rights = 0) {
  return {role, length, size, rights};
}

Expected lower(const std::string& text, u16 filestat, u16 subscription) {
  Expected e;
  std::istringstream words(text);
  std::string word, result = "i";
  const auto add = [&](char letter, ArgDesc arg) {
    e.sig += letter;
    e.args.push_back(arg);
  };
  const auto pair = [&](Role role, u16 size) {
    const u8 length = static_cast<u8>(e.args.size() + 1);
    add('i', plain(role, size, length));
    add('i', plain(Role::length));
  };
  while (words >> word) {
    if (word == "->") {
      words >> word;
      result.clear();
    } else if (word.starts_with("fd")) {
      u64 rights = 0;
      std::string name;
      for (const char c : word.substr(std::min<usize>(word.size(), 3)) + "+") {
        if (c != '+' && c != ']') {
          name += c;
        } else if (!name.empty()) {
          rights |= u64{1} << right_bits().at(name);
          name.clear();
        }
      }
      add('i', plain(Role::handle, 0, ArgDesc::kNoLength, rights));
    } else if (word == "ptr") {
      add('i', plain(Role::ptr_out, 1));
    } else if (word.starts_with("out:")) {
      add('i', plain(Role::ptr_out, static_cast<u16>(std::stoi(word.substr(4)))));
    } else if (word == "filestat") {
      add('i', plain(Role::ptr_out, filestat));
    } else if (word == "path") {
      pair(Role::path_in, 1);
    } else if (word == "buf-out") {
      pair(Role::ptr_out, 1);
    } else if (word == "iov-in") {
      pair(Role::iovecs_in, 8);
    } else if (word == "iov-out") {
      pair(Role::iovecs_out, 8);
    } else if (word == "subscriptions") {
      const u8 count = static_cast<u8>(e.args.size() + 2);
      add('i', plain(Role::ptr_in, subscription, count));
      add('i', plain(Role::ptr_out, 32, count));
      add('i', plain(Role::length));
    } else if (word == "u32") {
      add('i', plain(Role::scalar));
    } else if (word == "flags") {
      add('i', plain(Role::flags));
    } else if (word == "rights") {
      add('I', plain(Role::rights));
    } else if (word == "time") {
      add('I', plain(Role::time));
    } else if (word == "offset") {
      add('I', plain(Role::offset));
    } else {
      ADD_FAILURE() << word;
    }
  }
  e.sig += ':' + result;
  return e;
}

void compare(std::span<const boundary::ImportDesc> rows, std::string_view module, u16 filestat, u16 subscription) {
  std::istringstream lines(kDefinition);
  std::string line;
  std::map<std::string, Expected, std::less<>> expected;
  while (std::getline(lines, line)) {
    if (line.empty()) continue;
    const usize bar = line.find('|');
    expected[line.substr(0, line.find(' '))] = lower(line.substr(bar + 1), filestat, subscription);
  }
  ASSERT_EQ(expected.size(), 46u);
  EXPECT_EQ(rows.size(), expected.size());
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.module) + "." + std::string(row.name));
    EXPECT_EQ(row.module, module);
    const auto it = expected.find(row.name);
    ASSERT_NE(it, expected.end());
    EXPECT_EQ(row.sig, it->second.sig);
    ASSERT_EQ(row.num_params(), it->second.args.size());
    for (usize i = 0; i < row.num_params(); ++i) {
      SCOPED_TRACE("argument " + std::to_string(i));
      EXPECT_EQ(row.args[i].role, it->second.args[i].role);
      EXPECT_EQ(row.args[i].len_arg, it->second.args[i].len_arg);
      EXPECT_EQ(row.args[i].size, it->second.args[i].size);
      EXPECT_EQ(row.args[i].rights, it->second.args[i].rights);
    }
    expected.erase(it);
  }
  EXPECT_TRUE(expected.empty()) << expected.begin()->first << " has no row";
}

TEST(WasiSpec, RowsOfSnapshot1) { compare(snapshot1_rows(), "wasi_snapshot_preview1", 64, 48); }
TEST(WasiSpec, RowsOfUnstable) { compare(unstable_rows(), "wasi_unstable", 56, 56); }

TEST(WasiSpec, EffectsFollowFromTheName) {
  using namespace boundary;
  for (const auto& row : snapshot1_rows()) {
    const std::string_view name = row.name;
    SCOPED_TRACE(std::string(name));
    EXPECT_EQ((row.effects & kNetwork) != 0, name.starts_with("sock_"));
    EXPECT_EQ((row.effects & kReadsClock) != 0, name.starts_with("clock_") || name == "poll_oneoff");
    EXPECT_EQ((row.effects & kReadsRandom) != 0, name == "random_get");
    EXPECT_EQ((row.effects & kReadsConfig) != 0, name.starts_with("args_") || name.starts_with("environ_"));
    EXPECT_EQ((row.effects & kExits) != 0, name.starts_with("proc_"));
    const bool reads = name == "fd_read" || name == "fd_pread" || name == "fd_readdir" || name == "path_readlink" ||
                       name == "path_open" || name == "poll_oneoff" || name == "sock_recv" ||
                       name.ends_with("_filestat_get");
    EXPECT_EQ((row.effects & kReadsInput) != 0, reads);
    const bool writes = name == "fd_write" || name == "fd_pwrite" || name == "fd_allocate" || name.ends_with("sync") ||
                        name.find("_filestat_set_") != name.npos || name == "sock_send" ||
                        (name.starts_with("path_") && name != "path_filestat_get" && name != "path_readlink");
    EXPECT_EQ((row.effects & kWritesOutput) != 0, writes);
    const bool blocks = name == "fd_read" || name == "fd_write" || name == "poll_oneoff" || name == "sock_accept" ||
                        name == "sock_recv" || name == "sock_send";
    EXPECT_EQ((row.effects & kBlocks) != 0, blocks);
    const bool handles = name == "fd_close" || name == "fd_renumber" || name == "path_open" || name == "sock_accept" ||
                         name == "fd_seek" || name == "sock_shutdown" || name.starts_with("fd_fdstat_set");
    EXPECT_EQ((row.effects & kHandles) != 0, handles);
    // What writes guest memory says where: every function that reads the world has a pointer to put it.
    bool out = false;
    for (const ArgDesc& arg : row.args) out |= arg.role == Role::ptr_out || arg.role == Role::iovecs_out;
    if (row.effects & (kReadsInput | kReadsClock | kReadsRandom | kReadsConfig)) EXPECT_TRUE(out);
  }
}

TEST(WasiSpec, LayoutsAndNumbers) {
  EXPECT_EQ(offsetof(Fdstat, flags), 2u);
  EXPECT_EQ(offsetof(Fdstat, rights_base), 8u);
  EXPECT_EQ(offsetof(Fdstat, rights_inheriting), 16u);
  EXPECT_EQ(offsetof(Prestat, name_size), 4u);
  EXPECT_EQ(offsetof(Dirent, inode), 8u);
  EXPECT_EQ(offsetof(Dirent, name_size), 16u);
  EXPECT_EQ(offsetof(Dirent, filetype), 20u);
  EXPECT_EQ(offsetof(Event, error), 8u);
  EXPECT_EQ(offsetof(Event, type), 10u);
  EXPECT_EQ(offsetof(Event, nbytes), 16u);
  EXPECT_EQ(offsetof(Event, flags), 24u);
  using New = Snapshot1::Filestat;
  EXPECT_EQ(offsetof(New, filetype), 16u);
  EXPECT_EQ(offsetof(New, links), 24u);
  EXPECT_EQ(offsetof(New, size), 32u);
  EXPECT_EQ(offsetof(New, ctime), 56u);
  using Old = Unstable::Filestat;
  EXPECT_EQ(offsetof(Old, filetype), 16u);
  EXPECT_EQ(offsetof(Old, links), 20u);
  EXPECT_EQ(offsetof(Old, size), 24u);
  EXPECT_EQ(offsetof(Old, ctime), 48u);
  using NewSub = Snapshot1::Subscription;
  EXPECT_EQ(offsetof(NewSub, type), 8u);
  EXPECT_EQ(offsetof(NewSub, id), 16u);
  EXPECT_EQ(offsetof(NewSub, timeout), 24u);
  EXPECT_EQ(offsetof(NewSub, precision), 32u);
  EXPECT_EQ(offsetof(NewSub, flags), 40u);
  using OldSub = Unstable::Subscription;
  EXPECT_EQ(offsetof(OldSub, identifier), 16u);
  EXPECT_EQ(offsetof(OldSub, id), 24u);
  EXPECT_EQ(offsetof(OldSub, timeout), 32u);
  EXPECT_EQ(offsetof(OldSub, flags), 48u);
  // The 77 errors in the order of the definition.
  const char* const errors[] = {
      "success",        "2big",       "acces",       "addrinuse",      "addrnotavail", "afnosupport", "again",
      "already",        "badf",       "badmsg",      "busy",           "canceled",     "child",       "connaborted",
      "connrefused",    "connreset",  "deadlk",      "destaddrreq",    "dom",          "dquot",       "exist",
      "fault",          "fbig",       "hostunreach", "idrm",           "ilseq",        "inprogress",  "intr",
      "inval",          "io",         "isconn",      "isdir",          "loop",         "mfile",       "mlink",
      "msgsize",        "multihop",   "nametoolong", "netdown",        "netreset",     "netunreach",  "nfile",
      "nobufs",         "nodev",      "noent",       "noexec",         "nolck",        "nolink",      "nomem",
      "nomsg",          "noprotoopt", "nospc",       "nosys",          "notconn",      "notdir",      "notempty",
      "notrecoverable", "notsock",    "notsup",      "notty",          "nxio",         "overflow",    "ownerdead",
      "perm",           "pipe",       "proto",       "protonosupport", "prototype",    "range",       "rofs",
      "spipe",          "srch",       "stale",       "timedout",       "txtbsy",       "xdev",        "notcapable"};
  ASSERT_EQ(std::size(errors), 77u);
  for (u16 i = 1; i < 77; ++i) {
    std::string name = "E";
    for (const char* c = errors[i]; *c; ++c) name += static_cast<char>(*c >= 'a' ? *c - 32 : *c);
    EXPECT_EQ(errno_name(static_cast<Errno>(i)), name);
  }
}

// What a signal does is part of its definition.
TEST(WasiSpec, SignalsDoWhatTheDefinitionSays) {
  WasiGuest g;
  g.start({});
  for (u32 signal = 0; signal <= 31; ++signal) {
    SCOPED_TRACE(signal);
    const bool ignored = signal == 0 || signal == 13 || signal == 16 || signal == 17 || signal == 22 || signal == 27;
    const bool stops = signal >= 18 && signal <= 21;
    const auto status = g.call(*g.bindings.at("proc_raise"), {signal});
    if (signal == 31 || ignored || stops) {
      ASSERT_EQ(status, runtime::HostStatus::ok);
      EXPECT_EQ(static_cast<Errno>(g.result), ignored ? Errno::success : stops ? Errno::notsup : Errno::inval);
    } else {
      EXPECT_EQ(status, runtime::HostStatus::trap) << "it terminates the process";
    }
  }
}

}  // namespace
}  // namespace dewar::wasi_p1
