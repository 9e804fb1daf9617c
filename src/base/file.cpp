// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole files in and out; see file.h.
#include "base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/print.h"

namespace dewar::base {

namespace {

/// Closes a descriptor when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// Closes now and tells whether that went well.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

std::unexpected<Error> system_failure(const char* code, const std::string& path, const char* doing) {
  int error = errno;
  return fail(code, std::string(doing) + " '" + path + "': " + std::strerror(error));
}

bool write_all(int fd, std::span<const u8> contents) {
  while (!contents.empty()) {
    ssize_t done = ::write(fd, contents.data(), contents.size());
    if (done < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    contents = contents.subspan(static_cast<usize>(done));
  }
  return true;
}

}  // namespace

Result<std::vector<u8>> read_descriptor(int fd, const std::string& name, u64 max_size) {
  static constexpr usize kChunk = 64 * 1024;
  std::vector<u8> contents;
  struct stat info;
  usize wanted = kChunk;
  if (::fstat(fd, &info) == 0) {
    if (S_ISDIR(info.st_mode)) return fail("file-read", "'" + name + "' is a directory");
    if (S_ISREG(info.st_mode)) {
      u64 size = static_cast<u64>(info.st_size);
      if (size > max_size) {
        return fail("file-too-large",
                    "'" + name + "' has " + dec(size) + " bytes, more than the limit of " + dec(max_size));
      }
      // One byte more, so that the end of the file shows in the first read.
      wanted = static_cast<usize>(size) + 1;
    }
  }
  usize used = 0;
  for (;;) {
    if (contents.size() - used < 1) contents.resize(used + std::max(wanted, used / 2));
    ssize_t done = ::read(fd, contents.data() + used, contents.size() - used);
    if (done < 0) {
      if (errno == EINTR) continue;
      return system_failure("file-read", name, "cannot read");
    }
    if (done == 0) break;
    used += static_cast<usize>(done);
    if (used > max_size)
      return fail("file-too-large", "'" + name + "' has more bytes than the limit of " + dec(max_size));
    wanted = kChunk;
  }
  contents.resize(used);
  return contents;
}

Result<std::vector<u8>> read_file(const std::string& path, u64 max_size) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) {
    bool missing = errno == ENOENT || errno == ENOTDIR;
    return system_failure(missing ? "file-not-found" : "file-read", path, "cannot open");
  }
  return read_descriptor(fd.get(), path, max_size);
}

Result<void> write_file_atomically(const std::string& path, std::span<const u8> contents, u32 mode) {
  // A file put in the place of a device or a pipe would be one too many: /dev/null would be gone for everybody.
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) {
    Descriptor special(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    const bool done = special.get() >= 0 && write_all(special.get(), contents) && special.close();
    return done ? Result<void>() : system_failure("file-write", path, "cannot write");
  }
  std::string temporary = path + ".XXXXXX";
  Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return system_failure("file-write", path, "cannot create a file beside");
  bool written = write_all(fd.get(), contents) && ::fchmod(fd.get(), static_cast<mode_t>(mode)) == 0 &&
                 ::fsync(fd.get()) == 0 && fd.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    auto error = system_failure("file-write", path, "cannot write");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

}  // namespace dewar::base
