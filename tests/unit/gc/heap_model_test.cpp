// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random programs over the heap against a model in ordinary C++: after every collection exactly the objects that are
// reachable in the model are left, with the contents that were written, and two runs make the same choices.
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "gc/size_classes.h"
#include "unit/gc/gc_types.h"

namespace dewar::gc {
namespace {

using runtime::kNullRef;

/// What the model knows about an object.
struct Node {
  std::vector<Ref> refs;  ///< by position among the reference fields
  std::vector<u32> at;    ///< their payload offsets
  std::vector<u8> bytes;  ///< the rest of the payload, position = offset; reference bytes are not compared
  u64 rounded = 0;
};

class Model {
 public:
  Model(u64 seed, u64 max_bytes) : random_(seed), heap_(types_.registry, max_bytes) {
    structs_.push_back(types_.add_struct({}));
    structs_.push_back(types_.add_struct({kAnyRef}));
    structs_.push_back(types_.add_struct({wasm::kI64, kAnyRef, kI8, kAnyRef, wasm::kV128}));
    structs_.push_back(types_.add_struct(std::vector<ValType>(60, kAnyRef)));
    bytes_ = types_.add_array(kI8);
    refs_ = types_.add_array(kAnyRef);
    tag_ = types_.add_func({wasm::kI32, kAnyRef, wasm::kV128, kAnyRef});
    roots_.resize(16, kNullRef);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      switch (below(10)) {
        case 0:
        case 1:
        case 2:
        case 3: create(); break;
        case 4:
        case 5:
        case 6: link(); break;
        case 7: scribble(); break;
        case 8: roots_[below(roots_.size())] = kNullRef; break;
        default:
          if (below(20) == 0) collect();
      }
    }
    collect();
  }

  const std::vector<Ref>& created() const { return created_; }
  u64 refused() const { return refused_; }

 private:
  u32 below(usize n) { return static_cast<u32>(random_() % n); }

