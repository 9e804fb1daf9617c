// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Boundary: the one place where guest and host meet (design section 1). It owns the bindings of descriptors to host
// objects, the counters, the limits, the observers and the record of denials of one store. Not thread-safe, as a
// store is not. A boundary lives at least as long as the store that its functions were defined in.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "boundary/denial.h"
#include "boundary/guest_access.h"
#include "boundary/import_desc.h"
#include "boundary/quota.h"
#include "runtime/instantiate.h"

namespace dewar::boundary {

class Boundary;

/// One host function as bound: descriptor, the object its body works on, and how often it was called.
struct Binding {
  const ImportDesc* desc = nullptr;
  Boundary* boundary = nullptr;
  void* host = nullptr;
  u64 calls = 0;
  usize num_params = 0;  ///< as desc->sig has them
  usize num_results = 0;
};

/// A host call as observers see it. Valid during the callback only.
struct CallView {
  const ImportDesc& desc;
  u64 number;  ///< 1 for the first call of the run
  std::span<const Slot> args;
  std::span<const Slot> results;        ///< empty before the call, and unless it returned
  std::span<const GuestRange> written;  ///< the exact ranges of guest memory written, in order; after the call
  runtime::HostStatus status;           ///< after the call
};

/// A reader of the boundary: audit, recorder, tracer. Costs nothing where there is none.
class Observer {
 public:
  virtual void before(const CallView& call) = 0;
  virtual void after(const CallView& call) = 0;

 protected:
  ~Observer() = default;
};

/// Limits on what crosses the boundary.
struct BoundaryLimits {
  u64 bytes_per_call = u64{64} << 20;
  u64 calls = UINT64_MAX;
  u64 bytes = UINT64_MAX;          ///< of all calls
  u64 output_bytes = UINT64_MAX;   ///< to standard output and standard error
  u64 random_bytes = UINT64_MAX;   ///< given out
  u64 files_created = UINT64_MAX;  ///< names made in mounts
  u64 bytes_written = UINT64_MAX;  ///< to files of mounts, and what they were made longer by
};

/// A limit that ended the run.
enum class EndingLimit : u8 { none, calls, bytes, output, random };

/// What crossed it so far.
struct BoundaryCounters {
  u64 calls = 0;
  u64 bytes = 0;            ///< read from and written to guest memory, or reserved for it
  u64 bytes_in_a_call = 0;  ///< most of these in one call
  u64 cut_calls = 0;        ///< calls that wanted to move more than one may
};

class Boundary {
 public:
  explicit Boundary(const BoundaryLimits& limits = {})
      : output(limits.output_bytes),
        random(limits.random_bytes),
        files_created(limits.files_created),
        bytes_written(limits.bytes_written),
        limits_(limits) {}
  Boundary(const Boundary&) = delete;
  Boundary& operator=(const Boundary&) = delete;

  /// Creates a host function for each row and defines it in the linker. `host` is what HostCall::host() gives;
  /// `module` replaces the rows' module name if it is not empty.
  Result<void> define(runtime::Linker& linker, runtime::Store& store, std::span<const ImportDesc> rows, void* host,
                      std::string_view module = {});
  /// Creates a host function of a given canonical type for a descriptor made at run time. `desc` is copied, with its
  /// strings; its `sig` may leave the parameters out where letters cannot say them.
  Result<runtime::Func*> bind_dynamic(runtime::Store& store, wasm::CanonId type, const ImportDesc& desc, void* host);
  /// A binding without a store: for calling `dispatch` directly.
  Binding& bind(const ImportDesc& desc, void* host);

  /// Observers are called in the order of their addition.
  void add_observer(Observer& observer) { observers_.push_back(&observer); }
  void remove_observer(Observer& observer) { std::erase(observers_, &observer); }

  // Used by the bodies, which ask before they do.
  Quota output, random, files_created, bytes_written;

  DenialLog& denials() { return denials_; }
  const DenialLog& denials() const { return denials_; }
  const BoundaryLimits& limits() const { return limits_; }
  const BoundaryCounters& counters() const { return counters_; }
  /// What ended the run, if a limit of the boundary did.
  EndingLimit ended_by() const { return ended_by_; }
  std::span<Observer* const> observers() const { return observers_; }
  /// Every binding, in the order of definition, with its number of calls.
  const std::deque<Binding>& bindings() const { return bindings_; }

  /// The memory that a caller's pointers mean: its export "memory" if that is a memory, else its memory 0; or null.
  runtime::Memory* memory_of(runtime::Instance* caller);

 private:
  friend class HostCall;
  friend struct ObservedCall;
  friend runtime::HostStatus dispatch(runtime::CallContext& ctx, const Slot* args, Slot* results);
  struct DynamicDesc {
    std::string module, name, sig;
    ImportDesc desc;
  };

  BoundaryLimits limits_;
  BoundaryCounters counters_;
  DenialLog denials_;
  EndingLimit ended_by_ = EndingLimit::none;
  std::vector<Observer*> observers_;
  std::vector<GuestRange> written_;  ///< by the outermost observed call; kept so that none allocates
  bool observing_ = false;           ///< written_ is in use
  std::deque<Binding> bindings_;
  std::deque<DynamicDesc> dynamic_;
  runtime::Instance* last_caller_ = nullptr;
  runtime::Memory* last_memory_ = nullptr;
};

}  // namespace dewar::boundary
