// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of limits and what is derived from it.
#include "api/limits.h"

#include "api/outcome.h"
#include "base/print.h"
#include "runtime/memory.h"

namespace dewar::api {

namespace {

constexpr u64 kAny = ~u64{0};
// Longer than a year is as good as for ever, and keeps clock arithmetic far from its ends.
constexpr u64 kYear = u64{366} * 86'400'000;

using enum LimitUnit;
using enum LimitEffect;

constexpr LimitSpec kTable[] = {
    {"fuel", "fuel", "fuel", count, ends, true, 0, static_cast<u64>(INT64_MAX), &RunLimits::fuel, &Outcome::fuel,
     "instructions, bulk work, and the work of host calls", ""},
    {"timeout", "wall-time", "wall_time_ms", milliseconds, ends, true, 0, kYear, &RunLimits::wall_time_ms,
     &Outcome::wall_time, "wall time of loading and running", ""},
    {"max-memory-size", "memory", "memory_bytes", bytes, refuses, true, 1, kAny, &RunLimits::max_memory_bytes,
     &Outcome::memory, "a linear memory", "memory.grow gives -1"},
    {"max-total-memory", "total-memory", "total_memory_bytes", bytes, refuses, false, 1, kAny,
     &RunLimits::max_total_memory_bytes, &Outcome::total_memory, "all memories and tables together",
     "memory.grow and table.grow give -1"},
    {"max-table-elements", "table-elements", "table_elements", count, refuses, true, 0, kAny,
     &RunLimits::max_table_elements, &Outcome::table_elements, "elements of a table", "table.grow gives -1"},
    {"max-gc-heap", "gc-heap", "gc_heap_bytes", bytes, ends, true, 1, kAny, &RunLimits::max_gc_bytes, &Outcome::gc_heap,
     "garbage-collected objects", ""},
    {"max-code-memory", "code-memory", "code_memory_bytes", bytes, ends, true, 1, kAny, &RunLimits::max_code_bytes,
     &Outcome::code_memory, "functions made ready to run", ""},
    {"max-wasm-stack", "stack", "stack_bytes", bytes, ends, false, sizeof(Slot), runtime::Stack::kMaxBytes,
     &RunLimits::stack_bytes, &Outcome::stack, "call frames", ""},
    {"max-handles", "handles", "handles", count, refuses, false, 1, u64{1} << 20, &RunLimits::max_handles,
     &Outcome::handles, "files, folders and streams open at once", "EMFILE"},
    {"max-call-bytes", "call-bytes", "call_bytes", bytes, cuts, true, 1, kAny, &RunLimits::max_call_bytes,
     &Outcome::call_bytes, "what one host call moves", "a short read or write, or ENOBUFS"},
    {"max-host-bytes", "host-bytes", "host_bytes", bytes, ends, true, 0, kAny, &RunLimits::max_host_bytes,
     &Outcome::host_bytes, "what all host calls move", ""},
    {"max-host-calls", "host-calls", "host_calls", count, ends, true, 0, kAny, &RunLimits::max_host_calls,
     &Outcome::host_call_limit, "host calls", ""},
    {"max-output", "output", "output_bytes", bytes, ends, true, 0, kAny, &RunLimits::max_output_bytes, &Outcome::output,
     "standard output and standard error together", ""},
    {"kept-output", "kept-output", "kept_output_bytes", bytes, cuts, false, 0, u64{256} << 20,
     &RunLimits::kept_output_bytes, &Outcome::kept_output,
     "what an outcome holds of each output stream, half from its start and half from its end", ""},
    {"max-random", "random", "random_bytes", bytes, ends, true, 0, kAny, &RunLimits::max_random_bytes,
     &Outcome::random_limit, "random bytes", ""},
    {"max-files-created", "files-created", "files_created", count, refuses, true, 0, kAny,
     &RunLimits::max_files_created, &Outcome::files_created, "files, folders and links made", "ENOSPC"},
    {"max-written", "written", "written_bytes", bytes, refuses, true, 0, kAny, &RunLimits::max_written_bytes,
     &Outcome::written, "what is written to files, and what they are made longer by", "a short write, then ENOSPC"},
};

constexpr std::string_view effect_text(LimitEffect effect) {
  switch (effect) {
    case ends: return "ends the run";
    case refuses: return "refuses";
    case cuts: return "cuts";
  }
  DEWAR_UNREACHABLE("effect");
}

}  // namespace

std::optional<u64> RunLimits::total_memory() const {
  if (max_total_memory_bytes) return max_total_memory_bytes;
  // A module may declare a hundred memories and tables: together they get what one of each may have, no multiple.
  constexpr u64 kElementBytes = 16;
  u64 table_bytes = 0, total = 0;
  if (!max_memory_bytes || !max_table_elements) return std::nullopt;
  if (__builtin_mul_overflow(*max_table_elements, kElementBytes, &table_bytes)) return std::nullopt;
  if (__builtin_add_overflow(*max_memory_bytes, table_bytes, &total)) return std::nullopt;
  return total;
}

std::span<const LimitSpec> limit_table() { return kTable; }

const LimitSpec* find_limit(std::string_view name) {
  for (const LimitSpec& spec : kTable) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

const LimitSpec* find_limit_by_code(std::string_view code) {
  for (const LimitSpec& spec : kTable) {
    if (spec.code == code) return &spec;
  }
  return nullptr;
}

std::string quantity_text(u64 value, LimitUnit unit) {
  struct Step {
    u64 factor;
    const char* name;
  };
  static constexpr Step kBytes[] = {{u64{1} << 30, "GiB"}, {u64{1} << 20, "MiB"}, {u64{1} << 10, "KiB"}};
  static constexpr Step kTimes[] = {{60'000, "m"}, {1000, "s"}, {1, "ms"}};
  static constexpr Step kCounts[] = {{1'000'000'000, "G"}, {1'000'000, "M"}};
  const std::span<const Step> steps = unit == bytes          ? std::span<const Step>(kBytes)
                                      : unit == milliseconds ? std::span<const Step>(kTimes)
                                                             : std::span<const Step>(kCounts);
  for (const Step& step : steps) {
    if (value >= step.factor && value % step.factor == 0) return base::dec(value / step.factor) + step.name;
  }
  return base::dec(value);
}

std::string default_text(const LimitSpec& spec) {
  const RunLimits defaults;
  if (const auto value = defaults.*spec.value) return quantity_text(*value, spec.unit);
  // The only one without a number of its own.
  return "max-memory-size and 16 bytes for each of max-table-elements";
}

std::string limits_markdown() {
  std::string out =
      "| `-W` flag and policy key | outcome code | in `limits` | default | counts | at the limit |\n"
      "|---|---|---|---|---|---|\n";
  for (const LimitSpec& spec : kTable) {
    out += "| `" + std::string(spec.name) + "` | `" + std::string(spec.code) + "` | `" + std::string(spec.json) +
           "` | " + default_text(spec) + " | " + std::string(spec.counts) + " | " +
           std::string(effect_text(spec.effect));
    if (!spec.guest_sees.empty()) out += ": " + std::string(spec.guest_sees);
    out += " |\n";
  }
  return out;
}

std::vector<std::string_view> limits_hit(const Outcome& outcome) {
  std::vector<std::string_view> out;
  for (const LimitSpec& spec : kTable) {
    const bool ended = outcome.cls == OutcomeClass::limit && outcome.code == spec.code;
    if (ended || (outcome.*spec.usage).refused > 0) out.push_back(spec.code);
  }
  return out;
}

}  // namespace dewar::api
