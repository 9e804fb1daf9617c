// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Model Context Protocol over a pair of descriptors, newline-delimited JSON-RPC: a server with one tool, run_code.
// It speaks both eras of the protocol: revision 2026-07-28, whose requests carry their revision in `_meta`, and the
// revisions from 2024-11-05 to 2025-11-25, which are agreed on with `initialize`. Whatever a client sends, the server
// answers and goes on; it ends when its input does, cancelling what is under way. See docs/mcp.md.
#pragma once

#include <string>

#include "server/calls.h"

namespace dewar::server {

struct McpConfig {
  int in = 0, out = 1;         ///< descriptors
  std::string version;         ///< of the program
  std::string outcome_schema;  ///< JSON Schema of an outcome, as docs/outcome.schema.json
  usize max_line = usize{32} << 20;
  CallLimits calls;
};

/// Serves until the input ends or the client is gone.
void serve_mcp(CodeHost& host, const McpConfig& config);

}  // namespace dewar::server
