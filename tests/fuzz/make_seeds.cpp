// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cuts the official test suite into seeds for the fuzz targets: OUT/wasm (every module's bytes), OUT/wat (every
// module's text), OUT/wast (short scripts whole, and every assertion about a malformed module). Nothing of it is
// committed. usage: make_seeds SPEC_FOLDER OUT
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/file.h"
#include "text/wast.h"

namespace {

using namespace dewar;

constexpr u64 kMaxScript = u64{64} << 20;
constexpr usize kMaxTextSeed = usize{32} << 10;
constexpr usize kMaxWasmSeed = usize{64} << 10;
constexpr int kSkipped = 77;

class SeedWriter {
 public:
  explicit SeedWriter(std::filesystem::path out) : out_(std::move(out)) {
    for (const char* kind : {"wasm", "wat", "wast"}) std::filesystem::create_directories(out_ / kind, error_);
  }
  /// Writes a seed unless the same bytes were written before.
  void write(const char* kind, const std::string& name, std::span<const u8> bytes) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!seen_.insert(std::string(kind) + ":" + std::string(text)).second) return;
    // Plain writes: thousands of small files, none worth a flush to disk.
    std::FILE* file = std::fopen((out_ / kind / (name + "." + kind)).c_str(), "wb");
    failed_ |= file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size();
    if (file != nullptr) failed_ |= std::fclose(file) != 0;
    ++count_;
  }
  bool ok() const { return !failed_ && !error_; }
  usize count() const { return count_; }

 private:
  std::filesystem::path out_;
  std::error_code error_;
  std::set<std::string> seen_;
  bool failed_ = false;
  usize count_ = 0;
};

/// Offset of a line and column (in bytes, from 1) for line ends "\n", "\r\n" and "\r".
usize offset_of(std::string_view source, u32 line, u32 column) {
  usize at = 0;
  for (u32 l = 1; l < line && at < source.size(); ++l) {
    at = source.find_first_of("\r\n", at);
    if (at == std::string_view::npos) return source.size();
    at += source.substr(at, 2) == "\r\n" ? 2 : 1;
  }
  return std::min(source.size(), at + column - 1);
}

void cut(SeedWriter& out, const std::string& stem, std::span<const u8> bytes) {
  const std::string_view source(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (source.size() <= kMaxTextSeed) out.write("wast", stem, bytes);
  const auto script = text::parse_wast(source);
  if (!script) return;
  for (usize i = 0; i < script->commands.size(); ++i) {
    const text::Command& command = script->commands[i];
    if (!command.module) continue;
    const std::string name = stem + "-" + std::to_string(command.line) + "-" + std::to_string(command.column);
    if (!command.module->error && command.module->bytes.size() <= kMaxWasmSeed) {
      out.write("wasm", name, command.module->bytes);
    }
    const usize begin = offset_of(source, command.line, command.column);
    const usize end = i + 1 < script->commands.size()
                          ? offset_of(source, script->commands[i + 1].line, script->commands[i + 1].column)
                          : source.size();
    if (end <= begin || end - begin > kMaxTextSeed) continue;
    const bool whole = command.kind == text::CommandKind::kModule;
    if (whole || command.kind == text::CommandKind::kAssertMalformed) {
      out.write(whole ? "wat" : "wast", name, bytes.subspan(begin, end - begin));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s SPEC_FOLDER OUT\n", argv[0]);
    return 2;
  }
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(argv[1], error), end;
  if (error) {
    std::printf("skipped: 1 corpus (spec) is not at %s; set DEWAR_CORPORA\n", argv[1]);
    return kSkipped;
  }
  SeedWriter out(argv[2]);
  for (; it != end; it.increment(error)) {
    if (error) break;
    if (it->path().extension() != ".wast") continue;
    std::string stem = std::filesystem::relative(it->path(), argv[1]).replace_extension().string();
    std::ranges::replace(stem, '/', '_');
    if (const auto bytes = base::read_file(it->path().string(), kMaxScript)) cut(out, stem, *bytes);
  }
  std::printf("%zu seeds\n", out.count());
  return out.ok() && out.count() > 0 ? 0 : 1;
}
