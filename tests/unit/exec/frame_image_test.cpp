// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Frames as plain data: moved at host calls and polls with hidden exceptions, references and vectors on the operand
// stack, in tail position; and images that lie, each refused before anything runs.
#include "exec/frame_image.h"
#include "exec_fixture.h"

namespace dewar::test {
namespace {

using exec::FrameImage;
using runtime::CallContext;
using runtime::HostStatus;
using runtime::Outcome;

class Image : public testing::TestWithParam<usize> {
 protected:
  runtime::EngineOptions options() const { return matrix_modes()[GetParam()].options; }
};

bool move_to_new_stack(TestEngine& engine) {
  const auto image = exec::write_frames(engine.stack());
  EXPECT_TRUE(image.has_value()) << (image ? "" : image.error().message);
  if (!image) return false;
  engine.stack_owner().reset();
  auto fresh = runtime::Stack::create(engine.store());
  EXPECT_TRUE(fresh.has_value());
  const auto put = exec::read_frames(**fresh, *image);
  EXPECT_TRUE(put.has_value()) << (put ? "" : put.error().message);
  engine.stack_owner() = std::move(*fresh);
  return put.has_value();
}

const char kDeep[] = R"((module (import "env" "ask" (func $ask (param i64 i64) (result i64 i64)))
    (type $box (struct (field i64))) (tag $e (param i64)) (memory 4)
    (func $two (param i64) (result i64) (local v128)
      (local.set 1 (i64x2.splat (local.get 0)))
      (v128.const i64x2 5 6) (struct.new $box (i64.const 20))
      (call $ask (local.get 0) (i64.const 2)) (i64.add) (local.set 0)
      (struct.get $box 0) (local.set 0 (i64.add (local.get 0))) (i64x2.add (local.get 1)) (i64x2.extract_lane 1)
      (i64.add (local.get 0)))
    (func $legacy (param i64) (result i64)
      (try (result i64) (do (throw $e (local.get 0)))
        (catch $e (call $two)
          (try (result i64) (do (rethrow 1)) (catch $e (call $two (i64.const 3)) (i64.add)))
          (i64.add))))
    (func $tail (param i64) (result i64 i64) (return_call $ask (local.get 0) (i64.const 4)))
    (func $table (param i64) (result i64)
      (block $h (result i64 exnref)
        (try_table (catch_ref $e $h) (drop (call $legacy (local.get 0))) (call $two (local.get 0)) (throw $e))
        (unreachable))
      (drop) (call $tail (local.get 0)) (i64.sub) (i64.add))
    (func (export "f") (param i64) (result i64) (local $i i64) (local $s i64)
      (loop $l
        (local.set $s (i64.add (local.get $s) (call $table (local.get $i))))
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000))
        (br_if $l (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 1))) (local.get 0))))
      (local.get $s))))";

void answer(const Slot* args, Slot* results) {
  results[0] = args[0] * 3 + 1;
  results[1] = args[1] * 5;
}

TEST_P(Image, GoesOnAsIfNothingHadHappened) {
  Slot expected = 0;
  i64 fuel = 0;
  for (const int how : {0, 1, 2}) {  // not at all; at every host call; at every poll that can be
    TestEngine engine(options());
    Slot asked[2] = {};
    engine.host("ask", {kCanonI64, kCanonI64}, {kCanonI64, kCanonI64},
                [&](CallContext& ctx, const Slot* args, Slot* results) {
                  asked[0] = args[0];
                  asked[1] = args[1];
                  answer(args, results);
                  if (how == 2) ctx.stack.interrupt(runtime::kInterruptFreeze);
                  return how == 1 ? HostStatus::pending : HostStatus::ok;
                });
    runtime::Instance* instance = engine.load(kDeep);
    ASSERT_NE(instance, nullptr);
    engine.stack().fuel = kPlenty;
    Outcome outcome = engine.call(*instance, "f", {6});
    Slot result = outcome == Outcome::returned ? engine.results()[0] : 0;
    u32 moves = 0;
    while (outcome == Outcome::pending) {
      ++moves;
      EXPECT_EQ(engine.stack().pending_host_call, how == 1);
      ASSERT_TRUE(move_to_new_stack(engine));
      Slot reply[2];
      answer(asked, reply);
      if (how == 2) engine.stack().clear_interrupt(runtime::kInterruptFreeze);
      outcome =
          exec::resume(engine.stack(), how == 1 ? std::span<const Slot>(reply) : std::span<const Slot>{}, {&result, 1});
    }
    ASSERT_EQ(outcome, Outcome::returned);
    if (how == 0) {
      expected = result;
      fuel = engine.stack().fuel;
    }
    EXPECT_EQ(result, expected);
    EXPECT_EQ(engine.stack().fuel, fuel);
    if (how != 0) EXPECT_GT(moves, 20u);
  }
}

/// Makes a good image at the host call in $two below $legacy's handler, and tries changes to it.
class Lies : public testing::Test {
 protected:
  Lies() {
    engine_.host("ask", {kCanonI64, kCanonI64}, {kCanonI64, kCanonI64},
                 [](CallContext&, const Slot*, Slot*) { return HostStatus::pending; });
    instance_ = engine_.load(kDeep);
    EXPECT_EQ(engine_.call(*instance_, "f", {6}), Outcome::pending);
    auto image = exec::write_frames(engine_.stack());
    EXPECT_TRUE(image.has_value());
    good_ = *image;
    EXPECT_EQ(good_.frames.size(), 4u);
  }
  template <class Change>
  bool refused(Change change) {
    FrameImage image = good_;
    change(image);
    auto stack = runtime::Stack::create(engine_.store());
    EXPECT_TRUE(stack.has_value());
    const auto put = exec::read_frames(**stack, image);
    // A refused stack is as empty as before.
    if (!put) EXPECT_EQ((*stack)->state.code, nullptr);
    return !put.has_value();
  }
  u32 pc(u32 func, wasm::Op op, u32 nth = 0) { return pc_of(*instance_->module, func, op, nth); }

