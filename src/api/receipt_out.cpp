// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A walk, depth first, without recursion. Names and contents are bounded by what the folder may hold; sizes are not, as
// holes take no room: contents are hashed as far as the sizes together fit the folder, which is what --out brings back.
#include "api/receipt_out.h"

#include <array>

#include "base/print.h"
#include "base/sha256.h"

namespace dewar::api {
namespace {

using boundary::MemFs;

constexpr usize kMaxFacts = 10'000;
constexpr usize kMaxText = usize{1} << 20;
constexpr usize kPiece = 65536;

class Walk {
 public:
  explicit Walk(const MemFs& files) : files_(files), left_(files.max_bytes()) {}

  std::vector<Fact> run() {
    enter(MemFs::kRoot);
    while (!levels_.empty()) {
      Level& level = levels_.back();
      path_.resize(level.path_size);
      if (level.next == level.entries.size()) {
        levels_.pop_back();
        continue;
      }
      const MemFs::Entry& entry = level.entries[level.next++];
      path_ += (path_.empty() ? "" : "/") + entry.name;
      note(value_of(entry), levels_.size());
      if (entry.kind == MemFs::Kind::directory) enter(entry.node);
    }
    facts_.push_back({"left.out", base::dec(names_) + " names " + all_.finish()});
    return std::move(facts_);
  }

 private:
  struct Level {
    std::vector<MemFs::Entry> entries;
    usize next = 0;
    usize path_size = 0;
  };

  void enter(u64 node) { levels_.push_back({*files_.list(node, SIZE_MAX, SIZE_MAX), 0, path_.size()}); }

  // The whole path would be hashed again for everything below it: its last name and depth say the same.
  void note(const std::string& value, usize depth) {
    ++names_;
    const std::string_view name = std::string_view(path_).substr(path_.rfind('/') + 1);
    const std::string line = base::dec(depth) + " " + base::dec(name.size()) + " " + std::string(name) + value + "\n";
    all_.update(std::span(reinterpret_cast<const u8*>(line.data()), line.size()));
    if (facts_.size() >= kMaxFacts || path_.size() > kMaxText - text_) return;
    text_ += path_.size();
    facts_.push_back({"left.out " + path_, value});
  }

  std::string value_of(const MemFs::Entry& entry) {
    if (entry.kind == MemFs::Kind::directory) return "folder";
    if (entry.kind == MemFs::Kind::link) return "link " + base::sha256_hex(*files_.link_target(entry.node));
    const u64 size = files_.status(entry.node).size;
    const std::string bytes = base::dec(size) + " bytes";
    if (size > left_) return bytes + ", too large";
    left_ -= size;
    base::Sha256 hash;
    for (u64 at = 0; at < size;) {
      const usize n = files_.read(entry.node, at, piece_).value_or(0);
      if (n == 0) return bytes + ", unreadable";
      hash.update(std::span(piece_).first(n));
      at += n;
    }
    return bytes + " " + hash.finish();
  }

  const MemFs& files_;
  u64 left_;
  std::vector<Level> levels_;
  std::string path_;
  std::array<u8, kPiece> piece_;
  std::vector<Fact> facts_;
  usize text_ = 0;
  u64 names_ = 0;
  base::Sha256 all_;
};

}  // namespace

std::vector<Fact> out_facts(const MemFs& files) { return Walk(files).run(); }

}  // namespace dewar::api
