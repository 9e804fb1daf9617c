// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the tree of a policy file to a Policy. Every key is known here or an error; every value is checked here, so that
// `dewar policy check` finds what would refuse a run. What a value does is in policy_grants.cpp.
#include <charconv>
#include <filesystem>
#include <functional>
#include <initializer_list>

#include "base/file.h"
#include "boundary/sockets.h"
#include "cli/clock_start.h"
#include "cli/limit_options.h"
#include "cli/policy.h"
#include "cli/suggest.h"
#include "cli/yaml_tree.h"

namespace dewar::cli {

namespace {

using boundary::PatternKind;
using boundary::Rights;

struct Refusal {
  Error error;
};

[[noreturn]] void refuse_at(const char* code, const YamlNode& at, std::string message, std::string hint = {}) {
  throw Refusal{Error{code, std::move(message), Error::kNoOffset, at.line, at.column, std::move(hint)}};
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

/// A key of a map: its name and what reads its value.
struct Key {
  std::string_view name;
  std::function<void(const YamlNode& value)> read;
};

// Hands each member of a map to its reader. `what` is for messages. Null is an empty map.
void read_map(const YamlNode& node, std::string_view what, std::initializer_list<Key> keys) {
  if (node.kind == YamlNode::Kind::null) return;
  if (node.kind != YamlNode::Kind::map) refuse_at("policy-bad-value", node, std::string(what) + " must be a map");
  for (usize i = 0; i < node.keys.size(); ++i) {
    const YamlNode& name = node.keys[i];
    const Key* known = nullptr;
    std::vector<std::string_view> names;
    for (const Key& key : keys) {
      names.push_back(key.name);
      if (key.name == name.text) known = &key;
    }
    if (!known) {
      std::string hint = did_you_mean(name.text, names);
      if (hint.empty()) {
        hint = "known are";
        for (usize k = 0; k < names.size(); ++k) hint += (k ? ", " : " ") + std::string(names[k]);
      }
      refuse_at("policy-unknown-key", name, std::string(what) + " has no key " + in_quotes(name.text), std::move(hint));
    }
    known->read(node.items[i]);
  }
}

template <class F>
void read_list(const YamlNode& node, std::string_view what, F&& item) {
  if (node.kind == YamlNode::Kind::null) return;
  if (node.kind != YamlNode::Kind::list) refuse_at("policy-bad-value", node, std::string(what) + " must be a list");
  for (const YamlNode& element : node.items) item(element);
}

const std::string& read_text(const YamlNode& node, std::string_view what) {
  if (node.kind != YamlNode::Kind::scalar) refuse_at("policy-bad-value", node, std::string(what) + " must be a text");
  return node.text;
}

const std::string& read_name(const YamlNode& node, std::string_view what) {
  if (read_text(node, what).empty()) refuse_at("policy-bad-value", node, std::string(what) + " is empty");
  return node.text;
}

bool read_switch(const YamlNode& node, std::string_view what) {
  const std::string& text = read_text(node, what);
  if (text == "true") return true;
  if (text != "false") refuse_at("policy-bad-value", node, std::string(what) + " is true or false");
  return false;
}

u64 read_number(const YamlNode& node, std::string_view what, u64 most) {
  const std::string& text = read_text(node, what);
  u64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    refuse_at("policy-bad-value", node, std::string(what) + " must be a whole number up to " + std::to_string(most));
  }
  return value;
}

const YamlNode& member(const YamlNode& map, std::string_view key, std::string_view what) {
  const YamlNode* found = map.kind == YamlNode::Kind::map ? map.find(key) : nullptr;
  if (!found) refuse_at("policy-missing-key", map, std::string(what) + " needs the key " + in_quotes(key));
  return *found;
}

// A path or glob without ".", ".." and double slashes; "" for the top. Absolute or not is lost.
std::string plain_path(const YamlNode& at, std::string_view path) {
  auto plain = boundary::normalize_guest_path("/" + std::string(path));
  if (!plain) refuse_at("policy-bad-uri", at, plain.error().message);
  return *plain == "/" ? std::string() : std::move(*plain);
}

class Reader {
 public:
  explicit Reader(const std::string& file) {
    policy_.file = file;
    folder_ = std::filesystem::path(file).parent_path().string();
  }

