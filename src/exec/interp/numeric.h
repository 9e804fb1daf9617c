// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes a handler from a function of exec/semantics.h: operand and result types come from its signature, so no numeric
// handler is written by hand. Placeholders stand for rows without such a function.
#pragma once

#include <bit>
#include <type_traits>

#include "exec/interp/handler.h"
#include "exec/semantics.h"
#include "wasm/op.h"

namespace dewar::exec::interp {

namespace placeholder {
struct Missing {};
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) void id(Missing, ...);
#include "wasm/ops.def"
}  // namespace placeholder
namespace merged {
using namespace sem;
using namespace placeholder;
}  // namespace merged

template <class R, class... A>
struct Signature {
  static constexpr bool kExists = true;
};
struct NoSignature {
  static constexpr bool kExists = false;
};
template <class R, class... A>
Signature<R, A...> signature_of(R (*)(A...) noexcept, int);
NoSignature signature_of(...);

template <class T>
inline constexpr u32 kSlotsOf = std::is_same_v<T, V128> ? 2 : 1;

/// Operand of type T at slot p. 32-bit readers truncate: upper halves are undefined (design D5).
template <class T>
[[gnu::always_inline]] inline T read_slot(const Slot* p) {
  if constexpr (std::is_same_v<T, V128>) {
    return V128{p[0], p[1]};
  } else if constexpr (std::is_same_v<T, f32>) {
    return std::bit_cast<f32>(static_cast<u32>(*p));
  } else if constexpr (std::is_same_v<T, f64>) {
    return std::bit_cast<f64>(*p);
  } else {
    return static_cast<T>(*p);
  }
}
template <class T>
[[gnu::always_inline]] inline void write_slot(Slot* p, T v) {
  if constexpr (std::is_same_v<T, V128>) {
    p[0] = v.lo;
    p[1] = v.hi;
  } else if constexpr (std::is_same_v<T, f32>) {
    *p = std::bit_cast<u32>(v);
  } else if constexpr (std::is_same_v<T, f64>) {
    *p = std::bit_cast<u64>(v);
  } else {
    static_assert(std::is_unsigned_v<T>);
    *p = v;
  }
}

constexpr TrapKind trap_of(sem::NumTrap t) {
  return t == sem::NumTrap::divide_by_zero     ? TrapKind::divide_by_zero
         : t == sem::NumTrap::integer_overflow ? TrapKind::integer_overflow
                                               : TrapKind::invalid_conversion;
}

/// Handler for F::apply with the given signature. A trailing u8 is a lane immediate, a trailing `const u8*` sixteen.
template <class F, class Sig>
struct Numeric;

template <class F, class R, class A>
struct Numeric<F, Signature<R, A>> {
  static DEWAR_HANDLER(run) {
    Slot* at = sp - kSlotsOf<A>;
    write_slot<R>(at, F::apply(read_slot<A>(at)));
    sp = at + kSlotsOf<R>;
    DEWAR_NEXT(1);
  }
};

template <class F, class R, class A, class B>
struct Numeric<F, Signature<R, A, B>> {
  static DEWAR_HANDLER(run) {
    if constexpr (std::is_same_v<B, u8>) {  // extract_lane
      Slot* at = sp - kSlotsOf<A>;
      write_slot<R>(at, F::apply(read_slot<A>(at), pc[1]));
      sp = at + kSlotsOf<R>;
      DEWAR_NEXT(2);
    } else if constexpr (std::is_reference_v<B>) {  // unary that can trap
      std::remove_reference_t<B> out;
      if (const auto t = F::apply(read_slot<A>(sp - 1), out); DEWAR_UNLIKELY(t != sem::NumTrap::none))
        DEWAR_TRAP(trap_of(t));
      write_slot(sp - 1, out);
      DEWAR_NEXT(1);
    } else if constexpr (std::is_same_v<R, sem::Wide>) {
      const auto w = F::apply(read_slot<A>(sp - 2), read_slot<B>(sp - 1));
      sp[-2] = w.lo;
      sp[-1] = w.hi;
      DEWAR_NEXT(1);
    } else {
      Slot* at = sp - kSlotsOf<A> - kSlotsOf<B>;
      write_slot<R>(at, F::apply(read_slot<A>(at), read_slot<B>(at + kSlotsOf<A>)));
      sp = at + kSlotsOf<R>;
      DEWAR_NEXT(1);
    }
  }
};

