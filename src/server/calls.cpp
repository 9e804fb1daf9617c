// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads are made as they are needed, up to the number of runs side by side. A call leaves `running_` under the lock
// that reports are made under, which is why none can follow its end.
#include "server/calls.h"

#include <algorithm>

namespace dewar::server {

namespace {

constexpr std::chrono::milliseconds kTimeToAnswer(1);

template <class List>
auto find_call(List& list, const std::string& id) {
  return std::ranges::find_if(list, [&](const auto& call) { return call->id == id; });
}

}  // namespace

bool Calls::start(std::string id, CodeRequest request, usize bytes, std::string token, Done done) {
  auto call = std::make_shared<Call>();
  call->id = std::move(id);
  call->token = std::move(token);
  call->bytes = bytes;
  call->allowed_ms = host_.wall_time_ms();
  if (request.timeout_ms) call->allowed_ms = std::min(*request.timeout_ms, call->allowed_ms.value_or(UINT64_MAX));
  call->request = std::move(request);
  call->done = std::move(done);
  std::lock_guard lock(mutex_);
  if (stopping_) return false;
  // Counted without regard to whether a thread has taken up yet what it may: that is only a matter of time.
  const usize busy = running_.size() + waiting_.size();
  if (busy < limits_.parallel) {
    call->bytes = 0;
  } else if (busy - limits_.parallel >= limits_.waiting || bytes > limits_.waiting_bytes - waiting_bytes_) {
    return false;
  }
  waiting_bytes_ += call->bytes;
  waiting_.push_back(std::move(call));
  if (busy >= workers_.size() && workers_.size() < limits_.parallel) workers_.emplace_back([this] { work(); });
  wake_.notify_one();
  return true;
}

void Calls::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Call> call = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= call->bytes;
    call->started = call->reported = std::chrono::steady_clock::now();
    running_.push_back(call);
    lock.unlock();
    const api::Outcome outcome = host_.run(std::move(call->request), call->handle);
    lock.lock();
    std::erase(running_, call);
    const bool cancelled = call->handle.cancelled();
    lock.unlock();
    call->done(cancelled ? nullptr : &outcome);
    call->done = nullptr;
    lock.lock();
  }
}

bool Calls::active(const std::string& id) {
  std::lock_guard lock(mutex_);
  return find_call(waiting_, id) != waiting_.end() || find_call(running_, id) != running_.end();
}

void Calls::cancel(const std::string& id) {
  std::unique_lock lock(mutex_);
  if (const auto it = find_call(running_, id); it != running_.end()) {
    (*it)->handle.cancel();
  } else if (const auto at = find_call(waiting_, id); at != waiting_.end()) {
    const std::shared_ptr<Call> call = std::move(*at);
    waiting_.erase(at);
    waiting_bytes_ -= call->bytes;
    lock.unlock();
    call->done(nullptr);
  }
}

void Calls::report(const Progress& progress) {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  std::vector<Call*> due;
  for (const auto& call : running_) {
    if (call->token.empty() || call->handle.cancelled()) continue;
    if (now - call->reported < std::chrono::milliseconds(limits_.progress_ms)) continue;
    call->handle.ask_fuel();
    due.push_back(call.get());
  }
  // A program that is in a loop, as most are, answers at once; what another one said last is told otherwise.
  if (!due.empty()) std::this_thread::sleep_for(kTimeToAnswer);
  for (Call* call : due) {
    call->reported = now;
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - call->started).count();
    progress(call->token, static_cast<u64>(elapsed), call->allowed_ms, call->handle.fuel_used());
  }
}

int Calls::report_in() {
  std::lock_guard lock(mutex_);
  const auto wants = [](const auto& call) { return !call->token.empty(); };
  return std::ranges::any_of(running_, wants) || std::ranges::any_of(waiting_, wants) ? limits_.progress_ms : -1;
}

void Calls::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& call : running_) call->handle.cancel();
    waiting_.clear();
    waiting_bytes_ = 0;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

}  // namespace dewar::server
