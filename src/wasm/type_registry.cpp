// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonicalization of recursive groups (spec 3.1.3). A group's key is its structure with references into the group
// written relative to its start and references out of it as canonical ids, so two groups are equal exactly if their
// keys are. Entries live in chunks that never move; the table of groups is only touched under the mutex.
// Each entry carries its chain of supertypes ("display"), which makes is_subtype one load and one compare.
#include "wasm/type_registry.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <chrono>
#include <string>
#include <vector>

#include "wasm/limits.h"

namespace dewar::wasm {
namespace {

/// Chunk c holds kFirstChunk << c entries.
constexpr u32 kFirstChunk = 64;
constexpr u32 kChunks = 19;
static_assert(u64{kFirstChunk} * ((u64{1} << kChunks) - 1) >= TypeRegistry::kMaxTypes);

/// In a key, heap codes from here on are positions in the group; canonical ids stay below.
constexpr u32 kRelative = u32{1} << 27;
static_assert(TypeRegistry::kMaxTypes + CanonValType::kConcrete < kRelative);
static_assert(kRelative + kMaxRecGroupSize < (u32{1} << 28));

struct Place {
  u32 chunk;
  u32 at;
};

Place place_of(u32 id) {
  const u32 n = id + kFirstChunk;
  const u32 chunk = static_cast<u32>(std::bit_width(n)) - static_cast<u32>(std::bit_width(kFirstChunk));
  return {chunk, n - (kFirstChunk << chunk)};
}

/// A seed that a module's author cannot know; ids do not depend on it, only the order of buckets does.
u64 random_seed() {
  u64 seed = 0;
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof seed)) {
    seed = static_cast<u64>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
           reinterpret_cast<std::uintptr_t>(&seed);
  }
  return seed;
}

u64 fold(u64 a, u64 b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
}

u64 hash_words(const std::vector<u32>& words, u64 seed) {
  u64 h = seed ^ words.size();
  for (u32 w : words) h = fold(h ^ w ^ 0x9e3779b97f4a7c15u, 0xd6e8feb86659fd93u ^ (seed | 1));
  return h;
}

/// Appends one member's part of a group key. `code` maps a concrete index to its heap code in the key.
template <class I, class Code>
void append_type(const BasicSubType<I>& t, Code code, std::vector<u32>& key) {
  const auto value = [&](BasicValType<I> v) -> u32 {
    return v.is_concrete() ? static_cast<u32>(v.kind()) | (code(v.index()) << 4) : v.bits();
  };
  key.push_back(static_cast<u32>(t.kind) | (t.is_final ? 4u : 0u) | (t.has_super ? 8u : 0u));
  if (t.has_super) key.push_back(code(t.super));
  if (t.kind == CompositeKind::func) {
    key.push_back(static_cast<u32>(t.params.size()));
    for (auto p : t.params) key.push_back(value(p));
    key.push_back(static_cast<u32>(t.results.size()));
    for (auto r : t.results) key.push_back(value(r));
  } else {
    key.push_back(static_cast<u32>(t.fields.size()));
    for (const auto& f : t.fields) {
      key.push_back(value(f.type));
      key.push_back(f.mut ? 1 : 0);
    }
  }
}

}  // namespace

struct TypeRegistry::Entry {
  CanonSubType type;
  u32 depth = 0;                   ///< number of declared supertypes above it
  std::unique_ptr<u32[]> display;  ///< ids of those, root first
};

struct TypeRegistry::Impl {
  struct Group {
    u64 hash = 0;
    u32 first = 0;
    u32 size = 0;  ///< 0 = free slot
  };

  std::mutex mutex;
  std::array<std::atomic<Entry*>, kChunks> chunks{};
  std::vector<Group> table{std::vector<Group>(256)};
  usize groups = 0;
  const u64 seed = random_seed();
  std::vector<u32> key, other;  ///< scratch, under the mutex

  Entry& entry(u32 id) const {
    const Place p = place_of(id);
    return chunks[p.chunk].load(std::memory_order_acquire)[p.at];
  }

  void stored_key(const Group& g) {
    other.clear();
    const auto code = [&](CanonId id) {
      return id.value >= g.first ? kRelative + (id.value - g.first) : id.value + CanonValType::kConcrete;
    };
    for (u32 i = 0; i < g.size; ++i) append_type(entry(g.first + i).type, code, other);
  }

  void grow() {
    std::vector<Group> bigger(table.size() * 2);
    for (const Group& g : table) {
      if (g.size == 0) continue;
      usize slot = g.hash & (bigger.size() - 1);
      while (bigger[slot].size != 0) slot = (slot + 1) & (bigger.size() - 1);
      bigger[slot] = g;
    }
    table.swap(bigger);
  }

  /// Slot of the group whose key is in `key`: an equal one, or the free slot where it belongs.
  usize find(u64 hash) {
    usize slot = hash & (table.size() - 1);
    for (; table[slot].size != 0; slot = (slot + 1) & (table.size() - 1)) {
      if (table[slot].hash != hash) continue;
      stored_key(table[slot]);
      if (other == key) break;
    }
    return slot;
  }

