// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "emit_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "base/mmap.h"
#include "gtest/gtest.h"

namespace dewar::exec::baseline::test {

namespace {

constexpr Gpr kSaved[] = {Gpr::rbx, Gpr::rbp, Gpr::r12, Gpr::r13, Gpr::r14, Gpr::r15};
constexpr u64 kGarbage = 0xdeadbeef'5a5a5a5a;

struct CodeMemory {
  static constexpr usize kBytes = usize{1} << 20;
  base::Mapping writable, executable;
  bool ready = false;

  CodeMemory() {
    const int fd = memfd_create("test code", MFD_CLOEXEC);
    if (fd < 0) return;
    ready = ftruncate(fd, kBytes) == 0 && map(writable, fd, base::Protection::kReadWrite) &&
            map(executable, fd, base::Protection::kReadExec);
    close(fd);
  }
  bool valid() const { return ready; }

 private:
  static bool map(base::Mapping& mapping, int fd, base::Protection protection) {
    auto reserved = base::Mapping::reserve(kBytes);
    if (!reserved) return false;
    mapping = std::move(*reserved);
    return mapping.map_file(0, kBytes, fd) && mapping.protect(0, kBytes, protection);
  }
};

}  // namespace

// The check of function types that the sanitizer makes reads in front of the function, where there is nothing.
__attribute__((no_sanitize("function"))) u64 call_code(const Assembler& m, u64 a, u64 b, u64 c, u64 d) {
  static const CodeMemory memory;
  const std::span<const u8> code = m.code();
  EXPECT_EQ(m.error(), CodeError::kNone);
  if (!memory.valid() || code.empty() || code.size() > CodeMemory::kBytes) {
    ADD_FAILURE() << "no code, or no memory for it";
    return ~u64{0};
  }
  std::memcpy(memory.writable.data(), code.data(), code.size());
  return reinterpret_cast<u64 (*)(u64, u64, u64, u64)>(memory.executable.data())(a, b, c, d);
}

Bits truncated(Rep rep, Bits bits) {
  if (rep == Rep::v128) return bits;
  if (rep == Rep::i32 || rep == Rep::f32) return {bits.lo & ~u32{0}, 0};
  return {bits.lo, 0};
}

std::vector<CpuLevel> levels() {
  std::vector<CpuLevel> found;
  for (CpuLevel level : kLevels)
    if (CpuFeatures::host().has(level)) found.push_back(level);
  return found;
}

Function::Function(CpuLevel level, bool explicit_bounds)
    : options{CpuFeatures::for_level(level), explicit_bounds}, m(options.features, 1 << 20) {}

void Function::begin(const std::vector<wasm::ValType>& locals, u32 params) {
  m.reset();
  cold.reset();
  literals.reset();
  reps_.clear();
  slots_.clear();
  params_ = params;
  local_slots_ = 0;
  for (wasm::ValType type : locals) {
    reps_.push_back(rep_of(type));
    slots_.push_back(local_slots_);
    local_slots_ += slots_of(rep_of(type));
  }
  for (Gpr reg : kSaved) m.push(reg);
  m.mov(Width::w64, kFp, Gpr::rdi);
  m.mov(Width::w64, kInst, Gpr::rsi);
  m.mov(Width::w64, kMem, Gpr::rdx);
  m.mov(Width::w64, kStack, Gpr::rcx);  // where the machine is written down
  if (state.begin(locals, params, local_slots_ + kHeaderSlots))
    for (u32 slot = slots_[params]; slot < local_slots_; ++slot) m.mov(Width::w64, slot_mem(slot), Imm{0});
}

void Function::emit_return(u64 code) {
  m.mov_imm(Gpr::rax, code);
  for (usize i = std::size(kSaved); i-- > 0;) m.pop(kSaved[i]);
  m.ret();
}

void Function::write_machine_down() {
  for (u8 i = 0; i < kRegs; ++i) {
    const Reg reg = static_cast<Reg>(i);
    if (is_xmm(reg)) {
      m.vec(op::movups_store, Mem(kStack, static_cast<i32>(offsetof(Machine, xmms) + (i - kGprs) * sizeof(V128))),
            xmm(reg));
    } else {
      m.mov(Width::w64, Mem(kStack, static_cast<i32>(i * sizeof(u64))), gpr(reg));
    }
  }
  for (u8 i = 0; i < 16; ++i)
    m.setcc(static_cast<Cond>(i), Mem(kStack, static_cast<i32>(offsetof(Machine, conds) + i)));
}

void Function::stop(u64 code) {
  write_machine_down();
  emit_return(code);
}

bool Function::numeric(wasm::Op op) {
  if (takes_flags(op)) {
    state.next_op_keeping_flags();
  } else {
    state.next_op();
  }
  return emit_numeric(c, op);
}

void Function::finish() {
  const auto trap = [](void* user, TrapKind kind, u32) {
    auto* const f = static_cast<Function*>(user);
    f->write_machine_down();
    f->emit_return((kTrapBase + static_cast<u64>(kind)) | u64{f->emitted_exit_} << 32);
  };
  for (u32 i = 0; i < cold.exits().size(); ++i) {
    emitted_exit_ = i;
    emit_cold(c, cold.exits()[i], trap, this);
  }
  literals.emit(m);
}

u64 Function::run(const std::vector<Bits>& args, void* instance, void* memory0) {
  for (Slot& slot : frame) slot = kGarbage;
  Slot* const fp = frame.data() + kMargin;
  for (u32 i = 0; i < params_; ++i) {
    const bool narrow = reps_[i] == Rep::i32 || reps_[i] == Rep::f32;
    fp[slots_[i]] = narrow ? (args[i].lo & ~u32{0}) | (kGarbage << 32) : args[i].lo;
    if (reps_[i] == Rep::v128) fp[slots_[i] + 1] = args[i].hi;
  }
  const u64 code = call_code(m, reinterpret_cast<u64>(fp), reinterpret_cast<u64>(instance),
                             reinterpret_cast<u64>(memory0), reinterpret_cast<u64>(&machine));
  trap_exit_ = static_cast<u32>(code >> 32);
  return code & ~u32{0};
}

std::map<u32, Location> Function::locations() const {
  std::map<u32, Location> found;
  state.describe([&](const Location& location) {
    EXPECT_TRUE(found.emplace(location.slot, location).second) << "slot " << location.slot << " told of twice";
  });
  return found;
}

Bits Function::value(u32 slot, Rep rep, const std::map<u32, Location>& locations) const {
  const Slot* const fp = frame.data() + kMargin;
  const auto in_frame = [&](u32 at) { return truncated(rep, {fp[at], fp[at + 1]}); };
  const auto found = locations.find(slot);
  if (found == locations.end()) return in_frame(slot);
  const Location& location = found->second;
  EXPECT_EQ(location.rep, rep);
  Bits bits;
  switch (location.from) {
    case Location::kConst: bits = {location.constant, 0}; break;
    case Location::kReg: {
      const u8 reg = static_cast<u8>(location.reg);
      if (is_xmm(location.reg)) {
        bits = {machine.xmms[reg - kGprs].lo, machine.xmms[reg - kGprs].hi};
      } else {
        bits = {machine.gprs[reg], 0};
      }
      break;
    }
    case Location::kFlags: {
      const u8 cond = machine.conds[static_cast<u8>(location.flags.cond)];
      const u8 parity = machine.conds[static_cast<u8>(Cond::p)];
      bits.lo = !location.flags.parity ? cond : location.flags.cond == Cond::e ? cond & (parity ^ 1) : cond | parity;
      break;
    }
    case Location::kOtherSlot: bits = in_frame(location.other_slot); break;
    case Location::kHome: bits = in_frame(slot); break;
  }
  bits = truncated(rep, bits);
  if (location.raw != 0 && rep == Rep::v128) {
    for (u64* half : {&bits.lo, &bits.hi}) {
      u32 lanes[2] = {static_cast<u32>(*half), static_cast<u32>(*half >> 32)};
      for (u32& lane : lanes)
        if (std::isnan(std::bit_cast<f32>(lane))) lane = 0x7fc00000;
      if (location.raw == sizeof(f32)) *half = lanes[0] | u64{lanes[1]} << 32;
      if (location.raw == sizeof(f64) && std::isnan(std::bit_cast<f64>(*half))) *half = 0x7ff8000000000000;
    }
  } else if (location.raw != 0) {
    if (rep == Rep::f32 && std::isnan(std::bit_cast<f32>(static_cast<u32>(bits.lo)))) bits.lo = 0x7fc00000;
    if (rep == Rep::f64 && std::isnan(std::bit_cast<f64>(bits.lo))) bits.lo = 0x7ff8000000000000;
  }
  return bits;
}

bool Function::frame_intact() const {
  for (u32 i = 0; i < kMargin; ++i)
    if (frame[i] != kGarbage) return false;
  for (u32 i = 0; i < kHeaderSlots; ++i)
    if (frame[kMargin + local_slots_ + i] != kGarbage) return false;
  return true;
}

}  // namespace dewar::exec::baseline::test
