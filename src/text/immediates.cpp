// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Immediates of instructions (spec 6.5.2 to 6.5.10), one case per kind of wasm::Imm, in text order, written in the
// order of the binary format (spec 5.4), which sometimes differs.
#include <bit>

#include "base/leb128.h"
#include "text/instructions.h"
#include "text/literals.h"

namespace dewar::text {

using wasm::Imm;
using wasm::Op;

namespace {

void append_little_endian(std::vector<u8>& sink, u64 value, u32 bytes) {
  for (u32 i = 0; i < bytes; ++i) sink.push_back(static_cast<u8>(value >> (8 * i)));
}

struct Shape {
  std::string_view name;
  u32 lanes;
  u32 bits;
  bool is_float;
};
constexpr Shape kShapes[] = {
    {"i8x16", 16, 8, false}, {"i16x8", 8, 16, false}, {"i32x4", 4, 32, false},
    {"i64x2", 2, 64, false}, {"f32x4", 4, 32, true},  {"f64x2", 2, 64, true},
};

}  // namespace

/// Some mnemonics have two opcodes; their operand tells which.
Op InstructionParser::choose(Op op, RefType& ref) {
  switch (op) {
    case Op::select: return cursor_.at_list("result") ? Op::select_t : Op::select;
    case Op::ref_test: ref = types_.ref_type(); return ref.nullable ? Op::ref_test_null : Op::ref_test;
    case Op::ref_cast: ref = types_.ref_type(); return ref.nullable ? Op::ref_cast_null : Op::ref_cast;
    default: return op;
  }
}

void InstructionParser::immediates(Op op, RefType ref, std::vector<u8>& sink) {
  auto index = [&](const IndexSpace& space) { base::append_u32(sink, c_.index(space)); };
  switch (wasm::op_info(op).imm) {
    case Imm::none: return;
    case Imm::block:
    case Imm::try_table: DEWAR_UNREACHABLE("block heads are read by head()");
    case Imm::label: return label(sink);
    case Imm::br_table: return br_table(sink);
    case Imm::func: return index(c_.funcs);
    case Imm::call_indirect: {
      const u32 table = c_.index_or_zero(c_.tables);
      base::append_u32(sink, types_.resolve(types_.type_use(nullptr)));
      base::append_u32(sink, table);
      return;
    }
    case Imm::type: return index(c_.types);
    case Imm::tag: return index(c_.tags);
    case Imm::local: return index(locals_);
    case Imm::global: return index(c_.globals);
    case Imm::table: base::append_u32(sink, c_.index_or_zero(c_.tables)); return;
    case Imm::table_table: return index_pair(c_.tables, sink);
    case Imm::elem: return index(c_.elems);
    case Imm::elem_table: return segment_and_target(c_.elems, c_.tables, sink);
    case Imm::data: c_.needs_data_count = true; return index(c_.datas);
    case Imm::data_memory: c_.needs_data_count = true; return segment_and_target(c_.datas, c_.memories, sink);
    case Imm::memory: base::append_u32(sink, c_.index_or_zero(c_.memories)); return;
    case Imm::memory_memory: return index_pair(c_.memories, sink);
    case Imm::memarg: return memarg(op, sink);
    case Imm::memarg_lane:
      memarg(op, sink);
      sink.push_back(static_cast<u8>(c_.number(8, "a lane index")));
      return;
    case Imm::lane: sink.push_back(static_cast<u8>(c_.number(8, "a lane index"))); return;
    case Imm::shuffle: return shuffle(sink);
    case Imm::v128: return v128(sink);
    case Imm::i32: return integer(32, sink);
    case Imm::i64: return integer(64, sink);
    case Imm::f32: append_little_endian(sink, float_bits(32), 4); return;
    case Imm::f64: append_little_endian(sink, float_bits(64), 8); return;
    case Imm::heap_type: base::append_s33(sink, op == Op::ref_null ? types_.heap_type() : ref.heap); return;
    case Imm::select_types: return select_types(sink);
    case Imm::type_field: return type_field(sink);
    case Imm::type_count:
      index(c_.types);
      base::append_u32(sink, static_cast<u32>(c_.number(32, "a count")));
      return;
    case Imm::type_data:
      c_.needs_data_count = true;
      index(c_.types);
      return index(c_.datas);
    case Imm::type_elem: index(c_.types); return index(c_.elems);
    case Imm::type_type: index(c_.types); return index(c_.types);
    case Imm::br_on_cast: return br_on_cast(sink);
    case Imm::fence: sink.push_back(0); return;
  }
  DEWAR_UNREACHABLE("every kind of immediates has a case");
}

void InstructionParser::label(std::vector<u8>& sink) {
  if (!cursor_.at(TokenKind::kId)) {
    base::append_u32(sink, static_cast<u32>(c_.number(32, "a label")));
    return;
  }
  const Token t = cursor_.take();
  const auto depth = labels_.find(id_name(cursor_.text(t)));
  if (!depth) return cursor_.fail("unknown label " + show_token(cursor_.text(t)), t);
  base::append_u32(sink, *depth);
}

void InstructionParser::br_table(std::vector<u8>& sink) {
  std::vector<u8> labels;
  u32 count = 0;
  do {
    label(labels);
    ++count;
  } while (c_.at_index());
  base::append_u32(sink, count - 1);
  sink.insert(sink.end(), labels.begin(), labels.end());
}

void InstructionParser::select_types(std::vector<u8>& sink) {
  std::vector<u8> types;
  u32 count = 0;
  while (cursor_.accept_list("result")) {
    for (; !cursor_.at(TokenKind::kRightParen) && !cursor_.failed(); ++count) {
      append_value_type(types, types_.value_type());
    }
    cursor_.expect_close();
  }
  base::append_u32(sink, count);
  sink.insert(sink.end(), types.begin(), types.end());
}

/// `v128.load8_lane 1` has one number, which is the lane; `v128.load8_lane 1 0` starts with a memory index.
bool InstructionParser::memarg_has_memory(bool lane_follows) {
  if (cursor_.at(TokenKind::kId)) return true;
  if (!cursor_.at(TokenKind::kNumber)) return false;
  if (!lane_follows) return true;
  const Token& next = cursor_.peek2();
  if (next.kind == TokenKind::kNumber) return true;
  if (next.kind != TokenKind::kKeyword) return false;
  const std::string_view word = cursor_.text(next);
  return word.starts_with("offset=") || word.starts_with("align=");
}

void InstructionParser::memarg(Op op, std::vector<u8>& sink) {
  constexpr u8 kMemoryIndexFollows = 1 << 6;
  const wasm::OpInfo& info = wasm::op_info(op);
  const u32 memory = memarg_has_memory(info.imm == Imm::memarg_lane) ? c_.index(c_.memories) : 0;
  u64 offset = 0;
  u64 align = u64{1} << info.align;
  auto field = [&](std::string_view prefix, u64& value) {
    if (!cursor_.at(TokenKind::kKeyword) || !cursor_.text(cursor_.peek()).starts_with(prefix)) return;
    const Token t = cursor_.take();
    const Literal status = parse_nat(cursor_.text(t).substr(prefix.size()), 64, value);
    c_.check_literal(status, t, "an unsigned 64-bit integer");
  };
  field("offset=", offset);
  const u32 place = cursor_.offset();
  field("align=", align);
  if (!std::has_single_bit(align)) {
    cursor_.fail("alignment must be a power of two", place);
    return;
  }
  const u8 flags = static_cast<u8>(std::countr_zero(align));
  sink.push_back(memory == 0 ? flags : static_cast<u8>(flags | kMemoryIndexFollows));
  if (memory != 0) base::append_u32(sink, memory);
  base::append_u64(sink, offset);
}

void InstructionParser::shuffle(std::vector<u8>& sink) {
  for (u32 i = 0; i < 16; ++i) {
    if (!cursor_.at(TokenKind::kNumber)) return cursor_.unexpected("16 lane indices (invalid lane length)");
    sink.push_back(static_cast<u8>(c_.number(8, "a lane index")));
  }
}

void InstructionParser::v128(std::vector<u8>& sink) {
  const Token word = cursor_.peek();
  for (const Shape& shape : kShapes) {
    if (!cursor_.accept(shape.name)) continue;
    for (u32 i = 0; i < shape.lanes; ++i) lane_value(sink, shape.bits, shape.is_float);
    return;
  }
  if (word.kind == TokenKind::kKeyword) {
    return cursor_.fail("unknown operator " + show_token(cursor_.text(word)) + ", expected a vector shape", word);
  }
  cursor_.unexpected("a vector shape such as i32x4");
}

void InstructionParser::lane_value(std::vector<u8>& sink, u32 bits, bool is_float) {
  if (is_float) {
    append_little_endian(sink, float_bits(bits), bits / 8);
    return;
  }
  const Token t = cursor_.expect(TokenKind::kNumber, "a lane value");
  if (cursor_.failed()) return;
  u64 value = 0;
  c_.check_literal(parse_int(cursor_.text(t), bits, value), t, "the lane's integer type");
  append_little_endian(sink, value, bits / 8);
}

void InstructionParser::integer(u32 bits, std::vector<u8>& sink) {
  const Token t = cursor_.expect(TokenKind::kNumber, "an integer");
  if (cursor_.failed()) return;
  u64 value = 0;
  if (!c_.check_literal(parse_int(cursor_.text(t), bits, value), t,
                        bits == 32 ? "a 32-bit integer" : "a 64-bit integer")) {
    return;
  }
  if (bits == 32) {
    base::append_s32(sink, static_cast<i32>(static_cast<u32>(value)));
  } else {
    base::append_s64(sink, static_cast<i64>(value));
  }
}

u64 InstructionParser::float_bits(u32 bits) {
  if (!cursor_.at(TokenKind::kNumber) && !cursor_.at(TokenKind::kKeyword)) {
    cursor_.unexpected("a float");
    return 0;
  }
  const Token t = cursor_.take();
  u64 wide = 0;
  u32 narrow = 0;
  const Literal status = bits == 32 ? parse_f32(cursor_.text(t), narrow) : parse_f64(cursor_.text(t), wide);
  c_.check_literal(status, t, bits == 32 ? "a 32-bit float" : "a 64-bit float");
  return bits == 32 ? narrow : wide;
}

void InstructionParser::type_field(std::vector<u8>& sink) {
  const u32 type = c_.index(c_.types);
  base::append_u32(sink, type);
  const IndexSpace* fields = types_.fields(type);
  static const IndexSpace kNoFields("field");
  base::append_u32(sink, c_.index(fields != nullptr ? *fields : kNoFields));
}

void InstructionParser::br_on_cast(std::vector<u8>& sink) {
  std::vector<u8> target;
  label(target);
  const RefType from = types_.ref_type();
  const RefType to = types_.ref_type();
  sink.push_back(static_cast<u8>((from.nullable ? 1 : 0) | (to.nullable ? 2 : 0)));
  sink.insert(sink.end(), target.begin(), target.end());
  base::append_s33(sink, from.heap);
  base::append_s33(sink, to.heap);
}

void InstructionParser::index_pair(const IndexSpace& space, std::vector<u8>& sink) {
  u32 first = 0;
  u32 second = 0;
  if (c_.at_index()) {
    first = c_.index(space);
    second = c_.index(space);
  }
  base::append_u32(sink, first);
  base::append_u32(sink, second);
}

void InstructionParser::segment_and_target(const IndexSpace& segments, const IndexSpace& targets,
                                           std::vector<u8>& sink) {
  // With one index it is the segment's. The first of two can only be resolved once the second has been seen.
  const Token& next = cursor_.peek2();
  const bool two = next.kind == TokenKind::kNumber || next.kind == TokenKind::kId;
  const u32 target = two ? c_.index(targets) : 0;
  base::append_u32(sink, c_.index(segments));
  base::append_u32(sink, target);
}

}  // namespace dewar::text