  Policy read(const YamlNode& root) {
    if (root.kind != YamlNode::Kind::map) refuse_at("policy-bad-value", root, "a policy must be a map");
    read_map(root, "a policy",
             {{"$schema", [](const YamlNode& n) { read_text(n, "$schema"); }},
              {"version",
               [](const YamlNode& n) {
                 if (!read_text(n, "version").starts_with("1.")) {
                   refuse_at("policy-bad-value", n, "version " + in_quotes(n.text) + " is not known", "write \"1.0\"");
                 }
               }},
              {"description", [&](const YamlNode& n) { policy_.description = read_text(n, "description"); }},
              {"permissions", [&](const YamlNode& n) { permissions(n); }},
              {"dewar", [&](const YamlNode& n) { own(n); }}});
    member(root, "version", "a policy");
    return std::move(policy_);
  }

 private:
  void inert(const YamlNode& at, std::string entry, std::string reason) {
    policy_.inert.push_back({std::move(entry), std::move(reason), at.line});
  }

  std::string host_path(std::string_view path) const {
    if (path.starts_with('/') || folder_.empty()) return std::string(path);
    return (std::filesystem::path(folder_) / path).string();
  }

  Rights access(const YamlNode& node, bool fine) {
    Rights rights = 0;
    read_list(node, "access", [&](const YamlNode& item) {
      const std::string& word = read_text(item, "access");
      if (word == "read") {
        rights |= boundary::kRead;
      } else if (word == "write") {
        rights |= fine ? boundary::kWrite : boundary::kWrite | boundary::kCreate | boundary::kDelete;
      } else if (fine && word == "create") {
        rights |= boundary::kCreate;
      } else if (fine && word == "delete") {
        rights |= boundary::kDelete;
      } else {
        refuse_at("policy-bad-value", item, "access knows no " + in_quotes(word),
                  fine ? "read, write, create, delete" : "read, write");
      }
    });
    if (!rights) refuse_at("policy-bad-value", node, "access names nothing");
    return rights;
  }

  // "fs://app/**": the path counts from the policy's folder and from the guest's root; "fs:///srv/x" from both roots.
  PolicyPath uri(const YamlNode& node) {
    const std::string& text = read_name(node, "uri");
    if (!text.starts_with("fs://")) refuse_at("policy-bad-uri", node, in_quotes(text) + " is no fs:// address");
    const std::string_view path = std::string_view(text).substr(5);
    PolicyPath out;
    out.text = text;
    out.line = node.line;
    out.guest = plain_path(node, path);
    if (out.guest.empty() && !path.starts_with('/')) refuse_at("policy-bad-uri", node, "the address names no path");
    if (out.guest.ends_with("/**")) out.guest.resize(out.guest.size() - 3);
    if (out.guest.find('*') != std::string::npos) out.kind = PatternKind::glob;
    out.host = path.starts_with('/') ? out.guest : host_path(std::string_view(out.guest).substr(!out.guest.empty()));
    if (out.guest.empty()) out.guest = "/";
    if (out.host.empty()) out.host = path.starts_with('/') ? "/" : ".";
    if (auto ok = boundary::PathPattern::make(out.guest_pattern(), PatternKind::glob); !ok) {
      refuse_at("policy-bad-uri", node, ok.error().message);
    }
    return out;
  }

  // A denial that was meant as a pattern and is taken for a name denies nothing.
  static void refuse_other_wildcards(const YamlNode& node) {
    const usize at = node.text.find_first_of("?[]{}%");
    if (at == std::string::npos) return;
    refuse_at("policy-bad-uri", node, in_quotes(node.text) + " contains " + in_quotes(node.text.substr(at, 1)),
              "the wildcards are * and **, and nothing is escaped; write * for a character of a name that cannot be "
              "written");
  }

