// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Faults of compiled code (docs/baseline.md): every access at the last byte and one behind it, in every form of
// address, does what the interpreter does; whoever handled faults before still gets those of others; and a fault in the
// arena that is no access of the stack that runs ends the process.
#include <atomic>
#include <csetjmp>
#include <cstring>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include "exec/baseline/code_object.h"
#include "exec_fixture.h"
#include "runtime/signals.h"

namespace dewar::test {
namespace {

#if defined(__x86_64__)

using exec::baseline::NativeSupport;
using runtime::Outcome;
using runtime::TrapKind;

runtime::EngineOptions baseline() {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  return options;
}

struct Access {
  const char* name;
  const char* type;
  u32 bytes;
  bool is_store;
};
constexpr Access kAccesses[] = {
    {"i32.load8_u", "i32", 1, false},  {"i32.load8_s", "i32", 1, false},  {"i32.load16_u", "i32", 2, false},
    {"i32.load16_s", "i32", 2, false}, {"i32.load", "i32", 4, false},     {"i64.load8_u", "i64", 1, false},
    {"i64.load16_s", "i64", 2, false}, {"i64.load32_u", "i64", 4, false}, {"i64.load32_s", "i64", 4, false},
    {"i64.load", "i64", 8, false},     {"f32.load", "f32", 4, false},     {"f64.load", "f64", 8, false},
    {"v128.load", "v128", 16, false},  {"i32.store8", "i32", 1, true},    {"i32.store16", "i32", 2, true},
    {"i32.store", "i32", 4, true},     {"i64.store8", "i64", 1, true},    {"i64.store16", "i64", 2, true},
    {"i64.store32", "i64", 4, true},   {"i64.store", "i64", 8, true},     {"f32.store", "f32", 4, true},
    {"f64.store", "f64", 8, true},     {"v128.store", "v128", 16, true}};
constexpr u64 kOffsets[] = {0, 5, 65535, 0x7fffffff, 0x80000000, 0xffffffff};
constexpr u32 kMemories = 2;

/// A function for each access, memory and offset, named by them: what it does depends on its index; one with its index
/// as a constant besides.
std::string all_accesses(u32 constant) {
  std::string wat = "(module (memory 2 2) (memory 1 1)\n";
  const auto add = [&](const Access& a, u32 memory, u64 offset, bool is_const) {
    const std::string index =
        is_const ? "(i32.const " + std::to_string(static_cast<i32>(constant)) + ")" : "(i32.wrap_i64 (local.get 0))";
    const std::string value =
        std::string(a.type) == "v128" ? "(v128.const i64x2 -1 -2)" : "(" + std::string(a.type) + ".const 7)";
    // An operand below, so that the frame has something to be found.
    wat += "(func (export \"" + std::string(a.name) + (is_const ? "c" : "") + std::to_string(memory) + "+" +
           std::to_string(offset) + "\") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)) (" + a.name +
           " " + std::to_string(memory) + " offset=" + std::to_string(offset) + " " + index;
    wat += a.is_store ? " " + value + "))\n" : ") (drop))\n";
  };
  for (const Access& a : kAccesses)
    for (u32 memory = 0; memory < kMemories; ++memory)
      for (const u64 offset : kOffsets)
        for (const bool is_const : {false, true}) add(a, memory, offset, is_const);
  return wat + ")";
}

TEST(NativeFault, EveryAccessEndsAtTheLastByte) {
  constexpr u64 kSizes[kMemories] = {2 * 65536, 65536};
  constexpr u64 kGarbage = 0xdeadbeef'00000000;
  for (const u32 constant : {u32{65536 - 4}, u32{65536 - 3}, ~u32{0}}) {
    TestEngine plain, compiled(baseline());
    const std::string wat = all_accesses(constant);
    runtime::Instance* const want = plain.load(wat);
    runtime::Instance* const have = compiled.load(wat);
    ASSERT_TRUE(want && have);
    u32 trapped = 0, returned = 0;
    const auto check = [&](const std::string& name, u64 index, bool in_bounds) {
      const Did did = call(compiled, *have, name, {kGarbage | index});
      EXPECT_EQ(did, call(plain, *want, name, {kGarbage | index})) << name << " at " << index;
      EXPECT_EQ(did.trap, in_bounds ? TrapKind::none : TrapKind::memory_out_of_bounds) << name << " at " << index;
      ++(in_bounds ? returned : trapped);
    };
    for (const Access& a : kAccesses) {
      for (u32 memory = 0; memory < kMemories; ++memory) {
        for (const u64 offset : kOffsets) {
          const std::string where = std::to_string(memory) + "+" + std::to_string(offset);
          const auto inside = [&](u64 index) { return index + offset + a.bytes <= kSizes[memory]; };
          check(a.name + ("c" + where), 0, inside(constant));
          // The last that is inside, and what follows.
          const u64 last = kSizes[memory] - a.bytes - std::min(offset, kSizes[memory] - a.bytes);
          for (const u64 index : {last, last + 1, last + a.bytes, u64{0x80000000}, u64{0xffffffff}})
            check(a.name + where, index, inside(index));
        }
      }
    }
    EXPECT_GT(trapped, 1'000u);
    EXPECT_GT(returned, 100u);
    // Stores that trapped wrote nothing, also those that begin inside.
    for (u32 memory = 0; memory < kMemories; ++memory) {
      const auto& a = *want->memories[memory];
      const auto& b = *have->memories[memory];
      EXPECT_EQ(std::memcmp(a.base, b.base, kSizes[memory]), 0);
    }
  }
}

TEST(NativeFault, LocalsAndOperandsAreFound) {
  // What registers hold at a fault; "f" adds some of it to itself in a loop before.
  constexpr std::string_view kWat = R"((module (memory 1)
      (func (export "f") (param i32 i32) (local i64 f64 i32)
        (local.set 2 (i64.mul (i64.extend_i32_u (local.get 0)) (i64.const 0x123456789)))
        (local.set 3 (f64.div (f64.convert_i32_s (local.get 0)) (f64.const 3)))
        (local.set 4 (i32.const -5))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (local.get 0) (local.get 2) (i32.const 77) (f64.add (local.get 3) (f64.const 1))
        (local.set 0 (i32.mul (local.get 0) (i32.const 1000)))
        (f64.store offset=65530 (local.get 1) (local.get 3))
        (unreachable))))";
  std::vector<u64> frames[2];
  for (const bool compile : {false, true}) {
    TestEngine engine(compile ? baseline() : runtime::EngineOptions{});
    runtime::Instance* const instance = engine.load(kWat);
    ASSERT_NE(instance, nullptr);
    EXPECT_EQ(call(engine, *instance, "f", {7, 0}).trap, TrapKind::memory_out_of_bounds);
    const Slot* const fp = engine.stack().base;
    const Slot* const operands = fp + instance->codes->at(0).local_slots + runtime::kHeaderSlots;
    const u64 low = ~u32{0};
    frames[compile] = {fp[0] & low, fp[1] & low,       fp[2],      fp[3], fp[4] & low, operands[0] & low,
                       operands[1], operands[2] & low, operands[3]};
  }
  EXPECT_EQ(frames[1], frames[0]);
  EXPECT_EQ(frames[0][0], 8000u);
  EXPECT_EQ(frames[0][5], 8u);
}

TEST(NativeFault, MemoriesOfSeveralInstancesAndGrownOnes) {
  TestEngine engine(baseline());
  runtime::Instance* const a = engine.load(R"((module (memory 1 3)
      (func (export "grow") (drop (memory.grow (i32.const 1))))
      (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))))");
  runtime::Instance* const b =
      engine.load(R"((module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))))");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(call(engine, *a, "f", {65536}).trap, TrapKind::memory_out_of_bounds);
  EXPECT_EQ(call(engine, *a, "grow").outcome, Outcome::returned);
  EXPECT_EQ(call(engine, *a, "f", {65536}).trap, TrapKind::none);
  EXPECT_EQ(call(engine, *a, "f", {2 * 65536 - 3}).trap, TrapKind::memory_out_of_bounds);
  EXPECT_EQ(call(engine, *b, "f", {65536}).trap, TrapKind::memory_out_of_bounds);
}

