// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading, writing and seeking. Files are accessed at positions that the handle table keeps.
#include <errno.h>
#include <poll.h>
#include <sys/uio.h>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;

namespace {

constexpr u64 kMaxOffset = static_cast<u64>(INT64_MAX);

int write_flags(u16 flags, bool append) {
  int out = 0;
  if (append) out |= RWF_APPEND;
  if (flags & kFdDsync) out |= RWF_DSYNC;
  if (flags & (kFdSyncFlag | kFdRsync)) out |= RWF_SYNC;
  return out;
}

std::expected<u64, int> read_file(const Handle& h, boundary::GuestScatter& into, u64 offset) {
  if (offset > kMaxOffset) return std::unexpected(EINVAL);
  return boundary::read_at(h.view(), into, offset);
}

std::expected<u64, int> write_file(const Handle& h, const boundary::GuestGather& from, u64 offset, bool append) {
  if (offset > kMaxOffset) return std::unexpected(EFBIG);
  return boundary::write_at(h.view(), from, offset, write_flags(h.flags, append));
}

std::expected<u64, int> file_size(const Handle& h) {
  auto st = boundary::status(h.view());
  if (!st) return std::unexpected(st.error());
  return static_cast<u64>(st->st_size);
}

// The shared part of fd_read and fd_pread: `position` is the handle's own offset if null.
Reply read_into(HostCall& call, Session& session, const u64* position, u32 result) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (position && h->kind != Handle::Kind::file) return h->is_dir() ? Errno::isdir : Errno::spipe;
  if (h->is_dir()) return Errno::isdir;
  boundary::GuestScatter buffers;
  if (auto ok = call.scatter(call.arg32(1), call.arg32(2), buffers); !ok) return from_fault(ok.error());
  // Before anything is read: what was read could not be given back.
  if (!call.in_bounds(result, 4)) return Errno::fault;
  u64 n = 0;
  if (h->kind == Handle::Kind::file) {
    auto done = read_file(*h, buffers, position ? *position : h->offset);
    if (!done) return from_kernel(done.error());
    n = *done;
    if (!position) h->offset += n;
  } else if (h->is_socket()) {
    auto done = receive(call, *h, buffers, 0);
    if (!done) return done.error();
    n = *done;
  } else if (h->kind == Handle::Kind::input) {
    // When bytes arrive, and in which pieces, would be a clock: with the virtual one a read waits for all of it.
    const bool whole = !session.clock().is_real();
    const bool may_wait = whole || !(h->flags & kFdNonblock) || h->input->poll_fd() < 0;
    if (!may_wait && call.wait(h->input->poll_fd(), POLLIN, 0) == boundary::Wait::timeout) return Errno::again;
    auto done = h->input->give(call, buffers, whole);
    if (!done) return done.error().interrupted ? interrupted(call) : Reply(from_kernel(done.error().error));
    n = *done;
  } else {
    return Errno::badf;
  }
  buffers.commit(call, n);
  return store_result(call, result, static_cast<u32>(n));
}