  void create() {
    const u32 kind = below(8);
    u32 length = 0;
    const auto make = [&] {
      switch (kind) {
        case 0:
        case 1:
        case 2:
        case 3: return heap_.new_struct(structs_[kind]);
        case 4: return heap_.new_exception(1, tag_);
        case 5: return heap_.new_array(refs_, length);
        default: return heap_.new_array(bytes_, length);
      }
    };
    if (kind == 5) length = below(below(10) == 0 ? 5000 : 30);
    if (kind >= 6) length = below(below(20) == 0 ? 200'000 : 300);
    Ref r = make();
    if (r == kNullRef) {
      ++refused_;
      collect();
      r = make();
      if (r == kNullRef) return;
    }
    ASSERT_FALSE(nodes_.contains(r)) << "an object that is alive was handed out again";
    created_.push_back(r);
    Node node;
    const CanonId type = heap_.type_of(r);
    const Layout& layout = heap_.layout(type);
    u64 size = layout.size;
    if (kind >= 5) size *= length;
    if (kind == 5) {
      for (u32 i = 0; i < length; ++i) node.at.push_back(i * 4);
    } else {
      node.at = layout.ref_offsets;
      if (kind >= 6) node.at.clear();
    }
    node.refs.resize(node.at.size(), kNullRef);
    node.bytes.resize(size, 0);
    node.rounded = rounded_bytes(size + Heap::kHeaderBytes);
    nodes_.emplace(r, std::move(node));
    roots_[below(roots_.size())] = r;
  }

  /// Some object reachable from a root, by a random walk; null if the root is.
  Ref pick() {
    Ref r = roots_[below(roots_.size())];
    for (u32 steps = below(6); r != kNullRef && steps > 0; --steps) {
      const Node& node = nodes_.at(r);
      if (node.refs.empty()) break;
      const Ref next = node.refs[below(node.refs.size())];
      if (next == kNullRef || (next & 7) != 0) break;
      r = next;
    }
    return r;
  }

  void link() {
    const Ref from = pick();
    if (from == kNullRef) return;
    Node& node = nodes_.at(from);
    if (node.refs.empty()) return;
    const u32 i = below(node.refs.size());
    const u32 what = below(8);
    // Immediate values in between: they must not confuse the marker.
    const Ref to = what == 0   ? kNullRef
                   : what == 1 ? runtime::i31_ref(below(1 << 20))
                   : what == 2 ? runtime::func_ref(3)
                               : pick();
    node.refs[i] = to;
    std::memcpy(heap_.payload(from) + node.at[i], &to, 4);
  }

  void scribble() {
    const Ref r = pick();
    if (r == kNullRef) return;
    Node& node = nodes_.at(r);
    if (node.bytes.empty()) return;
    const u32 i = below(node.bytes.size());
    for (const u32 at : node.at) {
      if (i >= at && i < at + 4) return;
    }
    node.bytes[i] = static_cast<u8>(random_());
    heap_.payload(r)[i] = node.bytes[i];
  }

  void collect() {
    heap_.begin_mark();
    std::set<Ref> live;
    std::vector<Ref> todo;
    const auto visit = [&](Ref r) {
      if (r != kNullRef && (r & 7) == 0 && live.insert(r).second) todo.push_back(r);
    };
    for (const Ref r : roots_) {
      if (r != kNullRef) heap_.mark(r);
      visit(r);
    }
    while (!todo.empty()) {
      const Ref r = todo.back();
      todo.pop_back();
      for (const Ref child : nodes_.at(r).refs) visit(child);
    }
    heap_.sweep();
    u64 bytes = 0;
    for (auto it = nodes_.begin(); it != nodes_.end();) {
      const bool lives = live.contains(it->first);
      ASSERT_EQ(heap_.is_object(it->first), lives) << it->first;
      if (!lives) {
        it = nodes_.erase(it);
        continue;
      }
      check(it->first, it->second);
      bytes += it->second.rounded;
      ++it;
    }
    EXPECT_EQ(heap_.allocated_bytes(), bytes);
    auto expected = live.begin();
    heap_.for_each_object([&](Ref r) {
      ASSERT_NE(expected, live.end());
      EXPECT_EQ(r, *expected++);
    });
    EXPECT_EQ(expected, live.end());
  }

  void check(Ref r, const Node& node) {
    const u8* payload = heap_.payload(r);
    for (usize i = 0; i < node.at.size(); ++i) {
      ASSERT_EQ(std::memcmp(payload + node.at[i], &node.refs[i], 4), 0) << r << " reference " << i;
    }
    usize next = 0;
    for (usize i = 0; i < node.bytes.size(); ++i) {
      if (next < node.at.size() && i == node.at[next]) {
        i += 3;
        ++next;
        continue;
      }
      ASSERT_EQ(payload[i], node.bytes[i]) << r << " byte " << i;
    }
  }

  std::mt19937_64 random_;
  GcTypes types_;
  Heap heap_;
  std::vector<CanonId> structs_;
  CanonId bytes_, refs_, tag_;
  std::vector<Ref> roots_;
  std::map<Ref, Node> nodes_;
  std::vector<Ref> created_;
  u64 refused_ = 0;
};

TEST(HeapModel, RoomyHeap) {
  for (u64 seed = 1; seed <= 8; ++seed) {
    Model model(seed, u64{64} << 20);
    model.run(6000);
    EXPECT_GT(model.created().size(), 1500u);
  }
}

TEST(HeapModel, TightHeapRefusesAndRecovers) {
  u64 refused = 0;
  for (u64 seed = 100; seed < 108; ++seed) {
    Model model(seed, u64{256} << 10);
    model.run(6000);
    refused += model.refused();
  }
  EXPECT_GT(refused, 10u);
}

TEST(HeapModel, TheSameProgramGetsTheSameReferences) {
  Model first(7, u64{512} << 10), second(7, u64{512} << 10);
  first.run(8000);
  second.run(8000);
  EXPECT_GT(first.created().size(), 1000u);
  EXPECT_EQ(first.created(), second.created());
  EXPECT_EQ(first.refused(), second.refused());
}

}  // namespace
}  // namespace dewar::gc