  TestEngine engine_;
  runtime::Instance* instance_ = nullptr;
  FrameImage good_;
};

TEST_F(Lies, TheTruthIsAccepted) {
  EXPECT_FALSE(refused([](FrameImage&) {}));
}

TEST_F(Lies, AboutPlaces) {
  // Every pc but the right one: either refused, or another call of the same shape.
  u32 accepted = 0;
  for (u32 frame = 0; frame < 4; ++frame)
    for (u32 at = 0; at < 200; ++at) accepted += !refused([&](FrameImage& i) { i.frames[frame].pc = at; });
  EXPECT_GE(accepted, 4u);
  EXPECT_LE(accepted, 6u);
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames[2].pc = ~u32{0}; }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames[2].instance = ~u32{0}; }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames[2].func = ~u32{0}; }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames[2].func = 0; })) << "an import";
}

TEST_F(Lies, AboutWhoCalledWhom) {
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames.pop_back(); }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames.clear(); }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.frames.erase(i.frames.begin() + 1, i.frames.end()); }));
  // $tail returns two values where one is wanted.
  EXPECT_TRUE(refused([&](FrameImage& i) {
    i.frames.back() = {0, 3, pc(3, wasm::Op::return_call), {1}, {1, 4}};
    i.in_tail = true;
  }));
}

TEST_F(Lies, AboutSizes) {
  for (u32 frame = 0; frame < 4; ++frame) {
    EXPECT_TRUE(refused([&](FrameImage& i) { i.frames[frame].locals.push_back(0); }));
    EXPECT_TRUE(refused([&](FrameImage& i) { i.frames[frame].locals.pop_back(); }));
    EXPECT_TRUE(refused([&](FrameImage& i) { i.frames[frame].operands.push_back(0); }));
    EXPECT_TRUE(refused([&](FrameImage& i) { i.frames[frame].operands.resize(1'000'000); }));
    if (!good_.frames[frame].operands.empty())
      EXPECT_TRUE(refused([&](FrameImage& i) { i.frames[frame].operands.pop_back(); }));
  }
}

TEST_F(Lies, AboutWhatItWaitsFor) {
  EXPECT_TRUE(refused([](FrameImage& i) { i.pending_args = 1; }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.pending_args = 1'000'000; }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.in_tail = true; }));
  EXPECT_TRUE(refused([](FrameImage& i) {
    i.pending_host_call = false;
    i.in_tail = true;
  }));
  EXPECT_TRUE(refused([](FrameImage& i) { i.fuel = -1; }));
}

TEST_F(Lies, AboutReferences) {
  // $two: v128 (2 slots), the box, and the call's two arguments. $legacy: the hidden exception.
  ASSERT_EQ(good_.frames[3].operands.size(), 5u);
  ASSERT_EQ(good_.frames[2].operands.size(), 1u);
  const Slot box = static_cast<u32>(good_.frames[3].operands[2]), exn = static_cast<u32>(good_.frames[2].operands[0]);
  ASSERT_TRUE(engine_.store().heap().is_object(static_cast<u32>(box)));
  ASSERT_TRUE(engine_.store().heap().is_exception(static_cast<u32>(exn)));
  const auto box_is = [&](Slot r) { return refused([&](FrameImage& i) { i.frames[3].operands[2] = r; }); };
  const auto exn_is = [&](Slot r) { return refused([&](FrameImage& i) { i.frames[2].operands[0] = r; }); };
  EXPECT_FALSE(box_is(box));
  EXPECT_FALSE(box_is(0));
  EXPECT_TRUE(box_is(exn)) << "an exception is no struct";
  EXPECT_TRUE(exn_is(box));
  EXPECT_TRUE(box_is(box + 8)) << "inside an object";
  EXPECT_TRUE(box_is(0xfffffff8));
  EXPECT_TRUE(box_is(8));
  EXPECT_TRUE(box_is(1)) << "an i31";
  EXPECT_TRUE(box_is(runtime::func_ref(0)));
  EXPECT_TRUE(box_is(runtime::func_ref(0x0fffffff)));
  EXPECT_TRUE(box_is(runtime::host_ref(0)));
  EXPECT_TRUE(box_is(6)) << "no kind of reference";
}

TEST_P(Image, OfAStackTooSmallIsRefused) {
  TestEngine engine(options());
  engine.host("ask", {kCanonI64, kCanonI64}, {kCanonI64, kCanonI64},
              [](CallContext&, const Slot*, Slot*) { return HostStatus::pending; });
  runtime::Instance* instance = engine.load(kDeep);
  ASSERT_NE(instance, nullptr);
  ASSERT_EQ(engine.call(*instance, "f", {6}), Outcome::pending);
  const auto image = exec::write_frames(engine.stack());
  ASSERT_TRUE(image.has_value());
  u32 accepted = 0;
  for (u64 bytes = 8; bytes < 1200; bytes += 8) {
    auto stack = runtime::Stack::create(engine.store(), bytes);
    ASSERT_TRUE(stack.has_value());
    const auto put = exec::read_frames(**stack, *image);
    if (!put) EXPECT_STREQ(put.error().code, "limit-stack");
    accepted += put.has_value();
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_LT(accepted, 149u);
}

INSTANTIATE_TEST_SUITE_P(Modes, Image, testing::Range(usize{0}, matrix_modes().size()),
                         [](const auto& param) { return matrix_modes()[param.param].name; });

}  // namespace
}  // namespace dewar::test
