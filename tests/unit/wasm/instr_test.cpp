// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// read_instr and write_instr are inverse for every opcode, read_instr never reads past its input, and damage in each
// kind of immediate is told apart.
#include "wasm/instr.h"

#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/instr_writer.h"

namespace dewar::wasm {
namespace {

using namespace test;

/// An instruction of every opcode with immediates that need more than one byte where possible.
Instr sample(Op op) {
  Instr i;
  i.op = op;
  i.index = 300;
  i.index2 = 70'000;
  i.align = op_info(op).align;
  i.memory = 3;
  i.offset = 0x1'2345'6789;
  i.lane = 1;
  i.heap = i.heap2 = ValType::ref(TypeIndex{77}, true);
  i.block.kind = BlockType::Kind::type;
  i.block.type = TypeIndex{100};
  i.v128 = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  i.types = {kI32, ValType::ref(TypeIndex{5}, false), kFuncRef, ValType::ref(Heap::any, false)};
  i.catches = {{0, 9, 1}, {1, 200, 2}, {2, 0, 300}, {3, 0, 0}};
  switch (op_info(op).imm) {
    case Imm::i32: i.bits = static_cast<u64>(i64{-123456}); break;
    case Imm::i64: i.bits = static_cast<u64>(i64{-1} << 62); break;
    case Imm::f32: i.bits = 0x7fc00001; break;
    case Imm::f64: i.bits = 0xfff4000000000001; break;
    case Imm::br_table:
      i.index = 3;
      i.labels = {0, 128, 1, 70000};
      break;
    case Imm::br_on_cast:
      i.heap = ValType::ref(Heap::any, true);
      i.heap2 = ValType::ref(TypeIndex{200}, false);
      break;
    default: break;
  }
  return i;
}

TEST(Instr, WriteThenReadIsTheIdentity) {
  for (usize n = 0; n < kOpCount; ++n) {
    const Instr in = sample(static_cast<Op>(n));
    Bytes bytes;
    write_instr(bytes, in);
    base::Cursor c(bytes);
    Instr out;
    Error error;
    ASSERT_TRUE(read_instr(c, out, error)) << op_info(in.op).id << ": " << error.message;
    EXPECT_EQ(out.op, in.op);
    EXPECT_EQ(out.size, bytes.size()) << op_info(in.op).id;
    Bytes again;
    write_instr(again, out);
    EXPECT_EQ(again, bytes) << op_info(in.op).id;
  }
}

TEST(Instr, EveryTruncationFails) {
  for (usize n = 0; n < kOpCount; ++n) {
    Bytes bytes;
    write_instr(bytes, sample(static_cast<Op>(n)));
    for (usize size = 0; size < bytes.size(); ++size) {
      base::Cursor c(std::span(bytes).first(size));
      Instr out;
      Error error;
      EXPECT_FALSE(read_instr(c, out, error)) << op_info(static_cast<Op>(n)).id << " cut to " << size;
      EXPECT_STREQ(error.code, "wasm-malformed");
    }
  }
}

TEST(Instr, ReadsFieldsByName) {
  Instr i;
  Error error;
  const auto read = [&](const Bytes& bytes) {
    base::Cursor c(bytes, 1000);
    return read_instr(c, i, error);
  };
  ASSERT_TRUE(read({0x28, 0x42, 5, 0x90, 0x01}));
  EXPECT_EQ(i.align, 2u);
  EXPECT_EQ(i.memory, 5u);
  EXPECT_EQ(i.offset, 144u);
  ASSERT_TRUE(read({0x41, 0x7f}));
  EXPECT_EQ(static_cast<i64>(i.bits), -1);
  EXPECT_EQ(i.memory, 0u) << "nothing of the instruction before remains";
  ASSERT_TRUE(read({0xfb, 0x18, 1, 4, 0x6e, 0x6b}));
  EXPECT_EQ(i.index, 4u);
  EXPECT_EQ(i.heap, ValType::ref(Heap::any, true));
  EXPECT_EQ(i.heap2, ValType::ref(Heap::struct_, false));
  ASSERT_TRUE(read({0x02, 0x64, 0x05}));
  EXPECT_EQ(i.block.value, ValType::ref(TypeIndex{5}, false));
  ASSERT_TRUE(read({0x02, 0x40}));
  EXPECT_EQ(i.block.kind, BlockType::Kind::empty);
  ASSERT_TRUE(read({0x02, 0xc0, 0}));
  EXPECT_EQ(i.block.type, TypeIndex{64});
}

TEST(Instr, TellsDamageApart) {
  const auto failure = [](const Bytes& bytes) {
    base::Cursor c(bytes);
    Instr i;
    Error error;
    return read_instr(c, i, error) ? std::string("ok") : std::string(error.code) + ": " + error.message;
  };
  EXPECT_EQ(failure({0xff}), "wasm-malformed: illegal opcode 0xff");
  EXPECT_EQ(failure({0xfc, 0x12}), "wasm-malformed: illegal opcode 0xfc 0x12");
  EXPECT_EQ(failure({0xfd, 0x80, 0x80, 0x80, 0x80, 0x10}), "wasm-malformed: integer too large");
  EXPECT_EQ(failure({0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0}), "wasm-malformed: integer representation too long");
  EXPECT_EQ(failure({0x28, 0x80, 1, 0}), "wasm-malformed: malformed memop flags");
  EXPECT_EQ(failure({0xfb, 0x18, 4, 0, 0x6e, 0x6e}), "wasm-malformed: malformed br_on_cast flags");
  EXPECT_EQ(failure({0xfe, 3, 1}), "wasm-malformed: zero byte expected");
  EXPECT_EQ(failure({0x1f, 0x40, 1, 4, 0}), "wasm-malformed: malformed catch clause 0x04");
  EXPECT_EQ(failure({0xd0, 0x7f}), "wasm-malformed: malformed heap type 0x7f");
  EXPECT_EQ(failure({0xd0, 0x65}), "wasm-malformed: malformed heap type 0x65");
  EXPECT_EQ(failure({0xd0, 0xf0, 0x7f}), "wasm-malformed: malformed type: a negative index");
  EXPECT_EQ(failure({0xd0, 0xff, 0xff, 0xff, 0xff, 0x0f}), "wasm-invalid: unknown type 4294967295");
  EXPECT_EQ(failure({0x1c, 1, 0x40}), "wasm-malformed: malformed value type 0x40");
}

TEST(Instr, LocalsAreBoundedBeforeTheyAreStored) {
  std::vector<ValType> locals = {kI64};
  const auto size = read_locals(Bytes{3, 2, 0x7f, 0, 0x7e, 1, 0x63, 0x70, 0x0b}, 1, locals);
  ASSERT_TRUE(size.has_value());
  EXPECT_EQ(*size, 8u);
  EXPECT_EQ(locals, (std::vector<ValType>{kI64, kI32, kI32, kFuncRef}));
  for (u32 n : {0u, 1u, 5u}) {
    std::vector<ValType> none;
    const Bytes cut = {3, 2, 0x7f, 0, 0x7e, 1};
    EXPECT_FALSE(read_locals(std::span(cut).first(n), 0, none).has_value());
  }
}

}  // namespace
}  // namespace dewar::wasm
