// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/frame_image.h"

#include <algorithm>
#include <map>

#include "exec/frame_walk.h"
#include "exec/interp/calls.h"
#include "exec/prepare.h"
#include "wasm/walker.h"

namespace dewar::exec {

using runtime::FrameState;
using runtime::FuncCode;
using runtime::Stack;

Result<FrameImage> write_frames(const Stack& stack) {
  if (!stack.state.code) return fail("freeze-empty", "the stack holds no frames");
  if (stack.activation) return fail("freeze-host-frame", "a host function is running on the stack");
  FrameImage image;
  image.pending_host_call = stack.pending_host_call;
  image.in_tail = stack.scratch.in_tail;
  image.pending_args = stack.pending_host_call ? stack.pending_args : 0;
  image.fuel = stack.fuel;
  image.bulk_surcharge = stack.bulk_surcharge;
  auto& instances = stack.store.instances();
  for_each_frame(stack, [&](const FrameState& s, bool) {
    FrameImage::Frame f;
    const auto at = std::find_if(instances.begin(), instances.end(), [&](const auto& i) { return &i == s.instance; });
    f.instance = static_cast<u32>(at - instances.begin());
    f.func = s.code->func;
    f.pc = static_cast<u32>(s.pc - s.code->body);
    f.locals.assign(s.fp, s.fp + s.code->local_slots);
    const Slot* operands = s.fp + s.code->local_slots + runtime::kHeaderSlots;
    f.operands.assign(operands, static_cast<const Slot*>(s.sp));
    image.frames.push_back(std::move(f));
  });
  std::reverse(image.frames.begin(), image.frames.end());
  return image;
}

namespace {

/// What the slots of a frame must hold when the instruction at a pc is about to run. Nothing in an image is believed.
struct Expected {
  BlockPosition position;
  bool found = false;  ///< an instruction that can be reached starts at the pc
  wasm::Op op = wasm::Op::kCount;
  std::vector<wasm::CanonValType> locals, operands;  ///< kBottom for a slot without a reference
  u32 own_operands = 0;                              ///< below what the call takes
  u32 args = 0, results = 0;                         ///< slots; calls only
  wasm::CanonId callee;                              ///< type that a call wants
};

class ExpectedSink : public wasm::NullSink {
 public:
  static constexpr bool kWantSlots = true;
  static constexpr bool kWantLocals = true;
  ExpectedSink(u32 pc, Expected& out) : pc_(pc), out_(out) {}

  template <class W>
  void op(W& w, wasm::Op op, u32 pc) {
    here_ = pc == pc_ && w.live();
    if (!here_) return;
    out_.found = true;
    out_.op = op;
    for (wasm::ValType t : w.locals()) add(w, out_.locals, t);
    // A function with more results than locals has slots for them there.
    const auto& results = w.module().func_type(w.func()).results;
    if (const u32 room = wasm::slots_of(results); room > out_.locals.size()) out_.locals.resize(room);
    // The hidden exception of an open legacy catch stands where its block begins.
    u32 label = w.depth(), value = 0;
    const auto hidden = [&] {
      for (; label > 0 && w.label(label - 1).height <= value; --label) {
        const wasm::Op kind = w.label(label - 1).kind;
        if (kind == wasm::Op::catch_ || kind == wasm::Op::catch_all) add(w, out_.operands, wasm::kExnRef);
      }
    };
    for (wasm::ValType t : w.operands()) {
      hidden();
      add(w, out_.operands, t);
      ++value;
    }
    hidden();
    out_.own_operands = static_cast<u32>(out_.operands.size());
  }

  template <class W>
  void on_call(W& w, wasm::Op op, const wasm::SubType& type, u32 index) {
    if (!here_) return;
    const bool direct = op == wasm::Op::call || op == wasm::Op::return_call;
    out_.own_operands = w.slots();
    out_.args = wasm::slots_of(type.params);
    out_.results = wasm::slots_of(type.results);
    out_.callee = w.module().canon[direct ? w.module().funcs[index].type.value : index];
  }

 private:
  template <class W>
  static void add(W& w, std::vector<wasm::CanonValType>& to, wasm::ValType t) {
    to.push_back(t.is_ref() ? w.module().canonical(t) : wasm::CanonValType{});
    if (t.is_v128()) to.push_back(wasm::CanonValType{});
  }
  u32 pc_;
  Expected& out_;
  bool here_ = false;
};

bool is_call(wasm::Op op, bool tail) {
  using enum wasm::Op;
  if (tail) return op == return_call || op == return_call_indirect || op == return_call_ref;
  return op == call || op == call_indirect || op == call_ref;
}

/// Checks frames against their code; remembers places, because recursion has many frames at few of them.
class FrameChecker {
 public:
  explicit FrameChecker(runtime::Store& store) : store_(store) {}

  const Expected& at(const FuncCode& code, u32 pc) {
    if (known_.size() > 1000) known_.clear();
    const auto [entry, is_new] = known_.try_emplace({&code, pc});
    Expected& e = entry->second;
    if (!is_new) return e;
    e.position = locate(*code.module, code.func, pc);
    ExpectedSink sink(pc, e);
    wasm::WalkScratch scratch;
    const auto walked = wasm::walk(*code.module, wasm::FuncIndex{code.func}, sink, scratch);
    DEWAR_ASSERT(walked.has_value(), "an image's function does not validate");
    return e;
  }

