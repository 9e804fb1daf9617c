// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/tier.h"

#include <mutex>

#include "exec/baseline/code_object.h"
#include "exec/code_listing.h"
#include "exec/compile_thread.h"
#include "exec/prepare.h"

#if defined(__x86_64__)
#include "exec/baseline/compiler.h"
#include "exec/baseline/stubs.h"
#endif

namespace dewar::exec {

#if defined(__x86_64__)

Result<std::shared_ptr<const runtime::NativeStubs>> make_native() {
  constexpr const char* kHint = "give the process more memory and address space, or use the interpreter";
  auto arena = CodeArena::create();
  if (!arena) return fail("code-unavailable", arena.error().message, Error::kNoOffset, kHint);
  if (auto stubs = baseline::make_stubs(std::move(*arena))) return stubs;
  return fail("code-unavailable", "the system refuses memory for compiled code", Error::kNoOffset, kHint);
}

void attach_native(runtime::Engine& engine) {
  if (engine.options().tier == runtime::Tier::interp) return;
  // Once also if it fails: stacks that run already look at it without a lock.
  std::call_once(engine.native_once(), [&] {
    if (engine.native()) return;
    if (auto native = make_native()) engine.native() = std::move(*native);
  });
}

u8 cpu_level(std::string_view name) {
  const auto level = baseline::parse_cpu_level(name);
  return level ? static_cast<u8>(static_cast<u8>(*level) + 1) : u8{0};
}

u8 host_cpu_level() { return static_cast<u8>(static_cast<u8>(baseline::CpuFeatures::host().level()) + 1); }

namespace {

/// With set.mutex(): is there something to compile?
bool wants_code(const runtime::FuncCode& code) {
  return code.native.load(std::memory_order_relaxed) == nullptr && !code.unprobed;
}

/// With set.mutex(): calls go to the object's code from here on. What it is made of was written before.
void publish(runtime::CodeSet& set, runtime::FuncCode& code, std::shared_ptr<const baseline::CodeObject> object,
             bool at_random) {
  if (!set.has_native())
    for (u32 i = 0; i < set.count(); ++i)
      set.at(i).entry.store(object->support->interp_entry, std::memory_order_release);
  // At random: calls of compiled code by compiled code are to be decided, too.
  // What was not called is to be prepared first.
  const bool called = code.frame_slots.load(std::memory_order_relaxed) != runtime::FuncCode::kUnprepared;
  if (called && !at_random) code.entry.store(object->entry, std::memory_order_release);
  code.native.store(object.get(), std::memory_order_release);
  set.keep_native(std::move(object));
}

}  // namespace

bool compile_now(runtime::Engine& engine, runtime::FuncCode& code, base::StopBits stop) {
  using runtime::FuncCode;
  u8 unclaimed = FuncCode::kUnclaimed;
  if (!code.compiling.compare_exchange_strong(unclaimed, FuncCode::kClaimed, std::memory_order_acquire)) return false;
  runtime::CodeSet& set = *code.set;
  const auto release = [&code](u8 state) { code.compiling.store(state, std::memory_order_release); };
  {
    std::lock_guard lock(set.mutex());
    if (!wants_code(code)) return release(FuncCode::kUnclaimed), false;
  }
  auto support = std::static_pointer_cast<const baseline::NativeSupport>(engine.native());
  auto object = baseline::compile(code, support, baseline::compile_options(engine.options()), stop);
  {
    std::lock_guard lock(set.mutex());
    // A probe may have come meanwhile.
    const bool wanted = object && wants_code(code);
    release(object || stop.stopped() ? FuncCode::kUnclaimed : FuncCode::kInterpreted);
    if (!wanted) return false;
    publish(set, code, object, engine.options().tier == runtime::Tier::random);
  }
  tell_listener(engine, *object, stop);
  return true;
}

namespace {

bool may_compile(runtime::Engine& engine, const runtime::FuncCode& code) {
  // Stacks of an engine that interprets have no place for compiled frames, also where engines share an arena.
  if (!engine.native() || engine.options().tier == runtime::Tier::interp || engine.options().probe_all) return false;
  return !engine.options().mix_tiers || code.func % 2 == 0;
}

}  // namespace

void compile_if_wanted(runtime::FuncCode& code, runtime::Stack& payer) {
  runtime::Engine& engine = payer.store.engine();
  if (engine.options().tier != runtime::Tier::automatic && may_compile(engine, code))
    compile_now(engine, code, payer.kill_bits());
}

void compile_hot(runtime::FuncCode& code, runtime::Stack& payer) {
  code.heat_left.store(runtime::kNeverHot, std::memory_order_relaxed);
  runtime::Engine& engine = payer.store.engine();
  if (!may_compile(engine, code)) return;
  // To hand a small one over, and to wait for it, costs more than it takes.
  constexpr u32 kSmall = 2048;
  if (engine.options().tiering.background && code.body_size > kSmall && compile_elsewhere(engine, code)) return;
  compile_now(engine, code, payer.kill_bits());
}

u32 compile_all(runtime::Engine& engine, runtime::CodeSet& set, u64 room, base::StopBits stop) {
  u32 count = 0;
  for (u32 i = 0; i < set.count() && !stop.stopped(); ++i) {
    runtime::FuncCode& code = set.at(i);
    if (!may_compile(engine, code)) continue;
    const u64 size = set.module().slice(set.module().funcs[code.func].body).size();
    if (size > room || !compile_now(engine, code, stop)) continue;
    const auto* const object = static_cast<const baseline::CodeObject*>(code.native.load(std::memory_order_relaxed));
    ++count;
    if (object == nullptr) continue;  // a probe has come
    DEWAR_ASSERT(object->shape == shape_of(set.module(), code.func), "the compiler counted something else");
    room -= std::min(room, kept_bytes(size, object->shape));
  }
  return count;
}

#else

Result<std::shared_ptr<const runtime::NativeStubs>> make_native() {
  return fail("code-unavailable", "there is no compiler for this machine yet", Error::kNoOffset,
              "use the interpreter, which does the same");
}
void attach_native(runtime::Engine&) {}
u8 cpu_level(std::string_view) { return 0; }
u8 host_cpu_level() { return 0; }
void compile_if_wanted(runtime::FuncCode&, runtime::Stack&) {}
bool compile_now(runtime::Engine&, runtime::FuncCode&, base::StopBits) { return false; }
void compile_hot(runtime::FuncCode&, runtime::Stack&) {}
u32 compile_all(runtime::Engine&, runtime::CodeSet&, u64, base::StopBits) { return 0; }

#endif

}  // namespace dewar::exec
