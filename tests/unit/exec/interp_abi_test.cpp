// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The register contract of handlers (docs/ABI.md): which machine register holds which part of the state. Generated code
// will rely on it, so a compiler that orders the registers of preserve_none otherwise must be noticed here.
#include "exec/interp/handler.h"
#include "exec_fixture.h"

namespace dewar::test {
namespace {

#if defined(__x86_64__)

extern "C" {
[[gnu::used]] u64 g_abi_seen[10];
}

/// Stores the argument registers in the order that docs/ABI.md gives and returns 77.
__attribute__((naked, preserve_none, noinline)) u32 capture(const u8*, Slot*, Slot*, const exec::interp::SideEntry*,
                                                            u8*, exec::interp::Instance*, exec::interp::FuncCode*,
                                                            exec::interp::Stack*, const void*, i64) {
  asm volatile(
      "leaq g_abi_seen(%rip), %rax\n"
      "movq %r12, 0(%rax)\n"
      "movq %r13, 8(%rax)\n"
      "movq %r14, 16(%rax)\n"
      "movq %r15, 24(%rax)\n"
      "movq %rdi, 32(%rax)\n"
      "movq %rsi, 40(%rax)\n"
      "movq %rdx, 48(%rax)\n"
      "movq %rcx, 56(%rax)\n"
      "movq %r8, 64(%rax)\n"
      "movq %r9, 72(%rax)\n"
      "movl $77, %eax\n"
      "retq\n");
}

TEST(Abi, RegistersOfHandlers) {
  const exec::interp::Handler handler = capture;
  const auto p = [](u64 n) { return reinterpret_cast<void*>(n * 0x1111); };
  const u32 result = handler(static_cast<const u8*>(p(1)), static_cast<Slot*>(p(2)), static_cast<Slot*>(p(3)),
                             static_cast<const exec::interp::SideEntry*>(p(4)), static_cast<u8*>(p(5)),
                             static_cast<exec::interp::Instance*>(p(6)), static_cast<exec::interp::FuncCode*>(p(7)),
                             static_cast<exec::interp::Stack*>(p(8)), p(9), static_cast<i64>(u64{10} * 0x1111));
  EXPECT_EQ(result, 77u);
  for (u64 i = 0; i < 10; ++i) EXPECT_EQ(g_abi_seen[i], (i + 1) * 0x1111) << "register " << i;
}

#else

TEST(Abi, RegistersOfHandlers) { GTEST_SKIP() << "no generated code for this machine yet, so no contract"; }

#endif

TEST(Abi, HeaderFollowsTheLocals) {
  // A frame laid out by hand is where the interpreter puts it: [arguments | locals | header | operands].
  TestEngine engine;
  bool seen = false;
  engine.host("look", {kCanonI64}, {}, [&](runtime::CallContext& ctx, const Slot* args, Slot*) {
    const runtime::FrameState& s = ctx.stack.state;
    EXPECT_EQ(s.code->param_slots, 1u);
    EXPECT_EQ(s.code->local_slots, 4u) << "i64, v128, i32";
    EXPECT_EQ(s.fp[0], 11u);
    EXPECT_EQ(s.fp[1], 22u);
    EXPECT_EQ(s.fp[2], 33u);
    EXPECT_EQ(static_cast<u32>(s.fp[3]), 44u);
    const runtime::FrameHeader* header = runtime::header_of(s.fp, s.code);
    EXPECT_EQ(reinterpret_cast<const Slot*>(header), s.fp + 4);
    EXPECT_EQ(s.fp[4 + runtime::kHeaderSlots], 55u) << "the first operand";
    EXPECT_EQ(args, s.sp - 1);
    EXPECT_EQ(args[0], 66u);
    // The arguments were the caller's operands.
    EXPECT_EQ(header->caller_code->func, 2u);
    EXPECT_EQ(s.fp, header->caller_fp + header->caller_code->local_slots + runtime::kHeaderSlots + 1);
    EXPECT_EQ(s.fp[-1], 99u);
    seen = true;
    return runtime::HostStatus::ok;
  });
  runtime::Instance* instance = engine.load(R"((module (import "env" "look" (func $look (param i64)))
      (func $g (param i64) (local v128 i32) (local.set 1 (v128.const i64x2 22 33)) (local.set 2 (i32.const 44))
        (i64.const 55) (call $look (i64.const 66)) (drop))
      (func (export "f") (i64.const 99) (call $g (i64.const 11)) (drop))))");
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f"), runtime::Outcome::returned);
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace dewar::test
