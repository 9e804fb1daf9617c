// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast the assembler emits: a mix like that of a single-pass compiler (loads, arithmetic, compares with branches,
// floats, calls), again and again into one buffer, with operands that change.
//   bench_masm [rounds]
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "exec/baseline/masm/assembler.h"

namespace {

using namespace dewar;
using namespace dewar::exec::baseline;

constexpr u32 kInstructions = 16;

__attribute__((noinline)) void emit_mix(Assembler& m, u32 seed) {
  const Gpr a = static_cast<Gpr>(seed % 4);
  const Gpr b = static_cast<Gpr>(8 + seed % 8);
  const Xmm x = static_cast<Xmm>(seed % 15);
  const Xmm y = static_cast<Xmm>((seed >> 4) % 15);
  Label skip;
  m.mov(Width::w64, a, Mem(Gpr::r14, static_cast<i32>(seed % 64) * 8));
  m.mov(Width::w32, b, a);
  m.add(Width::w32, b, Imm{static_cast<i32>(seed % 1000)});
  m.mov(Width::w32, b, Mem(Gpr::rdi, b, Scale::x1, static_cast<i32>(seed % 500)));
  m.alu(static_cast<Alu>(seed % 7), Width::w32, a, b);
  m.mov(Width::w64, Mem(Gpr::r14, 64), a);
  m.cmp(Width::w32, a, Imm{100});
  m.jcc(static_cast<Cond>(seed % 16), skip);
  m.shift(Shift::shl, Width::w32, a, static_cast<u8>(seed % 32));
  m.vec(op::movsd_load, x, Mem(Gpr::rdi, a, Scale::x1, 16));
  m.vec(op::mulsd, x, x, y);
  m.vec(op::addsd, y, y, x);
  m.vec(op::movsd_store, Mem(Gpr::rdi, a, Scale::x1, 24), y);
  m.mov_imm(a, seed);
  m.call_elsewhere();
  m.bind(skip);
  m.movzx(Width::w8, a, Mem(Gpr::rdi, b, Scale::x1, 7));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 50;
  for (CpuLevel level : {CpuLevel::v2, CpuLevel::v3}) {
    Assembler m(CpuFeatures::for_level(level), 64 << 20);
    u64 bytes = 0;
    u64 instructions = 0;
    const std::clock_t start = std::clock();  // of the processor: other work on the machine does not count
    for (int round = 0; round < rounds; ++round) {
      m.reset();
      for (u32 i = 0; i < 20000; ++i) emit_mix(m, i * 7 + static_cast<u32>(round));
      if (m.error() != CodeError::kNone) return 1;
      bytes += m.position();
      instructions += 20000 * kInstructions;
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const auto name = to_string(level);
    std::printf("%.*s: %.0f million instructions/s, %.0f MB of code/s\n", static_cast<int>(name.size()), name.data(),
                static_cast<double>(instructions) / seconds / 1e6, static_cast<double>(bytes) / seconds / 1e6);
  }
  return 0;
}
