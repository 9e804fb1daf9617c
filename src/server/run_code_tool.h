// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tool run_code as MCP describes it, and the result of a call. What older revisions of the protocol do not know is
// left out for them.
#pragma once

#include <string>
#include <string_view>

#include "api/outcome.h"
#include "server/code_request.h"

namespace dewar::server {

inline constexpr char kToolName[] = "run_code";

/// Revisions of the protocol, oldest first, so that they can be compared.
enum class Revision : u8 { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

/// The definition, as JSON text. `output_schema` = that of an outcome as a model sees it.
std::string tool_definition(Revision revision, const CodeHost& host, std::string_view output_schema);

/// The members of a call's result: content, structuredContent, isError. `outcome` must be one for_model(). A run that
/// did not end well is a result, never an error of the protocol, so that the model learns of it.
/// Begins with "{" and has no end, so that the caller can add members.
std::string open_tool_result(Revision revision, const api::Outcome& outcome);

}  // namespace dewar::server
