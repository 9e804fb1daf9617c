// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The decoder on hand-made bytes: what it makes of a full module, where it reports damage, and that malformed, invalid
// and truncated input never gets through. The spec suite's own cases run in the corpora tests.
#include "wasm/decoder.h"

#include <gtest/gtest.h>

#include "module_bytes.h"

namespace dewar::wasm {
namespace {

using namespace test;

TEST(Decoder, ReadsAFullModule) {
  TypeRegistry registry;
  const Bytes bytes = full_module();
  auto decoded = decode(bytes, registry);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message << " at " << decoded.error().offset;
  const Module& m = **decoded;
  EXPECT_EQ(m.types.size(), 6u);
  EXPECT_EQ(m.rec_groups, (std::vector<u32>{0, 1, 2, 3, 5}));
  EXPECT_EQ(m.types[4].group_first, 3u);
  EXPECT_EQ(m.types[3].super, TypeIndex{2});
  EXPECT_TRUE(registry.is_subtype(m.canon[3], m.canon[2]));
  EXPECT_EQ(m.imports.size(), 5u);
  EXPECT_EQ(m.imports[4].name, "e");
  EXPECT_EQ(m.funcs.size(), 3u);
  EXPECT_EQ(m.num_imported_funcs, 1u);
  EXPECT_EQ(m.funcs[0].body.size, 0u);
  EXPECT_EQ(m.funcs[1].body.size, 14u);
  EXPECT_EQ(bytes[m.funcs[1].body.offset + 3], 0x20);
  EXPECT_EQ(m.slice(m.funcs[1].body).back(), 0x0b);
  EXPECT_TRUE(m.funcs[1].declared);
  EXPECT_TRUE(m.funcs[0].declared) << "an element segment names it";
  EXPECT_EQ(m.tables.size(), 3u);
  EXPECT_TRUE(m.tables[1].type.limits.is64);
  EXPECT_EQ(m.tables[2].init.size, 5u);
  EXPECT_EQ(m.memories.size(), 3u);
  EXPECT_TRUE(m.memories[0].shared);
  EXPECT_EQ(m.memories[2].page_size(), 1u);
  EXPECT_EQ(m.globals.size(), 5u);
  EXPECT_EQ(m.tags.size(), 2u);
  EXPECT_EQ(m.exports.size(), 5u);
  EXPECT_EQ(m.start, FuncIndex{2});
  EXPECT_EQ(m.data_count, 3u);
  EXPECT_EQ(m.elems.size(), 7u);
  EXPECT_EQ(m.elems[2].mode, SegmentMode::declarative);
  EXPECT_EQ(m.datas[0].bytes.size, 2u);
  EXPECT_EQ(m.datas[1].mode, SegmentMode::passive);
  ASSERT_EQ(m.customs.size(), 3u);
  EXPECT_EQ(m.customs[0].after_section, 0);
  EXPECT_EQ(m.customs[1].after_section, 12);
  EXPECT_EQ(m.customs[2].after_section, 11);
  ASSERT_EQ(m.branch_hints.size(), 1u);
  EXPECT_EQ(m.branch_hints[0].func, 1u);
  EXPECT_EQ(m.branch_hints[0].pc, 5u);
  EXPECT_TRUE(m.branch_hints[0].likely);
}

TEST(Decoder, RefusesEveryTruncation) {
  const Bytes whole = full_module();
  usize accepted = 0;
  for (usize n = 0; n < whole.size(); ++n) {
    TypeRegistry registry;
    auto m = decode(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)), registry);
    if (m) {
      ++accepted;  // only where a custom section ends the input and nothing is missing
      continue;
    }
    EXPECT_STREQ(m.error().code, "wasm-malformed") << n << ": " << m.error().message;
    EXPECT_LE(m.error().offset, n);
    EXPECT_FALSE(m.error().message.empty());
  }
  // Cut after the header, each section up to the function section, and before the name section.
  EXPECT_EQ(accepted, 5u);
}

TEST(Decoder, SurvivesEveryByteChanged) {
  const Bytes whole = full_module();
  usize refused = 0;
  for (usize at = 0; at < whole.size(); ++at) {
    for (u32 flip : {0x01u, 0x40u, 0x80u, 0xffu}) {
      Bytes changed = whole;
      changed[at] = static_cast<u8>(changed[at] ^ flip);
      TypeRegistry registry;
      auto m = decode(std::move(changed), registry);
      if (m) continue;
      ++refused;
      EXPECT_LE(m.error().offset, whole.size());
    }
  }
  EXPECT_GT(refused, whole.size());
}

