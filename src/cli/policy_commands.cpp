// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar policy check, explain, diff. Status 1: a policy is not valid, or grants more (diff).
#include "base/json_writer.h"
#include "cli/commands.h"
#include "cli/policy_explain.h"
#include "cli/terminal.h"

namespace dewar::cli {

namespace {

using base::JsonWriter;

int wrong_arguments(std::string message) {
  return usage_error(Error{"usage-argument", std::move(message), Error::kNoOffset, 0, 0, ""});
}

std::string check_text(const Policy& policy) {
  std::string out = policy.file + ": valid\n";
  const auto line = [&](u32 at, const std::string& text) {
    out += "  line " + std::to_string(at) + ": " + text + "\n";
  };
  for (const PolicyPath& p : policy.allow) {
    line(p.line, "allows " + boundary::rights_text(p.rights) + " of " + p.guest_pattern() + ", which is " + p.host);
  }
  for (const PolicyPath& p : policy.deny) {
    line(p.line, "denies " + boundary::rights_text(p.rights) + " of " + p.guest_pattern());
  }
  for (const PolicyItem& i : policy.env_pass) line(i.line, "passes on the variable " + i.name);
  for (const PolicyItem& i : policy.env_set) line(i.line, "sets the variable " + i.name);
  for (const PolicyItem& i : policy.env_deny) line(i.line, "denies the variable " + i.name);
  for (const PolicyItem& i : policy.listeners) line(i.line, "lets it accept connections on " + i.name);
  for (const PolicyItem& i : policy.limits) line(i.line, "limits " + i.name + " to " + i.value);
  for (const auto* item : {&policy.clock, &policy.clock_start, &policy.random, &policy.seed, &policy.stdin_}) {
    if (*item) line((*item)->line, (*item)->name + ": " + (*item)->value);
  }
  if (policy.interpreters) {
    for (const PolicyItem& i : *policy.interpreters) line(i.line, "allows programs in " + i.name);
  }
  for (const PolicyItem& i : policy.never) line(i.line, "never suggests " + i.name);
  for (const auto& i : policy.inert) line(i.line, "has no effect: " + i.entry + " (" + i.reason + ")");
  return out;
}

void write_paths(JsonWriter& json, const char* name, const std::vector<PolicyPath>& paths) {
  json.key(name).begin_array();
  for (const PolicyPath& p : paths) {
    json.begin_object()
        .member("line", p.line)
        .member("guest", p.guest_pattern())
        .member("host", p.host)
        .member("access", boundary::rights_text(p.rights))
        .end_object();
  }
  json.end_array();
}

void write_items(JsonWriter& json, const char* name, const std::vector<PolicyItem>& items) {
  json.key(name).begin_array();
  for (const PolicyItem& i : items) {
    json.begin_object().member("line", i.line).member("name", i.name).member("value", i.value).end_object();
  }
  json.end_array();
}

std::string check_json(const std::string& file, const Result<Policy>& policy) {
  JsonWriter json;
  json.begin_object().member("schema", "dewar-policy-check/1").member("file", file).member("valid", policy.has_value());
  json.key("error");
  if (!policy) {
    const Error& e = policy.error();
    json.begin_object().member("code", e.code).member("message", e.message).member("line", e.line);
    json.member("column", e.column).member("hint", e.hint).end_object().end_object();
    return json.take();
  }
  json.null();
  write_paths(json, "allow", policy->allow);
  write_paths(json, "deny", policy->deny);
  write_items(json, "env_pass", policy->env_pass);
  write_items(json, "env_set", policy->env_set);
  write_items(json, "env_deny", policy->env_deny);
  write_items(json, "listeners", policy->listeners);
  write_items(json, "limits", policy->limits);
  std::vector<PolicyItem> switches;
  for (const auto* item : {&policy->clock, &policy->clock_start, &policy->random, &policy->seed, &policy->stdin_}) {
    if (*item) switches.push_back(**item);
  }
  write_items(json, "switches", switches);
  write_items(json, "interpreters", policy->interpreters.value_or(std::vector<PolicyItem>()));
  write_items(json, "never", policy->never);
  json.key("inert").begin_array();
  for (const auto& i : policy->inert) {
    json.begin_object().member("line", i.line).member("entry", i.entry).member("reason", i.reason).end_object();
  }
  return json.end_array().end_object().take();
}

}  // namespace

int policy_check_command(const ParsedArgs& args) {
  if (args.arguments.size() != 1) return wrong_arguments("`dewar policy check` takes one file");
  const std::string& file = args.arguments[0];
  const auto policy = load_policy(file);
  if (args.has("json")) {
    write_all(1, check_json(file, policy) + "\n");
  } else if (policy) {
    write_all(1, shown_on(1, check_text(*policy)));
  } else {
    print_error(policy.error(), file);
  }
  return policy ? 0 : 1;
}

int policy_explain_command(const ParsedArgs& args) {
  const int asked = args.has("path") + args.has("env") + args.has("host");
  if (args.arguments.size() != 1 || asked != 1) {
    return wrong_arguments("`dewar policy explain` takes one file and one of --path, --env, --host");
  }
  const auto policy = load_policy(args.arguments[0]);
  if (!policy) {
    print_error(policy.error(), args.arguments[0]);
    return 1;
  }
  std::string text;
  if (args.has("path")) {
    auto explained = explain_path(*policy, args.get("path"));
    if (!explained) return usage_error(explained.error());
    text = std::move(*explained);
  } else {
    text = args.has("env") ? explain_env(*policy, args.get("env")) : explain_host(*policy, args.get("host"));
  }
  write_all(1, shown_on(1, text));
  return 0;
}

int policy_diff_command(const ParsedArgs& args) {
  if (args.arguments.size() != 2) return wrong_arguments("`dewar policy diff` takes two files");
  const auto a = load_policy(args.arguments[0]), b = load_policy(args.arguments[1]);
  for (usize i = 0; i < 2; ++i) {
    const auto& policy = i ? b : a;
    if (policy) continue;
    print_error(policy.error(), args.arguments[i]);
    return 2;
  }
  const PolicyDiff diff = diff_policies(*a, *b);
  std::string text;
  for (const std::string& line : diff.more) text += "+ " + line + "\n";
  for (const std::string& line : diff.less) text += "- " + line + "\n";
  write_all(1, shown_on(1, text.empty() ? "the same\n" : text));
  return diff.more.empty() ? 0 : 1;
}

}  // namespace dewar::cli
