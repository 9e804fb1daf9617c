// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The validator's fast path (walker_fast.h) against the walk without it: generated bodies, valid and damaged, get the
// same verdict with the same words at the same offset.
#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/limits.h"
#include "wasm/validate.h"
#include "wasm/walker.h"

namespace dewar::wasm {
namespace {

using namespace test;

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u32 below(u32 n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<u32>(((state_ >> 32) * n) >> 32);
  }

 private:
  u64 state_;
};

/// Types as in the binary format; the stack of the code made so far.
constexpr u8 I = 0x7f, L = 0x7e, F = 0x7d, D = 0x7c;
constexpr u8 kTypes[] = {I, L, F, D};
// Two locals of each type and 300 more i32 for indices of two bytes; the last can not be read before it is set.
constexpr u32 kManyLocals = 300, kUnset = 4 + kManyLocals;

Bytes prefix() { return {2, 0xac, 2, 0x7f, 1, 0x64, 0x70}; }  // 300 x i32, 1 x (ref func)

/// Makes bodies of type (i32 i64 f32 f64) -> i32 out of the instructions that the fast path knows.
class Generator {
 public:
  explicit Generator(Random& random) : random_(random) {}

  Bytes make() {
    out_ = prefix();
    steps(random_.below(60) + 1, 0);
    while (!stack_.empty()) drop();
    number(0x41);
    emit({0x0b});
    return out_;
  }