TEST(Decoder, PointsAtTheOffence) {
  TypeRegistry registry;
  const Bytes bad_kind = module({section(1, vec({kVoidType})), section(2, vec({name("a") + name("b") + Bytes{9, 0}}))});
  auto m = decode(bad_kind, registry);
  ASSERT_FALSE(m.has_value());
  EXPECT_EQ(m.error().offset, bad_kind.size() - 2);
  const Bytes bad_type = module({section(3, vec({{7}}))});
  m = decode(bad_type, registry);
  ASSERT_FALSE(m.has_value());
  EXPECT_STREQ(m.error().code, "wasm-invalid");
  EXPECT_EQ(m.error().message, "unknown type 7");
  EXPECT_EQ(m.error().offset, bad_type.size() - 1);
}

TEST(Decoder, TellsComponentsApart) {
  const Bytes component = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
  EXPECT_TRUE(looks_like_component(component));
  EXPECT_FALSE(looks_like_component(module({})));
  TypeRegistry registry;
  auto m = decode(component, registry);
  ASSERT_FALSE(m.has_value());
  EXPECT_NE(m.error().message.find("component"), std::string::npos);
  EXPECT_FALSE(m.error().hint.empty());
}

struct Case {
  const char* what;
  Bytes bytes;
  const char* outcome_start;
};

void expect_outcomes(const std::vector<Case>& cases) {
  for (const Case& c : cases)
    EXPECT_TRUE(outcome(c.bytes).starts_with(c.outcome_start)) << c.what << ": " << outcome(c.bytes);
}

TEST(Decoder, ChecksFraming) {
  const Bytes types = section(1, vec({kVoidType}));
  expect_outcomes({
      {"empty input", {}, "wasm-malformed: unexpected end"},
      {"magic", {0, 'a', 's', 'n', 1, 0, 0, 0}, "wasm-malformed: magic header not detected"},
      {"version", {0, 'a', 's', 'm', 2, 0, 0, 0}, "wasm-malformed: unknown binary version"},
      {"section id", module({section(14, {})}), "wasm-malformed: malformed section id"},
      {"order", module({section(3, {0}), types}), "wasm-malformed: unexpected content after last section"},
      {"twice", module({types, types}), "wasm-malformed: unexpected content after last section"},
      {"tag after global", module({section(6, {0}), section(13, {0})}), "wasm-malformed: unexpected content"},
      {"rest", module({section(1, vec({kVoidType}) + Bytes{0})}), "wasm-malformed: section size mismatch"},
      {"size", module({Bytes{1, 200, 1}}), "wasm-malformed: length out of bounds"},
      {"functions without code", module({types, section(3, vec({{0}}))}), "wasm-malformed: function and code section"},
      {"code without functions", module({section(10, vec({body({0, 0x0b})}))}), "wasm-malformed: function and code"},
      {"empty body", module({types, section(3, vec({{0}})), section(10, vec({{0}}))}),
       "wasm-malformed: unexpected end"},
      {"data count", module({section(12, {1})}), "wasm-malformed: data count and data section"},
      {"custom name", module({section(0, {5, 'a'})}), "wasm-malformed: length out of bounds"},
      {"custom utf-8", module({section(0, {1, 0xff})}), "wasm-malformed: malformed UTF-8 encoding"},
      {"huge count", module({section(3, {0xff, 0xff, 0xff, 0xff, 0x0f})}), "wasm-malformed: unexpected end"},
  });
}

