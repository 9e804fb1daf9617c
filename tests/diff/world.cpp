// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/world.h"

#include <cstring>

#include "base/print.h"
#include "diff/edges.h"
#include "exec/exec.h"
#include "exec/probe_point.h"
#include "gc/heap.h"
#include "runtime/instantiate.h"
#include "runtime/wait_queue.h"
#include "wasm/decoder.h"
#include "wasm/instr.h"
#include "wasm/validate.h"

namespace dewar::diff {
namespace {

using runtime::Outcome;
using wasm::CanonValType;

constexpr i64 kFuel = 30'000;
constexpr u32 kPatterns = 2;    ///< argument lists per function
constexpr u32 kShortCalls = 6;  ///< with less fuel than it takes
constexpr u64 kStackBytes = u64{64} << 10;
constexpr u32 kRunsPerEngine = 500;  ///< an engine keeps every type that it has seen
constexpr u64 kPrime = 0x100000001b3;

runtime::StoreLimits small_limits() {
  runtime::StoreLimits limits;
  limits.max_memory_bytes = u64{4} << 20;
  limits.max_table_elements = 10'000;
  limits.max_gc_bytes = u64{4} << 20;
  limits.max_total_bytes = u64{16} << 20;
  return limits;
}

/// Nobody else runs, so a wait either times out at once or never ends.
runtime::WaitDecision decide(void*, runtime::Store&, runtime::Memory&, i64 timeout_ns) {
  return timeout_ns < 0 ? runtime::WaitDecision::deadlock : runtime::WaitDecision::time_out;
}

/// What a reference is; the heap places objects differently when it collects at other times.
u64 ref_summary(runtime::Store& store, runtime::Ref ref) {
  const runtime::RefKind kind = runtime::ref_kind(ref);
  u64 sum = static_cast<u64>(kind);
  if (kind == runtime::RefKind::i31 || kind == runtime::RefKind::func || kind == runtime::RefKind::host)
    return sum | (u64{ref} << 8);
  if (kind != runtime::RefKind::object) return sum;
  if (store.heap().is_exception(ref)) return sum | (u64{store.heap().exception_tag(ref)} << 8) | (u64{1} << 63);
  // Canonical ids depend on what the engine saw before.
  const wasm::CanonSubType& type = store.engine().types().type(store.heap().type_of(ref));
  return sum | (u64{type.is_final} << 8) | (u64{type.fields.size()} << 16) |
         (u64{type.kind == wasm::CompositeKind::array ? store.heap().array_length(ref) : 0} << 32);
}

u64 value_bits(runtime::Store& store, CanonValType type, const Slot* slots, u32 k) {
  switch (type.kind()) {
    case CanonValType::kI32:
    case CanonValType::kF32: return static_cast<u32>(slots[0]);
    case CanonValType::kI64:
    case CanonValType::kF64:
    case CanonValType::kV128: return slots[k];
    default: return ref_summary(store, static_cast<runtime::Ref>(slots[0]));
  }
}

/// What host functions were given, and their answers, which depend on nothing else.
struct HostLog {
  u64 calls = 0;
  u64 hash = 0;
  // Which call of a host function, counted from the begin of all, asks its stack for an interrupt. 0: none.
  u64 kills_every = 0, freezes_every = 0;
};
struct HostEnv {
  HostLog* log;
  const wasm::CanonSubType* type;
  bool calls_back;  ///< calls the caller's last function with zeros, unless such a call is under way
  bool* inside = nullptr;
};

/// Calls the guest from a host function and mixes in how that ended.
runtime::HostStatus call_back(runtime::CallContext& ctx, const HostEnv& env, u64& mix) {
  const runtime::Instance& instance = *ctx.caller;
  runtime::Func& func = *instance.funcs[instance.module->funcs.size() - 1];
  const wasm::CanonSubType& type = ctx.store.engine().types().type(func.type);
  std::vector<Slot> args, results;
  for (const CanonValType t : type.params) args.resize(args.size() + t.slots());
  for (const CanonValType t : type.results) results.resize(results.size() + t.slots());
  *env.inside = true;
  const Outcome outcome = exec::invoke(ctx.stack, func, args, results);
  *env.inside = false;
  if (outcome == Outcome::threw) return runtime::HostStatus::throw_;
  if (outcome != Outcome::returned) return runtime::HostStatus::trap;
  const Slot* at = results.data();
  for (const CanonValType t : type.results) {
    for (u32 k = 0; k < t.slots(); ++k) mix = (mix ^ value_bits(ctx.store, t, at, k)) * kPrime;
    at += t.slots();
  }
  return runtime::HostStatus::ok;
}

runtime::HostStatus host_function(runtime::CallContext& ctx, const Slot* args, Slot* results) {
  const auto& env = *static_cast<const HostEnv*>(ctx.env);
  u64 mix = 0x9e3779b97f4a7c15;
  for (const CanonValType t : env.type->params) {
    for (u32 k = 0; k < t.slots(); ++k) mix = (mix ^ value_bits(ctx.store, t, args, k)) * kPrime;
    args += t.slots();
  }
  const u64 n = ++env.log->calls;
  if (env.log->kills_every != 0 && n % env.log->kills_every == 0) ctx.stack.interrupt(runtime::kInterruptKill);
  if (env.log->freezes_every != 0 && n % env.log->freezes_every == 0) ctx.stack.interrupt(runtime::kInterruptFreeze);
  env.log->hash = (env.log->hash ^ mix) * kPrime;
  if (env.calls_back && ctx.caller && !*env.inside) {
    const runtime::HostStatus status = call_back(ctx, env, mix);
    if (status != runtime::HostStatus::ok) return status;
  }
  for (const CanonValType t : env.type->results) {
    for (u32 k = 0; k < t.slots(); ++k) {
      mix = mix * kPrime + 1;
      // The upper halves of narrow values are garbage, as they may be.
      *results++ = t.is_ref()                                                         ? runtime::kNullRef
                   : t.kind() == CanonValType::kI32 || t.kind() == CanonValType::kF32 ? (mix >> 32) | (mix << 32)
                                                                                      : mix;
    }
  }
  return runtime::HostStatus::ok;
}

u64 memory_hash(const runtime::Memory& memory) {
  u64 lanes[4] = {1, 2, 3, 4};
  u64 at = 0;
  const u64 n = memory.bytes;
  for (; at + 32 <= n; at += 32) {
    for (u32 k = 0; k < 4; ++k) {
      u64 word;
      std::memcpy(&word, memory.base + at + 8 * k, 8);
      lanes[k] = (lanes[k] ^ word) * kPrime;
      lanes[k] ^= lanes[k] >> 29;
    }
  }
  for (; at < n; ++at) lanes[at & 3] = (lanes[at & 3] ^ memory.base[at]) * kPrime;
  return ((lanes[0] * kPrime ^ lanes[1]) * kPrime ^ lanes[2]) * kPrime ^ lanes[3];
}

/// One run of a program.
class Run {
 public:
  /// `freezes`: programs may be frozen and go on.
  Run(runtime::Engine& engine, Observed& out, bool known_valid, OpCounts* executed, bool freezes)
      : engine_(engine),
        store_(engine, small_limits()),
        out_(out),
        known_valid_(known_valid),
        executed_(executed),
        freezes_(freezes) {
    exec::attach(store_);
    store_.wait_policy.decide = decide;
    auto stack = runtime::Stack::create(store_, kStackBytes);
    if (stack)
      stack_ = std::move(*stack);
    else
      out_.error = "no stack: " + stack.error().message;
  }

