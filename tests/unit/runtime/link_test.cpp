// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linking: what matches what (spec 3.3, external types), and the exact texts of refusals.
#include "unit/runtime/fixture.h"

namespace dewar::runtime {
namespace {

/// A provider "m" and the refusal (or not) of an importing module.
struct LinkTest : ::testing::Test {
  World w;

  void provide(std::string_view wat) { w.linker.define_instance("m", w.instantiated(wat)); }
  void accepts(std::string_view field) {
    const auto result = w.try_instantiate("(module " + std::string(field) + ")");
    EXPECT_TRUE(result.has_value()) << field << ": " << result.error().message;
  }
  void refuses(std::string_view field, std::string_view message) {
    const Error e = w.error_of("(module " + std::string(field) + ")");
    EXPECT_STREQ(e.code, "link-type-mismatch") << field;
    EXPECT_EQ(e.message, message);
  }
};

TEST_F(LinkTest, MissingImportNamesEverything) {
  const Error e =
      w.error_of(R"((module (import "env" "read file" (func (param i32 (ref null func)) (result i64 v128)))))");
  EXPECT_STREQ(e.code, "link-missing-import");
  EXPECT_EQ(e.message,
            R"(unknown import "env"."read file": the module expects (func (param i32 funcref) (result i64 v128)))");
  EXPECT_EQ(e.hint, R"(nothing is linked under the module name "env")");
}

TEST_F(LinkTest, MissingImportSuggestsANearName) {
  provide(R"((module (func (export "fd_write")) (func (export "other"))))");
  EXPECT_EQ(w.error_of(R"((module (import "m" "fd_wirte" (func))))").hint, R"(did you mean "fd_write"?)");
  EXPECT_EQ(w.error_of(R"((module (import "m" "zzzzzzz" (func))))").hint, R"("m" is linked, but has no such name)");
}

TEST_F(LinkTest, MissingImportsOfEveryKind) {
  const auto expects = [&](std::string_view type, std::string_view text) {
    const Error e = w.error_of("(module (type $s (struct)) (import \"\" \"\" " + std::string(type) + "))");
    EXPECT_STREQ(e.code, "link-missing-import");
    EXPECT_EQ(e.message, "unknown import \"\".\"\": the module expects " + std::string(text));
  };
  expects("(func)", "(func)");
  expects("(memory 1 2 shared)", "(memory 1 2 shared)");
  expects("(memory i64 3)", "(memory i64 3)");
  expects("(memory 3 (pagesize 1))", "(memory 3 (pagesize 1))");
  expects("(table 1 externref)", "(table 1 externref)");
  expects("(table i64 0 10 (ref null i31))", "(table i64 0 10 i31ref)");
  expects("(global (mut f32))", "(global (mut f32))");
  expects("(global eqref)", "(global eqref)");
  expects("(tag (param i32))", "(tag (param i32))");
}

TEST_F(LinkTest, HostileNamesAreEscapedAndCut) {
  const Error e = w.error_of("(module (import \"\\1b[31m\" \"" + std::string(5000, 'x') + "\" (func)))");
  EXPECT_EQ(e.message,
            R"(unknown import "\u{1b}[31m".")" + std::string(80, 'x') + R"(...": the module expects (func))");
}

TEST_F(LinkTest, TheFirstBadImportIsReported) {
  provide(R"((module (func (export "f"))))");
  EXPECT_STREQ(w.error_of(R"((module (import "m" "f" (memory 1)) (import "m" "g" (func))))").code,
               "link-type-mismatch");
  EXPECT_STREQ(w.error_of(R"((module (import "m" "g" (func)) (import "m" "f" (memory 1))))").code,
               "link-missing-import");
}

TEST_F(LinkTest, KindsMustAgree) {
  provide(R"((module (func (export "f") (param i64)) (memory (export "mem") 1) (global (export "g") i32 (i32.const 0))
                     (table (export "t") 2 funcref) (tag (export "e"))))");
  refuses(R"((import "m" "f" (memory 1)))",
          R"(incompatible import type for "m"."f": expected (memory 1), found (func (param i64)))");
  refuses(R"((import "m" "mem" (func)))",
          R"(incompatible import type for "m"."mem": expected (func), found (memory 1))");
  refuses(R"((import "m" "g" (tag)))", R"(incompatible import type for "m"."g": expected (tag), found (global i32))");
  refuses(R"((import "m" "t" (global i32)))",
          R"(incompatible import type for "m"."t": expected (global i32), found (table 2 funcref))");
  refuses(R"((import "m" "e" (func)))", R"(incompatible import type for "m"."e": expected (func), found (tag))");
}

TEST_F(LinkTest, FunctionsBySubtyping) {
  provide(R"((module
    (type $base (sub (func (param i32))))
    (type $derived (sub $base (func (param i32))))
    (func (export "plain") (param i32))
    (func (export "base") (type $base) )
    (func (export "derived") (type $derived))))");
  accepts(R"((import "m" "plain" (func (param i32))))");
  accepts(R"((type $base (sub (func (param i32)))) (import "m" "base" (func (type $base))))");
  accepts(R"((type $base (sub (func (param i32)))) (import "m" "derived" (func (type $base))))");
  refuses(R"((import "m" "plain" (func (param i64))))",
          R"(incompatible import type for "m"."plain": expected (func (param i64)), found (func (param i32)))");
  const Error e = w.error_of(R"((module (import "m" "base" (func (param i32)))))");
  EXPECT_STREQ(e.code, "link-type-mismatch");
  EXPECT_EQ(e.message,
            R"(incompatible import type for "m"."base": expected (func (param i32)), found (func (param i32)))");
  EXPECT_EQ(e.hint, "the two types look alike but are not the same: their recursive groups differ");
}

TEST_F(LinkTest, MemoriesByLimits) {
  provide(R"((module (memory (export "mem") 2 5)))");
  accepts(R"((import "m" "mem" (memory 0)))");
  accepts(R"((import "m" "mem" (memory 2 5)))");
  accepts(R"((import "m" "mem" (memory 1 6)))");
  refuses(R"((import "m" "mem" (memory 3)))",
          R"(incompatible import type for "m"."mem": expected (memory 3), found (memory 2 5))");
  for (const char* field :
       {R"((import "m" "mem" (memory 2 4)))", R"((import "m" "mem" (memory 2 5 shared)))",
        R"((import "m" "mem" (memory i64 2 5)))", R"((import "m" "mem" (memory 2 5 (pagesize 1))))"}) {
    EXPECT_STREQ(w.error_of("(module " + std::string(field) + ")").code, "link-type-mismatch") << field;
  }
  provide(R"((module (memory (export "mem") 2)))");
  EXPECT_STREQ(w.error_of(R"((module (import "m" "mem" (memory 2 65536))))").code, "link-type-mismatch");
}

TEST_F(LinkTest, GrownMemoriesCountTheirSize) {
  Instance& provider = w.instantiated(R"((module (memory (export "mem") 1 9)))");
  w.linker.define_instance("m", provider);
  refuses(R"((import "m" "mem" (memory 3)))",
          R"(incompatible import type for "m"."mem": expected (memory 3), found (memory 1 9))");
  EXPECT_EQ(provider.memories[0]->grow(2), 1u);
  accepts(R"((import "m" "mem" (memory 3)))");
}

TEST_F(LinkTest, TablesByLimitsAndExactElementType) {
  provide(R"((module (table (export "t") 2 5 funcref)))");
  accepts(R"((import "m" "t" (table 2 5 funcref)))");
  accepts(R"((import "m" "t" (table 0 funcref)))");
  for (const char* field : {R"((import "m" "t" (table 3 funcref)))", R"((import "m" "t" (table 2 4 funcref)))",
                            R"((import "m" "t" (table 2 externref)))", R"((import "m" "t" (table i64 2 funcref)))",
                            R"((import "m" "t" (table 2 (ref null nofunc))))"}) {
    EXPECT_STREQ(w.error_of("(module " + std::string(field) + ")").code, "link-type-mismatch") << field;
  }
}

TEST_F(LinkTest, GlobalsAreCovariantOnlyIfConstant) {
  provide(R"((module (func $f) (elem declare func $f)
    (global (export "const") (ref func) (ref.func $f)) (global (export "mut") (mut funcref) (ref.null func))))");
  accepts(R"((import "m" "const" (global (ref func))))");
  accepts(R"((import "m" "const" (global funcref)))");
  accepts(R"((import "m" "mut" (global (mut funcref))))");
  refuses(R"((import "m" "mut" (global funcref)))",
          R"(incompatible import type for "m"."mut": expected (global funcref), found (global (mut funcref)))");
  EXPECT_STREQ(w.error_of(R"((module (import "m" "const" (global externref))))").code, "link-type-mismatch");
  EXPECT_STREQ(w.error_of(R"((module (import "m" "mut" (global (mut (ref null nofunc))))))").code,
               "link-type-mismatch");
}

