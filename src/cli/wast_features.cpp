// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Feature sets of the spec suite's folders and the parser of `--features`.
#include "cli/wast_features.h"

#include "cli/units.h"

namespace dewar::cli {

using wasm::Feature;
using wasm::Features;

namespace {

Features wasm_2_features() {
  Features f = Features::none();
  for (Feature on : {Feature::mutable_globals, Feature::sign_extension, Feature::saturating_float_to_int,
                     Feature::multi_value, Feature::bulk_memory, Feature::reference_types, Feature::simd}) {
    f.set(on);
  }
  return f;
}

/// The threads proposal's tests stand on a text older than 2.0: one table and one memory per module at most.
Features threads_features() {
  Features f = Features::none();
  for (Feature on : {Feature::mutable_globals, Feature::sign_extension, Feature::saturating_float_to_int,
                     Feature::multi_value, Feature::bulk_memory, Feature::threads}) {
    f.set(on);
  }
  return f;
}

bool has_folder(std::string_view path, std::string_view folder) {
  for (usize begin = 0; begin < path.size();) {
    usize end = path.find('/', begin);
    if (end == std::string_view::npos) return false;  // the last component is the file itself
    if (path.substr(begin, end - begin) == folder) return true;
    begin = end + 1;
  }
  return false;
}

std::optional<Features> base_set(std::string_view name) {
  if (name == "all") return Features();
  if (name == "3.0") return wasm_3_features();
  if (name == "2.0") return wasm_2_features();
  if (name == "1.0" || name == "none") return Features::none();
  return std::nullopt;
}

}  // namespace

Features wasm_3_features() {
  Features f;
  for (Feature off :
       {Feature::threads, Feature::custom_page_sizes, Feature::wide_arithmetic, Feature::legacy_exceptions}) {
    f.set(off, false);
  }
  return f;
}

Features wast_features_for_path(std::string_view path) {
  if (has_folder(path, "threads")) return threads_features();
  Features f = wasm_3_features();
  if (has_folder(path, "custom-page-sizes")) f.set(Feature::custom_page_sizes);
  if (has_folder(path, "wide-arithmetic")) f.set(Feature::wide_arithmetic);
  if (has_folder(path, "legacy")) f.set(Feature::legacy_exceptions);
  return f;
}

Result<Features> parse_features(std::string_view text) {
  Features f;
  bool first = true;
  while (!text.empty()) {
    std::string_view item = take_item(text);
    if (const auto base = base_set(item); base && first) {
      f = *base;
    } else {
      const bool on = !item.starts_with('-');
      if (!on) item.remove_prefix(1);
      const auto feature = wasm::feature_by_name(item);
      if (!feature) {
        return fail("usage-features", "unknown feature \"" + std::string(item) + "\"", Error::kNoOffset,
                    "give a base set first (all, 3.0, 2.0, 1.0), then feature names, e.g. 3.0,threads,-gc");
      }
      f.set(*feature, on);
    }
    first = false;
  }
  return f;
}

}  // namespace dewar::cli
