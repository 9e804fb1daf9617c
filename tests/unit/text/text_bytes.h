// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the tests of the text format share: parse or fail the test, cut sections out of a module, bytes as hexadecimal.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "base/hex.h"
#include "text/wat.h"

namespace dewar::text {

/// The module's bytes; fails the test if the source does not parse. Without names, unless asked for.
inline std::vector<u8> compile(std::string_view source, bool names = false) {
  WatOptions options;
  options.names = names;
  auto bytes = wat_to_wasm(source, options);
  EXPECT_TRUE(bytes.has_value()) << bytes.error().line << ":" << bytes.error().column << ": " << bytes.error().message
                                 << "\n"
                                 << source;
  return bytes ? *bytes : std::vector<u8>{};
}

/// The error of a source that must not parse.
inline Error compile_error(std::string_view source, const WatOptions& options = {}) {
  auto bytes = wat_to_wasm(source, options);
  EXPECT_FALSE(bytes.has_value()) << "parsed: " << source;
  return bytes ? Error{} : bytes.error();
}

struct RawSection {
  u8 id = 0;
  std::string payload;  ///< hexadecimal
};

inline std::vector<RawSection> sections(const std::vector<u8>& module) {
  std::vector<RawSection> found;
  base::Cursor c(module);
  c.skip(8);
  while (!c.at_end()) {
    const u8 id = c.byte();
    const u32 size = c.leb_u32();
    found.push_back({id, base::to_hex(c.bytes(size))});
  }
  EXPECT_TRUE(c.ok());
  return found;
}

/// Payload of the first section with that id as hexadecimal, or "none".
inline std::string section(const std::vector<u8>& module, u8 id) {
  for (const RawSection& s : sections(module)) {
    if (s.id == id) return s.payload;
  }
  return "none";
}

/// Payload of a section of the module that `source` describes.
inline std::string section_of(std::string_view source, u8 id) { return section(compile(source), id); }

inline constexpr u8 kCustomId = 0, kTypeId = 1, kImportId = 2, kFuncId = 3, kTableId = 4, kMemoryId = 5, kGlobalId = 6,
                    kExportId = 7, kStartId = 8, kElemId = 9, kCodeId = 10, kDataId = 11, kDataCountId = 12,
                    kTagId = 13;

/// The instructions of a module's only function without local declarations and final `end`, as hexadecimal.
inline std::string code_of(std::string_view instructions) {
  const std::string code = section_of("(module (func " + std::string(instructions) + "))", kCodeId);
  // count 01, size (one byte in these tests), 00 locals ... 0b
  EXPECT_GE(code.size(), 8u) << code;
  return code.size() < 8 ? code : code.substr(6, code.size() - 8);
}

}  // namespace dewar::text
