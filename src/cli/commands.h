// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The commands: each takes its parsed arguments and gives the program's exit status.
#pragma once

#include "api/run.h"
#include "cli/parse.h"

namespace dewar::cli {

int run_command(const ParsedArgs& args);
int mcp_command(const ParsedArgs& args);
int wat_command(const ParsedArgs& args);
int print_command(const ParsedArgs& args);
int validate_command(const ParsedArgs& args);
int objdump_command(const ParsedArgs& args);
int guest_add_command(const ParsedArgs& args);
int guest_list_command(const ParsedArgs& args);
int guest_remove_command(const ParsedArgs& args);
int guest_path_command(const ParsedArgs& args);
int policy_check_command(const ParsedArgs& args);
int policy_explain_command(const ParsedArgs& args);
int policy_diff_command(const ParsedArgs& args);
int wast_verb(const ParsedArgs& args);
int verify_command(const ParsedArgs& args);
int version_command(const ParsedArgs& args);
int help_command(const ParsedArgs& args);

/// What `dewar run` with these arguments would run. Codes: "usage-...", "file-...", "guest-...", "grant-...".
Result<api::RunConfig> configure_run(const ParsedArgs& args);

/// Says what is wrong with the command line and gives the exit status for that.
int usage_error(const Error& error);

}  // namespace dewar::cli
