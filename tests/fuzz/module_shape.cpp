// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Section by section comparison. Bodies and constant expressions are compared instruction by instruction, so that a
// padded LEB128 equals its short form.
#include "fuzz/module_shape.h"

#include <algorithm>

#include "base/cursor.h"
#include "base/print.h"
#include "wasm/instr.h"

namespace dewar::fuzz {

namespace {

using namespace wasm;

bool same_limits(const Limits& a, const Limits& b) {
  return a.min == b.min && a.has_max == b.has_max && (!a.has_max || a.max == b.max) && a.is64 == b.is64;
}

bool same_instr(const Instr& a, const Instr& b) {
  const auto same_catch = [](const CatchClause& x, const CatchClause& y) {
    return x.kind == y.kind && x.label == y.label && (x.kind >= 2 || x.tag == y.tag);
  };
  return a.op == b.op && a.block.kind == b.block.kind && a.block.value == b.block.value &&
         a.block.type == b.block.type && a.index == b.index && a.index2 == b.index2 && a.align == b.align &&
         a.memory == b.memory && a.offset == b.offset && a.lane == b.lane && a.flags == b.flags && a.heap == b.heap &&
         a.heap2 == b.heap2 && a.bits == b.bits && a.v128 == b.v128 && a.labels == b.labels && a.types == b.types &&
         std::ranges::equal(a.catches, b.catches, same_catch);
}

bool same_code(std::span<const u8> a, std::span<const u8> b) {
  base::Cursor ca(a), cb(b);
  Error error;
  while (!ca.at_end() && !cb.at_end()) {
    Instr ia, ib;
    if (!read_instr(ca, ia, error) || !read_instr(cb, ib, error) || !same_instr(ia, ib)) return false;
  }
  return ca.at_end() && cb.at_end();
}

bool same_body(std::span<const u8> a, std::span<const u8> b) {
  std::vector<ValType> locals_a, locals_b;
  const auto start_a = read_locals(a, 0, locals_a);
  const auto start_b = read_locals(b, 0, locals_b);
  return start_a && start_b && locals_a == locals_b && same_code(a.subspan(*start_a), b.subspan(*start_b));
}

class Comparison {
 public:
  Comparison(const Module& a, const Module& b, Fidelity which) : a_(a), b_(b), which_(which) {}

  std::string run() {
    types();
    entities();
    segments();
    customs();
    return std::move(difference_);
  }

 private:
  void differ(const char* what, usize index) {
    if (difference_.empty()) difference_ = std::string(what) + " " + base::dec(index);
  }

  /// Compares two vectors item by item.
  template <class T, class Same>
  void each(const char* what, const std::vector<T>& a, const std::vector<T>& b, Same same) {
    if (a.size() != b.size()) {
      differ(what, std::min(a.size(), b.size()));
      return;
    }
    for (usize i = 0; i < a.size(); ++i) {
      if (!same(a[i], b[i])) differ(what, i);
    }
  }

  bool code(Range ra, Range rb) const { return same_code(a_.slice(ra), b_.slice(rb)); }

  void types() {
    each("canonical type", a_.canon, b_.canon, [](CanonId x, CanonId y) { return x == y; });
    each("rec group", a_.rec_groups, b_.rec_groups, [](u32 x, u32 y) { return x == y; });
  }

