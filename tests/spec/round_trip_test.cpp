// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every valid module of the corpora survives printing and parsing: the same meaning, and the same bytes where the
// module is canonical (encoding it gives its own bytes) and holds nothing that text leaves out.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/cursor.h"
#include "base/file.h"
#include "cli/wast_features.h"
#include "fuzz/module_shape.h"
#include "support/corpora.h"
#include "text/printer.h"
#include "text/wast.h"
#include "wasm/encoder.h"
#include "wasm/instr.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::test {
namespace {

constexpr u64 kMaxFile = u64{256} << 20;

/// How many modules went through, and how many of them had to come back byte for byte.
struct Tally {
  usize modules = 0;
  usize exact = 0;
};

/// Are the local declarations of every body runs of different types, none empty? Text lists locals one by one.
bool locals_are_merged(const wasm::Module& module) {
  for (const wasm::Func& func : module.funcs) {
    base::Cursor cursor(module.slice(func.body));
    wasm::ValType last;
    Error error;
    for (u32 groups = func.body.size == 0 ? 0 : cursor.leb_u32(); groups > 0; --groups) {
      const u32 count = cursor.leb_u32();
      wasm::ValType type;
      if (!wasm::read_val_type(cursor, type, error) || count == 0 || type == last) return false;
      last = type;
    }
  }
  return true;
}

/// Does the module hold nothing that text leaves out? A name section is rebuilt.
bool text_says_all(const wasm::Module& module) {
  return locals_are_merged(module) &&
         std::ranges::none_of(module.customs, [](const wasm::CustomSection& c) { return c.name == "name"; });
}

bool is_canonical(const wasm::Module& module) {
  const auto encoded = wasm::encode(module);
  return encoded && std::ranges::equal(*encoded, module.bytes());
}

void check(const std::vector<u8>& bytes, const wasm::Features& features, Tally& tally) {
  wasm::TypeRegistry registry;
  const auto module = wasm::load_module(bytes, registry, features);
  if (!module) return;  // asserted to be invalid; the matrix sees to these
  ++tally.modules;
  const auto text = text::print_module(**module);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  const auto parsed = text::wat_to_wasm(*text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().line << ":" << parsed.error().column << ": "
                                  << parsed.error().message;
  const auto again = wasm::load_module(*parsed, registry, features);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(fuzz::shape_difference(**module, **again, fuzz::Fidelity::kPrinted), "");
  if (!text_says_all(**module) || !is_canonical(**module)) return;
  ++tally.exact;
  EXPECT_TRUE(*parsed == bytes) << "canonical bytes changed";
}

TEST(RoundTrip, ModulesOfTheSpecSuite) {
  const auto folder = corpora("spec");
  if (!folder) GTEST_SKIP() << "1 corpus (spec) is missing; set DEWAR_CORPORA";
  Tally tally;
  for (const auto& path : files_below(*folder, ".wast")) {
    const auto source = base::read_file(path.string(), kMaxFile);
    ASSERT_TRUE(source.has_value());
    const auto script = text::parse_wast({reinterpret_cast<const char*>(source->data()), source->size()});
    ASSERT_TRUE(script.has_value()) << path << ": " << script.error().message;
    for (const text::Command& command : script->commands) {
      if (!command.module || command.module->error) continue;
      SCOPED_TRACE(path.string() + ":" + std::to_string(command.line));
      check(command.module->bytes, cli::wast_features_for_path(path.string()), tally);
    }
  }
  RecordProperty("modules", static_cast<int>(tally.modules));
  RecordProperty("exact", static_cast<int>(tally.exact));
  std::printf("%zu modules, %zu of them byte for byte\n", tally.modules, tally.exact);
  EXPECT_GT(tally.modules, 2000u);
  EXPECT_GT(tally.exact, tally.modules / 2);
}

TEST(RoundTrip, BinariesOfTheCorpora) {
  const auto folder = corpora();
  if (!folder) GTEST_SKIP() << "the corpora are missing; set DEWAR_CORPORA";
  Tally tally;
  for (const auto& path : files_below(*folder, ".wasm")) {
    SCOPED_TRACE(path.string());
    const auto bytes = base::read_file(path.string(), kMaxFile);
    ASSERT_TRUE(bytes.has_value());
    check(*bytes, wasm::Features(), tally);
  }
  std::printf("%zu modules, %zu of them byte for byte\n", tally.modules, tally.exact);
  EXPECT_GT(tally.modules, 100u);
}

}  // namespace
}  // namespace dewar::test
