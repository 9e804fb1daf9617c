// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The same patterns as the boundary's decide here, so that what is explained is what is enforced.
#include "cli/policy_explain.h"

#include <array>
#include <charconv>

namespace dewar::cli {

namespace {

using boundary::PathPattern;
using boundary::Right;

constexpr Right kRights[] = {boundary::kRead, boundary::kWrite, boundary::kCreate, boundary::kDelete};

std::string in_line(u32 line) { return "line " + std::to_string(line); }

bool matches(const PolicyPath& rule, std::string_view path) {
  const auto pattern = PathPattern::make(rule.guest, rule.kind);
  return pattern && pattern->match(path).here;
}

// Dotted IPv4 in host order.
std::optional<u32> parse_ipv4(std::string_view text) {
  u32 out = 0;
  for (int i = 0; i < 4; ++i) {
    u32 part = 256;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc() || part > 255) return std::nullopt;
    text.remove_prefix(static_cast<usize>(end - text.data()));
    if (i < 3) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    out = out << 8 | part;
  }
  return text.empty() ? std::optional(out) : std::nullopt;
}

bool host_matches(const PolicyItem& rule, std::string_view host) {
  if (rule.name == "host") {
    if (rule.value == "*" || rule.value == host) return true;
    return rule.value.starts_with("*.") && host.size() >= rule.value.size() - 1 &&
           host.ends_with(std::string_view(rule.value).substr(1));
  }
  if (rule.name != "cidr") return false;
  const usize slash = rule.value.find('/');
  const auto net = parse_ipv4(std::string_view(rule.value).substr(0, slash)), address = parse_ipv4(host);
  u32 bits = 33;
  std::from_chars(rule.value.data() + slash + 1, rule.value.data() + rule.value.size(), bits);
  if (!net || !address || bits > 32) return false;
  return bits == 0 || (*net ^ *address) >> (32 - bits) == 0;
}

}  // namespace

Decision decide_path(const Policy& policy, std::string_view guest_path, Right right) {
  for (const PolicyPath& rule : policy.deny) {
    if ((rule.rights & right) && matches(rule, guest_path)) return {Decision::Verdict::denied, &rule};
  }
  for (const PolicyPath& rule : policy.allow) {
    if ((rule.rights & right) && matches(rule, guest_path)) return {Decision::Verdict::allowed, &rule};
  }
  return {};
}

Result<std::string> explain_path(const Policy& policy, std::string_view guest_path) {
  auto path = boundary::normalize_guest_path(guest_path);
  if (!path) return std::unexpected(std::move(path.error()));
  std::string out = *path + "\n";
  for (const Right right : kRights) {
    const Decision decision = decide_path(policy, *path, right);
    out += "  " + boundary::rights_text(right) + ": ";
    switch (decision.verdict) {
      case Decision::Verdict::allowed: out += "allowed by "; break;
      case Decision::Verdict::denied: out += "denied by "; break;
      case Decision::Verdict::not_granted: out += "not granted: no line allows it (the default)"; break;
    }
    if (decision.rule) out += in_line(decision.rule->line) + " (" + decision.rule->text + ")";
    out += "\n";
  }
  for (const PolicyItem& item : policy.never) {
    const auto pattern = PathPattern::make(item.value.empty() ? "/" : item.value, boundary::PatternKind::glob);
    if (!item.value.empty() && pattern && pattern->match(*path).here) {
      out += "  never suggested: " + in_line(item.line) + " (" + item.name + ")\n";
      break;
    }
  }
  return out;
}

std::string explain_env(const Policy& policy, std::string_view name) {
  const auto line_of = [&](const std::vector<PolicyItem>& list) -> u32 {
    for (const PolicyItem& item : list) {
      if (item.name == name) return item.line;
    }
    return 0;
  };
  const std::string shown(name);
  if (const u32 line = line_of(policy.env_deny)) return shown + ": denied by " + in_line(line) + "\n";
  if (const u32 line = line_of(policy.env_set)) return shown + ": set by " + in_line(line) + "\n";
  if (const u32 line = line_of(policy.env_pass)) {
    return shown + ": passed on by " + in_line(line) + ", if it is set where dewar runs\n";
  }
  return shown + ": not passed on: no line allows it (the default)\n";
}

std::string explain_host(const Policy& policy, std::string_view host) {
  const std::string shown(host);
  for (const PolicyItem& rule : policy.net_deny) {
    if (host_matches(rule, host)) return shown + ": denied by " + in_line(rule.line) + " (" + rule.value + ")\n";
  }
  for (const PolicyItem& rule : policy.net_allow) {
    if (host_matches(rule, host)) {
      return shown + ": not reachable: " + in_line(rule.line) + " (" + rule.value +
             ") would allow it, but has no effect: there is no network interface yet\n";
    }
  }
  return shown + ": not reachable: no line allows it (the default), and there is no network interface yet\n";
}

}  // namespace dewar::cli
