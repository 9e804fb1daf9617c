// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// path_open: rights of the mount are checked for what the call really does (a file that exists is not created), then
// the kernel opens it confined. Only directories and regular files are handed out.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::HostCall;
using boundary::Place;
using boundary::Rights;
using boundary::UniqueFd;

namespace {

constexpr int kMaxRaces = 8;

struct Request {
  bool create, exclusive, truncate, directory, follow;
  bool read, write;  ///< access to contents
  u64 rights, inheriting;
  u16 fdflags;
};

/// What was opened, and whether the call made it.
struct Opened {
  boundary::NodeRef node;
  bool created = false;
  Rights rights = 0;                                                ///< of the mount, at the path where the file is
  boundary::KernelResult<struct stat> status = std::unexpected(0);  ///< if it was looked at already
};

int access_flags(const Request& r) {
  int flags = O_NONBLOCK;  // so that a fifo cannot make the open wait; regular files ignore it
  flags |= r.write || r.truncate ? (r.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (r.directory) flags |= O_DIRECTORY;
  if (!r.follow) flags |= O_NOFOLLOW;
  if (r.truncate) flags |= O_TRUNC;
  return flags;
}

// The rights of the mount that opening an existing file takes.
Rights rights_to_open(const Request& r) {
  Rights needed = 0;
  if (r.write || r.truncate) needed |= boundary::kWrite;
  if (r.read || !needed) needed |= boundary::kRead;  // that it exists is read, too
  return needed;
}

Rights rights_to_create(const Request& r) {
  return static_cast<Rights>(boundary::kCreate | (r.write ? boundary::kWrite : 0) | (r.read ? boundary::kRead : 0));
}

// Opens a file mounted by itself.
std::expected<Opened, Reply> open_mounted_file(HostCall& call, Session& session, const Place& place, const Request& r) {
  if (place.trailing_slash || r.directory) return std::unexpected(Reply(Errno::notdir));
  if (r.create && r.exclusive) return std::unexpected(Reply(Errno::exist));
  if (Errno e = session.require(call, place, rights_to_open(r)); e != Errno::success) return std::unexpected(Reply(e));
  Opened out{{UniqueFd(::fcntl(place.mount->fd.get(), F_DUPFD_CLOEXEC, 0)), {}},
             false,
             session.mounts().ruling(*place.mount, place.guest_path).own};
  if (!out.node.fd) return std::unexpected(Reply(from_kernel(errno)));
  if (r.truncate && ::ftruncate(out.node.fd.get(), 0) != 0) return std::unexpected(Reply(from_kernel(errno)));
  return out;
}

// Opens what is there. In a folder of the host it is looked at before it is opened for use, as opening does something
// by itself: to a fifo or a device, and to whoever waits at its other end. ESTALE if it changed meanwhile.
std::expected<Opened, Reply> open_existing(HostCall& call, Session& session, const Place& place, const Request& r,
                                           int& kernel_error) {
  kernel_error = 0;
  const auto kernel = [&](int error) {
    kernel_error = error;
    return std::unexpected(Reply(Errno::io));  // the caller's to tell
  };
  const u64 now = session.clock(call).realtime_now();
  const auto& resolver = session.resolver();
  if (place.mount->memory) {
    auto node = boundary::open_node(resolver, place, access_flags(r), 0, now, call.work());
    if (!node) return kernel(node.error());
    return Opened{std::move(*node), false, place.mount->rights};
  }
  const int flags = O_PATH | (r.directory ? O_DIRECTORY : 0) | (r.follow ? 0 : O_NOFOLLOW);
  auto there = boundary::open_node(resolver, place, flags, 0, now, call.work());
  if (!there) return kernel(there.error());
  // In a mount with rules: the right to what it really is, wherever links led.
  auto sure = session.confirm(call, place, there->fd.get(), rights_to_open(r), {}, true);
  if (!sure) return std::unexpected(Reply(sure.error()));
  const auto st = boundary::status(there->view());
  if (!st) return kernel(st.error());
  if (S_ISLNK(st->st_mode)) return kernel(ELOOP);
  if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) return kernel(boundary::kSpecialFile);
  auto fd = resolver.reopen(there->fd.get(), S_ISDIR(st->st_mode), place.dir, place.path, access_flags(r));
  if (!fd) return kernel(fd.error());
  return Opened{{std::move(*fd), {}}, false, *sure, st};
}

// In a mount with rules nothing is opened for use, made or emptied before it is known where the path really leads. A
// link to nothing is not followed to make its target.
std::expected<Opened, Reply> open_ruled(HostCall& call, Session& session, const Place& place, const Request& r) {
  const auto kernel = [&](int error) { return std::unexpected(Reply(session.path_error(call, place, error))); };
  for (int race = 0; race < kMaxRaces; ++race) {
    if (!r.exclusive) {
      int error = 0;
      auto opened = open_existing(call, session, place, r, error);
      if (opened || error == 0) return opened;
      if (error == ESTALE) continue;
      if (error != ENOENT || !r.create) return kernel(error);
    }
    if (Errno e = session.require(call, place, rights_to_create(r)); e != Errno::success) {
      return std::unexpected(Reply(e));
    }
    auto parent = boundary::open_parent(session.resolver(), place, call.work());
    if (!parent) return kernel(parent.error());
    auto sure = session.confirm(call, place, parent->dir.get(), rights_to_create(r), parent->name, true);
    if (!sure) return std::unexpected(Reply(sure.error()));
    if (session.boundary().files_created.allow(1) == 0) return std::unexpected(Reply(Errno::nospc));
    const int flags = access_flags(r) | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
    UniqueFd fd(::openat(parent->dir.get(), parent->kernel_name().c_str(), flags, 0666));
    if (fd) return Opened{{std::move(fd), {}}, true, *sure};
    if (errno != EEXIST || r.exclusive) return kernel(errno);
  }
  return std::unexpected(Reply(Errno::noent));
}

std::expected<Opened, Reply> open_in_mount(HostCall& call, Session& session, const Place& place, const Request& r) {
  // Before the kernel is asked, so that a refusal tells nothing about what exists; and of everything that it takes, so
  // that whoever grants it needs to be asked only once.
  const Rights least = r.create ? static_cast<Rights>(rights_to_open(r) & ~boundary::kRead) : rights_to_open(r);
  if (!session.may(place, least)) {
    const Rights all = r.create ? static_cast<Rights>(least | rights_to_create(r)) : least;
    return std::unexpected(Reply(session.require(call, place, all)));
  }
  if (place.mount->ruled) return open_ruled(call, session, place, r);
  const Rights mount = place.mount->rights;
  const u64 now = session.clock(call).realtime_now();
  const auto open = [&](int flags) {
    return boundary::open_node(session.resolver(), place, flags, 0666, now, call.work());
  };
  for (int race = 0; race < kMaxRaces; ++race) {
    if (!r.exclusive && (mount & boundary::kRead || rights_to_open(r) == boundary::kWrite)) {
      int error = 0;
      auto opened = open_existing(call, session, place, r, error);
      if (opened || error == 0) return opened;
      if (error == ESTALE) continue;
      if (error != ENOENT || !r.create) return std::unexpected(Reply(session.path_error(call, place, error)));
    }
    if (Errno e = session.require(call, place, rights_to_create(r)); e != Errno::success) {
      return std::unexpected(Reply(e));
    }
    if (session.boundary().files_created.allow(1) == 0) return std::unexpected(Reply(Errno::nospc));
    const int flags = access_flags(r) | O_CREAT;
    auto node = open(flags | O_EXCL);
    const bool exists = !node && node.error() == EEXIST && !r.exclusive;
    // It exists after all: made meanwhile, or a link to nothing yet, which may be followed to make its target.
    if (exists && !(mount & boundary::kRead)) return std::unexpected(Reply(Errno::exist));
    if (exists) node = open(flags);
    if (node) return Opened{std::move(*node), true, mount};
    if (!exists || node.error() != ENOENT) {
      return std::unexpected(Reply(session.path_error(call, place, node.error())));
    }
  }
  return std::unexpected(Reply(Errno::noent));  // a link into a directory that is not there
}

Reply finish(HostCall& call, Session& session, Handle handle) {
  if (!call.in_bounds(call.arg32(8), 4)) return Errno::fault;
  auto number = session.handles().insert(std::move(handle));
  if (!number) return from_kernel(number.error());
  return store_result(call, call.arg32(8), *number);
}

Reply open_synthetic(HostCall& call, Session& session, const Place& place, const Request& r) {
  if (r.create && r.exclusive) return Errno::exist;
  if (r.write || r.truncate || r.create) return Errno::isdir;
  Handle handle;
  handle.kind = Handle::Kind::synthetic;
  handle.filetype = kTypeDirectory;
  handle.flags = r.fdflags;
  handle.rights = r.rights & Session::directory_rights(boundary::kReadWrite);
  handle.inheriting = r.inheriting;
  handle.guest_path = place.guest_path == "/" ? std::string() : place.guest_path;
  return finish(call, session, std::move(handle));
}

}  // namespace

