// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: any bytes as a policy file. What is refused has a documented code and a place inside the text; what is
// accepted can be explained, and does not differ from itself.
#include <algorithm>
#include <string_view>

#include "cli/policy_explain.h"
#include "fuzz/fuzz_target.h"

namespace {

using namespace dewar;

void check_error(const Error& error, std::string_view text) {
  DEWAR_FUZZ_CHECK(std::string_view(error.code).starts_with("policy-"), "error code is not one of a policy's");
  DEWAR_FUZZ_CHECK(!error.message.empty(), "error without a message");
  const auto ends = std::ranges::count_if(text, [](char c) { return c == '\n' || c == '\r'; });
  DEWAR_FUZZ_CHECK(error.line <= ends + 2, "error position lies outside the text");
}

void check_policy(const cli::Policy& policy) {
  (void)policy.info();
  for (const auto* list : {&policy.allow, &policy.deny}) {
    for (const cli::PolicyPath& path : *list) {
      DEWAR_FUZZ_CHECK(path.rights != 0 && path.guest.starts_with('/') && !path.host.empty(),
                       "a path rule is not whole");
      if (path.guest.find('*') != std::string::npos) continue;
      const auto decided = cli::decide_path(policy, path.guest, boundary::kRead);
      DEWAR_FUZZ_CHECK(!(path.rights & boundary::kRead) || decided.rule != nullptr,
                       "a rule does not hold for its path");
      (void)cli::explain_path(policy, path.guest);
    }
  }
  (void)cli::explain_env(policy, "PATH");
  (void)cli::explain_host(policy, "10.1.2.3");
  const cli::PolicyDiff same = cli::diff_policies(policy, policy);
  DEWAR_FUZZ_CHECK(same.more.empty() && same.less.empty(), "a policy differs from itself");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = cli::parse_policy(text, "folder/policy.yaml");
  if (policy) {
    check_policy(*policy);
  } else {
    check_error(policy.error(), text);
  }
  return 0;
}
