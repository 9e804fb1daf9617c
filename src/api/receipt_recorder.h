// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes the receipt of one run: hashes what goes in and out as it passes, every host call with its arguments, results
// and the ranges it wrote, and at the end what the run leaves behind.
#pragma once

#include <memory>

#include "api/receipt.h"
#include "api/run.h"
#include "api/run_watcher.h"
#include "boundary/boundary.h"

namespace dewar::api {

class ReceiptRecorder final : public RunWatcher, private boundary::Observer {
 public:
  /// Takes down what the run is given. `tool` and `command` go into the receipt as they are.
  ReceiptRecorder(const RunConfig& config, std::string tool, std::vector<std::string> command);
  ~ReceiptRecorder() override;

  /// Bytes of the files that a guest opened which are read in all when the run has ended.
  static constexpr u64 kMaxHashed = u64{1} << 30;

  boundary::OutputSink* output(int which, boundary::OutputSink* to) override;
  boundary::InputSource* input(boundary::InputSource* from) override;
  void starting(const wasm::Module& module, wasi_p1::Session& session) override;
  void ended(const Outcome& outcome, const wasi_p1::Session* session, const runtime::Store* store,
             const runtime::Instance* instance) override;

  /// After the run.
  const Receipt& receipt() const { return receipt_; }

 private:
  struct State;

  void before(const boundary::CallView&) override {}
  void after(const boundary::CallView& call) override;
  void fact(std::string name, std::string value) { receipt_.facts.push_back({std::move(name), std::move(value)}); }
  void given(const RunConfig& config);
  void files(const wasi_p1::Session& session);
  void left_behind(const runtime::Store& store, const runtime::Instance* instance);

  Receipt receipt_;
  std::unique_ptr<State> state_;
};

}  // namespace dewar::api
