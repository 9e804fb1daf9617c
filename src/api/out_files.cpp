// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A walk over the guest's tree, depth first, without recursion. Every name is one component, opened in its directory
// with O_NOFOLLOW and O_EXCL, so whatever somebody puts into the folder meanwhile is neither followed nor replaced.
#include "api/out_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <vector>

#include "base/sha256.h"
#include "base/utf8.h"

namespace dewar::api {
namespace {

using boundary::MemFs;
using boundary::UniqueFd;

constexpr usize kMaxDepth = 64;
constexpr usize kMaxListed = 10'000;
constexpr usize kMaxSkipped = 256;
constexpr usize kMaxListedText = usize{1} << 20;  // a deep folder would be repeated in every path
constexpr usize kPiece = 65536;

// Nothing that a terminal obeys or that hides or reorders text. (A backslash is only escaped because it escapes.)
bool is_plain(const std::string& name) {
  std::string text = name;
  std::erase(text, '\\');
  return base::escape_for_terminal(text) == text;
}

bool is_empty(int dir) {
  const int fd = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto close = [](DIR* stream) { ::closedir(stream); };
  const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(fd), close);
  if (!stream) {
    ::close(fd);
    return false;
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") return false;
  }
  return true;
}

struct Level {
  UniqueFd dir;
  std::string path;  ///< "" or "a/b/"
  std::vector<MemFs::Entry> entries;
  usize next = 0;
};

class Writer {
 public:
  Writer(const MemFs& files, u64 max_bytes, Outcome& outcome) : files_(files), left_(max_bytes), outcome_(outcome) {}

  void run(UniqueFd top) {
    enter(std::move(top), "", MemFs::kRoot);
    while (!levels_.empty()) {
      Level& level = levels_.back();
      if (level.next == level.entries.size()) {
        levels_.pop_back();
        continue;
      }
      const MemFs::Entry& entry = level.entries[level.next++];
      const std::string path = level.path + entry.name;
      if (!is_plain(entry.name)) {
        skip(path, "name");
      } else if (entry.kind == MemFs::Kind::link) {
        skip(path, "symbolic-link");
      } else if (entry.kind == MemFs::Kind::file) {
        file(level.dir.get(), entry, path);
      } else if (levels_.size() >= kMaxDepth) {
        skip(path, "too-deep");
      } else {
        directory(level.dir.get(), entry, path);
      }
    }
  }

 private:
  void enter(UniqueFd dir, std::string path, u64 node) {
    // As large as the memory mount lets it be.
    levels_.push_back({std::move(dir), std::move(path), *files_.list(node, SIZE_MAX, SIZE_MAX), 0});
  }

  void skip(const std::string& path, const char* reason) {
    if (outcome_.skipped_outputs.size() < kMaxSkipped && text_ + path.size() <= kMaxListedText) {
      text_ += path.size();
      outcome_.skipped_outputs.push_back({path, reason});
    } else {
      ++outcome_.unlisted_skipped_outputs;
    }
  }
  void failed(const std::string& path, int error) {
    outcome_.outputs_failed = true;
    skip(path, error == EEXIST ? "exists" : "write-failed");
  }

  void directory(int parent, const MemFs::Entry& entry, const std::string& path) {
    if (::mkdirat(parent, entry.name.c_str(), 0755) != 0) return failed(path, errno);
    UniqueFd dir(::openat(parent, entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!dir) return failed(path, errno);
    enter(std::move(dir), path + "/", entry.node);
  }

  void file(int parent, const MemFs::Entry& entry, const std::string& path) {
    const u64 size = files_.status(entry.node).size;
    if (size > left_) return skip(path, "too-large");  // with holes it may say more than it holds
    UniqueFd fd(::openat(parent, entry.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!fd) return failed(path, errno);
    base::Sha256 hash;
    if (!copy(entry.node, size, fd.get(), hash)) {
      const int error = errno;
      ::unlinkat(parent, entry.name.c_str(), 0);
      return failed(path, error == EEXIST ? EIO : error);
    }
    left_ -= size;
    if (outcome_.outputs.size() < kMaxListed && text_ + path.size() <= kMaxListedText) {
      text_ += path.size();
      outcome_.outputs.push_back({path, size, hash.finish()});
    } else {
      ++outcome_.unlisted_outputs;
    }
  }

  bool copy(u64 node, u64 size, int fd, base::Sha256& hash) {
    std::array<u8, kPiece> piece;
    for (u64 at = 0; at < size;) {
      const usize n = files_.read(node, at, piece).value_or(0);
      if (n == 0) return false;
      hash.update(std::span(piece).first(n));
      for (usize done = 0; done < n;) {
        const ssize_t written = ::write(fd, piece.data() + done, n - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        done += static_cast<usize>(written);
      }
      at += n;
    }
    return true;
  }

  const MemFs& files_;
  u64 left_;
  Outcome& outcome_;
  usize text_ = 0;
  std::vector<Level> levels_;
};

}  // namespace

Result<void> OutFiles::open(const OutFolder& folder) {
  const auto failed = [&](const std::string& why, const char* hint) {
    return fail("out-folder", "the folder " + folder.host_path + " for the program's files " + why, Error::kNoOffset,
                hint);
  };
  folder_ = folder;
  made_ = ::mkdir(folder.host_path.c_str(), 0755) == 0;
  if (!made_ && errno != EEXIST) {
    return failed("cannot be made: " + std::string(strerror(errno)), "name one in a folder that exists");
  }
  dir_ = UniqueFd(::open(folder.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir_) return failed("cannot be opened: " + std::string(strerror(errno)), "name a new or an empty folder");
  if (!is_empty(dir_.get())) {
    dir_.reset();
    return failed("is not empty", "nothing is overwritten: name a new or an empty folder");
  }
  return {};
}

void OutFiles::write(const MemFs& files, Outcome& outcome) {
  Writer(files, folder_.max_bytes, outcome).run(std::move(dir_));
}

void OutFiles::abandon() {
  if (made_ && dir_) ::rmdir(folder_.host_path.c_str());
  dir_.reset();
}

}  // namespace dewar::api
