// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files to bytes.
#include "cli/program_source.h"

#include <cstring>

#include "base/file.h"
#include "text/locate.h"
#include "text/wat.h"

namespace dewar::cli {

Result<std::vector<u8>> read_input(const std::string& path, u64 max_size) {
  if (path == "-") return base::read_descriptor(0, "standard input", max_size);
  return base::read_file(path, max_size);
}

bool is_text(std::span<const u8> bytes, bool as_text) {
  // A text never holds the zero byte that a binary starts with. An empty file, or another program's, is told by the
  // decoder: "not a module" helps more than a complaint about the first character of a text.
  return as_text || (!bytes.empty() && std::memchr(bytes.data(), 0, bytes.size()) == nullptr);
}

Error ModuleInput::located(Error error) const {
  return text.empty() ? error : text::with_position(std::move(error), text);
}

Result<ModuleInput> read_module(const std::string& path) {
  auto bytes = read_input(path, kMaxModuleFile);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (path.ends_with(".wasm") || !is_text(*bytes, path.ends_with(".wat"))) return ModuleInput{std::move(*bytes), {}};
  ModuleInput input;
  input.text.assign(bytes->begin(), bytes->end());
  auto module = text::wat_to_wasm(input.text);
  if (!module) return std::unexpected(std::move(module.error()));
  input.bytes = std::move(*module);
  return input;
}

}  // namespace dewar::cli