TEST(NativeFault, InACallFromAHostFunction) {
  // The inner activation ends by a fault; the outer one goes on, and ends by its own.
  for (const bool compile : {true, false}) {
    TestEngine engine(compile ? baseline() : runtime::EngineOptions{});
    runtime::Func* inner = nullptr;
    std::vector<TrapKind> seen;
    engine.host("again", {}, {}, [&](runtime::CallContext& ctx, const Slot*, Slot*) {
      const Slot argument = 70'000;
      Slot result = 0;
      EXPECT_EQ(exec::invoke(ctx.stack, *inner, {&argument, 1}, {&result, 1}), Outcome::trapped);
      seen.push_back(ctx.stack.trap.kind);
      return runtime::HostStatus::ok;
    });
    runtime::Instance* const instance = engine.load(R"((module (import "env" "again" (func $again)) (memory 1)
        (func (export "inner") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "f") (param i32) (result i32)
          (i32.add (i32.load (local.get 0)) (i32.const 5)) (call $again)
          (i32.add (i32.load offset=65530 (local.get 0))))))");
    ASSERT_NE(instance, nullptr);
    inner = &engine.func(*instance, "inner");
    EXPECT_EQ(engine.call(*instance, "f", {0}), Outcome::returned);
    EXPECT_EQ(engine.result_i32(), 5);
    EXPECT_EQ(call(engine, *instance, "f", {3}).trap, TrapKind::memory_out_of_bounds);
    EXPECT_EQ(engine.stack().native.sp, engine.stack().native_top());
    EXPECT_EQ(seen, (std::vector{TrapKind::memory_out_of_bounds, TrapKind::memory_out_of_bounds}));
  }
}

