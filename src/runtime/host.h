// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host-call convention (design D9). Everything above it (roles, grants, audit) is boundary/'s.
#pragma once

#include "runtime/frame.h"
#include "runtime/ref.h"
#include "runtime/trap.h"

namespace dewar::runtime {

class Stack;
class Store;
struct Instance;
struct Memory;
struct Tag;

/// How a host function ends.
enum class HostStatus : u8 {
  ok,       ///< results are written
  trap,     ///< Stack::trap.kind/detail are set
  throw_,   ///< Stack::exception holds an exception object
  exit,     ///< end the program with Stack::exit_code
  pending,  ///< suspend: the call returns to the embedder as Outcome::pending and is finished by exec::resume
};

/// What a host function sees of its caller. Valid during the call only.
struct CallContext {
  Stack& stack;
  Store& store;
  Instance* caller;  ///< instance whose code made the call; null if called by the host
  void* env;         ///< HostFunc::env
};

/// args and results are canonical slots (v128 = 2); args survive the call; results must be written iff `ok`.
using HostFn = HostStatus (*)(CallContext& ctx, const Slot* args, Slot* results);

/// A host function. Owned by the store.
struct HostFunc {
  HostFn fn = nullptr;
  void* env = nullptr;
  u32 arg_slots = 0;
  u32 result_slots = 0;
};

}  // namespace dewar::runtime