Reply write_from(HostCall& call, Session& session, const u64* position, u32 result) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (position && h->kind != Handle::Kind::file) return h->is_dir() ? Errno::isdir : Errno::spipe;
  if (h->is_dir()) return Errno::isdir;
  boundary::GuestGather buffers;
  if (auto ok = call.gather(call.arg32(1), call.arg32(2), buffers); !ok) return from_fault(ok.error());
  if (!call.in_bounds(result, 4)) return Errno::fault;
  const u64 wanted = buffers.total();
  u64 n = 0;
  if (h->kind == Handle::Kind::file) {
    // A positional write goes to its position, also on a handle that appends (as POSIX has it).
    const bool append = !position && (h->flags & kFdAppend);
    const u64 at = position ? *position : append ? 0 : h->offset;
    u64 gap = 0;  // between the end of the file and what is written: it becomes part of the file
    if (!append && at <= kMaxOffset) {
      auto size = file_size(*h);
      if (!size) return from_kernel(size.error());
      gap = at > *size ? at - *size : 0;
    }
    boundary::Quota& quota = session.boundary().bytes_written;
    const u64 allowed = wanted > 0 ? quota.allow(gap + wanted) : gap;
    if (wanted > 0 && allowed <= gap) return Errno::nospc;
    buffers.clip(allowed - gap);
    auto done = write_file(*h, buffers, at, append);
    if (!done) return from_kernel(done.error());
    n = *done;
    if (n > 0) quota.use(gap + n);
    if (append) {
      auto end = file_size(*h);
      if (!end) return from_kernel(end.error());
      h->offset = *end;
    } else if (!position) {
      h->offset += n;
    }
    if (n > 0) session.touch(call, *h);
  } else if (h->is_socket()) {
    auto done = send(call, *h, buffers);
    if (!done) return done.error();
    n = *done;
  } else if (h->kind == Handle::Kind::output) {
    const bool counted = session.is_program_output(*h->output);
    boundary::Quota& quota = session.boundary().output;
    if (counted) buffers.clip(quota.allow(wanted));
    auto done = h->output->take(call, buffers);
    if (!done) return done.error().interrupted ? interrupted(call) : Reply(from_kernel(done.error().error));
    n = *done;
    if (counted) quota.use(n);
    // All that was allowed is out, and there is more.
    if (n == buffers.total() && n < wanted) return call.end_by(boundary::EndingLimit::output);
  } else {
    return Errno::badf;
  }
  return store_result(call, result, static_cast<u32>(n));
}

}  // namespace

Reply fd_read(HostCall& call, Session& session) { return read_into(call, session, nullptr, call.arg32(3)); }

Reply fd_pread(HostCall& call, Session& session) {
  const u64 position = call.arg64(3);
  return read_into(call, session, &position, call.arg32(4));
}

Reply fd_write(HostCall& call, Session& session) { return write_from(call, session, nullptr, call.arg32(3)); }

Reply fd_pwrite(HostCall& call, Session& session) {
  const u64 position = call.arg64(3);
  return write_from(call, session, &position, call.arg32(4));
}

Reply fd_tell(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (h->kind != Handle::Kind::file) return h->is_dir() ? Errno::isdir : Errno::spipe;
  return store_result(call, call.arg32(1), h->offset);
}

template <class Abi>
Reply fd_seek(HostCall& call, Session& session) {
  const i64 delta = static_cast<i64>(call.arg64(1));
  const u32 whence = call.arg32(2);
  Handle* stream = session.handles().get(call.arg32(0));
  if (stream && stream->is_stream()) return Errno::spipe;
  const bool only_tells = delta == 0 && whence == Abi::kSeekCurrent;
  DEWAR_WASI_TRY(h, session.handle(call, 0, only_tells ? rights::kFdTell : rights::kFdSeek));
  if (h->kind != Handle::Kind::file) return Errno::isdir;
  u64 from = 0;
  if (whence == Abi::kSeekCurrent) {
    from = h->offset;
  } else if (whence == Abi::kSeekEnd) {
    auto size = file_size(*h);
    if (!size) return from_kernel(size.error());
    from = *size;
  } else if (whence != Abi::kSeekSet) {
    return Errno::inval;
  }
  i64 to = 0;
  if (__builtin_add_overflow(static_cast<i64>(from), delta, &to)) return Errno::overflow;
  if (to < 0) return Errno::inval;
  if (!call.in_bounds(call.arg32(3), 8)) return Errno::fault;
  h->offset = static_cast<u64>(to);
  return store_result(call, call.arg32(3), h->offset);
}

template Reply fd_seek<Snapshot1>(HostCall&, Session&);
template Reply fd_seek<Unstable>(HostCall&, Session&);

}  // namespace dewar::wasi_p1
