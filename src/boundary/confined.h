// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Paths that cannot leave a directory. Every path a guest gives is opened here and nowhere else: with openat2 and
// RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, or where the kernel has no openat2 by walking the components with
// O_NOFOLLOW and resolving links by hand. In both, an absolute link, a ".." above the directory or a link that leads
// there is EXDEV. Neither limits the depth. Operations on names (unlink, rename, ...) go through the parent directory
// and one plain component.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <string_view>

#include "base/stop.h"
#include "base/types.h"
#include "boundary/unique_fd.h"

namespace dewar::boundary {

/// How paths are resolved. `bare` is a walk without the help of /proc, for a machine that has neither.
enum class ResolveMode : u8 { automatic, openat2, walk, bare };

/// Work that a call does for a guest and that the number of bytes it moves does not tell, in units of fuel. Of one
/// kind on every machine and for every kind of mount: docs/ABI.md, "Fuel".
struct Work {
  u64 units = 0;
  base::StopBits stop;  ///< long work ends early, with EINTR
};
/// Links that one resolution follows, as the kernel.
inline constexpr int kMaxLinks = 40;
/// For a resolution that follows links: what as many as may be, with targets of the greatest length, may take. How many
/// there were, the kernel does not tell.
inline constexpr u64 kLinkWork = kMaxLinks * 2048;

/// A kernel errno.
using KernelError = int;

/// The directory that holds a path's last component, and that component.
struct ParentPlace {
  UniqueFd dir;                 ///< opened with O_PATH
  std::string name;             ///< one component: no slash, not empty, not "." or ".."
  bool trailing_slash = false;  ///< the path ended in slashes: it must be a directory
  /// The name as kernel calls on names take it: with one slash appended if there was one. Those calls (mkdirat,
  /// unlinkat, renameat, symlinkat, linkat's target) do not follow a link there.
  std::string kernel_name() const { return trailing_slash ? name + "/" : name; }
};

/// A path taken apart at its last name.
struct SplitPath {
  std::string directory;  ///< what leads to the name; "." if nothing does
  std::string name;
  bool trailing_slash = false;
};
/// EINVAL where the last component is "." or "..", ENAMETOOLONG where it is longer than 255 bytes.
std::expected<SplitPath, KernelError> split_last_name(std::string_view path);

class PathResolver {
 public:
  /// Retries when a rename disturbed a resolution.
  static constexpr int kMaxRaces = 64;

  /// `automatic` finds out once whether the kernel has openat2. `max_races` is for tests of what comes after retries.
  explicit PathResolver(ResolveMode mode = ResolveMode::automatic, int max_races = kMaxRaces);

  bool uses_openat2() const { return openat2_; }

  /// Opens `path` beneath the directory `dir` (a relative path, not empty, without NUL). O_CLOEXEC and O_NOCTTY are
  /// added. With O_NOFOLLOW, a final link is ELOOP, or opened itself if O_PATH is given too. Links that were followed
  /// are added to `work`.
  std::expected<UniqueFd, KernelError> open(int dir, const std::string& path, int flags, mode_t mode = 0,
                                            Work* work = nullptr) const;

  /// Finds the parent. Errors as open(), and EINVAL with `last` set where the last component is "." or "..".
  std::expected<ParentPlace, KernelError> parent(int dir, const std::string& path, Work* work = nullptr) const;

  /// Opens for use what an O_PATH descriptor of a regular file or directory, found at this path, names: nothing else
  /// is opened, whatever the path means by now. Where /proc is missing the path is resolved again, and what is there
  /// must be the same file: else ESTALE.
  std::expected<UniqueFd, KernelError> reopen(int found, bool directory, int dir, const std::string& path,
                                              int flags) const;

 private:
  std::expected<UniqueFd, KernelError> resolve(int dir, const std::string& path, int flags, mode_t mode, bool& linked,
                                               const Work* work) const;
  std::expected<UniqueFd, KernelError> walk(int dir, std::string path, int flags, mode_t mode, bool& linked,
                                            const Work* work) const;
  bool openat2_;
  bool proc_;
  int max_races_;
};

/// Path ends in a component that is "." or ".." (trailing slashes aside).
bool ends_in_dots(std::string_view path);

}  // namespace dewar::boundary
