// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Command lines to verbs, options and arguments.
#include "cli/parse.h"

#include <gtest/gtest.h>

#include <set>

namespace dewar::cli {
namespace {

using Words = std::vector<std::string>;

ParsedArgs parsed(const Words& words) {
  auto args = parse_command_line(words);
  EXPECT_TRUE(args) << args.error().message;
  return args ? *args : ParsedArgs();
}

std::string code_of(const Words& words) {
  auto args = parse_command_line(words);
  return args ? "ok" : args.error().code;
}

TEST(Parse, RunTakesOptionsUntilTheProgram) {
  const ParsedArgs args = parsed({"run", "--ro", "a::b", "--env=X=Y=Z", "-Wfuel=1", "-W", "simd=n", "--dir", "d",
                                  "p.py", "--ro", "x", "-W", "--", "y"});
  EXPECT_EQ(args.verb->name, "run");
  EXPECT_EQ(args.arguments, (Words{"p.py"}));
  EXPECT_EQ(args.program_args, (Words{"--ro", "x", "-W", "--", "y"}));
  EXPECT_EQ(args.all("ro"), (Words{"a::b"}));
  EXPECT_EQ(args.all("env"), (Words{"X=Y=Z"}));
  EXPECT_EQ(args.all("wasm"), (Words{"fuel=1", "simd=n"}));
  EXPECT_FALSE(args.has("json"));
}

TEST(Parse, LastValueWins) {
  EXPECT_EQ(parsed({"run", "--seed", "1", "--seed=2", "x.wasm"}).get("seed"), "2");
  EXPECT_EQ(parsed({"run", "x.wasm"}).get("seed", "7"), "7");
}

TEST(Parse, OptionalValuesFollowAnEqualsSignOnly) {
  const ParsedArgs bare = parsed({"run", "--stdin", "x.wasm", "a"});
  EXPECT_TRUE(bare.has("stdin"));
  EXPECT_TRUE(bare.all("stdin").empty());
  EXPECT_EQ(bare.arguments, (Words{"x.wasm"}));
  const ParsedArgs with = parsed({"run", "--stdin=f=g", "--json", "x.wasm", "--stdin=other"});
  EXPECT_EQ(with.all("stdin"), (Words{"f=g"}));
  EXPECT_TRUE(with.has("json"));
  EXPECT_EQ(with.program_args, (Words{"--stdin=other"}));
  EXPECT_EQ(parsed({"run", "--stdin=a", "--stdin=b", "x.wasm"}).all("stdin"), (Words{"b"}));
  EXPECT_EQ(parsed({"run", "--stdin=a", "--stdin", "x.wasm"}).get("stdin"), "");
  const ParsedArgs value = parsed({"run", "--env", "--stdin", "-W", "--stdin=x", "x.wasm"});
  EXPECT_FALSE(value.has("stdin")) << "the values of other options are left alone";
  EXPECT_EQ(value.all("env"), (Words{"--stdin"}));
  EXPECT_EQ(value.all("wasm"), (Words{"--stdin=x"}));
  EXPECT_FALSE(parsed({"run", "--", "--stdin", "x"}).has("stdin"));
}

TEST(Parse, LettersMayShareAWord) {
  const ParsedArgs flags = parsed({"objdump", "-xd", "a.wasm"});
  EXPECT_TRUE(flags.has("headers") && flags.has("disassemble"));
  EXPECT_EQ(flags.arguments, (Words{"a.wasm"}));
  EXPECT_EQ(parsed({"wat", "-ofile", "x"}).get("output"), "file");
  EXPECT_EQ(parsed({"wat", "-o=", "x"}).get("output"), "=");
  EXPECT_EQ(parsed({"wat", "-o", "-x", "y"}).get("output"), "-x") << "the next word, whatever it looks like";
  EXPECT_EQ(code_of({"objdump", "-xq", "a.wasm"}), "usage-option");
  EXPECT_TRUE(parsed({"objdump", "-xh"}).help);
  EXPECT_TRUE(parsed({"run", "--help", "x.wasm"}).help);
}

TEST(Parse, DoubleDashEndsOptions) {
  const ParsedArgs args = parsed({"run", "--json", "--", "-odd-name", "a"});
  EXPECT_TRUE(args.has("json"));
  EXPECT_EQ(args.arguments, (Words{"-odd-name"}));
  EXPECT_EQ(args.program_args, (Words{"a"}));
  EXPECT_EQ(parsed({"validate", "--", "-a", "b"}).arguments, (Words{"-a", "b"}));
}

TEST(Parse, StandardInputIsAnArgument) {
  const ParsedArgs args = parsed({"run", "--lang", "python", "-", "x"});
  EXPECT_EQ(args.arguments, (Words{"-"}));
  EXPECT_EQ(args.program_args, (Words{"x"}));
}

TEST(Parse, ProgramMayStandForTheVerb) {
  const ParsedArgs args = parsed({"x.wasm", "--help"});
  EXPECT_EQ(args.verb->name, "run");
  EXPECT_EQ(args.program_args, (Words{"--help"}));
  EXPECT_FALSE(args.help);
}

TEST(Parse, Groups) {
  EXPECT_EQ(parsed({"guest", "add", "python", "--from", "f"}).verb->name, "guest add");
  EXPECT_EQ(parsed({"module", "wat", "-o", "x", "y"}).verb->name, "wat");
  EXPECT_EQ(parsed({"module", "wat", "-o", "x", "y"}).get("output"), "x");
  EXPECT_EQ(code_of({"module", "run"}), "usage-verb");
  EXPECT_EQ(code_of({"guest"}), "usage-verb");
  EXPECT_EQ(code_of({"guest add"}), "ok") << "one word that is a verb's whole name means the verb";
}

TEST(Parse, Mistakes) {
  EXPECT_EQ(code_of({""}), "usage-verb");
  EXPECT_EQ(code_of({"run", "--dir"}), "usage-option");
  EXPECT_EQ(parse_command_line({"wat", "a", "-o"}).error().message, "--output needs a value: FILE");
  EXPECT_EQ(parse_command_line({"run", "--json=1"}).error().message, "--json takes no value");
  EXPECT_EQ(code_of({"run", "--help=1"}), "usage-option");
  EXPECT_EQ(code_of({"run", "--json=x=y=z", "a.wasm"}), "usage-option");
  EXPECT_EQ(code_of({"run", "---", "a.wasm"}), "usage-option");
  EXPECT_EQ(code_of({"validate", "--nope", "a.wasm"}), "usage-option");
  EXPECT_EQ(code_of({"run", std::string(100000, '-'), "a.wasm"}), "usage-option");
}

TEST(Parse, TableIsConsistent) {
  std::set<std::string_view> names;
  for (const VerbSpec& verb : verbs()) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    std::set<std::string_view> options;
    std::set<char> letters;
    for (const OptionSpec& option : verb.options) {
      EXPECT_TRUE(options.insert(option.name).second) << verb.name << " " << option.name;
      EXPECT_TRUE(!option.letter || letters.insert(option.letter).second) << verb.name << " " << option.letter;
      EXPECT_FALSE(option.help.empty());
    }
    for (const ExampleSpec& example : verb.examples) {
      EXPECT_NE(example.command.find("dewar " + std::string(verb.name.substr(0, verb.name.find(' ')))),
                std::string_view::npos)
          << example.command;
    }
  }
}

}  // namespace
}  // namespace dewar::cli
