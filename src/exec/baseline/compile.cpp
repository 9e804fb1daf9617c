// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function from its entry to its last exit: prologue, blocks of fuel, steps, exits; then from code to CodeObject.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "exec/baseline/compile_sink.h"

namespace dewar::exec::baseline {

Compiler::Compiler(const runtime::FuncCode& func, const NativeSupport& support, const CompileOptions& options,
                   bool wide_charges)
    : options_(options), m_(options_.features, kMaxCodeBytes) {
  restart(func, support, wide_charges);
}

void Compiler::restart(const runtime::FuncCode& func, const NativeSupport& support, bool wide_charges) {
  func_ = &func;
  support_ = &support;
  body_ = func.module->slice(func.module->funcs[func.func].body);
  wide_charges_ = wide_charges;
  too_long_ = false;
  shape_ = {};
  entry_paid_ = false;
  m_.reset();
  cold_.reset();
  cold_.watch({});
  literals_.reset();
  emit_.pc = 0;
  emit_.guarded0 =
      !module().memories.empty() && runtime::Memory::is_guarded(module().memories[0], options_.explicit_bounds);
  traps_.clear();
  seen_ = {};
  seen_loop_.reset();
  has_seen_ = false;
  watched_exit_ = ~usize{0};
  watched_charge_ = watched_loop_ = ~u32{0};
  leaving_ = nullptr;
  open_.clear();
  block_cost_ = charge_ = 0;
  exits_.clear();
  cold_steps_.clear();
  stubs_.clear();
  calls_.clear();
  landings_.clear();
  landing_rows_.clear();
  table_targets_.clear();
  table_.clear();
  target_of_depth_.clear();
  func_label_ = {};
  entry_slow_ = {};
  body_offset_ = func_word_ = frame_field_ = 0;
  marks_ = nullptr;
}

void Compiler::begin(u32 entry_pc, std::span<const wasm::ValType> locals) {
  const u32 params = static_cast<u32>(module().func_type(wasm::FuncIndex{func_->func}).params.size());
  local_slots_ =
      std::max(wasm::slots_of(locals), wasm::slots_of(module().func_type(wasm::FuncIndex{func_->func}).results));
  first_operand_ = local_slots_ + runtime::kHeaderSlots;
  shape_.entry_pc = entry_pc;
  shape_.locals = locals.size();
  const bool cleared = state_.begin(locals, params, first_operand_);
  scan_.run(body_, entry_pc, static_cast<u32>(locals.size()));
  add_open();
  mark(CodeMark::Kind::entry);
  m_.endbr64();
  if (local_slots_ - func_->param_slots >= kManySlots) {
    // To clear them is bulk work, which is paid for before there is a frame.
    jump_stub(static_cast<const u8*>(support_->interp_entry));
  } else {
    // How many operands there are is known at the end.
    m_.lea(Width::w64, Gpr::r11, Mem(kFp, INT32_MAX));
    frame_field_ = m_.position() - 4;
    m_.cmp(Width::w64, Gpr::r11, Mem(kStack, at::kLimit));
    m_.jcc(Cond::a, entry_slow_);
    if (cleared) clear_locals();
    begin_block(entry_pc, 0);
  }
  body_offset_ = m_.position();
}

void Compiler::clear_locals() {
  constexpr u32 kInline = 8;
  const u32 first = func_->param_slots, count = local_slots_ - first;
  if (count == 0) return;
  m_.zero(Gpr::rax);
  if (count <= kInline) {
    for (u32 i = 0; i < count; ++i) m_.mov(Width::w64, slot(first + i), Gpr::rax);
    return;
  }
  Label again;
  m_.lea(Width::w64, Gpr::rdi, slot(first));
  m_.mov_imm(Gpr::rcx, count);
  m_.bind(again);
  m_.mov(Width::w64, Mem(Gpr::rdi), Gpr::rax);
  m_.add(Width::w64, Gpr::rdi, Imm(sizeof(Slot)));
  m_.sub(Width::w32, Gpr::rcx, Imm(1));
  m_.jcc(Cond::ne, again);
}

void Compiler::note_state(u32 pc) {
  has_seen_ = true;
  seen_.pc = pc;
  seen_.slots = state_.next_slot() - first_operand_;
  state_.describe([this](const Location& at) { seen_.locations.push_back(at); });
}

void Compiler::note_charge(u32 pc, u32 slots) {
  note_state(pc);
  has_seen_ = false;  // but for the cost
  seen_.slots = slots;
  if (!leaving_) return;
  // It becomes the lowest operand: after those that are not there any more.
  Location at = state_.locate(*leaving_);
  if (at.from == Location::kHome) at.from = Location::kOtherSlot, at.other_slot = at.slot;
  at.slot = first_operand_;
  seen_.locations.push_back(at);
}

void Compiler::see_cost(u32 cost) {
  seen_.cost = cost;
  has_seen_ = true;
}

void Compiler::patch_wide_charge(u32 at, u32 cost) {
  if (!wide_charges_) {
    too_long_ = true;
  } else {
    m_.buffer().patch32(at + Charge::kAmountAt, static_cast<i32>(cost));
  }
}

void Compiler::poll(u32 pc, u32 slots) {
  m_.cmp(Width::w32, Mem(kStack, at::kInterruptWord), Imm(0));
  if (DEWAR_UNLIKELY(exits_.size() == watched_exit_)) {
    note_state(pc);
    seen_.slots = slots;
  }
  if (DEWAR_UNLIKELY(exits_.size() == kMaxExits)) m_.buffer().fail(CodeError::kOutOfSpace);
  const u32 jump = m_.jcc_elsewhere(Cond::ne);
  exits_.push_back({.jump = jump, .back = m_.position(), .row = {.pc = pc, .slots = slots}});
}

void Compiler::step(const Instr& instr, u32 handler, u32 pc) {
  sync();
  emit_step(instr, handler, pc);
}

void Compiler::emit_step(const Instr& instr, u32 handler, u32 pc) {
  m_.mov_imm(Gpr::rax, handler);
  m_.mov_imm(Gpr::r12, pc);
  m_.lea(Width::w64, Gpr::r13, operand(instr.slots));
  m_.mov(Width::w64, Gpr::rdx, Mem(func_label_));
  call_stub(support_->step);
}

void Compiler::charge_move(const Instr& instr, u32 count) {
  if (count < kManySlots) return;
  m_.mov(Width::w32, Mem(kStack, at::kStepResult), Imm(static_cast<i32>(count)));
  step(instr, interp::kStepCharge, instr.pc);
}

void Compiler::instruction(const Instr& instr) {
  switch (instr.op) {
    case wasm::Op::nop:
    case wasm::Op::any_convert_extern:
    case wasm::Op::extern_convert_any: return;  // no slot changes
    case wasm::Op::try_table: {
      // Entered for free, but to step over very many clauses costs fuel (docs/ABI.md).
      const u8* p = immediates(instr);
      interp::skip_block_type(p);
      if (interp::leb_u32(p) < interp::kRowsPerUnit) return;
      break;
    }
    default:
      if (scalar(instr)) return;
  }
  step(instr);
}

void Compiler::move_slots(u32 from, u32 to, u32 count) {
  if (from == to) return;
  constexpr u32 kInline = 4;
  if (count <= kInline) {
    for (u32 i = 0; i < count; ++i) {
      m_.mov(Width::w64, Gpr::rax, slot(from + i));
      m_.mov(Width::w64, slot(to + i), Gpr::rax);
    }
    return;
  }
  Label again;
  m_.lea(Width::w64, Gpr::rsi, slot(from));
  m_.mov_imm(Gpr::rcx, count);
  m_.bind(again);
  m_.mov(Width::w64, Gpr::rax, Mem(Gpr::rsi));
  m_.mov(Width::w64, Mem(Gpr::rsi, -static_cast<i32>((from - to) * sizeof(Slot))), Gpr::rax);
  m_.add(Width::w64, Gpr::rsi, Imm(sizeof(Slot)));
  m_.sub(Width::w32, Gpr::rcx, Imm(1));
  m_.jcc(Cond::ne, again);
}

namespace {

std::string_view cold_name(const ColdExit& exit) {
  switch (exit.kind) {
    case ColdKind::kTrap: return "trap";
    case ColdKind::kNan: return "canonical NaN";
    case ColdKind::kDivByMinus:
    case ColdKind::kRemByMinus: return "division by -1";
    case ColdKind::kTruncTrap: return "trap of a conversion";
    case ColdKind::kConvertU64: return "conversion of a large number";
    default: return "conversion out of range";
  }
}

}  // namespace

void Compiler::emit_cold_code() {
  for (u32 i = 0; i < cold_.exits().size(); ++i) {
    const auto trap = [](void* user, TrapKind kind, u32) {
      auto* const c = static_cast<Compiler*>(user);
      c->call_stub(c->support_->trap);
      c->traps_.push_back({.after = c->m_.position(), .kind = static_cast<u32>(kind)});
    };
    mark(CodeMark::Kind::cold, cold_.exits()[i].pc, cold_name(cold_.exits()[i]));
    const usize before = traps_.size();
    emit_cold(emit_, cold_.exits()[i], trap, this);
    for (usize t = before; t < traps_.size(); ++t) traps_[t].exit = i;
  }
}

void Compiler::watch(ColdList::Watch what) {
  what.user = this;
  what.seen = [](void* user, u32 pc) { static_cast<Compiler*>(user)->note_state(pc); };
  cold_.watch(what);
}

bool Compiler::finish() {
  const u32 known = func_->frame_slots.load(std::memory_order_relaxed);
  DEWAR_ASSERT(known == runtime::FuncCode::kUnprepared || known == frame_slots(),
               "the compiler counted other operands");
  if (known != runtime::FuncCode::kUnprepared && known != frame_slots()) return false;
  if (frame_field_ != 0) m_.buffer().patch32(frame_field_, static_cast<i32>(frame_slots() * sizeof(Slot)));
  for (Exit& exit : exits_) {
    mark(CodeMark::Kind::cold, exit.row.pc, "interrupt");
    m_.patch_distance(exit.jump, m_.position());
    call_stub(support_->poll);
    exit.row.after = m_.position();
    m_.jmp_back(exit.back);
  }
  if (entry_slow_.awaited()) {
    mark(CodeMark::Kind::cold, 0, "call that is interrupted or does not fit");
    m_.bind(entry_slow_);
    jump_stub(static_cast<const u8*>(support_->interp_entry));
  }
  for (ColdStep& cold : cold_steps_) {
    mark(CodeMark::Kind::cold, cold.instr.pc, "function of another type, or none");
    m_.bind(cold.entry);
    emit_step(cold.instr, interp::kStepIndirect, cold.instr.last);
    m_.mov(Width::w64, Gpr::rax, Mem(kStack, at::kScratchFunc));
    m_.jmp(cold.back);
  }
  emit_cold_code();
  emit_landings();
  mark(CodeMark::Kind::data);
  literals_.emit(m_);
  m_.align(8, Encoder::Fill::kInt3);
  m_.bind(func_label_);
  func_word_ = m_.position();
  m_.data64(0);
  return m_.error() == CodeError::kNone && !too_long_;
}

bool run(Compiler& compiler, const runtime::FuncCode& func, base::StopBits stop) {
  CompileSink sink(compiler);
  compiler.scratch().stop_bits = stop;
  const auto walked = wasm::walk(*func.module, wasm::FuncIndex{func.func}, sink, compiler.scratch());
  return walked.has_value() && compiler.finish();
}

namespace {

std::shared_ptr<const CodeObject> place(runtime::FuncCode& func, const std::shared_ptr<const NativeSupport>& support,
                                        const CompileOptions& options, Compiler& compiler, bool wide_charges) {
  const std::span<const u8> code = compiler.m().code();
  auto object = std::make_shared<CodeObject>(support, func, options, wide_charges);
  const auto range = support->arena->allocate(static_cast<u32>(code.size()), object.get());
  if (!range) return nullptr;
  object->range = *range;
  std::memcpy(range->write, code.data(), code.size());
  for (const Compiler::StubRef& ref : compiler.stub_refs()) {
    const i32 distance = static_cast<i32>(ref.stub - (range->code + ref.field + sizeof(i32)));
    std::memcpy(range->write + ref.field, &distance, sizeof distance);
  }
  runtime::FuncCode* const word = &func;
  std::memcpy(range->write + compiler.func_word(), &word, sizeof word);
  object->entry = range->code;
  object->body = range->code + compiler.body_offset();
  object->shape = compiler.shape();
  object->frame_slots = compiler.frame_slots();
  // Copied, so that they have no room to grow.
  object->calls.assign(compiler.calls().begin(), compiler.calls().end());
  object->polls.reserve(compiler.exits().size());
  for (const Compiler::Exit& exit : compiler.exits()) object->polls.push_back(exit.row);
  object->traps.assign(compiler.traps().begin(), compiler.traps().end());
  object->landings.assign(compiler.landings().begin(), compiler.landings().end());
  std::ranges::sort(object->landings, {}, &LandingRow::target);
  support->arena->publish(*range);
  return object;
}

/// Is the body small enough, and the memory there that its compilation may take? Where lists that grow find none, the
/// process ends.
bool fits(const runtime::FuncCode& func) {
  constexpr usize kAlwaysThere = usize{64} << 10, kTakenPerByte = 64;
  const usize bytes = func.module->funcs[func.func].body.size;
  if (bytes <= kAlwaysThere) return true;
  if (bytes > kMaxBodyBytes) return false;
  void* memory = std::malloc(bytes * kTakenPerByte);
  asm volatile("" : "+r"(memory));  // or both calls are left out
  std::free(memory);
  return memory != nullptr;
}

/// The compiler of the last function that this thread compiled: most of what a small function costs is memory. Kept
/// only after small ones that fit, so that it does not hold on to what one large function needed.
thread_local std::unique_ptr<Compiler> t_waiting;
constexpr u32 kSmallBody = u32{48} << 10;

std::unique_ptr<Compiler> take_compiler(const runtime::FuncCode& func, const NativeSupport& support,
                                        const CompileOptions& options, bool wide_charges) {
  if (!t_waiting || t_waiting->options() != options)
    return std::make_unique<Compiler>(func, support, options, wide_charges);
  t_waiting->restart(func, support, wide_charges);
  return std::move(t_waiting);
}

}  // namespace

std::shared_ptr<const CodeObject> compile(runtime::FuncCode& func, const std::shared_ptr<const NativeSupport>& support,
                                          const CompileOptions& options, base::StopBits stop) {
  if (!fits(func)) return nullptr;
  for (const bool wide_charges : {false, true}) {
    std::unique_ptr<Compiler> taken = take_compiler(func, *support, options, wide_charges);
    Compiler& compiler = *taken;
    if (!run(compiler, func, stop)) {
      if (compiler.needs_wide_charges()) continue;
      return nullptr;
    }
#if DEWAR_ASSERTS
    Compiler again(func, *support, options, wide_charges);
    DEWAR_ASSERT(run(again, func, {}) && std::ranges::equal(again.m().code(), compiler.m().code()),
                 "compiling again gave other code");
#endif
    auto object = place(func, support, options, compiler, wide_charges);
    if (func.module->funcs[func.func].body.size <= kSmallBody) t_waiting = std::move(taken);
    return object;
  }
  return nullptr;
}

}  // namespace dewar::exec::baseline
