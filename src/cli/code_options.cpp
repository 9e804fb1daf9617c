// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_options.h"

#include <string_view>

#include "cli/units.h"

namespace dewar::cli {

Result<void> apply_code_options(const std::vector<std::string>& lists, runtime::Tier& tier) {
  for (std::string_view list : lists) {
    while (!list.empty()) {
      const std::string_view item = take_item(list);
      if (item.empty()) continue;
      if (item == "tier=interp") {
        tier = runtime::Tier::interp;
      } else if (item == "tier=baseline") {
        tier = runtime::Tier::baseline;
      } else {
        return fail("usage-code", "-C " + std::string(item) + " is not understood", Error::kNoOffset,
                    "expected tier=interp or tier=baseline");
      }
    }
  }
  return {};
}

}  // namespace dewar::cli
