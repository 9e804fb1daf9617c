// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments of run_code: what is taken, what is refused, and every bound at its edge.
#include "server/code_request.h"

#include <gtest/gtest.h>

#include "server/base64.h"

namespace dewar::server {
namespace {

const std::vector<std::string> kLanguages = {"python", "wat"};
const CodeLimits kSmall{.max_code = 8, .max_stdin = 8, .max_files = 2, .max_file_bytes = 8};

Result<CodeRequest> read(const std::string& more, std::string_view code = "x") {
  const auto value = api::read_json(R"({"language":"python","code":")" + std::string(code) + "\"" + more + "}");
  EXPECT_TRUE(value) << more;
  return read_code_request(*value, kLanguages, kSmall);
}

TEST(CodeRequest, TakesWhatIsThere) {
  const auto request = read(R"(,"files":{"b":"text","./a//c":{"base64":"AAEC"}},"stdin":"in","timeout_s":1.5)");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->language, "python");
  EXPECT_EQ(request->code, "x");
  ASSERT_EQ(request->files.size(), 2u);
  EXPECT_EQ(request->files[0].guest_path, "/input/a/c");
  EXPECT_EQ(request->files[0].contents, std::string("\0\1\2", 3));
  EXPECT_EQ(request->files[1].guest_path, "/input/b");
  EXPECT_EQ(request->stdin_text, "in");
  EXPECT_EQ(request->timeout_ms, 1500u);
  const auto least = read("");
  ASSERT_TRUE(least);
  EXPECT_TRUE(least->files.empty() && !least->stdin_text && !least->timeout_ms);
}

TEST(CodeRequest, BoundsAreExact) {
  EXPECT_TRUE(read("", "12345678"));
  EXPECT_FALSE(read("", "123456789"));
  EXPECT_TRUE(read(R"(,"stdin":"12345678")"));
  EXPECT_FALSE(read(R"(,"stdin":"123456789")"));
  EXPECT_TRUE(read(R"(,"files":{"a":"1234","b":"5678"})"));
  EXPECT_FALSE(read(R"(,"files":{"a":"1234","b":"56789"})"));
  EXPECT_TRUE(read(R"(,"files":{"a":{"base64":"MTIzNDU2Nzg="}})")) << "decoded bytes count";
  EXPECT_FALSE(read(R"(,"files":{"a":"","b":"","c":""})"));
}

TEST(CodeRequest, WrongArgumentsAreNamed) {
  for (const auto& [more, words] : std::vector<std::pair<const char*, const char*>>{
           {R"(,"dir":"/")", "no argument \"dir\""},
           {R"(,"files":{"..":""})", "no path"},
           {R"(,"files":{"a/../../x":""})", "no path"},
           {R"(,"files":{".":""})", "no path"},
           {R"(,"files":{"a":"","a/":""})", "two files"},
           {R"(,"files":{"a/b":"","a":""})", "/input/a is a file and a folder"},
           {R"(,"files":{"a":null})", "neither a text"},
           {R"(,"files":{"a":{"base64":1}})", "neither a text"},
           {R"(,"files":{"a":{"base64":"AAA"}})", "not valid base64"},
           {R"(,"timeout_s":0.0)", "above 0"},
           {R"(,"timeout_s":1e999)", "above 0"},
           {R"(,"timeout_s":"1")", "above 0"}}) {
    const auto request = read(more);
    ASSERT_FALSE(request) << more;
    EXPECT_STREQ(request.error().code, "tool-arguments");
    EXPECT_NE(request.error().message.find(words), std::string::npos) << request.error().message;
  }
  const auto hostile = read(",\"\\u001b[2J\":1");
  ASSERT_FALSE(hostile);
  EXPECT_EQ(hostile.error().message.find('\x1b'), std::string::npos);
}

TEST(CodeRequest, LongTimesAreCutAndShortOnesAreNotNothing) {
  EXPECT_EQ(read(R"(,"timeout_s":1e300)")->timeout_ms, u64{366} * 86'400'000);
  EXPECT_EQ(read(R"(,"timeout_s":1e-300)")->timeout_ms, 1u);
}

TEST(Base64, TheAlphabetAndItsEnds) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(decode_base64("AP8A"), std::string("\0\xff\0", 3));
  for (const char* bad :
       {"Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm 9", "Zm9v\n", "Zh==", "Zm9=", "-_-_", "Z=g="}) {
    EXPECT_FALSE(decode_base64(bad)) << bad;
  }
}

}  // namespace
}  // namespace dewar::server
