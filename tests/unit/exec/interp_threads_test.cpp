// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One CodeSet used by stores on several threads at once: each function is prepared by whoever calls it first, while
// others call it, too. Made for the thread sanitizer; without it a half-prepared function would give wrong results.
#include <thread>

#include "exec_fixture.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

TEST(Threads, PrepareFunctionsOfASharedCodeSet) {
  constexpr u32 kFunctions = 300;
  std::string wat = "(module (table funcref (elem";
  for (u32 i = 0; i < kFunctions; ++i) wat += " $f" + std::to_string(i);
  wat += ")) (type $t (func (param i64 i64 i64) (result i64)))";
  for (u32 i = 0; i < kFunctions; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    wat += "(func $f" + n + " (type $t) (local i64 i64) (local.set 3 (i64.add (local.get 0) (local.get 1))) ";
    if (i + 1 == kFunctions) {
      wat += "(i64.add (local.get 3) (local.get 2)))";
    } else if (i % 3 == 0) {
      wat += "(call $f" + next + " (local.get 3) (local.get 2) (i64.const 1)))";
    } else if (i % 3 == 1) {
      wat += "(return_call $f" + next + " (local.get 3) (local.get 2) (i64.const 1)))";
    } else {
      wat += "(call_indirect (type $t) (local.get 3) (local.get 2) (i64.const 1) (i32.const " + next + ")))";
    }
  }
  wat += "(func (export \"f\") (result i64) (call $f0 (i64.const 1) (i64.const 1) (i64.const 1))))";
  auto bytes = text::wat_to_wasm(wat);
  ASSERT_TRUE(bytes.has_value());
  for (int round = 0; round < 10; ++round) {
    runtime::Engine engine;
    auto module = wasm::load_module(*bytes, engine.types(), {});
    ASSERT_TRUE(module.has_value()) << module.error().message;
    const auto codes = base::make_ref<runtime::CodeSet>(base::Ref<const wasm::Module>(*module));
    std::atomic<u32> ready = 0;
    Slot results[3] = {};
    const auto work = [&](u32 n) {
      runtime::Store store(engine);
      exec::attach(store);
      auto stack = runtime::Stack::create(store);
      runtime::Linker linker;
      auto made = runtime::instantiate(store, *module, linker, **stack, codes);
      const auto found = runtime::find_export(*made->instance, "f");
      ++ready;
      while (ready.load() < 3) std::this_thread::yield();
      EXPECT_EQ(exec::invoke(**stack, *found->func, {}, {&results[n], 1}), runtime::Outcome::returned);
    };
    std::thread threads[] = {std::thread(work, 0), std::thread(work, 1), std::thread(work, 2)};
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(results[0], kFunctions + 2);
    EXPECT_EQ(results[1], results[0]);
    EXPECT_EQ(results[2], results[0]);
  }
}

}  // namespace
}  // namespace dewar::test
