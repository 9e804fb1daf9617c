// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The slow paths of a CodeBuffer: growing, failing, patching.
#include "exec/baseline/masm/code_buffer.h"

#include <algorithm>
#include <cstring>

namespace dewar::exec::baseline {

namespace {

constexpr u32 kFirstBytes = 16 * 1024;

}  // namespace

u8* CodeBuffer::grow() {
  if (error_ == CodeError::kNone) {
    const u32 used = size();
    const u32 wanted = std::min(std::max(kFirstBytes, capacity_ * 2), max_bytes_);
    if (wanted > capacity_ && wanted - used >= kSlack) {
      if (u8* fresh = static_cast<u8*>(std::realloc(memory_.get(), wanted))) {
        static_cast<void>(memory_.release());
        memory_.reset(fresh);
        capacity_ = wanted;
        begin_ = fresh;
        cursor_ = fresh + used;
        limit_ = fresh + capacity_ - kSlack + 1;
        return cursor_;
      }
    }
    fail(CodeError::kOutOfSpace);
  }
  cursor_ = drain_;
  return cursor_;
}

void CodeBuffer::fail(CodeError error) {
  if (error_ != CodeError::kNone) return;
  error_ = error;
  memory_.reset();
  capacity_ = 0;
  begin_ = cursor_ = limit_ = drain_;
}

i32 CodeBuffer::read32(u32 at) const {
  i32 value = 0;
  if (holds(at, 4)) std::memcpy(&value, begin_ + at, sizeof(value));
  return value;
}

void CodeBuffer::reset() {
  error_ = CodeError::kNone;
  begin_ = cursor_ = memory_ ? memory_.get() : drain_;
  limit_ = memory_ ? begin_ + capacity_ - kSlack + 1 : drain_;
}

}  // namespace dewar::exec::baseline
