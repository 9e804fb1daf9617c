// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar float operations: values against references in a wider format (twice the significand plus two bits, so that
// rounding twice is rounding once) or on bits, NaN results against the one canonical NaN.
#include <gtest/gtest.h>

#include "exec/semantics.h"
#include "unit/exec/semantics_float_reference.h"

namespace dewar::exec::test {
namespace {

#if defined(__x86_64__)
using Quad = __float128;
#else
using Quad = long double;
static_assert(std::numeric_limits<Quad>::digits == 113);
#endif

#define OPERATIONS(p)                                                                                             \
  static constexpr auto abs = sem::p##_abs, neg = sem::p##_neg, ceil = sem::p##_ceil, floor = sem::p##_floor,     \
                        trunc = sem::p##_trunc, nearest = sem::p##_nearest, sqrt = sem::p##_sqrt;                 \
  static constexpr auto add = sem::p##_add, sub = sem::p##_sub, mul = sem::p##_mul, div = sem::p##_div,           \
                        min = sem::p##_min, max = sem::p##_max, copysign = sem::p##_copysign;                     \
  static constexpr auto eq = sem::p##_eq, ne = sem::p##_ne, lt = sem::p##_lt, gt = sem::p##_gt, le = sem::p##_le, \
                        ge = sem::p##_ge

struct F32Ops {
  using F = f32;
  using Wide = f64;
  OPERATIONS(f32);
};
struct F64Ops {
  using F = f64;
  using Wide = Quad;
  OPERATIONS(f64);
};

template <class Ops>
class SemanticsFloat : public testing::Test {};
using Widths = testing::Types<F32Ops, F64Ops>;
TYPED_TEST_SUITE(SemanticsFloat, Widths);

// Bits of an expected result: every NaN stands for the canonical one.
template <class F>
auto canonical_bits(F x) {
  return is_nan(x) ? Format<F>::kNan : bits_of(x);
}

// Sign and magnitude as one signed number; orders all floats but NaNs, -0 below +0.
template <class F>
__int128 order(F x) {
  const __int128 magnitude = static_cast<__int128>((bits_of(x) << 1) >> 1);
  return sign_of(x) ? -1 - magnitude : magnitude;
}

template <class Test>
void for_pairs(u64 seed, Test test) {
  using F = typename Test::F;
  std::array<F, 2 * (sizeof(F) == 4 ? std::size(kEdges32) : std::size(kEdges64))> edges;
  usize count = 0;
  for (typename Format<F>::Bits sign : {0, 1}) {
    const auto add = [&](auto bits) {
      edges[count++] = std::bit_cast<F>(static_cast<typename Format<F>::Bits>(bits | sign << (8 * sizeof(F) - 1)));
    };
    if constexpr (sizeof(F) == 4) {
      for (u32 bits : kEdges32) add(bits);
    } else {
      for (u64 bits : kEdges64) add(bits);
    }
  }
  for (F a : edges) {
    for (F b : edges) test(a, b);
  }
  Random random(seed);
  for (int i = 0; i < kRounds; i++) test(operand<F>(random), operand<F>(random));
}

template <class Ops>
struct Arithmetic {
  using F = typename Ops::F;
  using Wide = typename Ops::Wide;
  void operator()(F a, F b) const {
    const Wide wa = a, wb = b;
    ASSERT_EQ(bits_of(Ops::add(a, b)), canonical_bits(static_cast<F>(wa + wb))) << trace(a, b);
    ASSERT_EQ(bits_of(Ops::sub(a, b)), canonical_bits(static_cast<F>(wa - wb))) << trace(a, b);
    ASSERT_EQ(bits_of(Ops::mul(a, b)), canonical_bits(static_cast<F>(wa * wb))) << trace(a, b);
    ASSERT_EQ(bits_of(Ops::div(a, b)), canonical_bits(static_cast<F>(wa / wb))) << trace(a, b);
  }
  static testing::Message trace(F a, F b) { return testing::Message() << std::hex << bits_of(a) << " " << bits_of(b); }
};
TYPED_TEST(SemanticsFloat, Arithmetic) { for_pairs(1, Arithmetic<TypeParam>{}); }

template <class Ops>
struct MinMax {
  using F = typename Ops::F;
  void operator()(F a, F b) const {
    const bool nan = is_nan(a) || is_nan(b);
    const F smaller = order(a) < order(b) ? a : b;
    const F larger = order(a) < order(b) ? b : a;
    ASSERT_EQ(bits_of(Ops::min(a, b)), nan ? Format<F>::kNan : bits_of(smaller));
    ASSERT_EQ(bits_of(Ops::max(a, b)), nan ? Format<F>::kNan : bits_of(larger));
  }
};
TYPED_TEST(SemanticsFloat, MinMax) { for_pairs(2, MinMax<TypeParam>{}); }

template <class Ops>
struct Comparisons {
  using F = typename Ops::F;
  void operator()(F a, F b) const {
    const bool ordered = !is_nan(a) && !is_nan(b);
    const bool zeros = (bits_of(a) | bits_of(b)) << 1 == 0;
    const bool equal = ordered && (zeros || order(a) == order(b));
    const bool less = ordered && !equal && order(a) < order(b);
    const bool greater = ordered && !equal && !less;
    ASSERT_EQ(Ops::eq(a, b), equal);
    ASSERT_EQ(Ops::ne(a, b), !equal);
    ASSERT_EQ(Ops::lt(a, b), less);
    ASSERT_EQ(Ops::gt(a, b), greater);
    ASSERT_EQ(Ops::le(a, b), less || equal);
    ASSERT_EQ(Ops::ge(a, b), greater || equal);
  }
};
TYPED_TEST(SemanticsFloat, Comparisons) { for_pairs(3, Comparisons<TypeParam>{}); }

template <class Ops>
struct SignOperations {
  using F = typename Ops::F;
  using Bits = typename Format<F>::Bits;
  void operator()(F a, F b) const {
    constexpr Bits kSign = Bits{1} << (8 * sizeof(F) - 1);
    const Bits magnitude = bits_of(a) % kSign;
    ASSERT_EQ(bits_of(Ops::abs(a)), magnitude);
    ASSERT_EQ(bits_of(Ops::neg(a)), magnitude + (sign_of(a) ? 0 : kSign));
    ASSERT_EQ(bits_of(Ops::copysign(a, b)), magnitude + (sign_of(b) ? kSign : 0));
  }
};
TYPED_TEST(SemanticsFloat, SignOperationsChangeNothingElse) { for_pairs(4, SignOperations<TypeParam>{}); }

// Integer part and remainder on bits, then one step away where the direction asks for it.
enum class Direction { up, down, zero, nearest };
template <class F>
F round_to_integer(F x, Direction direction) {
  if (is_infinite(x)) return x;
  const Parts p = take_apart(x);
  if (p.exponent >= 0) return x;
  const int drop = -p.exponent;
  unsigned __int128 whole = 0, rest = p.significand, half = ~(unsigned __int128){0};
  if (drop < 120) {
    whole = p.significand >> drop;
    rest = p.significand - (whole << drop);
    half = (unsigned __int128){1} << (drop - 1);
  }
  const bool away = direction == Direction::up     ? !p.negative && rest != 0
                    : direction == Direction::down ? p.negative && rest != 0
                    : direction == Direction::zero ? false
                                                   : rest > half || (rest == half && (whole & 1) != 0);
  return put_together<F>({p.negative, whole + (away ? 1 : 0), 0});
}

template <class Ops>
struct Rounding {
  using F = typename Ops::F;
  void operator()(F a, F) const {
    const auto expected = [&](Direction d) { return is_nan(a) ? Format<F>::kNan : bits_of(round_to_integer(a, d)); };
    ASSERT_EQ(bits_of(Ops::ceil(a)), expected(Direction::up)) << std::hex << bits_of(a);
    ASSERT_EQ(bits_of(Ops::floor(a)), expected(Direction::down)) << std::hex << bits_of(a);
    ASSERT_EQ(bits_of(Ops::trunc(a)), expected(Direction::zero)) << std::hex << bits_of(a);
    ASSERT_EQ(bits_of(Ops::nearest(a)), expected(Direction::nearest)) << std::hex << bits_of(a);
  }
};
TYPED_TEST(SemanticsFloat, Rounding) { for_pairs(5, Rounding<TypeParam>{}); }

template <class Ops>
struct SquareRoot {
  using F = typename Ops::F;
  using Wide = typename Ops::Wide;
  void operator()(F a, F) const {
    const F root = Ops::sqrt(a);
    const bool zero = bits_of(a) << 1 == 0;
    if (is_nan(a) || (sign_of(a) && !zero)) {
      ASSERT_EQ(bits_of(root), Format<F>::kNan);
    } else if (zero || is_infinite(a)) {
      ASSERT_EQ(bits_of(root), bits_of(a));
    } else {
      // The root lies between the midpoints to the neighbours; the squares of those are exact in the wider format.
      const auto neighbour = [&](int step) {
        return std::bit_cast<F>(static_cast<typename Format<F>::Bits>(bits_of(root) + step));
      };
      const Wide low = (Wide{root} + Wide{neighbour(-1)}) / 2, high = (Wide{root} + Wide{neighbour(1)}) / 2;
      ASSERT_LT(sign_of(root), 1);
      ASSERT_TRUE(low * low <= Wide{a} && Wide{a} <= high * high) << std::hex << bits_of(a);
    }
  }
};
TYPED_TEST(SemanticsFloat, SquareRoot) { for_pairs(6, SquareRoot<TypeParam>{}); }

TEST(SemanticsFloatExamples, InvalidOperationsGiveThePositiveCanonicalNan) {
  const f64 inf = std::numeric_limits<f64>::infinity();
  EXPECT_EQ(bits_of(sem::f64_sub(inf, inf)), kNan64);
  EXPECT_EQ(bits_of(sem::f64_mul(0.0, -inf)), kNan64);
  EXPECT_EQ(bits_of(sem::f64_div(0.0, 0.0)), kNan64);
  EXPECT_EQ(bits_of(sem::f64_sqrt(-1.0)), kNan64);
  EXPECT_EQ(bits_of(sem::f32_add(std::bit_cast<f32>(0xffa00001u), 1.0f)), kNan32);
  EXPECT_EQ(bits_of(sem::f32_mul(std::bit_cast<f32>(0x7f800001u), 1.0f)), kNan32);
}

}  // namespace
}  // namespace dewar::exec::test
