// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/probe_point.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "exec/deopt.h"
#include "exec/interp/handler.h"
#include "exec/interp/quicken.h"
#include "exec/prepare.h"
#include "exec/side_table.h"

namespace dewar::exec {

using runtime::CodeSet;
using runtime::FuncCode;

namespace {

struct Probe {
  ProbeFn fn;
  void* user;
  friend bool operator==(const Probe&, const Probe&) = default;
};

/// Instructions of a function that has, or had, probes.
struct Instructions {
  std::vector<u32> pcs;                    ///< all
  std::vector<interp::InstrAt> reachable;  ///< what quickening works on
};

/// Probes of a CodeSet, kept by it.
struct ProbeList {
  std::unordered_map<u64, std::vector<Probe>> at;  ///< by place_of(); never an empty list
  std::unordered_map<u32, Instructions> functions;
  runtime::EngineOptions options;
  bool everywhere = false;  ///< test mode
};

u64 place_of(u32 func, u32 pc) { return u64{func} << 32 | pc; }

ProbeList& probes_of(CodeSet& set) {
  if (!set.probes) set.probes = std::make_shared<ProbeList>();
  return *static_cast<ProbeList*>(set.probes.get());
}

/// Lays a function out without quickening, and notes every instruction.
struct PlainSink : SideTableSink {
  using SideTableSink::SideTableSink;
  std::vector<u32> pcs;
  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    pcs.push_back(pc);
    SideTableSink::op(w, op, pc);
  }
};

/// Makes the copy that holds the opcodes under probes.
Instructions& make_probeable(ProbeList& list, FuncCode& code) {
  Instructions& found = list.functions[code.func];
  if (code.unprobed) return found;
  const auto original = code.module->slice(code.module->funcs[code.func].body);
  auto plain = std::make_unique<u8[]>(original.size());
  std::memcpy(plain.get(), original.data(), original.size());
  PlainSink sink(plain.get(), 0);
  wasm::WalkScratch scratch;
  const auto walked = wasm::walk(*code.module, wasm::FuncIndex{code.func}, sink, scratch);
  DEWAR_ASSERT(walked.has_value(), "probes in a body that does not validate");
  found = {std::move(sink.pcs), std::move(sink.instrs)};
  code.unprobed = std::move(plain);
  return found;
}

/// Writes the body with the probes it has now. What is not probed is quickened as it was, so that a function whose last
/// probe went is what it was. Running frames do not notice: they stand before an instruction, and every instruction
/// keeps its own opcode unless a group begins there.
void write_body(ProbeList& list, FuncCode& code, const Instructions& instructions) {
  std::memcpy(code.body, code.unprobed.get(), code.body_size);
  for (u32 pc : instructions.pcs)
    if (list.everywhere || list.at.contains(place_of(code.func, pc))) code.body[pc] = interp::kProbe;
  if (!list.everywhere && list.options.quicken)
    interp::quicken(*code.module, code.body, instructions.reachable, list.options);
}

}  // namespace

void put_probe_everywhere(CodeSet& set, FuncCode& code) {
  ProbeList& list = probes_of(set);
  list.everywhere = true;
  write_body(list, code, make_probeable(list, code));
}

Result<void> insert_probe(runtime::Store& store, CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user) {
  const runtime::EngineOptions& options = store.engine().options();
  const wasm::Module& module = set.module();
  if (func < module.num_imported_funcs || func >= module.funcs.size())
    return fail("probe-position", "a probe needs a function that the module defines");
  FuncCode& code = set.at(func - module.num_imported_funcs);
  if (!prepare(set, code, options, nullptr)) return fail("probe-position", "the function was not prepared");
  std::unique_lock lock(set.mutex());
  ProbeList& list = probes_of(set);
  list.options = options;
  const Instructions& instructions = make_probeable(list, code);
  if (!std::binary_search(instructions.pcs.begin(), instructions.pcs.end(), pc))
    return fail("probe-position", "no instruction starts at this offset of the function", pc);
  runtime::forget_native(code);
  auto& here = list.at[place_of(func, pc)];
  here.push_back({fn, user});
  if (here.size() == 1) write_body(list, code, instructions);
  lock.unlock();
  tier_down_frames_of(store, code);
  return {};
}

bool remove_probe(CodeSet& set, u32 func, u32 pc, ProbeFn fn, void* user) {
  std::lock_guard lock(set.mutex());
  ProbeList& list = probes_of(set);
  const auto place = list.at.find(place_of(func, pc));
  if (place == list.at.end()) return false;
  const auto probe = std::find(place->second.begin(), place->second.end(), Probe{fn, user});
  if (probe == place->second.end()) return false;
  place->second.erase(probe);
  if (!place->second.empty()) return true;
  list.at.erase(place);
  FuncCode& code = set.at(func - set.module().num_imported_funcs);
  write_body(list, code, list.functions[func]);
  return true;
}

void fire_probes(runtime::Stack& stack) {
  ++stack.probes_fired;
  const runtime::FrameState state = stack.state;
  CodeSet& set = *state.code->set;
  if (!set.probes) return;
  auto& at = static_cast<ProbeList*>(set.probes.get())->at;
  const u64 place = place_of(state.code->func, static_cast<u32>(state.pc - state.code->body));
  const auto here = at.find(place);
  if (here == at.end()) return;
  if (here->second.size() == 1) {
    const Probe only = here->second[0];
    return only.fn(only.user, stack, state);
  }
  // Probes may insert and remove probes: who is new waits for the next time, who was removed is not called.
  const std::vector<Probe> then = here->second;
  for (const Probe& p : then) {
    const auto now = at.find(place);
    if (now == at.end()) return;
    if (std::find(now->second.begin(), now->second.end(), p) != now->second.end()) p.fn(p.user, stack, state);
  }
}

}  // namespace dewar::exec
