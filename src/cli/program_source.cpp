// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files to bytes.
#include "cli/program_source.h"

#include <cstring>

#include "base/file.h"
#include "text/wat.h"

namespace dewar::cli {

Result<std::vector<u8>> read_input(const std::string& path, u64 max_size) {
  if (path == "-") return base::read_descriptor(0, "standard input", max_size);
  return base::read_file(path, max_size);
}

Result<std::vector<u8>> to_module(std::vector<u8> bytes, bool as_text) {
  // A text never holds the zero byte that a binary starts with. An empty file, or another program's, is told by the
  // decoder: "not a module" helps more than a complaint about the first character of a text.
  const bool binary = bytes.empty() || bytes[0] == 0 || std::memchr(bytes.data(), 0, bytes.size()) != nullptr;
  if (!as_text && binary) return bytes;
  return text::wat_to_wasm({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<std::vector<u8>> read_module(const std::string& path) {
  auto bytes = read_input(path, kMaxModuleFile);
  if (!bytes) return bytes;
  if (path.ends_with(".wasm")) return bytes;
  return to_module(std::move(*bytes), path.ends_with(".wat"));
}

}  // namespace dewar::cli
