// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host module "spectest" that the official test suite imports: print functions, one immutable global of each
// number type, a table, a 64-bit table, a memory and a shared memory.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "runtime/instantiate.h"

namespace dewar::cli {

/// The module and what its functions print. Must outlive every store it was defined in.
class Spectest {
 public:
  Spectest() = default;
  Spectest(const Spectest&) = delete;
  Spectest& operator=(const Spectest&) = delete;

  /// Makes the module's entities in `store` and defines them in `linker`.
  Result<void> define(runtime::Store& store, runtime::Linker& linker);
  /// What the print functions wrote, a line per call, cut at 1 MiB.
  const std::string& output() const { return output_; }

 private:
  struct PrintEnv {
    std::string* output;
    std::vector<wasm::CanonValType> params;
  };
  static runtime::HostStatus print(runtime::CallContext& ctx, const Slot* args, Slot* results);
  Result<void> define_print(runtime::Store& store, runtime::Linker& linker, std::string_view name,
                            std::vector<wasm::CanonValType> params);

  std::deque<PrintEnv> envs_;
  std::string output_;
};

}  // namespace dewar::cli