template <class F, class R, class A, class B, class C>
struct Numeric<F, Signature<R, A, B, C>> {
  static DEWAR_HANDLER(run) {
    if constexpr (std::is_reference_v<C>) {  // binary that can trap
      std::remove_reference_t<C> out;
      if (const auto t = F::apply(read_slot<A>(sp - 2), read_slot<B>(sp - 1), out);
          DEWAR_UNLIKELY(t != sem::NumTrap::none))
        DEWAR_TRAP(trap_of(t));
      write_slot(sp - 2, out);
      --sp;
      DEWAR_NEXT(1);
    } else {
      Slot* at = sp - kSlotsOf<A> - kSlotsOf<B>;
      if constexpr (std::is_same_v<C, u8>) {  // replace_lane
        write_slot<R>(at, F::apply(read_slot<A>(at), read_slot<B>(at + kSlotsOf<A>), pc[1]));
        sp = at + kSlotsOf<R>;
        DEWAR_NEXT(2);
      } else if constexpr (std::is_pointer_v<C>) {  // shuffle
        write_slot<R>(at, F::apply(read_slot<A>(at), read_slot<B>(at + kSlotsOf<A>), pc + 1));
        sp = at + kSlotsOf<R>;
        DEWAR_NEXT(17);
      } else {
        at -= kSlotsOf<C>;
        write_slot<R>(at, F::apply(read_slot<A>(at), read_slot<B>(at + kSlotsOf<A>),
                                   read_slot<C>(at + kSlotsOf<A> + kSlotsOf<B>)));
        sp = at + kSlotsOf<R>;
        DEWAR_NEXT(1);
      }
    }
  }
};

template <class F>
struct Numeric<F, Signature<sem::Wide, u64, u64, u64, u64>> {
  static DEWAR_HANDLER(run) {
    const auto w = F::apply(sp[-4], sp[-3], sp[-2], sp[-1]);
    sp[-4] = w.lo;
    sp[-3] = w.hi;
    sp -= 2;
    DEWAR_NEXT(1);
  }
};

/// Callable forms of the merged names: one type per row.
namespace callable {
#define OP(id, prefix, code, text, imm, sig, align, effects, feature) \
  struct id {                                                         \
    template <class... T>                                             \
    [[gnu::always_inline]] static auto apply(T&&... v) {              \
      return merged::id(static_cast<T&&>(v)...);                      \
    }                                                                 \
  };
#include "wasm/ops.def"
}  // namespace callable

/// The handler of one row if semantics.h has it and its immediates are none, a lane or a shuffle; else null.
template <class F, wasm::Imm kImm, class Sig>
constexpr Handler numeric_handler() {
  if constexpr (Sig::kExists && (kImm == wasm::Imm::none || kImm == wasm::Imm::lane || kImm == wasm::Imm::shuffle)) {
    return &Numeric<F, Sig>::run;
  } else {
    return nullptr;
  }
}

#define DEWAR_NUMERIC_ROW(id, imm) \
  numeric_handler<callable::id, wasm::Imm::imm, decltype(signature_of(&merged::id, 0))>()

/// Handlers of the scalar (prefix != 0xfd) and vector rows; null where another file defines the handler.
extern const Handler kScalarNumeric[wasm::kOpCount];
extern const Handler kVectorNumeric[wasm::kOpCount];

}  // namespace dewar::exec::interp
