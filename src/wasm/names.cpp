// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the first "name" section: subsections 0 module, 1 functions, 2 locals, 3 labels, 4 types, 5 tables, 6 memories,
// 7 globals, 8 elements, 9 data, 10 fields, 11 tags; unknown ones are skipped. The strict check is in custom.h.
#include "wasm/names.h"

#include "base/cursor.h"
#include "base/utf8.h"
#include "wasm/custom.h"

namespace dewar::wasm {
namespace {

/// An empty view with the cursor failed or false: the damage starts here.
bool read_name(base::Cursor& c, std::string_view& out) {
  const auto bytes = c.bytes(c.leb_u32());
  out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return c.ok() && base::is_valid_utf8(out);
}

template <class Key>
bool read_map(base::Cursor& c, NameMap<Key>& out, Key high_bits = 0) {
  const u32 count = c.leb_u32();
  for (u32 i = 0; i < count && c.ok(); ++i) {
    const u32 index = c.leb_u32();
    std::string_view name;
    if (!read_name(c, name)) return false;
    out.add(high_bits | index, name);
  }
  return c.ok();
}

bool read_nested(base::Cursor& c, NameMap<u64>& out) {
  const u32 count = c.leb_u32();
  for (u32 i = 0; i < count && c.ok(); ++i) {
    const u32 outer = c.leb_u32();
    if (!read_map<u64>(c, out, Names::key(outer, 0))) return false;
  }
  return c.ok();
}

bool read_subsection(u8 id, base::Cursor& c, Names& out) {
  switch (id) {
    case 0: return read_name(c, out.module);
    case 1: return read_map(c, out.funcs);
    case 2: return read_nested(c, out.locals);
    case 3: return read_nested(c, out.labels);
    case 4: return read_map(c, out.types);
    case 5: return read_map(c, out.tables);
    case 6: return read_map(c, out.memories);
    case 7: return read_map(c, out.globals);
    case 8: return read_map(c, out.elems);
    case 9: return read_map(c, out.datas);
    case 10: return read_nested(c, out.fields);
    case 11: return read_map(c, out.tags);
    default: return true;
  }
}

}  // namespace

Names read_names(const Module& module) {
  Names out;
  for (const CustomSection& section : module.customs) {
    if (section.name != kNameSection) continue;
    base::Cursor c(module.slice(section.payload));
    while (!c.at_end()) {
      const u8 id = c.byte();
      base::Cursor part = c.sub(c.leb_u32());
      if (!c.ok() || !read_subsection(id, part, out)) break;
    }
    break;
  }
  for (NameMap<u32>* map :
       {&out.funcs, &out.types, &out.tables, &out.memories, &out.globals, &out.elems, &out.datas, &out.tags}) {
    map->seal();
  }
  for (NameMap<u64>* map : {&out.locals, &out.labels, &out.fields}) map->seal();
  return out;
}

std::string func_display_name(const Module& module, const Names& names, FuncIndex func) {
  if (const auto it = names.funcs.find(func.value); it != names.funcs.end() && !it->second.empty()) {
    return std::string(it->second);
  }
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::func && e.index == func.value && !e.name.empty()) return std::string(e.name);
  }
  return "func[" + std::to_string(func.value) + "]";
}

}  // namespace dewar::wasm
