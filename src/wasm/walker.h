// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one body walker: decodes and validates a function body (spec 3.3 and the algorithm of appendix 7.3) in one
// forward pass and tells a sink what it sees. Validator, side table, root maps, fuel and compilers are sinks, so no
// second reader of bodies exists. Members are defined in walker.h (state), walker_control.h, walker_ops.h and, what
// a validator may take a short way through, walker_fast.h, and what a
// compiler is told of at once, walker_tell.h.
//
// A sink derives from NullSink and shadows the hooks it wants; calls are static. Hooks run after the instruction was
// checked, unless said otherwise. `Walker::live()` tells whether the point can be reached at all.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/cursor.h"
#include "base/error.h"
#include "base/stop.h"
#include "wasm/diag.h"
#include "wasm/instr.h"
#include "wasm/limits.h"
#include "wasm/module.h"
#include "wasm/validate.h"

namespace dewar::wasm {

/// An open label. `kind` is the opcode that opened it, Op::kCount for the function body. Filled by push_label(),
/// push_plain() and skip_common().
struct Label {
  Op kind = Op::kCount;
  bool unreachable = false;        ///< rest of this block can not be reached
  bool dead = false;               ///< opened in code that can not be reached
  u32 pc = 0;                      ///< of the opening instruction
  u32 height = 0;                  ///< operand values below the block's parameters
  u32 slots = 0;                   ///< the same in slots, if the sink wants slots
  u32 wide = 0;                    ///< v128 values among them
  u32 inits = 0;                   ///< locals known to be set at entry
  u32 user = 0;                    ///< for the sink
  u32 br_table_stamp = 0;          ///< the br_table that last checked this label, by position
  BasicValType<TypeIndex> single;  ///< result of a single-value block type
  const SubType* type = nullptr;   ///< block type by index, or the function's type
  std::span<const ValType> params() const {
    return type && kind != Op::kCount ? std::span(type->params) : std::span<const ValType>{};
  }
  std::span<const ValType> results() const {
    if (type) return type->results;
    return single.is_bottom() ? std::span<const ValType>{} : std::span(&single, 1);
  }
  /// Types a branch to this label carries.
  std::span<const ValType> branch_types() const { return kind == Op::loop ? params() : results(); }
};

/// Slots of a list of types.
inline u32 slots_of(std::span<const ValType> types) {
  u32 n = 0;
  for (ValType t : types) n += t.slots();
  return n;
}

/// Hooks of a sink, all doing nothing. W is the Walker.
struct NullSink {
  /// Keep slot heights (needed by sinks that lay out frames).
  static constexpr bool kWantSlots = false;
  /// Keep low_water() (needed by sinks that follow the operand stack from instruction to instruction).
  static constexpr bool kWantLowWater = false;
  /// Wants locals() to be all of them. Else it is only the first ones, as many as the body has bytes: a few bytes can
  /// declare 50,000 locals, and a module a million such functions.
  static constexpr bool kWantLocals = false;
  /// Needs no hook to be called for common instructions, calls and blocks among them (walker_fast.h).
  static constexpr bool kSkipCommon = false;
  /// Is told of common instructions, plain blocks, branches and calls among them, by hooks of their own, instead of
  /// op() and after(): takes_common(), common_local_get() and so on (walker_tell.h). The body was validated before, and
  /// the sink is bounded.
  static constexpr bool kTakesCommon = false;
  /// Has `bool full()`, asked after every instruction, but of those that kTakesCommon means now and then only: the walk
  /// ends when the sink has no room for more. Whether to stop is then also looked at every few thousand instructions,
  /// whatever they are.
  static constexpr bool kBounded = false;
  template <class W>
  void begin(W&, u32 /*entry_pc*/) {}
  /// Before each instruction's immediates are read and operands checked.
  template <class W>
  void op(W&, Op, u32 /*pc*/) {}
  /// After each instruction was checked; `pc` of the instruction, w.pc() is the next one.
  template <class W>
  void after(W&, Op, u32 /*pc*/) {}
  /// block, loop, if, try, try_table: label pushed, parameters on the stack.
  template <class W>
  void open(W&, Label&) {}
  template <class W>
  void on_else(W&, Label&) {}
  /// end of any block; the label is popped, its results pushed. kind == kCount: end of the function.
  template <class W>
  void on_end(W&, Label&) {}
  /// One possible branch to label `depth`; `slots` = operand slots at that moment, branch values on top.
  template <class W>
  void branch(W&, Op, u32 /*depth*/, u32 /*slots*/) {}
  /// Before the branch() calls of a br_table with `count` labels plus the default.
  template <class W>
  void on_br_table(W&, u32 /*count*/) {}
  template <class W>
  void on_call(W&, Op, const SubType&, u32 /*index*/) {}
  template <class W>
  void on_return(W&) {}
  /// A clause of try_table, before its label is opened: kind as CatchClause, `depth` counted outside.
  template <class W>
  void on_catch_clause(W&, u8 /*kind*/, u32 /*tag*/, u32 /*depth*/) {}
  /// Legacy catch/catch_all: the old part is closed (stack = its results), the new not begun. tag ~0 = catch_all.
  template <class W>
  void on_legacy_catch(W&, Label&, u32 /*tag*/) {}
  template <class W>
  void on_delegate(W&, Label&, u32 /*depth*/) {}
};

/// Memory reused between bodies.
struct WalkScratch {
  std::vector<ValType> stack;
  std::vector<Label> labels;
  std::vector<ValType> locals;
  std::vector<u8> local_set;
  std::vector<u32> init_log;
  std::vector<LocalRun> local_runs;
  std::vector<u8> far_set;
  /// Looked at where one instruction can mean much work: calls and blocks, and lists of types of up to ten thousand.
  const base::StopFlag* stop = nullptr;
  base::StopBits stop_bits;
  /// Types to be looked at before either counts (for walks that real code is to get to the end of).
  u64 stop_after = 0;
};

template <class Sink>
class Walker {
 public:
  Walker(const Module& module, FuncIndex func, Sink& sink, WalkScratch& scratch)
      : m_(module),
        func_(func),
        sink_(sink),
        c_(module.slice(module.funcs[func.value].body)),
        stack_(scratch.stack),
        labels_(scratch.labels),
        locals_(scratch.locals),
        local_set_(scratch.local_set),
        init_log_(scratch.init_log),
        local_runs_(scratch.local_runs),
        far_set_(scratch.far_set),
        stop_(scratch.stop),
        stop_bits_(scratch.stop_bits),
        stop_after_(scratch.stop_after) {}