  void storage(const YamlNode& node, bool deny) {
    read_list(node, deny ? "storage.deny" : "storage.allow", [&](const YamlNode& item) {
      const YamlNode& where = member(item, "uri", "a storage entry");
      member(item, "access", "a storage entry");
      // What cannot be a path can neither be granted nor reached; a mistyped denial must not pass for one.
      const bool other = !deny && where.kind == YamlNode::Kind::scalar && !where.text.starts_with("fs://") &&
                         where.text.find("://") != std::string::npos;
      PolicyPath path;
      if (!other) path = uri(where);
      if (deny) refuse_other_wildcards(where);
      read_map(
          item, "a storage entry",
          {{"uri", [](const YamlNode&) {}}, {"access", [&](const YamlNode& n) { path.rights = access(n, false); }}});
      if (other) {
        inert(where, "permissions.storage.allow " + where.text, "only fs:// addresses are known");
        return;
      }
      (deny ? policy_.deny : policy_.allow).push_back(std::move(path));
    });
  }

  void network(const YamlNode& node, bool deny) {
    const std::string what = deny ? "network.deny" : "network.allow";
    read_list(node, what, [&](const YamlNode& item) {
      PolicyItem entry;
      entry.line = item.line;
      const auto take = [&](const char* name) {
        return [&entry, name](const YamlNode& n) {
          if (!entry.name.empty()) refuse_at("policy-bad-value", n, "a network entry has one key");
          entry.name = name;
          entry.value = read_name(n, name);
        };
      };
      read_map(item, "a network entry",
               {{"host", take("host")}, {"cidr", take("cidr")}, {"defaults", take("defaults")}});
      if (entry.name.empty()) refuse_at("policy-missing-key", item, "a network entry needs host, cidr or defaults");
      if (entry.name == "cidr" && entry.value.find('/') == std::string::npos) {
        refuse_at("policy-bad-value", item, in_quotes(entry.value) + " is no range of addresses",
                  "for example 10.0.0.0/8");
      }
      if (!deny) {
        inert(item, "permissions.network.allow " + entry.name + " " + entry.value,
              "there is no network interface yet: a program reaches nothing");
      }
      (deny ? policy_.net_deny : policy_.net_allow).push_back(std::move(entry));
    });
  }

  void environment(const YamlNode& node, bool deny) {
    read_list(node, deny ? "environment.deny" : "environment.allow", [&](const YamlNode& item) {
      member(item, "key", "an environment entry");
      read_map(item, "an environment entry",
               {{"key", [&](const YamlNode& n) {
                   variable_name(n, read_name(n, "key"));
                   (deny ? policy_.env_deny : policy_.env_pass).push_back({n.text, "", n.line});
                 }}});
    });
  }

  static void variable_name(const YamlNode& at, const std::string& name) {
    if (name.find_first_of("*=") != std::string::npos) {
      refuse_at("policy-bad-value", at, in_quotes(name) + " is no name of an environment variable",
                "there are no wildcards for variables");
    }
  }

  void resources(const YamlNode& node) {
    const auto unused = [&](const char* name, const char* why) {
      return [this, name, why](const YamlNode& n) {
        inert(n, "permissions.resources." + std::string(name) + " " + read_text(n, name), why);
      };
    };
    constexpr const char* kCpu =
        "there is no share of a processor to set: dewar.limits.fuel and timeout bound the work";
    read_map(
        node, "resources",
        {{"memory", [&](const YamlNode& n) { memory(n, std::to_string(read_number(n, "memory", 1u << 20)) + "MiB"); }},
         {"cpu", unused("cpu", kCpu)},
         {"io", unused("io", "operations are not counted by rate")},
         {"limits", [&](const YamlNode& limits) {
            read_map(
                limits, "resources.limits",
                {{"cpu", unused("limits.cpu", kCpu)}, {"memory", [&](const YamlNode& n) {
                                                         std::string text = read_name(n, "memory");
                                                         if (text.ends_with('i')) text += 'B';  // "512Mi"
                                                         if (text.find_first_not_of("0123456789") == std::string::npos)
                                                           text += "MiB";
                                                         memory(n, std::move(text));
                                                       }}});
          }}});
  }