 private:
  void emit(const Bytes& bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  /// An unsigned LEB128, padded at times as linkers do.
  void leb_u32(u32 value) {
    Bytes bytes = leb(value);
    if (random_.below(3) == 0) {
      const usize size = 5;
      while (bytes.size() < size) bytes.back() |= 0x80, bytes.push_back(0);
    }
    emit(bytes);
  }
  void number(u8 op) {
    emit({op});
    const u32 width = op == 0x43 ? 4 : op == 0x44 ? 8 : 0;
    for (u32 i = 0; i < width; ++i) out_.push_back(static_cast<u8>(random_.below(256)));
    if (width) return;
    // Any length up to the type's, of either sign.
    const u32 more = random_.below(op == 0x41 ? 5 : 10);
    for (u32 i = 0; i < more; ++i) out_.push_back(static_cast<u8>(0x80 | random_.below(128)));
    const bool last = more == (op == 0x41 ? 4u : 9u);
    out_.push_back(last ? (random_.below(2) ? 0x7f : 0x00) : static_cast<u8>(random_.below(128)));
  }
  void push(u8 type) { stack_.push_back(type); }
  bool has(std::initializer_list<u8> types) const {
    if (stack_.size() - floor_ < types.size()) return false;
    return std::equal(types.begin(), types.end(), stack_.end() - static_cast<std::ptrdiff_t>(types.size()));
  }
  void pop(usize n) { stack_.resize(stack_.size() - n); }
  void drop() {
    emit({0x1a});
    pop(1);
  }
  void memarg(u8 op, u32 align) {
    emit({op, static_cast<u8>(random_.below(align + 1))});
    leb_u32(random_.below(4) ? random_.below(300) : 0xffffffff);
  }

  void steps(u32 count, u32 depth) {
    for (u32 i = 0; i < count; ++i) step(depth);
  }
  void nested(u8 op, u8 type, u32 depth) {
    emit({op, type});
    const usize outer = floor_;
    floor_ = stack_.size();
    steps(random_.below(8), depth + 1);
    while (stack_.size() > floor_) drop();
    if (type != 0x40) constant(type);
    if (op == 0x04 && (type != 0x40 || random_.below(2))) {
      pop(stack_.size() - floor_);
      emit({0x05});
      steps(random_.below(4), depth + 1);
      while (stack_.size() > floor_) drop();
      if (type != 0x40) constant(type);
    }
    emit({0x0b});
    floor_ = outer;
  }
  void constant(u8 type) {
    number(static_cast<u8>(0x41 + (0x7f - type)));
    push(type);
  }
  void step(u32 depth) {
    switch (random_.below(20)) {
      case 0:
      case 1: {
        const u32 local = random_.below(4) ? random_.below(4) : 4 + random_.below(kManyLocals);
        emit({0x20});
        leb_u32(local);
        push(local < 4 ? kTypes[local] : I);
        return;
      }
      case 2:
        if (stack_.size() == floor_) break;
        emit({static_cast<u8>(random_.below(2) ? 0x21 : 0x22)});
        if (out_.back() == 0x21) {
          leb_u32(0x7f - stack_.back());
          pop(1);
        } else {
          leb_u32(0x7f - stack_.back());
        }
        return;
      case 3:
        if (!has({I, I})) break;
        emit({static_cast<u8>(0x46 + random_.below(10))});
        return pop(1);
      case 4:
        if (!has({L, L})) break;
        emit({static_cast<u8>(random_.below(2) ? 0x7c + random_.below(8) : 0x51)});
        pop(2);
        return push(out_.back() == 0x51 ? I : L);
      case 5:
        if (!has({D, D})) break;
        emit({0xa0});
        return pop(1);
      case 6:
        if (!has({I})) break;
        if (random_.below(2)) return emit({static_cast<u8>(random_.below(2) ? 0x45 : 0xc0)});
        emit({0xac});
        stack_.back() = L;
        return;
      case 7:
        if (!has({I})) break;
        memarg(0x29, 3);
        stack_.back() = L;
        return;
      case 8:
        if (!has({I, F})) break;
        memarg(0x38, 2);
        return pop(2);
      case 9:
        if (depth > 5) break;
        return nested(static_cast<u8>(0x02 + random_.below(2)), 0x40, depth);
      case 10: {
        if (depth > 5) break;
        const u8 type = kTypes[random_.below(4)];
        nested(0x02, type, depth);
        return;
      }
      case 11:
        if (!has({I}) || depth > 5) break;
        pop(1);
        return nested(0x04, random_.below(2) ? u8{0x40} : L, depth);
      case 12:
        if (!has({I}) || depth == 0) break;
        emit({0x0d, static_cast<u8>(random_.below(depth))});
        return pop(1);
      case 13:
        emit({0x10});
        leb_u32(1);
        return;
      case 14:
        if (!has({I, L})) break;
        emit({0x10});
        leb_u32(2);
        pop(2);
        push(L);
        return push(D);
      case 15:
        if (stack_.size() - floor_ < 3 || stack_.back() != I || stack_.end()[-2] != stack_.end()[-3]) break;
        emit({0x1b});
        return pop(2);
      case 16: {
        const u32 global = random_.below(2);
        emit({0x23});
        leb_u32(global);
        return push(global ? L : I);
      }
      case 17:
        if (!has({I})) break;
        emit({0x24, 0});
        return pop(1);
      case 18:
        if (depth == 0 || random_.below(4)) break;
        // What follows in the block can not be reached; it may still be valid, or not.
        emit({0x0c, static_cast<u8>(random_.below(depth))});
        return;
      default: break;
    }
    constant(kTypes[random_.below(4)]);
  }

  Random& random_;
  Bytes out_;
  std::vector<u8> stack_;
  usize floor_ = 0;
};

Bytes with_body(const Bytes& code) {
  const Bytes types = vec({{0x60, 4, I, L, F, D, 1, I}, {0x60, 0, 0}, {0x60, 2, I, L, 2, L, D}});
  // The body under test first, so that others follow it; a module that ends with it is among the damaged ones.
  return module(
      {section(1, types), section(3, {3, 0, 1, 2}), section(5, vec({{0, 1}})),
       section(6, vec({{I, 1, 0x41, 0, 0x0b}, {L, 0, 0x42, 0, 0x0b}})),
       section(10, vec({body(code), body({0, 0x0b}), body({0, 0x42, 1, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x0b})}))});
}

std::string text_of(const Result<void>& verdict) {
  if (verdict) return "valid";
  return std::string(verdict.error().code) + ": " + verdict.error().message + " @" +
         std::to_string(verdict.error().offset);
}

/// The verdict on function 0 by both ways; expects them to be the same.
std::string verdict(const Bytes& code) {
  TypeRegistry registry;
  const auto made = decode(with_body(code), registry);
  if (!made) return made.error().code;
  NullSink sink;
  WalkScratch scratch;
  static_assert(!NullSink::kSkipCommon);
  const std::string plain = text_of(walk(**made, FuncIndex{0}, sink, scratch));
  const std::string fast = text_of(validate_body(**made, FuncIndex{0}));
  EXPECT_EQ(fast, plain) << testing::PrintToString(code);
  return plain;
}

TEST(WalkerFast, GeneratedBodiesAndDamagedOnesAreJudgedAlike) {
  Random random(20);
  u32 valid = 0, damaged_valid = 0, damaged_invalid = 0;
  for (int i = 0; i < 4000 && !HasFailure(); ++i) {
    const Bytes good = Generator(random).make();
    // Code behind a branch may be invalid.
    valid += verdict(good) == "valid";
    for (int k = 0; k < 4; ++k) {
      Bytes bad = good;
      for (u32 changes = random.below(3) + 1; changes > 0; --changes) {
        const usize at = prefix().size() + random.below(static_cast<u32>(bad.size() - prefix().size()));
        const auto where = bad.begin() + static_cast<std::ptrdiff_t>(at);
        switch (random.below(4)) {
          case 0: *where = static_cast<u8>(random.below(256)); break;
          case 1: *where ^= static_cast<u8>(1u << random.below(8)); break;
          case 2: bad.insert(where, static_cast<u8>(random.below(256))); break;
          default: bad.erase(where, random.below(8) ? where + 1 : bad.end()); break;
        }
        if (bad.size() <= prefix().size()) break;
      }
      (verdict(bad) == "valid" ? damaged_valid : damaged_invalid) += 1;
    }
  }
  EXPECT_GT(valid, 3000u);
  EXPECT_GT(damaged_valid, 1000u);
  EXPECT_GT(damaged_invalid, 5000u);
}

TEST(WalkerFast, EdgesOfIntegers) {
  // i32.const, local.get, call and offsets with five bytes: the unused bits of the last must be right.
  for (u32 last = 0; last < 256; ++last) {
    const u8 b = static_cast<u8>(last);
    const bool sign_ok = b < 0x08 || (b >= 0x78 && b < 0x80);
    EXPECT_EQ(verdict(prefix() + Bytes{0x41, 0x80, 0x80, 0x80, 0x80, b, 0x0b}) == "valid", sign_ok) << last;
    EXPECT_EQ(verdict(prefix() + Bytes{0x20, 0x80, 0x80, 0x80, 0x80, b, 0x0b}) == "valid", b == 0) << last;
    EXPECT_EQ(verdict(prefix() + Bytes{0x10, 0x81, 0x80, 0x80, 0x80, b, 0x41, 0, 0x0b}) == "valid", b == 0) << last;
    EXPECT_EQ(verdict(prefix() + Bytes{0x41, 0, 0x28, 2, 0xff, 0xff, 0xff, 0xff, b, 0x0b}) == "valid", b < 0x10)
        << last;
    EXPECT_EQ(verdict(prefix() + Bytes{0x41, 0, 0x28, b, 0, 0x0b}) == "valid", b <= 2) << last;
    verdict(prefix() + Bytes{0x42, 0xff, 0xff, 0xff, 0xff, b, 0x1a, 0x41, 0, 0x0b});
    verdict(prefix() + Bytes{0x02, b, 0x0b, 0x41, 0, 0x0b});
    verdict(prefix() + Bytes{0x02, 0x40, 0x0c, b, 0x0b, 0x41, 0, 0x0b});
    verdict(prefix() + Bytes{b, 0x41, 0, 0x0b});
  }
}

TEST(WalkerFast, WhatOnlyTheFullWalkKnows) {
  EXPECT_EQ(verdict(prefix() + Bytes{0x41, 0, 0x0b}), "valid");
  const auto unset = leb(kUnset);
  EXPECT_TRUE(verdict(prefix() + (Bytes{0x20} + unset) + Bytes{0x1a, 0x41, 0, 0x0b}).contains("uninitialized local"));
  EXPECT_TRUE(verdict(prefix() + Bytes{0x41, 0, 0x42, 0, 0x0b}).contains("type mismatch"));
  EXPECT_TRUE(verdict(prefix() + Bytes{0x42, 0, 0x24, 1, 0x41, 0, 0x0b}).contains("global is immutable"));
  EXPECT_TRUE(verdict(prefix() + Bytes{0x41, 0, 0x04, I, 0x41, 0, 0x0b, 0x0b}).contains("if without else"));
  EXPECT_TRUE(verdict(prefix() + Bytes{0x02, 0x40, 0x41, 0, 0x0b, 0x41, 0, 0x0b}).contains("values remain"));
  EXPECT_TRUE(verdict(prefix() + Bytes{0x41, 0, 0x0b, 0x0b}).contains("END opcode expected"));
  // A branch makes the rest of the block polymorphic, also for a block inside it.
  EXPECT_EQ(verdict(prefix() + Bytes{0x02, I, 0x00, 0x0b, 0x0b}), "valid");
  EXPECT_EQ(verdict(prefix() + Bytes{0x02, 0x40, 0x0c, 0, 0x6a, 0x1a, 0x02, 0x40, 0x0b, 0x0b, 0x41, 0, 0x0b}), "valid");
  // More operands than the stack begins with.
  Bytes deep = prefix();
  for (int i = 0; i < 500; ++i) deep = std::move(deep) + Bytes{0x20, 0};
  for (int i = 0; i < 499; ++i) deep = std::move(deep) + Bytes{0x6a};
  EXPECT_EQ(verdict(deep + Bytes{0x0b}), "valid");
}

// Instructions that are passed at once need no more room than one by one, and no less.
TEST(WalkerFast, TheMostOperands) {
  const auto with = [](u32 operands) {
    Bytes code = prefix();
    for (u32 i = 0; i < operands; ++i) code.insert(code.end(), {0x41, 0});
    code.insert(code.end(), {0x20, 0, 0x41, 1, 0x6a});  // local.get, i32.const, i32.add
    code.insert(code.end(), operands + 1, 0x1a);
    code.insert(code.end(), {0x41, 0, 0x0b});
    return verdict(code);
  };
  for (const u32 room : {64u, kMaxOperands}) {
    EXPECT_EQ(with(room - 2), "valid");
    for (const u32 more : {1u, 0u}) EXPECT_EQ(with(room - more) == "valid", room != kMaxOperands) << room - more;
  }
}

}  // namespace
}  // namespace dewar::wasm
