// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic read-modify-write operations under contention: nothing is lost, nothing is invented, neighbours are untouched.
// Every width of every operation, at every lane of an 8-byte word.
#include "threads/guest_threads.h"

namespace dewar::test {
namespace {

struct Width {
  const char* type;    ///< value type
  const char* prefix;  ///< of the mnemonics
  const char* suffix;
  u32 bytes;
};

const Width kWidths[] = {
    {"i32", "i32.atomic.rmw", "", 4},     {"i32", "i32.atomic.rmw8", "_u", 1}, {"i32", "i32.atomic.rmw16", "_u", 2},
    {"i64", "i64.atomic.rmw", "", 8},     {"i64", "i64.atomic.rmw8", "_u", 1}, {"i64", "i64.atomic.rmw16", "_u", 2},
    {"i64", "i64.atomic.rmw32", "_u", 4},
};

constexpr u32 kThreads = 4;
constexpr u32 kCount = 20'000;
constexpr u64 kWord = 1024;

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (usize at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// A module that does BODY `$n` times; T is the value type, OP(x) the mnemonic of x, ADDR the address.
std::string looped(const Width& width, u64 address, std::string body) {
  body = replace_all(std::move(body), "ADDR", "(i32.const " + std::to_string(address) + ")");
  for (const char* op : {"add", "sub", "and", "or", "xor", "xchg", "cmpxchg"}) {
    body = replace_all(std::move(body), std::string("OP(") + op + ")",
                       std::string(width.prefix) + "." + op + width.suffix);
  }
  body = replace_all(std::move(body), "ME",
                     std::string(width.type) == "i64" ? "(i64.extend_i32_u (local.get $me))" : "(local.get $me)");
  body = replace_all(std::move(body), "T.", std::string(width.type) + ".");
  return std::string(R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $bad i32) (local $old )") +
         width.type + R"()
      (loop $next )" +
         body + R"(
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $bad))))";
}

u64 mask(u32 bytes) { return bytes == 8 ? ~u64{0} : (u64{1} << (bytes * 8)) - 1; }

/// Runs `body` at every lane of the word; `expected(start)` is the lane's final value.
template <class Expected>
void check_lanes(const char* body, Expected expected) {
  for (const Width& width : kWidths) {
    for (u32 lane = 0; lane < 8; lane += width.bytes) {
      SCOPED_TRACE(std::string(width.prefix) + " lane " + std::to_string(lane));
      SharedMemory memory(1, 1);
      memory.write<u64>(kWord, 0x1122334455667788);
      const auto bad = run_threads(memory, looped(width, kWord + lane, body), kThreads, kCount);
      EXPECT_EQ(bad, std::vector<i32>(kThreads, 0));
      const u64 word = memory.read<u64>(kWord);
      const u64 lane_mask = mask(width.bytes) << (lane * 8);
      EXPECT_EQ(word & ~lane_mask, u64{0x1122334455667788} & ~lane_mask) << "a neighbour changed";
      const u64 start = (u64{0x1122334455667788} >> (lane * 8)) & mask(width.bytes);
      EXPECT_EQ((word & lane_mask) >> (lane * 8), expected(start) & mask(width.bytes));
    }
  }
}

TEST(Rmw, AddCountsExactly) {
  check_lanes("(drop (OP(add) ADDR (T.const 3)))", [](u64 start) { return start + 3 * u64{kThreads} * kCount; });
}

TEST(Rmw, SubCountsExactly) {
  check_lanes("(drop (OP(sub) ADDR (T.const 5)))", [](u64 start) { return start - 5 * u64{kThreads} * kCount; });
}

TEST(Rmw, XorTogglesExactly) {
  // Each thread owns a bit and toggles it; the old value tells whether its own last toggle is still there.
  check_lanes(R"((local.set $old (OP(xor) ADDR (T.shl (T.const 1) ME)))
      (local.set $old (T.xor (local.get $old) (OP(xor) ADDR (T.shl (T.const 1) ME))))
      (local.set $bad (i32.add (local.get $bad) (T.eqz (T.and (local.get $old) (T.shl (T.const 1) ME))))))",
              [](u64 start) { return start; });
}

TEST(Rmw, OrAndKeepEachThreadsBit) {
  check_lanes(R"((drop (OP(or) ADDR (T.shl (T.const 1) ME)))
      (local.set $old (OP(and) ADDR (T.xor (T.const -1) (T.shl (T.const 1) ME))))
      (local.set $bad (i32.add (local.get $bad) (T.eqz (T.and (local.get $old) (T.shl (T.const 1) ME)))))
      (local.set $old (OP(or) ADDR (T.const 0)))
      (local.set $bad (i32.add (local.get $bad) (T.ne (T.const 0) (T.and (local.get $old) (T.shl (T.const 1) ME))))))",
              [](u64 start) { return start & ~u64{(1 << kThreads) - 1}; });
}

TEST(Rmw, CompareExchangeAddsExactly) {
  check_lanes(R"((loop $again
      (local.set $old (OP(add) ADDR (T.const 0)))
      (br_if $again (T.ne (local.get $old)
        (OP(cmpxchg) ADDR (local.get $old) (T.add (local.get $old) (T.const 1)))))))",
              [](u64 start) { return start + u64{kThreads} * kCount; });
}

TEST(Rmw, ExchangeConservesTheSum) {
  // Every thread puts numbers in and adds up what it gets out; in total nothing is lost.
  const std::string wat = R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $sum i32)
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (i32.atomic.rmw.xchg (i32.const 1024)
          (i32.add (i32.mul (local.get $me) (i32.const 1000003)) (local.get $i)))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $sum))))";
  SharedMemory memory(1, 1);
  const auto sums = run_threads(memory, wat, kThreads, kCount);
  u32 got = memory.read<u32>(kWord), put = 0;
  for (u32 t = 0; t < kThreads; ++t) {
    got += static_cast<u32>(sums[t]);
    for (u32 i = 0; i < kCount; ++i) put += t * 1000003 + i;
  }
  EXPECT_EQ(got, put);
}

TEST(Rmw, SpinlockGuardsPlainAccesses) {
  const std::string wat = R"((module (import "env" "memory" (memory 1 1 shared))
    (func $lock (block $got (loop $spin
      (br_if $got (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
      (drop (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 100000)))
      (br $spin))))
    (func $unlock (i32.atomic.store (i32.const 0) (i32.const 0))
      (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
    (func (export "thread") (param $me i32) (param $n i32) (result i32)
      (local $i i32) (local $bad i32)
      (loop $next
        (call $lock)
        (local.set $bad (i32.add (local.get $bad) (i64.ne (i64.load (i32.const 2048)) (i64.load (i32.const 4096)))))
        (i64.store (i32.const 2048) (i64.add (i64.load (i32.const 2048)) (i64.const 1)))
        (i64.store (i32.const 4096) (i64.add (i64.load (i32.const 4096)) (i64.const 1)))
        (call $unlock)
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.get $bad))))";
  for (const Mode& mode : matrix_modes()) {
    SCOPED_TRACE(mode.name);
    SharedMemory memory(1, 1);
    const auto bad = run_threads(memory, wat, kThreads, 3000, mode.options);
    EXPECT_EQ(bad, std::vector<i32>(kThreads, 0));
    EXPECT_EQ(memory.read<u64>(2048), u64{kThreads} * 3000);
    EXPECT_EQ(memory.read<u64>(4096), u64{kThreads} * 3000);
  }
}

}  // namespace
}  // namespace dewar::test
