// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Grants of single paths are spelled --allow and dewar.paths; reading a file is spelled --ro, which means the same for
// a file and is what people know.
#include "api/suggest.h"

#include <set>

#include "base/json_writer.h"
#include "base/print.h"
#include "base/utf8.h"

namespace dewar::api {

namespace {

using boundary::Denial;

constexpr usize kMaxShown = 200;
constexpr char kHost[] = "HOST";

std::string request_id(const Denial& denial) {
  u64 hash = 14695981039346656037u;
  for (const std::string* part : {&denial.operation, &denial.resource, &denial.missing}) {
    for (const char c : *part) hash = (hash ^ static_cast<u8>(c)) * 1099511628211u;
    hash = (hash ^ 0xff) * 1099511628211u;
  }
  std::string out = "req-";
  base::append_hex(out, hash, 16);
  return out;
}

std::string yaml_text(const std::string& text) {
  base::JsonWriter json;
  json.value(text);
  return json.take();
}

// What a grant of a path could lift: the resource is that path, whole, and not one of ours.
bool is_grantable_path(const Denial& denial) {
  if (denial.rule != "not-mounted" && (denial.rule != "mount-lacks-right" || denial.host_path.empty())) return false;
  if (denial.missing.empty() || denial.resource.size() > boundary::DenialLog::kMaxText) return false;
  const std::string_view path = denial.resource;
  return path.starts_with('/') && path != "/dewar" && !path.starts_with("/dewar/");
}

void suggest_path(const Denial& denial, Suggestion& out) {
  const std::string host = denial.host_path.empty() ? kHost : denial.host_path;
  const std::string place = host + "::" + denial.resource;
  const bool plain_file = denial.missing == "read" && !denial.directory && denial.host_path.empty();
  // The first "::" ends the host's part, and the first ":" the rights.
  if (host.find("::") == std::string::npos && !host.ends_with(':')) {
    out.flag = plain_file ? "--ro " + shell_word(place) : "--allow " + shell_word(denial.missing + ":" + place);
  }
  out.policy = "dewar.paths: {host: " + yaml_text(host) + ", guest: " + yaml_text(denial.resource) + ", access: [" +
               denial.missing + "]}";
}

const PolicyInfo::Never* never_rule(const Outcome& outcome, const Denial& denial) {
  if (!outcome.policy) return nullptr;
  for (const PolicyInfo::Never& rule : outcome.policy->never) {
    if (!rule.word.empty() && rule.word == denial.missing) return &rule;
    for (const auto& pattern : rule.paths) {
      if (denial.resource.starts_with('/') && pattern.match(denial.resource).here) return &rule;
    }
  }
  return nullptr;
}

std::string message_for(const Denial& denial, const Suggestion& s, bool grantable) {
  const std::string shown = base::cut_text(base::replace_invalid_utf8(denial.resource), kMaxShown);
  std::string out = "The sandbox refused " + denial.operation + " of \"" + base::escape_for_terminal(shown) + "\"";
  if (!denial.missing.empty()) out += " (not granted: " + denial.missing + ")";
  out +=
      ". This is a decision about permissions: not a missing or damaged file, and not a network fault. "
      "Trying again, or in another way, does not help. ";
  if (!s.never.empty()) return out + "It will not be granted.";
  if (!grantable) return out + "No permission allows it.";
  return out + "If it is needed, ask the operator for " + s.id + ".";
}

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=@%+";
  if (!text.empty() && text.find_first_not_of(kSafe) == std::string::npos) return text;
  // A guest chose these characters, and a person will paste them. Quotes and backslashes are spelled in hexadecimal, so
  // that a shell which does not know $'...' still sees one quoted word; so is what a terminal would not show as it is.
  if (text.find_first_of("'\\") == std::string::npos && base::escape_for_terminal(text) == text)
    return "'" + text + "'";
  std::string out = "$'";
  for (const char c : text) {
    const auto byte = static_cast<u8>(c);
    if (byte < 0x20 || byte > 0x7e || c == '\'' || c == '\\') {
      out += "\\x";
      base::append_hex(out, byte, 2);
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<Suggestion> suggestions(const Outcome& outcome) {
  std::vector<Suggestion> all;
  std::set<std::string> ids;
  for (const Denial& denial : outcome.denials) {
    Suggestion s;
    s.id = request_id(denial);
    for (u64 n = 2; !ids.insert(s.id).second; ++n) s.id = request_id(denial) + "-" + base::dec(n);
    const PolicyInfo::Never* never = never_rule(outcome, denial);
    if (never) {
      s.never = "policy line " + base::dec(never->line);
    } else if (is_grantable_path(denial)) {
      suggest_path(denial, s);
    } else if (denial.rule == "stdin-not-granted") {
      s.flag = "--stdin";
      s.policy = "dewar.stdin: true";
    } else if (!denial.grant.empty()) {
      s.flag = denial.grant;
      constexpr std::string_view kListen = "--listen ";
      if (s.flag.starts_with(kListen)) s.policy = "dewar.listeners: " + yaml_text(s.flag.substr(kListen.size()));
    } else if (denial.rule == "policy-deny") {
      s.note = denial.decided_by + " denies it, and a denial wins over every grant";
    }
    s.message = message_for(
        denial, s, !s.flag.empty() || !s.policy.empty() || denial.missing == "network" || denial.rule == "policy-deny");
    all.push_back(std::move(s));
  }
  return all;
}

}  // namespace dewar::api