TEST(NativeFault, OnSeveralThreadsAtOnce) {
  constexpr u32 kThreads = 4, kFaults = 300;
  std::atomic<u32> right{0};
  const auto run = [&right] {
    TestEngine engine(baseline());
    runtime::Instance* const instance =
        engine.load(R"((module (memory 1) (func (export "f") (param i64) (i64.store offset=4 (i32.wrap_i64
            (local.get 0)) (local.get 0)))))");
    if (!instance) return;
    for (u32 i = 0; i < kFaults; ++i) {
      const bool inside = i % 3 == 0;
      const u64 index = inside ? i : 65'525 + i;
      const Did did = call(engine, *instance, "f", {index});
      right += did.trap == (inside ? TrapKind::none : TrapKind::memory_out_of_bounds) && did.fuel == 4 + inside;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (u32 t = 0; t < kThreads; ++t) threads.emplace_back(run);
  }
  EXPECT_EQ(right.load(), kThreads * kFaults);
}

// ---- attacks ----

/// Code that loads from rdi; the arena it is put into is that of `engine`.
constexpr u8 kLoad[] = {0x8b, 0x07, 0xc3};  // mov eax, [rdi]; ret

class NativeFaultDeathTest : public testing::Test {
 protected:
  NativeFaultDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }

  void SetUp() override {
    instance_ = engine_.load(kWat);
    other_ = other_engine_.load(kWat);
    ASSERT_TRUE(instance_ && other_);
    ASSERT_EQ(call(engine_, *instance_, "f", {0}).outcome, Outcome::returned);
    support_ = std::static_pointer_cast<const NativeSupport>(engine_.engine().native());
    ASSERT_NE(support_, nullptr);
    outside_ = instance_->memory0 + 65536;
  }
  const u8* place(bool publish) {
    const auto range = support_->arena->allocate(sizeof kLoad, this);
    if (!range) return nullptr;
    std::memcpy(range->write, kLoad, sizeof kLoad);
    if (publish) support_->arena->publish(*range);
    return range->code;
  }
  /// Runs kLoad for the stack as compiled code would, but on the host's stack.
  void load(const u8* code, const u8* address) {
    runtime::Stack& stack = engine_.stack();
    stack.native.stubs = support_.get();
    const runtime::ActiveStackScope scope(stack);
    asm volatile("mov %[stack], %%r15\n\tcall *%[code]"
                 :
                 : [stack] "r"(&stack), [code] "r"(code), "D"(address)
                 : "rax", "r15", "memory", "cc");
  }

  static constexpr std::string_view kWat =
      R"((module (memory 1) (func (export "f") (param i32) (result i32) (i32.load (local.get 0)))))";
  TestEngine engine_{baseline()}, other_engine_{baseline()};
  runtime::Instance* instance_ = nullptr;
  runtime::Instance* other_ = nullptr;
  std::shared_ptr<const NativeSupport> support_;
  const u8* outside_ = nullptr;
};

