// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The two resolvers. The walk keeps directories it came through open, so that ".." goes back to the very directory it
// came from, whatever a racing process renames meanwhile. Of a path that is deeper than descriptors should be spent on
// it keeps some; the others are found again by their names, from above, so that even then nothing leads out.
#include "boundary/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <vector>

#include "base/print.h"

namespace dewar::boundary {
namespace {

constexpr usize kMaxPath = 4096;
constexpr usize kMaxOpen = 128;  // directories held open at once by the walk
constexpr usize kNearest = 32;   // of them always the innermost

int openat2_beneath(int dir, const char* path, int flags, mode_t mode, u64 resolve) {
  open_how how{};
  how.flags = static_cast<u64>(flags);
  how.mode = (flags & O_CREAT) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve;
  return static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how));
}

bool kernel_has_openat2() {
  static const bool has = [] {
    const int fd = openat2_beneath(AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0, 0);
    if (fd >= 0) ::close(fd);
    return fd >= 0;
  }();
  return has;
}

std::expected<std::string, KernelError> read_link(int link) {
  std::string target(kMaxPath, '\0');
  const ssize_t n = ::readlinkat(link, "", target.data(), target.size());
  if (n < 0) return std::unexpected(errno);
  if (static_cast<usize>(n) >= kMaxPath) return std::unexpected(ENAMETOOLONG);
  target.resize(static_cast<usize>(n));
  return target;
}

// The directories between the base of a walk and where it is.
class Trail {
 public:
  explicit Trail(int base) : base_(base) {}
  bool empty() const { return levels_.empty(); }
  int current() const { return empty() ? base_ : levels_.back().fd.get(); }

  void enter(std::string name, UniqueFd fd) {
    levels_.push_back({std::move(name), std::move(fd)});
    hold(levels_.size() - 1);
  }

