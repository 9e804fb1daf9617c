// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// run(): one module, its grants and limits in; one Outcome out. The only place that puts engine, store, boundary and
// limits together for a whole run; the command line and later faces only fill a RunConfig.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/limits.h"
#include "api/out_files.h"
#include "api/outcome.h"
#include "api/run_handle.h"
#include "api/run_watcher.h"
#include "boundary/grants.h"
#include "boundary/streams.h"
#include "runtime/code_listener.h"
#include "runtime/native.h"
#include "runtime/tier.h"
#include "wasm/op.h"

namespace dewar::api {

/// The module is an interpreter started through one of our drivers (docs/guests.md).
struct Interpreter {
  std::string language;  ///< "python", "javascript"
  std::string name;      ///< of the guest, e.g. "python"
  std::string version;
  std::string script;                      ///< guest path of the user's script
  std::string report_path;                 ///< guest path that the driver opens to report
  std::vector<std::string> library_paths;  ///< guest paths where it looks for its own sources, which are not there
  bool sqlite_log = false;  ///< what arrives as the report is SQLite's error log, not the lines of a driver
};

struct RunConfig {
  std::vector<u8> module;  ///< binary format
  bool is_text = false;    ///< `module` is in the text format instead
  std::string program;     ///< what the user calls it
  boundary::Grants grants;
  std::optional<PolicyInfo> policy;  ///< what to tell of the policy that the grants came from
  RunLimits limits;
  wasm::Features features;
  runtime::Tier tier = runtime::kDefaultTier;
  runtime::TierOptions tiering;
  u8 cpu_level = 0;  ///< of the engine, as the next (runtime/store.h)
  bool explicit_bounds = false;
  /// An arena for code that runs share (exec/tier.h); null = one of its own. Without it a process that was hardened
  /// before compiles nothing.
  std::shared_ptr<const runtime::NativeStubs> native;
  /// Told of compiled code (runtime/code_listener.h); may be null.
  std::shared_ptr<runtime::CodeListener> code_listener;
  bool hide_memory = false;  ///< test mode of the engine (runtime/store.h)
  /// Bytes of the scratch folder /tmp in memory. Nothing = kDefaultScratch, unless a grant covers /tmp (it is there, or
  /// at the root); 0 = no such folder.
  std::optional<u64> scratch_bytes;
  static constexpr u64 kDefaultScratch = u64{64} << 20;
  /// The guest gets a folder /out in memory, and what it leaves there is written below this one.
  std::optional<OutFolder> out_folder;
  std::optional<Interpreter> interpreter;

  /// Function to call instead of `_start`, and its arguments as text.
  std::optional<std::string> invoke;
  std::vector<std::string> invoke_args;

  /// Where output goes; null = captured in the outcome.
  boundary::OutputSink* out = nullptr;
  boundary::OutputSink* err = nullptr;
  bool out_is_terminal = false;  ///< what isatty() says in the guest
  bool err_is_terminal = false;
  /// Bytes kept of each captured stream from the start and from the end, if not half of limits.kept_output_bytes each.
  std::optional<usize> capture_head, capture_tail;
  /// Folder of the host that gets captured streams of which not all is kept, as files "stdout" and "stderr"; or empty.
  std::string spill_folder;
  /// Told of the run; may be null. Must outlive it.
  RunWatcher* watcher = nullptr;
  /// Used if the grants say that standard input is granted.
  boundary::InputSource* in = nullptr;

  /// Called once, when everything is loaded and opened and nothing of the guest has run yet. An error refuses the run.
  std::function<Result<void>()> before_guest;
  /// Ends the run from another thread. May be null; must outlive the run.
  RunHandle* handle = nullptr;
};

/// Runs to the end. Never fails otherwise than through the outcome.
Outcome run(RunConfig config);

}  // namespace dewar::api
