// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls side by side, waiting, cancelled, reported, stopped, with a host whose runs end when the test says so.
#include "server/calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace dewar::server {
namespace {

using namespace std::chrono_literals;

class FakeHost final : public CodeHost {
 public:
  const std::vector<std::string>& languages() const override { return languages_; }
  std::optional<u64> wall_time_ms() const override { return 1000; }
  bool may_change_files() const override { return false; }
  api::Outcome refused(Error error) const override { return api::refused(std::move(error)); }
  void tell_operator(const std::string&, const api::Outcome&) override {}
  api::Outcome run(CodeRequest request, api::RunHandle& handle) override {
    std::unique_lock lock(mutex_);
    running_.insert(request.code);
    changed_.notify_all();
    while (!released_.contains(request.code) && !handle.cancelled()) changed_.wait_for(lock, 1ms);
    running_.erase(request.code);
    changed_.notify_all();
    api::Outcome outcome;
    outcome.message = request.code;
    return outcome;
  }
  void release(const std::string& code) {
    std::lock_guard lock(mutex_);
    released_.insert(code);
    changed_.notify_all();
  }
  void await(const std::set<std::string>& running) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return running_ == running; }));
  }

 private:
  std::vector<std::string> languages_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> running_, released_;
};

class CallsTest : public testing::Test {
 protected:
  bool start(Calls& calls, const std::string& id, std::string token = {}, usize bytes = 1,
             std::optional<u64> timeout_ms = std::nullopt) {
    CodeRequest request;
    request.code = id;
    request.timeout_ms = timeout_ms;
    return calls.start(id, std::move(request), bytes, std::move(token), [this, id](const api::Outcome* outcome) {
      std::lock_guard lock(mutex_);
      ended_.push_back(outcome ? outcome->message : id + " cancelled");
      changed_.notify_all();
    });
  }
  void await_ended(const std::vector<std::string>& wanted) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 60s, [&] { return ended_.size() >= wanted.size(); }));
    EXPECT_EQ(ended_, wanted);
  }

  FakeHost host_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> ended_;
};

TEST_F(CallsTest, SomeRunAndTheRestWaitsInOrder) {
  Calls calls(host_, {.parallel = 2, .waiting = 2});
  EXPECT_TRUE(start(calls, "a"));
  EXPECT_TRUE(start(calls, "b"));
  host_.await({"a", "b"});
  EXPECT_TRUE(start(calls, "c"));
  EXPECT_TRUE(start(calls, "d"));
  EXPECT_FALSE(start(calls, "e")) << "as many wait as may";
  EXPECT_TRUE(calls.active("a") && calls.active("d"));
  EXPECT_FALSE(calls.active("e"));
  host_.release("b");
  host_.await({"a", "c"});
  EXPECT_TRUE(start(calls, "f"));
  for (const char* id : {"a", "c", "d", "f"}) host_.release(id);
  host_.await({});
}

TEST_F(CallsTest, WaitingBytesAreBounded) {
  Calls calls(host_, {.parallel = 1, .waiting = 10, .waiting_bytes = 10});
  EXPECT_TRUE(start(calls, "big", {}, 1000)) << "what can run at once does not wait";
  host_.await({"big"});
  EXPECT_TRUE(start(calls, "a", {}, 6));
  EXPECT_FALSE(start(calls, "b", {}, 5));
  EXPECT_TRUE(start(calls, "c", {}, 4));
  calls.cancel("a");
  await_ended({"a cancelled"});
  EXPECT_TRUE(start(calls, "d", {}, 6));
}

TEST_F(CallsTest, CancellingEndsOneAndNoOther) {
  Calls calls(host_, {.parallel = 1});
  start(calls, "a");
  host_.await({"a"});
  start(calls, "b");
  start(calls, "c");
  calls.cancel("b");
  await_ended({"b cancelled"});
  calls.cancel("a");
  host_.await({"c"});
  calls.cancel("unknown");
  calls.cancel("a");
  host_.release("c");
  await_ended({"b cancelled", "a cancelled", "c"});
}

TEST_F(CallsTest, ReportsAreOfRunningCallsWithAToken) {
  Calls calls(host_, {.parallel = 2, .progress_ms = 0});
  EXPECT_EQ(calls.report_in(), -1);
  start(calls, "quiet");
  start(calls, "loud", "\"t\"", 1, 50);
  start(calls, "waiting", "3");
  host_.await({"quiet", "loud"});
  EXPECT_EQ(calls.report_in(), 0);
  std::vector<std::string> seen;
  calls.report([&](const std::string& token, u64, std::optional<u64> allowed, std::optional<u64> fuel) {
    seen.push_back(token);
    EXPECT_EQ(allowed, 50u);
    EXPECT_FALSE(fuel) << "nothing that uses fuel runs here";
  });
  EXPECT_EQ(seen, std::vector<std::string>{"\"t\""});
  calls.cancel("loud");
  calls.cancel("waiting");
  await_ended({"waiting cancelled", "loud cancelled"});
  EXPECT_EQ(calls.report_in(), -1);
  calls.report(
      [](const std::string&, u64, std::optional<u64>, std::optional<u64>) { ADD_FAILURE() << "after its end"; });
}

TEST_F(CallsTest, TheOperatorsTimeIsTheMost) {
  Calls calls(host_, {.parallel = 2, .progress_ms = 0});
  start(calls, "a", "1", 1, 5000);
  host_.await({"a"});
  calls.report(
      [&](const std::string&, u64, std::optional<u64> allowed, std::optional<u64>) { EXPECT_EQ(allowed, 1000u); });
}

TEST_F(CallsTest, StoppingCancelsAndWaits) {
  Calls calls(host_, {.parallel = 2});
  for (const char* id : {"a", "b", "c"}) start(calls, id);
  host_.await({"a", "b"});
  calls.stop();
  host_.await({});
  EXPECT_FALSE(start(calls, "d"));
  std::ranges::sort(ended_);
  EXPECT_EQ(ended_, (std::vector<std::string>{"a cancelled", "b cancelled"}));
}

}  // namespace
}  // namespace dewar::server