TEST_F(NativeFaultDeathTest, NoFunctionIsThere) {
  EXPECT_DEATH(load(place(false), outside_), "a fault in the arena for code, where no function is");
}

TEST_F(NativeFaultDeathTest, TheAddressIsNoMemorysOfTheStore) {
  EXPECT_DEATH(load(place(true), reinterpret_cast<const u8*>(0x10)), "compiled code reached what is no memory");
  EXPECT_DEATH(load(place(true), other_->memory0 + 65536), "compiled code reached what is no memory");
  // Not an address at all: the processor does not say which.
  EXPECT_DEATH(load(place(true), reinterpret_cast<const u8*>(u64{1} << 63)), "compiled code reached what is no memory");
}

TEST_F(NativeFaultDeathTest, TheStackIsNotItsOwn) {
  EXPECT_DEATH(load(place(true), outside_), "a fault of compiled code on a stack that is not its own");
}

TEST_F(NativeFaultDeathTest, TheInvalidInstructionIsNoCharge) {
  constexpr u8 kInvalid[] = {0x0f, 0x0b};  // ud2
  const auto* const entry = instance_->codes->at(0).native.load()->body;
  std::memcpy(support_->arena->writable(entry), kInvalid, sizeof kInvalid);
  EXPECT_DEATH(call(engine_, *instance_, "f", {0}), "compiled code stopped where no instruction of the guest can");
}

TEST_F(NativeFaultDeathTest, TheInstructionIsNoAccess) {
  // All is right, but for the instruction: its function begins with a load that the address helper did not form.
  constexpr u8 kWild[] = {0x8b, 0x83, 0xff, 0xff, 0xff, 0x7f};  // mov eax, [rbx + 0x7fffffff]
  const auto* const entry = instance_->codes->at(0).native.load()->body;
  std::memcpy(support_->arena->writable(entry), kWild, sizeof kWild);
  EXPECT_DEATH(call(engine_, *instance_, "f", {0}), "compiled code stopped where no instruction of the guest can");
}

sigjmp_buf g_jump;

/// In a fresh process: what compiled code has to do with faults is nothing to the handler that was there first.
TEST(NativeFaultChain, TheEarlierHandlerGetsForeignFaults) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        struct sigaction action{};
        action.sa_sigaction = [](int, siginfo_t* info, void*) {
          if (info->si_addr == reinterpret_cast<void*>(0x10)) ::siglongjmp(g_jump, 1);
          ::_exit(3);
        };
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigaction(SIGSEGV, &action, nullptr);
        TestEngine engine(baseline());
        u32 seen = 0;
        engine.host("fault", {}, {}, [&seen](runtime::CallContext&, const Slot*, Slot*) {
          // Host code, called by compiled code.
          if (sigsetjmp(g_jump, 1) == 0) {
            static_cast<void>(*reinterpret_cast<volatile u8*>(0x10));
            ::_exit(4);
          }
          ++seen;
          return runtime::HostStatus::ok;
        });
        runtime::Instance* const instance = engine.load(R"((module (import "env" "fault" (func $fault)) (memory 1)
            (func (export "f") (param i32) (result i32) (call $fault) (i32.load (local.get 0)))))");
        if (!instance) ::_exit(5);
        if (call(engine, *instance, "f", {0}).outcome != Outcome::returned) ::_exit(6);
        if (call(engine, *instance, "f", {65533}).trap != TrapKind::memory_out_of_bounds) ::_exit(7);
        if (sigsetjmp(g_jump, 1) == 0) {
          static_cast<void>(*reinterpret_cast<volatile u8*>(0x10));
          ::_exit(8);
        }
        ::_exit(seen == 2 ? 0 : 9);
      },
      testing::ExitedWithCode(0), "");
}