TEST(Decoder, ChecksTypes) {
  const auto one = [](Bytes type) { return module({section(1, vec({type}))}); };
  expect_outcomes({
      {"form", one({0x40, 0}), "wasm-malformed: malformed definition type"},
      {"two-byte form", one({0xe0, 0x7f, 0, 0}), "wasm-malformed"},
      {"value type", one({0x60, 1, 0x65, 0}), "wasm-malformed: malformed value type"},
      {"self reference", one({0x60, 1, 0x63, 0, 0}), ""},
      {"forward reference", one({0x60, 1, 0x63, 1, 0}), "wasm-invalid: unknown type 1"},
      {"mutability", one({0x5f, 1, 0x7f, 2}), "wasm-malformed: malformed mutability"},
      {"two supers", module({section(1, vec({{0x50, 0, 0x60, 0, 0}, {0x50, 2, 0, 0, 0x60, 0, 0}}))}),
       "wasm-invalid: sub type"},
      {"own super", one({0x50, 1, 0, 0x60, 0, 0}), "wasm-invalid: unknown type 0"},
      {"final super", module({section(1, vec({kVoidType, {0x50, 1, 0, 0x60, 0, 0}}))}), "wasm-invalid: sub type 1"},
      {"other kind", module({section(1, vec({{0x50, 0, 0x60, 0, 0}, {0x50, 1, 0, 0x5f, 0}}))}),
       "wasm-invalid: sub type 1"},
      {"covariant parameter", module({section(1, vec({{0x50, 0, 0x60, 1, 0x6e, 0}, {0x50, 1, 0, 0x60, 1, 0x6d, 0}}))}),
       "wasm-invalid: sub type 1"},
      {"contravariant parameter",
       module({section(1, vec({{0x50, 0, 0x60, 1, 0x6d, 0}, {0x50, 1, 0, 0x60, 1, 0x6e, 0}}))}), ""},
      {"wider struct", module({section(1, vec({{0x50, 0, 0x5f, 0}, {0x50, 1, 0, 0x5f, 1, 0x7f, 0}}))}), ""},
      {"mutable field covariant",
       module({section(1, vec({{0x50, 0, 0x5f, 1, 0x6e, 1}, {0x50, 1, 0, 0x5f, 1, 0x6d, 1}}))}),
       "wasm-invalid: sub type"},
      {"super in the same group", one({0x4e, 2, 0x50, 0, 0x5f, 0, 0x50, 1, 0, 0x5f, 1, 0x63, 0, 0}), ""},
      {"empty group", one({0x4e, 0}), ""},
  });
}

TEST(Decoder, ChecksLimits) {
  const auto memory = [](Bytes type) { return module({section(5, vec({type}))}); };
  const auto table = [](Bytes type) { return module({section(4, vec({type}))}); };
  expect_outcomes({
      {"min over max", memory({1, 2, 1}), "wasm-invalid: size minimum"},
      {"65536 pages", memory({0, 0x80, 0x80, 4}), ""},
      {"65537 pages", memory({0, 0x81, 0x80, 4}), "wasm-invalid: memory size"},
      {"2^32 pages", memory({0, 0x80, 0x80, 0x80, 0x80, 0x10}), "wasm-invalid: memory size"},
      {"2^48 64-bit pages", memory({4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}), ""},
      {"2^48+1 64-bit pages", memory({4, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}), "wasm-invalid: memory size"},
      {"2^32-1 bytes", memory({8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}), ""},
      {"2^32 one-byte pages", memory({8, 0x80, 0x80, 0x80, 0x80, 0x10, 0}), "wasm-invalid: memory size"},
      {"page size 2", memory({8, 0, 1}), "wasm-invalid: invalid custom page size"},
      {"page size 2^65", memory({8, 0, 65}), "wasm-malformed: invalid custom page size"},
      {"shared without max", memory({2, 0}), "wasm-invalid: shared memory must have maximum"},
      {"memory flags", memory({16, 0}), "wasm-malformed: malformed limits flags"},
      {"table flags", table({0x70, 2, 0}), "wasm-malformed: malformed limits flags"},
      {"table of 2^32-1", table({0x70, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}), ""},
      {"table of 2^32", table({0x70, 0, 0x80, 0x80, 0x80, 0x80, 0x10}), "wasm-invalid: table size"},
      {"64-bit table of 2^32", table({0x70, 4, 0x80, 0x80, 0x80, 0x80, 0x10}), ""},
      {"table of numbers", table({0x7f, 0, 0}), "wasm-malformed: malformed reference type"},
      {"non-null table", table({0x64, 0x70, 0, 0}), "wasm-invalid: type mismatch"},
  });
}

