// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Metering and interruption inside bulk operations (design D11, D12).
#pragma once

#include "exec/interp/handler.h"

namespace dewar::exec::interp {

/// Most bytes / elements of work between two polls. kBulkChunk is a multiple of kBulkUnit, so that charging chunk by
/// chunk gives the same total as charging at once.
inline constexpr u64 kBulkChunk = u64{64} << 10;
using runtime::kBulkUnit;
/// Compiled code may do so little inline.
inline constexpr u64 kUnpolledBytes = 64;
inline constexpr u64 kBulkElements = kBulkChunk / sizeof(Slot);
/// Slots that control instructions may move or clear without a surcharge.
inline constexpr i64 kBulkSlots = kBulkUnit / sizeof(Slot);
/// Rows of handlers that a unit of fuel pays for.
inline constexpr u32 kRowsPerUnit = 128;

/// Pays the surcharge for `bytes` of work that is about to be done. When fuel does not suffice, the operands stand for
/// the rest of the work, and the instruction itself stays paid.
#define DEWAR_CHARGE_BULK(bytes_)                                                 \
  do {                                                                            \
    const u64 surcharge_ = static_cast<u64>(bytes_) / kBulkUnit;                  \
    if (DEWAR_UNLIKELY(surcharge_ != 0)) {                                        \
      if (surcharge_ > static_cast<u64>(fuel)) DEWAR_TRAP(TrapKind::out_of_fuel); \
      fuel -= static_cast<i64>(surcharge_);                                       \
      stack->bulk_surcharge += surcharge_;                                        \
    }                                                                             \
  } while (0)

/// Leaves if an interrupt is wanted; the prefixed instruction runs again from its operands.
#define DEWAR_POLL_BULK()                                                    \
  do {                                                                       \
    if (DEWAR_UNLIKELY(stack->interrupts() != 0)) DEWAR_TAIL(poll_prefixed); \
  } while (0)

/// Before each chunk of such an instruction, also of work that has only one, as straight-line code may be full of it.
/// What is so little that compiled code does it inline is not polled in any tier.
#define DEWAR_BEGIN_CHUNK(bytes_)                         \
  do {                                                    \
    const u64 chunk_bytes_ = (bytes_);                    \
    if (chunk_bytes_ > kUnpolledBytes) DEWAR_POLL_BULK(); \
    DEWAR_CHARGE_BULK(chunk_bytes_);                      \
  } while (0)

}  // namespace dewar::exec::interp
