// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Outcome: the result of one run as one value, whatever happened (design section 6). Text that a guest chose is kept
// as it came and marked by its place (see docs/outcome.md); whoever prints it escapes it. No member depends on the
// time, the address layout or the speed of the host, so that two runs with the same inputs give equal outcomes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/limits.h"
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
  std::string tail;           ///< what follows the gap, or follows the head if nothing was dropped
  u64 total = 0;              ///< bytes that the guest wrote
  u64 dropped = 0;            ///< bytes between head and tail that were not kept
  std::string spilled;        ///< file of the host that holds the whole stream, or empty
  bool spill_failed = false;  ///< that file is not there, or not whole
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
  /// Why it failed, where the guest's driver tells.
  enum class Reason : u8 { exception, syntax, memory };
  Reason reason = Reason::exception;
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

/// A file of the guest's that was written to the host.
struct OutputFile {
  std::string path;  ///< below the folder (text chosen by the guest)
  u64 bytes = 0;
  std::string sha256;  ///< of its contents, in hexadecimal
};

/// One that was not.
struct SkippedOutput {
  std::string path;
  std::string reason;  ///< "symbolic-link", "name", "too-deep", "too-large", "exists", "write-failed"
};

/// Room in memory: the most that was used, what may be used, and how often something did not fit.
struct Space {
  u64 used = 0, allowed = 0, refused = 0;
};

/// What confines the host's process besides the sandbox (docs/SECURITY.md). It depends on the kernel, so it is nothing
/// that a run can be compared by.
struct Hardening {
  bool no_new_privs = false;
  std::string seccomp = "off";   ///< "filter", "off", "unavailable" (the kernel has none), "refused" (it failed)
  std::string landlock = "off";  ///< "abi-N", "off", "unavailable", "refused"
  bool complete() const { return no_new_privs && seccomp == "filter" && landlock.starts_with("abi-"); }
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

  bool stdin_granted = false;
  u64 stdin_refused = 0;  ///< how often the guest asked a standard input for bytes that was not granted

  std::vector<OutputFile> outputs;  ///< of the folder /out
  std::vector<SkippedOutput> skipped_outputs;
  u64 unlisted_outputs = 0, unlisted_skipped_outputs = 0;
  bool outputs_failed = false;  ///< the host could not take all of them

  std::optional<Error> refusal;  ///< class refused: what was wrong
  std::optional<TrapReport> trap;
  std::optional<GuestError> error;

  std::vector<boundary::Denial> denials;
  std::vector<boundary::Probe> probes;
  std::vector<Attempt> attempts;
  std::optional<PolicyInfo> policy;  ///< of a run with a policy
  u64 total_denials = 0, unlisted_denials = 0, unlisted_probes = 0, unlisted_attempts = 0;

  // One for each row of limit_table().
  Usage fuel, wall_time;
  Usage memory;        ///< bytes of the largest linear memory at the end
  Usage total_memory;  ///< bytes of all memories and tables at the end
  Usage table_elements, gc_heap, code_memory, stack, handles, call_bytes, host_bytes, host_call_limit, output,
      kept_output, random_limit, files_created, written;
  Space scratch;    ///< the folder /tmp
  Space out_space;  ///< the folder /out
  u64 instructions = 0;
  u64 host_calls = 0;

  bool real_clock = false;
  u64 clock_start = 0;  ///< of the virtual clock, in nanoseconds since the Unix epoch
  bool real_random = false;
  u64 seed = 0;
  u64 random_bytes = 0;
  /// The same inputs give the same outcome: no real clock, no real random, not ended by the wall clock, and no input
  /// that is not part of the grants.
  bool reproducible = true;

  Hardening hardening;
};

/// The outcome of a run that could not start.
Outcome refused(Error error, u32 exit_code = kExitRefused);

}  // namespace dewar::api
