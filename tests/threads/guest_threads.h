// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs one Wasm module in several host threads over one shared memory: every thread has its own engine, store, instance
// and stack, as a real embedder's threads do. The module imports ("env", "memory") and exports "thread".
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "interrupt/engine_fixture.h"

namespace dewar::test {

/// A shared memory that lives outside any instance.
class SharedMemory {
 public:
  explicit SharedMemory(u32 min_pages, u32 max_pages) {
    wasm::MemoryType type;
    type.limits = {min_pages, max_pages, true, false};
    type.shared = true;
    auto made = owner_.store().new_memory(type);
    EXPECT_TRUE(made.has_value());
    if (made) memory_ = *made;
  }
  const std::shared_ptr<runtime::Memory>& get() const { return memory_; }

  template <class T>
  T read(u64 address) const {
    return __atomic_load_n(reinterpret_cast<const T*>(memory_->base + address), __ATOMIC_SEQ_CST);
  }
  template <class T>
  void write(u64 address, T value) {
    __atomic_store_n(reinterpret_cast<T*>(memory_->base + address), value, __ATOMIC_SEQ_CST);
  }

 private:
  TestEngine owner_;
  std::shared_ptr<runtime::Memory> memory_;
};

/// Calls "thread"(i, count) in `threads` threads at once and gives their i32 results in order of i. A thread whose call
/// does not return is a reported failure.
inline std::vector<i32> run_threads(const SharedMemory& memory, std::string_view wat, u32 threads, u32 count,
                                    const runtime::EngineOptions& options = {}) {
  std::vector<i32> results(threads, 0);
  std::vector<std::string> failures(threads);
  std::atomic<u32> ready = 0;
  std::vector<std::unique_ptr<TestEngine>> engines;
  std::vector<runtime::Instance*> instances;
  for (u32 i = 0; i < threads; ++i) {
    engines.push_back(std::make_unique<TestEngine>(options));
    engines.back()->share_memory("memory", memory.get());
    instances.push_back(engines.back()->load(wat));
    if (instances.back() == nullptr) return results;
  }
  std::vector<std::thread> running;
  for (u32 i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      ++ready;
      while (ready < threads) std::this_thread::yield();
      const runtime::Outcome outcome = engines[i]->call(*instances[i], "thread", {i, count});
      if (outcome == runtime::Outcome::returned) {
        results[i] = engines[i]->result_i32();
      } else {
        failures[i] = "thread " + std::to_string(i) +
                      " did not return: " + std::string(runtime::trap_message(engines[i]->stack().trap.kind));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
  return results;
}

}  // namespace dewar::test
