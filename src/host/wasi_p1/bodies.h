// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bodies of WASI's functions, and the adapter that makes one a boundary::HostBody. A body reads its arguments by
// their index in the signature; the descriptor table (table.cpp) says what each index means.
#pragma once

#include "host/wasi_p1/session.h"

namespace dewar::wasi_p1 {

using Body = Reply (*)(boundary::HostCall& call, Session& session);

/// Calls a body and stores its error number.
template <Body kBody>
runtime::HostStatus run(boundary::HostCall& call) {
  const Reply reply = kBody(call, call.host<Session>());
  if (reply.status == runtime::HostStatus::ok) call.set_result32(static_cast<u32>(reply.error));
  return reply.status;
}

// Arguments, environment, time, random, process: process.cpp
Reply args_get(boundary::HostCall& call, Session& session);
Reply args_sizes_get(boundary::HostCall& call, Session& session);
Reply environ_get(boundary::HostCall& call, Session& session);
Reply environ_sizes_get(boundary::HostCall& call, Session& session);
Reply clock_res_get(boundary::HostCall& call, Session& session);
Reply clock_time_get(boundary::HostCall& call, Session& session);
Reply random_get(boundary::HostCall& call, Session& session);
Reply sched_yield(boundary::HostCall& call, Session& session);
runtime::HostStatus proc_exit(boundary::HostCall& call);
Reply proc_raise(boundary::HostCall& call, Session& session);

// Contents of files and streams: fd_io.cpp
Reply fd_read(boundary::HostCall& call, Session& session);
Reply fd_pread(boundary::HostCall& call, Session& session);
Reply fd_write(boundary::HostCall& call, Session& session);
Reply fd_pwrite(boundary::HostCall& call, Session& session);
Reply fd_tell(boundary::HostCall& call, Session& session);
template <class Abi>
Reply fd_seek(boundary::HostCall& call, Session& session);

// Handles and what is known of an open file: fd_meta.cpp
Reply fd_advise(boundary::HostCall& call, Session& session);
Reply fd_allocate(boundary::HostCall& call, Session& session);
Reply fd_close(boundary::HostCall& call, Session& session);
Reply fd_datasync(boundary::HostCall& call, Session& session);
Reply fd_sync(boundary::HostCall& call, Session& session);
Reply fd_fdstat_get(boundary::HostCall& call, Session& session);
Reply fd_fdstat_set_flags(boundary::HostCall& call, Session& session);
Reply fd_fdstat_set_rights(boundary::HostCall& call, Session& session);
template <class Abi>
Reply fd_filestat_get(boundary::HostCall& call, Session& session);
Reply fd_filestat_set_size(boundary::HostCall& call, Session& session);
Reply fd_filestat_set_times(boundary::HostCall& call, Session& session);
Reply fd_prestat_get(boundary::HostCall& call, Session& session);
Reply fd_prestat_dir_name(boundary::HostCall& call, Session& session);
Reply fd_renumber(boundary::HostCall& call, Session& session);

// Directories: fd_readdir.cpp
Reply fd_readdir(boundary::HostCall& call, Session& session);

// Opening: path_open.cpp
Reply path_open(boundary::HostCall& call, Session& session);

// Metadata by path: path_meta.cpp
template <class Abi>
Reply path_filestat_get(boundary::HostCall& call, Session& session);
Reply path_filestat_set_times(boundary::HostCall& call, Session& session);
Reply path_readlink(boundary::HostCall& call, Session& session);

// Changes of names: path_names.cpp
Reply path_create_directory(boundary::HostCall& call, Session& session);
Reply path_link(boundary::HostCall& call, Session& session);
Reply path_remove_directory(boundary::HostCall& call, Session& session);
Reply path_rename(boundary::HostCall& call, Session& session);
Reply path_symlink(boundary::HostCall& call, Session& session);
Reply path_unlink_file(boundary::HostCall& call, Session& session);

// Waiting: poll.cpp
template <class Abi>
Reply poll_oneoff(boundary::HostCall& call, Session& session);

// Sockets: sock.cpp
Reply sock_accept(boundary::HostCall& call, Session& session);
Reply sock_recv(boundary::HostCall& call, Session& session);
Reply sock_send(boundary::HostCall& call, Session& session);
Reply sock_shutdown(boundary::HostCall& call, Session& session);
/// Moves bytes through a socket for these and for fd_read and fd_write. Waits as the handle's flags say.
std::expected<u64, Reply> receive(boundary::HostCall& call, const boundary::Handle& h, boundary::GuestScatter& into,
                                  u32 flags);
std::expected<u64, Reply> send(boundary::HostCall& call, const boundary::Handle& h, const boundary::GuestGather& from);

// Names that nobody knows: refused.cpp
Reply unknown_function(boundary::HostCall& call, Session& session);
runtime::HostStatus unknown_trap(boundary::HostCall& call);

/// The two times of a set_times call, after checking its flags: what the host gets, and what the guest will see.
struct NewTimes {
  struct Value {
    enum class Kind : u8 { keep, now, at } kind = Kind::keep;
    u64 ns = 0;
  };
  Value access, modify;
};
std::expected<NewTimes, Errno> parse_times(u64 atime, u64 mtime, u32 flags);
/// Sets them, and lets the guest see them.
Reply change_times(boundary::HostCall& call, Session& session, const boundary::NodeView& node, const NewTimes& times);

/// Puts what is known of a file into the interface's layout.
template <class Abi>
typename Abi::Filestat to_filestat(const FileInfo& info) {
  typename Abi::Filestat out;
  out.device = info.device;
  out.inode = info.inode;
  out.filetype = info.filetype;
  out.links = static_cast<decltype(out.links)>(info.links);
  out.size = info.size;
  out.atime = info.atime;
  out.mtime = info.mtime;
  out.ctime = info.ctime;
  return out;
}

/// `expr` is a std::expected of an Errno: its value, or the body returns its error.
#define DEWAR_WASI_TRY(var, expr)         \
  auto var##_or = (expr);                 \
  if (!var##_or) return var##_or.error(); \
  auto&& var = *var##_or

/// `expr` is a std::expected of a guest Fault.
#define DEWAR_WASI_GUEST(var, expr)                   \
  auto var##_or = (expr);                             \
  if (!var##_or) return from_fault(var##_or.error()); \
  auto&& var = *var##_or

/// Stores a result struct or number in guest memory and answers success.
template <class T>
Reply store_result(boundary::HostCall& call, u32 address, const T& value) {
  auto done = call.store(address, value);
  return done ? Errno::success : from_fault(done.error());
}

/// A wait or stream was interrupted: the end of the run, or an error that lets the guest go on to its next poll.
inline Reply interrupted(boundary::HostCall& call) {
  if (auto end = call.killed()) return *end;
  return Errno::intr;
}

}  // namespace dewar::wasi_p1
