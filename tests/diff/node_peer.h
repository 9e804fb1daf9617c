// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The outside oracle: V8, in processes of Node.js that each get a batch of programs with what the first mode observed,
// and print where V8 does something else (node_worker.mjs). By hand only; needs a Node.js of tools/diff_node.sh.
#pragma once

#include <string>
#include <vector>

#include "diff/world.h"

namespace dewar::diff {

struct NodeTotals {
  u64 programs = 0;  ///< run by V8
  u64 calls = 0;     ///< compared
  u64 traps = 0;     ///< of those, trapped in both
  u64 left_out = 0;  ///< programs whose first call or start already met a limit that V8 does not have
  u64 cut = 0;       ///< programs whose later calls were left out for that reason
  std::vector<std::pair<u64, std::string>> differences;  ///< seed, text
  std::string error;                                     ///< a process failed: the comparison is void
};

class NodePeer {
 public:
  /// `flags` go to node before the script.
  NodePeer(std::string node, std::vector<std::string> flags) : node_(std::move(node)), flags_(std::move(flags)) {}
  /// Adds a program with what is expected of it. Precondition: program.common.
  void add(const Program& program, const Observed& expected, NodeTotals& totals);
  usize waiting() const { return count_; }
  /// Runs what was added.
  void flush(NodeTotals& totals);

 private:
  const std::string node_;
  const std::vector<std::string> flags_;
  std::string batch_;
  usize count_ = 0;
};

}  // namespace dewar::diff
