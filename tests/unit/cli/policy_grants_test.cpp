// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From policies and --allow to grants, what a policy refuses of the options, and what explaining and comparing say.
#include "cli/policy_grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boundary/mounts.h"
#include "cli/clock_start.h"
#include "cli/policy_explain.h"
#include "support/fake_guest.h"

namespace dewar::cli {
namespace {

using boundary::kCreate;
using boundary::kDelete;
using boundary::kRead;
using boundary::kReadWrite;
using boundary::kWrite;
using ::testing::HasSubstr;

class PolicyGrants : public ::testing::Test {
 protected:
  void SetUp() override {
    dir.file("app/a", "a");
    dir.file("app/sub/b", "b");
    dir.file("one.txt", "1");
  }
  Policy policy(const std::string& rest) {
    auto made = parse_policy("version: '1.0'\n" + rest, dir / "policy.yaml");
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? std::move(*made) : Policy{};
  }
  // Each mount as "HOST GUEST rights {pattern rights source}".
  std::string mounts(const boundary::Grants& grants) {
    std::string out;
    for (const auto& m : grants.mounts) {
      std::string host = m.host_path;
      if (host.starts_with(dir.path().string())) host = "." + host.substr(dir.path().string().size());
      out += host + " " + m.guest_path + " [" + boundary::rights_text(m.rights) + "]";
      for (const auto& p : m.paths) {
        out += " {" + p.pattern + " " + boundary::rights_text(p.rights) + " " + p.source + "}";
      }
      out += "\n";
    }
    return out;
  }
  std::string planned(const std::string& rest, const std::vector<std::string>& allow = {},
                      std::vector<boundary::MountGrant> before = {}) {
    api::RunConfig config;
    config.grants.mounts = std::move(before);
    std::vector<PathRequest> requests;
    for (const std::string& text : allow) {
      auto request = parse_allow(text);
      if (!request) return std::string(request.error().code);
      requests.push_back(std::move(*request));
    }
    auto ok = apply_policy(policy(rest), {}, std::move(requests), config);
    return ok ? mounts(config.grants) : std::string(ok.error().code);
  }
  std::string storage(const std::string& allow) { return "permissions: {storage: {allow: [" + allow + "]}}\n"; }
  test::ScratchDir dir;
};

TEST_F(PolicyGrants, FoldersFilesAndWhatIsNotThereYet) {
  EXPECT_EQ(planned(storage("{uri: 'fs://app/**', access: [read]}")), "./app /app [read]\n");
  EXPECT_EQ(planned(storage("{uri: 'fs://app', access: [read, write]}")), "./app /app [read,write,create,delete]\n");
  EXPECT_EQ(planned(storage("{uri: 'fs://one.txt', access: [read]}")), "./one.txt /one.txt [read]\n");
  EXPECT_EQ(planned(storage("{uri: 'fs://app/new', access: [write]}")),
            "./app /app [] {/app/new write,create,delete policy line 2}\n");
  EXPECT_EQ(planned(storage("{uri: 'fs://app/*.log', access: [read]}")),
            "./app /app [] {/app/*.log read policy line 2}\n");
  EXPECT_EQ(planned(storage("{uri: 'fs://app/sub/**', access: [read, write]}, {uri: 'fs://app/**', access: [read]}")),
            "./app /app [read] {/app/sub read,write,create,delete policy line 2}\n")
      << "one folder, whatever the order";
  EXPECT_EQ(planned(storage("{uri: 'fs://nothing/here', access: [read]}")),
            "./nothing /nothing [] {/nothing/here read policy line 2}\n");
  EXPECT_EQ(planned("", {"create:" + dir / "app" + "/x::/out/y"}), "grant-path-name");
}

TEST_F(PolicyGrants, OptionsAndPoliciesAddUp) {
  const std::string app = dir / "app";
  EXPECT_EQ(planned(storage("{uri: 'fs://app/**', access: [read]}"), {}, {{app, "/app", kReadWrite}}),
            "./app /app [read,write,create,delete] {/app read policy line 2}\n");
  EXPECT_EQ(planned("", {"write,create:" + app + "/a::/data/a"}, {{app, "/data", kRead}}),
            "./app /data [read] {/data/a write,create option --allow}\n");
  EXPECT_EQ(planned("", {"write:" + app + "/../app/./a::/data/a"}, {{app, "/data", kRead}}),
            "./app /data [read] {/data/a write option --allow}\n");
  EXPECT_EQ(planned("", {"read:" + app + "::/list", "create:" + app + "/x::/o/x", "delete:" + app + "/y::/o/y"}),
            "./app /o [] {/o/x create option --allow} {/o/y delete option --allow}\n"
            "./app /list [] {/list read option --allow}\n");
  EXPECT_EQ(planned("dewar: {mounts: [{host: app, guest: /code, access: [read]}], "
                    "paths: [{host: app/a, guest: /code/a, access: [delete]}]}\n"),
            "./app /code [read] {/code/a delete policy line 2}\n");
  for (const char* text : {"read", "read:", "", ":/a", "::/a", "fly:/a", "read,,write:/a", "read:a::../b"}) {
    const auto request = parse_allow(text);
    if (std::string_view(text) == "read,,write:/a") {
      EXPECT_FALSE(request) << text;
      continue;
    }
    ASSERT_FALSE(request) << text;
    EXPECT_STREQ(request.error().code, "grant-bad-path");
  }
}

TEST_F(PolicyGrants, DenialsResolveTheHostsLinks) {
  dir.link("app", "alias");
  api::RunConfig config;
  const Policy p = policy(
      "permissions: {storage: {deny: [{uri: 'fs://alias/sub', access: [read]}, "
      "{uri: 'fs://alias/*.key', access: [write]}, {uri: 'fs:///**', access: [write]}]}}\n");
  ASSERT_TRUE(apply_policy(p, {}, {}, config));
  const std::string real = std::filesystem::canonical(dir.path());
  std::vector<std::string> denied;
  for (const auto& d : config.grants.denies) {
    EXPECT_EQ(d.source, "policy line 2");
    std::string host = d.host_pattern;
    if (host.starts_with(real)) host = "." + host.substr(real.size());
    denied.push_back(d.guest_pattern + " " + host + " " + boundary::rights_text(d.rights));
  }
  EXPECT_EQ(denied, (std::vector<std::string>{
                        "/alias/sub/** ./app/sub/** read",
                        " ./alias write,create,delete",
                        "/alias/*.key ./app/*.key write,create,delete",
                        " ./alias write,create,delete",
                        " ./alias/*.key write,create,delete",
                        "/** /** write,create,delete",
                    }));
}

// A link under another mount's name is neither read, replaced nor moved, and nor is one that led to it.
TEST_F(PolicyGrants, ADeniedLinkIsDeniedUnderEveryMount) {
  dir.file("p/target", "secret");
  dir.link("target", "p/link");
  dir.link("p", "folder");
  const auto denied = [&](const std::string& uri, const std::string& access) {
    api::RunConfig config;
    EXPECT_TRUE(
        apply_policy(policy("permissions: {storage: {deny: [{uri: 'fs://" + uri + "', access: [" + access + "]}]}}\n"),
                     {}, {}, config));
    config.grants.mounts = {{dir.path(), "/x", kReadWrite}};
    auto table = boundary::MountTable::open(config.grants);
    EXPECT_TRUE(table) << (table ? "" : table.error().message);
    return table;
  };
  const auto may = [](const Result<boundary::MountTable>& table, const char* path) {
    return boundary::rights_text(table->ruling(table->mounts()[0], path).own);
  };
  const auto link = denied("folder/link", "read, write");
  EXPECT_EQ(may(link, "/x/p/link"), "") << "the name";
  EXPECT_EQ(may(link, "/x/p/target"), "") << "what it leads to";
  EXPECT_EQ(may(link, "/x/folder"), "read") << "the link on the way";
  EXPECT_EQ(may(link, "/x/p/other"), "read,write,create,delete");
  EXPECT_NE(link->ruling(link->mounts()[0], "/x/p").below_least & kDelete, kDelete) << "so the folder is not moved";
  const auto read = denied("p/link", "read");
  EXPECT_EQ(may(read, "/x/p/link"), "") << "what may not be read is not made into something else";
  EXPECT_EQ(may(read, "/x/p/target"), "write,create,delete");
}

TEST_F(PolicyGrants, ALoopOfLinksIsGivenUp) {
  dir.link("b", "a");
  dir.link("a", "b");
  api::RunConfig config;
  ASSERT_TRUE(
      apply_policy(policy("permissions: {storage: {deny: [{uri: 'fs://a/x', access: [read]}]}}\n"), {}, {}, config));
  EXPECT_LE(config.grants.denies.size(), 42u);
  EXPECT_EQ(config.grants.denies[0].guest_pattern, "/a/x/**");
}

TEST_F(PolicyGrants, WhatIsDeniedWinsOverOptions) {
  const auto refused = [&](const std::string& rest, const GivenOptions& given, const boundary::Grants& grants) {
    api::RunConfig config;
    config.grants = grants;
    auto ok = apply_policy(policy(rest), given, {}, config);
    return ok ? std::string("applied") : std::string(ok.error().code) + " " + std::to_string(ok.error().line);
  };
  boundary::Grants with_stdin, with_env;
  with_stdin.stdin_ = boundary::StdinPolicy::granted;
  with_env.env = {{"KEY", "v"}};
  EXPECT_EQ(refused("dewar: {clock: virtual}", {.clock = "real", .random = "", .wasm = {}}, {}), "policy-denied 2");
  EXPECT_EQ(refused("dewar: {clock: real}", {.clock = "real", .random = "", .wasm = {}}, {}), "applied");
  EXPECT_EQ(refused("dewar: {random: seeded}", {.clock = "", .random = "real", .wasm = {}}, {}), "policy-denied 2");
  EXPECT_EQ(refused("dewar: {stdin: false}", {}, with_stdin), "policy-denied 2");
  EXPECT_EQ(refused("dewar: {stdin: true}", {}, with_stdin), "applied");
  EXPECT_EQ(refused("permissions: {environment: {deny: [{key: KEY}]}}", {}, with_env), "policy-denied 2");
  EXPECT_EQ(refused("dewar: {limits: {fuel: 5}}", {.clock = "", .random = "", .wasm = {"simd=n,fuel=9"}}, {}),
            "policy-denied 2");
  EXPECT_EQ(refused("dewar: {limits: {fuel: 5}}", {.clock = "", .random = "", .wasm = {"timeout=1s"}}, {}), "applied");
}

TEST_F(PolicyGrants, SwitchesLimitsAndVariables) {
  ASSERT_EQ(::setenv("DEWAR_TEST_HERE", "from outside", 1), 0);
  ASSERT_EQ(::unsetenv("DEWAR_TEST_GONE"), 0);
  api::RunConfig config;
  config.grants.env = {{"MODE", "given"}};
  ASSERT_TRUE(apply_policy(policy("permissions: {environment: {allow: [{key: DEWAR_TEST_HERE}, {key: DEWAR_TEST_GONE}, "
                                  "{key: HIDDEN}], deny: [{key: HIDDEN}]}, resources: {memory: 7}}\n"
                                  "dewar: {clock: real, random: real, seed: 9, stdin: true, clock-start: "
                                  "2030-01-01T00:00:00Z, env: {MODE: policy, HIDDEN: x, MORE: y}, limits: {fuel: 3k}, "
                                  "listeners: ['127.0.0.1:80']}"),
                           {}, {}, config));
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"MODE", "given"}, {"MORE", "y"}, {"DEWAR_TEST_HERE", "from outside"}};
  EXPECT_EQ(config.grants.env, expected);
  EXPECT_EQ(config.grants.clock, boundary::ClockPolicy::real);
  EXPECT_EQ(config.grants.random, boundary::RandomPolicy::real);
  EXPECT_EQ(config.grants.stdin_, boundary::StdinPolicy::granted);
  EXPECT_EQ(config.grants.seed, 9u);
  EXPECT_EQ(config.grants.clock_start, *parse_instant("2030-01-01T00:00:00Z"));
  ASSERT_EQ(config.grants.sockets.size(), 1u);
  EXPECT_EQ(config.grants.sockets[0].address, "127.0.0.1:80");
  EXPECT_EQ(config.limits.fuel, 3000u);
  EXPECT_EQ(config.limits.max_memory_bytes, u64{7} << 20);
  EXPECT_TRUE(check_interpreter(policy(""), "python"));
  EXPECT_TRUE(check_interpreter(policy("dewar: {interpreters: [python]}"), "python"));
  const auto refused = check_interpreter(policy("dewar: {interpreters: [python]}"), "javascript");
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().code, "policy-interpreter");
  EXPECT_EQ(refused.error().hint, "it allows python");
}

