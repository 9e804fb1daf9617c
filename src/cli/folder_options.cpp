// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// "--out DIR[:MAX]": what follows the last colon is a size if it reads as one, else part of the name.
#include "cli/folder_options.h"

#include "cli/units.h"

namespace dewar::cli {

Result<void> apply_folder_options(const ParsedArgs& args, api::RunConfig& config) {
  if (args.has("scratch")) {
    const std::string_view text = args.get("scratch");
    config.scratch_bytes = text == "off" ? std::optional<u64>(0) : parse_size(text);
    if (!config.scratch_bytes || (*config.scratch_bytes == 0 && text != "off")) {
      return fail("usage-option", "--scratch takes a size such as 64MiB, or off");
    }
  }
  if (args.has("out")) {
    api::OutFolder folder;
    folder.host_path = args.get("out");
    const usize colon = folder.host_path.rfind(':');
    if (colon != std::string::npos) {
      if (const auto max = parse_size(std::string_view(folder.host_path).substr(colon + 1))) {
        folder.max_bytes = *max;
        folder.host_path.resize(colon);
      }
    }
    if (folder.host_path.empty() || folder.max_bytes == 0) {
      return fail("usage-option", "--out takes a folder, and after a colon a size: --out ./results:10MiB");
    }
    config.out_folder = std::move(folder);
  }
  return {};
}

}  // namespace dewar::cli