  void run(const Program& program) {
    if (!out_.error.empty()) return;
    runtime::Instance* provider = nullptr;
    if (!program.provider.empty()) {
      provider = make(program.provider, "provider");
      if (!provider || !out_.start_ended) return;
      linker_.define_instance(kProviderModule, *provider);
    }
    runtime::Instance* main = make(program.main, "main");
    if (!main) return;
    if (executed_) probe_all(*main);
    if (out_.start_ended) call_entries(*main, program);
    state(*main);
    if (provider) state(*provider);
    if (program.common) for_v8(*main);
  }

  void add_work(ModeWork& work) {
    work.killed += work_.killed;
    work.resumed += work_.resumed;
    work.instructions += instructions_;
    work.probes += stack_ ? stack_->probes_fired : 0;
    work.collections += store_.heap().collections();
    for (const auto& memory : store_.memories()) work.guarded_memories += memory->guarded;
    for (runtime::Instance& instance : store_.instances()) {
      for (u32 f = 0; f < instance.codes->count(); ++f) {
        const runtime::FuncCode& code = instance.codes->at(f);
        work.functions += code.frame_slots.load() != runtime::FuncCode::kUnprepared;
        work.compiled += code.native.load() != nullptr;
      }
    }
  }

 private:
  void add(What what, u64 value) { out_.seen.push_back({what, call_, value}); }

