// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// run(): one module, its grants and limits in; one Outcome out. The only place that puts engine, store, boundary and
// limits together for a whole run; the command line and later faces only fill a RunConfig.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/outcome.h"
#include "boundary/grants.h"
#include "boundary/streams.h"
#include "runtime/stack.h"
#include "wasm/op.h"

namespace dewar::api {

/// What a run may use up. Every limit has a default; none of them depends on the host.
struct RunLimits {
  std::optional<u64> fuel;                            ///< nothing = as much as the other limits allow
  std::optional<u64> wall_time_ms = u64{300} * 1000;  ///< nothing = for ever
  u64 max_memory_bytes = u64{1} << 30;                ///< per linear memory; growth beyond it fails in the guest
  u64 max_table_elements = 10'000'000;                ///< per table
  u64 max_gc_bytes = u64{256} << 20;
  u64 stack_bytes = runtime::Stack::kDefaultBytes;  ///< canonical-frame bytes
};

/// The module is an interpreter started through one of our drivers (docs/guests.md).
struct Interpreter {
  std::string language;  ///< "python", "javascript"
  std::string name;      ///< of the guest, e.g. "python"
  std::string version;
  std::string script;                      ///< guest path of the user's script
  std::string report_path;                 ///< guest path that the driver opens to report
  std::vector<std::string> library_paths;  ///< guest paths where it looks for its own sources, which are not there
};

struct RunConfig {
  std::vector<u8> module;  ///< binary format
  bool is_text = false;    ///< `module` is in the text format instead
  std::string program;     ///< what the user calls it
  boundary::Grants grants;
  std::optional<PolicyInfo> policy;  ///< what to tell of the policy that the grants came from
  RunLimits limits;
  wasm::Features features;
  bool hide_memory = false;  ///< test mode of the engine (runtime/store.h)
  std::optional<Interpreter> interpreter;

  /// Function to call instead of `_start`, and its arguments as text.
  std::optional<std::string> invoke;
  std::vector<std::string> invoke_args;

  /// Where output goes; null = captured in the outcome.
  boundary::OutputSink* out = nullptr;
  boundary::OutputSink* err = nullptr;
  bool out_is_terminal = false;  ///< what isatty() says in the guest
  bool err_is_terminal = false;
  /// Bytes kept of each captured stream: so many from the start, so many from the end.
  usize capture_head = usize{512} << 10;
  usize capture_tail = usize{512} << 10;
  /// Used if the grants say that standard input is granted.
  boundary::InputSource* in = nullptr;
};

/// Runs to the end. Never fails otherwise than through the outcome.
Outcome run(RunConfig config);

}  // namespace dewar::api
