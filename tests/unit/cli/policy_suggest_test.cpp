// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Suggested grants are exact: for more than a hundred generated denials of every kind, applying what is suggested for
// one of them (the option, and the policy entry, through the same parsers as `dewar run`) lifts that one and no other.
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>

#include "api/suggest.h"
#include "boundary/sockets.h"
#include "cli/policy_grants.h"
#include "unit/host/wasi_fixture.h"

namespace dewar::cli {
namespace {

using boundary::Rights;
using test::ScratchDir;
using test::TestRandom;
using wasi_p1::Errno;
using wasi_p1::WasiGuest;
namespace wr = wasi_p1::rights;
using ::testing::HasSubstr;
using ::testing::Not;

// One thing that a guest tries, at one or two absolute guest paths.
struct Attempt {
  std::string kind;
  std::string path, second;
};

// A guest as its C library sees the world: paths go to the preopened folder with the longest name that leads there.
class Guest : public WasiGuest {
 public:
  void find_roots() {
    roots.clear();
    for (u32 handle = 3;; ++handle) {
      if ((*this)("fd_prestat_get", {handle, kResult}) != Errno::success) break;
      if (u32_at(kResult) != 0) continue;  // a socket: no folder, though it is asked for in the same way
      const u32 size = u32_at(kResult + 4);
      EXPECT_EQ((*this)("fd_prestat_dir_name", {handle, kPath, size}), Errno::success);
      roots.emplace_back(text(kPath, size), handle);
    }
  }
  std::pair<u32, std::string> at(const std::string& path) const {
    std::pair<std::string, u32> best{"", ~0u};
    for (const auto& [name, handle] : roots) {
      const bool leads =
          name == "/" || (path.starts_with(name) && (path.size() == name.size() || path[name.size()] == '/'));
      if (leads && (best.second == ~0u || name.size() > best.first.size())) best = {name, handle};
    }
    EXPECT_NE(best.second, ~0u) << path;
    std::string rest = best.first == "/" ? path : path.substr(best.first.size());
    while (rest.starts_with('/')) rest.erase(0, 1);
    return {best.second, rest.empty() ? "." : rest};
  }
  void attempt(const Attempt& a) {
    const auto [dir, name] = at(a.path);
    if (a.kind == "read") {
      open_read(dir, name);
    } else if (a.kind == "write") {
      open(dir, name, 0, wr::kFdWrite);
    } else if (a.kind == "read and write") {
      open(dir, name, 0, wr::kFdWrite | wr::kFdRead);
    } else if (a.kind == "make") {
      open(dir, name, wasi_p1::kOpenCreate | wasi_p1::kOpenTruncate, wr::kFdWrite);
    } else if (a.kind == "make to read and write") {
      open(dir, name, wasi_p1::kOpenCreate, wr::kFdWrite | wr::kFdRead);
    } else if (a.kind == "make exclusively") {
      open(dir, name, wasi_p1::kOpenCreate | wasi_p1::kOpenExclusive, wr::kFdWrite);
    } else if (a.kind == "list") {
      open_read(dir, name, wasi_p1::kOpenDirectory);
    } else if (a.kind == "mkdir") {
      on_path("path_create_directory", dir, name);
    } else if (a.kind == "rmdir") {
      on_path("path_remove_directory", dir, name);
    } else if (a.kind == "unlink") {
      on_path("path_unlink_file", dir, name);
    } else if (a.kind == "times") {
      set_times(dir, name, 1, 2, wasi_p1::kSetAtime | wasi_p1::kSetMtime);
    } else if (a.kind == "symlink") {
      symlink("anything", dir, name);
    } else if (a.kind == "stdin") {
      read(0, nullptr);
    } else if (a.kind == "sock_accept") {
      (*this)(a.kind, {3, 0, kResult});
    } else if (a.kind == "sock_shutdown") {
      (*this)(a.kind, {3, 3});
    } else if (a.kind == "sock_recv" || a.kind == "sock_send") {
      set<u32>(1024, kData);
      set<u32>(1028, 1);
      std::vector<u64> args{3, 1024, 1, 0, kResult};
      if (a.kind == "sock_recv") args.push_back(kResult + 4);
      (*this)(a.kind, args);
    } else if (a.kind == "recv of an output") {
      (*this)("sock_recv", {1, 1024, 1, 0, kResult, kResult + 4});
    } else {
      const auto [dir2, name2] = at(a.second);
      a.kind == "rename" ? rename(dir, name, dir2, name2) : link(dir, name, dir2, name2);
    }
  }
  std::vector<std::pair<std::string, u32>> roots;
};

constexpr const char* kKinds[] = {"read",
                                  "write",
                                  "read and write",
                                  "make",
                                  "make to read and write",
                                  "make exclusively",
                                  "list",
                                  "mkdir",
                                  "rmdir",
                                  "unlink",
                                  "times",
                                  "symlink",
                                  "rename",
                                  "link"};

// What of the host a kind needs to be there.
bool wants_file(const std::string& kind) {
  return kind == "read" || kind == "write" || kind == "read and write" || kind == "unlink" || kind == "times" ||
         kind == "rename" || kind == "link";
}
bool wants_folder(const std::string& kind) { return kind == "list" || kind == "rmdir"; }

// The host: `mounted` is granted for reading as /data; `chosen` holds what the operator would choose for all else.
struct World {
  ScratchDir mounted, chosen;
};

std::vector<Attempt> generate() {
  std::vector<Attempt> all;
  TestRandom random(20261126);
  int n = 0;
  const auto fresh = [&](const std::string& root, bool odd) {
    // Few folders, so that most paths have neighbours; some names that quoting must get right.
    static const char* kFolders[] = {"/in", "/in/deeper", "/other place"};
    static const char* kOdd[] = {"it's",      "two words", "$(x)", "star*", "back\\slash", "a:b::c",
                                 "tab\tname", "\xc3\xa4",  "-x",   "%41",   "\"q\"",       "{a: b}"};
    std::string name = "/f" + std::to_string(n++);
    if (odd) name += kOdd[random.below(std::size(kOdd))];
    return root + kFolders[random.below(std::size(kFolders))] + name;
  };
  for (int round = 0; round < 4; ++round) {
    for (const char* kind : kKinds) {
      for (const char* root : {"/data", "/away"}) {
        // What only reads is allowed in /data already.
        if (std::string_view(root) == "/data" && (std::string_view(kind) == "read" || std::string_view(kind) == "list"))
          continue;
        all.push_back({kind, fresh(root, random.below(3) == 0), fresh(root, false)});
        // To list a folder is not to read what is in it.
        if (std::string_view(kind) == "list") all.push_back({"read", all.back().path + "/inside", ""});
      }
    }
  }
  all.push_back({"make", "/top-level", ""});
  all.push_back({"read", "/top-file", ""});
  all.push_back({"stdin", "/", ""});
  return all;
}

// Makes the host what it was before any run.
void prepare(const World& world, const std::vector<Attempt>& attempts) {
  for (const Attempt& a : attempts) {
    if (a.path == "/") continue;
    const bool inside = a.path.starts_with("/data/");
    const ScratchDir& where = inside ? world.mounted : world.chosen;
    const auto host = [&](const std::string& guest) { return inside ? guest.substr(5) : guest; };
    const auto on_host = [&](const std::string& guest) {
      return std::filesystem::path(where.path().string() + host(guest));
    };
    std::filesystem::create_directories(on_host(a.path).parent_path());
    if (!a.second.empty()) std::filesystem::create_directories(on_host(a.second).parent_path());
    if (!a.second.empty()) std::filesystem::remove(on_host(a.second));
    if (wants_folder(a.kind)) {
      std::filesystem::create_directories(on_host(a.path));
    } else if (!wants_file(a.kind)) {
      std::filesystem::remove(on_host(a.path));
    } else if (!std::filesystem::exists(on_host(a.path))) {
      std::ofstream(on_host(a.path)) << "x";
    }
  }
}

// How a shell would read one word.
std::string unquoted(std::string_view word) {
  std::string out;
  const bool ansi = word.starts_with("$'");
  bool quoted = false;
  for (usize i = ansi ? 1 : 0; i < word.size(); ++i) {
    if (word[i] == '\'') {
      quoted = !quoted;
    } else if (word[i] == '\\' && ansi && i + 1 < word.size() && word[i + 1] == 'x') {
      out += static_cast<char>(std::stoi(std::string(word.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    } else if (word[i] == '\\' && (ansi || !quoted)) {
      out += word[++i];
    } else {
      EXPECT_TRUE(quoted || word[i] != ' ') << word;
      out += word[i];
    }
  }
  EXPECT_FALSE(quoted) << word;
  return out;
}

// A suggestion as it was applied: an option line or a policy entry.
struct Applied {
  std::string flag, policy;
};

// Runs everything with /data granted for reading, and with what was applied.
api::Outcome run(const World& world, const std::vector<Attempt>& attempts, const Applied& more,
                 const std::string& rest = {}) {
  api::RunConfig config;
  boundary::Grants& grants = config.grants;
  auto data = boundary::parse_mount(world.mounted.path().string() + "::/data", boundary::kReadOnly);
  EXPECT_TRUE(data);
  grants.mounts.push_back(std::move(*data));
  std::vector<PathRequest> requests;
  if (!more.flag.empty()) {
    const usize space = more.flag.find(' ');
    const std::string option = more.flag.substr(0, space);
    const std::string value = space == std::string::npos ? "" : unquoted(std::string_view(more.flag).substr(space + 1));
    if (option == "--stdin") {
      grants.stdin_ = boundary::StdinPolicy::granted;
    } else if (option == "--listen" || option == "--stream") {
      auto socket = option == "--listen" ? boundary::parse_listen(value) : boundary::parse_stream(value);
      EXPECT_TRUE(socket) << value;
      if (socket) grants.sockets.push_back(std::move(*socket));
    } else if (option == "--ro") {
      auto mount = boundary::parse_mount(value, boundary::kReadOnly);
      EXPECT_TRUE(mount) << value;
      if (mount) grants.mounts.push_back(std::move(*mount));
    } else {
      EXPECT_EQ(option, "--allow");
      auto request = parse_allow(value);
      EXPECT_TRUE(request) << value;
      if (request) requests.push_back(std::move(*request));
    }
  }
  std::string text = "version: '1.0'\n" + rest;
  if (!more.policy.empty()) {
    // "dewar.paths: ENTRY" or "dewar.stdin: true"
    const usize colon = more.policy.find(": ");
    const std::string key = more.policy.substr(6, colon - 6), entry = more.policy.substr(colon + 2);
    text += "dewar: {" + key + ": " + (key == "paths" || key == "listeners" ? "[" + entry + "]" : entry) + "}\n";
  }
  auto policy = parse_policy(text, "policy.yaml");
  EXPECT_TRUE(policy) << text << (policy ? "" : policy.error().message);
  api::Outcome outcome;
  if (!policy) return outcome;
  auto applied = apply_policy(*policy, {}, std::move(requests), config);
  EXPECT_TRUE(applied) << (applied ? "" : applied.error().message);
  wasi_p1::Config session;
  session.grants = grants;
  boundary::EmptySource input;
  session.stdin_ = &input;
  Guest guest;
  guest.start(std::move(session));
  if (!guest.session) return outcome;
  guest.find_roots();
  for (const Attempt& a : attempts) guest.attempt(a);
  outcome.denials = guest.denials();
  outcome.policy = config.policy;
  // As api::run does.
  if (const u64 asked = guest.session->stdin_refused()) {
    outcome.denials.push_back({"fd_read", "standard input", "stdin-not-granted", "stdin", "end of file", "", asked});
  }
  return outcome;
}

std::string key(const boundary::Denial& d) { return d.operation + " " + d.resource + " (" + d.missing + ")"; }

std::set<std::string> keys(const api::Outcome& outcome) {
  std::set<std::string> out;
  for (const boundary::Denial& d : outcome.denials) EXPECT_TRUE(out.insert(key(d)).second) << key(d);
  return out;
}

// The operator's choice for a path that nothing is mounted at.
std::string choose(const World& world, const boundary::Denial& denial, std::string text) {
  const usize at = text.find("HOST");
  if (denial.host_path.empty() && at != std::string::npos) {
    std::string path = world.chosen.path().string() + denial.resource;
    const bool yaml = text.starts_with("dewar.");
    std::string escaped;
    const bool ansi = text.find("$'") != std::string::npos;
    for (const char c : path) {
      if (yaml && (c == '"' || c == '\\')) escaped += '\\';
      if (yaml && c == '\t') {
        escaped += "\\t";
      } else if (!yaml && ansi && c == '\t') {
        escaped += "\\x09";
      } else if (!yaml && ansi && (c == '\'' || c == '\\')) {
        escaped += std::string("\\") + c;
      } else if (!yaml && !ansi && c == '\'') {
        escaped += "'\\''";
      } else {
        escaped += c;
      }
    }
    text.replace(at, 4, escaped);
  }
  return text;
}

TEST(PolicySuggest, EachSuggestionLiftsExactlyItsDenial) {
  const std::vector<Attempt> attempts = generate();
  World world;
  prepare(world, attempts);
  const api::Outcome first = run(world, attempts, {});
  const std::set<std::string> before = keys(first);
  const auto suggested = api::suggestions(first);
  ASSERT_EQ(suggested.size(), first.denials.size());
  ASSERT_GE(first.denials.size(), 100u);
  std::set<std::string> kinds;
  usize flags = 0, policies = 0, leads = 0;
  for (usize i = 0; i < first.denials.size(); ++i) {
    kinds.insert(first.denials[i].operation + " " + first.denials[i].missing + " " + first.denials[i].rule);
    for (const bool by_flag : {true, false}) {
      prepare(world, attempts);
      const boundary::Denial& denial = first.denials[i];
      const api::Suggestion& s = suggested[i];
      ASSERT_TRUE(s.never.empty() && s.note.empty());
      ASSERT_FALSE(s.policy.empty()) << key(denial);
      const Applied applied =
          by_flag ? Applied{choose(world, denial, s.flag), ""} : Applied{"", choose(world, denial, s.policy)};
      // A host path with "::" in it is one that the option cannot spell, and the operator's choice here is such a one.
      if (by_flag &&
          (s.flag.empty() || (denial.host_path.empty() && denial.resource.find("::") != std::string::npos))) {
        continue;
      }
      SCOPED_TRACE(by_flag ? applied.flag : applied.policy);
      std::set<std::string> expected = before;
      expected.erase(key(denial));
      // A folder that leads to what is granted is there then, empty but for that name (WasiDenial,
      // SyntheticDirectoriesLeadToMounts): opening it is refused no more.
      for (const boundary::Denial& d : first.denials) {
        if (d.directory && d.missing == "read" && denial.resource.starts_with(d.resource + "/")) {
          leads += expected.erase(key(d));
        }
      }
      const std::set<std::string> after = keys(run(world, attempts, applied));
      for (const std::string& k : expected) EXPECT_TRUE(after.contains(k)) << "lifted too: " << k;
      for (const std::string& k : after) EXPECT_TRUE(expected.contains(k)) << "still there, or new: " << k;
      ++(by_flag ? flags : policies);
    }
  }
  EXPECT_GE(flags, 100u);
  EXPECT_GE(policies, 100u);
  EXPECT_GE(kinds.size(), 20u);
  EXPECT_EQ(leads, 2u * 4) << "the files in listed folders, no more";
}

// A connected socket with something to read, or a listener at which two wait.
struct Socket {
  explicit Socket(bool listens) {
    if (!listens) {
      int ends[2];
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
      ours = ends[0];
      others = {ends[1]};
      EXPECT_EQ(::write(ends[1], "data", 4), 4);
      return;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ours = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::bind(ours, generic, size), 0);
    EXPECT_EQ(::listen(ours, 2), 0);
    EXPECT_EQ(::getsockname(ours, generic, &size), 0);
    for (int i = 0; i < 2; ++i) {
      others.push_back(::socket(AF_INET, SOCK_STREAM, 0));
      EXPECT_EQ(::connect(others.back(), generic, size), 0);
    }
  }
  ~Socket() {
    ::close(ours);
    for (const int fd : others) ::close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int ours = -1;
  std::vector<int> others;
};

// A socket gets a number, and what is said of that number is lifted with it: so one operation at a time, beside all
// else.
TEST(PolicySuggest, EachSocketSuggestionLiftsExactlyItsDenial) {
  World world;
  for (const char* kind : {"sock_accept", "sock_recv", "sock_send", "sock_shutdown"}) {
    SCOPED_TRACE(kind);
    std::vector<Attempt> attempts = generate();
    attempts.push_back({kind, "/", ""});
    attempts.push_back({"recv of an output", "/", ""});
    prepare(world, attempts);
    const api::Outcome first = run(world, attempts, {});
    const auto suggested = api::suggestions(first);
    std::set<std::string> expected = keys(first);
    usize tried = 0;
    for (usize i = 0; i < first.denials.size(); ++i) {
      if (first.denials[i].rule != "not-a-socket") continue;
      if (first.denials[i].resource == "fd 1") {
        EXPECT_EQ(suggested[i].flag + suggested[i].policy, "") << "no grant makes a socket of an output";
        continue;
      }
      EXPECT_EQ(key(first.denials[i]), std::string(kind) + " /data (network)");
      expected.erase(key(first.denials[i]));
      // The operator's choice, with somebody at the other end.
      const bool listens = std::string_view(kind) == "sock_accept";
      const Socket socket(listens);
      const std::string choice = "fd:" + std::to_string(socket.ours);
      const auto chosen = [&](std::string text) {
        const std::string open = listens ? "ADDR:PORT" : "fd:N";
        EXPECT_NE(text.find(open), std::string::npos) << text;
        return text.replace(text.find(open), open.size(), choice);
      };
      std::vector<Applied> ways{{chosen(suggested[i].flag), ""}};
      EXPECT_EQ(suggested[i].policy.empty(), !listens) << "a policy has listeners, and no connections";
      if (listens) ways.push_back({"", chosen(suggested[i].policy)});
      for (const Applied& way : ways) {
        SCOPED_TRACE(way.flag + way.policy);
        prepare(world, attempts);
        EXPECT_EQ(keys(run(world, attempts, way)), expected);
        ++tried;
      }
    }
    EXPECT_EQ(tried, std::string_view(kind) == "sock_accept" ? 2u : 1u);
  }
}

TEST(PolicySuggest, WhatIsNeverSuggested) {
  World world;
  const std::vector<Attempt> attempts = {
      {"read", "/etc/shadow", ""}, {"read", "/opt/x", ""}, {"unlink", "/data/f", ""}, {"stdin", "/", ""}};
  const api::Outcome outcome = run(world, attempts, {}, "dewar: {never: ['fs:///etc/**', stdin]}\n");
  const auto s = api::suggestions(outcome);
  ASSERT_EQ(s.size(), 4u);
  EXPECT_EQ(s[0].never, "policy line 2");
  EXPECT_EQ(s[0].flag + s[0].policy, "");
  EXPECT_THAT(s[0].message, HasSubstr("It will not be granted."));
  EXPECT_THAT(s[0].message, Not(HasSubstr(s[0].id)));
  EXPECT_EQ(s[1].flag, "--ro HOST::/opt/x");
  EXPECT_EQ(s[1].policy, R"(dewar.paths: {host: "HOST", guest: "/opt/x", access: [read]})");
  EXPECT_EQ(s[2].flag, "--allow delete:" + world.mounted / "f" + "::/data/f");
  EXPECT_EQ(s[3].never, "policy line 2");
}

TEST(PolicySuggest, ADenialOfThePolicyIsFinal) {
  World world;
  world.mounted.file("s/k", "x");
  const std::string deny = "permissions: {storage: {deny: [{uri: 'fs:///data/s/**', access: [read, write]}]}}\n";
  const std::vector<Attempt> attempts = {{"read", "/data/s/k", ""}};
  const api::Outcome outcome = run(world, attempts, {}, deny);
  const auto s = api::suggestions(outcome);
  ASSERT_EQ(s.size(), 1u);
  EXPECT_EQ(s[0].flag + s[0].policy, "");
  EXPECT_EQ(s[0].note, "policy line 2 denies it, and a denial wins over every grant");
  EXPECT_THAT(s[0].message, HasSubstr("ask the operator for " + s[0].id));
  const Applied every_right{"--allow read,write,create,delete:" + world.mounted / "s/k" + "::/data/s/k", ""};
  EXPECT_EQ(keys(run(world, attempts, every_right, deny)), keys(outcome)) << "no option helps";
}

TEST(PolicySuggest, TheModelIsToldNoOption) {
  World world;
  const std::vector<Attempt> attempts = generate();
  prepare(world, attempts);
  const api::Outcome outcome = run(world, attempts, {});
  for (const api::Suggestion& s : api::suggestions(outcome)) {
    EXPECT_THAT(s.message, Not(HasSubstr("--")));
    EXPECT_THAT(s.message, Not(HasSubstr("HOST")));
    EXPECT_THAT(s.message, Not(HasSubstr(world.mounted.path().string())));
    EXPECT_THAT(s.message, Not(HasSubstr("policy")));
    EXPECT_THAT(s.message, HasSubstr(s.id));
    EXPECT_THAT(s.message, HasSubstr("not a missing or damaged file, and not a network fault"));
    for (const char c : s.message) EXPECT_GE(static_cast<u8>(c), 0x20) << s.message;
  }
}

TEST(PolicySuggest, IdsAreStableAndDiffer) {
  api::Outcome outcome;
  const auto add = [&](const char* operation, const char* resource, const char* missing) {
    outcome.denials.push_back({operation, resource, "not-mounted", missing, "ENOTCAPABLE", "", 1});
  };
  add("path_open", "/a", "read");
  add("path_open", "/a", "write");
  add("path_open/a", "", "read");
  outcome.denials.push_back({"path_open", "/a", "mount-lacks-right", "read", "ENOTCAPABLE", "", 1});
  const auto s = api::suggestions(outcome);
  EXPECT_EQ(s[0].id, api::suggestions(outcome)[0].id);
  EXPECT_EQ(s[0].id.size(), 20u);
  EXPECT_EQ(s[3].id, s[0].id + "-2") << "one that looks like another is told apart";
  EXPECT_EQ((std::set<std::string>{s[0].id, s[1].id, s[2].id, s[3].id}).size(), 4u);
}

TEST(PolicySuggest, WordsOfAShell) {
  EXPECT_EQ(api::shell_word("a/b.c"), "a/b.c");
  EXPECT_EQ(api::shell_word(""), "''");
  EXPECT_EQ(api::shell_word("a b"), "'a b'");
  EXPECT_EQ(api::shell_word("it's"), "$'it\\x27s'");
  EXPECT_EQ(api::shell_word("a\nb'c"), "$'a\\x0ab\\x27c'");
  EXPECT_EQ(api::shell_word("a\\b"), "$'a\\x5cb'");
  EXPECT_EQ(api::shell_word("caf\xc3\xa9"), "'caf\xc3\xa9'");
  EXPECT_EQ(api::shell_word("a\xe2\x80\xae\xff"), "$'a\\xe2\\x80\\xae\\xff'");
  for (const char* text : {"plain", "a b", "it's", "$(rm x)", "a\tb\\c'd", "-x", "*", "\xff\xe2\x80\xae"}) {
    EXPECT_EQ(unquoted(api::shell_word(text)), text);
  }
}

TEST(PolicySuggest, HostileResourcesGetNoSuggestion) {
  api::Outcome outcome;
  const auto add = [&](std::string resource, const char* rule, std::string host) {
    boundary::Denial d{"path_open", std::move(resource), rule, "read", "ENOTCAPABLE", "", 1};
    d.host_path = std::move(host);
    outcome.denials.push_back(std::move(d));
  };
  add("/" + std::string(boundary::DenialLog::kMaxText, 'a') + "...", "not-mounted", "");
  add("/dewar/x", "not-mounted", "");
  add("/in/memory", "mount-lacks-right", "");
  add("/x/../y: z", "path-escape", "");
  add("/ok", "mount-lacks-right", "strange::name/ok");
  const auto s = api::suggestions(outcome);
  for (usize i = 0; i < 4; ++i) EXPECT_EQ(s[i].flag + s[i].policy, "") << i;
  EXPECT_LT(s[0].message.size(), 600u);
  EXPECT_THAT(s[3].message, HasSubstr("No permission allows it."));
  EXPECT_EQ(s[4].flag, "") << "the option cannot say it";
  EXPECT_EQ(s[4].policy, R"(dewar.paths: {host: "strange::name/ok", guest: "/ok", access: [read]})");
}

}  // namespace
}  // namespace dewar::cli
