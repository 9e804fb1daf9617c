// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Puts a binary module together (spec 5.5): sections are filled in any order and written in the required one, with
// custom sections in the places their annotations ask for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace dewar::text {

/// Sections in the order of the binary format.
enum class Section : u8 {
  kType,
  kImport,
  kFunc,
  kTable,
  kMemory,
  kTag,
  kGlobal,
  kExport,
  kStart,
  kElem,
  kDataCount,
  kCode,
  kData,
  kCount,
};

/// The section with a binary id; nothing for custom and unknown ones.
std::optional<Section> section_of(u8 id);

/// Where a custom section goes: before `section`, or after it; kFirst and kLast are the ends of the module.
struct CustomPlace {
  enum Side : u8 { kFirst, kBefore, kAfter, kLast } side = kLast;
  Section section = Section::kData;
};

class ModuleWriter {
 public:
  /// The bytes of a section's entries, without their count.
  std::vector<u8>& entries(Section s) { return sections_[static_cast<usize>(s)].bytes; }
  /// Counts one more entry.
  void count(Section s) { ++sections_[static_cast<usize>(s)].entries; }
  void add_custom(CustomPlace place, std::string_view name, std::vector<u8> payload);
  /// Sections without entries are left out; the start and data count sections are single values.
  std::vector<u8> finish() const;

 private:
  struct Contents {
    u32 entries = 0;
    std::vector<u8> bytes;
  };
  struct Custom {
    CustomPlace place;
    std::vector<u8> payload;  ///< with its name
  };
  void append_customs(std::vector<u8>& out, CustomPlace::Side side, Section section) const;

  Contents sections_[static_cast<usize>(Section::kCount)];
  std::vector<Custom> customs_;
};

/// Appends a name or other byte string with its length.
void append_bytes(std::vector<u8>& out, std::string_view bytes);

}  // namespace dewar::text