  /// Loads, links and instantiates; null if that was impossible or the start function did not return.
  runtime::Instance* make(const std::vector<u8>& bytes, const char* role) {
    auto module = known_valid_ ? wasm::decode(bytes, engine_.types(), {engine_.options().features})
                               : wasm::load_module(bytes, engine_.types(), engine_.options().features);
    if (!module) {
      out_.error =
          std::string(role) + " is not valid: " + module.error().message + " at " + base::dec(module.error().offset);
      return nullptr;
    }
    for (const wasm::Import& import : (*module)->imports) {
      if (import.module != kHostModule) continue;
      const wasm::CanonId type = (*module)->canon[(*module)->funcs[import.index].type.value];
      envs_.push_back(std::make_unique<HostEnv>(
          HostEnv{&log_, &engine_.types().type(type), import.name.starts_with("back"), &inside_}));
      auto func = store_.new_host_func(type, host_function, envs_.back().get());
      if (!func) {
        out_.error = func.error().message;
        return nullptr;
      }
      runtime::Extern value;
      value.func = *func;
      linker_.define(import.module, import.name, value);
    }
    begin();
    auto made = runtime::instantiate(store_, *module, linker_, *stack_);
    if (!made) {
      out_.error = std::string(role) + " does not link: " + made.error().message;
      return nullptr;
    }
    ended(made->outcome);
    if (made->outcome != Outcome::returned) out_.start_ended = false;
    return made->instance;
  }

  void begin(u64 fuel = kFuel) {
    stack_->fuel = fuel_ = static_cast<i64>(fuel);
    stack_->bulk_surcharge = 0;
  }

  void ended(Outcome outcome) {
    const u64 used = static_cast<u64>(fuel_ - stack_->fuel);
    add(What::outcome, static_cast<u64>(outcome));
    if (outcome == Outcome::trapped) {
      out_.trapped = true;
      add(What::trap, static_cast<u64>(stack_->trap.kind));
      add(What::frames, stack_->trap.total_frames);
      for (const runtime::FrameInfo& frame : stack_->trap.frames) {
        add(What::frame_func, frame.func);
        add(What::frame_pc, frame.pc);
      }
    }
    add(What::fuel, used);
    add(What::instructions, used - stack_->bulk_surcharge);
    instructions_ += used - stack_->bulk_surcharge;
    add(What::host_calls, log_.calls ^ log_.hash);
    stack_->exception = runtime::kNullRef;
  }

  void call_entries(runtime::Instance& main, const Program& program) {
    Dice dice(program.seed ^ 0x5851f42d4c957f2d), fate(program.seed ^ 0x14057b7ef767814f);
    // Some programs are killed now and then, at the first poll behind some host call. In others all modes but the first
    // are frozen there, and go on: that does not show. V8 can do neither.
    if (!program.common && fate.chance(6)) log_.kills_every = 1 + fate.below(16);
    if (!program.common && fate.chance(20) && freezes_) log_.freezes_every = 1 + fate.below(8);
    // Of some programs one call is made again with less fuel than it took, so that it ends anywhere. V8 has no fuel.
    const usize again = !program.common && dice.chance(4) ? 1 + dice.below(12) : 0;
    for (const wasm::Export& item : main.module->exports) {
      if (item.kind != wasm::ExternKind::func) continue;
      const bool is_entry = program.common ? item.name[0] == 'w' || item.name == "globals" : item.name[0] == 'f';
      if (!is_entry) continue;
      runtime::Func& func = *main.funcs[item.index];
      const u32 patterns = engine_.types().type(func.type).params.empty() ? 1 : kPatterns;
      for (u32 p = 0; p < patterns; ++p) {
        call(main, item.name, func, p, dice);
        if (out_.calls.size() != again) continue;
        const u64 used = static_cast<u64>(kFuel - stack_->fuel);
        for (u32 n = 0; n < kShortCalls && used != 0; ++n)
          call(main, item.name, func, p, dice, n == 0 ? used - 1 : dice.below(used));
      }
    }
    log_.kills_every = log_.freezes_every = 0;
    call_ = kNoCall;
  }