  /// Do the slots hold what the types say? Null fits any reference type here: an unset local is null, and every
  /// instruction that needs an object looks for null.
  bool fits(std::span<const Slot> slots, std::span<const wasm::CanonValType> types) {
    if (slots.size() > types.size()) return false;
    for (usize i = 0; i < slots.size(); ++i) {
      const auto ref = static_cast<runtime::Ref>(slots[i]);
      if (types[i].is_bottom() || ref == runtime::kNullRef) continue;
      if (!store_.is_valid(ref) || !store_.ref_matches(ref, types[i])) return false;
    }
    return true;
  }

  /// May a function of type `callee` return to a call that wants `wanted`? Parameters do not matter: a tail call may
  /// have replaced the function that was called.
  bool returns_to(wasm::CanonId callee, wasm::CanonId wanted) {
    const wasm::TypeRegistry& types = store_.engine().types();
    const auto& got = types.type(callee).results;
    const auto& want = types.type(wanted).results;
    return std::ranges::equal(got, want, [&](auto g, auto w) { return types.matches(g, w); });
  }

 private:
  runtime::Store& store_;
  std::map<std::pair<const FuncCode*, u32>, Expected> known_;
};

std::unexpected<Error> bad(const char* what, u32 pc = 0) { return fail("freeze-image", what, pc); }

}  // namespace

Result<void> read_frames(Stack& stack, const FrameImage& image) {
  if (stack.state.code) return bad("the stack is in use");
  if (image.frames.empty()) return bad("the image holds no frames");
  if (image.fuel < 0 || (image.in_tail && !image.pending_host_call)) return bad("the image contradicts itself");
  FrameChecker checker(stack.store);
  Slot* at = stack.base;  // first argument of the next frame
  FrameState state;
  u32 results = 0;
  wasm::CanonId wanted;  // type of the call that the next frame answers
  for (const FrameImage::Frame& f : image.frames) {
    auto& instances = stack.store.instances();
    if (f.instance >= instances.size()) return bad("a frame names an instance that does not exist");
    runtime::Instance& inst = instances[f.instance];
    const u32 imported = inst.module->num_imported_funcs;
    if (f.func < imported || f.func >= inst.module->funcs.size())
      return bad("a frame names a function that does not exist");
    FuncCode& code = inst.code_table[f.func - imported];
    if (!prepare(*code.set, code, stack.store.engine().options(), nullptr))
      return bad("a frame's function was not prepared");
    interp::instance_dispatch(&inst);  // a frame may be returned to before its instance is called
    const Expected& e = checker.at(code, f.pc);
    const bool innermost = &f == &image.frames.back();
    if (!e.found) return bad("a frame stands at no instruction", f.pc);
    if (!innermost && !is_call(e.op, false)) return bad("a frame has a callee but is not at a call", f.pc);
    usize operands_size = e.operands.size();
    if (innermost && image.pending_host_call) {
      if (!is_call(e.op, image.in_tail) || image.pending_args != e.args)
        return bad("the innermost frame does not wait for what it should", f.pc);
      operands_size = e.own_operands + e.args;
      results = e.results;
    } else if (!innermost) {
      operands_size = e.own_operands;
    }
    if (f.locals.size() != e.locals.size() || f.operands.size() != operands_size)
      return bad("a frame does not fit its function", f.pc);
    if (!checker.fits(f.locals, e.locals) || !checker.fits(f.operands, e.operands))
      return bad("a reference of a frame does not fit its type", f.pc);
    if (state.code && !checker.returns_to(code.type, wanted)) return bad("a frame does not answer its caller", f.pc);
    if (code.frame_slots.load(std::memory_order_relaxed) > static_cast<u64>(stack.end - at))
      return fail("limit-stack", "the frames do not fit the stack");
    std::copy(f.locals.begin(), f.locals.end(), at);
    auto* header = runtime::header_of(at, &code);
    *header = {};
    if (state.code) {
      header->return_side = state.side;
      header->return_pc = state.pc + state.side->keep;
      header->caller_fp = state.fp;
      header->caller_code = state.code;
      header->caller_instance = state.instance;
    }
    Slot* operands = at + code.local_slots + runtime::kHeaderSlots;
    std::copy(f.operands.begin(), f.operands.end(), operands);
    state = {at, operands + f.operands.size(), code.body + f.pc, code.side + e.position.side, &code, &inst};
    at = state.sp;
    wanted = e.callee;
  }
  stack.state = state;
  stack.deopted.clear();
  stack.native.sp = stack.native_top();  // all frames are interpreted: what was there before has no records
  stack.pending_host_call = image.pending_host_call;
  stack.scratch.in_tail = image.in_tail;
  stack.pending_args = image.pending_host_call ? image.pending_args : 0;
  stack.pending_results = results;
  stack.fuel = image.fuel;
  stack.bulk_surcharge = image.bulk_surcharge;
  return {};
}

}  // namespace dewar::exec
