// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The parking lot. A waiter is a node on the waiting thread's native stack, linked into the bucket of its address under
// the bucket's mutex; it sleeps on the futex word of its Stack, so that Stack::interrupt can wake it from a signal
// handler, where no mutex may be taken. Only the holder of the mutex links or unlinks; whoever unlinks a node decides
// its outcome.
#include "runtime/wait_queue.h"

#include <array>
#include <mutex>

#include "runtime/futex.h"
#include "runtime/store.h"

namespace dewar::runtime {

/// The part of Stack that this file may touch.
struct WaitAccess {
  static std::atomic<u32>& word(Stack& stack) { return stack.wait_word_; }
};

namespace {

struct Waiter {
  const u8* address = nullptr;
  std::atomic<u32>* word = nullptr;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
  bool queued = false;
};

struct Bucket {
  std::mutex mutex;
  Waiter* first = nullptr;
  Waiter* last = nullptr;

  void append(Waiter& w) {
    w.previous = last;
    (last ? last->next : first) = &w;
    last = &w;
    w.queued = true;
  }
  void remove(Waiter& w) {
    (w.previous ? w.previous->next : first) = w.next;
    (w.next ? w.next->previous : last) = w.previous;
    w.queued = false;
  }
};

Bucket& bucket_of(const u8* address) {
  static std::array<Bucket, 256> buckets;
  return buckets[(reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u) >> 56];
}

u64 load(const u8* address, u32 size) {
  return size == 8 ? __atomic_load_n(reinterpret_cast<const u64*>(address), __ATOMIC_SEQ_CST)
                   : __atomic_load_n(reinterpret_cast<const u32*>(address), __ATOMIC_SEQ_CST);
}

constexpr i64 kSecond = 1'000'000'000;

timespec now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

timespec after(timespec t, i64 ns) {
  t.tv_sec += ns / kSecond;
  t.tv_nsec += ns % kSecond;
  if (t.tv_nsec >= kSecond) {
    t.tv_nsec -= kSecond;
    ++t.tv_sec;
  }
  return t;
}

/// Nanoseconds until `deadline`, at least 0. The difference to a deadline made by after() fits.
i64 until(timespec deadline) {
  const timespec t = now();
  const i64 left = (deadline.tv_sec - t.tv_sec) * kSecond + (deadline.tv_nsec - t.tv_nsec);
  return left > 0 ? left : 0;
}

}  // namespace

WaitResult wait(Stack& stack, Memory& memory, u64 address, u64 expected, u32 size, i64 timeout_ns, i64* remaining_ns) {
  DEWAR_ASSERT(memory.type.shared && (size == 4 || size == 8), "wait on a memory that is not shared");
  DEWAR_ASSERT(memory.in_bounds(address, size) && address % size == 0, "wait at a bad address");
  if (remaining_ns) *remaining_ns = timeout_ns;
  const u8* host = memory.base + address;
  if (size == 4) expected = static_cast<u32>(expected);
  std::atomic<u32>& word = WaitAccess::word(stack);
  Bucket& bucket = bucket_of(host);
  Waiter self;
  self.address = host;
  self.word = &word;
  {
    const std::lock_guard lock(bucket.mutex);
    if (load(host, size) != expected) return WaitResult::not_equal;
    // The store before the load, in the one order of all such operations: an interrupt that this load does not see
    // sets its bit after the word was cleared.
    word.store(0);
    if ((stack.interrupt_word.load() & ~kQuietInterrupts) != 0) return WaitResult::interrupted;
    const WaitPolicy& policy = stack.store.wait_policy;
    if (policy.decide) {
      switch (policy.decide(policy.user, stack.store, memory, timeout_ns)) {
        case WaitDecision::sleep: break;
        case WaitDecision::time_out: return WaitResult::timed_out;
        case WaitDecision::deadlock: return WaitResult::deadlock;
      }
    }
    bucket.append(self);
  }

  timespec deadline{};
  if (timeout_ns >= 0) deadline = after(now(), timeout_ns);
  WaitResult ended = WaitResult::ok;
  for (;;) {
    const u32 bits = word.load();
    if (bits & kWaitNotified) return WaitResult::ok;  // the notifier has unlinked us
    if (bits & kWaitInterrupted) {
      ended = WaitResult::interrupted;
      break;
    }
    if (!futex_wait(word, 0, timeout_ns >= 0 ? &deadline : nullptr)) {
      ended = WaitResult::timed_out;
      break;
    }
  }
  const std::lock_guard lock(bucket.mutex);
  if (!self.queued) return WaitResult::ok;  // notified meanwhile: that notify counted us
  bucket.remove(self);
  if (ended == WaitResult::interrupted && remaining_ns && timeout_ns >= 0) *remaining_ns = until(deadline);
  return ended;
}

u32 notify(Memory& memory, u64 address, u32 count) {
  if (!memory.type.shared || count == 0) return 0;
  const u8* host = memory.base + address;
  Bucket& bucket = bucket_of(host);
  u32 woken = 0;
  const std::lock_guard lock(bucket.mutex);
  for (Waiter* w = bucket.first; w && woken < count;) {
    Waiter* next = w->next;
    if (w->address == host) {
      bucket.remove(*w);
      // Once the bit is set the waiter may return, and its node and even its Stack may go. Waking a word that is gone
      // is harmless: the kernel looks at nothing but the address.
      std::atomic<u32>* word = w->word;
      word->fetch_or(kWaitNotified);
      futex_wake(*word);
      ++woken;
    }
    w = next;
  }
  return woken;
}

}  // namespace dewar::runtime
