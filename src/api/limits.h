// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The limits of a run: what each may use up, and one table that says of every limit what it is called, what it counts
// and what happens at it. Flags (-W NAME=), policy keys (dewar: limits: NAME:), the outcome's `limits`, the help and
// docs/limits.md come from the table; a test compares the page. None of the defaults depends on the host.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "runtime/stack.h"

namespace dewar::api {

struct Outcome;

/// What a run may use up. Nothing = no limit but that of the implementation.
struct RunLimits {
  /// In a compiled tier, which does a billion instructions a second at best, this ends a run before the default wall
  /// time does, so that the end is the same everywhere.
  std::optional<u64> fuel = u64{200'000'000'000};
  std::optional<u64> wall_time_ms = u64{300} * 1000;
  std::optional<u64> max_memory_bytes = u64{1} << 30;  ///< per linear memory
  /// All memories and tables together; nothing = what one memory and one table may have.
  std::optional<u64> max_total_memory_bytes;
  std::optional<u64> max_table_elements = u64{10'000'000};  ///< per table
  std::optional<u64> max_gc_bytes = u64{256} << 20;
  std::optional<u64> max_code_bytes = u64{512} << 20;              ///< functions, and what makes them ready to run
  std::optional<u64> stack_bytes = runtime::Stack::kDefaultBytes;  ///< canonical-frame bytes
  std::optional<u64> max_handles = u64{1024};
  std::optional<u64> max_call_bytes = u64{64} << 20;
  std::optional<u64> max_host_bytes = u64{64} << 30;
  std::optional<u64> max_host_calls = u64{1'000'000'000};
  std::optional<u64> max_output_bytes = u64{256} << 20;  ///< standard output and standard error together
  std::optional<u64> kept_output_bytes = u64{1} << 20;   ///< of each stream, where output is captured
  std::optional<u64> max_random_bytes = u64{256} << 20;
  std::optional<u64> max_files_created = u64{100'000};
  std::optional<u64> max_written_bytes = u64{1} << 30;

  /// What memories and tables may have together; nothing if that is beyond counting.
  std::optional<u64> total_memory() const;
};

/// What was used of a limit.
struct Usage {
  std::optional<u64> used = 0;  ///< nothing where it is not known, or would differ from run to run
  std::optional<u64> allowed;   ///< nothing = no limit
  u64 refused = 0;              ///< how often something was refused, or cut, because of it
};

enum class LimitUnit : u8 { count, bytes, milliseconds };

/// What happens at a limit.
enum class LimitEffect : u8 {
  ends,     ///< the run ends, class "limit", with the limit's code
  refuses,  ///< the guest sees a failure and goes on; counted as `refused`
  cuts,     ///< less is kept or moved at once; nothing fails
};

struct LimitSpec {
  std::string_view name;  ///< of the flag and of the policy key
  std::string_view code;  ///< of the outcome it ends, and in `limits_hit`
  std::string_view json;  ///< member of the outcome's `limits`
  LimitUnit unit;
  LimitEffect effect;
  bool may_be_none;
  u64 least, most;  ///< of values that can be set
  std::optional<u64> RunLimits::* value;
  Usage Outcome::* usage;
  std::string_view counts;      ///< what it counts, for help and docs
  std::string_view guest_sees;  ///< what the guest sees at it, or empty if it sees nothing any more
};

/// Every limit, in the order of docs/limits.md.
std::span<const LimitSpec> limit_table();
/// By name; null if there is none.
const LimitSpec* find_limit(std::string_view name);
/// By code; null if there is none.
const LimitSpec* find_limit_by_code(std::string_view code);

/// A quantity with its unit, as flags take it: "200000000000", "64MiB", "5m".
std::string quantity_text(u64 value, LimitUnit unit);
/// The default as text, "none" included.
std::string default_text(const LimitSpec& spec);
/// The table of docs/limits.md, in Markdown.
std::string limits_markdown();

/// Codes of the limits that ended something or refused something, in the order of the table.
std::vector<std::string_view> limits_hit(const Outcome& outcome);

}  // namespace dewar::api
