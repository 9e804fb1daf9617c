// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Final assembly of a module's bytes: preamble, then every section that has entries (spec 5.5.2, 5.5.16).
#include "text/module_writer.h"

#include <array>

#include "base/leb128.h"

namespace dewar::text {
namespace {

/// Section ids by Section.
constexpr std::array<u8, static_cast<usize>(Section::kCount)> kIds = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};

constexpr std::array<u8, 8> kPreamble = {0, 'a', 's', 'm', 1, 0, 0, 0};

void append_section(std::vector<u8>& out, u8 id, const std::vector<u8>& payload) {
  out.push_back(id);
  base::append_u64(out, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

}  // namespace

std::optional<Section> section_of(u8 id) {
  for (usize i = 0; i < kIds.size(); ++i) {
    if (kIds[i] == id) return static_cast<Section>(i);
  }
  return std::nullopt;
}

void append_bytes(std::vector<u8>& out, std::string_view bytes) {
  base::append_u64(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void ModuleWriter::add_custom(CustomPlace place, std::string_view name, std::vector<u8> payload) {
  std::vector<u8> bytes;
  append_bytes(bytes, name);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  customs_.push_back({place, std::move(bytes)});
}

void ModuleWriter::append_customs(std::vector<u8>& out, CustomPlace::Side side, Section section) const {
  for (const Custom& c : customs_) {
    if (c.place.side == side && c.place.section == section) append_section(out, 0, c.payload);
  }
}

std::vector<u8> ModuleWriter::finish() const {
  std::vector<u8> out(kPreamble.begin(), kPreamble.end());
  append_customs(out, CustomPlace::kFirst, Section::kData);
  for (usize i = 0; i < kIds.size(); ++i) {
    const Section section = static_cast<Section>(i);
    const Contents& contents = sections_[i];
    append_customs(out, CustomPlace::kBefore, section);
    if (contents.entries > 0) {
      const bool single = section == Section::kStart || section == Section::kDataCount;
      out.push_back(kIds[i]);
      base::append_u64(out, contents.bytes.size() + (single ? 0 : base::size_of_u64(contents.entries)));
      if (!single) base::append_u32(out, contents.entries);
      out.insert(out.end(), contents.bytes.begin(), contents.bytes.end());
    }
    append_customs(out, CustomPlace::kAfter, section);
  }
  append_customs(out, CustomPlace::kLast, Section::kData);
  return out;
}

}  // namespace dewar::text
