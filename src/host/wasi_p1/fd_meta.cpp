// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles themselves, and the metadata of what is open. Sizes and times are set through what the handle holds, and only
// if the mount may be written, which the handle's rights stand for.
#include <errno.h>
#include <sys/stat.h>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;

namespace {

constexpr u64 kMaxOffset = static_cast<u64>(INT64_MAX);

Reply sync(HostCall& call, Session& session, bool data_only) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (h->kind != Handle::Kind::file && h->kind != Handle::Kind::dir) return Errno::success;  // nothing is held back
  // A directory that may only be entered is open without access to its contents: there is nothing to flush.
  auto done = boundary::flush(h->view(), data_only);
  if (!done && done.error() != EBADF && done.error() != EINVAL) return from_kernel(done.error());
  return Errno::success;
}

// Sets the size of a file. What it gets longer by counts as written.
Errno resize(HostCall& call, Session& session, Handle& h, u64 size) {
  auto st = boundary::status(h.view());
  if (!st) return from_kernel(st.error());
  const u64 old = static_cast<u64>(st->st_size), more = size > old ? size - old : 0;
  boundary::Quota& quota = session.boundary().bytes_written;
  if (quota.allow(more) < more) return Errno::nospc;
  if (auto done = boundary::resize(h.view(), size); !done) return from_kernel(done.error());
  quota.use(more);
  session.touch(call, h);
  return Errno::success;
}

std::string_view preopen_name(const Handle& h) {
  return h.guest_path.empty() ? std::string_view("/") : std::string_view(h.guest_path);
}

}  // namespace

Reply fd_advise(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (call.arg32(3) > kMaxAdvice) return Errno::inval;
  if (h->kind != Handle::Kind::file) return h->is_dir() ? Errno::badf : Errno::spipe;
  if (call.arg64(1) > kMaxOffset || call.arg64(2) > kMaxOffset) return Errno::inval;
  return Errno::success;  // advice is free to be ignored
}

Reply fd_allocate(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (h->kind != Handle::Kind::file) return Errno::badf;
  const u64 offset = call.arg64(1), size = call.arg64(2);
  if (size == 0) return Errno::inval;
  if (offset > kMaxOffset || size > kMaxOffset - offset) return Errno::fbig;
  auto st = boundary::status(h->view());
  if (!st) return from_kernel(st.error());
  // Only the size is promised; blocks are not reserved, or one call could fill the host's disk.
  if (static_cast<u64>(st->st_size) >= offset + size) return Errno::success;
  return resize(call, session, *h, offset + size);
}

Reply fd_close(HostCall& call, Session& session) {
  return session.handles().close(call.arg32(0)) ? Errno::success : Errno::badf;
}

Reply fd_datasync(HostCall& call, Session& session) { return sync(call, session, true); }
Reply fd_sync(HostCall& call, Session& session) { return sync(call, session, false); }

Reply fd_fdstat_get(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  Fdstat out;
  out.filetype = h->filetype;
  out.flags = h->flags;
  out.rights_base = h->rights;
  out.rights_inheriting = h->inheriting;
  return store_result(call, call.arg32(1), out);
}

Reply fd_fdstat_set_flags(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  const u32 flags = call.arg32(1);
  if (flags & ~u32{kFdflagsAll}) return Errno::inval;
  if (h->is_socket() && (flags & ~u32{kFdNonblock})) return Errno::inval;
  h->flags = static_cast<u16>(flags);
  return Errno::success;
}

Reply fd_fdstat_set_rights(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  const u64 base = call.arg64(1), inheriting = call.arg64(2);
  if ((base & ~h->rights) || (inheriting & ~h->inheriting)) return Errno::notcapable;
  h->rights = base;
  h->inheriting = inheriting;
  return Errno::success;
}

template <class Abi>
Reply fd_filestat_get(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  FileInfo info;
  if (h->kind == Handle::Kind::synthetic) {
    info = session.synthetic_info(h->guest_path);
  } else if (h->kind == Handle::Kind::file || h->kind == Handle::Kind::dir) {
    auto st = boundary::status(h->view());
    if (!st) return from_kernel(st.error());
    info = session.file_info(*st, h->mount);
  } else {
    info.filetype = h->filetype;
    info.links = 1;
    info.inode = call.arg32(0);
  }
  return store_result(call, call.arg32(1), to_filestat<Abi>(info));
}

template Reply fd_filestat_get<Snapshot1>(HostCall&, Session&);
template Reply fd_filestat_get<Unstable>(HostCall&, Session&);

