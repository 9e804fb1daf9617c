// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A comparison over many seeds: generates, runs in the first mode and in the others, counts, and says what is wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diff/node_peer.h"
#include "diff/world.h"

namespace dewar::diff {

struct Finding {
  u64 seed = 0;
  std::string mode;  ///< "generator" if a module is not valid
  std::string text;
};

class Session {
 public:
  /// `modes`: indices of kModes besides the first, which always runs.
  Session(std::vector<usize> modes, GenOptions options);

  /// Runs one seed; the first difference, if there is one.
  std::optional<Finding> run(u64 seed);
  /// The same program as run(seed), with what the first mode saw last. For V8.
  const Program& program() const { return program_; }
  const Observed& expected() const { return expected_; }

  /// Makes the finding's program small. Precondition: `mode` is an index of kModes.
  Case smallest(u64 seed, usize mode);
  /// The same for a difference from V8. One process of node per step: this takes minutes.
  Case smallest(u64 seed, NodePeer& node);

  struct Totals {
    u64 modules = 0, without_trap = 0, calls = 0, bytes = 0;
    std::array<u64, static_cast<usize>(runtime::TrapKind::host) + 1> traps{};
    OpCounts emitted{};
    OpCounts executed{};  ///< of main modules, after count_executed()
  };
  /// From now on the first mode counts what it executes; much slower.
  void count_executed() {
    counts_executed_ = true;
    first_.count_executed(&totals_.executed);
  }
  const Totals& totals() const { return totals_; }
  const ModeWork& work(usize mode) const { return work_[mode]; }
  const std::vector<usize>& modes() const { return modes_; }

  /// What is wrong with the run as a whole, one line each: modes that did not do what they are named for, opcodes that
  /// never came up, too many traps. Only for runs of at least kEnough modules.
  std::vector<std::string> complaints() const;
  static constexpr u64 kEnough = 1500;
  static constexpr u32 kWithoutTrapPercent = 60;
  /// Nothing, or that too few modules end without a trap.
  static std::string too_many_traps(const Totals& totals);
  /// Counts by class of opcodes, traps and modes, for people.
  std::string report() const;

 private:
  const std::vector<usize> modes_;
  const GenOptions options_;
  World first_;
  std::vector<std::unique_ptr<World>> others_;
  std::array<ModeWork, std::size(kModes)> work_{};
  Totals totals_;
  bool counts_executed_ = false;
  Program program_;
  Observed expected_, seen_;
};

}  // namespace dewar::diff
