// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/baseline/stubs.h"

#include <cstring>

#include "exec/baseline/layout.h"
#include "exec/baseline/value.h"
#include "exec/native_calls.h"

namespace dewar::exec::baseline {

namespace {

constexpr Width kW = Width::w64;

class StubMaker {
 public:
  StubMaker() : m_(CpuFeatures::for_level(CpuLevel::v1), 4096) {}

  // Offsets of the stubs.
  u32 enter, resume, step, out_of_fuel, poll, trap, fault, interp_entry, call_func, to_host, to_interp, cross_return,
      deopt_return;

  void emit() {
    enter = begin();
    emit_enter();
    step = begin();
    m_.pop(Mem(kStack, at::kResume));
    m_.mov(kW, Mem(kStack, at::kStepHandler), Gpr::rax);
    leave(interp::native_step);
    out_of_fuel = begin();
    leave(interp::native_out_of_fuel);
    poll = begin();
    leave_saving(interp::native_poll);
    trap = begin();
    leave_saving(interp::native_trap);
    fault = begin();
    leave(interp::native_fault);
    resume = begin();
    emit_resume();
    interp_entry = begin();
    Label enter_callee;
    m_.bind(enter_callee);
    m_.mov(kW, Gpr::rdx, Gpr::rax);
    leave(interp::native_enter);
    cross_return = begin();
    m_.pop(kInst);
    m_.mov(kW, kMem, Mem(kInst, at::kMemory0));
    m_.ret();
    call_func = begin();
    emit_call_func(enter_callee);
    to_host = begin();
    m_.mov(kW, Mem(kStack, at::kNativeSp), Gpr::rsp);
    m_.mov(kW, Mem(kStack, at::kStateFp), kFp);
    m_.mov(kW, Mem(kStack, at::kStackFuel), kFuel);
    m_.mov(kW, Gpr::rsp, Mem(kStack, at::kHostSp));
    m_.mov(kW, kFp, Mem(kStack, at::kHostBp));
    m_.mov_imm(Gpr::rax, interp::kExitReturned);
    m_.ret();
    to_interp = begin();
    leave(interp::native_to_interp);
    deopt_return = begin();
    leave(interp::native_deopt_return);
  }
  std::span<const u8> code() const { return m_.code(); }
  /// Where the word of a cross record, as it will be in memory, has to be put.
  u32 cross_word() const { return cross_word_; }

 private:
  u32 begin() {
    m_.align(16, Encoder::Fill::kInt3);
    return m_.position();
  }

  /// From a handler's registers (docs/ABI.md) to compiled code's. To `pc`, with rax = code.
  void emit_enter() {
    enter_registers();
    m_.mov(kW, Gpr::rax, Gpr::rdx);
    m_.jmp(Gpr::r12);
  }
  void enter_registers() {
    m_.mov(kW, Mem(Gpr::rcx, at::kHostSp), Gpr::rsp);
    m_.mov(kW, Mem(Gpr::rcx, at::kHostBp), Gpr::rbp);
    m_.mov(kW, Gpr::rsp, Mem(Gpr::rcx, at::kNativeSp));
    m_.mov(kW, kFp, Gpr::r14);
    m_.mov(kW, kInst, Gpr::rsi);
    m_.mov(kW, kMem, Gpr::rdi);
    m_.mov(kW, kStack, Gpr::rcx);
    m_.mov(kW, kFuel, Gpr::r9);
  }

  /// Behind the call of an exit again, with all registers as they were there.
  void emit_resume() {
    enter_registers();
    m_.push(Mem(kStack, at::kResume));
    for (u8 i = 0; i < kGprs; ++i) m_.mov(kW, gpr(static_cast<Reg>(i)), Mem(kStack, at::kSavedGprs + i32{i} * 8));
    for (u8 i = 0; i < kRegs - kGprs; ++i)
      m_.vec(op::movups, static_cast<Xmm>(i), Mem(kStack, at::kSavedXmms + i32{i} * 16));
    m_.ret();
  }

  /// leave() from an exit: what registers hold is kept.
  void leave_saving(interp::Handler handler) {
    m_.pop(Mem(kStack, at::kResume));
    for (u8 i = 0; i < kGprs; ++i) m_.mov(kW, Mem(kStack, at::kSavedGprs + i32{i} * 8), gpr(static_cast<Reg>(i)));
    for (u8 i = 0; i < kRegs - kGprs; ++i)
      m_.vec(op::movups_store, Mem(kStack, at::kSavedXmms + i32{i} * 16), static_cast<Xmm>(i));
    leave(handler);
  }

