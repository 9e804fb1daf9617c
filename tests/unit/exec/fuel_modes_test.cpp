// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel and instruction counts of the official test suite are the same in every mode, and with a probe on every
// instruction the number of probes that fire is the number of instructions that were counted: two independent counts.
#include <fstream>
#include <sstream>

#include "cli/wast_features.h"
#include "cli/wast_runner.h"
#include "exec_fixture.h"
#include "support/corpora.h"

namespace dewar::test {
namespace {

TEST(FuelModes, TheSuiteCountsTheSameEverywhere) {
  const auto folder = corpora("spec");
  if (!folder) GTEST_SKIP() << "no corpora";
  u64 files = 0, instructions = 0;
  for (const auto& path : files_below(*folder, ".wast")) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    cli::WastReport first;
    for (const Mode& mode : matrix_modes()) {
      runtime::EngineOptions options = mode.options;
      options.features = cli::wast_features_for_path(path.string());
      const auto report = cli::run_wast(text.str(), options);
      ASSERT_TRUE(report.has_value()) << path << ": " << report.error().message;
      ASSERT_TRUE(report->failures.empty()) << path << ":" << report->failures[0].line << " " << mode.name;
      if (first.total() == 0) first = *report;
      EXPECT_EQ(report->fuel, first.fuel) << path << " " << mode.name;
      EXPECT_EQ(report->instructions, first.instructions) << path << " " << mode.name;
      if (mode.options.probe_all) EXPECT_EQ(report->probes_fired, report->instructions) << path;
    }
    ++files;
    instructions += first.instructions;
  }
  RecordProperty("files", std::to_string(files));
  RecordProperty("instructions", std::to_string(instructions));
  EXPECT_GT(files, 250u);
  EXPECT_GT(instructions, 1'000'000u);
}

}  // namespace
}  // namespace dewar::test
