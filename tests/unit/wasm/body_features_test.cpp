// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Function bodies with one feature off at a time: every opcode of the table asks for its own feature, and so do the
// types that bodies name (locals, blocks, select, reference instructions).
#include <gtest/gtest.h>

#include "module_bytes.h"
#include "wasm/instr_writer.h"
#include "wasm/validate.h"

namespace dewar::wasm {
namespace {

using namespace test;

/// A function () -> () with these bytes, in a module with a memory, a table and a tag.
Bytes with_body(const Bytes& code, bool tags = true) {
  const Bytes tag = tags ? section(13, vec({{0, 0}})) : Bytes{};
  return module({section(1, vec({kVoidType})), section(3, {1, 0}), section(4, vec({{0x70, 0, 0}})),
                 section(5, vec({{0, 1}})), tag, section(12, {0}), section(10, vec({body(code)}))});
}

Error check(const Bytes& bytes, const Features& features) {
  TypeRegistry registry;
  auto m = decode(bytes, registry, {features});
  if (!m) return m.error();
  auto ok = validate_bodies(**m);
  return ok ? Error{"ok", {}, 0, 0, 0, {}} : ok.error();
}

TEST(BodyFeatures, EveryOpcodeNeedsItsFeature) {
  usize checked = 0;
  for (usize n = 0; n < kOpCount; ++n) {
    const auto op = static_cast<Op>(n);
    const Feature feature = op_info(op).feature;
    if (feature == Feature::mvp) continue;
    Instr instr;
    instr.op = op;
    instr.align = op_info(op).align;
    instr.labels = {0};
    instr.heap = instr.heap2 = kFuncRef;
    Bytes code = {0, 0x00};  // no locals; unreachable, so that operands do not matter
    write_instr(code, instr);
    code = code + Bytes{0x00, 0x0b};
    EXPECT_STRNE(check(with_body(code), Features()).code, "wasm-feature") << op_info(op).id;
    Features off;
    off.set(feature, false);
    if (op == Op::throw_) off.set(Feature::legacy_exceptions, false);
    // bulk-memory is what the data count section needs; the module does without what is off.
    Bytes bytes = with_body(code, off.has(Feature::exceptions));
    if (feature == Feature::bulk_memory) {
      bytes = module({section(1, vec({kVoidType})), section(3, {1, 0}), section(10, vec({body(code)}))});
    }
    const Error e = check(bytes, off);
    EXPECT_STREQ(e.code, "wasm-feature") << op_info(op).id;
    EXPECT_NE(e.message.find(op_info(op).text), std::string::npos) << op_info(op).id << ": " << e.message;
    EXPECT_NE(e.hint.find(feature_name(feature)), std::string::npos) << op_info(op).id << ": " << e.hint;
    ++checked;
  }
  EXPECT_GT(checked, 350u);
}

TEST(BodyFeatures, TypesInBodiesNeedTheirFeature) {
  struct Case {
    const char* what;
    Feature feature;
    Bytes code;
  };
  const std::vector<Case> cases = {
      {"v128 local", Feature::simd, {1, 1, 0x7b, 0x0b}},
      {"externref local", Feature::reference_types, {1, 1, 0x6f, 0x0b}},
      {"anyref local", Feature::gc, {1, 1, 0x6e, 0x0b}},
      {"(ref null 0) local", Feature::function_references, {1, 1, 0x63, 0, 0x0b}},
      {"exnref local", Feature::exceptions, {1, 1, 0x69, 0x0b}},
      {"v128 block", Feature::simd, {0, 0x02, 0x7b, 0x00, 0x0b, 0x1a, 0x0b}},
      {"block by index", Feature::multi_value, {0, 0x02, 0, 0x0b, 0x0b}},
      {"select of anyref", Feature::gc, {0, 0x00, 0x1c, 1, 0x6e, 0x1a, 0x0b}},
      {"null of any", Feature::gc, {0, 0xd0, 0x6e, 0x1a, 0x0b}},
  };
  for (const Case& c : cases) {
    const bool tags = c.feature != Feature::exceptions;
    EXPECT_STREQ(check(with_body(c.code, tags), Features()).code, "ok") << c.what;
    const Error e = check(with_body(c.code, tags), Features().set(c.feature, false));
    EXPECT_STREQ(e.code, "wasm-feature") << c.what;
    EXPECT_NE(e.hint.find(feature_name(c.feature)), std::string::npos) << c.what << ": " << e.hint;
  }
}

TEST(BodyFeatures, UnknownTypesAreInvalidWhereverTheyAreNamed) {
  for (const Bytes& code : {Bytes{1, 1, 0x63, 9, 0x0b}, Bytes{0, 0x02, 0x63, 9, 0x00, 0x0b, 0x1a, 0x0b},
                            Bytes{0, 0xd0, 9, 0x1a, 0x0b}, Bytes{0, 0x00, 0x1c, 1, 0x63, 9, 0x1a, 0x0b}}) {
    const Error e = check(with_body(code), Features());
    EXPECT_STREQ(e.code, "wasm-invalid");
    EXPECT_EQ(e.message, "unknown type 9");
    const usize end = with_body(code).size();
    EXPECT_TRUE(e.offset >= end - code.size() && e.offset < end) << "offset " << e.offset << " lies in the body";
  }
}

}  // namespace
}  // namespace dewar::wasm