  /// The other way, to a handler: pc = r12, sp = r13, code = rdx, side = 0.
  void leave(interp::Handler handler) {
    m_.mov(kW, Mem(kStack, at::kNativeSp), Gpr::rsp);
    m_.mov(kW, Gpr::rsp, Mem(kStack, at::kHostSp));
    m_.mov(kW, Gpr::r9, kFuel);
    m_.mov(kW, Gpr::rdi, kMem);
    m_.mov(kW, Gpr::rsi, kInst);
    m_.mov(kW, Gpr::r14, kFp);
    m_.mov(kW, Gpr::rbp, Mem(kStack, at::kHostBp));
    m_.mov(kW, Gpr::rcx, kStack);
    m_.zero(Gpr::r15);
    m_.mov_imm(Gpr::rax, reinterpret_cast<u64>(handler));
    m_.jmp(Gpr::rax);
  }

  /// Calls the Func in rax; the arguments begin at rbp. No register but the pinned ones survives, as in every call.
  void emit_call_func(Label& enter_callee) {
    Label host, cross, unset;
    m_.mov(kW, Gpr::rdx, Mem(Gpr::rax, at::kFuncCode));
    m_.test(kW, Gpr::rdx, Gpr::rdx);
    m_.jcc(Cond::e, host);
    m_.mov(kW, Gpr::rcx, Mem(Gpr::rax, at::kFuncInstance));
    m_.mov(kW, Gpr::rax, Gpr::rdx);
    m_.cmp(kW, Gpr::rcx, kInst);
    m_.jcc(Cond::ne, cross);
    m_.jmp(Mem(Gpr::rax, at::kEntry));
    m_.bind(cross);
    m_.push(kInst);
    Label word;
    m_.push(Mem(word));
    m_.mov(kW, kInst, Gpr::rcx);
    m_.mov(kW, kMem, Mem(kInst, at::kMemory0));
    // Nothing of the other module may be compiled yet.
    m_.mov(kW, Gpr::rdx, Mem(Gpr::rax, at::kEntry));
    m_.test(kW, Gpr::rdx, Gpr::rdx);
    m_.jcc(Cond::e, unset);
    m_.jmp(Gpr::rdx);
    m_.bind(unset);
    m_.jmp(enter_callee);
    m_.bind(host);
    m_.mov(kW, Mem(kStack, at::kScratchFunc), Gpr::rax);
    leave(interp::native_host_call);
    m_.align(8, Encoder::Fill::kInt3);
    m_.bind(word);
    cross_word_ = m_.position();
    m_.data64(0);
  }

  Assembler m_;
  u32 cross_word_ = 0;
};

/// In a signal handler, too.
runtime::CodeAt code_at(const runtime::NativeStubs& stubs, const void* pc) {
  const CodeArena& arena = *static_cast<const NativeSupport&>(stubs).arena;
  if (!arena.contains(pc)) return runtime::CodeAt::kForeign;
  return arena.find(pc) ? runtime::CodeAt::kFunction : runtime::CodeAt::kArena;
}

}  // namespace

std::shared_ptr<const NativeSupport> make_stubs(std::unique_ptr<CodeArena> arena) {
  StubMaker stubs;
  stubs.emit();
  const std::span<const u8> code = stubs.code();
  auto support = std::make_shared<NativeSupport>();
  support->arena = std::move(arena);
  const auto range = support->arena->allocate(static_cast<u32>(code.size()), support.get());
  if (code.empty() || !range) return nullptr;
  const u64 cross_return = reinterpret_cast<u64>(range->code + stubs.cross_return);
  std::memcpy(range->write, code.data(), code.size());
  std::memcpy(range->write + stubs.cross_word(), &cross_return, sizeof cross_return);
  const auto address = [&](u32 offset) { return range->code + offset; };
  support->enter = address(stubs.enter);
  support->resume = address(stubs.resume);
  support->interp_entry = address(stubs.interp_entry);
  support->to_host = reinterpret_cast<u64>(address(stubs.to_host));
  support->to_interp = reinterpret_cast<u64>(address(stubs.to_interp));
  support->cross_return = cross_return;
  support->deopt_return = reinterpret_cast<u64>(address(stubs.deopt_return));
  support->step = address(stubs.step);
  support->out_of_fuel = address(stubs.out_of_fuel);
  support->poll = address(stubs.poll);
  support->trap = address(stubs.trap);
  support->fault = address(stubs.fault);
  support->code_at = code_at;
  support->call_func = address(stubs.call_func);
  // Not published: what find() gives is compiled functions, and no function's code is here.
  CodeArena::flush(range->code, range->size);
  return support;
}

}  // namespace dewar::exec::baseline
