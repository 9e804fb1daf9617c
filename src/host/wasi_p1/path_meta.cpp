// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Metadata by path. The path is resolved once, to an O_PATH descriptor or a node in memory, and everything else is done
// on that, so what was checked is what is used. Looking for what is not there is a probe, not a denial.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;
using boundary::NodeRef;
using boundary::Place;
using boundary::UniqueFd;

namespace {

// The file at a place in a mount, without access to its contents.
std::expected<NodeRef, int> resolve(HostCall& call, Session& session, const Place& place, bool follow) {
  if (place.mount->is_file) {
    if (place.trailing_slash) return std::unexpected(ENOTDIR);
    const int fd = ::fcntl(place.mount->fd.get(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return std::unexpected(errno);
    return NodeRef{UniqueFd(fd), {}};
  }
  return boundary::open_node(session.resolver(), place, O_PATH | (follow ? 0 : O_NOFOLLOW), 0, 0, call.work());
}

std::expected<FileInfo, Errno> info_of(HostCall& call, Session& session, const Place& place, bool follow) {
  if (place.kind == Place::Kind::absent) {
    if (auto report = session.report_info(place)) return *report;
    return std::unexpected(session.probe(call, place));
  }
  if (place.kind == Place::Kind::synthetic)
    return session.synthetic_info(place.guest_path == "/" ? "" : place.guest_path);
  // What a mount was not made for is not there, as where nothing is mounted.
  if (!session.granted(place)) return std::unexpected(session.probe(call, place));
  if (Errno e = session.require(call, place, boundary::kRead); e != Errno::success) return std::unexpected(e);
  auto node = resolve(call, session, place, follow);
  if (!node) {
    if (node.error() == ENOENT && session.shadowed(place)) return session.synthetic_info(place.guest_path);
    return std::unexpected(session.path_error(call, place, node.error()));
  }
  auto st = boundary::status(node->view());
  if (!st) return std::unexpected(from_kernel(st.error()));
  if (auto sure = session.confirm(call, place, node->fd.get(), boundary::kRead, {}, false); !sure) {
    return std::unexpected(sure.error());
  }
  FileInfo info = session.file_info(*st, place.mount);
  info.links = std::max<u64>(info.links, 1);  // the name it was found by
  return info;
}

}  // namespace

template <class Abi>
Reply path_filestat_get(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  if (call.arg32(1) & ~kLookupSymlinkFollow) return Errno::inval;
  DEWAR_WASI_TRY(place, session.place(call, *base, 2));
  DEWAR_WASI_TRY(info, info_of(call, session, place, call.arg32(1) & kLookupSymlinkFollow));
  return store_result(call, call.arg32(4), to_filestat<Abi>(info));
}

template Reply path_filestat_get<Snapshot1>(HostCall&, Session&);
template Reply path_filestat_get<Unstable>(HostCall&, Session&);

Reply path_filestat_set_times(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  if (call.arg32(1) & ~kLookupSymlinkFollow) return Errno::inval;
  DEWAR_WASI_TRY(times, parse_times(call.arg64(4), call.arg64(5), call.arg32(6)));
  DEWAR_WASI_TRY(place, session.place(call, *base, 2));
  if (Errno e = session.require(call, place, boundary::kWrite); e != Errno::success) return e;
  auto node = resolve(call, session, place, call.arg32(1) & kLookupSymlinkFollow);
  if (!node) return session.path_error(call, place, node.error());
  if (auto sure = session.confirm(call, place, node->fd.get(), boundary::kWrite, {}, true); !sure) return sure.error();
  return change_times(call, session, node->view(), times);
}

Reply path_readlink(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  DEWAR_WASI_TRY(place, session.place(call, *base, 1));
  if (place.kind == Place::Kind::absent) return session.probe(call, place);
  if (place.kind == Place::Kind::synthetic || place.mount->is_file) return Errno::inval;
  if (!session.granted(place)) return session.probe(call, place);
  if (Errno e = session.require(call, place, boundary::kRead); e != Errno::success) return e;
  if (!call.in_bounds(call.arg32(5), 4)) return Errno::fault;
  auto node = resolve(call, session, place, false);
  if (!node) return session.path_error(call, place, node.error());
  if (auto sure = session.confirm(call, place, node->fd.get(), boundary::kRead, {}, false); !sure) return sure.error();
  auto target = boundary::link_target(node->view());
  if (!target) return from_kernel(target.error());
  const usize size = std::min<usize>(target->size(), call.arg32(4));
  // All of the guest's buffer must be there, not only what is used of it.
  DEWAR_WASI_GUEST(buffer, call.write(call.arg32(3), call.arg32(4)));
  buffer.put(std::string_view(*target).substr(0, size));
  return store_result(call, call.arg32(5), static_cast<u32>(size));
}

}  // namespace dewar::wasi_p1
