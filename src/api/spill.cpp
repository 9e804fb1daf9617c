// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

namespace dewar::api {

void SpillingSink::open() {
  path_ = folder_ + "/" + name_;
  const boundary::UniqueFd folder(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder) {
    ::unlinkat(folder.get(), name_.c_str(), 0);
    file_ = boundary::UniqueFd(
        ::openat(folder.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  }
  failed_ = !file_;
}

void SpillingSink::put(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    failed_ = n <= 0;
    if (n > 0) bytes.remove_prefix(static_cast<usize>(n));
  }
}

void SpillingSink::append(std::span<const u8> bytes) {
  const bool loses = kept_.total() + bytes.size() > room_;
  if (loses && !folder_.empty()) {
    if (path_.empty()) {
      // Nothing was lost so far: head and tail are the stream.
      open();
      put(kept_.head());
      put(kept_.tail());
    }
    put({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  kept_.append(bytes);
  total_ += bytes.size();
}

}  // namespace dewar::api