TEST_F(PolicyGrants, Explaining) {
  const Policy p = policy(
      "permissions:\n  storage:\n    allow:\n    - {uri: 'fs://app/**', access: [read, write]}\n"
      "    deny:\n    - {uri: 'fs://app/s/**', access: [write]}\n"
      "  network:\n    allow: [{host: '*.ok.com'}, {cidr: 10.0.0.0/8}]\n    deny: [{host: bad.ok.com}]\n"
      "  environment:\n    allow: [{key: A}]\n    deny: [{key: B}]\n"
      "dewar:\n  env: {C: x}\n  never: ['fs://app/s/**']\n");
  EXPECT_EQ(*explain_path(p, "app/s/k"),
            "/app/s/k\n  read: allowed by line 5 (fs://app/**)\n  write: denied by line 7 (fs://app/s/**)\n"
            "  create: denied by line 7 (fs://app/s/**)\n  delete: denied by line 7 (fs://app/s/**)\n"
            "  never suggested: line 16 (fs://app/s/**)\n");
  EXPECT_THAT(*explain_path(p, "/other"), HasSubstr("read: not granted: no line allows it (the default)"));
  EXPECT_FALSE(explain_path(p, "../x"));
  EXPECT_EQ(explain_env(p, "A"), "A: passed on by line 12, if it is set where dewar runs\n");
  EXPECT_EQ(explain_env(p, "B"), "B: denied by line 13\n");
  EXPECT_EQ(explain_env(p, "C"), "C: set by line 15\n");
  EXPECT_EQ(explain_env(p, "D"), "D: not passed on: no line allows it (the default)\n");
  EXPECT_THAT(explain_host(p, "x.ok.com"), HasSubstr("line 9 (*.ok.com) would allow it, but has no effect"));
  EXPECT_EQ(explain_host(p, "bad.ok.com"), "bad.ok.com: denied by line 10 (bad.ok.com)\n");
  EXPECT_THAT(explain_host(p, "10.255.1.2"), HasSubstr("(10.0.0.0/8) would allow"));
  EXPECT_THAT(explain_host(p, "11.0.0.1"), HasSubstr("no line allows it"));
  EXPECT_THAT(explain_host(p, "ok.com"), HasSubstr("no line allows it"));
}

