// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Grants: everything that a run may use of its host, as values. What is not here is not granted; there are no defaults
// taken from the process (environment, working directory, time). The flags and policy files of the program only fill
// this in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "boundary/clock.h"

namespace dewar::boundary {

/// Rights of a mount. A set.
enum Right : u8 {
  kRead = 1 << 0,    ///< read files and directories, see metadata and links
  kWrite = 1 << 1,   ///< change contents, sizes and times of what exists
  kCreate = 1 << 2,  ///< make new names
  kDelete = 1 << 3,  ///< remove names
};
using Rights = u8;
inline constexpr Rights kReadOnly = kRead;
inline constexpr Rights kReadWrite = kRead | kWrite | kCreate | kDelete;

/// "read", "write", "create", "delete" joined by commas.
std::string rights_text(Rights rights);

/// How a pattern of paths is meant (see boundary/path_rules.h).
enum class PatternKind : u8 {
  exact,  ///< this very path
  tree,   ///< it and everything below
  glob,   ///< with "*" and "**"
};

/// More rights on parts of a mount.
struct PathGrant {
  std::string pattern;  ///< absolute guest path at or below the mount's, or a pattern of such
  PatternKind kind = PatternKind::exact;
  Rights rights = 0;
  std::string source;  ///< who says so, for records: "policy line 7", "option --allow"
};

/// A directory or a single file of the host that appears at a guest path.
struct MountGrant {
  std::string host_path;
  std::string guest_path;
  Rights rights = kReadOnly;       ///< on everything in it; 0 if only `paths` says what may be done
  std::string source = "a grant";  ///< as in PathGrant
  std::vector<PathGrant> paths = {};

  /// What may be done with something in it.
  Rights most() const {
    Rights all = rights;
    for (const PathGrant& path : paths) all |= path.rights;
    return all;
  }
};

/// Rights that are taken away wherever the pattern matches, whatever grants them.
struct DenyGrant {
  std::string guest_pattern;  ///< absolute glob of guest paths, or empty: then only host paths are meant
  std::string host_pattern;   ///< the same of resolved host paths, or empty
  Rights rights = 0;
  std::string source;
};

/// A read-only file with given contents, kept in memory only.
struct FileGrant {
  std::string guest_path;
  std::string contents;
};

/// A socket of the host that a guest starts with. Nothing else of the network can be reached, and nothing is looked up.
struct SocketGrant {
  enum class Kind : u8 {
    listen,    ///< a new socket that listens on `address`
    listener,  ///< `fd` of this process, which listens
    stream,    ///< `fd` of this process, which is connected
  };
  Kind kind = Kind::listen;
  std::string address;  ///< "127.0.0.1:8080" or "[::1]:8080"
  int fd = -1;          ///< is duplicated, never closed
};

/// A folder in memory, empty at the start: scratch space, or a place for results.
struct MemoryMountGrant {
  std::string guest_path;
  u64 max_bytes = 0;  ///< of everything in it, names and nodes included (see MemFs)
  Rights rights = kReadWrite;
};

enum class ClockPolicy : u8 { virtual_, real };
enum class RandomPolicy : u8 { seeded, real };
enum class StdinPolicy : u8 { closed, granted };  ///< closed: at end of file from the start

struct Grants {
  std::vector<MountGrant> mounts;
  std::vector<DenyGrant> denies;
  std::vector<FileGrant> files;
  std::vector<SocketGrant> sockets;
  std::vector<MemoryMountGrant> memory;
  std::vector<std::string> args;  ///< argv, with the program's name first
  std::vector<std::pair<std::string, std::string>> env;
  ClockPolicy clock = ClockPolicy::virtual_;
  u64 clock_start = Clock::kDefaultStart;
  RandomPolicy random = RandomPolicy::seeded;
  u64 seed = 0;
  StdinPolicy stdin_ = StdinPolicy::closed;
};

/// Absolute form of a guest path: "/a/b", no ".", no "..", no double or trailing slash; the root is "/". A relative
/// path counts from the root ("." is the root). Errors: "grant-bad-path".
Result<std::string> normalize_guest_path(std::string_view path);

/// `path` is the folder `prefix` or below it. Both in absolute form; the root as prefix is "".
bool is_path_within(std::string_view path, std::string_view prefix);

/// At or below /dewar, where the runtime's own files appear and nothing can be granted.
bool is_reserved_path(std::string_view guest_path);

/// "HOST" or "HOST::GUEST", as the flags --dir and --ro take it; without GUEST the guest path is HOST. Errors:
/// "grant-bad-path".
Result<MountGrant> parse_mount(std::string_view text, Rights rights);

}  // namespace dewar::boundary
