// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: a validated module runs under limits (fuel, memory, tables, heap, stack) and does the same in every
// mode: outcomes, traps, fuel, results, memories and numeric globals of the plain interpreter equal those of the
// others.
#include <cstring>
#include <memory>

#include "exec/exec.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/stub_imports.h"
#include "runtime/instantiate.h"
#include "runtime/wait_queue.h"
#include "wasm/validate.h"

namespace {

using namespace dewar;
using runtime::Outcome;

constexpr i64 kFuel = 20'000;
constexpr usize kMaxCalls = 24;
constexpr u32 kPatterns = 3;  ///< of arguments, for each function
constexpr u64 kStackBytes = u64{64} << 10;
constexpr u64 kHashPrime = 0x100000001b3;

runtime::StoreLimits small_limits() {
  runtime::StoreLimits limits;
  limits.max_memory_bytes = u64{4} << 20;
  limits.max_table_elements = 100'000;
  limits.max_gc_bytes = u64{4} << 20;
  limits.max_instances = 8;
  limits.max_memories = 16;
  limits.max_tables = 64;
  limits.max_total_bytes = u64{16} << 20;
  return limits;
}

/// Nobody else runs, so a wait either times out at once or never ends.
runtime::WaitDecision decide(void*, runtime::Store&, runtime::Memory&, i64 timeout_ns) {
  return timeout_ns < 0 ? runtime::WaitDecision::deadlock : runtime::WaitDecision::time_out;
}

/// Everything that must not depend on the mode, folded into one number, with a log for the report of a difference.
class Observations {
 public:
  void add(const char* what, u64 value) {
    hash_ = (hash_ ^ value) * kHashPrime;
    if (entries_.size() < kMaxEntries) entries_.push_back({what, value});
  }
  u64 hash() const { return hash_; }
  void print_difference(const Observations& other) const {
    for (usize i = 0; i < entries_.size() && i < other.entries_.size(); ++i) {
      if (entries_[i].value == other.entries_[i].value) continue;
      std::fprintf(stderr, "observation %zu (%s): %llx or %llx\n", i, entries_[i].what,
                   static_cast<unsigned long long>(entries_[i].value),
                   static_cast<unsigned long long>(other.entries_[i].value));
      return;
    }
  }

 private:
  static constexpr usize kMaxEntries = 4096;
  struct Entry {
    const char* what;
    u64 value;
  };
  u64 hash_ = 0xcbf29ce484222325;
  std::vector<Entry> entries_;
};

/// One run of the module in one mode.
class Run {
 public:
  explicit Run(const runtime::EngineOptions& options) : engine_(options), store_(engine_, small_limits()) {
    exec::attach(store_);
    store_.wait_policy.decide = decide;
    auto stack = runtime::Stack::create(store_, kStackBytes);
    DEWAR_FUZZ_CHECK(stack.has_value(), "no stack");
    stack_ = std::move(*stack);
  }

  Observations observe(std::span<const u8> bytes) {
    auto module = wasm::load_module({bytes.begin(), bytes.end()}, engine_.types(), engine_.options().features);
    if (!module) return std::move(seen_);
    auto imports = fuzz::stub_imports(store_, **module);
    if (!imports) return std::move(seen_);
    stack_->fuel = kFuel;
    auto made = runtime::instantiate(store_, *module, std::span<const runtime::Extern>(*imports), *stack_);
    seen_.add("linked", made.has_value());
    if (!made) return std::move(seen_);
    add_outcome(made->outcome);
    if (made->outcome == Outcome::returned) call_exports(**module, *made->instance);
    add_state(**module, *made->instance);
    return std::move(seen_);
  }

 private:
  void call_exports(const wasm::Module& module, runtime::Instance& instance) {
    usize calls = 0;
    for (const wasm::Export& item : module.exports) {
      if (item.kind != wasm::ExternKind::func) continue;
      runtime::Func& func = *instance.funcs[item.index];
      const u32 patterns = engine_.types().type(func.type).params.empty() ? 1 : kPatterns;
      for (u32 pattern = 0; pattern < patterns && calls < kMaxCalls; ++pattern, ++calls) call(func, pattern);
    }
  }

  void call(runtime::Func& func, u32 pattern) {
    const wasm::CanonSubType& type = engine_.types().type(func.type);
    const auto args = arguments(type.params, pattern);
    if (!args) return;
    usize slots = 0;
    for (const wasm::CanonValType t : type.results) slots += t.slots();
    std::vector<Slot> results(slots, 0);
    stack_->fuel = kFuel;
    const Outcome outcome = exec::invoke(*stack_, func, *args, results);
    add_outcome(outcome);
    if (outcome == Outcome::returned) add_values(type.results, results.data());
  }

