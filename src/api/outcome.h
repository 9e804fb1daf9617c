// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Outcome: the result of one run as one value, whatever happened (design section 6). Text that a guest chose is kept
// as it came and marked by its place (see docs/outcome.md); whoever prints it escapes it. No member depends on the
// time, the address layout or the speed of the host, so that two runs with the same inputs give equal outcomes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/policy_info.h"
#include "base/error.h"
#include "boundary/denial.h"

namespace dewar::api {

/// How a run ended.
enum class OutcomeClass : u8 {
  exit,     ///< the program ended by itself
  trap,     ///< it did something that WebAssembly forbids, or let an exception escape
  limit,    ///< it met a limit of the run
  refused,  ///< it was never started
};
std::string_view class_name(OutcomeClass cls);

/// Exit codes of the program where they are not the guest's own (design section 6).
inline constexpr u32 kExitWallTime = 124, kExitOwnError = 125, kExitRefused = 126, kExitTrap = 134, kExitLimit = 137;

/// What was kept of an output stream.
struct CapturedText {
  std::string head;
  std::string tail;  ///< what follows the gap, or follows the head if nothing was dropped
  u64 total = 0;     ///< bytes that the guest wrote
  u64 dropped = 0;   ///< bytes between head and tail that were not kept
};

/// One frame of the guest's own language. Untrusted: the guest's driver says so.
struct GuestFrame {
  std::string file;
  std::string function;
  u64 line = 0;
  u64 column = 0;  ///< from 1; 0 = not known
};

/// An exception that nothing in the script caught. Untrusted.
struct GuestError {
  struct Cause {
    std::string type, message;
  };
  std::string type;
  std::string message;
  std::vector<GuestFrame> frames;  ///< outermost first
  u64 total_frames = 0;
  std::vector<Cause> causes;
};

/// Something that the guest's interpreter refused by itself, so that it never reached the boundary. Untrusted.
struct Attempt {
  std::string event;
  std::string detail;
  u64 count = 0;
};

/// One frame of Wasm code, innermost first.
struct WasmFrame {
  std::string function;  ///< from the name section, an export, or "func[N]" (text chosen by the guest)
  u32 index = 0;         ///< function index
  u64 offset = 0;        ///< byte offset in the module
};

struct TrapReport {
  std::string kind;     ///< stable code
  std::string message;  ///< as the specification's test suite words it
  std::string detail;   ///< of a host function, or empty
  std::vector<WasmFrame> frames;
  u64 total_frames = 0;
};

/// A limit and what was used of it; no `allowed` = no limit.
struct Usage {
  u64 used = 0;
  std::optional<u64> allowed;
};

struct Outcome {
  OutcomeClass cls = OutcomeClass::refused;
  std::string code;     ///< stable; the list is docs/outcome.md
  std::string message;  ///< one line for a person
  u32 exit_code = kExitOwnError;
  bool retryable = false;

  std::string program;     ///< as given on the command line
  std::string language;    ///< "wasm", "python", "javascript"
  std::string guest_name;  ///< package of the interpreter and its version, or empty
  std::string guest_version;

  std::optional<CapturedText> out;  ///< where output was captured
  std::optional<CapturedText> err;
  std::vector<std::string> results;  ///< of an invoked function, as "i32:7"

  std::optional<Error> refusal;  ///< class refused: what was wrong
  std::optional<TrapReport> trap;
  std::optional<GuestError> error;

  std::vector<boundary::Denial> denials;
  std::vector<boundary::Probe> probes;
  std::vector<Attempt> attempts;
  std::optional<PolicyInfo> policy;  ///< of a run with a policy
  u64 total_denials = 0, unlisted_denials = 0, unlisted_probes = 0, unlisted_attempts = 0;

  Usage fuel;
  Usage memory;        ///< bytes of the largest linear memory at the end
  Usage total_memory;  ///< bytes of all memories and tables at the end
  u64 instructions = 0;
  u64 host_calls = 0;
  std::optional<u64> wall_time_ms;  ///< allowed
  u64 stack_bytes = 0;              ///< allowed

  bool real_clock = false;
  bool real_random = false;
  u64 seed = 0;
  u64 random_bytes = 0;
  /// The same inputs give the same outcome: no real clock, no real random, not ended by the wall clock, and no input
  /// that is not part of the grants.
  bool reproducible = true;
};

/// The outcome of a run that could not start.
Outcome refused(Error error, u32 exit_code = kExitRefused);

}  // namespace dewar::api
