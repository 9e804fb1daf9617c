// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Creation of Stacks and the protocol of interrupts. The orders below are sequentially consistent on purpose: the word
// of reasons is always written first and read last, so that of two racing sides at least one sees the other.
#include "runtime/stack.h"

#include <algorithm>
#include <cerrno>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/print.h"
#include "runtime/futex.h"
#include "runtime/store.h"

namespace dewar::runtime {
namespace {

/// Inaccessible bytes on each side of the value region. Limits are checked before frames are made, so only a bug of
/// ours gets here.
constexpr u64 kGuardBytes = u64{64} << 10;

u64 address_of(const Slot* p) { return reinterpret_cast<std::uintptr_t>(p); }

void make_readable(int fd) {
  const u64 one = 1;
  // Fails only if the counter is full, and then it is readable anyway.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace

Result<NativeRegion> NativeRegion::create(u64 limit_bytes) {
  // What lies below the words is for stubs, and for signal handlers that an embedder runs without an alternate stack.
  constexpr u64 kSlackBytes = u64{64} << 10;
  const u64 frames = limit_bytes / sizeof(FrameHeader) + 1 + Stack::kMaxHostDepth;
  const u64 words = base::round_up_to_page(frames * kInterpRecordWords * sizeof(u64));
  auto mapping = base::Mapping::reserve(kGuardBytes + kSlackBytes + words + kGuardBytes);
  if (!mapping || !mapping->commit(kGuardBytes, kSlackBytes + words)) {
    return fail("limit-stack",
                "the system refuses " + base::human_size(words) + " of address space for return addresses");
  }
  NativeRegion region;
  region.top_ = reinterpret_cast<u64*>(mapping->data() + kGuardBytes + kSlackBytes + words);
  region.lowest_ = reinterpret_cast<u64>(region.top_) - words;
  region.mapping_ = std::move(*mapping);
  return region;
}

Result<std::unique_ptr<Stack>> Stack::create(Store& store, u64 bytes) {
  bytes &= ~u64{sizeof(Slot) - 1};
  if (bytes == 0 || bytes > kMaxBytes) {
    return fail("limit-stack", "a stack has between 8 and " + base::dec(kMaxBytes) + " bytes");
  }
  const u64 rounded = base::round_up_to_page(bytes);
  auto region = base::Mapping::reserve(kGuardBytes + rounded + kGuardBytes);
  if (!region || !region->commit(kGuardBytes, rounded)) {
    return fail("limit-stack", "the system refuses " + base::human_size(rounded) + " of address space for a stack");
  }
  std::unique_ptr<Stack> stack(new Stack(store));
  stack->region_ = std::move(*region);
  stack->base = reinterpret_cast<Slot*>(stack->region_.data() + kGuardBytes);
  stack->end = stack->base + bytes / sizeof(Slot);
  stack->limit.store(address_of(stack->end));
  // Without an arena there is nothing that could run there.
  if (store.engine().options().tier != Tier::interp && store.engine().native()) {
    auto native = NativeRegion::create(bytes);
    if (!native) return std::unexpected(std::move(native.error()));
    stack->native_region_ = std::move(*native);
    stack->native.sp = stack->native_region_.top();
  }
  if (store.engine().options().tier == Tier::random) {
    stack->dice = std::make_unique<TierDice>(TierDice{.state = store.engine().options().tiering.seed});
    stack->interrupt_word.store(kInterruptTiers);
  }
  store.stacks().push_back(stack.get());
  return stack;
}

Stack::~Stack() {
  std::erase(store.stacks(), this);
  const int fd = interrupt_fd_.load();
  if (fd >= 0) ::close(fd);
}

void Stack::interrupt(u32 reasons) {
  if (reasons == 0) return;
  const int saved_errno = errno;
  interrupt_word.fetch_or(reasons);
  limit.store(0);
  wait_word_.fetch_or(kWaitInterrupted);
  futex_wake(wait_word_);
  const int fd = interrupt_fd_.load();
  if (fd >= 0) make_readable(fd);
  errno = saved_errno;
}

void Stack::clear_interrupt(u32 reasons) {
  const u32 left = interrupt_word.fetch_and(~reasons) & ~reasons & ~kQuietInterrupts;
  if (left != 0) return;
  const int fd = interrupt_fd_.load();
  if (fd >= 0) {
    u64 count;
    [[maybe_unused]] const ssize_t got = ::read(fd, &count, sizeof count);
  }
  limit.store(address_of(end));
  // A reason that came meanwhile may have poisoned the limit before the line above, and its signal may be drained.
  if ((interrupt_word.load() & ~kQuietInterrupts) != 0) {
    limit.store(0);
    if (fd >= 0) make_readable(fd);
  }
}

int Stack::interrupt_fd() {
  int fd = interrupt_fd_.load();
  if (fd >= 0) return fd;
  const int fresh = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fresh < 0) return -1;
  int expected = -1;
  if (!interrupt_fd_.compare_exchange_strong(expected, fresh)) {
    ::close(fresh);
    return expected;
  }
  // An interrupt from before the descriptor was known has written nowhere.
  if ((interrupt_word.load() & ~kQuietInterrupts) != 0) make_readable(fresh);
  return fresh;
}

}  // namespace dewar::runtime