TEST(Decoder, ChecksConstantExpressions) {
  const auto global = [](Bytes type_and_init) {
    return module({section(1, vec({kVoidType, {0x5f, 1, 0x78, 0}, {0x5e, 0x64, 0x6e, 0}, {0x5f, 2, 0x7f, 0, 0x7e, 1}})),
                   section(2, vec({name("") + name("") + Bytes{3, 0x7f, 0}, name("") + name("") + Bytes{3, 0x7f, 1},
                                   name("") + name("") + Bytes{0, 0}})),
                   section(6, vec({type_and_init}))});
  };
  expect_outcomes({
      {"i32", global({0x7f, 0, 0x41, 0, 0x0b}), ""},
      {"extended", global({0x7e, 0, 0x42, 2, 0x42, 3, 0x7e, 0x42, 1, 0x7d, 0x0b}), ""},
      {"other type", global({0x7f, 0, 0x42, 0, 0x0b}), "wasm-invalid: type mismatch"},
      {"empty", global({0x7f, 0, 0x0b}), "wasm-invalid: type mismatch"},
      {"two values", global({0x7f, 0, 0x41, 0, 0x41, 0, 0x0b}), "wasm-invalid: type mismatch"},
      {"not constant", global({0x7f, 0, 0x41, 0, 0x45, 0x0b}), "wasm-invalid: constant expression required"},
      {"local", global({0x7f, 0, 0x20, 0, 0x0b}), "wasm-invalid: constant expression required"},
      {"block", global({0x7f, 0, 0x02, 0x7f, 0x41, 0, 0x0b, 0x0b}), "wasm-invalid: constant expression required"},
      {"unknown opcode", global({0x7f, 0, 0xf3, 0x0b}), "wasm-malformed: illegal opcode 0xf3"},
      {"unknown long opcode", global({0x7f, 0, 0xfd, 0xff, 0x7f, 0x0b}), "wasm-malformed: illegal opcode 0xfd 0x3fff"},
      {"unterminated", global({0x7f, 0, 0x41, 0}), "wasm-malformed"},
      {"global", global({0x7f, 0, 0x23, 0, 0x0b}), ""},
      {"mutable global", global({0x7f, 0, 0x23, 1, 0x0b}), "wasm-invalid: constant expression required"},
      {"itself", global({0x7f, 0, 0x23, 2, 0x0b}), "wasm-invalid: unknown global 2"},
      {"ref.func", global({0x64, 0, 0, 0xd2, 0, 0x0b}), ""},
      {"ref.func as funcref", global({0x70, 0, 0xd2, 0, 0x0b}), ""},
      {"unknown function", global({0x70, 0, 0xd2, 1, 0x0b}), "wasm-invalid: unknown function 1"},
      {"ref.null", global({0x63, 1, 0, 0xd0, 1, 0x0b}), ""},
      {"ref.null none", global({0x63, 1, 0, 0xd0, 0x71, 0x0b}), ""},
      {"ref.null other", global({0x63, 1, 0, 0xd0, 0x70, 0x0b}), "wasm-invalid: type mismatch"},
      {"ref.null unknown", global({0x6e, 0, 0xd0, 9, 0x0b}), "wasm-invalid: unknown type 9"},
      {"null into non-null", global({0x64, 1, 0, 0xd0, 1, 0x0b}), "wasm-invalid: type mismatch"},
      {"struct.new packed", global({0x64, 1, 0, 0x41, 1, 0xfb, 0, 1, 0x0b}), ""},
      {"struct.new two", global({0x6d, 0, 0x41, 1, 0x42, 1, 0xfb, 0, 3, 0x0b}), ""},
      {"struct.new order", global({0x6d, 0, 0x42, 1, 0x41, 1, 0xfb, 0, 3, 0x0b}), "wasm-invalid: type mismatch"},
      {"struct.new of array", global({0x6e, 0, 0xfb, 0, 2, 0x0b}), "wasm-invalid: type mismatch"},
      {"struct.new_default", global({0x64, 1, 0, 0xfb, 1, 1, 0x0b}), ""},
      {"array.new_default of non-null", global({0x6a, 0, 0x41, 1, 0xfb, 7, 2, 0x0b}), "wasm-invalid: type mismatch"},
      {"array.new", global({0x6a, 0, 0x41, 1, 0xfb, 0x1c, 0x41, 9, 0xfb, 6, 2, 0x0b}), ""},
      {"array.new_fixed", global({0x6a, 0, 0x41, 1, 0xfb, 0x1c, 0x41, 2, 0xfb, 0x1c, 0xfb, 8, 2, 2, 0x0b}), ""},
      {"array.new_fixed short", global({0x6a, 0, 0x41, 1, 0xfb, 0x1c, 0xfb, 8, 2, 2, 0x0b}),
       "wasm-invalid: type mismatch"},
      {"convert keeps non-null", global({0x64, 0x6f, 0, 0x41, 1, 0xfb, 0x1c, 0xfb, 0x1b, 0x0b}), ""},
      {"convert keeps null", global({0x64, 0x6e, 0, 0xd0, 0x6f, 0xfb, 0x1a, 0x0b}), "wasm-invalid: type mismatch"},
      {"array.new_data", global({0x6e, 0, 0x41, 0, 0x41, 0, 0xfb, 9, 2, 0, 0x0b}), "wasm-invalid: constant expression"},
  });
}

