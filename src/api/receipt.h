// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Receipts: what a run was given, did and left behind, as an ordered list of named facts, most of them hashes
// (SHA-256). Two runs with equal facts are the same run; the first fact that differs says where they part. The order is
// that of cause and effect: what was given, then the host calls, then the end and what it left. docs/receipts.md
// explains the names. A receipt that is read is untrusted: it is only ever compared.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace dewar::api {

inline constexpr char kReceiptSchema[] = "dewar-receipt/2";

struct Fact {
  std::string name;
  std::string value;
  bool operator==(const Fact&) const = default;
};

struct Receipt {
  static constexpr usize kMaxBytes = usize{16} << 20;
  static constexpr u32 kMaxValues = 200'000;

  std::string tool;                  ///< "dewar 0.1.0": who made it; not compared
  std::vector<std::string> command;  ///< what followed `dewar run`, so that it can be run again
  std::vector<Fact> facts;

  /// The value of a fact, or "".
  std::string_view value(std::string_view name) const;
};

/// One JSON object, indented, with a final line break.
std::string receipt_json(const Receipt& receipt);
/// Code: "receipt-malformed".
Result<Receipt> read_receipt(std::string_view text);

/// Where two receipts part.
struct Difference {
  std::string name;
  std::string expected;  ///< "" = the fact is not there
  std::string found;
};
/// The first difference in the order of `expected`, then facts that only `found` has.
std::optional<Difference> first_difference(const Receipt& expected, const Receipt& found);

}  // namespace dewar::api