  /// Pattern 0 is all zeros; the others put edges of the number types into numeric slots. References are null.
  static std::optional<std::vector<Slot>> arguments(std::span<const wasm::CanonValType> types, u32 pattern) {
    static constexpr Slot kEdges[] = {1,
                                      ~Slot{0},
                                      0x8000000080000000,
                                      0x7fffffff7fffffff,
                                      0x3ff000003f800000,
                                      0x7ff4000000000000,
                                      0x7fa00000,
                                      65535,
                                      0xfff0000000000000,
                                      8};
    auto slots = fuzz::default_slots(types);
    if (!slots || pattern == 0) return slots;
    usize at = 0;
    for (const wasm::CanonValType type : types) {
      for (u32 k = 0; k < type.slots(); ++k, ++at) {
        if (!type.is_ref()) (*slots)[at] = kEdges[(at + pattern * 3) % std::size(kEdges)];
      }
    }
    return slots;
  }

  void add_outcome(Outcome outcome) {
    seen_.add("outcome", static_cast<u64>(outcome));
    seen_.add("fuel", static_cast<u64>(stack_->fuel));
    if (outcome == Outcome::trapped) {
      seen_.add("trap", static_cast<u64>(stack_->trap.kind));
      seen_.add("frames", stack_->trap.total_frames);
      for (const runtime::FrameInfo& frame : stack_->trap.frames) {
        seen_.add("frame function", frame.func);
        seen_.add("frame pc", frame.pc);
      }
    }
    stack_->exception = runtime::kNullRef;
    DEWAR_FUZZ_CHECK(outcome != Outcome::pending && outcome != Outcome::exited, "nobody asked for this outcome");
    DEWAR_FUZZ_CHECK(stack_->fuel >= 0 && stack_->fuel <= kFuel, "fuel went out of its range");
  }

  void add_values(std::span<const wasm::CanonValType> types, const Slot* slots) {
    for (const wasm::CanonValType type : types) {
      switch (type.kind()) {
        case wasm::CanonValType::kI32:
        case wasm::CanonValType::kF32: seen_.add("32-bit value", static_cast<u32>(slots[0])); break;
        case wasm::CanonValType::kI64:
        case wasm::CanonValType::kF64: seen_.add("64-bit value", slots[0]); break;
        case wasm::CanonValType::kV128:
          seen_.add("v128 low", slots[0]);
          seen_.add("v128 high", slots[1]);
          break;
        default: add_ref(static_cast<runtime::Ref>(slots[0])); break;
      }
      slots += type.slots();
    }
  }

  /// The heap places objects differently when it collects at other times, so only what kind of reference it is counts.
  void add_ref(runtime::Ref ref) {
    const runtime::RefKind kind = runtime::ref_kind(ref);
    seen_.add("reference kind", static_cast<u64>(kind));
    if (kind == runtime::RefKind::i31) seen_.add("i31", ref);
  }

  void add_state(const wasm::Module& module, runtime::Instance& instance) {
    for (usize i = 0; i < module.memories.size(); ++i) {
      const runtime::Memory& memory = *instance.memories[i];
      u64 hash = 0;
      for (u64 at = 0; at + 8 <= memory.bytes; at += 8) {
        u64 word;
        std::memcpy(&word, memory.base + at, 8);
        hash = (hash ^ word) * kHashPrime;
      }
      for (u64 at = memory.bytes & ~u64{7}; at < memory.bytes; ++at) hash = (hash ^ memory.base[at]) * kHashPrime;
      seen_.add("memory size", memory.bytes);
      seen_.add("memory", hash);
    }
    for (usize i = 0; i < module.globals.size(); ++i) {
      const runtime::Global& global = *instance.globals[i];
      add_values({&global.type.type, 1}, global.value);
    }
    for (usize i = 0; i < module.tables.size(); ++i) {
      const runtime::Table& table = *instance.tables[i];
      seen_.add("table size", table.size);
      for (u64 k = 0; k < table.size; ++k) {
        if (table.refs[k] != runtime::kNullRef) add_ref(table.refs[k]);
      }
    }
  }

  runtime::Engine engine_;
  runtime::Store store_;
  std::unique_ptr<runtime::Stack> stack_;
  Observations seen_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  {
    wasm::TypeRegistry registry;
    if (!wasm::load_module(std::vector<u8>(data, data + size), registry)) return 0;
  }
  runtime::EngineOptions plain;
  plain.quicken = false;
  const Observations expected = Run(plain).observe({data, size});
  runtime::EngineOptions others[3];
  others[1].explicit_bounds = true;
  others[1].garbage_upper = true;
  others[2].probe_all = true;
  others[2].gc_stress = true;
  for (const runtime::EngineOptions& options : others) {
    const Observations seen = Run(options).observe({data, size});
    if (seen.hash() != expected.hash()) expected.print_difference(seen);
    DEWAR_FUZZ_CHECK(seen.hash() == expected.hash(), "two modes of execution differ");
  }
  return 0;
}
