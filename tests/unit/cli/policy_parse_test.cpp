// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Policy files: the format of policy-mcp as it is found, our own keys, and everything that is refused, with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/policy.h"
#include "cli/yaml_tree.h"

namespace dewar::cli {
namespace {

using boundary::kCreate;
using boundary::kDelete;
using boundary::kRead;
using boundary::kReadWrite;
using boundary::kWrite;
using boundary::PatternKind;
using ::testing::HasSubstr;

Policy good(std::string_view text, const std::string& file = "dir/policy.yaml") {
  auto policy = parse_policy(text, file);
  EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
  return policy ? std::move(*policy) : Policy{};
}

// "code at line:column: message; hint"
std::string bad(std::string_view text) {
  const auto policy = parse_policy(text, "policy.yaml");
  if (policy) return "valid";
  const Error& e = policy.error();
  return std::string(e.code) + " at " + std::to_string(e.line) + ":" + std::to_string(e.column) + ": " + e.message +
         (e.hint.empty() ? "" : "; " + e.hint);
}

constexpr char kAll[] = R"(# a comment
$schema: https://example.com/schema/v1.json
version: "1.0"
description: "everything"
permissions:
  storage:
    allow:
    - uri: "fs://projects/**"
      access: ["read", "write"]
    - {uri: "fs://config/app.yaml", access: [read]}
    - {uri: "fs:///srv/data", access: [read, read]}
    - {uri: "fs://log/*.log", access: [write]}
    - {uri: "http://not-fs", access: [read]}
    deny:
    - uri: "fs://projects/secrets/**"
      access: ["read", "write"]
  network:
    allow:
    - host: "*.internal.company.com"
    - cidr: "10.0.0.0/8"
    - defaults: true
    deny:
    - cidr: "0.0.0.0/0"
  environment:
    allow:
    - key: "PATH"
  runtime:
    docker:
      security: {privileged: false, capabilities: {drop: ["ALL"]}}
    hyperlight:
  resources: {cpu: 50.0, memory: 512, io: 500}
  ipc:
    allow: [{uri: "pipe://app-service"}]
    deny: [{uri: "pipe://system-service"}]
dewar:
  clock: real
  clock-start: 2030-02-28T23:59:59Z
  random: seeded
  seed: 18446744073709551615
  stdin: true
  env: {MODE: test, EMPTY: ""}
  limits: {fuel: 20M, timeout: 30s, max-memory-size: 64MiB}
  mounts: [{host: src, guest: /code, access: [read]}]
  paths: [{host: /tmp/out.txt, guest: /out.txt, access: [create, write]}]
  listeners: ["127.0.0.1:80"]
  interpreters: [python]
  never: ["fs:///etc/**", stdin]
)";

TEST(PolicyParse, Everything) {
  const Policy p = good(kAll);
  EXPECT_EQ(p.description, "everything");
  ASSERT_EQ(p.allow.size(), 6u);
  const auto shown = [](const PolicyPath& path) {
    return std::to_string(path.line) + " " + boundary::rights_text(path.rights) + " " + path.guest_pattern() + " = " +
           path.host;
  };
  EXPECT_EQ(shown(p.allow[0]), "8 read,write,create,delete /projects/** = dir/projects");
  EXPECT_EQ(shown(p.allow[1]), "10 read /config/app.yaml/** = dir/config/app.yaml");
  EXPECT_EQ(shown(p.allow[2]), "11 read /srv/data/** = /srv/data");
  EXPECT_EQ(shown(p.allow[3]), "12 write,create,delete /log/*.log = dir/log/*.log");
  EXPECT_EQ(p.allow[3].kind, PatternKind::glob);
  EXPECT_EQ(shown(p.allow[4]), "43 read /code/** = dir/src");
  EXPECT_EQ(shown(p.allow[5]), "44 write,create /out.txt = /tmp/out.txt");
  EXPECT_EQ(p.allow[5].kind, PatternKind::exact);
  ASSERT_EQ(p.deny.size(), 1u);
  EXPECT_EQ(shown(p.deny[0]), "15 read,write,create,delete /projects/secrets/** = dir/projects/secrets");
  EXPECT_EQ(p.env_pass.at(0).name, "PATH");
  EXPECT_EQ(p.env_set.size(), 2u);
  EXPECT_EQ(p.clock->value, "real");
  EXPECT_EQ(p.seed->value, "18446744073709551615");
  EXPECT_EQ(p.stdin_->value, "true");
  ASSERT_EQ(p.limits.size(), 3u);
  EXPECT_EQ(p.limits[0].name + "=" + p.limits[0].value, "max-memory-size=64MiB") << "the smaller of the two";
  EXPECT_EQ(p.limits[0].line, 42u);
  ASSERT_EQ(p.listeners.size(), 1u);
  EXPECT_EQ(p.listeners[0].name, "127.0.0.1:80");
  EXPECT_EQ(p.listeners[0].line, 45u);
  ASSERT_EQ(p.never.size(), 2u);
  EXPECT_EQ(p.never[0].value, "/etc/**");
  std::vector<std::string> inert;
  for (const auto& i : p.inert) inert.push_back(std::to_string(i.line) + " " + i.entry);
  EXPECT_EQ(inert, (std::vector<std::string>{
                       "13 permissions.storage.allow http://not-fs",
                       "19 permissions.network.allow host *.internal.company.com",
                       "20 permissions.network.allow cidr 10.0.0.0/8",
                       "21 permissions.network.allow defaults true",
                       "29 permissions.runtime.docker",
                       "30 permissions.runtime.hyperlight",
                       "31 permissions.resources.cpu 50.0",
                       "31 permissions.resources.io 500",
                       "33 permissions.ipc.allow pipe://app-service",
                   }));
  for (const auto& i : p.inert) EXPECT_FALSE(i.reason.empty());
}

TEST(PolicyParse, SmallForms) {
  EXPECT_TRUE(good("version: 1.1\n").allow.empty());
  EXPECT_TRUE(good("version: '1.0'\npermissions:\n").allow.empty());
  EXPECT_TRUE(good("version: '1.0'\npermissions: {storage: {allow: , deny: ~}}\ndewar: null\n").allow.empty());
  const Policy p = good("version: '1.0'\npermissions: {storage: {allow: [{uri: 'fs:///', access: [read]}]}}\n");
  EXPECT_EQ(p.allow.at(0).guest_pattern(), "/**");
  EXPECT_EQ(p.allow.at(0).host, "/");
  EXPECT_EQ(good("version: '1.0'\npermissions: {storage: {allow: [{uri: 'fs://a//./b/', access: [read]}]}}", "p.yaml")
                .allow.at(0)
                .host,
            "a/b");
  const Policy k8s = good("version: '1.0'\npermissions: {resources: {limits: {memory: 512Mi, cpu: 500m}}}\n");
  EXPECT_EQ(k8s.limits.at(0).value, "512MiB");
  EXPECT_EQ(k8s.inert.at(0).entry, "permissions.resources.limits.cpu 500m");
  EXPECT_TRUE(good("version: '1.0'\ndewar: {interpreters: []}\n").interpreters->empty());
}

TEST(PolicyParse, Mistakes) {
  const std::string v = "version: '1.0'\n";
  EXPECT_EQ(bad("permissions: {}\n"), "policy-missing-key at 1:1: a policy needs the key \"version\"");
  EXPECT_EQ(bad("version: '2.0'\n"), "policy-bad-value at 1:10: version \"2.0\" is not known; write \"1.0\"");
  EXPECT_EQ(bad(v + "permission: {}\n"),
            "policy-unknown-key at 2:1: a policy has no key \"permission\"; did you mean \"permissions\"?");
  EXPECT_EQ(bad(v + "permissions:\n  storage:\n    alow: []\n"),
            "policy-unknown-key at 4:5: storage has no key \"alow\"; did you mean \"allow\"?");
  EXPECT_THAT(bad(v + "dewar: {clok: real}\n"), HasSubstr("did you mean \"clock\"?"));
  EXPECT_THAT(bad(v + "dewar: {zzzzzz: 1}\n"), HasSubstr("known are clock, clock-start,"));
  EXPECT_EQ(bad(v + "dewar: {clock: fast}\n"), "policy-bad-value at 2:16: clock is real or virtual");
  EXPECT_THAT(bad(v + "dewar: {limits: {fule: 3}}\n"), HasSubstr("policy-unknown-key at 2:18: limits has no key"));
  EXPECT_THAT(bad(v + "dewar: {limits: {fule: 3}}\n"), HasSubstr("did you mean \"fuel\"?"));
  EXPECT_THAT(bad(v + "dewar: {listeners: ['example.com:80']}\n"), HasSubstr("policy-bad-value at 2:21"));
  EXPECT_THAT(bad(v + "dewar: {limits: {fuel: lots}}\n"), HasSubstr("policy-bad-value at 2:18"));
  EXPECT_THAT(bad(v + "dewar: {limits: {simd: n}}\n"), HasSubstr("policy-unknown-key"));
  EXPECT_THAT(bad(v + "dewar: {limits: {fuel: '1,timeout=none'}}\n"), HasSubstr("policy-bad-value"));
  EXPECT_THAT(bad(v + "dewar: {seed: -1}\n"), HasSubstr("policy-bad-value"));
  EXPECT_THAT(bad(v + "dewar: {clock-start: yesterday}\n"), HasSubstr("policy-bad-value"));
  EXPECT_THAT(bad(v + "dewar: {stdin: yes}\n"), HasSubstr("stdin is true or false"));
  EXPECT_THAT(bad(v + "dewar: {never: [everything]}\n"), HasSubstr("policy-bad-value at 2:17"));
  EXPECT_THAT(bad(v + "dewar: {env: {'A=B': c}}\n"), HasSubstr("no name of an environment variable"));
  EXPECT_THAT(bad(v + "dewar: {paths: [{host: a, access: [read]}]}\n"), HasSubstr("needs the key \"guest\""));
  EXPECT_THAT(bad(v + "dewar: {mounts: [{host: a, guest: /a, access: [create]}]}\n"), HasSubstr("read, write"));
  const auto storage = [&](const std::string& list, const std::string& entry) {
    return bad(v + "permissions: {storage: {" + list + ": [" + entry + "]}}\n");
  };
  EXPECT_THAT(storage("allow", "{uri: 'fs://a'}"), HasSubstr("policy-missing-key"));
  EXPECT_THAT(storage("allow", "{uri: 'fs://a', access: []}"), HasSubstr("access names nothing"));
  EXPECT_THAT(storage("allow", "{uri: 'fs://a', access: [execute]}"), HasSubstr("policy-bad-value"));
  EXPECT_THAT(storage("allow", "{uri: 'fs://a/../b', access: [read]}"), HasSubstr("policy-bad-uri"));
  EXPECT_THAT(storage("allow", "{uri: 'fs://', access: [read]}"), HasSubstr("policy-bad-uri"));
  EXPECT_THAT(storage("allow", "{uri: 'a/b', access: [read]}"), HasSubstr("policy-bad-uri"));
  EXPECT_THAT(storage("allow", "{uri: 'fs://a**', access: [read]}"), HasSubstr("policy-bad-uri"));
  EXPECT_THAT(storage("deny", "{uri: 'fss://a', access: [read]}"), HasSubstr("policy-bad-uri"))
      << "a denial that denies nothing must not pass";
  for (const char* name : {"sec{ret,s}", "se?ret", "[a-z]", "my%20secrets"}) {
    const std::string entry = "{uri: 'fs://a/" + std::string(name) + "', access: [read]}";
    EXPECT_THAT(storage("deny", entry), HasSubstr("policy-bad-uri")) << "nor one that is no pattern here";
    EXPECT_THAT(bad(v + "dewar: {never: ['fs:///" + std::string(name) + "']}\n"), HasSubstr("policy-bad-uri"));
    EXPECT_TRUE(parse_policy(v + "permissions: {storage: {allow: [" + entry + "]}}\n", "p")) << name;
  }
  EXPECT_THAT(bad(v + "permissions: {network: {allow: [{host: a, cidr: 1.0.0.0/8}]}}"), HasSubstr("one key"));
  EXPECT_THAT(bad(v + "permissions: {network: {allow: [{}]}}"), HasSubstr("policy-missing-key"));
  EXPECT_THAT(bad(v + "permissions: {resources: {memory: 1e9}}"), HasSubstr("policy-bad-value"));
  EXPECT_THAT(bad(v + "permissions: [storage]\n"), HasSubstr("permissions must be a map"));
  EXPECT_THAT(bad("- a\n"), HasSubstr("a policy must be a map"));
  EXPECT_THAT(bad(""), HasSubstr("a policy must be a map"));
}

TEST(PolicyParse, YamlThatIsNotTaken) {
  EXPECT_EQ(bad("version: '1.0'\nversion: '1.1'\n"),
            "policy-duplicate at 2:1: the key \"version\" is there twice; the first is in line 1");
  EXPECT_THAT(bad("a: &x [1]\nb: *x\n"), HasSubstr("policy-syntax at 1:4: anchors"));
  EXPECT_THAT(bad("a: *x\n"), HasSubstr("policy-syntax at 1:4"));
  EXPECT_THAT(bad("a: !!python/object x\n"), HasSubstr("policy-syntax at 1:4: tags"));
  EXPECT_THAT(bad("<<: {a: 1}\n"), HasSubstr("merge keys"));
  EXPECT_THAT(bad("? [a, b]\n: c\n"), HasSubstr("policy-syntax"));
  EXPECT_THAT(bad("version: '1.0'\n---\nversion: '1.0'\n"), HasSubstr("more than one document"));
  EXPECT_THAT(bad("a: [1, 2\n"), HasSubstr("policy-syntax at "));
  EXPECT_THAT(bad("a: b: c\n"), HasSubstr("policy-syntax at 1:"));
  EXPECT_THAT(bad("a: \"\xff\"\n"), HasSubstr("policy-syntax at 0:0: not a text in UTF-8"));
  EXPECT_THAT(bad(std::string("a: b\0c\n", 7)), HasSubstr("policy-syntax"));
  EXPECT_THAT(bad("a: \x01\n"), HasSubstr("policy-syntax at 1:4: not valid YAML: control characters"));
  EXPECT_THAT(bad("a: x\nb: \"\n\n"), HasSubstr("policy-syntax at 2:4: "));
  EXPECT_THAT(bad("%YAML 1.2\n---\na: b\n"), HasSubstr("policy-syntax at 1:1: directives"));
  EXPECT_THAT(bad("a: \"/etc\\0b\"\n"), HasSubstr("policy-syntax at 1:4: a zero byte"));
  EXPECT_THAT(bad("a: " + std::string(100, '[') + std::string(100, ']')), HasSubstr("policy-limit at 1:"));
  EXPECT_THAT(bad(std::string(100'000, '[') + std::string(100'000, ']')), HasSubstr("policy-limit"));
  EXPECT_THAT(bad(std::string(100'000, '[')), HasSubstr("policy-"));
  EXPECT_THAT(bad(std::string(100'000, '{')), HasSubstr("policy-"));
  EXPECT_THAT(bad("a:\n" + std::string(1000, '-')), HasSubstr("policy-"));
  EXPECT_THAT(bad(std::string(kMaxYamlBytes + 1, ' ')), HasSubstr("policy-limit at 0:0"));
  std::string many = "a: [";
  for (usize i = 0; i < kMaxYamlNodes; ++i) many += "1,";
  EXPECT_THAT(bad(many + "]\n"), HasSubstr("policy-limit at 1:"));
}

// Nothing stands in a line that an editor shows as a comment.
TEST(PolicyParse, LinesEndWhereEditorsShowThem) {
  const std::string grant = "dewar: {stdin: true}\n";
  for (const char* end : {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\r"}) {
    EXPECT_THAT(bad("version: '1.0'\n# \xc3\xa4" + std::string(end) + grant), HasSubstr("policy-syntax at 2:4: "));
    EXPECT_THAT(bad("version: '1.0" + std::string(end) + "'\n"), HasSubstr("policy-syntax at 1:14: "));
  }
  EXPECT_THAT(bad("version: '1.0'\n\xef\xbb\xbf" + grant), HasSubstr("policy-syntax at 2:1: "));
  EXPECT_TRUE(good("\xef\xbb\xbfversion: '1.0'\r\n" + grant).stdin_) << "as some editors write it";
  EXPECT_FALSE(good("version: '1.0'\n# " + grant).stdin_);
}

}  // namespace
}  // namespace dewar::cli