  /// Goes up one; a kernel errno if a directory further up is not where it was.
  int leave() {
    levels_.pop_back();
    open_.pop_back();
    if (empty() || levels_.back().fd) return 0;
    usize at = open_.empty() ? 0 : open_.back() + 1;
    int dir = open_.empty() ? base_ : levels_[open_.back()].fd.get();
    for (; at < levels_.size(); ++at) {
      UniqueFd next(::openat(dir, levels_[at].name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return errno;
      dir = next.get();
      levels_[at].fd = std::move(next);
      hold(at);
    }
    return 0;
  }

 private:
  struct Level {
    std::string name;
    UniqueFd fd;
  };

  // Too many open: closes every second of them, but for the nearest ones. The gaps grow with the distance, so that
  // going all the way up again costs a few openings a level.
  void hold(usize level) {
    open_.push_back(level);
    if (open_.size() <= kMaxOpen) return;
    std::vector<usize> kept;
    for (usize i = 0; i < open_.size(); ++i) {
      if (i % 2 == 0 || open_.size() - i <= kNearest) {
        kept.push_back(open_[i]);
      } else {
        levels_[open_[i]].fd.reset();
      }
    }
    open_ = std::move(kept);
  }

  int base_;
  std::vector<Level> levels_;
  std::vector<usize> open_;  ///< the levels with a descriptor, outermost first; the current one is the last
};

}  // namespace

bool ends_in_dots(std::string_view path) {
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  const usize slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return path == "." || path == "..";
}

PathResolver::PathResolver(ResolveMode mode, int max_races)
    : openat2_(mode == ResolveMode::openat2 || (mode == ResolveMode::automatic && kernel_has_openat2())),
      proc_(mode != ResolveMode::bare && ::access("/proc/self/fd", X_OK) == 0),
      max_races_(max_races) {}

std::expected<UniqueFd, KernelError> PathResolver::open(int dir, const std::string& path, int flags, mode_t mode,
                                                        Work* work) const {
  bool linked = false;
  auto fd = resolve(dir, path, flags, mode, linked, work);
  if (linked && work) work->units += kLinkWork;
  return fd;
}

std::expected<UniqueFd, KernelError> PathResolver::resolve(int dir, const std::string& path, int flags, mode_t mode,
                                                           bool& linked, const Work* work) const {
  if (path.empty()) return std::unexpected(ENOENT);
  if (path.find('\0') != std::string::npos) return std::unexpected(EINVAL);
  if (path.size() >= kMaxPath) return std::unexpected(ENAMETOOLONG);
  if (path.front() == '/') return std::unexpected(EXDEV);
  flags |= O_CLOEXEC;
  if (!(flags & O_PATH)) flags |= O_NOCTTY;
  if (!openat2_) return walk(dir, path, flags, mode, linked, work);
  for (int race = 0;; ++race) {
    // Without links first: then it is known that there are none, and they are rare.
    const int fd = openat2_beneath(dir, path.c_str(), flags, mode, linked ? 0 : RESOLVE_NO_SYMLINKS);
    if (fd >= 0) return UniqueFd(fd);
    if (errno == ELOOP && !linked) {
      linked = true;
      continue;
    }
    // A last link that is refused was not followed, and the kernel does not tell it from others before it.
    const bool unclear = errno == ELOOP && (flags & O_NOFOLLOW) && !(flags & O_PATH);
    if (!unclear && errno != EAGAIN && errno != EINTR) return std::unexpected(errno);
    // Or it could not be sure that ".." stayed beneath while something, anywhere on the machine, was being renamed. A
    // guest must not see what others do: the walk needs no such luck.
    if (unclear || race >= max_races_) {
      linked = false;
      return walk(dir, path, flags, mode, linked, work);
    }
  }
}

std::expected<UniqueFd, KernelError> PathResolver::reopen(int found, bool directory, int dir, const std::string& path,
                                                          int flags) const {
  const int how = (flags & ~O_NOFOLLOW) | O_NOCTTY | O_CLOEXEC;
  if (directory || proc_) {
    const std::string name = "/proc/self/fd/" + base::dec(static_cast<u64>(found));
    UniqueFd fd(directory ? ::openat(found, ".", how | O_DIRECTORY) : ::open(name.c_str(), how));
    if (!fd) return std::unexpected(errno);
    return fd;
  }
  auto fd = open(dir, path, flags & ~O_TRUNC);
  if (!fd) return fd;
  struct stat before{}, now{};
  if (::fstat(found, &before) != 0 || ::fstat(fd->get(), &now) != 0) return std::unexpected(errno);
  if (before.st_dev != now.st_dev || before.st_ino != now.st_ino) return std::unexpected(ESTALE);
  if ((flags & O_TRUNC) && ::ftruncate(fd->get(), 0) != 0) return std::unexpected(errno);
  return fd;
}

std::expected<UniqueFd, KernelError> PathResolver::walk(int base, std::string path, int flags, mode_t mode,
                                                        bool& linked, const Work* work) const {
  Trail trail(base);
  int links = 0, races = 0;
  for (usize at = 0;;) {  // where the rest begins in `path`
    if (work && work->stop.stopped()) return std::unexpected(EINTR);
    at = std::min(path.find_first_not_of('/', at), path.size());
    const usize end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    const bool slashed = end < path.size();
    const bool last = path.find_first_not_of('/', end) == std::string::npos;

    if (part.empty() || part == "." || part == "..") {
      if (part == "..") {
        if (trail.empty()) return std::unexpected(EXDEV);
        if (const int error = trail.leave()) return std::unexpected(error);
      }
      if (!last) {
        at = end;
        continue;
      }
      if (flags & O_CREAT) return std::unexpected(flags & O_EXCL ? EEXIST : EISDIR);
      const int fd = ::openat(trail.current(), ".", flags & ~O_NOFOLLOW, mode);
      if (fd < 0) return std::unexpected(errno);
      return UniqueFd(fd);
    }

    // A file is not made by a name that says directory; as in the kernel, whatever is there, and no link is followed.
    if (last && slashed && (flags & O_CREAT)) return std::unexpected(EISDIR);
    UniqueFd node(::openat(trail.current(), part.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!node && (errno != ENOENT || !last || !(flags & O_CREAT))) return std::unexpected(errno);
    struct stat st{};
    if (node && ::fstat(node.get(), &st) != 0) return std::unexpected(errno);

    if (node && S_ISLNK(st.st_mode)) {
      const bool follow = !last || slashed || !(flags & (O_NOFOLLOW | O_EXCL));
      if (!follow) {
        if (flags & O_EXCL) return std::unexpected(EEXIST);
        if (flags & O_DIRECTORY) return std::unexpected(ENOTDIR);
        if (flags & O_PATH) return node;
        return std::unexpected(ELOOP);
      }
      linked = true;
      if (++links > kMaxLinks) return std::unexpected(ELOOP);
      auto target = read_link(node.get());
      if (!target) return std::unexpected(target.error());
      if (target->empty()) return std::unexpected(ENOENT);
      if (target->front() == '/') return std::unexpected(EXDEV);
      path = *target + path.substr(end);  // longer than a path may be, as in the kernel; bounded by the number of links
      at = 0;
      continue;
    }

    if (!last) {
      if (!S_ISDIR(st.st_mode)) return std::unexpected(ENOTDIR);
      trail.enter(part, std::move(node));
      at = end;
      continue;
    }

    if (slashed) {
      if (!S_ISDIR(st.st_mode)) return std::unexpected(ENOTDIR);
    }
    const int fd = ::openat(trail.current(), part.c_str(), flags | O_NOFOLLOW | (slashed ? O_DIRECTORY : 0), mode);
    if (fd >= 0) return UniqueFd(fd);
    const int error = errno;
    // The component was swapped for a link between the look and the open: look again.
    const bool swapped = error == ELOOP || (error == ENOENT && node) ||
                         (error == EEXIST && !node && !(flags & O_EXCL)) ||
                         (error == ENOTDIR && node && S_ISDIR(st.st_mode));
    if (!swapped || ++races > kMaxRaces) return std::unexpected(error);
  }
}

std::expected<SplitPath, KernelError> split_last_name(std::string_view path) {
  SplitPath out;
  while (!path.empty() && path.back() == '/') {
    path.remove_suffix(1);
    out.trailing_slash = true;
  }
  const usize slash = path.rfind('/');
  out.name = std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
  if (out.name.empty() || out.name == "." || out.name == "..") return std::unexpected(EINVAL);
  if (out.name.size() > 255) return std::unexpected(ENAMETOOLONG);
  out.directory = slash == std::string_view::npos ? "." : std::string(path.substr(0, slash));
  if (out.directory.empty()) out.directory = "/";
  return out;
}

std::expected<ParentPlace, KernelError> PathResolver::parent(int dir, const std::string& path, Work* work) const {
  if (path.empty()) return std::unexpected(ENOENT);
  if (path.find('\0') != std::string::npos) return std::unexpected(EINVAL);
  if (path.size() >= kMaxPath) return std::unexpected(ENAMETOOLONG);
  auto split = split_last_name(path);
  if (!split) return std::unexpected(split.error());
  auto fd = open(dir, split->directory, O_PATH | O_DIRECTORY, 0, work);
  if (!fd) return std::unexpected(fd.error());
  return ParentPlace{std::move(*fd), std::move(split->name), split->trailing_slash};
}

}  // namespace dewar::boundary
