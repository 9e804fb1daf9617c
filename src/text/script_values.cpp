// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `(i32.const 1)`, `(f32.const nan:canonical)`, `(v128.const f32x4 ...)`, `(ref.struct)`, `(either ...)`: the constants
// and patterns of the script grammar. Alternatives do not nest, so there is no recursion beyond one level.
#include "text/script_values.h"

#include <cstring>

#include "text/literals.h"

namespace dewar::text {
namespace {

struct HeapWord {
  std::string_view word;
  u8 code;
};
constexpr HeapWord kHeapWords[] = {
    {"func", 0x70},  {"extern", 0x6f}, {"any", 0x6e},  {"eq", 0x6d},       {"i31", 0x6c},    {"struct", 0x6b},
    {"array", 0x6a}, {"exn", 0x69},    {"none", 0x71}, {"noextern", 0x72}, {"nofunc", 0x73}, {"noexn", 0x74},
};

struct PatternWord {
  std::string_view word;
  ValueKind kind;
};
/// Patterns without operand.
constexpr PatternWord kPatternWords[] = {
    {"ref.func", ValueKind::kRefFunc}, {"ref.any", ValueKind::kRefAny},       {"ref.eq", ValueKind::kRefEq},
    {"ref.i31", ValueKind::kRefI31},   {"ref.struct", ValueKind::kRefStruct}, {"ref.array", ValueKind::kRefArray},
    {"ref.exn", ValueKind::kRefExn},
};

struct ShapeWord {
  std::string_view word;
  LaneShape shape;
  u32 lanes;
  u32 bits;
  bool is_float;
};
constexpr ShapeWord kShapeWords[] = {
    {"i8x16", LaneShape::kI8x16, 16, 8, false}, {"i16x8", LaneShape::kI16x8, 8, 16, false},
    {"i32x4", LaneShape::kI32x4, 4, 32, false}, {"i64x2", LaneShape::kI64x2, 2, 64, false},
    {"f32x4", LaneShape::kF32x4, 4, 32, true},  {"f64x2", LaneShape::kF64x2, 2, 64, true},
};

class ValueReader {
 public:
  ValueReader(TokenCursor& cursor, bool patterns) : cursor_(cursor), patterns_(patterns) {}

  std::vector<ScriptValue> list() {
    std::vector<ScriptValue> values;
    while (!cursor_.at(TokenKind::kRightParen) && !cursor_.failed()) values.push_back(value(true));
    return values;
  }

 private:
  ScriptValue value(bool either_allowed) {
    ScriptValue v;
    cursor_.expect(TokenKind::kLeftParen, "a constant such as (i32.const 1)");
    const Token word = cursor_.expect(TokenKind::kKeyword, "a constant");
    if (cursor_.failed()) return v;
    const std::string_view text = cursor_.text(word);
    if (text == "either" && patterns_ && either_allowed) {
      v.kind = ValueKind::kEither;
      while (!cursor_.at(TokenKind::kRightParen) && !cursor_.failed()) v.alternatives.push_back(value(false));
    } else if (!number(text, v) && !reference(text, v)) {
      cursor_.fail("unknown constant or pattern " + show_token(text), word);
    }
    cursor_.expect_close();
    return v;
  }

  bool number(std::string_view text, ScriptValue& v) {
    if (text == "i32.const") {
      v.kind = ValueKind::kI32;
      v.bits = integer(32);
    } else if (text == "i64.const") {
      v.kind = ValueKind::kI64;
      v.bits = integer(64);
    } else if (text == "f32.const") {
      v.kind = ValueKind::kF32;
      v.bits = real(32, v.nan);
    } else if (text == "f64.const") {
      v.kind = ValueKind::kF64;
      v.bits = real(64, v.nan);
    } else if (text == "v128.const") {
      v.kind = ValueKind::kV128;
      vector(v);
    } else {
      return false;
    }
    return true;
  }

  bool reference(std::string_view text, ScriptValue& v) {
    if (text == "ref.null") {
      v.kind = ValueKind::kRefNull;
      null(v);
      return true;
    }
    if (text == "ref.extern" || text == "ref.host") {
      v.kind = text == "ref.host" ? ValueKind::kRefHost : ValueKind::kRefExtern;
      v.any = patterns_ && cursor_.at(TokenKind::kRightParen);
      if (!v.any) v.bits = host_number();
      return true;
    }
    if (!patterns_) return false;
    for (const PatternWord& p : kPatternWords) {
      if (p.word != text) continue;
      v.kind = p.kind;
      v.any = true;
      return true;
    }
    return false;
  }

  void null(ScriptValue& v) {
    if (patterns_ && cursor_.at(TokenKind::kRightParen)) {
      v.any = true;
      return;
    }
    for (const HeapWord& h : kHeapWords) {
      if (cursor_.accept(h.word)) {
        v.heap = h.code;
        return;
      }
    }
    cursor_.unexpected("an abstract heap type");
  }

  void vector(ScriptValue& v) {
    for (const ShapeWord& s : kShapeWords) {
      if (!cursor_.accept(s.word)) continue;
      v.shape = s.shape;
      u8 bytes[16] = {};
      for (u32 i = 0; i < s.lanes; ++i) {
        NanPattern nan = NanPattern::kNone;
        const u64 lane = s.is_float ? real(s.bits, nan) : integer(s.bits);
        if (s.is_float) v.lane_nans[i] = nan;
        std::memcpy(bytes + i * (s.bits / 8), &lane, s.bits / 8);
      }
      std::memcpy(&v.v128, bytes, sizeof bytes);
      return;
    }
    cursor_.unexpected("a vector shape such as i32x4");
  }

  u64 integer(u32 bits) {
    const Token t = cursor_.expect(TokenKind::kNumber, "an integer");
    u64 value = 0;
    if (!cursor_.failed()) check(parse_int(cursor_.text(t), bits, value), t);
    return value;
  }

  u64 host_number() {
    const Token t = cursor_.expect(TokenKind::kNumber, "a number");
    u64 value = 0;
    if (!cursor_.failed()) check(parse_nat(cursor_.text(t), 32, value), t);
    return value;
  }

  u64 real(u32 bits, NanPattern& nan) {
    if (patterns_ && cursor_.accept("nan:canonical")) {
      nan = NanPattern::kCanonical;
      return 0;
    }
    if (patterns_ && cursor_.accept("nan:arithmetic")) {
      nan = NanPattern::kArithmetic;
      return 0;
    }
    if (!cursor_.at(TokenKind::kNumber) && !cursor_.at(TokenKind::kKeyword)) {
      cursor_.unexpected("a float");
      return 0;
    }
    const Token t = cursor_.take();
    u64 wide = 0;
    u32 narrow = 0;
    check(bits == 32 ? parse_f32(cursor_.text(t), narrow) : parse_f64(cursor_.text(t), wide), t);
    return bits == 32 ? narrow : wide;
  }

  void check(Literal status, const Token& t) {
    if (status == Literal::kMalformed) cursor_.fail("malformed number " + show_token(cursor_.text(t)), t);
    if (status == Literal::kOutOfRange) cursor_.fail("constant out of range: " + show_token(cursor_.text(t)), t);
  }

  TokenCursor& cursor_;
  bool patterns_;
};

}  // namespace

std::vector<ScriptValue> read_arguments(TokenCursor& cursor) { return ValueReader(cursor, false).list(); }
std::vector<ScriptValue> read_results(TokenCursor& cursor) { return ValueReader(cursor, true).list(); }

}  // namespace dewar::text
