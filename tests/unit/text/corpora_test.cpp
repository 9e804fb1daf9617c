// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The official scripts: all parse, every module in them gives bytes, malformed ones are rejected (here, or by the
// decoder where the text grammar cannot see the fault), and everything that decodes survives print and parse.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "support/corpora.h"
#include "text/printer.h"
#include "text/wast.h"
#include "wasm/custom.h"
#include "wasm/decoder.h"
#include "wasm/encoder.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::text {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

bool must_decode(const Command& c) {
  switch (c.kind) {
    case CommandKind::kModule:
    case CommandKind::kModuleDefinition:
    case CommandKind::kAssertTrap:
    case CommandKind::kAssertUnlinkable:
    case CommandKind::kAssertInvalidCustom: return true;
    default: return false;
  }
}

/// Canonical bytes of a module, or nothing if it does not decode.
std::vector<u8> canonical(const std::vector<u8>& bytes) {
  wasm::TypeRegistry registry;
  const auto module = wasm::decode(bytes, registry);
  if (!module) return {};
  const auto encoded = wasm::encode(**module);
  return encoded ? *encoded : std::vector<u8>{};
}

TEST(TextCorpora, ScriptsParseAndJudgeModules) {
  const auto root = test::corpora("spec");
  if (!root) GTEST_SKIP() << "the spec corpus is not there";
  usize files = 0, modules = 0, malformed_text = 0, malformed_later = 0;
  for (const fs::path& path : test::files_below(*root, ".wast")) {
    const auto script = parse_wast(read(path));
    ASSERT_TRUE(script.has_value()) << path << ":" << script.error().line << ": " << script.error().message;
    ++files;
    for (const Command& c : script->commands) {
      if (!c.module) continue;
      const std::string place = path.string() + ":" + std::to_string(c.line);
      const bool malformed = c.kind == CommandKind::kAssertMalformed || c.kind == CommandKind::kAssertMalformedCustom;
      if (!malformed) {
        ++modules;
        EXPECT_FALSE(c.module->error.has_value()) << place << ": " << c.module->error->message;
        continue;
      }
      if (c.module->error) {
        ++malformed_text;
        continue;
      }
      ++malformed_later;
      wasm::TypeRegistry registry;
      const auto loaded = wasm::load_module(c.module->bytes, registry);
      const bool rejected = !loaded || !wasm::check_custom_sections(**loaded);
      EXPECT_TRUE(rejected) << place << ": accepted, expected: " << c.text;
    }
  }
  EXPECT_GE(files, 274u);
  EXPECT_GE(modules, 5000u);
  EXPECT_GE(malformed_text, 1278u);
  RecordProperty("files", static_cast<int>(files));
  RecordProperty("modules", static_cast<int>(modules));
  RecordProperty("malformed_rejected_as_text", static_cast<int>(malformed_text));
  RecordProperty("malformed_rejected_later", static_cast<int>(malformed_later));
}

/// print -> parse, compared by meaning (canonical encoding); byte for byte where the input was canonical already.
void expect_round_trip(const std::vector<u8>& bytes, const std::string& place, usize& exact) {
  const auto text = wasm_to_wat(bytes);
  ASSERT_TRUE(text.has_value()) << place << ": " << text.error().message;
  const auto back = wat_to_wasm(*text);
  ASSERT_TRUE(back.has_value()) << place << ": " << back.error().line << ": " << back.error().message;
  if (*back == bytes) {
    ++exact;
    return;
  }
  // Sizes of integers, empty sections and split groups of locals are gone; nothing else may be.
  const auto again = wasm_to_wat(*back);
  ASSERT_TRUE(again.has_value()) << place;
  EXPECT_TRUE(*again == *text || canonical(*back) == canonical(bytes)) << place;
}

TEST(TextCorpora, ScriptModulesRoundTrip) {
  const auto root = test::corpora("spec");
  if (!root) GTEST_SKIP() << "the spec corpus is not there";
  usize exact = 0, total = 0;
  for (const fs::path& path : test::files_below(*root, ".wast")) {
    const auto script = parse_wast(read(path));
    ASSERT_TRUE(script.has_value()) << path;
    for (const Command& c : script->commands) {
      if (!c.module || c.module->error || !must_decode(c)) continue;
      const std::string place = path.string() + ":" + std::to_string(c.line);
      ++total;
      const usize before = exact;
      expect_round_trip(c.module->bytes, place, exact);
      // What our own parser wrote is canonical.
      if (c.module->form != ScriptModule::Form::kBinary) EXPECT_EQ(exact, before + 1) << place;
    }
  }
  EXPECT_GE(total, 2500u);
}

TEST(TextCorpora, BinariesRoundTrip) {
  const auto root = test::corpora();
  if (!root) GTEST_SKIP() << "the corpora are not there";
  usize exact = 0, total = 0;
  for (const fs::path& path : test::files_below(*root, ".wasm")) {
    const std::string contents = read(path);
    const std::vector<u8> bytes(contents.begin(), contents.end());
    if (canonical(bytes).empty()) continue;  // a component
    ++total;
    expect_round_trip(bytes, path.string(), exact);
  }
  EXPECT_GE(total, 300u);
  EXPECT_GE(exact, total / 2);
}

}  // namespace
}  // namespace dewar::text
