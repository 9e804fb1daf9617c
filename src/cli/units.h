// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Quantities and lists as people write them, with overflow checked.
#pragma once

#include <optional>
#include <string_view>

#include "base/types.h"

namespace dewar::cli {

/// A plain non-negative number, optionally with k, M or G, or K, m or g, for thousands: "1000000", "20M".
std::optional<u64> parse_count(std::string_view text);
/// Bytes: "65536", "64KiB", "64MiB", "1GiB"; K, M, G and KB, MB, GB mean the same powers of 1024,
/// in any case.
std::optional<u64> parse_size(std::string_view text);
/// Milliseconds: "500ms", "30s", "5m", "1h"; a plain number counts seconds.
std::optional<u64> parse_duration_ms(std::string_view text);

/// Takes the first item from a list with commas between them; it may be empty.
inline std::string_view take_item(std::string_view& list) {
  const usize comma = list.find(',');
  const std::string_view item = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return item;
}

}  // namespace dewar::cli
