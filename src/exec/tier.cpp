// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/tier.h"

#include <mutex>

#include "exec/baseline/code_object.h"

#if defined(__x86_64__)
#include "exec/baseline/compiler.h"
#include "exec/baseline/stubs.h"
#endif

namespace dewar::exec {

#if defined(__x86_64__)

void attach_native(runtime::Engine& engine) {
  if (engine.options().tier == runtime::Tier::interp) return;
  // Once also if it fails: stacks that run already look at it without a lock.
  std::call_once(engine.native_once(), [&] {
    if (auto arena = CodeArena::create()) engine.native() = baseline::make_stubs(std::move(*arena));
  });
}

void compile_if_wanted(runtime::FuncCode& code, runtime::Stack& payer) {
  runtime::Engine& engine = payer.store.engine();
  if (!engine.native() || engine.options().probe_all) return;
  if (engine.options().mix_tiers && code.func % 2 != 0) return;
  runtime::CodeSet& set = *code.set;
  std::lock_guard lock(set.mutex());
  if (code.native.load(std::memory_order_relaxed) || code.unprobed) return;
  auto support = std::static_pointer_cast<const baseline::NativeSupport>(engine.native());
  std::shared_ptr<const baseline::CodeObject> object =
      baseline::compile(code, support, baseline::compile_options(engine.options()), payer.kill_bits());
  if (!object) return;
  if (!set.has_native())
    for (u32 i = 0; i < set.count(); ++i) set.at(i).entry.store(support->interp_entry, std::memory_order_release);
  code.entry.store(object->entry, std::memory_order_release);
  code.native.store(object.get(), std::memory_order_release);
  set.keep_native(std::move(object));
}

#else

void attach_native(runtime::Engine&) {}
void compile_if_wanted(runtime::FuncCode&, runtime::Stack&) {}

#endif

}  // namespace dewar::exec
