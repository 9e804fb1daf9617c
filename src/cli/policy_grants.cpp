// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Planning works on the names of paths alone, but for one question: whether a path that is to be granted is a folder, a
// file, or not there (yet). What is opened in the end, and whether grants contradict one another, the boundary decides.
#include "cli/policy_grants.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "boundary/sockets.h"
#include "cli/clock_start.h"
#include "cli/limit_options.h"

namespace dewar::cli {

namespace {

namespace fs = std::filesystem;
using boundary::MountGrant;
using boundary::PatternKind;
using boundary::Rights;

std::string by_line(u32 line) { return "policy line " + std::to_string(line); }

// "/a/b" lies at or below "/a".
bool lies_in(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// One spelling for one path, as far as names tell.
std::string plain(const std::string& path) {
  std::string out = fs::path(path).lexically_normal().string();
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

std::string joined(const std::string& host, std::string_view below) {
  return below.empty() ? host : (fs::path(host) / below).string();
}

// The part of a path before its first wildcard, and what of the host lies behind that.
struct Base {
  std::string guest, host;
};
Base base_of(const PolicyPath& path) {
  if (path.kind != PatternKind::glob) return {path.guest, path.host};
  const usize star = path.guest.find('*');
  const usize slash = path.guest.rfind('/', star);
  const std::string_view tail = std::string_view(path.guest).substr(slash);  // "/*.log"
  Base out{slash == 0 ? "/" : path.guest.substr(0, slash), "."};
  if (path.host.size() > tail.size()) out.host = path.host.substr(0, path.host.size() - tail.size());
  if (path.host.size() == tail.size()) out.host = "/";
  return out;
}

MountGrant* mount_for(const Base& base, boundary::Grants& grants) {
  MountGrant* best = nullptr;
  for (MountGrant& mount : grants.mounts) {
    if (!lies_in(base.guest, mount.guest_path)) continue;
    if (!best || mount.guest_path.size() > best->guest_path.size()) best = &mount;
  }
  if (!best) return nullptr;
  std::string_view below = std::string_view(base.guest).substr(best->guest_path == "/" ? 0 : best->guest_path.size());
  if (below.starts_with('/')) below.remove_prefix(1);
  return plain(joined(best->host_path, below)) == plain(base.host) ? best : nullptr;
}

Result<void> plan_one(const PathRequest& request, boundary::Grants& grants) {
  const PolicyPath& path = request.path;
  const Base base = base_of(path);
  const boundary::PathGrant rule{path.guest, path.kind, path.rights, request.source};
  if (MountGrant* mount = mount_for(base, grants)) {
    mount->paths.push_back(rule);
    return {};
  }
  std::error_code error;
  const fs::file_status there = fs::status(base.host, error);
  MountGrant mount{base.host, base.guest, 0, request.source, {}};
  if (fs::is_directory(there)) {
    if (path.kind == PatternKind::tree) {
      mount.rights = path.rights;
    } else {
      mount.paths = {rule};
    }
  } else if (fs::exists(there) && path.kind != PatternKind::glob &&
             !(path.rights & (boundary::kCreate | boundary::kDelete))) {
    mount.rights = path.rights;
  } else {
    // The name itself is to be made or removed, so it is its folder that is needed.
    const fs::path host(plain(base.host)), guest(base.guest);
    if (path.kind == PatternKind::glob || host.filename() != guest.filename() || base.guest == "/") {
      return fail("grant-path-name", "there is no folder or file " + base.host + " to grant as " + base.guest,
                  Error::kNoOffset,
                  "name what exists; or a path to be made in a folder that exists, with the same last name as in the "
                  "guest");
    }
    mount.host_path = host.has_parent_path() ? host.parent_path().string() : ".";
    mount.guest_path = guest.parent_path().string();
    mount.paths = {rule};
    // Its folder may be there by now, for a neighbour.
    if (MountGrant* known = mount_for({mount.guest_path, mount.host_path}, grants)) {
      known->paths.push_back(rule);
      return {};
    }
  }
  grants.mounts.push_back(std::move(mount));
  return {};
}

// A path of the host with its links followed as far as it is there, and the links that were passed: each by the name it
// has in its folder, that with no links in it.
struct Resolved {
  fs::path path;
  std::vector<std::string> links;
};
Resolved resolved(const std::string& host) {
  constexpr usize kMaxLinks = 40;  // as the kernel
  std::error_code error;
  fs::path rest = fs::absolute(host, error);
  Resolved out{"/", {}};
  while (!rest.empty()) {
    const fs::path part = *rest.begin();
    fs::path after;
    for (auto it = std::next(rest.begin()); it != rest.end(); ++it) after /= *it;
    rest = std::move(after);
    if (part.is_absolute() || part.empty() || part == ".") {
      if (part.is_absolute()) out.path = "/";
      continue;
    }
    if (part == "..") {
      out.path = out.path.parent_path();
      continue;
    }
    const fs::path here = out.path / part;
    const fs::path target = fs::is_symlink(here, error) ? fs::read_symlink(here, error) : fs::path();
    if (target.empty() || out.links.size() >= kMaxLinks) {
      out.path = here;
      continue;
    }
    out.links.push_back(here.string());
    rest = target / rest;
  }
  return out;
}

// What an entry denies: the guest path and the place that it leads to on the host; where links led there, the names
// that it says as well, under which another mount shows them; and that somebody makes such a link lead elsewhere.
void deny(const PolicyPath& path, std::vector<boundary::DenyGrant>& denies) {
  const std::string source = by_line(path.line);
  const Base base = base_of(path);
  const std::string guest = path.guest_pattern();
  const std::string tail = guest.substr(base.guest == "/" ? 0 : base.guest.size());
  const auto pattern = [&](const fs::path& host) {
    const std::string text = plain(host.string());
    return (text == "/" ? "" : text) + tail;
  };
  const Resolved real = resolved(base.host);
  denies.push_back({guest, pattern(real.path), path.rights, source});
  for (const std::string& link : real.links) {
    denies.push_back({"", link, boundary::kWrite | boundary::kCreate | boundary::kDelete, source});
  }
  // The last name of the entry in its real folder, if that name is itself a link.
  std::error_code error;  // where we are may be no folder any more: then nothing can be opened there either
  const fs::path named = plain(fs::absolute(base.host, error).string());
  const fs::path folder = resolved(named.parent_path().string()).path;
  const std::string own = pattern(named.has_filename() ? folder / named.filename() : folder);
  if (own != denies[denies.size() - 1 - real.links.size()].host_pattern) {
    denies.push_back({"", own, path.rights, source});
  }
}

std::unexpected<Error> denied(const PolicyItem& item, std::string message, std::string hint) {
  Error error{"policy-denied", std::move(message), Error::kNoOffset, item.line, 0, std::move(hint)};
  return std::unexpected(std::move(error));
}

Result<void> apply_environment(const Policy& policy, boundary::Grants& grants) {
  const auto is_denied = [&](std::string_view name) -> const PolicyItem* {
    for (const PolicyItem& item : policy.env_deny) {
      if (item.name == name) return &item;
    }
    return nullptr;
  };
  for (const auto& [name, value] : grants.env) {
    if (const PolicyItem* rule = is_denied(name)) {
      return denied(*rule, "the policy denies the environment variable " + name, "leave out --env " + name);
    }
  }
  const auto add = [&](const std::string& name, std::string value) {
    const bool given =
        std::any_of(grants.env.begin(), grants.env.end(), [&](const auto& e) { return e.first == name; });
    if (!given && !is_denied(name)) grants.env.emplace_back(name, std::move(value));
  };
  for (const PolicyItem& item : policy.env_set) add(item.name, item.value);
  for (const PolicyItem& item : policy.env_pass) {
    if (const char* ours = std::getenv(item.name.c_str())) add(item.name, ours);
  }
  return {};
}

Result<void> apply_switches(const Policy& policy, const GivenOptions& given, boundary::Grants& grants) {
  if (policy.clock) {
    if (policy.clock->value == "virtual" && given.clock == "real") {
      return denied(*policy.clock, "the policy says clock: virtual", "leave out --clock=real");
    }
    if (policy.clock->value == "real" && given.clock.empty()) grants.clock = boundary::ClockPolicy::real;
  }
  if (policy.random) {
    if (policy.random->value == "seeded" && given.random == "real") {
      return denied(*policy.random, "the policy says random: seeded", "leave out --random=real");
    }
    if (policy.random->value == "real" && given.random.empty() && !given.seed) {
      grants.random = boundary::RandomPolicy::real;
    }
  }
  if (policy.seed && !given.seed) {
    const std::string& text = policy.seed->value;
    std::from_chars(text.data(), text.data() + text.size(), grants.seed);
  }
  if (policy.clock_start && !given.clock_start) grants.clock_start = *parse_instant(policy.clock_start->value);
  if (policy.stdin_) {
    if (policy.stdin_->value == "true") {
      grants.stdin_ = boundary::StdinPolicy::granted;
    } else if (grants.stdin_ == boundary::StdinPolicy::granted) {
      return denied(*policy.stdin_, "the policy says stdin: false", "leave out --stdin");
    }
  }
  return {};
}

Result<void> apply_limits(const Policy& policy, const GivenOptions& given, api::RunConfig& config) {
  for (const PolicyItem& item : policy.limits) {
    for (const std::string& list : given.wasm) {
      if (("," + list).find("," + item.name + "=") != std::string::npos) {
        return denied(item, "the policy sets the limit " + item.name, "leave out -W " + item.name + "=...");
      }
    }
    if (auto ok = set_limit(config.limits, item.name, item.value); !ok) return ok;
  }
  return {};
}

}  // namespace

Result<void> plan_paths(std::vector<PathRequest> requests, boundary::Grants& grants) {
  // What is equal becomes one, then outer ones come first: the rest may lie in them.
  std::vector<PathRequest> merged;
  for (PathRequest& request : requests) {
    const auto same = [&](const PathRequest& other) {
      return other.path.kind == request.path.kind && other.path.guest == request.path.guest &&
             plain(other.path.host) == plain(request.path.host);
    };
    if (const auto it = std::find_if(merged.begin(), merged.end(), same); it != merged.end()) {
      it->path.rights |= request.path.rights;
    } else {
      merged.push_back(std::move(request));
    }
  }
  std::sort(merged.begin(), merged.end(), [](const PathRequest& a, const PathRequest& b) {
    const auto rank = [](const PathRequest& r) {
      const std::string guest = base_of(r.path).guest;
      return std::tuple(r.path.kind != PatternKind::tree, guest.size(), guest, r.path.guest, r.path.kind, r.path.host);
    };
    return rank(a) < rank(b);
  });
  for (const PathRequest& request : merged) {
    if (auto ok = plan_one(request, grants); !ok) return ok;
  }
  return {};
}

Result<PathRequest> parse_allow(std::string_view text) {
  const usize colon = text.find(':');
  const auto bad = [&](std::string why) {
    return fail("grant-bad-path", "--allow " + std::string(text) + ": " + why, Error::kNoOffset,
                "--allow read,write,create,delete:HOST::GUEST, with the rights that are meant");
  };
  if (colon == std::string_view::npos || text.substr(colon).starts_with("::")) return bad("it names no rights");
  PathRequest out;
  out.source = "option --allow";
  for (std::string_view rest = text.substr(0, colon); !rest.empty();) {
    const usize comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    Rights right = 0;
    for (Rights r : {boundary::kRead, boundary::kWrite, boundary::kCreate, boundary::kDelete}) {
      if (boundary::rights_text(r) == word) right = r;
    }
    if (!right) return bad("there is no right \"" + std::string(word) + "\"");
    out.path.rights |= right;
  }
  auto mount = boundary::parse_mount(text.substr(colon + 1), 0);
  if (!mount) return std::unexpected(std::move(mount.error()));
  if (!out.path.rights) return bad("it names no rights");
  out.path.kind = PatternKind::exact;
  out.path.host = std::move(mount->host_path);
  out.path.guest = std::move(mount->guest_path);
  out.path.text = std::string(text);
  return out;
}

Result<void> apply_policy(const Policy& policy, const GivenOptions& given, std::vector<PathRequest> requests,
                          api::RunConfig& config) {
  if (auto ok = apply_environment(policy, config.grants); !ok) return ok;
  if (auto ok = apply_switches(policy, given, config.grants); !ok) return ok;
  if (auto ok = apply_limits(policy, given, config); !ok) return ok;
  for (const PolicyItem& item : policy.listeners) {
    auto socket = boundary::parse_listen(item.name);
    if (!socket) return std::unexpected(std::move(socket.error()));
    const auto same = [&](const boundary::SocketGrant& s) {
      return s.kind == socket->kind && s.fd == socket->fd && s.address == socket->address;
    };
    if (std::none_of(config.grants.sockets.begin(), config.grants.sockets.end(), same)) {
      config.grants.sockets.push_back(std::move(*socket));
    }
  }
  for (const PolicyPath& path : policy.allow) requests.push_back({path, by_line(path.line)});
  for (const PolicyPath& path : policy.deny) deny(path, config.grants.denies);
  config.policy = policy.info();
  return plan_paths(std::move(requests), config.grants);
}

Result<std::optional<Policy>> apply_rule_options(const ParsedArgs& args, api::RunConfig& config) {
  std::vector<PathRequest> paths;
  for (const std::string& text : args.all("allow")) {
    auto request = parse_allow(text);
    if (!request) return std::unexpected(std::move(request.error()));
    paths.push_back(std::move(*request));
  }
  if (!args.has("policy")) {
    if (auto ok = plan_paths(std::move(paths), config.grants); !ok) return std::unexpected(std::move(ok.error()));
    return std::nullopt;
  }
  auto policy = load_policy(std::string(args.get("policy")));
  if (!policy) return std::unexpected(std::move(policy.error()));
  const GivenOptions given{std::string(args.get("clock")), std::string(args.get("random")), args.has("seed"),
                           args.has("clock-start"), args.all("wasm")};
  if (auto ok = apply_policy(*policy, given, std::move(paths), config); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return std::move(*policy);
}

Result<void> check_interpreter(const Policy& policy, std::string_view language) {
  if (!policy.interpreters) return {};
  std::string known;
  for (const PolicyItem& item : *policy.interpreters) {
    if (item.name == language) return {};
    known += (known.empty() ? "" : ", ") + item.name;
  }
  return fail("policy-interpreter", "the policy allows no programs in " + std::string(language), Error::kNoOffset,
              known.empty() ? "it allows none at all" : "it allows " + known);
}

api::PolicyInfo Policy::info() const {
  api::PolicyInfo out{file, description, inert, {}};
  for (const PolicyItem& item : never) {
    api::PolicyInfo::Never rule;
    rule.line = item.line;
    if (item.value.empty()) {
      rule.word = item.name;
    } else {
      rule.paths.push_back(*boundary::PathPattern::make(item.value, PatternKind::glob));
    }
    out.never.push_back(std::move(rule));
  }
  return out;
}

}  // namespace dewar::cli