  void memory(const YamlNode& at, std::string size) { limit(at, "max-memory-size", std::move(size)); }

  // The smaller one holds where a limit is there in more than one way.
  void limit(const YamlNode& at, const std::string& name, std::string value) {
    const api::LimitSpec* spec = api::find_limit(name);
    if (!spec) {
      refuse_at("policy-unknown-key", at, "limits has no key " + in_quotes(name), did_you_mean(name, limit_names()));
    }
    api::RunLimits limits;
    if (auto ok = set_limit(limits, name, value); !ok) {
      refuse_at("policy-bad-value", at, name + ": " + in_quotes(value) + " is not understood", ok.error().hint);
    }
    for (PolicyItem& known : policy_.limits) {
      if (known.name != name) continue;
      api::RunLimits before;
      (void)set_limit(before, known.name, known.value);
      if ((limits.*spec->value).value_or(UINT64_MAX) < (before.*spec->value).value_or(UINT64_MAX)) {
        known = {name, std::move(value), at.line};
      }
      return;
    }
    policy_.limits.push_back({name, std::move(value), at.line});
  }

  void ipc(const YamlNode& node, bool deny) {
    read_list(node, deny ? "ipc.deny" : "ipc.allow", [&](const YamlNode& item) {
      read_name(member(item, "uri", "an ipc entry"), "uri");
      read_map(item, "an ipc entry", {{"uri", [&](const YamlNode& n) {
                                         if (!deny) inert(n, "permissions.ipc.allow " + n.text, "there is no ipc");
                                       }}});
    });
  }

  void permissions(const YamlNode& node) {
    const auto lists = [&](std::string_view what, auto read) {
      return [this, what, read](const YamlNode& n) {
        read_map(n, what,
                 {{"allow", [&](const YamlNode& list) { (this->*read)(list, false); }},
                  {"deny", [&](const YamlNode& list) { (this->*read)(list, true); }}});
      };
    };
    const auto runtime = [&](const char* name) {
      return [this, name](const YamlNode& n) {
        inert(n, "permissions.runtime." + std::string(name), "settings of another runtime");
      };
    };
    read_map(node, "permissions",
             {{"storage", lists("storage", &Reader::storage)},
              {"network", lists("network", &Reader::network)},
              {"environment", lists("environment", &Reader::environment)},
              {"ipc", lists("ipc", &Reader::ipc)},
              {"resources", [&](const YamlNode& n) { resources(n); }},
              {"runtime", [&](const YamlNode& n) {
                 read_map(
                     n, "runtime",
                     {{"docker", runtime("docker")}, {"hyperlight", runtime("hyperlight")}, {"wasm", runtime("wasm")}});
               }}});
  }

  // {host, guest, access}: a folder (or file) with everything in it, or one exact path.
  void place(const YamlNode& item, bool exact) {
    const std::string what = exact ? "an entry of paths" : "an entry of mounts";
    for (const char* key : {"host", "guest", "access"}) member(item, key, what);
    PolicyPath path;
    path.kind = exact ? PatternKind::exact : PatternKind::tree;
    path.line = item.line;
    read_map(item, what,
             {{"host", [&](const YamlNode& n) { path.host = host_path(read_name(n, "host")); }},
              {"guest",
               [&](const YamlNode& n) {
                 path.guest = plain_path(n, read_name(n, "guest"));
                 if (path.guest.empty()) path.guest = "/";
               }},
              {"access", [&](const YamlNode& n) { path.rights = access(n, exact); }}});
    path.text = path.host + "::" + path.guest;
    policy_.allow.push_back(std::move(path));
  }

  void never(const YamlNode& item) {
    const std::string& text = read_name(item, "never");
    for (std::string_view word : kNeverWords) {
      if (text == word) {
        policy_.never.push_back({text, "", item.line});
        return;
      }
    }
    if (!text.starts_with("fs://")) {
      refuse_at("policy-bad-value", item, "never knows no " + in_quotes(text), "fs://PATH, stdin or network");
    }
    refuse_other_wildcards(item);
    policy_.never.push_back({text, uri(item).guest_pattern(), item.line});
  }