TEST(Decoder, ChecksSegmentsExportsAndStart) {
  const auto with = [](std::initializer_list<Bytes> more) {
    Bytes out = module({section(1, vec({kVoidType, {0x60, 1, 0x7f, 0}})),
                        section(2, vec({name("") + name("") + Bytes{0, 0}, name("") + name("") + Bytes{0, 1}})),
                        section(4, vec({{0x70, 0, 1}, {0x64, 0x70, 0, 0}})), section(5, vec({{0, 1}, {4, 1}}))});
    for (const Bytes& b : more) out = std::move(out) + b;
    return out;
  };
  // The second table needs an initializer, so it is left out of the valid base.
  const auto base = [](std::initializer_list<Bytes> more) {
    Bytes out = module({section(1, vec({kVoidType, {0x60, 1, 0x7f, 0}})),
                        section(2, vec({name("") + name("") + Bytes{0, 0}, name("") + name("") + Bytes{0, 1}})),
                        section(4, vec({{0x70, 0, 1}, {0x6f, 4, 0}})), section(5, vec({{0, 1}, {4, 1}}))});
    for (const Bytes& b : more) out = std::move(out) + b;
    return out;
  };
  expect_outcomes({
      {"table without init", with({}), "wasm-invalid: type mismatch"},
      {"base", base({}), ""},
      {"duplicate export",
       base({section(7, vec({name("x") + Bytes{0, 0}, name("y") + Bytes{0, 0}, name("x") + Bytes{2, 0}}))}),
       "wasm-invalid: duplicate export name"},
      {"unknown export", base({section(7, vec({name("x") + Bytes{1, 2}}))}), "wasm-invalid: unknown table 2"},
      {"export kind", base({section(7, vec({name("x") + Bytes{5, 0}}))}), "wasm-malformed: malformed export kind"},
      {"start", base({section(8, {0})}), ""},
      {"start with parameter", base({section(8, {1})}), "wasm-invalid: start function"},
      {"unknown start", base({section(8, {2})}), "wasm-invalid: unknown function 2"},
      {"segment kind", base({section(9, vec({{8, 0, 0}}))}), "wasm-malformed: malformed elements segment kind"},
      {"element kind", base({section(9, vec({{1, 1, 0}}))}), "wasm-malformed: malformed element kind"},
      {"unknown table", base({section(9, vec({{2, 2, 0x41, 0, 0x0b, 0, 0}}))}), "wasm-invalid: unknown table 2"},
      {"wrong index type", base({section(9, vec({{6, 1, 0x41, 0, 0x0b, 0x6f, 0}}))}), "wasm-invalid: type mismatch"},
      {"wrong table type", base({section(9, vec({{2, 1, 0x42, 0, 0x0b, 0, 0}}))}), "wasm-invalid: type mismatch"},
      {"unknown element", base({section(9, vec({{1, 0, 1, 2}}))}), "wasm-invalid: unknown function 2"},
      {"data kind", base({section(11, vec({{3, 0}}))}), "wasm-malformed: malformed data segment kind"},
      {"unknown memory", base({section(11, vec({{2, 2, 0x41, 0, 0x0b, 0}}))}), "wasm-invalid: unknown memory 2"},
      {"data index type", base({section(11, vec({{2, 1, 0x41, 0, 0x0b, 0}}))}), "wasm-invalid: type mismatch"},
      {"data too long", base({section(11, vec({{1, 3, 1, 2}}))}), "wasm-malformed: unexpected end"},
      {"tag with result", module({section(1, vec({{0x60, 0, 1, 0x7f}})), section(13, vec({{0, 0}}))}),
       "wasm-invalid: non-empty tag result type"},
      {"tag attribute", module({section(1, vec({kVoidType})), section(13, vec({{1, 0}}))}),
       "wasm-malformed: malformed tag attribute"},
      {"function of struct type", module({section(1, vec({{0x5f, 0}})), section(3, vec({{0}}))}),
       "wasm-invalid: type mismatch"},
  });
}

}  // namespace
}  // namespace dewar::wasm
