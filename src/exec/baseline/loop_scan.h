// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a single pass can not know when it comes to a loop: which locals the loop uses. A light scan of a valid body
// before it is compiled finds that. Its result is advice on registers and nothing else; it is still the same for the
// same body, reads nothing outside of it whatever it holds, and takes time and memory linear in its size.
#pragma once

#include <span>
#include <vector>

#include "base/types.h"

namespace dewar::exec::baseline {

/// A local that a loop uses.
struct LocalUse {
  u16 local = 0;
  bool written = false;
  u32 weight = 0;  ///< reads and writes; in loops inside of it each counts eight times
};

class LoopScan {
 public:
  /// Locals that are told of a loop: the first ones that it uses.
  static constexpr u32 kMostUses = 64;

  /// Begins a function, whose body stays where it is; `pc` is where the instructions begin. Nothing is read before a
  /// loop is asked for.
  void run(std::span<const u8> body, u32 pc, u32 num_locals);
  /// The uses of the loop at `pc`, heaviest first. To be asked in rising order of pc.
  std::span<const LocalUse> uses(u32 pc);

 private:
  struct Loop {
    u32 pc, first, count;  ///< its part of uses_
  };
  struct Open {
    u32 loop;
    u32 depth;  ///< blocks that were open before it
    u32 log;    ///< first entry of its part of the log
  };

  /// Reads the loop at `pc`, which is in no other that was read, to its end or as far as it matters.
  void scan(u32 pc);
  void open(u32 pc);
  void close();
  void grow_log();
  /// Over an instruction that is not common; null where that is impossible.
  const u8* skip_rare(const u8* p, const u8* end, u32 at);

  std::span<const u8> body_;
  u32 next_ = 0;             ///< what comes before is known
  std::vector<Loop> loops_;  ///< by pc
  std::vector<LocalUse> uses_;
  std::vector<Open> open_;    ///< loops only
  std::vector<u64> log_;      ///< uses inside the open loops; a closed loop is summed up
  std::vector<u32> weights_;  ///< by local, all 0 between uses: weight << 1 | written
  std::vector<u16> seen_;
  usize most_uses_ = 0;  ///< when there are so many, further loops are told nothing of
  u32 log_size_ = 0;
  u32 num_locals_ = 0;
  bool calls_ = false;  ///< a call was read
  u32 depth_ = 0;       ///< open blocks; wraps around where there were too many ends
  u32 asked_ = 0;
};

}  // namespace dewar::exec::baseline
