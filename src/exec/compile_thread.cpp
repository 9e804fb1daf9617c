// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/compile_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <pthread.h>
#include <signal.h>

#include "exec/tier.h"

namespace dewar::exec {

namespace {

class CompileThread {
 public:
  static constexpr usize kMostWaiting = 1024;

  explicit CompileThread(runtime::Engine& engine) : engine_(engine) {
    // Signals are for threads that know what to do with them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const auto run = [](void* self) -> void* {
      static_cast<CompileThread*>(self)->run();
      return nullptr;
    };
    started_ = pthread_create(&thread_, nullptr, run, this) == 0;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~CompileThread() {
    {
      std::lock_guard lock(mutex_);
      stop_.store(1, std::memory_order_relaxed);
    }
    changed_.notify_all();
    if (started_) pthread_join(thread_, nullptr);
  }
  CompileThread(const CompileThread&) = delete;
  CompileThread& operator=(const CompileThread&) = delete;

  bool add(runtime::FuncCode& code) {
    {
      std::lock_guard lock(mutex_);
      if (!started_ || jobs_.size() >= kMostWaiting) return false;
      jobs_.push_back({base::Ref<runtime::CodeSet>(code.set), &code});
    }
    changed_.notify_all();
    return true;
  }

  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !started_ || (jobs_.empty() && !busy_); });
  }

 private:
  struct Job {
    base::Ref<runtime::CodeSet> set;  ///< keeps the function
    runtime::FuncCode* code;
  };

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_.load(std::memory_order_relaxed) != 0 || !jobs_.empty(); });
      if (stop_.load(std::memory_order_relaxed) != 0) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      busy_ = true;
      lock.unlock();
      compile_now(engine_, *job.code, {&stop_, 1});
      job.set = nullptr;  // perhaps the last one that knew the set
      lock.lock();
      busy_ = false;
      changed_.notify_all();
    }
  }

  runtime::Engine& engine_;
  pthread_t thread_{};
  bool started_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;  ///< jobs, or nothing to do, or the end
  std::deque<Job> jobs_;
  bool busy_ = false;
  std::atomic<u32> stop_{0};
};

/// The engine's thread, made on demand.
std::shared_ptr<CompileThread> thread_of(runtime::Engine& engine, bool make) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::shared_ptr<void>& thread = engine.compiler_thread();
  if (!thread && make) thread = std::make_shared<CompileThread>(engine);
  return std::static_pointer_cast<CompileThread>(thread);
}

}  // namespace

bool compile_elsewhere(runtime::Engine& engine, runtime::FuncCode& code) { return thread_of(engine, true)->add(code); }

void wait_for_compiler(runtime::Engine& engine) {
  if (const auto thread = thread_of(engine, false)) thread->wait();
}

}  // namespace dewar::exec
