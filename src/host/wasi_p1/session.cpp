// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Making a session: streams, sockets, preopened directories, the report handle. Handle numbers: 0 to 2 are the streams,
// then the granted sockets (programs that are handed listeners count from 3), then the mounted directories in the order
// of the grants, then the synthetic root "/" unless something is mounted there, then the directories in memory, then
// the report handle. Guests' C libraries look from 3 on until a number is no preopened thing, so nothing else may stand
// between; the directory with the longest matching name wins there, so their order is free.
#include "host/wasi_p1/session.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "boundary/sockets.h"

namespace dewar::wasi_p1 {

using boundary::Handle;
using boundary::Rights;

namespace {

constexpr u64 kStreamRights = rights::kFdFilestatGet | rights::kPollFdReadwrite | rights::kFdFdstatSetFlags |
                              rights::kFdSync | rights::kFdDatasync;

Result<void> check_string(const std::string& text, const char* what) {
  if (text.find('\0') == std::string::npos) return {};
  return fail("grant-bad-string", std::string(what) + " holds a NUL byte");
}

}  // namespace

Session::Session(Config config, boundary::MountTable mounts)
    : config_(std::move(config)),
      boundary_(config_.limits),
      mounts_(std::move(mounts)),
      resolver_(config_.resolve),
      handles_(config_.max_handles),
      nodes_(config_.grants.clock_start),
      clock_(config_.grants.clock == boundary::ClockPolicy::real
                 ? boundary::Clock::real()
                 : boundary::Clock::virtual_from(config_.grants.clock_start)),
      random_(config_.grants.random == boundary::RandomPolicy::real
                  ? boundary::RandomSource::real()
                  : boundary::RandomSource::seeded(config_.grants.seed)),
      starting_up_(config_.interpreter) {}

Result<std::unique_ptr<Session>> Session::create(Config config) {
  for (const std::string& arg : config.grants.args) {
    if (auto ok = check_string(arg, "an argument"); !ok) return std::unexpected(ok.error());
  }
  for (const auto& [name, value] : config.grants.env) {
    if (auto ok = check_string(name, "the name of an environment variable"); !ok) return std::unexpected(ok.error());
    if (auto ok = check_string(value, "an environment variable"); !ok) return std::unexpected(ok.error());
    if (name.empty() || name.find('=') != std::string::npos) {
      return fail("grant-bad-string", "\"" + name + "\" is no name of an environment variable");
    }
  }
  if (!config.user_script.empty()) {
    auto path = boundary::normalize_guest_path(config.user_script);
    if (!path) return std::unexpected(path.error());
    config.user_script = std::move(*path);
  }
  if (!config.report_path.empty()) {
    auto path = boundary::normalize_guest_path(config.report_path);
    if (!path) return std::unexpected(path.error());
    config.report_path = std::move(*path);
  }
  for (std::string& folder : config.library_paths) {
    auto path = boundary::normalize_guest_path(folder);
    if (!path) return std::unexpected(path.error());
    folder = std::move(*path);
  }
  auto mounts = boundary::MountTable::open(config.grants);
  if (!mounts) return std::unexpected(mounts.error());
  std::unique_ptr<Session> session(new Session(std::move(config), std::move(*mounts)));
  if (auto ok = session->open_handles(); !ok) return std::unexpected(ok.error());
  return session;
}

Result<void> Session::open_handles() {
  const auto stream_type = [](bool terminal) -> u8 { return terminal ? kTypeCharacterDevice : kTypeUnknown; };
  const auto add = [&](Handle handle) -> Result<u32> {
    auto number = handles_.insert(std::move(handle));
    if (!number) return fail("grant-too-many-mounts", "more mounts and sockets than a run may have open handles");
    return *number;
  };

  Handle in;
  in.kind = Handle::Kind::input;
  const bool granted = config_.grants.stdin_ == boundary::StdinPolicy::granted && config_.stdin_;
  in.input = granted ? config_.stdin_ : &empty_stdin_;
  in.filetype = stream_type(granted && config_.stdin_is_terminal);
  in.rights = kStreamRights | rights::kFdRead;
  if (auto ok = add(std::move(in)); !ok) return std::unexpected(ok.error());
  const auto output = [&](boundary::OutputSink* sink, bool terminal) {
    Handle out;
    out.kind = Handle::Kind::output;
    out.output = sink ? sink : &dropped_;
    out.filetype = stream_type(terminal);
    out.rights = kStreamRights | rights::kFdWrite;
    return out;
  };
  if (auto ok = add(output(config_.stdout_, config_.stdout_is_terminal)); !ok) return std::unexpected(ok.error());
  if (auto ok = add(output(config_.stderr_, config_.stderr_is_terminal)); !ok) return std::unexpected(ok.error());

  for (const boundary::SocketGrant& grant : config_.grants.sockets) {
    auto opened = boundary::open_socket(grant);
    if (!opened) return std::unexpected(opened.error());
    Handle handle = socket_handle(std::move(opened->fd), opened->listens);
    handle.preopen = true;
    if (auto ok = add(std::move(handle)); !ok) return std::unexpected(ok.error());
  }
  const auto top_of = [this](const boundary::Mount& mount) {
    Handle handle;
    handle.kind = Handle::Kind::dir;
    handle.preopen = true;
    handle.filetype = kTypeDirectory;
    handle.rights = directory_rights(mount.rights, mounts_.ruling(mount, mount.guest_path).own);
    handle.inheriting = inheriting_rights(mount.rights);
    handle.mount = &mount;
    handle.guest_path = mount.guest_path;
    return handle;
  };
  for (const boundary::Mount& mount : mounts_.mounts()) {
    if (mount.is_file || mount.memory) continue;
    Handle handle = top_of(mount);
    const int access = mounts_.ruling(mount, mount.guest_path).own & boundary::kRead ? O_RDONLY : O_PATH;
    handle.fd = boundary::UniqueFd(::openat(mount.fd.get(), ".", access | O_DIRECTORY | O_CLOEXEC));
    if (!handle.fd) {
      return fail("grant-mount-open", "the granted directory " + mount.host_path + " cannot be read", Error::kNoOffset,
                  "the user that runs this program needs read permission");
    }
    struct stat st{};
    if (::fstat(handle.fd.get(), &st) != 0) {
      return fail("grant-mount-open", "the granted directory " + mount.host_path + " cannot be looked at");
    }
    handle.node = nodes_.find(st.st_dev, st.st_ino);
    if (auto ok = add(std::move(handle)); !ok) return std::unexpected(ok.error());
  }
  if (!mounts_.root()) {
    Handle root;
    root.kind = Handle::Kind::synthetic;
    root.preopen = true;
    root.filetype = kTypeDirectory;
    // Every path beneath it must reach the boundary, so it lets everything be asked for; what is not mounted is
    // refused there, by name.
    root.rights = directory_rights(boundary::kReadWrite);
    root.inheriting = inheriting_rights(boundary::kReadWrite);
    if (auto ok = add(std::move(root)); !ok) return std::unexpected(ok.error());
  }
  for (const boundary::Mount& mount : mounts_.mounts()) {
    if (!mount.memory) continue;
    Handle handle = top_of(mount);
    handle.mem = boundary::MemRef(*mount.memory, boundary::MemFs::kRoot);
    if (auto ok = add(std::move(handle)); !ok) return std::unexpected(ok.error());
  }
  if (config_.report) {
    report_ = std::make_unique<ReportSink>(*this, config_.report_limit);
    auto number = add(output(report_.get(), false));
    if (!number) return std::unexpected(number.error());
    report_fd_ = *number;
  }
  return {};
}

std::expected<u64, boundary::StreamError> Session::ReportSink::write(boundary::HostCall&, std::span<const u8> bytes) {
  kept_.append(bytes);
  total_ = kept_.total();
  if (session_.starting_up() && kept_.head().find('\n') != std::string::npos) session_.begin_user_code();
  return bytes.size();
}

const std::string& Session::report() const {
  static const std::string kNone;
  return report_ ? report_->text() : kNone;
}

std::optional<FileInfo> Session::report_info(const boundary::Place& place) {
  if (!report_ || config_.report_path.empty() || place.guest_path != config_.report_path) return std::nullopt;
  FileInfo info = synthetic_info(place.guest_path);
  info.filetype = kTypeUnknown;
  return info;
}

std::optional<Handle> Session::open_report(const boundary::Place& place) {
  if (!report_info(place)) return std::nullopt;
  Handle handle;
  handle.kind = Handle::Kind::output;
  handle.output = report_.get();
  handle.filetype = kTypeUnknown;
  handle.rights = kStreamRights | rights::kFdWrite;
  return handle;
}

u64 Session::report_total() const { return report_ ? report_->total() : 0; }

u64 Session::directory_rights(Rights mount) {
  u64 r = rights::kPathOpen | rights::kFdSync | rights::kFdDatasync | rights::kFdFdstatSetFlags;
  if (mount & boundary::kRead) {
    r |= rights::kFdReaddir | rights::kPathReadlink | rights::kPathFilestatGet | rights::kFdFilestatGet |
         rights::kPathLinkSource;
  }
  if (mount & boundary::kWrite) {
    r |= rights::kPathFilestatSetSize | rights::kPathFilestatSetTimes | rights::kFdFilestatSetTimes;
  }
  if (mount & boundary::kCreate) {
    r |= rights::kPathCreateDirectory | rights::kPathCreateFile | rights::kPathLinkTarget | rights::kPathRenameTarget |
         rights::kPathSymlink;
  }
  if (mount & boundary::kDelete) {
    r |= rights::kPathRenameSource | rights::kPathRemoveDirectory | rights::kPathUnlinkFile;
  }
  return r;
}

u64 Session::directory_rights(Rights mount, Rights own) {
  // The rest is about names beneath it, and is judged for each.
  constexpr u64 kOfItself = rights::kFdReaddir | rights::kFdFilestatGet | rights::kFdFilestatSetTimes;
  return (directory_rights(mount) & ~kOfItself) | (directory_rights(own) & kOfItself);
}

u64 Session::inheriting_rights(Rights mount) {
  u64 r = directory_rights(mount) | rights::kFdSeek | rights::kFdTell | rights::kFdAdvise | rights::kPollFdReadwrite;
  if (mount & boundary::kRead) r |= rights::kFdRead;
  if (mount & boundary::kWrite) r |= rights::kFdWrite | rights::kFdAllocate | rights::kFdFilestatSetSize;
  return r;
}

Handle Session::socket_handle(boundary::UniqueFd fd, bool listens) {
  constexpr u64 kStream = rights::kFdRead | rights::kFdWrite | rights::kSockShutdown | rights::kPollFdReadwrite |
                          rights::kFdFilestatGet | rights::kFdFdstatSetFlags;
  Handle handle;
  handle.kind = listens ? Handle::Kind::listener : Handle::Kind::socket;
  handle.filetype = kTypeSocketStream;
  // Waiting for a connection is waiting to read, which takes the right to.
  handle.rights = listens ? rights::kSockAccept | rights::kFdRead | rights::kPollFdReadwrite | rights::kFdFilestatGet |
                                rights::kFdFdstatSetFlags
                          : kStream;
  handle.inheriting = listens ? kStream : 0;
  handle.fd = std::move(fd);
  return handle;
}

u8 filetype_of(u32 mode) {
  if (S_ISREG(mode)) return kTypeRegularFile;
  if (S_ISDIR(mode)) return kTypeDirectory;
  if (S_ISLNK(mode)) return kTypeSymbolicLink;
  if (S_ISBLK(mode)) return kTypeBlockDevice;
  if (S_ISCHR(mode)) return kTypeCharacterDevice;
  if (S_ISSOCK(mode)) return kTypeSocketStream;
  return kTypeUnknown;
}

Errno from_fault(boundary::Fault fault) {
  switch (fault) {
    case boundary::Fault::bounds: return Errno::fault;
    case boundary::Fault::budget: return Errno::nobufs;
    case boundary::Fault::too_many: break;
  }
  return Errno::inval;
}

}  // namespace dewar::wasi_p1
