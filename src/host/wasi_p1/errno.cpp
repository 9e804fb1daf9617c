// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of the WASI errors, and their counterparts among the kernel's.
#include <errno.h>

#include "host/wasi_p1/abi.h"

namespace dewar::wasi_p1 {

namespace {

/// "notdir" becomes "ENOTDIR" at compile time.
template <usize N>
struct UpperName {
  char text[N + 1]{};
  consteval explicit UpperName(const char (&name)[N]) {
    text[0] = 'E';
    for (usize i = 0; i + 1 < N; ++i) text[i + 1] = static_cast<char>(name[i] - (name[i] >= 'a' ? 'a' - 'A' : 0));
  }
};

}  // namespace

std::string_view errno_name(Errno error) {
  switch (error) {
    case Errno::success: return "SUCCESS";
    case Errno::too_big: return "E2BIG";
    default: break;
  }
  switch (error) {
#define X(id, number)                     \
  case Errno::id: {                       \
    static constexpr UpperName name(#id); \
    return name.text;                     \
  }
    DEWAR_WASI_ERRNOS(X)
#undef X
  }
  return "EUNKNOWN";
}

Errno from_kernel(int error) {
  switch (error) {
    case 0: return Errno::success;
    case E2BIG: return Errno::too_big;
#define DEWAR_FROM_KERNEL(kernel, id) \
  case kernel: return Errno::id
      DEWAR_FROM_KERNEL(EACCES, acces);
      DEWAR_FROM_KERNEL(EAGAIN, again);
      DEWAR_FROM_KERNEL(EBADF, badf);
      DEWAR_FROM_KERNEL(EBUSY, busy);
      DEWAR_FROM_KERNEL(ECONNABORTED, connaborted);
      DEWAR_FROM_KERNEL(ECONNREFUSED, connrefused);
      DEWAR_FROM_KERNEL(ECONNRESET, connreset);
      DEWAR_FROM_KERNEL(EDQUOT, dquot);
      DEWAR_FROM_KERNEL(EEXIST, exist);
      DEWAR_FROM_KERNEL(EFAULT, fault);
      DEWAR_FROM_KERNEL(EFBIG, fbig);
      DEWAR_FROM_KERNEL(EHOSTUNREACH, hostunreach);
      DEWAR_FROM_KERNEL(EILSEQ, ilseq);
      DEWAR_FROM_KERNEL(EINTR, intr);
      DEWAR_FROM_KERNEL(EINVAL, inval);
      DEWAR_FROM_KERNEL(EIO, io);
      DEWAR_FROM_KERNEL(EISDIR, isdir);
      DEWAR_FROM_KERNEL(ELOOP, loop);
      DEWAR_FROM_KERNEL(EMFILE, mfile);
      DEWAR_FROM_KERNEL(EMLINK, mlink);
      DEWAR_FROM_KERNEL(ENAMETOOLONG, nametoolong);
      DEWAR_FROM_KERNEL(ENETDOWN, netdown);
      DEWAR_FROM_KERNEL(ENETRESET, netreset);
      DEWAR_FROM_KERNEL(ENETUNREACH, netunreach);
      DEWAR_FROM_KERNEL(ENFILE, nfile);
      DEWAR_FROM_KERNEL(ENOBUFS, nobufs);
      DEWAR_FROM_KERNEL(ENODEV, nodev);
      DEWAR_FROM_KERNEL(ENOENT, noent);
      DEWAR_FROM_KERNEL(ENOMEM, nomem);
      DEWAR_FROM_KERNEL(ENOSPC, nospc);
      DEWAR_FROM_KERNEL(ENOSYS, nosys);
      DEWAR_FROM_KERNEL(ENOTCONN, notconn);
      DEWAR_FROM_KERNEL(ENOTDIR, notdir);
      DEWAR_FROM_KERNEL(ENOTEMPTY, notempty);
      DEWAR_FROM_KERNEL(EOPNOTSUPP, notsup);
      DEWAR_FROM_KERNEL(ENXIO, nxio);
      DEWAR_FROM_KERNEL(EOVERFLOW, overflow);
      DEWAR_FROM_KERNEL(EPERM, perm);
      DEWAR_FROM_KERNEL(EPIPE, pipe);
      DEWAR_FROM_KERNEL(EROFS, rofs);
      DEWAR_FROM_KERNEL(ESPIPE, spipe);
      DEWAR_FROM_KERNEL(ESTALE, stale);
      DEWAR_FROM_KERNEL(ETIMEDOUT, timedout);
      DEWAR_FROM_KERNEL(ETXTBSY, txtbsy);
      DEWAR_FROM_KERNEL(EXDEV, xdev);
#undef DEWAR_FROM_KERNEL
    default: return Errno::io;
  }
}

}  // namespace dewar::wasi_p1