Reply fd_filestat_set_size(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (h->kind != Handle::Kind::file) return Errno::badf;
  if (call.arg64(1) > kMaxOffset) return Errno::inval;
  return resize(call, session, *h, call.arg64(1));
}

Reply fd_filestat_set_times(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  DEWAR_WASI_TRY(times, parse_times(call.arg64(1), call.arg64(2), call.arg32(3)));
  if (h->kind != Handle::Kind::file && h->kind != Handle::Kind::dir) return Errno::badf;
  return change_times(call, session, h->view(), times);
}

Reply fd_prestat_get(HostCall& call, Session& session) {
  const Handle* h = session.handles().get(call.arg32(0));
  if (!h || !h->preopen) return Errno::badf;  // C libraries look until they meet this error
  Prestat out;
  if (h->is_socket()) {
    // What C libraries do not know they pass over; at an error they would not look for directories after it.
    out.tag = kPreopenSocket;
    return store_result(call, call.arg32(1), out);
  }
  out.name_size = static_cast<u32>(preopen_name(*h).size());
  return store_result(call, call.arg32(1), out);
}

Reply fd_prestat_dir_name(HostCall& call, Session& session) {
  const Handle* h = session.handles().get(call.arg32(0));
  if (!h || !h->preopen) return Errno::badf;
  if (h->is_socket()) return Errno::notdir;
  const std::string_view name = preopen_name(*h);
  if (call.arg32(2) < name.size()) return Errno::nametoolong;
  DEWAR_WASI_GUEST(buffer, call.write(call.arg32(1), name.size()));
  buffer.put(name);
  return Errno::success;
}

Reply fd_renumber(HostCall& call, Session& session) {
  return session.handles().renumber(call.arg32(0), call.arg32(1)) ? Errno::success : Errno::badf;
}

std::expected<NewTimes, Errno> parse_times(u64 atime, u64 mtime, u32 flags) {
  using Kind = NewTimes::Value::Kind;
  if (flags & ~u32{kSetAtime | kSetAtimeNow | kSetMtime | kSetMtimeNow}) return std::unexpected(Errno::inval);
  if ((flags & kSetAtime) && (flags & kSetAtimeNow)) return std::unexpected(Errno::inval);
  if ((flags & kSetMtime) && (flags & kSetMtimeNow)) return std::unexpected(Errno::inval);
  NewTimes out;
  if (flags & kSetAtime) out.access = {Kind::at, atime};
  if (flags & kSetAtimeNow) out.access = {Kind::now, 0};
  if (flags & kSetMtime) out.modify = {Kind::at, mtime};
  if (flags & kSetMtimeNow) out.modify = {Kind::now, 0};
  return out;
}

namespace {

void to_kernel(const NewTimes& times, timespec out[2]) {
  const auto one = [](const NewTimes::Value& v) -> timespec {
    switch (v.kind) {
      case NewTimes::Value::Kind::keep: return {0, UTIME_OMIT};
      case NewTimes::Value::Kind::now: return {0, UTIME_NOW};
      case NewTimes::Value::Kind::at: break;
    }
    return {static_cast<time_t>(v.ns / 1'000'000'000), static_cast<long>(v.ns % 1'000'000'000)};
  };
  out[0] = one(times.access);
  out[1] = one(times.modify);
}

// What the guest will see of a host's file; a memory mount keeps its times itself.
void apply_times(boundary::FileTimes& seen, const NewTimes& times, u64 now) {
  const auto apply = [now](const NewTimes::Value& v, u64& time) {
    if (v.kind == NewTimes::Value::Kind::now) time = now;
    if (v.kind == NewTimes::Value::Kind::at) time = v.ns;
  };
  apply(times.access, seen.access);
  apply(times.modify, seen.modify);
  seen.change = now;
}

}  // namespace

Reply change_times(HostCall& call, Session& session, const boundary::NodeView& node, const NewTimes& times) {
  auto st = boundary::status(node);
  if (!st) return from_kernel(st.error());
  const u64 now = session.clock(call).realtime_now();
  timespec kernel[2];
  to_kernel(times, kernel);
  if (auto done = boundary::set_times(node, kernel, now); !done) return from_kernel(done.error());
  if (!node.fs) apply_times(session.nodes()[session.nodes().find(st->st_dev, st->st_ino)].times, times, now);
  return Errno::success;
}

}  // namespace dewar::wasi_p1
