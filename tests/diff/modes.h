// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The ways to run a module that must agree: a row each. The first one is what the others are compared with.
#pragma once

#include <string_view>

#include "runtime/store.h"

namespace dewar::diff {

/// What a mode did, beyond the results: shows that it was the mode it is named for.
struct ModeWork {
  u64 instructions = 0;
  u64 probes = 0;
  u64 collections = 0;
  u64 guarded_memories = 0;
  u64 functions = 0;  ///< called
  u64 compiled = 0;   ///< of those
  u64 killed = 0;     ///< calls of entries
  u64 resumed = 0;    ///< times that one went on after it was frozen
};

struct Mode {
  std::string_view name;
  void (*apply)(runtime::EngineOptions&);
  /// Nothing, or what is wrong with the work compared with that of the first mode.
  std::string_view (*check)(const ModeWork& own, const ModeWork& first);
};

inline constexpr auto kNoCheck = [](const ModeWork&, const ModeWork&) { return std::string_view{}; };

inline constexpr auto kCompiles = [](const ModeWork& own, const ModeWork&) {
#if defined(__x86_64__)
  return own.compiled == 0 ? std::string_view("nothing was compiled") : std::string_view{};
#else
  return own.compiled != 0 ? std::string_view("compiled on a machine without a compiler") : std::string_view{};
#endif
};

inline constexpr Mode kModes[] = {
    {"plain", [](runtime::EngineOptions& o) { o.quicken = false; }, kNoCheck},
    {"quickened", [](runtime::EngineOptions&) {}, kNoCheck},
    {"probes", [](runtime::EngineOptions& o) { o.probe_all = true; },
     [](const ModeWork& own, const ModeWork&) {
       // One probe per instruction that begins; a trap refunds the one that trapped.
       return own.probes < own.instructions ? std::string_view("fewer probes than instructions") : std::string_view{};
     }},
    {"garbage_upper", [](runtime::EngineOptions& o) { o.garbage_upper = true; }, kNoCheck},
    {"gc_stress", [](runtime::EngineOptions& o) { o.gc_stress = true; },
     [](const ModeWork& own, const ModeWork& first) {
       return own.collections <= first.collections ? std::string_view("no more collections than without stress")
                                                   : std::string_view{};
     }},
    {"explicit_bounds", [](runtime::EngineOptions& o) { o.explicit_bounds = true; },
     [](const ModeWork& own, const ModeWork&) {
       return own.guarded_memories != 0 ? std::string_view("a memory had guard pages") : std::string_view{};
     }},
    {"baseline", [](runtime::EngineOptions& o) { o.tier = runtime::Tier::baseline; }, kCompiles},
    {"baseline_explicit", [](runtime::EngineOptions& o) { o.tier = runtime::Tier::baseline, o.explicit_bounds = true; },
     kCompiles},
    {"baseline_v1", [](runtime::EngineOptions& o) { o.tier = runtime::Tier::baseline, o.cpu_level = 1; }, kCompiles},
    {"baseline_v2",
     [](runtime::EngineOptions& o) { o.tier = runtime::Tier::baseline, o.cpu_level = 2, o.tiering.eager = true; },
     kCompiles},
    {"mixed", [](runtime::EngineOptions& o) { o.tier = runtime::Tier::baseline, o.mix_tiers = true; }, kNoCheck},
    {"auto",
     [](runtime::EngineOptions& o) {
       o.tier = runtime::Tier::automatic, o.tiering.heat = 20, o.tiering.background = false;
     },
     kCompiles},
    {"random", [](runtime::EngineOptions& o) { o.tier = runtime::Tier::random; }, kCompiles},
};

}  // namespace dewar::diff
