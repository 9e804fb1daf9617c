// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Narrow atomic compare-exchanges: operands wider than the access are wrapped, the comparand too.
#include "exec_fixture.h"

namespace dewar::test {
namespace {

/// Old value, and the word in memory afterwards; there are 0xff bytes before.
std::vector<Slot> exchange(const std::string& op, const std::string& type, const std::string& comparand) {
  const std::string constant = "(" + type + ".const ";
  const std::string extend = type == "i32" ? "(i64.extend_i32_u " : "(i64.or (i64.const 0) ";
  return run_all(
             "(module (memory 1 1 shared) (data (i32.const 0) \"\\ff\\ff\\ff\\ff\\ff\\ff\\ff\\ff\")"
             "(func (export \"f\") (result i64 i64) " +
             extend + "(" + op + " (i32.const 0) " + constant + comparand + ") " + constant +
             "0x12345678))) (i64.load (i32.const 0))))")
      .results;
}

TEST(AtomicCompareExchange, WrapsTheComparand) {
  using Values = std::vector<Slot>;
  const Slot all = ~Slot{0};
  EXPECT_EQ(exchange("i32.atomic.rmw8.cmpxchg_u", "i32", "0x123456ff"), (Values{0xff, 0xffffffffffffff78}));
  EXPECT_EQ(exchange("i32.atomic.rmw16.cmpxchg_u", "i32", "-1"), (Values{0xffff, 0xffffffffffff5678}));
  EXPECT_EQ(exchange("i64.atomic.rmw8.cmpxchg_u", "i64", "-1"), (Values{0xff, 0xffffffffffffff78}));
  EXPECT_EQ(exchange("i64.atomic.rmw16.cmpxchg_u", "i64", "0x1234ffff"), (Values{0xffff, 0xffffffffffff5678}));
  EXPECT_EQ(exchange("i64.atomic.rmw32.cmpxchg_u", "i64", "0x1ffffffff"), (Values{0xffffffff, 0xffffffff12345678}));
  EXPECT_EQ(exchange("i32.atomic.rmw.cmpxchg", "i32", "-1"), (Values{0xffffffff, 0xffffffff12345678}));
  // What differs in the low bits is not stored.
  EXPECT_EQ(exchange("i32.atomic.rmw8.cmpxchg_u", "i32", "0xfffffffe"), (Values{0xff, all}));
  EXPECT_EQ(exchange("i64.atomic.rmw32.cmpxchg_u", "i64", "0xfffffffe"), (Values{0xffffffff, all}));
  EXPECT_EQ(exchange("i64.atomic.rmw.cmpxchg", "i64", "0xffffffff"), (Values{all, all}));
}

}  // namespace
}  // namespace dewar::test
