// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An engine, a store and a stack, and modules from text, for the tests of the runtime.
#pragma once

#include <gtest/gtest.h>

#include "gc/heap.h"
#include "runtime/instantiate.h"
#include "text/wat.h"
#include "wasm/decoder.h"

namespace dewar::runtime {

/// The value of a Result, with its error in the test's output if there is none.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().code << ": " << result.error().message;
    std::abort();
  }
  return std::move(*result);
}

inline base::Ref<const wasm::Module> load(Engine& engine, std::string_view wat) {
  return must(wasm::decode(must(text::wat_to_wasm(wat)), engine.types()));
}

/// The members that most tests need, and short forms of the calls.
struct World {
  explicit World(const EngineOptions& options = {}, const StoreLimits& limits = {})
      : engine(options), store(engine, limits), stack(must(Stack::create(store))) {}

  Result<Instantiated> try_instantiate(std::string_view wat) {
    return instantiate(store, load(engine, wat), linker, *stack);
  }
  Instance& instantiated(std::string_view wat) {
    const Instantiated done = must(try_instantiate(wat));
    EXPECT_EQ(done.outcome, Outcome::returned) << trap_message(stack->trap.kind) << " " << stack->trap.detail;
    return *done.instance;
  }
  Error error_of(std::string_view wat) {
    auto result = try_instantiate(wat);
    EXPECT_FALSE(result.has_value()) << wat;
    return result ? Error{} : result.error();
  }
  /// Value of an exported global.
  Slot global(Instance& instance, std::string_view name) {
    const auto found = find_export(instance, name);
    EXPECT_TRUE(found && found->global) << name;
    return found->global->value[0];
  }
  Ref ref(Instance& instance, std::string_view name) { return static_cast<Ref>(global(instance, name)); }

  Engine engine;
  Store store;
  std::unique_ptr<Stack> stack;
  Linker linker;
};

}  // namespace dewar::runtime