  void entities() {
    each("import", a_.imports, b_.imports, [](const Import& x, const Import& y) {
      return x.module == y.module && x.name == y.name && x.kind == y.kind && x.index == y.index;
    });
    each("function", a_.funcs, b_.funcs, [&](const Func& x, const Func& y) {
      if (x.type != y.type || (x.body.size == 0) != (y.body.size == 0)) return false;
      return x.body.size == 0 || same_body(a_.slice(x.body), b_.slice(y.body));
    });
    each("table", a_.tables, b_.tables, [&](const Table& x, const Table& y) {
      return x.type.elem == y.type.elem && same_limits(x.type.limits, y.type.limits) && code(x.init, y.init);
    });
    each("memory", a_.memories, b_.memories, [](const MemoryType& x, const MemoryType& y) {
      return same_limits(x.limits, y.limits) && x.shared == y.shared && x.page_log2 == y.page_log2;
    });
    each("global", a_.globals, b_.globals, [&](const Global& x, const Global& y) {
      return x.type.type == y.type.type && x.type.mut == y.type.mut && code(x.init, y.init);
    });
    each("tag", a_.tags, b_.tags, [](TypeIndex x, TypeIndex y) { return x == y; });
    each("export", a_.exports, b_.exports,
         [](const Export& x, const Export& y) { return x.name == y.name && x.kind == y.kind && x.index == y.index; });
    if (a_.start != b_.start) differ("start", 0);
    if (which_ == Fidelity::kEncoded && a_.data_count != b_.data_count) differ("data count", 0);
  }

  void segments() {
    each("element segment", a_.elems, b_.elems, [&](const ElemSegment& x, const ElemSegment& y) {
      if (x.mode != y.mode || x.type != y.type || x.count != y.count || x.exprs != y.exprs || x.funcs != y.funcs) {
        return false;
      }
      if (x.mode == SegmentMode::active && (x.table != y.table || !code(x.offset, y.offset))) return false;
      return std::ranges::equal(x.items, y.items, [&](Range p, Range q) { return code(p, q); });
    });
    each("data segment", a_.datas, b_.datas, [&](const DataSegment& x, const DataSegment& y) {
      if (x.mode != y.mode || !std::ranges::equal(a_.slice(x.bytes), b_.slice(y.bytes))) return false;
      return x.mode != SegmentMode::active || (x.memory == y.memory && code(x.offset, y.offset));
    });
  }

  /// Encoders drop sections without entries; a custom section then follows the one before.
  bool is_kept(const Module& module, u8 section) const {
    const auto defined = [](usize all, u32 imported) { return all > imported; };
    switch (section) {
      case 1: return !module.types.empty();
      case 2: return !module.imports.empty();
      case 3:
      case 10: return defined(module.funcs.size(), module.num_imported_funcs);
      case 4: return defined(module.tables.size(), module.num_imported_tables);
      case 5: return defined(module.memories.size(), module.num_imported_memories);
      case 13: return defined(module.tags.size(), module.num_imported_tags);
      case 6: return defined(module.globals.size(), module.num_imported_globals);
      case 7: return !module.exports.empty();
      case 8: return module.start.has_value();
      case 9: return !module.elems.empty();
      case 12: return which_ == Fidelity::kEncoded && module.data_count.has_value();
      case 11: return !module.datas.empty();
      default: return false;
    }
  }
  u8 place(const Module& module, u8 after_section) const {
    constexpr u8 kOrder[] = {1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11};
    u8 last = 0;
    if (after_section == 0) return last;
    for (const u8 section : kOrder) {
      if (is_kept(module, section)) last = section;
      if (section == after_section) break;
    }
    return last;
  }

  std::vector<CustomSection> counted(const Module& module) const {
    std::vector<CustomSection> out = module.customs;
    if (which_ == Fidelity::kPrinted) std::erase_if(out, [](const CustomSection& c) { return c.name == "name"; });
    return out;
  }

  void customs() {
    each("custom section", counted(a_), counted(b_), [&](const CustomSection& x, const CustomSection& y) {
      return x.name == y.name && place(a_, x.after_section) == place(b_, y.after_section) &&
             std::ranges::equal(a_.slice(x.payload), b_.slice(y.payload));
    });
  }

  const Module& a_;
  const Module& b_;
  Fidelity which_;
  std::string difference_;
};

}  // namespace

std::string shape_difference(const Module& a, const Module& b, Fidelity fidelity) {
  return Comparison(a, b, fidelity).run();
}

}  // namespace dewar::fuzz
