// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Traps by hardware fault (design D7): the process-wide handler of SIGSEGV, SIGBUS and SIGILL that turns a fault of
// guest code into a jump to its landing. A fault is the guest's exactly if its pc is in the table of fault sites and
// its address lies in a guarded memory of the store that runs on this thread; every other fault goes to the handler
// that was there before. A fault site that hits a memory of another store is a bug of ours and ends the process.
// Compiled code has no table: a fault there goes to a stub that finds the access by compiling again (docs/baseline.md),
// if it is at a memory of this store and the stack is the one that runs; else it is a bug, too. SIGILL is how compiled
// code that has no fuel left for its next block ends there.
#pragma once

#include "runtime/stack.h"

namespace dewar::runtime {

/// One instruction that may fault, and where to go on. Emitted by inline assembly (`asm goto`) into the ELF section
/// "dewar_fault_sites", flags "aw" (the addresses are relocated), pairs of words with 8-byte alignment.
struct FaultSite {
  std::uintptr_t pc;
  std::uintptr_t landing;
};
static_assert(sizeof(FaultSite) == 16);

/// Installs the handler; does nothing the second time. Sorts the table of fault sites into read-only memory. Ends the
/// process if the system refuses (guest code must not run then).
void install_fault_handler();

/// Gives this thread an alternate signal stack, unless it has one that is large enough, and unblocks the signals of
/// install_fault_handler(); once. Freed with the thread.
void ensure_alt_stack();

/// The innermost Stack whose code runs on this thread, or null.
Stack* active_stack();

/// Makes `stack` the active one of this thread for the scope: whoever enters guest code has one. Without it a fault of
/// guest code is nobody's and ends the process.
class ActiveStackScope {
 public:
  explicit ActiveStackScope(Stack& stack);
  ~ActiveStackScope();
  ActiveStackScope(const ActiveStackScope&) = delete;
  ActiveStackScope& operator=(const ActiveStackScope&) = delete;

 private:
  Stack* previous_;
};

}  // namespace dewar::runtime
