// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Base64 (RFC 4648 section 4), strict: the standard alphabet, padding, no white space, no stray bits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dewar::server {

/// The bytes, or nothing if the text is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace dewar::server
