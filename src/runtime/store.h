// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engine (canonical types, options), Store (owner of all run-time objects, spec 4.2.3) and the objects themselves.
// A Store is used by one thread at a time; shared memories may be used by several stores.
#pragma once

#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/host.h"
#include "runtime/memory.h"
#include "runtime/stack.h"
#include "runtime/tier.h"
#include "wasm/type_registry.h"

namespace dewar::gc {
class Heap;
}

namespace dewar::runtime {

class CodeListener;

/// How code is run; fixed per engine. The test matrix switches these.
struct EngineOptions {
  wasm::Features features;
  Tier tier = Tier::interp;
  TierOptions tiering;
  bool quicken = true;           ///< fuse straight-line groups
  bool explicit_bounds = false;  ///< never rely on guard pages
  u8 cpu_level = 0;              ///< 1 to 4: compiled code uses no more of the processor (exec/tier.h); 0 = all
  CodeListener* code_listener = nullptr;  ///< told of compiled code; may be null, must outlive the engine
  bool probe_all = false;                 ///< test mode: a probe on every instruction
  bool garbage_upper = false;             ///< test mode: fill undefined upper slot halves with garbage
  bool gc_stress = false;                 ///< test mode: collect at every allocation
  bool mix_tiers = false;                 ///< test mode: every other function of a module stays in the interpreter
  bool hide_memory = false;  ///< test mode: host functions reach guest memory by their accessors only (design D9)
};

/// Per-store limits; each refusal is exact and deterministic.
struct StoreLimits {
  u64 max_memory_bytes = u64{4} << 30;  ///< per memory
  u64 max_table_elements = 10'000'000;  ///< per table
  u64 max_gc_bytes = u64{1} << 30;
  u32 max_instances = 100'000;
  u32 max_memories = 10'000;
  u32 max_tables = 100'000;
  u64 max_code_bytes = u64{512} << 20;  ///< what functions take: code sets, prepared bodies, side tables, root maps
  u64 max_total_bytes = ~u64{0};        ///< all memories and tables together; off by default
};

class Engine {
 public:
  /// `native` is an arena that engines share (exec::make_native); without it, one that compiles gets its own.
  explicit Engine(const EngineOptions& options = {}, std::shared_ptr<const NativeStubs> native = nullptr)
      : options_(options), native_(std::move(native)) {}
  const EngineOptions& options() const { return options_; }
  wasm::TypeRegistry& types() { return types_; }
  /// What exec::attach() makes for engines that compile; null without.
  std::shared_ptr<const NativeStubs>& native() { return native_; }
  std::once_flag& native_once() { return native_once_; }
  /// The thread that compiles, made by exec when there is something to do. It ends before anything else of the engine.
  std::shared_ptr<void>& compiler_thread() { return compiler_thread_; }

 private:
  EngineOptions options_;
  std::shared_ptr<const NativeStubs> native_;
  std::once_flag native_once_;
  wasm::TypeRegistry types_;
  std::shared_ptr<void> compiler_thread_;
};

/// A function instance (spec 4.2.6): Wasm (code, instance) or host.
struct Func {
  wasm::CanonId type;
  u32 index = 0;                 ///< in the store: runtime::func_ref(index) names it
  FuncCode* code = nullptr;      ///< Wasm function
  Instance* instance = nullptr;  ///< Wasm function: its instance
  HostFunc host;                 ///< host function if code == null
};

/// Deleter of arrays from calloc, whose zero pages cost nothing until they are touched.
struct FreeArray {
  void operator()(void* p) const { std::free(p); }
};

/// Table instance. `cache` runs beside `refs` in function tables, so that call_indirect needs no handle lookup.
struct Table {
  wasm::CanonTableType type;
  std::unique_ptr<Ref[], FreeArray> refs;
  std::unique_ptr<Func*[], FreeArray> cache;  ///< null unless the element type is in the func hierarchy
  u64 size = 0;
  u64 capacity = 0;
  u64 touched = 0;  ///< at least the size; elements from here on are null
  u64 max = 0;      ///< growth beyond fails (declared max, store limit)
  bool is_func = false;
  /// Writes an element and its cache. Precondition: i < size.
  void set(Store& store, u64 i, Ref r);
  /// The type with the current size as minimum (what import matching compares).
  wasm::CanonTableType current_type() const {
    wasm::CanonTableType t = type;
    t.limits.min = size;
    return t;
  }
};

struct Global {
  Slot value[2] = {0, 0};
  wasm::CanonGlobalType type;
};

struct Tag {
  wasm::CanonId type;
  u32 index = 0;  ///< in the store
};

/// An imported or exported entity.
struct Extern {
  wasm::ExternKind kind = wasm::ExternKind::func;
  Func* func = nullptr;
  Table* table = nullptr;
  std::shared_ptr<Memory> memory;
  Global* global = nullptr;
  Tag* tag = nullptr;
};

/// Module instance (spec 4.2.5). Owned by the store; pointers stay valid for the store's life.
struct Instance {
  Store* store = nullptr;
  base::Ref<const wasm::Module> module;
  base::Ref<CodeSet> codes;
  FuncCode* code_table = nullptr;  ///< codes->data(): code of defined function i
  u8* memory0 = nullptr;           ///< base of memory 0 if it exists and is guarded, else null
  std::unique_ptr<Func*[]> funcs;  ///< imports, then definitions
  std::unique_ptr<Table*[]> tables;
  std::unique_ptr<Memory*[]> memories;
  std::unique_ptr<Global*[]> globals;  ///< set by set_global()
  /// The first of them once more: compiled code finds them with one load less.
  static constexpr u32 kNearGlobals = 6;
  Global* near_globals[kNearGlobals] = {};
  std::unique_ptr<Tag*[]> tags;
  std::vector<std::shared_ptr<Memory>> memory_owners;  ///< beside `memories`
  std::vector<bool> dropped_elems;
  std::vector<bool> dropped_datas;
  std::vector<std::unique_ptr<Ref[]>> elem_refs;  ///< evaluated element segments; null once dropped (size 0 then)
  void* host_data = nullptr;                      ///< for the embedder

