// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A store with a stack and a linker for tests that run Wasm text: load, link with host functions, call, look at
// memories and globals. Failures of set-up are reported through GoogleTest.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "exec/exec.h"
#include "runtime/instantiate.h"
#include "wasm/types.h"

namespace dewar::test {

/// One engine, one store, one stack. Not thread-safe; shared memories may be handed to another TestEngine.
class TestEngine {
 public:
  /// A host function of a test. Runs with the caller's context; results must be written when it says `ok`.
  using Body = std::function<runtime::HostStatus(runtime::CallContext&, const Slot* args, Slot* results)>;

  explicit TestEngine(const runtime::EngineOptions& options = {}, u64 stack_bytes = runtime::Stack::kDefaultBytes,
                      const runtime::StoreLimits& limits = {});

  /// Defines import ("env", name).
  void host(std::string_view name, std::vector<wasm::CanonValType> params, std::vector<wasm::CanonValType> results,
            Body body);
  /// Shares an existing memory as import ("env", name).
  void share_memory(std::string_view name, std::shared_ptr<runtime::Memory> memory);

  /// Parses, validates and instantiates; the start function runs on `stack()`. Null after a reported failure.
  runtime::Instance* load(std::string_view wat);
  /// As load, but gives the outcome of the start function instead of requiring Outcome::returned.
  runtime::Instantiated start(std::string_view wat);

  /// Calls an export on `stack()`; results(), outcome() and the stack's trap tell how it went.
  runtime::Outcome call(runtime::Instance& instance, std::string_view name, std::initializer_list<Slot> args = {});
  /// Results of the last call that returned.
  const std::vector<Slot>& results() const { return results_; }
  i32 result_i32() const { return static_cast<i32>(static_cast<u32>(results_.at(0))); }

  runtime::Func& func(runtime::Instance& instance, std::string_view name);
  std::shared_ptr<runtime::Memory> memory(runtime::Instance& instance, std::string_view name);
  /// Low 32 bits of an exported global.
  u32 global_u32(runtime::Instance& instance, std::string_view name);

  runtime::Engine& engine() { return engine_; }
  runtime::Store& store() { return store_; }
  runtime::Stack& stack() { return *stack_; }
  std::unique_ptr<runtime::Stack>& stack_owner() { return stack_; }
  runtime::Linker& linker() { return linker_; }

 private:
  runtime::Engine engine_;
  std::vector<std::unique_ptr<Body>> bodies_;
  runtime::Store store_;
  runtime::Linker linker_;
  std::unique_ptr<runtime::Stack> stack_;
  std::vector<Slot> results_;
};

inline constexpr wasm::CanonValType kCanonI32{wasm::CanonValType::kI32};
inline constexpr wasm::CanonValType kCanonI64{wasm::CanonValType::kI64};

/// The modes of the test matrix, for tests that must give the same answer in each.
struct Mode {
  const char* name;
  runtime::EngineOptions options;
};
std::vector<Mode> matrix_modes();

}  // namespace dewar::test
