// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The name section is read as far as it is sound, whatever its order, and never makes a module fail.
#include "wasm/names.h"

#include <gtest/gtest.h>

#include "module_bytes.h"

namespace dewar::wasm {
namespace {

using namespace test;

struct Loaded {
  TypeRegistry registry;
  base::Ref<Module> module;
  Names names;
};

std::unique_ptr<Loaded> load(const Bytes& bytes) {
  auto l = std::make_unique<Loaded>();
  auto m = decode(bytes, l->registry);
  EXPECT_TRUE(m.has_value());
  l->module = *m;
  l->names = read_names(*l->module);
  return l;
}

TEST(Names, ReadsAllKinds) {
  const auto l = load(full_module());
  EXPECT_EQ(l->names.module, "full");
  EXPECT_EQ(l->names.funcs.get(1), "first");
  EXPECT_EQ(l->names.funcs.get(0), "");
  EXPECT_EQ(l->names.locals.get(Names::key(1, 2)), "tmp");
  EXPECT_FALSE(l->names.locals.contains(Names::key(1, 1)));
  EXPECT_EQ(l->names.globals.find(1)->second, "counter");
  EXPECT_TRUE(l->names.tags.empty());
}

TEST(Names, KeepsWhatComesBeforeTheDamage) {
  const auto names_of = [](const Bytes& payload) { return load(module({custom("name", payload)})); };
  const Bytes funcs = section(1, vec({leb(0) + name("a"), leb(1) + name("b")}));
  EXPECT_EQ(names_of(funcs + Bytes{2, 100, 1})->names.funcs.size(), 2u);
  EXPECT_EQ(names_of(section(1, leb(9) + leb(0) + name("a")))->names.funcs.get(0), "a");
  EXPECT_EQ(names_of(section(1, leb(2) + leb(0) + name("a") + leb(1) + Bytes{1, 0xff}))->names.funcs.size(), 1u);
  EXPECT_TRUE(names_of({1})->names.funcs.empty());
  EXPECT_TRUE(names_of({})->names.funcs.empty());
  EXPECT_EQ(names_of(section(200, {1, 2, 3}) + funcs)->names.funcs.size(), 2u) << "unknown subsections are skipped";
}

TEST(Names, AreSortedAndUniqueWhateverTheModuleSays) {
  const auto l =
      load(module({custom("name", section(1, vec({leb(7) + name("x"), leb(2) + name("y"), leb(7) + name("z")})))}));
  ASSERT_EQ(l->names.funcs.size(), 2u);
  EXPECT_EQ(l->names.funcs.begin()->first, 2u);
  EXPECT_EQ(l->names.funcs.get(7), "x") << "the first of two names wins";
}

TEST(Names, DisplayNamesFallBack) {
  const auto l =
      load(module({section(1, vec({kVoidType})), section(3, {3, 0, 0, 0}), section(7, vec({name("out") + Bytes{0, 1}})),
                   section(10, vec({body({0, 0x0b}), body({0, 0x0b}), body({0, 0x0b})})),
                   custom("name", section(1, vec({leb(0) + name("inner")})))}));
  EXPECT_EQ(func_display_name(*l->module, l->names, FuncIndex{0}), "inner");
  EXPECT_EQ(func_display_name(*l->module, l->names, FuncIndex{1}), "out");
  EXPECT_EQ(func_display_name(*l->module, l->names, FuncIndex{2}), "func[2]");
}

TEST(Names, EveryDamagedByteIsSurvived) {
  const Bytes whole = full_module();
  TypeRegistry registry;
  usize read = 0;
  for (usize at = whole.size() - 80; at < whole.size(); ++at) {
    for (u32 value : {0u, 0x7fu, 0x80u, 0xffu}) {
      Bytes changed = whole;
      changed[at] = static_cast<u8>(value);
      auto m = decode(std::move(changed), registry);
      if (!m) continue;
      const Names names = read_names(**m);
      ++read;
      EXPECT_LE(names.funcs.size(), 2u);
    }
  }
  EXPECT_GT(read, 100u);
}

}  // namespace
}  // namespace dewar::wasm
