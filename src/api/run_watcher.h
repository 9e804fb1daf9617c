// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RunWatcher: who is told of a run's beginning and end, and whose streams stand between guest and host. It only looks:
// nothing it does may change what the guest sees.
#pragma once

#include "api/outcome.h"
#include "boundary/streams.h"

namespace dewar::wasm {
class Module;
}
namespace dewar::runtime {
class Store;
struct Instance;
}  // namespace dewar::runtime
namespace dewar::wasi_p1 {
class Session;
}

namespace dewar::api {

class RunWatcher {
 public:
  virtual ~RunWatcher() = default;
  /// The sink to use for standard output (1) or standard error (2) in place of `to`; the input in place of `from`.
  virtual boundary::OutputSink* output(int which, boundary::OutputSink* to) = 0;
  virtual boundary::InputSource* input(boundary::InputSource* from) = 0;
  /// Everything is ready, nothing of the program has run.
  virtual void starting(const wasm::Module& module, wasi_p1::Session& session) = 0;
  /// The outcome is complete. What the run did not come to make is null.
  virtual void ended(const Outcome& outcome, const wasi_p1::Session* session, const runtime::Store* store,
                     const runtime::Instance* instance) = 0;
};

}  // namespace dewar::api
