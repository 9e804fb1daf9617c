// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs one script of the official test suite's language: every command is executed and counted by kind; nothing is
// skipped. One engine, store and stack per script. Used by `dewar wast` and by the test matrix.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/store.h"
#include "text/wast.h"

namespace dewar::cli {

inline constexpr usize kCommandKinds = static_cast<usize>(text::CommandKind::kCount);

/// A command that did not do what the script says.
struct WastFailure {
  u32 line = 0;
  u32 column = 0;
  text::CommandKind kind = text::CommandKind::kModule;
  std::string reason;
};

/// What happened to one script. `executed` counts commands by kind, those that failed included.
struct WastReport {
  std::array<u64, kCommandKinds> executed{};
  std::vector<WastFailure> failures;
  std::string output;  ///< of the module "spectest"
  // What the engine's mode did, so that a mode that did nothing is noticed.
  u64 patched_bytes = 0;        ///< opcodes that differ from the modules' (fused groups, probes)
  u64 collections = 0;          ///< of the GC heap
  u64 guarded_memories = 0;     ///< memories of instances that rely on guard pages
  u64 functions = 0;            ///< of all instances
  u64 prepared_functions = 0;   ///< functions that were called
  u64 compiled_functions = 0;   ///< functions that have compiled code
  std::vector<u64> tier_moves;  ///< of Tier::random: by TierMove, then by TierPlace
  u64 fuel = 0;                 ///< used by all actions together
  u64 instructions = 0;         ///< executed: fuel without the surcharge of bulk work
  u64 probes_fired = 0;

  u64 total() const;
};

/// Runs a script with the given engine options (features included). An error means that the script itself could not be
/// read or the engine could not be set up; failed commands are in the report.
Result<WastReport> run_wast(std::string_view source, const runtime::EngineOptions& options);

}  // namespace dewar::cli