  void own(const YamlNode& node) {
    const auto choice = [](std::optional<PolicyItem>& out, const char* name, const char* one, const char* other) {
      return [&out, name, one, other](const YamlNode& n) {
        const std::string& text = read_text(n, name);
        if (text != one && text != other) {
          refuse_at("policy-bad-value", n, std::string(name) + " is " + one + " or " + other);
        }
        out = PolicyItem{name, text, n.line};
      };
    };
    read_map(
        node, "dewar",
        {{"clock", choice(policy_.clock, "clock", "real", "virtual")},
         {"clock-start",
          [&](const YamlNode& n) {
            if (!parse_instant(read_text(n, "clock-start"))) {
              refuse_at("policy-bad-value", n, "clock-start is a time such as 2026-01-01T00:00:00Z");
            }
            policy_.clock_start = PolicyItem{"clock-start", n.text, n.line};
          }},
         {"random", choice(policy_.random, "random", "real", "seeded")},
         {"seed",
          [&](const YamlNode& n) {
            read_number(n, "seed", UINT64_MAX);
            policy_.seed = PolicyItem{"seed", n.text, n.line};
          }},
         {"stdin",
          [&](const YamlNode& n) {
            policy_.stdin_ = PolicyItem{"stdin", read_switch(n, "stdin") ? "true" : "false", n.line};
          }},
         {"env",
          [&](const YamlNode& n) {
            if (n.kind != YamlNode::Kind::map && n.kind != YamlNode::Kind::null) {
              refuse_at("policy-bad-value", n, "env must be a map of names to values");
            }
            for (usize i = 0; i < n.keys.size(); ++i) {
              const YamlNode& name = n.keys[i];
              variable_name(name, read_name(name, "env"));
              policy_.env_set.push_back({name.text, read_text(n.items[i], "a variable"), name.line});
            }
          }},
         {"limits",
          [&](const YamlNode& n) {
            if (n.kind != YamlNode::Kind::map && n.kind != YamlNode::Kind::null) {
              refuse_at("policy-bad-value", n, "limits must be a map");
            }
            for (usize i = 0; i < n.keys.size(); ++i) {
              limit(n.keys[i], n.keys[i].text, read_text(n.items[i], n.keys[i].text));
            }
          }},
         {"mounts", [&](const YamlNode& n) { read_list(n, "mounts", [&](const YamlNode& i) { place(i, false); }); }},
         {"paths", [&](const YamlNode& n) { read_list(n, "paths", [&](const YamlNode& i) { place(i, true); }); }},
         {"listeners",
          [&](const YamlNode& n) {
            read_list(n, "listeners", [&](const YamlNode& item) {
              const std::string& text = read_name(item, "a listener");
              if (auto socket = boundary::parse_listen(text); !socket) {
                refuse_at("policy-bad-value", item, socket.error().message, socket.error().hint);
              }
              policy_.listeners.push_back({text, "", item.line});
            });
          }},
         {"interpreters",
          [&](const YamlNode& n) {
            policy_.interpreters.emplace();
            read_list(n, "interpreters", [&](const YamlNode& item) {
              policy_.interpreters->push_back({read_name(item, "an interpreter"), "", item.line});
            });
          }},
         {"never", [&](const YamlNode& n) { read_list(n, "never", [&](const YamlNode& item) { never(item); }); }}});
  }

  Policy policy_;
  std::string folder_;
};

}  // namespace

std::string PolicyPath::guest_pattern() const {
  if (kind != PatternKind::tree) return guest;
  return guest == "/" ? "/**" : guest + "/**";
}

Result<Policy> parse_policy(std::string_view text, const std::string& file) {
  auto tree = parse_yaml(text);
  if (!tree) return std::unexpected(std::move(tree.error()));
  try {
    return Reader(file).read(*tree);
  } catch (Refusal& refusal) {
    return std::unexpected(std::move(refusal.error));
  }
}

Result<Policy> load_policy(const std::string& file) {
  auto bytes = base::read_file(file, kMaxYamlBytes);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  return parse_policy({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, file);
}

}  // namespace dewar::cli