TEST_F(LinkTest, TagsExactly) {
  provide(R"((module (tag (export "e") (param i32))))");
  accepts(R"((import "m" "e" (tag (param i32))))");
  refuses(R"((import "m" "e" (tag (param i64))))",
          R"(incompatible import type for "m"."e": expected (tag (param i64)), found (tag (param i32)))");
}

TEST_F(LinkTest, LaterDefinitionsReplaceEarlierOnes) {
  provide(R"((module (func (export "f"))))");
  provide(R"((module (global (export "f") i32 (i32.const 1))))");
  accepts(R"((import "m" "f" (global i32)))");
}

TEST_F(LinkTest, LongSignaturesAreCut) {
  std::string params;
  for (int i = 0; i < 500; ++i) params += " i32";
  const Error e = w.error_of("(module (import \"m\" \"f\" (func (param" + params + "))))");
  EXPECT_LT(e.message.size(), 300u);
  EXPECT_NE(e.message.find("... 468 more)"), std::string::npos) << e.message;
}

TEST(LinkBoundsMode, CodeThatNeedsGuardPagesRefusesAMemoryWithout) {
  EngineOptions explicit_options;
  explicit_options.explicit_bounds = true;
  World with_checks(explicit_options), with_guards;
  constexpr std::string_view kProvider =
      R"((module (memory (export "a") 1) (memory (export "b") 1 (pagesize 1)) (memory (export "c") i64 1)))";
  Instance& made_explicit = with_checks.instantiated(kProvider);
  Instance& made_guarded = with_guards.instantiated(kProvider);

  with_guards.linker.define_instance("m", made_explicit);
  const Error refused = with_guards.error_of(R"((module (import "m" "a" (memory 1))))");
  EXPECT_STREQ(refused.code, "link-bounds-mode");
  EXPECT_EQ(refused.message,
            R"(the memory for "m"."a" was made without guard pages, which this engine's code relies on)");
  EXPECT_EQ(refused.hint, "make the memory with this engine, or run both with explicit bounds checks");
  // Not only memory 0, because a tier may rely on the guard pages of any; and when the imports come resolved.
  EXPECT_STREQ(
      with_guards.error_of(R"((module (import "m" "b" (memory 1 (pagesize 1))) (import "m" "a" (memory 1))))").code,
      "link-bounds-mode");
  const Extern resolved[] = {extern_at(made_explicit, wasm::ExternKind::memory, 0)};
  const auto direct = instantiate(with_guards.store, load(with_guards.engine, R"((module (import "" "" (memory 1))))"),
                                  resolved, *with_guards.stack);
  ASSERT_FALSE(direct.has_value());
  EXPECT_STREQ(direct.error().code, "link-bounds-mode");
  // Nothing was kept of the refused memory.
  EXPECT_EQ(resolved[0].memory.use_count(), 4) << "instance, its store, the linker, this test";

  // What never has guard pages crosses, and so does everything towards code that compares bounds.
  with_guards.instantiated(R"((module (import "m" "b" (memory 1 (pagesize 1))) (import "m" "c" (memory i64 1))))");
  with_checks.linker.define_instance("m", made_guarded);
  with_checks.instantiated(R"((module (import "m" "a" (memory 1)) (import "m" "b" (memory 1 (pagesize 1)))))");
}

}  // namespace
}  // namespace dewar::runtime
