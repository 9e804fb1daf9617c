// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest's name space: the granted mounts under a synthetic root that the runtime owns. `locate` says where a path
// leads before any kernel call is made: into one mount (with the rest of the path, for PathResolver), to a directory
// that exists only because a mount lies below it, or nowhere. The longest mount prefix wins; ".." is taken lexically
// where more than one mount is in play, so at worst a path means another granted mount, never something else.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "boundary/grants.h"
#include "boundary/memfs.h"
#include "boundary/path_rules.h"
#include "boundary/special_fs.h"
#include "boundary/unique_fd.h"

namespace dewar::boundary {

/// A mount as opened. `guest_path` is "" for the root, else "/a/b".
struct Mount {
  std::string guest_path;
  std::string host_path;          ///< for messages to the operator; empty for what is kept in memory
  Rights rights = 0;              ///< the most that may be done with anything in it
  UniqueFd fd;                    ///< O_PATH for a directory; opened for use for a file (a sealed memfd if in memory)
  std::unique_ptr<MemFs> memory;  ///< a folder in memory: then there is no fd, and no rules
  bool is_file = false;
  bool in_memory = false;
  bool ruled = false;           ///< rights differ from path to path, or something is denied: ask ruling()
  Rights tree_rights = 0;       ///< on everything in it, before denials
  std::vector<PathRule> paths;  ///< more rights on guest paths
  std::string real_path;        ///< "" for the host's root, else "/a/b"; known if `ruled`
  std::string source;           ///< who granted it
  DeviceCheck devices;

  /// Something may be done at the guest path or below it.
  bool reaches(std::string_view guest_path) const;
  /// The guest path only leads to such, and not by a wildcard: for the guest it is a directory of ours.
  bool only_leads(std::string_view guest_path) const;
};

/// Why a path means nothing at all.
enum class PathFault : u8 {
  empty,     ///< ""
  nul,       ///< holds a NUL byte
  encoding,  ///< is not valid UTF-8
  too_long,  ///< longer than 4095 bytes, or 16384 from the root
  absolute,  ///< starts with "/"
  escape,    ///< ".." above the directory that it is relative to
};

/// The directory that a path is relative to.
struct BaseDir {
  const Mount* mount = nullptr;  ///< null for a synthetic directory
  int fd = -1;                   ///< the open directory; -1 for a synthetic one
  std::string_view guest_path;   ///< "" for the root, else "/a/b"
  u64 node = 0;                  ///< in a memory mount
};

/// Where a path leads.
struct Place {
  enum class Kind : u8 {
    mount,      ///< into `mount`: open `path` beneath `dir`
    synthetic,  ///< a directory of ours, `guest_path`
    absent,     ///< not granted, nothing there
  };
  Kind kind = Kind::absent;
  const Mount* mount = nullptr;
  int dir = -1;
  u64 node = 0;              ///< in a memory mount: the directory that `path` starts from
  std::string path;          ///< relative, never empty, keeps its trailing slash
  std::string guest_path;    ///< lexical absolute path for reports: "/" or "/a/b"
  bool mount_point = false;  ///< the path names a mount itself: it cannot be removed or replaced
  bool trailing_slash = false;
  /// Not empty if it leads, lexically, above its directory: the path as written. Only links could keep it inside, as
  /// the kernel will say.
  std::string escape;
};

/// A directory's guest path and the path a guest gave from there, joined and not resolved: what it wrote, as a path.
std::string path_as_written(std::string_view directory, std::string_view path);

class MountTable {
 public:
  /// Mounts of the host, rules on paths and denials together: a guest pays nothing for having them looked through.
  static constexpr usize kMaxRules = 4096;

  /// Opens the mounts. Errors: "grant-mount-open", "grant-bad-path", "grant-duplicate-mount", "grant-reserved" (a host
  /// path was to appear at or below /dewar), "grant-special-fs" (see special_fs.h), "grant-overlap" (see
  /// check_overlaps), "grant-bad-pattern", "grant-too-many-rules".
  static Result<MountTable> open(const Grants& grants);

  /// In the order of the grants.
  const std::vector<Mount>& mounts() const { return mounts_; }
  /// The mount at "/" or null: then the root is synthetic.
  const Mount* root() const { return root_; }

  /// Where `path` leads from `base`.
  std::expected<Place, PathFault> locate(const BaseDir& base, std::string_view path) const;
  /// What may be done at a path of a mount ("" or "/" for the root). `asked` chooses the denial that is named.
  Ruling ruling(const Mount& mount, std::string_view guest_path, Rights asked = 0) const;
  /// The guest path at which an open file or directory of a ruled mount really is, links resolved; nothing if it is no
  /// longer in the mount.
  std::optional<std::string> real_place(const Mount& mount, int fd) const;
  bool has_denies() const { return !denies_.empty(); }
  /// How many patterns a path is held against that leads into the mount, or (null) into none.
  u64 patterns_for(const Mount* mount) const;

  /// Something is mounted below the lexical path ("" = root).
  bool is_ancestor(std::string_view guest_path) const;
  /// Names of the entries that exist in the directory `guest_path` because of mounts; sorted, unique. `is_file` says
  /// whether the entry is a mounted file.
  struct Child {
    std::string name;
    bool is_file;
    const Mount* mount;  ///< mounted here exactly, or null
  };
  std::vector<Child> children(std::string_view guest_path) const;

 private:
  struct Deny {
    PathRule guest;
    bool of_guest = true;  ///< `guest` has a pattern
    std::optional<PathPattern> host;
  };
  const Mount* find(std::string_view guest_path) const;
  Result<void> add_rules(const Grants& grants);
  std::vector<Mount> mounts_;
  std::vector<Deny> denies_;
  const Mount* root_ = nullptr;
};

}  // namespace dewar::boundary