  /// Walks the whole body. The error's offset is in the module.
  Result<void> run();

  // ---- for sinks ----
  const Module& module() const { return m_; }
  FuncIndex func() const { return func_; }
  u32 pc() const { return static_cast<u32>(c_.pos()); }
  bool live() const { return !top_->unreachable && !top_->dead; }
  /// Operand slots now, hidden ones included.
  u32 slots() const { return static_cast<u32>(sp_ - stack_.data()) + wide_ + hidden_; }
  std::span<const ValType> operands() const { return {stack_.data(), static_cast<usize>(sp_ - stack_.data())}; }
  /// Fewest operands there were since the last take_low_water(): those below have not been touched.
  u32 take_low_water() { return std::exchange(low_water_, static_cast<u32>(sp_ - stack_.data())); }
  std::span<const ValType> locals() const { return locals_; }
  u32 depth() const { return static_cast<u32>(labels_.size()); }
  Label& label(u32 d) { return labels_[labels_.size() - 1 - d]; }
  /// Operand at `i` from the top.
  ValType operand(u32 i) const {
    return static_cast<usize>(sp_ - stack_.data()) > i ? sp_[-1 - static_cast<int>(i)] : ValType{};
  }

 private:
  // ---- errors ----
  bool invalid(const char* message) { return error("wasm-invalid", message); }
  bool malformed(const char* message) { return error("wasm-malformed", message); }
  bool error(const char* code, const char* message) {
    if (!error_code_) error_code_ = code, error_text_ = message;
    return false;
  }
  /// An error with more than a fixed text; its offset counts from the start of the body.
  bool fail_with(Error e) {
    error_code_ = e.code;
    locals_error_ = std::move(e);
    return false;
  }