TEST_F(PolicyGrants, Comparing) {
  const auto diff = [&](const std::string& a, const std::string& b) {
    const PolicyDiff d = diff_policies(policy(a), policy(b));
    std::string out;
    for (const auto& l : d.more) out += "+" + l + "\n";
    for (const auto& l : d.less) out += "-" + l + "\n";
    return out;
  };
  const std::string ro = storage("{uri: 'fs://app/**', access: [read]}");
  EXPECT_EQ(diff(ro, ro), "");
  EXPECT_EQ(diff(ro, storage("{uri: 'fs://app/**', access: [read, write]}")),
            "+write,create,delete fs://app/** (line 2)\n");
  EXPECT_EQ(diff(ro, storage("{uri: 'fs://app/x', access: [read]}")), "-read fs://app/** (line 2)\n");
  EXPECT_EQ(diff(storage("{uri: 'fs://app/x', access: [read]}"), ro), "+read fs://app/** (line 2)\n");
  EXPECT_EQ(diff(ro, storage("{uri: 'fs://app/*.log', access: [read]}")), "-read fs://app/** (line 2)\n");
  EXPECT_EQ(diff(storage("{uri: 'fs://app/*.log', access: [read]}"), storage("{uri: 'fs://app/*', access: [read]}")),
            "+read fs://app/* (line 2)\n-read fs://app/*.log (line 2)\n")
      << "not plain from the patterns, so told";
  EXPECT_EQ(diff("", "dewar: {clock: real, stdin: true}"), "+clock: real (line 2)\n+stdin: true (line 2)\n");
  EXPECT_EQ(diff("dewar: {random: real}", "dewar: {random: seeded}"), "-random: real\n");
  EXPECT_EQ(diff("dewar: {limits: {fuel: 5M}}", "dewar: {limits: {fuel: none}}"),
            "+limit fuel is none instead of 5M (line 2)\n");
  EXPECT_EQ(diff("dewar: {limits: {timeout: 90s}}", "dewar: {limits: {timeout: 1m}}"),
            "-limit timeout is 1m instead of 90s (line 2)\n");
  EXPECT_EQ(diff("dewar: {limits: {timeout: 90s}}", ""), "+limit timeout is the default instead of 90s\n");
  EXPECT_EQ(diff("", "dewar: {limits: {max-files-created: 7}}"),
            "-limit max-files-created is 7 instead of the default (line 2)\n");
  EXPECT_EQ(diff("", "dewar: {listeners: ['127.0.0.1:80']}"), "+listener 127.0.0.1:80 (line 2)\n");
  const std::string deny = "permissions: {storage: {deny: [{uri: 'fs://s', access: [read]}]}}\n";
  EXPECT_EQ(diff(deny, ""), "+no longer denied: read fs://s (line 2)\n");
  EXPECT_EQ(diff("", deny), "-denied: read fs://s (line 2)\n");
  EXPECT_EQ(diff("permissions: {environment: {allow: [{key: A}]}}", "permissions: {environment: {allow: [{key: B}]}}"),
            "+variable B (line 2)\n-variable A (line 2)\n");
  EXPECT_EQ(diff("dewar: {mounts: [{host: a, guest: /m, access: [read]}]}",
                 "dewar: {mounts: [{host: b, guest: /m, access: [read]}]}"),
            "+at /m, " + dir / "b" + " instead of " + dir / "a" + " (line 2)\n");
  EXPECT_EQ(diff("dewar: {interpreters: [python]}", ""), "+programs in any language\n");
  EXPECT_EQ(diff("permissions: {network: {deny: [{host: a}]}}", ""), "+network denied: host a (line 2)\n");
}

}  // namespace
}  // namespace dewar::cli
