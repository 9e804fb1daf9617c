// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ordinary memory that code is written to before it is copied into the arena. One check admits up to kSlack bytes; they
// are then stored without further ones. A buffer that is full sets an error that stays, and further stores go to a
// place where they do no harm: no caller has to look before the end.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>

#include "base/types.h"

/// A function that is hardly ever called, by code whose instructions count: it saves the registers, so that a caller
/// that calls nothing else has none to save.
#if defined(__clang__)
#define DEWAR_RARE [[gnu::noinline, clang::preserve_most]]
#else
#define DEWAR_RARE [[gnu::noinline]]
#endif

namespace dewar::exec::baseline {

/// The first thing that went wrong; the code is then unusable until reset().
enum class CodeError : u8 {
  kNone,
  kOutOfSpace,  ///< the maximum was reached, or the system refused memory
  kOutOfReach,  ///< a jump promised to be near was not
  kBadPatch,    ///< a field outside of the code: a label of other code
};

class CodeBuffer {
 public:
  /// Most bytes that may be stored after one reserve().
  static constexpr u32 kSlack = 64;
  /// Distances in the code fit 31 bits.
  static constexpr u32 kMaxBytes = u32{1} << 30;

  /// At most `max_bytes` of memory, of which the last kSlack - 1 may stay unused. Nothing is allocated yet.
  explicit CodeBuffer(u32 max_bytes) : max_bytes_(max_bytes < kMaxBytes ? max_bytes : kMaxBytes) {}
  CodeBuffer(const CodeBuffer&) = delete;
  CodeBuffer& operator=(const CodeBuffer&) = delete;

  /// Where to store the next bytes, at most kSlack of them; commit() says where they ended.
  [[gnu::always_inline]] u8* reserve() {
    if (DEWAR_UNLIKELY(cursor_ >= limit_)) return grow();
    return cursor_;
  }
  [[gnu::always_inline]] void commit(u8* end) {
    DEWAR_ASSERT(end >= cursor_ && end - cursor_ <= i64{kSlack}, "more bytes than were reserved");
    cursor_ = end;
  }

  /// Bytes of code so far. Means nothing once there is an error.
  u32 size() const { return static_cast<u32>(cursor_ - begin_); }
  /// Offset of a place between reserve() and commit().
  u32 offset_of(const u8* place) const { return static_cast<u32>(place - begin_); }
  CodeError error() const { return error_; }
  /// Sets the error, if it is the first, and gives the memory back.
  void fail(CodeError error);
  /// The code; empty if there is an error. Valid until the next reserve().
  std::span<const u8> code() const {
    if (error_ != CodeError::kNone) return {};
    return {begin_, size()};
  }
  /// Replaces committed bytes. Fails with kBadPatch outside of them; does nothing once there is an error.
  void patch8(u32 at, i8 value) {
    if (DEWAR_UNLIKELY(!holds(at, 1))) return fail(CodeError::kBadPatch);
    begin_[at] = static_cast<u8>(value);
  }
  void patch32(u32 at, i32 value) {
    if (DEWAR_UNLIKELY(!holds(at, 4))) return fail(CodeError::kBadPatch);
    std::memcpy(begin_ + at, &value, sizeof(value));
  }
  /// Committed bytes; 0 outside of them or once there is an error.
  i32 read32(u32 at) const;
  /// Empty again, without error; memory is kept for the next function.
  void reset();

 private:
  struct Free {
    void operator()(u8* memory) const { std::free(memory); }
  };
  DEWAR_RARE u8* grow();
  bool holds(u32 at, u32 bytes) const { return error_ == CodeError::kNone && u64{at} + bytes <= size(); }

  u8* begin_ = drain_;
  u8* cursor_ = drain_;
  u8* limit_ = drain_;  ///< code may be added below it: kSlack bytes before the end of the memory, and one
  std::unique_ptr<u8, Free> memory_;
  u32 capacity_ = 0;
  u32 max_bytes_;
  CodeError error_ = CodeError::kNone;
  u8 drain_[kSlack] = {};  ///< takes the stores once there is an error
};

}  // namespace dewar::exec::baseline