  void set_global(u32 index, Global* global) {
    globals[index] = global;
    if (index < kNearGlobals) near_globals[index] = global;
  }
};

/// Engine hooks that exec/ installs; runtime never includes exec/.
struct ExecHooks {
  /// Runs `func` on `stack`. args/results are slots; results are written iff Outcome::returned.
  Outcome (*invoke)(Stack& stack, Func& func, const Slot* args, Slot* results) = nullptr;
  /// Calls visit(user, ref_slot) for every live reference in the frames of `stack`.
  void (*visit_roots)(Stack& stack, void (*visit)(void* user, Ref ref), void* user) = nullptr;
  /// May make code of a new instance, of which nothing has run, on behalf of the stack. Null if nobody wants that.
  void (*instantiating)(Stack& stack, Instance& instance) = nullptr;
  /// Finds out beforehand what visit_roots needs to know of the code on `stack`, which can be much work. False, with
  /// payer.trap.kind set, if that was stopped or does not fit the code budget.
  bool (*prepare_roots)(Stack& stack, Stack& payer) = nullptr;
};

enum class WaitDecision : u8;  // wait_queue.h

/// How memory.atomic.wait passes time. By default (decide == null) a wait sleeps in real time. A store with a virtual
/// clock installs a function that moves the clock past the timeout, or knows that nobody could end the wait.
struct WaitPolicy {
  /// Called on the waiting thread with an internal lock held: it must not wait or notify. timeout_ns < 0 = none.
  WaitDecision (*decide)(void* user, Store& store, Memory& memory, i64 timeout_ns) = nullptr;
  void* user = nullptr;
};

class Store {
 public:
  Store(Engine& engine, const StoreLimits& limits = {});
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Engine& engine() { return engine_; }
  const StoreLimits& limits() const { return limits_; }
  gc::Heap& heap() { return *heap_; }

  /// Function named by a func Ref. Precondition: ref_kind(r) == RefKind::func.
  Func* func(Ref r) { return funcs_[ref_index(r)]; }
  Tag* tag(u32 index) { return tags_[index]; }

  /// New objects of the store. Errors: "limit-functions", "limit-table", "limit-memory", "limit-instances".
  Result<Func*> new_host_func(wasm::CanonId type, HostFn fn, void* env);
  /// Precondition: room_for_funcs(1).
  Func* new_wasm_func(wasm::CanonId type, FuncCode* code, Instance* instance);
  bool room_for_funcs(u64 count) const { return count <= kMaxHandles - funcs_.size(); }
  Result<Table*> new_table(const wasm::CanonTableType& type, Ref init);
  Result<std::shared_ptr<Memory>> new_memory(const wasm::MemoryType& type);
  /// Lets this store's code use a memory that another store made (shared memories).
  void adopt_memory(const std::shared_ptr<Memory>& memory);
  Global* new_global(const wasm::CanonGlobalType& type, const Slot value[2]);
  Tag* new_tag(wasm::CanonId type);
  /// An empty instance of a module. The store's instances of one module share a CodeSet unless `codes` gives one.
  /// Error "limit-code" if there is no room for a new one.
  Result<Instance*> new_instance(base::Ref<const wasm::Module> module, base::Ref<CodeSet> codes = nullptr);
  /// A host reference (externref) for an embedder's 64-bit value; equal values give equal refs.
  Result<Ref> new_host_ref(u64 value);
  u64 host_ref_value(Ref r) const { return host_refs_[ref_index(r)]; }

  /// The refusals of new_table and new_memory that depend on nothing but type and limits.
  Result<void> check_table(const wasm::CanonTableType& type) const;
  Result<void> check_memory(const wasm::MemoryType& type) const;

