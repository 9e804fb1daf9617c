// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The script model: every command form, patterns, deferred module errors, unknown forms.
#include "text/wast.h"

#include <gtest/gtest.h>

#include <cstring>

namespace dewar::text {
namespace {

Script parse(std::string_view source) {
  auto script = parse_wast(source);
  EXPECT_TRUE(script.has_value()) << script.error().line << ":" << script.error().column << ": "
                                  << script.error().message;
  return script ? std::move(*script) : Script{};
}

Command only(std::string_view source) {
  Script script = parse(source);
  EXPECT_EQ(script.commands.size(), 1u);
  return script.commands.empty() ? Command{} : std::move(script.commands[0]);
}

TEST(Script, Modules) {
  Command c = only("(module $m (func))");
  EXPECT_EQ(c.kind, CommandKind::kModule);
  EXPECT_EQ(c.module->id, "m");
  EXPECT_EQ(c.module->form, ScriptModule::Form::kText);
  EXPECT_GT(c.module->bytes.size(), 8u);
  c = only("(module $b binary \"\\00asm\" \"\\01\\00\\00\\00\")");
  EXPECT_EQ(c.module->form, ScriptModule::Form::kBinary);
  EXPECT_EQ(c.module->bytes.size(), 8u);
  c = only("(module quote \"(func)\")");
  EXPECT_EQ(c.module->form, ScriptModule::Form::kQuote);
  EXPECT_GT(c.module->bytes.size(), 8u);
  c = only("(module definition $d (func))");
  EXPECT_EQ(c.kind, CommandKind::kModuleDefinition);
  EXPECT_EQ(c.module->id, "d");
  c = only("(module definition binary \"\")");
  EXPECT_EQ(c.kind, CommandKind::kModuleDefinition);
  EXPECT_EQ(c.module->form, ScriptModule::Form::kBinary);
  c = only("(module instance $i $d)");
  EXPECT_EQ(c.kind, CommandKind::kModuleInstance);
  EXPECT_EQ(c.id, "i");
  EXPECT_EQ(c.target, "d");
  c = only("(module instance)");
  EXPECT_FALSE(c.id.has_value());
  c = only("(func) (memory 0) (export \"f\" (func 0))");
  EXPECT_EQ(c.kind, CommandKind::kModule);
}

TEST(Script, ActionsAndRegister) {
  Command c = only("(register \"n\" $m)");
  EXPECT_EQ(c.kind, CommandKind::kRegister);
  EXPECT_EQ(c.text, "n");
  EXPECT_EQ(c.target, "m");
  c = only(
      "(invoke $m \"f\\u{e9}\" (i32.const -1) (i64.const 2) (f32.const 1) (f64.const -nan:0x1) (ref.null func)"
      " (ref.extern 7) (ref.host 3) (v128.const i16x8 1 2 3 4 5 6 7 8))");
  EXPECT_EQ(c.kind, CommandKind::kAction);
  ASSERT_TRUE(c.action.has_value());
  EXPECT_EQ(c.action->module, "m");
  EXPECT_EQ(c.action->field, "f\xc3\xa9");
  ASSERT_EQ(c.action->args.size(), 8u);
  EXPECT_EQ(c.action->args[0].bits, 0xffff'ffffu);
  EXPECT_EQ(c.action->args[2].bits, 0x3f80'0000u);
  EXPECT_EQ(c.action->args[3].bits, 0xfff0'0000'0000'0001u);
  EXPECT_EQ(c.action->args[4].heap, 0x70);
  EXPECT_EQ(c.action->args[5].bits, 7u);
  EXPECT_EQ(c.action->args[6].kind, ValueKind::kRefHost);
  EXPECT_EQ(c.action->args[7].v128.lo, 0x0004'0003'0002'0001u);
  c = only("(get \"g\")");
  EXPECT_EQ(c.action->kind, ScriptAction::Kind::kGet);
  EXPECT_FALSE(c.action->module.has_value());
}

TEST(Script, ResultPatterns) {
  Command c = only(
      "(assert_return (invoke \"f\") (f32.const nan:canonical) (f64.const nan:arithmetic)"
      " (v128.const f32x4 1 nan:canonical nan:arithmetic -0) (v128.const f64x2 nan:arithmetic 1)"
      " (either (i32.const 1) (i32.const 2)) (ref.null) (ref.null exn) (ref.func) (ref.extern) (ref.extern 1) (ref.any)"
      " (ref.eq) (ref.i31) (ref.struct) (ref.array) (ref.exn) (ref.host 2))");
  EXPECT_EQ(c.kind, CommandKind::kAssertReturn);
  ASSERT_EQ(c.expected.size(), 17u);
  EXPECT_EQ(c.expected[0].nan, NanPattern::kCanonical);
  EXPECT_EQ(c.expected[1].nan, NanPattern::kArithmetic);
  EXPECT_EQ(c.expected[2].lane_nans[0], NanPattern::kNone);
  EXPECT_EQ(c.expected[2].lane_nans[1], NanPattern::kCanonical);
  EXPECT_EQ(c.expected[2].lane_nans[2], NanPattern::kArithmetic);
  EXPECT_EQ(c.expected[2].v128.lo, 0x3f80'0000u);
  EXPECT_EQ(c.expected[2].v128.hi, 0x8000'0000'0000'0000u);
  EXPECT_EQ(c.expected[3].lane_nans[0], NanPattern::kArithmetic);
  EXPECT_EQ(c.expected[3].shape, LaneShape::kF64x2);
  ASSERT_EQ(c.expected[4].alternatives.size(), 2u);
  EXPECT_EQ(c.expected[4].alternatives[1].bits, 2u);
  EXPECT_TRUE(c.expected[5].any);
  EXPECT_EQ(c.expected[6].heap, 0x69);
  EXPECT_FALSE(c.expected[6].any);
  EXPECT_EQ(c.expected[7].kind, ValueKind::kRefFunc);
  EXPECT_TRUE(c.expected[8].any);
  EXPECT_FALSE(c.expected[9].any);
  const ValueKind kinds[] = {ValueKind::kRefAny,    ValueKind::kRefEq,    ValueKind::kRefI31,
                             ValueKind::kRefStruct, ValueKind::kRefArray, ValueKind::kRefExn};
  for (usize i = 0; i < std::size(kinds); ++i) EXPECT_EQ(c.expected[10 + i].kind, kinds[i]);
  EXPECT_EQ(c.expected[16].bits, 2u);
}

TEST(Script, Assertions) {
  struct Row {
    const char* source;
    CommandKind kind;
    bool module;
  };
  const Row rows[] = {
      {"(assert_trap (invoke \"f\") \"m\")", CommandKind::kAssertTrap, false},
      {"(assert_trap (module) \"m\")", CommandKind::kAssertTrap, true},
      {"(assert_exhaustion (invoke \"f\") \"m\")", CommandKind::kAssertExhaustion, false},
      {"(assert_exception (invoke \"f\"))", CommandKind::kAssertException, false},
      {"(assert_invalid (module) \"m\")", CommandKind::kAssertInvalid, true},
      {"(assert_malformed (module binary \"\") \"m\")", CommandKind::kAssertMalformed, true},
      {"(assert_unlinkable (module) \"m\")", CommandKind::kAssertUnlinkable, true},
      {"(assert_invalid_custom (module) \"m\")", CommandKind::kAssertInvalidCustom, true},
      {"(assert_malformed_custom (module quote \"\") \"m\")", CommandKind::kAssertMalformedCustom, true},
  };
  for (const Row& row : rows) {
    const Command c = only(row.source);
    EXPECT_EQ(c.kind, row.kind) << row.source;
    EXPECT_EQ(c.module.has_value(), row.module) << row.source;
    EXPECT_EQ(c.action.has_value(), !row.module) << row.source;
    if (row.kind != CommandKind::kAssertException) EXPECT_EQ(c.text, "m") << row.source;
    EXPECT_TRUE(std::string_view(row.source).substr(1).starts_with(command_name(c.kind)));
  }
}

TEST(Script, ModuleErrorsAreKept) {
  const Script script = parse(
      "(assert_malformed (module quote \"(func\\n  (frob))\") \"unknown operator\")\n"
      "(module\n  (func $f) (func $f))\n"
      "(module quote \"(\")\n"
      "(assert_return (invoke \"f\"))");
  ASSERT_EQ(script.commands.size(), 4u);
  // A quoted module counts its own lines, one in the script the script's.
  ASSERT_TRUE(script.commands[0].module->error.has_value());
  EXPECT_EQ(script.commands[0].module->error->line, 2u);
  EXPECT_TRUE(script.commands[0].module->bytes.empty());
  EXPECT_EQ(script.commands[1].line, 2u);
  ASSERT_TRUE(script.commands[1].module->error.has_value());
  EXPECT_EQ(script.commands[1].module->error->line, 3u);
  EXPECT_EQ(script.commands[1].module->error->column, 19u);
  EXPECT_EQ(script.commands[1].module->error->message, "duplicate func '$f'");
  EXPECT_TRUE(script.commands[2].module->error.has_value());
  EXPECT_EQ(script.commands[3].line, 5u);
}

TEST(Script, NothingIsSkipped) {
  for (const char* bad : {"(frob)",
                          "(assert_frob (module) \"\")",
                          "assert_return",
                          "(assert_return)",
                          "(assert_return (invoke \"f\") 1)",
                          "(assert_return (invoke \"f\") (frob))",
                          "(assert_return (invoke \"f\" (f32.const nan:canonical)))",
                          "(assert_return (invoke \"f\" (ref.func)))",
                          "(assert_return (invoke \"f\" (either (i32.const 0))))",
                          "(assert_return (invoke \"f\") (either (either (i32.const 0))))",
                          "(assert_trap (invoke \"f\"))",
                          "(assert_invalid (invoke \"f\") \"\")",
                          "(assert_return (module))",
                          "(register)",
                          "(register $m)",
                          "(invoke f)",
                          "(module instance $a $b $c)",
                          "(module) 1",
                          "(assert_return (invoke \"f\") (i32.const 4294967296))",
                          "(assert_return (invoke \"f\") (v128.const i32x4 1 2 3))",
                          "(thread $t)",
                          "(input \"f\")",
                          "(module",
                          "(module quote \"a\"",
                          "(assert_return (invoke \"f\" (ref.null)))",
                          "(assert_return (invoke \"f\") (ref.null 0))"}) {
    const auto script = parse_wast(bad);
    ASSERT_FALSE(script.has_value()) << bad;
    EXPECT_STREQ(script.error().code, "wat-syntax") << bad;
  }
}

TEST(Script, EmptyAndCommentsOnly) {
  EXPECT_TRUE(parse("").commands.empty());
  EXPECT_TRUE(parse(" ;; nothing\n(; at all ;)").commands.empty());
}

}  // namespace
}  // namespace dewar::text
