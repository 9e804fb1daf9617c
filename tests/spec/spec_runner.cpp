// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs scripts of the official suite in one mode of the test matrix and prints the report as JSON.
// usage: spec_runner MODE FILE|FOLDER...
#include <cstdio>
#include <string_view>

#include "cli/wast_command.h"

namespace {

using dewar::runtime::EngineOptions;
using dewar::runtime::Tier;

struct Mode {
  std::string_view name;
  void (*apply)(EngineOptions&);
};

constexpr Mode kModes[] = {
    {"plain", [](EngineOptions& o) { o.quicken = false; }},
    {"quickened", [](EngineOptions&) {}},
    {"probes", [](EngineOptions& o) { o.probe_all = true; }},
    {"garbage_upper", [](EngineOptions& o) { o.garbage_upper = true; }},
    {"garbage_upper_plain", [](EngineOptions& o) { o.garbage_upper = true, o.quicken = false; }},
    {"gc_stress", [](EngineOptions& o) { o.gc_stress = true; }},
    {"baseline", [](EngineOptions& o) { o.tier = Tier::baseline; }},
    {"baseline_v1", [](EngineOptions& o) { o.tier = Tier::baseline, o.cpu_level = 1; }},
    {"baseline_v2", [](EngineOptions& o) { o.tier = Tier::baseline, o.cpu_level = 2; }},
    {"baseline_v3", [](EngineOptions& o) { o.tier = Tier::baseline, o.cpu_level = 3; }},
    {"baseline_v4", [](EngineOptions& o) { o.tier = Tier::baseline, o.cpu_level = 4; }},
    {"baseline_explicit", [](EngineOptions& o) { o.tier = Tier::baseline, o.explicit_bounds = true; }},
    {"baseline_garbage", [](EngineOptions& o) { o.tier = Tier::baseline, o.garbage_upper = true; }},
    {"baseline_eager", [](EngineOptions& o) { o.tier = Tier::baseline, o.tiering.eager = true; }},
    {"mixed", [](EngineOptions& o) { o.tier = Tier::baseline, o.mix_tiers = true, o.gc_stress = true; }},
    {"auto", [](EngineOptions& o) { o.tier = Tier::automatic, o.tiering.heat = 30, o.tiering.background = false; }},
    {"random1", [](EngineOptions& o) { o.tier = Tier::random, o.tiering.seed = 1; }},
    {"random2", [](EngineOptions& o) { o.tier = Tier::random, o.tiering.seed = 2, o.garbage_upper = true; }},
    {"random3", [](EngineOptions& o) { o.tier = Tier::random, o.tiering.seed = 3, o.gc_stress = true; }},
    {"explicit_bounds", [](EngineOptions& o) { o.explicit_bounds = true; }},
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const Mode& mode : kModes) {
    if (mode.name != wanted || argc < 3) continue;
    dewar::cli::WastOptions options;
    options.json = true;
    options.engine.tier = Tier::interp;  // unless the mode says otherwise
    mode.apply(options.engine);
    const std::vector<std::string> files(argv + 2, argv + argc);
    return dewar::cli::wast_main(files, options);
  }
  std::fprintf(stderr, "usage: %s MODE FILE|FOLDER...\nmodes:", argv[0]);
  for (const Mode& mode : kModes) std::fprintf(stderr, " %s", mode.name.data());
  std::fprintf(stderr, "\n");
  return 2;
}
