// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branch hints: vec(function, vec(pc, length 1, value 0 or 1)), both vectors strictly increasing, before the code
// section. Names: subsections in increasing order of id, each exactly filled by name maps with increasing indices.
#include "wasm/custom.h"

#include <string>

#include "base/cursor.h"
#include "base/utf8.h"
#include "wasm/diag.h"
#include "wasm/instr.h"

namespace dewar::wasm {
namespace {

constexpr u8 kCodeSectionId = 10, kDataSectionId = 11;

std::unexpected<Error> bad(Error e, std::string_view section) {
  e.message = "custom section \"" + std::string(section) + "\": " + e.message;
  return std::unexpected(std::move(e));
}

base::Cursor payload_cursor(const Module& module, const CustomSection& section) {
  return base::Cursor(module.slice(section.payload), section.payload.offset);
}

/// Reads all hints of one section. The second member of an entry's position is kept for messages.
struct LocatedHint {
  BranchHint hint;
  u64 offset;
};

Result<std::vector<LocatedHint>> parse_hints(const Module& module, const CustomSection& section) {
  std::vector<LocatedHint> hints;
  base::Cursor c = payload_cursor(module, section);
  const u32 functions = c.leb_u32();
  u64 next_func = 0;
  for (u32 i = 0; i < functions && c.ok(); ++i) {
    const u64 at = c.offset();
    const u32 func = c.leb_u32();
    const u32 count = c.leb_u32();
    if (c.ok() && func < next_func) return bad(malformed("functions out of order", at), kBranchHintSection);
    next_func = u64{func} + 1;
    u64 next_pc = 0;
    for (u32 j = 0; j < count && c.ok(); ++j) {
      const u64 hint_at = c.offset();
      const u32 pc = c.leb_u32();
      const u32 size = c.leb_u32();
      const u8 value = c.byte();
      if (!c.ok()) break;
      if (pc < next_pc) return bad(malformed("hints out of order or duplicate", hint_at), kBranchHintSection);
      if (size != 1 || value > 1) return bad(malformed("malformed hint", hint_at), kBranchHintSection);
      next_pc = u64{pc} + 1;
      hints.push_back({{func, pc, value == 1}, hint_at});
    }
  }
  if (!c.ok()) return bad(malformed(c), kBranchHintSection);
  if (!c.at_end()) return bad(malformed("bytes are left over", c.offset()), kBranchHintSection);
  return hints;
}

bool is_misplaced(const CustomSection& section) {
  return section.after_section == kCodeSectionId || section.after_section == kDataSectionId;
}

/// Checks that every hint of one function stands at an instruction that can be hinted.
Result<void> check_targets(const Module& module, std::span<const LocatedHint> hints) {
  const u32 func = hints.front().hint.func;
  if (func < module.num_imported_funcs || func >= module.funcs.size()) {
    return bad(invalid("unknown function " + std::to_string(func), hints.front().offset), kBranchHintSection);
  }
  const Range body = module.funcs[func].body;
  std::vector<LocalRun> locals;
  const auto first_pc = read_local_runs(module.slice(body), 0, locals);
  if (!first_pc) return bad(first_pc.error(), kBranchHintSection);
  base::Cursor c(module.slice(body), body.offset);
  c.seek(*first_pc);
  Instr instr;
  Error error;
  for (const LocatedHint& h : hints) {
    while (!c.at_end() && c.pos() < h.hint.pc) {
      if (!read_instr(c, instr, error)) return bad(error, kBranchHintSection);
    }
    const bool found = c.pos() == h.hint.pc && !c.at_end() && read_instr(c, instr, error) &&
                       (instr.op == Op::if_ || instr.op == Op::br_if);
    if (!found)
      return bad(invalid("invalid target: a hint must stand at an if or br_if", h.offset), kBranchHintSection);
  }
  return {};
}

Result<void> check_hints(const Module& module, const CustomSection& section) {
  if (is_misplaced(section)) {
    return bad(malformed("it must come before the code section", section.payload.offset), kBranchHintSection);
  }
  auto hints = parse_hints(module, section);
  if (!hints) return std::unexpected(std::move(hints.error()));
  const std::span<const LocatedHint> all(*hints);
  for (usize first = 0; first < all.size();) {
    usize end = first + 1;
    while (end < all.size() && all[end].hint.func == all[first].hint.func) ++end;
    if (auto ok = check_targets(module, all.subspan(first, end - first)); !ok) return ok;
    first = end;
  }
  return {};
}

bool skip_name(base::Cursor& c, Error& error) {
  const u64 at = c.offset();
  const auto bytes = c.bytes(c.leb_u32());
  if (c.ok() && base::is_valid_utf8(bytes)) return true;
  error = c.ok() ? malformed("malformed UTF-8 encoding", at) : malformed(c);
  return false;
}

/// A name map, or with `nested` a map of name maps.
bool skip_name_map(base::Cursor& c, bool nested, Error& error) {
  const u32 count = c.leb_u32();
  u64 next = 0;
  for (u32 i = 0; i < count && c.ok(); ++i) {
    const u64 at = c.offset();
    const u32 index = c.leb_u32();
    if (c.ok() && index < next) {
      error = malformed("indices out of order or duplicate", at);
      return false;
    }
    next = u64{index} + 1;
    if (!(nested ? skip_name_map(c, false, error) : skip_name(c, error))) return false;
  }
  if (!c.ok()) error = malformed(c);
  return c.ok();
}

Result<void> check_names(const Module& module, const CustomSection& section) {
  base::Cursor c = payload_cursor(module, section);
  int last = -1;
  Error error;
  while (!c.at_end()) {
    const u64 at = c.offset();
    const u8 id = c.byte();
    base::Cursor part = c.sub(c.leb_u32());
    if (!c.ok()) return bad(malformed(c), kNameSection);
    if (id <= last) return bad(malformed("subsections out of order or duplicate", at), kNameSection);
    last = id;
    // Subsections: 0 module; 2 locals, 3 labels, 10 fields are nested; the others up to 11 (tags) are plain maps.
    bool ok = true;
    if (id == 0) {
      ok = skip_name(part, error);
    } else if (id <= 11) {
      ok = skip_name_map(part, id == 2 || id == 3 || id == 10, error);
    } else {
      continue;
    }
    if (!ok) return bad(error, kNameSection);
    if (!part.at_end()) return bad(malformed("bytes are left over", part.offset()), kNameSection);
  }
  return {};
}

}  // namespace

std::vector<BranchHint> read_branch_hints(const Module& module) {
  std::vector<BranchHint> out;
  for (const CustomSection& section : module.customs) {
    if (section.name != kBranchHintSection || is_misplaced(section)) continue;
    if (const auto hints = parse_hints(module, section)) {
      out.reserve(hints->size());
      for (const LocatedHint& h : *hints) out.push_back(h.hint);
    }
    break;  // A second section of the name is ignored.
  }
  return out;
}

Result<void> check_custom_sections(const Module& module) {
  bool seen_hints = false, seen_names = false;
  for (const CustomSection& section : module.customs) {
    const bool hints = section.name == kBranchHintSection, names = section.name == kNameSection;
    if (!hints && !names) continue;
    bool& seen = hints ? seen_hints : seen_names;
    if (seen) return bad(malformed("it occurs twice", section.payload.offset), section.name);
    seen = true;
    if (auto ok = hints ? check_hints(module, section) : check_names(module, section); !ok) return ok;
  }
  return {};
}

}  // namespace dewar::wasm