  /// False if the work is to end here; asked before `types` types are looked at.
  bool go_on(usize types = 0) {
    work_ += types + 1;
    if (DEWAR_LIKELY(!base::stopped(stop_) && !stop_bits_.stopped())) return true;
    return work_ <= stop_after_ || fail_with(base::stopped_error());
  }
  /// The same for lists that are short nearly always.
  bool go_on_if_many(usize types) { return DEWAR_LIKELY(types <= kFewTypes) || go_on(types); }
  static constexpr usize kFewTypes = 16;
  /// Code that cannot be reached has operands of every type: none of them has to be looked at.
  bool any_operands() const { return sp_ == floor_ && top_->unreachable; }

  // ---- operand stack ----
  void push(ValType t) {
    if (DEWAR_UNLIKELY(sp_ == stack_end_)) grow_stack();
    *sp_++ = t;
    if constexpr (Sink::kWantSlots) wide_ += t.is_v128();
  }
  void push(std::span<const ValType> types) {
    for (ValType t : types) push(t);
  }
  void grow_stack();
  bool pop(ValType expected) {
    if (DEWAR_LIKELY(sp_ > floor_ && sp_[-1] == expected)) {
      --sp_;
      if constexpr (Sink::kWantSlots) wide_ -= expected.is_v128();
      note_low_water();
      return true;
    }
    return pop_slow(expected);
  }
  void note_low_water() {
    if constexpr (Sink::kWantLowWater) low_water_ = std::min(low_water_, static_cast<u32>(sp_ - stack_.data()));
  }
  bool pop_slow(ValType expected);
  bool pop(std::span<const ValType> types) {
    if (!go_on_if_many(types.size())) return false;
    for (usize i = types.size(); i-- > 0 && !any_operands();)
      if (!pop(types[i])) return false;
    return true;
  }
  /// Any type; kBottom in unreachable code.
  bool pop_any(ValType& out);
  /// Any reference type.
  bool pop_ref(ValType& out);
  /// Checks that operands of these types are on top and leaves them there unchanged.
  bool peek(std::span<const ValType> types);
  void set_unreachable() {
    sp_ = floor_;
    if constexpr (Sink::kWantSlots) wide_ = top_->wide;
    note_low_water();
    top_->unreachable = true;
  }
  bool type_matches(ValType sub, ValType super) { return sub == super || sub.is_bottom() || matches(m_, sub, super); }

  // ---- immediates ----
  bool read_block_type(Label& label);
  bool read_val_type(ValType& out);
  bool read_heap_type(ValType& out);
  bool type_index(const SubType*& out, CompositeKind kind, u32& index);
  bool label_index(u32& depth) {
    depth = c_.leb_u32();
    return depth < labels_.size() || invalid("unknown label");
  }
  bool memory_index(ValType& address, u32& index);
  bool memarg(const OpInfo& info, ValType& address);
  bool table_index(const TableType*& out);
  bool data_index();
  bool elem_index(u32& index);

  // ---- control (walker_control.h) ----
  bool push_label(Op kind, u32 pc, Label& label);
  bool check_label_end(std::span<const ValType> results);
  bool step_control(Op op, u32 pc);
  bool step_block(Op op, u32 pc);
  bool step_else();
  bool step_end();
  bool step_branch(Op op);
  bool step_br_table();
  bool step_br_on_cast(Op op);
  bool step_call(Op op);
  bool step_try_table(u32 pc);
  bool step_legacy(Op op);
  bool tail_results(const SubType& callee);
  void pop_label_state();
  void undo_inits(u32 to);

  // ---- everything else (walker_ops.h) ----
  bool step(u8 byte, u32 pc);
  bool step_simple(const OpInfo& info);
  bool step_special(Op op, u32 pc);
  bool step_variable(Op op);
  bool step_far_local(Op op, u32 index);
  bool step_table(Op op);
  bool step_memory(Op op);
  bool step_reference(Op op);
  bool step_gc(Op op);
  bool step_array_bulk(Op op);
  bool step_simd_immediate(const OpInfo& info);
  bool begin();

  // ---- walker_fast.h ----
  /// Walks over instructions that are common and plainly valid, until one is not.
  void skip_common();