  /// Bytes of all memories and tables together, as limits.max_total_bytes counts them.
  u64 total_bytes() const { return limits_.max_total_bytes - budget_->left.load(std::memory_order_relaxed); }
  /// Refusals of growth so far.
  const GrowthBudget& growth() const { return *budget_; }
  const std::deque<Table>& tables() const { return tables_; }
  const std::vector<std::shared_ptr<Memory>>& memories() const { return memories_; }

  /// Bytes left for code, limits.max_code_bytes at first. What was taken stays taken: code is never unprepared.
  u64& code_room() { return code_room_; }
  /// Takes `kept` bytes of it for good, if there is room for what was `needed` on the way, which is no less.
  [[nodiscard]] bool take_code(u64 kept, u64 needed);
  /// The least limits.max_code_bytes with which everything so far would have gone the same way.
  u64 code_peak() const { return code_peak_; }

  /// Grows a table; old size, or nullopt if refused by max, limit or memory, or stopped: all or nothing.
  std::optional<u64> grow_table(Table& table, u64 delta, Ref init, base::StopBits stop = {});

  /// Does a reference from outside name something that exists?
  bool is_valid(Ref r) const;
  /// Does a reference belong to a canonical reference type (spec 4.2.2 / 3.3.4)? Null belongs to nullable types.
  bool ref_matches(Ref r, wasm::CanonValType type);

  /// Stacks register themselves while alive, so that a collection finds every root.
  std::vector<Stack*>& stacks() { return stacks_; }
  std::deque<Instance>& instances() { return instances_; }
  /// Extra roots held by the host (handles); slots of this list are visited by every collection.
  std::vector<Ref>& host_roots() { return host_roots_; }
  /// Roots that exist for the time of an operation of the runtime (constant expressions); used as a stack.
  std::vector<Ref>& temp_roots() { return temp_roots_; }
  /// Test mode hide_memory: takes the guest's way to memories away during a host call, or gives it back. Shared ones
  /// stay, because other threads may run guest code.
  void hide_memories(bool hidden);
  bool memories_hidden() const { return memories_hidden_; }
  /// Is the guarded range that starts at `start` one of this store's memories? For the fault handler.
  bool uses_reservation(const u8* start) const;

  /// Bytes of heap and roots that a unit of fuel pays for in a collection: about four small objects.
  static constexpr u64 kCollectUnit = 64;

  /// Collects garbage now, for an observer, a host or a test: fuel and later collections are as if it had not happened.
  /// Precondition, here and below: every registered stack is at a safe point.
  void collect();
  /// The collection that an allocation needs, paid for before it begins. False, with nothing freed and payer.trap.kind
  /// set, if the fuel does not suffice or the stack was killed, before or meanwhile.
  bool collect_due(Stack& payer);

  ExecHooks hooks;
  WaitPolicy wait_policy;

 private:
  void mark_instance(const Instance& instance, base::StopBits stop);
  void mark_roots(base::StopBits stop);
  /// Bytes that mark_roots() will look at; only the payer's stack, because others may belong to observers.
  u64 root_bytes(const Stack& payer) const;

  Engine& engine_;
  StoreLimits limits_;
  std::unique_ptr<gc::Heap> heap_;
  std::deque<Instance> instances_;
  std::deque<Func> func_storage_;
  std::vector<Func*> funcs_;
  std::deque<Table> tables_;
  std::vector<std::shared_ptr<Memory>> memories_;
  std::vector<const u8*> reservations_;  ///< of guarded memories in use, sorted
  ByteBudget budget_;
  u64 code_room_;
  u64 code_peak_ = 0;
  std::unordered_map<const wasm::Module*, base::Ref<CodeSet>> code_sets_;
  std::deque<Global> globals_;
  std::deque<Tag> tag_storage_;
  std::vector<Tag*> tags_;
  std::vector<u64> host_refs_;
  std::unordered_map<u64, u32> host_ref_index_;
  std::vector<Stack*> stacks_;
  std::vector<Ref> host_roots_;
  std::vector<Ref> temp_roots_;
  bool memories_hidden_ = false;
};

/// Memories hidden, or shown in spite of an outer scope that hides them, until the end of the scope.
class HideMemoriesScope {
 public:
  HideMemoriesScope(Store& store, bool hidden) : store_(store), changed_(store.memories_hidden() != hidden) {
    if (DEWAR_UNLIKELY(changed_)) store_.hide_memories(hidden);
  }
  ~HideMemoriesScope() {
    if (DEWAR_UNLIKELY(changed_)) store_.hide_memories(!store_.memories_hidden());
  }
  HideMemoriesScope(const HideMemoriesScope&) = delete;
  HideMemoriesScope& operator=(const HideMemoriesScope&) = delete;

 private:
  Store& store_;
  const bool changed_;
};

}  // namespace dewar::runtime