  void call(runtime::Instance& main, std::string_view name, runtime::Func& func, u32 pattern, Dice& dice,
            u64 fuel = kFuel) {
    const wasm::CanonSubType& type = engine_.types().type(func.type);
    call_ = static_cast<u32>(out_.calls.size());
    Call& c = out_.calls.emplace_back();
    c.entry = name;
    c.params = type.params;
    c.results = type.results;
    for (const CanonValType t : type.params) argument(main, t, pattern, dice, c.args);
    usize slots = 0;
    for (const CanonValType t : type.results) slots += t.slots();
    c.values.assign(slots, 0);
    begin(fuel);
    c.outcome = exec::invoke(*stack_, func, c.args, c.values);
    while (c.outcome == Outcome::pending) {
      stack_->clear_interrupt(runtime::kInterruptFreeze);
      c.outcome = exec::resume(*stack_, {}, c.values);
      ++work_.resumed;
    }
    work_.killed += c.outcome == Outcome::trapped && stack_->trap.kind == runtime::TrapKind::interrupted;
    // What came behind the last poll, or was put off because a host function was below.
    stack_->deferred_interrupts = 0;
    stack_->clear_interrupt(runtime::kInterruptKill | runtime::kInterruptFreeze);
    if (c.outcome == Outcome::trapped) c.trap = stack_->trap.kind;
    ended(c.outcome);
    if (c.outcome != Outcome::returned) return;
    const Slot* at = c.values.data();
    for (const CanonValType t : type.results) {
      for (u32 k = 0; k < t.slots(); ++k) add(What::result, value_bits(store_, t, at, k));
      at += t.slots();
    }
  }

  void argument(runtime::Instance& main, CanonValType t, u32 pattern, Dice& dice, std::vector<Slot>& out) {
    // The upper half of a slot is nobody's where the type is narrower (docs/ABI.md).
    const u64 upper = dice.chance(50) ? dice.next() << 32 : 0;
    switch (t.kind()) {
      case CanonValType::kI32: return out.push_back(upper | edge32(dice));
      case CanonValType::kI64: return out.push_back(edge64(dice));
      case CanonValType::kF32: return out.push_back(upper | edge_f32(dice));
      case CanonValType::kF64: return out.push_back(edge_f64(dice));
      case CanonValType::kV128:
        out.push_back(edge_half(dice));
        out.push_back(edge_half(dice));
        return;
      default: break;
    }
    const u32 roll = dice.below(1000);
    runtime::Ref ref = runtime::kNullRef;
    if (pattern != 0 && !t.is_concrete()) {
      switch (t.heap()) {
        case wasm::Heap::func: ref = runtime::func_ref(main.funcs[roll % main.module->funcs.size()]->index); break;
        case wasm::Heap::any:
        case wasm::Heap::eq:
        case wasm::Heap::i31: ref = runtime::i31_ref(roll); break;
        case wasm::Heap::extern_:
          if (auto made = store_.new_host_ref(roll)) ref = *made;
          break;
        default: break;
      }
    }
    out.push_back(upper | ref);
  }

  void state(runtime::Instance& instance) {
    const wasm::Module& module = *instance.module;
    for (usize i = 0; i < module.memories.size(); ++i) {
      add(What::memory_size, instance.memories[i]->bytes);
      add(What::memory, memory_hash(*instance.memories[i]));
    }
    for (usize i = 0; i < module.globals.size(); ++i) {
      const runtime::Global& global = *instance.globals[i];
      for (u32 k = 0; k < global.type.type.slots(); ++k)
        add(What::global, value_bits(store_, global.type.type, global.value, k));
    }
    for (usize i = 0; i < module.tables.size(); ++i) {
      const runtime::Table& table = *instance.tables[i];
      add(What::table_size, table.size);
      for (u64 k = 0; k < table.size; ++k) add(What::element, ref_summary(store_, table.refs[k]));
    }
  }

  void for_v8(runtime::Instance& instance) {
    for (usize i = 0; i < instance.module->memories.size(); ++i) {
      const runtime::Memory& memory = *instance.memories[i];
      out_.memory_hashes.push_back(bytes_hash({memory.base, memory.bytes}));
    }
    for (usize i = 0; i < instance.module->tables.size(); ++i) {
      const runtime::Table& table = *instance.tables[i];
      std::string shape;
      for (u64 k = 0; k < table.size; ++k) shape += table.refs[k] == runtime::kNullRef ? '-' : 'x';
      out_.table_shapes.push_back(std::move(shape));
    }
    out_.host_calls = log_.calls;
    out_.host_hash = log_.hash;
  }

