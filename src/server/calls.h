// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs for clients, side by side: a few at a time, a bounded number waiting. Each can be cancelled, waiting or running,
// and its progress told. Everything here may be called by one thread, while runs go on in others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/code_request.h"

namespace dewar::server {

struct CallLimits {
  usize parallel = 4;
  usize waiting = 64;
  usize waiting_bytes = usize{64} << 20;  ///< of requests that wait
  int progress_ms = 500;                  ///< between two reports
};

class Calls {
 public:
  /// How a call ended, on the thread that ran it; null if it was cancelled, on whatever thread.
  using Done = std::function<void(const api::Outcome*)>;
  /// Progress of the call with this token. `fuel` = used so far, as far as it is known.
  using Progress = std::function<void(const std::string& token, u64 elapsed_ms, std::optional<u64> allowed_ms,
                                      std::optional<u64> fuel)>;

  Calls(CodeHost& host, const CallLimits& limits) : host_(host), limits_(limits) {}
  ~Calls() { stop(); }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  /// Takes a call; false if too many wait. `bytes` = the size of its request, `token` may be empty.
  bool start(std::string id, CodeRequest request, usize bytes, std::string token, Done done);
  /// A call with this id is waiting or running.
  bool active(const std::string& id);
  /// Ends the call with this id, if there is one. Its `done` is called with null.
  void cancel(const std::string& id);
  /// Reports calls whose time for it has come. No report comes after the call's `done`.
  void report(const Progress& progress);
  /// Milliseconds until report() is to be called again; -1 if nothing is to be reported.
  int report_in();
  /// Cancels everything and waits for it. No call is taken afterwards.
  void stop();

 private:
  struct Call {
    std::string id, token;
    CodeRequest request;
    usize bytes = 0;  ///< that count as waiting
    std::optional<u64> allowed_ms;
    Done done;
    api::RunHandle handle;
    std::chrono::steady_clock::time_point started, reported;
  };

  void work();

  CodeHost& host_;
  const CallLimits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Call>> waiting_;
  std::vector<std::shared_ptr<Call>> running_;
  std::vector<std::thread> workers_;
  usize waiting_bytes_ = 0;
  bool stopping_ = false;
};

}  // namespace dewar::server