Reply path_open(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(base, session.base_dir(call, 0));
  const u32 oflags = call.arg32(4);
  const u64 wanted = call.arg64(5), wanted_inheriting = call.arg64(6);
  const u32 fdflags = call.arg32(7);
  if ((call.arg32(1) & ~kLookupSymlinkFollow) || (oflags & ~15u) || (fdflags & ~u32{kFdflagsAll})) return Errno::inval;
  if ((oflags & kOpenCreate) && (oflags & kOpenDirectory)) return Errno::inval;
  u64 needed = 0;
  if (oflags & kOpenCreate) needed |= rights::kPathCreateFile;
  if (oflags & kOpenTruncate) needed |= rights::kPathFilestatSetSize;
  if (auto ok = session.base_dir(call, 0, needed); !ok) return ok.error();

  DEWAR_WASI_TRY(place, session.place(call, *base, 2));
  const u64 dropped = Session::dropped_rights(*base);
  Request r{};
  r.create = oflags & kOpenCreate;
  r.exclusive = r.create && (oflags & kOpenExclusive);
  r.truncate = oflags & kOpenTruncate;
  r.directory = oflags & kOpenDirectory;
  r.follow = call.arg32(1) & kLookupSymlinkFollow;
  r.rights = wanted & ~dropped;
  r.inheriting = wanted_inheriting & rights::kAll & ~dropped;
  r.read = r.rights & (rights::kFdRead | rights::kFdReaddir);
  r.write = r.rights & (rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize);
  r.fdflags = static_cast<u16>(fdflags);

  if (place.kind == Place::Kind::absent) {
    if (auto report = session.open_report(place)) return finish(call, session, std::move(*report));
    if (!r.write && !r.create && !r.truncate && session.only_looks(place)) return session.probe(call, place);
    const Rights rights = static_cast<Rights>(rights_to_open(r) | (r.create ? boundary::kCreate : 0));
    return session.deny_absent(call, place, rights, r.directory);
  }
  if (place.kind == Place::Kind::synthetic) return open_synthetic(call, session, place, r);
  if (session.handles().refuse_if_full()) return Errno::mfile;

  auto opened =
      place.mount->is_file ? open_mounted_file(call, session, place, r) : open_in_mount(call, session, place, r);
  if (!opened) {
    const Reply reply = opened.error();
    if (reply.error == Errno::noent && session.shadowed(place)) return open_synthetic(call, session, place, r);
    return reply;
  }

  auto status = opened->status ? opened->status : boundary::status(opened->node.view());
  if (!status) return from_kernel(status.error());
  const struct stat& st = *status;
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return session.deny(call, place.guest_path, "special-file");

  if (S_ISREG(st.st_mode)) session.note_opened(place, r.write || r.truncate || opened->created);
  const Rights own = opened->rights;
  Handle handle;
  handle.kind = S_ISDIR(st.st_mode) ? Handle::Kind::dir : Handle::Kind::file;
  handle.filetype = filetype_of(st.st_mode);
  handle.flags = r.fdflags;
  handle.mount = place.mount;
  handle.guest_path = place.guest_path == "/" ? std::string() : place.guest_path;
  if (handle.kind == Handle::Kind::dir) {
    handle.rights = r.rights & Session::directory_rights(place.mount->rights, own);
    handle.inheriting = r.inheriting & Session::inheriting_rights(place.mount->rights);
  } else {
    constexpr u64 kFileRights = rights::kFdDatasync | rights::kFdRead | rights::kFdSeek | rights::kFdFdstatSetFlags |
                                rights::kFdSync | rights::kFdTell | rights::kFdWrite | rights::kFdAdvise |
                                rights::kFdAllocate | rights::kFdFilestatGet | rights::kFdFilestatSetSize |
                                rights::kFdFilestatSetTimes | rights::kPollFdReadwrite;
    handle.rights = r.rights & Session::inheriting_rights(own) & kFileRights;
  }
  if (opened->created) session.boundary().files_created.use(1);
  handle.fd = std::move(opened->node.fd);
  handle.mem = std::move(opened->node.mem);
  if (!handle.mem) {
    boundary::NodeTable& nodes = session.nodes();
    handle.node = opened->created ? nodes.create(st.st_dev, st.st_ino, session.clock(call).realtime_now())
                                  : nodes.find(st.st_dev, st.st_ino);
  }
  if (r.truncate) session.touch(call, handle);
  const bool is_script = !session.config().user_script.empty() && place.guest_path == session.config().user_script;
  const Reply reply = finish(call, session, std::move(handle));
  if (is_script && reply.status == runtime::HostStatus::ok && reply.error == Errno::success) session.begin_user_code();
  return reply;
}

}  // namespace dewar::wasi_p1