  /// One counter per instruction: the probe's `user` is the count of its opcode.
  void probe_all(runtime::Instance& instance) {
    const wasm::Module& module = *instance.module;
    const auto count = [](void* user, runtime::Stack&, const runtime::FrameState&) { ++*static_cast<u64*>(user); };
    for (u32 f = module.num_imported_funcs; f < module.funcs.size(); ++f) {
      const auto body = module.slice(module.funcs[f].body);
      std::vector<wasm::ValType> locals;
      const auto skip = wasm::read_locals(body, 0, locals);
      base::Cursor cursor(body);
      if (skip) cursor.skip(*skip);
      wasm::Instr instr;
      Error error;
      for (u32 pc = static_cast<u32>(cursor.pos()); cursor.remaining() > 0 && wasm::read_instr(cursor, instr, error);
           pc = static_cast<u32>(cursor.pos())) {
        u64& counter = (*executed_)[static_cast<usize>(instr.op)];
        if (!exec::insert_probe(*instance.store, *instance.codes, f, pc, count, &counter)) out_.error = "no probe";
      }
    }
  }

  runtime::Engine& engine_;
  HostLog log_;
  bool inside_ = false;  ///< a call of a host function back into the guest is under way
  std::vector<std::unique_ptr<HostEnv>> envs_;
  runtime::Store store_;
  runtime::Linker linker_;
  std::unique_ptr<runtime::Stack> stack_;
  Observed& out_;
  const bool known_valid_;
  OpCounts* const executed_;
  const bool freezes_;
  ModeWork work_;  ///< what is counted on the way
  u32 call_ = kNoCall;
  i64 fuel_ = kFuel;  ///< of the call that is running
  u64 instructions_ = 0;
};

}  // namespace

u32 bytes_hash(std::span<const u8> bytes) {
  u32 hash = 0x811c9dc5;
  usize at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    u32 word;
    std::memcpy(&word, bytes.data() + at, 4);
    hash = (hash ^ word) * 0x01000193u;
    hash ^= hash >> 15;
  }
  for (; at < bytes.size(); ++at) hash = (hash ^ bytes[at]) * 0x01000193u;
  return hash;
}

Program encode_case(const Case& c, bool common) {
  Program program;
  program.seed = c.seed;
  program.common = common;
  if (c.provider) program.provider = encode(*c.provider);
  program.main = encode(c.main);
  return program;
}

std::string_view what_text(What what) {
  static constexpr std::string_view kTexts[] = {
      "outcome", "trap kind",  "frames",      "function of a frame", "pc of a frame", "fuel used",  "instructions",
      "result",  "host calls", "memory size", "memory contents",     "global",        "table size", "table element"};
  return kTexts[static_cast<usize>(what)];
}

std::string difference(const Observed& expected, const Observed& other) {
  if (expected.error != other.error) return "error: \"" + expected.error + "\" or \"" + other.error + "\"";
  const usize count = std::min(expected.seen.size(), other.seen.size());
  usize i = 0;
  while (i < count && expected.seen[i] == other.seen[i]) ++i;
  if (i == expected.seen.size() && i == other.seen.size()) return {};
  if (i == count) return "one observed more than the other";
  const Seen &a = expected.seen[i], &b = other.seen[i];
  std::string text(what_text(a.what));
  if (a.what != b.what) text += " or " + std::string(what_text(b.what));
  const auto hex = [](u64 v) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%#llx", static_cast<unsigned long long>(v));
    return std::string(buffer);
  };
  text += ": " + hex(a.value) + " or " + hex(b.value);
  if (a.call == kNoCall) return text + " (outside of calls)";
  const Call& call = expected.calls[a.call];
  text += ", in call " + base::dec(a.call) + " of " + call.entry + "(";
  for (usize k = 0; k < call.args.size(); ++k) text += (k ? ", " : "") + hex(call.args[k]);
  return text + ")";
}

World::World(const Mode& mode) : mode_(mode) {}
World::~World() = default;

void World::run(const Program& program, Observed& out, ModeWork& work, bool known_valid) {
  if (!engine_ || ++runs_ % kRunsPerEngine == 0) {
    runtime::EngineOptions options;
    mode_.apply(options);
    engine_ = std::make_unique<runtime::Engine>(options);
  }
  out.clear();
  Run run(*engine_, out, known_valid, executed_, &mode_ != &kModes[0]);
  run.run(program);
  run.add_work(work);
}

}  // namespace dewar::diff
