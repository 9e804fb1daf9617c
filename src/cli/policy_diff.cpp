// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A difference of policies that errs on the side of telling: a rule counts as covered only where that is plain from the
// patterns (equal, or inside a tree), so nothing that is granted more is missed.
#include <algorithm>

#include "cli/limit_options.h"
#include "cli/policy_explain.h"

namespace dewar::cli {

namespace {

using boundary::PathPattern;
using boundary::PatternKind;
using boundary::PatternMatch;
using boundary::Rights;

// Everything that `inner` matches, `outer` matches too.
bool covers(const PolicyPath& outer, const PolicyPath& inner) {
  if (outer.kind == inner.kind && outer.guest == inner.guest) return true;
  const auto pattern = PathPattern::make(outer.guest, outer.kind);
  if (!pattern) return false;
  std::string_view base = inner.guest;
  if (inner.kind == PatternKind::glob) base = base.substr(0, base.rfind('/', base.find('*')));
  const PatternMatch match = pattern->match(base);
  if (inner.kind == PatternKind::exact) return match.here;
  return match.below == PatternMatch::Below::all && (match.here || inner.kind == PatternKind::glob);
}

// The rights of `path` that no rule of `rules` has there, from the same place of the host.
Rights uncovered(const PolicyPath& path, const std::vector<PolicyPath>& rules) {
  Rights left = path.rights;
  for (const PolicyPath& rule : rules) {
    if (covers(rule, path)) left &= static_cast<Rights>(~rule.rights);
  }
  return left;
}

std::string shown(const PolicyPath& path, Rights rights) {
  return boundary::rights_text(rights) + " " + path.text + " (line " + std::to_string(path.line) + ")";
}

void diff_items(const std::vector<PolicyItem>& a, const std::vector<PolicyItem>& b, const std::string& what,
                std::vector<std::string>& more, std::vector<std::string>& less) {
  const auto only = [&](const std::vector<PolicyItem>& of, const std::vector<PolicyItem>& other,
                        std::vector<std::string>& out) {
    for (const PolicyItem& item : of) {
      const auto same = [&](const PolicyItem& i) { return i.name == item.name && i.value == item.value; };
      if (std::none_of(other.begin(), other.end(), same)) {
        out.push_back(what + " " + item.name + (item.value.empty() ? "" : " " + item.value) + " (line " +
                      std::to_string(item.line) + ")");
      }
    }
  };
  only(b, a, more);
  only(a, b, less);
}

// A switch whose value `wide` grants something.
void diff_switch(const std::optional<PolicyItem>& a, const std::optional<PolicyItem>& b, const char* wide,
                 PolicyDiff& out) {
  const bool was = a && a->value == wide, is = b && b->value == wide;
  if (is && !was) out.more.push_back(b->name + ": " + wide + " (line " + std::to_string(b->line) + ")");
  if (was && !is) out.less.push_back(a->name + ": " + wide);
}

void diff_limits(const Policy& a, const Policy& b, PolicyDiff& out) {
  const auto find = [](const Policy& p, const std::string& name) -> const PolicyItem* {
    for (const PolicyItem& item : p.limits) {
      if (item.name == name) return &item;
    }
    return nullptr;
  };
  // A limit that is "none" is above all.
  const auto amount = [](const std::string& name, const PolicyItem* item) -> u64 {
    api::RunLimits limits;
    if (item) (void)set_limit(limits, name, item->value);
    return (limits.*api::find_limit(name)->value).value_or(UINT64_MAX);
  };
  const auto tell = [&](const std::string& name, const PolicyItem* before, const PolicyItem* after) {
    const u64 was = amount(name, before), is = amount(name, after);
    if (was == is) return;
    (is > was ? out.more : out.less)
        .push_back("limit " + name + " is " + (after ? after->value : "the default") + " instead of " +
                   (before ? before->value : "the default") +
                   (after ? " (line " + std::to_string(after->line) + ")" : ""));
  };
  for (const PolicyItem& item : a.limits) tell(item.name, &item, find(b, item.name));
  for (const PolicyItem& item : b.limits) {
    if (!find(a, item.name)) tell(item.name, nullptr, &item);
  }
}

}  // namespace

PolicyDiff diff_policies(const Policy& a, const Policy& b) {
  PolicyDiff out;
  for (const PolicyPath& path : b.allow) {
    if (const Rights left = uncovered(path, a.allow)) out.more.push_back(shown(path, left));
  }
  for (const PolicyPath& path : a.allow) {
    if (const Rights left = uncovered(path, b.allow)) out.less.push_back(shown(path, left));
  }
  // A path may be granted from another place of the host.
  for (const PolicyPath& path : b.allow) {
    const PolicyPath* elsewhere = nullptr;
    bool known = false;
    for (const PolicyPath& before : a.allow) {
      if (before.kind != path.kind || before.guest != path.guest) continue;
      before.host == path.host ? void(known = true) : void(elsewhere = &before);
    }
    if (!elsewhere || known) continue;
    out.more.push_back("at " + path.guest + ", " + path.host + " instead of " + elsewhere->host + " (line " +
                       std::to_string(path.line) + ")");
  }
  for (const PolicyPath& path : a.deny) {
    if (const Rights left = uncovered(path, b.deny)) out.more.push_back("no longer denied: " + shown(path, left));
  }
  for (const PolicyPath& path : b.deny) {
    if (const Rights left = uncovered(path, a.deny)) out.less.push_back("denied: " + shown(path, left));
  }
  diff_items(a.env_pass, b.env_pass, "variable", out.more, out.less);
  diff_items(a.env_set, b.env_set, "variable set:", out.more, out.less);
  diff_items(a.env_deny, b.env_deny, "variable denied:", out.less, out.more);
  diff_items(a.net_allow, b.net_allow, "network", out.more, out.less);
  diff_items(a.net_deny, b.net_deny, "network denied:", out.less, out.more);
  diff_switch(a.clock, b.clock, "real", out);
  diff_switch(a.random, b.random, "real", out);
  diff_switch(a.stdin_, b.stdin_, "true", out);
  diff_items(a.listeners, b.listeners, "listener", out.more, out.less);
  diff_limits(a, b, out);
  if (a.interpreters && !b.interpreters) out.more.push_back("programs in any language");
  if (!a.interpreters && b.interpreters) out.less.push_back("only programs in some languages");
  if (a.interpreters && b.interpreters) {
    diff_items(*a.interpreters, *b.interpreters, "programs in", out.more, out.less);
  }
  return out;
}

}  // namespace dewar::cli