  /// Writes one new entry. `id_of` maps an index of the group's space to a canonical id.
  template <class I, class IdOf>
  void add(u32 id, u32 first, u32 size, const BasicSubType<I>& from, IdOf id_of) {
    const Place p = place_of(id);
    Entry* chunk = chunks[p.chunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) {
      chunk = new Entry[kFirstChunk << p.chunk];
      chunks[p.chunk].store(chunk, std::memory_order_release);
    }
    Entry& e = chunk[p.at];
    const auto value = [&](BasicValType<I> t) {
      return t.is_concrete() ? CanonValType::ref(id_of(t.index()), t.nullable()) : CanonValType::raw(t.bits());
    };
    e.type.kind = from.kind;
    e.type.is_final = from.is_final;
    e.type.has_super = from.has_super;
    e.type.group_first = first;
    e.type.group_size = size;
    e.type.params.reserve(from.params.size());
    for (auto t : from.params) e.type.params.push_back(value(t));
    e.type.results.reserve(from.results.size());
    for (auto t : from.results) e.type.results.push_back(value(t));
    e.type.fields.reserve(from.fields.size());
    for (const auto& f : from.fields) e.type.fields.push_back({value(f.type), f.mut});
    if (from.has_super) {
      e.type.super = id_of(from.super);
      const Entry& super = entry(e.type.super.value);
      e.depth = super.depth + 1;
      e.display = std::make_unique<u32[]>(e.depth);
      for (u32 i = 0; i < super.depth; ++i) e.display[i] = super.display[i];
      e.display[super.depth] = e.type.super.value;
    }
  }

  /// Interns one group under the mutex. `relative` gives the position in the group or group.size(); `id_of` the
  /// canonical id of an index outside it.
  template <class I, class Relative, class Outer>
  Result<u32> intern(std::span<const BasicSubType<I>> group, Relative relative, Outer outer, std::atomic<u32>& size) {
    const auto count = static_cast<u32>(group.size());
    key.clear();
    const auto code = [&](I index) {
      const u32 at = relative(index);
      return at < count ? kRelative + at : outer(index).value + CanonValType::kConcrete;
    };
    for (const auto& t : group) append_type(t, code, key);
    const u64 hash = hash_words(key, seed);
    usize slot = find(hash);
    if (table[slot].size != 0) return table[slot].first;

    const u32 first = size.load(std::memory_order_relaxed);
    if (count > TypeRegistry::kMaxTypes - first) {
      return fail("wasm-limit",
                  "too many distinct types in this engine: the limit is " + std::to_string(TypeRegistry::kMaxTypes));
    }
    for (u32 i = 0; i < count; ++i) {
      add(first + i, first, count, group[i], [&](I index) {
        const u32 at = relative(index);
        return at < count ? CanonId{first + at} : outer(index);
      });
    }
    size.store(first + count, std::memory_order_release);
    table[slot] = {hash, first, count};
    if (++groups * 2 > table.size()) grow();
    return first;
  }
};

TypeRegistry::TypeRegistry() : impl_(std::make_unique<Impl>()) {}

TypeRegistry::~TypeRegistry() {
  for (auto& chunk : impl_->chunks) delete[] chunk.load(std::memory_order_relaxed);
}

Result<void> TypeRegistry::intern(std::span<const SubType> group, u32 first, std::span<const CanonId> canon,
                                  std::span<CanonId> out) {
  DEWAR_ASSERT(out.size() == group.size() && canon.size() >= first, "type interning with wrong spans");
  if (group.empty()) return {};
  const std::lock_guard lock(impl_->mutex);
  const auto id = impl_->intern(
      group, [&](TypeIndex i) { return i.value >= first ? i.value - first : static_cast<u32>(group.size()); },
      [&](TypeIndex i) { return canon[i.value]; }, size_);
  if (!id) return std::unexpected(id.error());
  for (u32 i = 0; i < group.size(); ++i) out[i] = CanonId{*id + i};
  return {};
}

Result<CanonId> TypeRegistry::func_type(std::span<const CanonValType> params, std::span<const CanonValType> results) {
  CanonSubType type;
  type.params.assign(params.begin(), params.end());
  type.results.assign(results.begin(), results.end());
  const std::lock_guard lock(impl_->mutex);
  const auto id = impl_->intern(
      std::span<const CanonSubType>(&type, 1), [](CanonId) { return 1u; }, [](CanonId i) { return i; }, size_);
  if (!id) return std::unexpected(id.error());
  return CanonId{*id};
}

const CanonSubType& TypeRegistry::type(CanonId id) const {
  DEWAR_ASSERT(id.value < size(), "canonical type id out of range");
  return impl_->entry(id.value).type;
}

bool TypeRegistry::is_subtype(CanonId sub, CanonId super) const {
  if (sub == super) return true;
  const Entry& a = impl_->entry(sub.value);
  const u32 depth = impl_->entry(super.value).depth;
  return depth < a.depth && a.display[depth] == super.value;
}

bool TypeRegistry::matches(CanonValType sub, CanonValType super) const {
  if (sub == super || sub.is_bottom()) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.nullable() && !super.nullable()) return false;
  if (super.is_concrete()) {
    if (sub.is_concrete()) return is_subtype(sub.index(), super.index());
    if (sub.heap() == Heap::bottom) return true;
    return sub.heap() == (type(super.index()).kind == CompositeKind::func ? Heap::nofunc : Heap::none);
  }
  if (!sub.is_concrete()) return heap_matches(sub.heap(), super.heap());
  switch (type(sub.index()).kind) {
    case CompositeKind::func: return heap_matches(Heap::func, super.heap());
    case CompositeKind::struct_: return heap_matches(Heap::struct_, super.heap());
    case CompositeKind::array: return heap_matches(Heap::array, super.heap());
  }
  return false;
}

}  // namespace dewar::wasm
