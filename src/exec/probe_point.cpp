// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/probe_point.h"

#include <algorithm>
#include <cstring>

#include "exec/interp/handler.h"
#include "exec/prepare.h"
#include "exec/side_table.h"

namespace dewar::exec {

using runtime::CodeSet;
using runtime::FuncCode;

namespace {

struct Probe {
  u32 func, pc;
  ProbeFn fn;
  void* user;
};
/// Probes of a CodeSet, kept by it.
struct ProbeList {
  std::vector<Probe> probes;
};

ProbeList& probes_of(CodeSet& set) {
  if (!set.probes) set.probes = std::make_shared<ProbeList>();
  return *static_cast<ProbeList*>(set.probes.get());
}

/// Collects the pc of every instruction.
struct PcSink : wasm::NullSink {
  std::vector<u32> pcs;
  template <class W>
  void op(W&, wasm::Op, u32 pc) {
    pcs.push_back(pc);
  }
};

std::vector<u32> instruction_pcs(const FuncCode& code) {
  PcSink sink;
  wasm::WalkScratch scratch;
  const auto walked = wasm::walk(*code.module, wasm::FuncIndex{code.func}, sink, scratch);
  DEWAR_ASSERT(walked.has_value(), "probes in a body that does not validate");
  return std::move(sink.pcs);
}

/// Takes quickening back and remembers the opcodes that probes will cover.
void make_probeable(FuncCode& code) {
  if (code.unprobed) return;
  const auto original = code.module->slice(code.module->funcs[code.func].body);
  auto plain = std::make_unique<u8[]>(original.size());
  std::memcpy(plain.get(), original.data(), original.size());
  SideTableSink sink(plain.get(), 0);
  wasm::WalkScratch scratch;
  const auto walked = wasm::walk(*code.module, wasm::FuncIndex{code.func}, sink, scratch);
  DEWAR_ASSERT(walked.has_value(), "probes in a body that does not validate");
  std::memcpy(code.body, plain.get(), original.size());
  code.unprobed = std::move(plain);
}

}  // namespace

void put_probe_everywhere(CodeSet&, FuncCode& code) {
  make_probeable(code);
  for (u32 pc : instruction_pcs(code)) code.body[pc] = interp::kProbe;
}

Result<void> insert_probe(CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user,
                          const runtime::EngineOptions& options) {
  const wasm::Module& module = set.module();
  if (func < module.num_imported_funcs || func >= module.funcs.size())
    return fail("probe-position", "a probe needs a function that the module defines");
  FuncCode& code = set.at(func - module.num_imported_funcs);
  prepare(set, code, options);
  std::lock_guard lock(set.mutex());
  const auto pcs = instruction_pcs(code);
  if (!std::binary_search(pcs.begin(), pcs.end(), pc))
    return fail("probe-position", "no instruction starts at this offset of the function", pc);
  probes_of(set).probes.push_back({func, pc, fn, user});
  make_probeable(code);
  code.body[pc] = interp::kProbe;
  return {};
}

bool remove_probe(CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user) {
  std::lock_guard lock(set.mutex());
  auto& list = probes_of(set).probes;
  const auto at = std::find_if(list.begin(), list.end(), [&](const Probe& p) {
    return p.func == func && p.pc == pc && p.fn == fn && p.user == user;
  });
  if (at == list.end()) return false;
  list.erase(at);
  const bool more = std::any_of(list.begin(), list.end(), [&](const Probe& p) { return p.func == func && p.pc == pc; });
  FuncCode& code = set.at(func - set.module().num_imported_funcs);
  if (!more) code.body[pc] = code.unprobed[pc];
  return true;
}

void fire_probes(runtime::Stack& stack) {
  ++stack.probes_fired;
  const runtime::FrameState state = stack.state;
  CodeSet& set = *state.code->set;
  if (!set.probes) return;
  const u32 pc = static_cast<u32>(state.pc - state.code->body);
  // Probes may insert and remove probes: each list position is looked at again.
  auto& list = static_cast<ProbeList*>(set.probes.get())->probes;
  for (usize i = 0; i < list.size(); ++i) {
    const Probe p = list[i];
    if (p.func == state.code->func && p.pc == pc) p.fn(p.user, stack, state);
  }
}

}  // namespace dewar::exec
