// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/objdump_code.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/print.h"
#include "cli/child_process.h"

namespace dewar::cli {

namespace {

using exec::CodeListing;
using exec::CodeMark;

constexpr std::string_view kDecoder = "dewar-disassemble";
/// Bytes that stand in one line.
constexpr u32 kRawBytes = 10;

struct Decoded {
  u32 size = 0;
  std::string text;
};
/// By offset.
using DecodedCode = std::map<u32, Decoded>;

std::string hex(std::span<const u8> bytes, std::string_view between) {
  std::string text;
  for (const u8 byte : bytes) {
    if (!text.empty()) text += between;
    base::append_hex(text, byte, 2);
  }
  return text;
}

/// The decoder: beside us, or where `make install` puts it.
std::string decoder_path() {
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) return {};
  std::string folder(self, static_cast<usize>(size));
  folder.resize(folder.rfind('/') + 1);
  for (const std::string_view place : {"", "../libexec/dewar/"}) {
    std::string path = folder + std::string(place) + std::string(kDecoder);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

u32 end_of(const CodeListing& listing, usize mark) {
  return mark + 1 < listing.marks.size() ? listing.marks[mark + 1].offset : static_cast<u32>(listing.code.size());
}

/// All code of the listing; nothing if there is no decoder.
DecodedCode decode(const CodeListing& listing) {
  const std::string path = decoder_path();
  if (path.empty()) return {};
  std::string input;
  for (usize i = 0; i < listing.marks.size(); ++i) {
    const CodeMark& mark = listing.marks[i];
    const u32 end = end_of(listing, i);
    if (mark.kind == CodeMark::Kind::data || mark.offset == end) continue;
    input +=
        base::dec(mark.offset) + " " + hex(std::span(listing.code).subspan(mark.offset, end - mark.offset), "") + "\n";
  }
  const u64 most = u64{256} * listing.code.size() + 4096;
  auto child = run_child({path}, "", most, {reinterpret_cast<const u8*>(input.data()), input.size()});
  if (!child || child->status != 0) return {};
  // Lines "OFFSET SIZE TEXT".
  DecodedCode code;
  std::string_view rest(reinterpret_cast<const char*>(child->out.data()), child->out.size());
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    u32 offset = 0;
    Decoded d;
    const char* const end = line.data() + line.size();
    const auto first = std::from_chars(line.data(), end, offset);
    if (first.ec != std::errc() || first.ptr == end) continue;
    const auto second = std::from_chars(first.ptr + 1, end, d.size);
    if (second.ec != std::errc() || second.ptr == end || d.size == 0) continue;
    d.text.assign(second.ptr + 1, end);
    code.emplace(offset, std::move(d));
  }
  return code;
}

class MachineLister {
 public:
  explicit MachineLister(const CodeListing& listing) : listing_(listing), decoded_(decode(listing)) {}

  /// What belongs to instructions that begin before pc and was not listed yet.
  void before(u32 pc, bool last, std::string& out) {
    for (; next_ < listing_.marks.size(); ++next_) {
      const CodeMark& mark = listing_.marks[next_];
      const bool in_order = mark.kind == CodeMark::Kind::instruction || mark.kind == CodeMark::Kind::entry;
      if (!last && (!in_order || (mark.kind == CodeMark::Kind::instruction && mark.pc >= pc))) {
        // A table of jumps is in the middle of its instruction.
        if (mark.kind != CodeMark::Kind::data || end_of(listing_, next_) == listing_.code.size()) return;
      }
      part(mark, end_of(listing_, next_), out);
    }
  }

 private:
  void part(const CodeMark& mark, u32 end, std::string& out) {
    if (mark.offset == end) return;
    if (mark.kind == CodeMark::Kind::cold)
      out += "           ; rarely: " + std::string(mark.what) + (mark.pc ? ", pc " + base::dec(mark.pc) : "") + "\n";
    if (mark.kind == CodeMark::Kind::data) out += "           ; data\n";
    for (u32 at = mark.offset; at < end;) at += line(at, end, out);
  }

  u32 line(u32 at, u32 end, std::string& out) {
    const auto found = decoded_.find(at);
    const bool known = found != decoded_.end() && found->second.size <= end - at;
    const u32 size = known ? found->second.size : std::min(end - at, kRawBytes);
    const auto bytes = std::span(listing_.code).subspan(at, std::min(size, kRawBytes));
    std::string raw = hex(bytes, " ");
    if (size > kRawBytes) raw += " ..";
    raw.resize(std::max<usize>(raw.size(), 3 * kRawBytes + 2), ' ');
    out += "   +";
    base::append_hex(out, at, 5);
    out += ": " + raw + " |   ; ";
    if (known) out += with_stub(found->second.text, at, size);
    out += "\n";
    return size;
  }

  /// A distance to a stub is not known before the code has a place.
  std::string with_stub(const std::string& text, u32 at, u32 size) const {
    const auto ref = std::ranges::lower_bound(listing_.references, at, {}, &exec::CodeReference::offset);
    if (ref == listing_.references.end() || ref->offset >= at + size) return text;
    return text.substr(0, text.find(' ')) + " <" + std::string(ref->stub) + ">";
  }

  const CodeListing& listing_;
  const DecodedCode decoded_;
  usize next_ = 0;
};

}  // namespace

Result<void> list_machine_code(runtime::Engine& engine, const base::Ref<const wasm::Module>& module,
                               const wasm::Disassembler& disassembler, u32 func, std::string& out,
                               const std::function<void(std::string&)>& full) {
  if (func < module->num_imported_funcs) {
    disassembler.function(wasm::FuncIndex{func}, out, full);
    return {};
  }
  const auto listing = exec::list_code(engine, module, func);
  if (!listing) {
    if (std::string_view(listing.error().code) != "code-too-large") return std::unexpected(listing.error());
    disassembler.function(wasm::FuncIndex{func}, out, full);
    out += "           ; interpreted: " + listing.error().message + "\n";
    return {};
  }
  const u32 size = module->funcs[func].body.size;
  MachineLister lister(*listing);
  disassembler.function(wasm::FuncIndex{func}, out, full,
                        [&](u32 pc, std::string& text) { lister.before(pc, pc == size, text); });
  out += "           ; " + base::dec(listing->code.size()) + " bytes of code for " + base::dec(size) + " of Wasm\n";
  return {};
}

}  // namespace dewar::cli
