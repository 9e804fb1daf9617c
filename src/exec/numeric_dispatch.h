// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From an opcode to its function in semantics.h, called on stack slots: for whoever has an opcode in hand instead of a
// name (compilers calling out of line, tools, tests). The interpreter's handlers name the functions directly.
// Invariant: there is an entry for exactly the opcodes without immediates whose signature does not depend on context;
// readers truncate, so the upper half of an i32 or f32 slot never matters (design D5), and results fill it with zeros.
#pragma once

#include <array>
#include <tuple>

#include "exec/semantics.h"
#include "wasm/op.h"

namespace dewar::exec {

/// Applies an operation. Operands start at `slots` in stack order (v128 = two slots, low half first); results overwrite
/// them from `slots` on. Nothing is written unless NumTrap::none is returned.
using NumericFn = sem::NumTrap (*)(Slot* slots) noexcept;

namespace numeric_detail {

template <class T>
T read(const Slot*& from) noexcept {
  if constexpr (sizeof(T) == 16) {
    from += 2;
    return T{from[-2], from[-1]};
  } else if constexpr (sizeof(T) == 8) {
    return __builtin_bit_cast(T, *from++);
  } else {
    return __builtin_bit_cast(T, static_cast<u32>(*from++));
  }
}

template <class T>
void write(Slot* to, T value) noexcept {
  if constexpr (sizeof(T) == 16) {
    // V128 and Wide both have a low and a high half.
    to[0] = value.lo;
    to[1] = value.hi;
  } else if constexpr (sizeof(T) == 8) {
    to[0] = __builtin_bit_cast(u64, value);
  } else {
    to[0] = __builtin_bit_cast(u32, value);
  }
}

// The tuples are filled in braces, which fixes the order in which the operands are read.
template <auto fn>
struct Call;
template <class R, class... A, R (*fn)(A...) noexcept>
struct Call<fn> {
  static sem::NumTrap on(Slot* slots) noexcept {
    const Slot* from = slots;
    const std::tuple<A...> operands{read<A>(from)...};
    write(slots, std::apply(fn, operands));
    return sem::NumTrap::none;
  }
};
template <class A, class R, sem::NumTrap (*fn)(A, R&) noexcept>
struct Call<fn> {
  static sem::NumTrap on(Slot* slots) noexcept {
    const Slot* from = slots;
    R result{};
    const sem::NumTrap trap = fn(read<A>(from), result);
    if (trap == sem::NumTrap::none) write(slots, result);
    return trap;
  }
};
template <class A, sem::NumTrap (*fn)(A, A, A&) noexcept>
struct Call<fn> {
  static sem::NumTrap on(Slot* slots) noexcept {
    const Slot* from = slots;
    const std::tuple<A, A> operands{read<A>(from), read<A>(from)};
    A result{};
    const sem::NumTrap trap = fn(std::get<0>(operands), std::get<1>(operands), result);
    if (trap == sem::NumTrap::none) write(slots, result);
    return trap;
  }
};

// A name of exec::sem may only be spoken for rows that have a function, which the preprocessor cannot tell. So every
// row gets a C-variadic placeholder; where exec::sem has the name too, it means both in `merged`, and only the function
// can be deduced as R(A...).
namespace placeholder {
struct Missing {};
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-internal"
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) void id(Missing, ...);
#include "wasm/ops.def"
#pragma clang diagnostic pop
}  // namespace placeholder
namespace merged {
using namespace sem;
using namespace placeholder;
}  // namespace merged

template <class R, class... A>
struct Function {
  template <R (*fn)(A...) noexcept, wasm::Imm imm>
  static constexpr NumericFn entry() {
    if constexpr (imm == wasm::Imm::none) {
      return &Call<fn>::on;
    } else {
      return nullptr;
    }
  }
};
struct NoFunction {
  template <void (*)(placeholder::Missing, ...), wasm::Imm>
  static constexpr NumericFn entry() {
    return nullptr;
  }
};
template <class R, class... A>
constexpr Function<R, A...> kind(R (*)(A...) noexcept, int) {
  return {};
}
constexpr NoFunction kind(void (*)(placeholder::Missing, ...), long) { return {}; }

inline constexpr std::array<NumericFn, wasm::kOpCount> kTable = {{
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  decltype(kind(&merged::id, 0))::entry<&merged::id, wasm::Imm::imm>(),
#include "wasm/ops.def"
}};

}  // namespace numeric_detail

/// The function of an opcode, or null.
constexpr NumericFn numeric_fn(wasm::Op op) { return numeric_detail::kTable[static_cast<usize>(op)]; }

}  // namespace dewar::exec
