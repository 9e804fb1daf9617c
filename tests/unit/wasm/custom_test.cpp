// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Custom sections: lenient when loading, strict when asked (branch-hinting proposal; spec 7.4.1).
#include "wasm/custom.h"

#include <gtest/gtest.h>

#include "module_bytes.h"

namespace dewar::wasm {
namespace {

using namespace test;

/// Body: i32.const 0; if; i32.const 1; br_if 0; nop; end; end. `if` at pc 3, `br_if` at pc 7.
Bytes hinted(const Bytes& payload) {
  return module({section(1, vec({kVoidType})), section(2, vec({{0, 0, 0, 0}})), section(3, {1, 0}),
                 custom("metadata.code.branch_hint", payload),
                 section(10, vec({body({0, 0x41, 0, 0x04, 0x40, 0x41, 1, 0x0d, 0, 0x01, 0x0b, 0x0b})}))});
}

struct Verdict {
  usize hints = 0;
  std::string strict;
};

Verdict check(const Bytes& bytes) {
  TypeRegistry registry;
  auto m = decode(bytes, registry);
  EXPECT_TRUE(m.has_value()) << "custom sections never make a module fail";
  if (!m) return {};
  const auto strict = check_custom_sections(**m);
  return {(*m)->branch_hints.size(), strict ? "ok" : std::string(strict.error().code) + ": " + strict.error().message};
}

TEST(BranchHints, GoodOnesAreRead) {
  const Verdict v = check(hinted(vec({leb(1) + vec({{3, 1, 1}, {7, 1, 0}})})));
  EXPECT_EQ(v.hints, 2u);
  EXPECT_EQ(v.strict, "ok");
  EXPECT_EQ(check(hinted({0})).strict, "ok");
}

TEST(BranchHints, WrongTargetsAreInvalid) {
  for (u8 pc : {0, 1, 2, 4, 5, 9, 11, 12, 100}) {
    const Verdict v = check(hinted(vec({leb(1) + vec({{pc, 1, 1}})})));
    EXPECT_TRUE(v.strict.starts_with("wasm-invalid: ")) << int{pc} << " " << v.strict;
  }
  for (u8 func : {0, 2}) {
    EXPECT_TRUE(check(hinted(vec({leb(func) + vec({{3, 1, 1}})}))).strict.starts_with("wasm-invalid: ")) << int{func};
  }
}

TEST(BranchHints, DamagedSectionsAreIgnoredOrMalformed) {
  const std::vector<Bytes> damaged = {
      {},                                                           // no count
      {1},                                                          // count too high
      vec({leb(1) + vec({{3, 1, 1}})}) + Bytes{0},                  // bytes left
      vec({leb(1) + vec({{3, 2, 1}})}),                             // length of a hint
      vec({leb(1) + vec({{3, 1, 2}})}),                             // value
      vec({leb(1) + vec({{7, 1, 1}, {3, 1, 1}})}),                  // order of hints
      vec({leb(1) + vec({{3, 1, 1}, {3, 1, 1}})}),                  // duplicate hint
      vec({leb(1) + vec({{3, 1, 1}}), leb(1) + vec({{7, 1, 1}})}),  // duplicate function
      {1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f},                         // count of hints
  };
  for (usize i = 0; i < damaged.size(); ++i) {
    const Verdict v = check(hinted(damaged[i]));
    EXPECT_EQ(v.hints, 0u) << i;
    EXPECT_TRUE(v.strict.starts_with("wasm-malformed: ")) << i << " " << v.strict;
  }
}

TEST(BranchHints, MustStandBeforeTheCode) {
  const Bytes late = module({section(1, vec({kVoidType})), section(3, {1, 0}),
                             section(10, vec({body({0, 0x41, 0, 0x04, 0x40, 0x0b, 0x0b})})),
                             custom("metadata.code.branch_hint", vec({leb(0) + vec({{3, 1, 1}})}))});
  const Verdict v = check(late);
  EXPECT_EQ(v.hints, 0u);
  EXPECT_TRUE(v.strict.starts_with("wasm-malformed: ")) << v.strict;
}

TEST(NameSection, IsCheckedStrictlyOnRequest) {
  const auto strict = [](const Bytes& payload) { return check(module({custom("name", payload)})).strict; };
  EXPECT_EQ(strict(section(0, name("m")) + section(1, vec({leb(0) + name("f")}))), "ok");
  EXPECT_EQ(strict(section(200, {9, 9})), "ok");
  EXPECT_EQ(check(full_module()).strict, "ok");
  const std::vector<Bytes> damaged = {
      {1},
      {1, 9},
      section(1, {2, 0, 1, 'x'}),
      section(1, {1, 0, 1, 0xff}),
      section(1, {0, 0}),
      section(1, vec({leb(2) + name("a"), leb(1) + name("b")})),
      section(1, {0}) + section(1, {0}),
      section(2, {0}) + section(1, {0}),
      section(2, vec({leb(0) + vec({leb(3) + name("a"), leb(3) + name("b")})})),
  };
  for (usize i = 0; i < damaged.size(); ++i) {
    EXPECT_TRUE(strict(damaged[i]).starts_with("wasm-malformed: ")) << i << " " << strict(damaged[i]);
  }
  const Bytes twice = module({custom("name", {}), custom("name", {})});
  EXPECT_TRUE(check(twice).strict.starts_with("wasm-malformed: "));
}

}  // namespace
}  // namespace dewar::wasm
