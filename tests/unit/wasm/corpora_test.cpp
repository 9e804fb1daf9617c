// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every module of every script of the spec corpora, without running any: good ones decode, validate, encode and decode
// again to the same bytes and types; asserted ones fail in the asserted way (malformed, invalid, custom sections).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/corpora.h"
#include "text/wast.h"
#include "wasm/custom.h"
#include "wasm/decoder.h"
#include "wasm/disasm.h"
#include "wasm/encoder.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::wasm {
namespace {

using text::CommandKind;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The feature set a folder's scripts were written for.
Features features_for(const std::string& path) {
  Features f;
  const auto in = [&](const char* folder) { return path.find(folder) != std::string::npos; };
  f.set(Feature::threads, in("proposals/threads"));
  f.set(Feature::custom_page_sizes, in("proposals/custom-page-sizes"));
  f.set(Feature::wide_arithmetic, in("proposals/wide-arithmetic"));
  f.set(Feature::legacy_exceptions, in("legacy/"));
  if (in("proposals/threads")) {
    // Written on top of the first version of the language.
    for (Feature later :
         {Feature::reference_types, Feature::multi_memory, Feature::memory64, Feature::gc, Feature::function_references,
          Feature::exceptions, Feature::tail_call, Feature::simd, Feature::relaxed_simd, Feature::extended_const}) {
      f.set(later, false);
    }
  }
  return f;
}

struct Totals {
  usize good = 0, identical = 0, malformed = 0, invalid = 0, custom = 0, text_errors = 0, commands = 0;
};

/// Error code of decoding and validating, or "ok".
std::string verdict(const std::vector<u8>& bytes, const Features& features) {
  TypeRegistry registry;
  auto m = decode(bytes, registry, {features});
  if (!m) return m.error().code;
  if (auto ok = validate_bodies(**m); !ok) return ok.error().code;
  return "ok";
}

void expect_good(const std::vector<u8>& bytes, const Features& features, const std::string& where, Totals& totals) {
  TypeRegistry registry;
  auto first = decode(bytes, registry, {features});
  ASSERT_TRUE(first.has_value()) << where << first.error().code << ": " << first.error().message << " @"
                                 << first.error().offset;
  const auto valid = validate_bodies(**first);
  ASSERT_TRUE(valid.has_value()) << where << valid.error().code << ": " << valid.error().message << " @"
                                 << valid.error().offset;
  const auto encoded = encode(**first);
  ASSERT_TRUE(encoded.has_value()) << where;
  ++totals.good;
  // What is not canonical is longer than it has to be: padded integers, explicit groups of one type, default page
  // sizes.
  if (*encoded == bytes) {
    ++totals.identical;
  } else {
    EXPECT_LT(encoded->size(), bytes.size()) << where;
  }
  auto second = decode(*encoded, registry, {features});
  ASSERT_TRUE(second.has_value()) << where << second.error().message;
  EXPECT_TRUE(validate_bodies(**second).has_value()) << where;
  EXPECT_EQ((*second)->canon, (*first)->canon) << where;
  EXPECT_EQ(encode(**second).value(), *encoded) << where;
  std::string listed;
  const Disassembler d(**second);
  d.headers(listed);
  for (u32 f = 0; f < (*second)->funcs.size(); ++f) d.function(FuncIndex{f}, listed);
  EXPECT_EQ(listed.find("<damaged"), std::string::npos) << where;
}

void expect_custom_error(const text::ScriptModule& module, const Features& features, const char* code,
                         const std::string& where, Totals& totals) {
  ++totals.custom;
  if (module.error) return;
  TypeRegistry registry;
  auto m = decode(module.bytes, registry, {features});
  ASSERT_TRUE(m.has_value()) << where << m.error().message;
  const auto strict = check_custom_sections(**m);
  ASSERT_FALSE(strict.has_value()) << where;
  EXPECT_STREQ(strict.error().code, code) << where;
}

void check(const text::Command& command, const Features& features, const std::string& where, Totals& totals) {
  ++totals.commands;
  if (!command.module) return;
  const text::ScriptModule& module = *command.module;
  switch (command.kind) {
    case CommandKind::kAssertMalformed:
      ++totals.malformed;
      if (module.error) {
        ++totals.text_errors;
      } else {
        EXPECT_EQ(verdict(module.bytes, features), "wasm-malformed") << where;
      }
      return;
    case CommandKind::kAssertInvalid: {
      ++totals.invalid;
      ASSERT_FALSE(module.error.has_value()) << where << module.error->message;
      const std::string code = verdict(module.bytes, features);
      EXPECT_TRUE(code == "wasm-invalid" || code == "wasm-feature") << where << code;
      return;
    }
    case CommandKind::kAssertInvalidCustom: return expect_custom_error(module, features, "wasm-invalid", where, totals);
    case CommandKind::kAssertMalformedCustom:
      return expect_custom_error(module, features, "wasm-malformed", where, totals);
    default:
      ASSERT_FALSE(module.error.has_value()) << where << module.error->message;
      return expect_good(module.bytes, features, where, totals);
  }
}

TEST(Corpora, ModulesOfTheSpecSuite) {
  const auto root = test::corpora("spec");
  if (!root) GTEST_SKIP() << "no spec corpora";
  Totals totals;
  usize files = 0;
  for (const auto& path : test::files_below(*root, ".wast")) {
    const auto script = text::parse_wast(read_text(path));
    ASSERT_TRUE(script.has_value()) << path << ":" << script.error().line << ": " << script.error().message;
    ++files;
    for (const text::Command& command : script->commands) {
      check(command, features_for(path.string()), path.filename().string() + ":" + std::to_string(command.line) + ": ",
            totals);
    }
  }
  std::printf(
      "%zu files, %zu commands: %zu good modules (%zu with identical bytes), %zu malformed (%zu by the text "
      "parser), %zu invalid, %zu custom\n",
      files, totals.commands, totals.good, totals.identical, totals.malformed, totals.text_errors, totals.invalid,
      totals.custom);
  EXPECT_GT(files, 250u);
  EXPECT_GT(totals.good, 2500u);
  EXPECT_GT(totals.identical * 100, totals.good * 95);
  EXPECT_GT(totals.malformed, 1000u);
  EXPECT_GT(totals.invalid, 1500u);
}

}  // namespace
}  // namespace dewar::wasm
