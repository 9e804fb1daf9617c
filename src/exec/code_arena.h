// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one place that compiled code is in (design D8): a memfd mapped twice, executable at one address and writable at
// another. No address is ever both, and none becomes executable later: everything is mapped at creation, so a process
// that has given up PROT_EXEC (cli/harden_filter.h) goes on compiling. The file grows as code comes; what lies behind
// its end faults. Bytes that are no code of anybody are trap instructions.
//
// A child of fork() has neither of the mappings: they are shared, so it would write into its parent's code.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/mmap.h"
#include "exec/start_map.h"

namespace dewar::exec {

class CodeArena {
 public:
  /// Every place of code is a multiple of it.
  static constexpr u32 kAlign = 16;
  /// Everything in an arena is within reach of a 32-bit distance.
  static constexpr u64 kMaxBytes = u64{1} << 30;
  static constexpr u64 kDefaultBytes = u64{512} << 20;
  /// What a range takes besides its code rounded up to kAlign.
  static constexpr u32 kHeaderBytes = 16;

  /// A place for one piece of code, by its two addresses.
  struct Range {
    u8* write = nullptr;
    const u8* code = nullptr;
    u32 size = 0;
  };
  /// Whose code it is.
  struct Owner {
    void* object = nullptr;
    const u8* code = nullptr;  ///< where the range starts
    u32 size = 0;
  };

  /// An arena of `limit_bytes` (rounded up to pages, headers included) of address space, and no memory yet. Call it
  /// before the process is hardened. Error "no-memory".
  static Result<std::unique_ptr<CodeArena>> create(u64 limit_bytes = kDefaultBytes);

  /// A place for `size` bytes, filled with traps, or nothing if the limit or the system's memory is reached. `owner` is
  /// what find() gives for it, not null. From any thread.
  std::optional<Range> allocate(u32 size, void* owner);
  /// The code is written and will not change: from now on find() knows it, and threads that learn of it by an acquiring
  /// load may run it. Patching 4 aligned bytes later is up to the caller, who then says so by flush().
  void publish(const Range& range);
  /// Makes instruction fetches see what was written. x86-64 keeps its caches coherent by physical address, so there
  /// it orders nothing but the compiler's stores.
  static void flush(const u8* code, u32 size);
  /// Takes a range back, published or not, and fills it with traps. Nobody runs it, will return into it or knows its
  /// address any more.
  void release(const u8* code);

  /// Whose published code is at `pc`? Takes no lock and may be called in a signal handler. While that very code is
  /// being released the answer may be of before or after.
  std::optional<Owner> find(const void* pc) const;
  /// Is it an address where code may be?
  bool contains(const void* pc) const {
    return reinterpret_cast<usize>(pc) - reinterpret_cast<usize>(code_base()) < limit_;
  }
  /// The writable address of a byte of the arena.
  u8* writable(const u8* code) const {
    DEWAR_ASSERT(contains(code), "not an address of the arena");
    return write_base() + (code - code_base());
  }

  u64 limit_bytes() const { return limit_; }
  /// Bytes in ranges, headers and rounding included.
  u64 used_bytes() const;
  /// Bytes of memory taken from the system; never given back before the arena goes.
  u64 file_bytes() const;

  ~CodeArena();
  CodeArena(const CodeArena&) = delete;
  CodeArena& operator=(const CodeArena&) = delete;

 private:
  /// What stands before each range. Code that runs on into it meets traps.
  struct Header {
    u32 trap;  ///< as everywhere where no code is
    u32 size;  ///< of the code in bytes
    void* owner;
  };
  static_assert(sizeof(Header) == kHeaderBytes && kHeaderBytes == kAlign);

  explicit CodeArena(u64 limit) : limit_(limit) {}
  const u8* code_base() const { return code_.data() + kGuardBytes; }
  u8* write_base() const { return write_.data() + kGuardBytes; }
  const Header* header_of(const u8* code) const { return reinterpret_cast<const Header*>(code - kHeaderBytes); }
  u32 granule_of(const u8* code) const { return static_cast<u32>((code - code_base()) / kAlign); }
  void poison(u32 start, u32 count);
  bool grow(u32 granules);
  void add_free(u32 start, u32 count);
  void drop_free(std::map<u32, u32>::iterator range);

  /// Inaccessible bytes on both sides of both mappings.
  static constexpr u64 kGuardBytes = u64{64} << 10;

  const u64 limit_;
  base::Mapping write_;
  base::Mapping code_;
  int fd_ = -1;
  StartMap starts_;  ///< granules where published code starts

  mutable std::mutex mutex_;  ///< for all below
  u64 file_bytes_ = 0;
  u64 used_ = 0;
  std::map<u32, u32> free_;                      ///< granules that are in no range: start, count; never adjacent
  std::set<std::pair<u32, u32>> free_by_count_;  ///< the same as (count, start): the best fit comes first
};

}  // namespace dewar::exec
