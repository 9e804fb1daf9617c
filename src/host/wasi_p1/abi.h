// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The binary interface of WASI preview 1 (witx of wasi_snapshot_preview1) and of the older wasi_unstable, which differs
// in three places only. Every struct states its padding as fields, so that zero-initialised values carry no host
// memory to the guest (GuestStruct checks it).
#pragma once

#include <string_view>

#include "base/types.h"

namespace dewar::wasi_p1 {

// clang-format off: it moves this macro with every run
/// X(name, number): the errors. ENOTCAPABLE is what a refusal looks like.
#define DEWAR_WASI_ERRNOS(X)                                                                                           \
  X(success, 0)                                                                                                        \
  X(too_big, 1)                                                                                                        \
  X(acces, 2) X(addrinuse, 3) X(addrnotavail, 4) X(afnosupport, 5) X(again, 6) X(already, 7) X(badf, 8) X(badmsg, 9)   \
      X(busy, 10) X(canceled, 11) X(child, 12) X(connaborted, 13) X(connrefused, 14) X(connreset, 15) X(deadlk, 16)    \
          X(destaddrreq, 17) X(dom, 18) X(dquot, 19) X(exist, 20) X(fault, 21) X(fbig, 22) X(hostunreach, 23)          \
              X(idrm, 24) X(ilseq, 25) X(inprogress, 26) X(intr, 27) X(inval, 28) X(io, 29) X(isconn, 30) X(isdir, 31) \
                  X(loop, 32) X(mfile, 33) X(mlink, 34) X(msgsize, 35) X(multihop, 36) X(nametoolong, 37)              \
                      X(netdown, 38) X(netreset, 39) X(netunreach, 40) X(nfile, 41) X(nobufs, 42) X(nodev, 43)         \
                          X(noent, 44) X(noexec, 45) X(nolck, 46) X(nolink, 47) X(nomem, 48) X(nomsg, 49)              \
                              X(noprotoopt, 50) X(nospc, 51) X(nosys, 52) X(notconn, 53) X(notdir, 54) X(notempty, 55) \
                                  X(notrecoverable, 56) X(notsock, 57) X(notsup, 58) X(notty, 59) X(nxio, 60)          \
                                      X(overflow, 61) X(ownerdead, 62) X(perm, 63) X(pipe, 64) X(proto, 65)            \
                                          X(protonosupport, 66) X(prototype, 67) X(range, 68) X(rofs, 69) X(spipe, 70) \
                                              X(srch, 71) X(stale, 72) X(timedout, 73) X(txtbsy, 74) X(xdev, 75)       \
                                                  X(notcapable, 76)
// clang-format on

enum class Errno : u16 {
#define X(name, number) name = number,
  DEWAR_WASI_ERRNOS(X)
#undef X
};

/// "ENOTCAPABLE"; "SUCCESS" for 0.
std::string_view errno_name(Errno error);
/// The closest error for a kernel errno.
Errno from_kernel(int error);

namespace rights {
inline constexpr u64 kFdDatasync = 1u << 0, kFdRead = 1u << 1, kFdSeek = 1u << 2, kFdFdstatSetFlags = 1u << 3,
                     kFdSync = 1u << 4, kFdTell = 1u << 5, kFdWrite = 1u << 6, kFdAdvise = 1u << 7,
                     kFdAllocate = 1u << 8, kPathCreateDirectory = 1u << 9, kPathCreateFile = 1u << 10,
                     kPathLinkSource = 1u << 11, kPathLinkTarget = 1u << 12, kPathOpen = 1u << 13,
                     kFdReaddir = 1u << 14, kPathReadlink = 1u << 15, kPathRenameSource = 1u << 16,
                     kPathRenameTarget = 1u << 17, kPathFilestatGet = 1u << 18, kPathFilestatSetSize = 1u << 19,
                     kPathFilestatSetTimes = 1u << 20, kFdFilestatGet = 1u << 21, kFdFilestatSetSize = 1u << 22,
                     kFdFilestatSetTimes = 1u << 23, kPathSymlink = 1u << 24, kPathRemoveDirectory = 1u << 25,
                     kPathUnlinkFile = 1u << 26, kPollFdReadwrite = 1u << 27, kSockShutdown = 1u << 28,
                     kSockAccept = 1u << 29;
inline constexpr u64 kAll = (1u << 30) - 1;
}  // namespace rights

enum Filetype : u8 {
  kTypeUnknown = 0,
  kTypeBlockDevice = 1,
  kTypeCharacterDevice = 2,
  kTypeDirectory = 3,
  kTypeRegularFile = 4,
  kTypeSocketDgram = 5,
  kTypeSocketStream = 6,
  kTypeSymbolicLink = 7,
};

enum Oflags : u16 { kOpenCreate = 1, kOpenDirectory = 2, kOpenExclusive = 4, kOpenTruncate = 8 };
enum Fdflags : u16 { kFdAppend = 1, kFdDsync = 2, kFdNonblock = 4, kFdRsync = 8, kFdSyncFlag = 16 };
inline constexpr u16 kFdflagsAll = 31;
inline constexpr u32 kLookupSymlinkFollow = 1;
enum Fstflags : u16 { kSetAtime = 1, kSetAtimeNow = 2, kSetMtime = 4, kSetMtimeNow = 8 };
enum EventType : u8 { kEventClock = 0, kEventFdRead = 1, kEventFdWrite = 2 };
inline constexpr u16 kClockAbsolute = 1;
inline constexpr u16 kEventHangup = 1;
enum Riflags : u16 { kRecvPeek = 1, kRecvWaitAll = 2 };
enum Sdflags : u8 { kShutRead = 1, kShutWrite = 2 };
inline constexpr u32 kMaxClockId = 3;
inline constexpr u32 kMaxSignal = 30;
inline constexpr u32 kMaxAdvice = 5;

struct Fdstat {
  u8 filetype = 0;
  u8 pad0 = 0;
  u16 flags = 0;
  u8 pad1[4] = {};
  u64 rights_base = 0;
  u64 rights_inheriting = 0;
};
static_assert(sizeof(Fdstat) == 24);

inline constexpr u8 kPreopenSocket = 1;

struct Prestat {
  u8 tag = 0;  ///< 0 = directory; 1 = socket, which the definition does not have (docs/wasi.md)
  u8 pad[3] = {};
  u32 name_size = 0;
};
static_assert(sizeof(Prestat) == 8);

struct Dirent {
  u64 next = 0;
  u64 inode = 0;
  u32 name_size = 0;
  u8 filetype = 0;
  u8 pad[3] = {};
};
static_assert(sizeof(Dirent) == 24);

struct Event {
  u64 userdata = 0;
  u16 error = 0;
  u8 type = 0;
  u8 pad0[5] = {};
  u64 nbytes = 0;
  u16 flags = 0;
  u8 pad1[6] = {};
};
static_assert(sizeof(Event) == 32);

/// What a file is, before it is put into one of the two layouts.
struct FileInfo {
  u64 device = 0, inode = 0;
  u8 filetype = 0;
  u64 links = 0, size = 0, atime = 0, mtime = 0, ctime = 0;
};

/// wasi_snapshot_preview1.
struct Snapshot1 {
  static constexpr std::string_view kModule = "wasi_snapshot_preview1";
  static constexpr u8 kSeekSet = 0, kSeekCurrent = 1, kSeekEnd = 2;
  struct Filestat {
    u64 device = 0, inode = 0;
    u8 filetype = 0;
    u8 pad[7] = {};
    u64 links = 0, size = 0, atime = 0, mtime = 0, ctime = 0;
  };
  static_assert(sizeof(Filestat) == 64);
  struct Subscription {
    u64 userdata = 0;
    u8 type = 0;
    u8 pad0[7] = {};
    u32 id = 0;  ///< clock, or handle
    u8 pad1[4] = {};
    u64 timeout = 0;
    u64 precision = 0;
    u16 flags = 0;
    u8 pad2[6] = {};
    u32 handle() const { return id; }
  };
  static_assert(sizeof(Subscription) == 48);
};

/// wasi_unstable.
struct Unstable {
  static constexpr std::string_view kModule = "wasi_unstable";
  static constexpr u8 kSeekCurrent = 0, kSeekEnd = 1, kSeekSet = 2;
  struct Filestat {
    u64 device = 0, inode = 0;
    u8 filetype = 0;
    u8 pad[3] = {};
    u32 links = 0;
    u64 size = 0, atime = 0, mtime = 0, ctime = 0;
  };
  static_assert(sizeof(Filestat) == 56);
  struct Subscription {
    u64 userdata = 0;
    u8 type = 0;
    u8 pad0[7] = {};
    u64 identifier = 0;  ///< of a clock subscription; its lower half is the handle of the others
    u32 id = 0;
    u8 pad1[4] = {};
    u64 timeout = 0;
    u64 precision = 0;
    u16 flags = 0;
    u8 pad2[6] = {};
    u32 handle() const { return static_cast<u32>(identifier); }
  };
  static_assert(sizeof(Subscription) == 56);
};

}  // namespace dewar::wasi_p1
