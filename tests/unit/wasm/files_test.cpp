// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every .wasm file of the corpora: decodes, encodes, decodes again; a second encoding changes nothing, and the bytes
// are the file's own wherever the file was canonical (counted, so that the figure cannot fall unnoticed).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/corpora.h"
#include "wasm/custom.h"
#include "wasm/decoder.h"
#include "wasm/disasm.h"
#include "wasm/encoder.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::wasm {
namespace {

std::vector<u8> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(CorporaFiles, SurviveDecodingAndEncoding) {
  const auto root = test::corpora();
  if (!root) GTEST_SKIP() << "no corpora";
  TypeRegistry registry;
  usize files = 0, identical = 0;
  for (const auto& path : test::files_below(*root, ".wasm")) {
    const std::vector<u8> bytes = read_file(path);
    if (looks_like_component(bytes)) continue;
    ++files;
    auto first = decode(bytes, registry);
    ASSERT_TRUE(first.has_value()) << path << ": " << first.error().message << " at " << first.error().offset;
    EXPECT_TRUE(validate_bodies(**first).has_value()) << path;
    const auto encoded = encode(**first);
    ASSERT_TRUE(encoded.has_value()) << path;
    // Whatever is not canonical is longer than it has to be (compilers pad sizes and call targets to be patched).
    if (*encoded == bytes) {
      ++identical;
    } else {
      EXPECT_LT(encoded->size(), bytes.size()) << path;
    }
    auto second = decode(*encoded, registry);
    ASSERT_TRUE(second.has_value()) << path << ": " << second.error().message;
    EXPECT_TRUE(validate_bodies(**second).has_value()) << path;
    const auto again = encode(**second);
    ASSERT_TRUE(again.has_value()) << path;
    EXPECT_EQ(*again, *encoded) << path << " is not stable";
    EXPECT_EQ((*first)->canon, (*second)->canon) << path;
    EXPECT_EQ((*first)->funcs.size(), (*second)->funcs.size()) << path;
    EXPECT_EQ((*first)->exports.size(), (*second)->exports.size()) << path;
    EXPECT_EQ((*first)->datas.size(), (*second)->datas.size()) << path;
    std::string listed;
    const Disassembler d(**second);
    d.headers(listed);
    for (u32 f = 0; f < (*second)->funcs.size(); ++f) d.function(FuncIndex{f}, listed);
    EXPECT_EQ(listed.find("<damaged"), std::string::npos) << path;
  }
  RecordProperty("files", static_cast<int>(files));
  RecordProperty("identical", static_cast<int>(identical));
  std::printf("%zu files, %zu with identical bytes\n", files, identical);
  EXPECT_GT(files, 100u);
  EXPECT_GT(identical * 10, files * 6) << "most shipped files are canonical";
}

}  // namespace
}  // namespace dewar::wasm