/// The same for invalid instructions.
TEST(NativeFaultChain, TheEarlierHandlerGetsForeignInvalidInstructions) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        struct sigaction action{};
        action.sa_sigaction = [](int, siginfo_t*, void*) { ::siglongjmp(g_jump, 1); };
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        ::sigaction(SIGILL, &action, nullptr);
        TestEngine engine(baseline());
        u32 seen = 0;
        engine.host("invalid", {}, {}, [&seen](runtime::CallContext&, const Slot*, Slot*) {
          if (sigsetjmp(g_jump, 1) == 0) {
            asm volatile("ud2");
            ::_exit(4);
          }
          ++seen;
          return runtime::HostStatus::ok;
        });
        runtime::Instance* const instance = engine.load(R"((module (import "env" "invalid" (func $invalid))
            (func (export "f") (call $invalid) (loop (br 0)))))");
        if (!instance) ::_exit(5);
        if (call(engine, *instance, "f", {}, 1000).trap != TrapKind::out_of_fuel) ::_exit(6);
        if (call(engine, *instance, "f", {}, 1000).trap != TrapKind::out_of_fuel) ::_exit(7);
        ::_exit(seen == 2 ? 0 : 8);
      },
      testing::ExitedWithCode(0), "");
}

TEST(NativeFaultChain, WithoutAnEarlierHandlerAnInvalidInstructionKills) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        TestEngine engine(baseline());
        engine.host("invalid", {}, {}, [](runtime::CallContext&, const Slot*, Slot*) {
          asm volatile("ud2");
          return runtime::HostStatus::ok;
        });
        runtime::Instance* const instance =
            engine.load(R"((module (import "env" "invalid" (func $invalid)) (func (export "f") (call $invalid))))");
        if (instance) static_cast<void>(call(engine, *instance, "f"));
        ::_exit(0);
      },
      testing::KilledBySignal(SIGILL), "");
}

TEST(NativeFaultChain, WhatIsIgnoredStaysOurs) {
  // A signal that was sent to a process that ignores it does not take the handler away.
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ::signal(SIGILL, SIG_IGN);
        TestEngine engine(baseline());
        runtime::Instance* const instance = engine.load(R"((module (func (export "f") (loop (br 0)))))");
        if (!instance) ::_exit(5);
        if (call(engine, *instance, "f", {}, 1000).trap != TrapKind::out_of_fuel) ::_exit(6);
        ::raise(SIGILL);
        if (call(engine, *instance, "f", {}, 1000).trap != TrapKind::out_of_fuel) ::_exit(7);
        ::_exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(NativeFault, OnAThreadThatBlocksAllSignals) {
  std::vector<TrapKind> traps;
  std::jthread([&traps] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    TestEngine engine(baseline());
    runtime::Instance* const instance = engine.load(R"((module (memory 1) (func (export "fuel") (loop (br 0)))
        (func (export "bounds") (drop (i32.load (i32.const -1))))))");
    if (!instance) return;
    traps.push_back(call(engine, *instance, "fuel", {}, 1000).trap);
    traps.push_back(call(engine, *instance, "bounds").trap);
  }).join();
  EXPECT_EQ(traps, (std::vector{TrapKind::out_of_fuel, TrapKind::memory_out_of_bounds}));
}

TEST(NativeFaultChain, ASentSignalIsNoFault) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        struct sigaction action{};
        action.sa_handler = [](int) { ::_exit(0); };
        ::sigaction(SIGSEGV, &action, nullptr);
        TestEngine engine(baseline());
        runtime::Instance* const instance = engine.load(R"((module (func (export "f") (loop (br 0)))))");
        if (!instance) ::_exit(5);
        const pthread_t self = ::pthread_self();
        std::thread([self] {
          ::usleep(20'000);
          ::pthread_kill(self, SIGSEGV);
        }).detach();
        static_cast<void>(call(engine, *instance, "f", {}, INT64_MAX));
        ::_exit(6);
      },
      testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace dewar::test
