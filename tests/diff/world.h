// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a program in one mode and writes down everything that may not depend on the mode: how each call ended and where,
// results as bits, fuel and instructions, what host functions were given, and at the end the memories, globals, tables.
#pragma once

#include <memory>
#include <string>

#include "diff/generator.h"
#include "diff/modes.h"

namespace dewar::diff {

/// The modules of a case in binary form.
struct Program {
  u64 seed = 0;
  bool common = false;  ///< entries are "wN" and "globals"
  std::vector<u8> provider, main;
};
Program encode_case(const Case& c, bool common);

enum class What : u8 {
  outcome,
  trap,
  frames,
  frame_func,
  frame_pc,
  fuel,
  instructions,
  result,
  host_calls,
  memory_size,
  memory,
  global,
  table_size,
  element,
};
std::string_view what_text(What what);

struct Seen {
  What what;
  u32 call;  ///< which of Observed::calls, or kNoCall
  u64 value;
  friend bool operator==(const Seen&, const Seen&) = default;
};
inline constexpr u32 kNoCall = ~u32{0};

/// A call and what it gave, for people and for V8.
struct Call {
  std::string entry;
  std::vector<wasm::CanonValType> params, results;
  std::vector<Slot> args, values;
  runtime::Outcome outcome = runtime::Outcome::returned;
  runtime::TrapKind trap = runtime::TrapKind::none;
};

struct Observed {
  std::vector<Seen> seen;
  std::vector<Call> calls;
  /// For V8, of common programs: hashes of the memories "mN", which elements of the tables "tN" are null ("-" or "x"),
  /// and what host functions saw.
  std::vector<u32> memory_hashes;
  std::vector<std::string> table_shapes;
  u64 host_calls = 0, host_hash = 0;
  bool start_ended = true;  ///< instantiation returned
  bool trapped = false;     ///< something trapped
  std::string error;        ///< not empty: a module is invalid or does not link, which is a bug of the generator
  void clear() { *this = Observed{}; }
};

/// The first difference, in words; empty if there is none.
std::string difference(const Observed& expected, const Observed& other);

class World {
 public:
  explicit World(const Mode& mode);
  ~World();
  /// Replaces `out`. `work` is added to. `known_valid`: the same bytes were validated before.
  void run(const Program& program, Observed& out, ModeWork& work, bool known_valid = false);
  /// Counts what run() executes of main modules, by a probe on every instruction (slow), except in start functions.
  void count_executed(OpCounts* counts) { executed_ = counts; }

 private:
  const Mode& mode_;
  std::unique_ptr<runtime::Engine> engine_;
  u32 runs_ = 0;
  OpCounts* executed_ = nullptr;
};

/// 32-bit hash of bytes that the V8 side computes alike.
u32 bytes_hash(std::span<const u8> bytes);

}  // namespace dewar::diff