  // ---- walker_tell.h ----
  /// Tells the sink of instructions that are common, until one is not, and counts them. False after an error.
  bool tell_common(u32& steps);
  Label& push_plain(Op kind, u32 pc, u8 type);

  const Module& m_;
  FuncIndex func_;
  Sink& sink_;
  base::Cursor c_;
  std::vector<ValType>& stack_;
  std::vector<Label>& labels_;
  std::vector<ValType>& locals_;
  std::vector<u8>& local_set_;
  usize always_set_ = 0;  ///< locals before the first one that has no default
  std::vector<u32>& init_log_;
  std::vector<LocalRun>& local_runs_;
  std::vector<u8>& far_set_;  ///< local_set_ of locals that are not in locals_; empty until one matters
  const base::StopFlag* stop_;
  base::StopBits stop_bits_;
  u64 stop_after_;
  u64 work_ = 0;  ///< calls, blocks and types looked at
  ValType* sp_ = nullptr;
  ValType* stack_end_ = nullptr;
  ValType* floor_ = nullptr;  ///< stack base of the innermost label
  Label* top_ = nullptr;
  u32 wide_ = 0;
  u32 hidden_ = 0;  ///< slots of exceptions kept for legacy rethrow
  u32 low_water_ = 0;
  bool all_features_ = true;
  bool done_ = false;
  const char* error_code_ = nullptr;
  const char* error_text_ = nullptr;
  std::optional<Error> locals_error_;
};

template <class Sink>
void Walker<Sink>::grow_stack() {
  if (static_cast<usize>(stack_end_ - stack_.data()) >= kMaxOperands) {
    // A two-byte call can push a thousand values: without a limit a body of a few MB asks for many GB. The cursor is
    // made to fail, because the walk ends when it did; what this step still pushes begins at the bottom.
    fail_with(Error{"wasm-limit", "too many operands", c_.pos(), 0, 0, {}});
    c_.seek(~usize{0});
    sp_ = floor_ = stack_.data();
    return;
  }
  const usize used = static_cast<usize>(sp_ - stack_.data()), floor = static_cast<usize>(floor_ - stack_.data());
  const usize room = static_cast<usize>(stack_end_ - stack_.data()) * 2;
  if (stack_.size() < room) stack_.resize(room);
  sp_ = stack_.data() + used;
  floor_ = stack_.data() + floor;
  stack_end_ = stack_.data() + room;
}

template <class Sink>
bool Walker<Sink>::pop_any(ValType& out) {
  if (DEWAR_LIKELY(sp_ > floor_)) {
    out = *--sp_;
    if constexpr (Sink::kWantSlots) wide_ -= out.is_v128();
    note_low_water();
    return true;
  }
  out = ValType{};
  return top_->unreachable || invalid("type mismatch: the operand stack is empty");
}

template <class Sink>
[[gnu::noinline]] bool Walker<Sink>::pop_slow(ValType expected) {
  ValType found;
  if (!pop_any(found)) return false;
  return type_matches(found, expected) || invalid("type mismatch");
}

template <class Sink>
bool Walker<Sink>::pop_ref(ValType& out) {
  if (!pop_any(out)) return false;
  if (out.is_bottom()) out = ValType::ref(Heap::bottom, false);
  return out.is_ref() || invalid("type mismatch: expected a reference");
}

template <class Sink>
bool Walker<Sink>::peek(std::span<const ValType> types) {
  // The operands keep their own types: the next label of a br_table may want others (spec appendix 7.3).
  if (!go_on_if_many(types.size())) return false;
  const usize here = static_cast<usize>(sp_ - floor_);
  if (here < types.size() && !top_->unreachable) return invalid("type mismatch: too few operands");
  for (usize i = 0; i < types.size() && i < here; ++i)
    if (!type_matches(sp_[-1 - static_cast<std::ptrdiff_t>(i)], types[types.size() - 1 - i]))
      return invalid("type mismatch");
  return true;
}

template <class Sink>
bool Walker<Sink>::begin() {
  const SubType& type = m_.func_type(func_);
  const auto body = m_.slice(m_.funcs[func_.value].body);
  constexpr usize kMinNear = 64;
  locals_.assign(type.params.begin(), type.params.end());
  local_runs_.clear();
  auto size = read_local_runs(body, static_cast<u32>(type.params.size()), local_runs_, &m_);
  if (!size) {
    error_code_ = size.error().code;
    locals_error_ = std::move(size.error());
    return false;
  }
  c_.skip(*size);
  const usize near = Sink::kWantLocals ? kMaxLocals : type.params.size() + std::max(kMinNear, body.size());
  for (const LocalRun& run : local_runs_)
    if (locals_.size() < near) locals_.resize(std::min<usize>(run.end, near), run.type);
  local_set_.assign(locals_.size(), 1);
  always_set_ = locals_.size();
  usize first = type.params.size();
  for (const LocalRun& run : local_runs_) {
    const usize end = std::min<usize>(run.end, locals_.size());
    if (!run.type.defaultable() && first < end) {
      std::fill_n(local_set_.data() + first, end - first, u8{0});
      always_set_ = std::min(always_set_, first);
    }
    first = std::max(first, end);
  }
  for (const u32 i : init_log_)
    if (i < far_set_.size()) far_set_[i] = 0;
  init_log_.clear();
  labels_.clear();
  // tell_common() looks once for many instructions. What the scratch has from other functions does not show: how often
  // a walk looks, and so what its sink is told of at once, depends on the body alone.
  constexpr usize kLeastStack = Sink::kTakesCommon ? 2048 : 64;
  if (stack_.size() < kLeastStack) stack_.resize(kLeastStack);
  sp_ = floor_ = stack_.data();
  stack_end_ = stack_.data() + kLeastStack;
  all_features_ = m_.features == Features{};
  Label root;
  root.type = &type;
  labels_.push_back(root);
  top_ = &labels_.back();
  sink_.begin(*this, *size);
  return true;
}

template <class Sink>
Result<void> Walker<Sink>::run() {
  u32 pc = 0;
  [[maybe_unused]] u32 steps = 0;
  bool ok = begin();
  while (ok && !done_) {
    if constexpr (Sink::kSkipCommon) skip_common();
    if constexpr (Sink::kTakesCommon) {
      ok = tell_common(steps);
      if (!ok || done_) break;
    }
    pc = static_cast<u32>(c_.pos());
    const u8 byte = c_.byte();
    if (DEWAR_UNLIKELY(!c_.ok())) break;
    ok = step(byte, pc);
    if constexpr (Sink::kBounded) {
      if (DEWAR_UNLIKELY(sink_.full())) {
        ok = error("wasm-limit", "what there is to know of this function needs too much memory");
        break;
      }
      constexpr u32 kSteps = 4096;
      if (DEWAR_UNLIKELY(++steps >= kSteps) && ok) ok = go_on(std::exchange(steps, 0));
    }
    if (DEWAR_UNLIKELY(!c_.ok())) break;
  }
  const u64 start = m_.funcs[func_.value].body.offset;
  if (locals_error_) {
    Error e = std::move(*locals_error_);
    if (e.offset != Error::kNoOffset) e.offset += start;
    return std::unexpected(std::move(e));
  }
  if (!c_.ok()) {
    if (c_.error() == base::ReadError::kUnexpectedEnd)
      return fail("wasm-malformed", "unexpected end of function body", start + c_.error_offset());
    return fail("wasm-malformed", base::to_string(c_.error()), start + c_.error_offset());
  }
  if (!ok) return fail(error_code_, error_text_, start + pc);
  if (!c_.at_end())
    return fail("wasm-malformed", "END opcode expected: bytes after the function's end", start + c_.pos());
  return {};
}

/// Walks one body with a sink.
template <class Sink>
Result<void> walk(const Module& module, FuncIndex func, Sink& sink, WalkScratch& scratch) {
  return Walker<Sink>(module, func, sink, scratch).run();
}

}  // namespace dewar::wasm

#include "wasm/walker_control.h"  // IWYU pragma: export
#include "wasm/walker_ops.h"      // IWYU pragma: export
// After the tables of walker_ops.h:
#include "wasm/walker_fast.h"  // IWYU pragma: export
#include "wasm/walker_tell.h"  // IWYU pragma: export
