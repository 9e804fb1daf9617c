// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions in text (spec 6.5), one case per kind of wasm::Imm, and the nesting of blocks.
#include "base/print.h"
#include "text/literals.h"
#include "text/module_printer.h"
#include "wasm/limits.h"

namespace dewar::text {

using wasm::Imm;
using wasm::Instr;
using wasm::Op;

namespace {

constexpr u32 kBodyIndent = 2;
/// Deeper code is not indented further: the text of n nested blocks would grow with n squared.
constexpr u32 kMaxIndent = 64;

bool opens(Op op) {
  return op == Op::block || op == Op::loop || op == Op::if_ || op == Op::try_ || op == Op::try_table;
}

/// Separators inside a block, printed at the level of its head.
bool divides(Op op) { return op == Op::else_ || op == Op::catch_ || op == Op::catch_all; }

}  // namespace

void ModulePrinter::number(u64 value) { base::append_dec(out_, value); }

void ModulePrinter::reference(const Identifiers& ids, u32 index) {
  if (!ok()) return;  // one br_table may repeat a long name many times
  out_.push_back(' ');
  ids.append_reference(out_, index);
}

void ModulePrinter::pair(const Identifiers& ids, u32 first, u32 second) {
  if (first == 0 && second == 0) return;
  reference(ids, first);
  reference(ids, second);
}

/// A label `depth` levels out, not counting the innermost `inside` ones.
void ModulePrinter::label(u32 depth, u32 inside) {
  if (!ok()) return;
  out_.push_back(' ');
  const u64 level = u64{depth} + inside;
  if (level < labels_.size()) {
    const u32 ordinal = labels_[labels_.size() - 1 - level];
    if (label_ids_.has(ordinal)) return label_ids_.append_reference(out_, ordinal, depth);
  }
  number(depth);
}

/// Starts a block. Label identifiers are unique in their function, so that nothing is ever shadowed.
void ModulePrinter::open_label(u32 func) {
  const u32 ordinal = label_count_++;
  labels_.push_back(ordinal);
  const auto it = names_.labels.find(wasm::Names::key(func, ordinal));
  if (it == names_.labels.end()) return;
  label_ids_.add(ordinal, it->second);
  label_ids_.append_definition(out_, ordinal);
}

void ModulePrinter::hint(u32 func, u32 pc) {
  if (!hints_) return;
  const std::vector<wasm::BranchHint>& hints = m_.branch_hints;
  if (next_hint_ >= hints.size() || hints[next_hint_].func != func || hints[next_hint_].pc != pc) return;
  out_.append("(@metadata.code.branch_hint ");
  out_.append(hints[next_hint_].likely ? "\"\\01\") " : "\"\\00\") ");
  ++next_hint_;
}

void ModulePrinter::body(u32 func, u32 first, const Identifiers& locals) {
  const wasm::Range range = m_.funcs[func].body;
  base::Cursor c(m_.slice(range), range.offset);
  labels_.clear();
  label_count_ = 0;
  label_ids_ = {};
  c.seek(first);
  while (next_hint_ < m_.branch_hints.size() && m_.branch_hints[next_hint_].func < func) ++next_hint_;
  Instr in;
  Error error;
  while (ok()) {
    if (!wasm::read_instr(c, in, error)) return fail(error);
    if (in.op == Op::end && labels_.empty()) break;
    if ((in.op == Op::end || in.op == Op::delegate || divides(in.op)) && labels_.empty()) {
      return fail({"wasm-invalid", "block structure does not match", u64{range.offset} + in.pc, 0, 0, {}});
    }
    if (in.op == Op::end || in.op == Op::delegate) labels_.pop_back();
    const u32 depth = static_cast<u32>(labels_.size()) - (divides(in.op) ? 1 : 0);
    line(kBodyIndent + (depth < kMaxIndent ? depth : kMaxIndent));
    hint(func, in.pc);
    out_.append(wasm::op_info(in.op).text);
    if (opens(in.op)) {
      open_label(func);
      block_type(in.block);
      if (in.op == Op::try_table) catches(in);
      if (labels_.size() > wasm::kMaxNesting) {
        return fail({"wasm-limit", "blocks are nested too deeply", u64{range.offset} + in.pc, 0, 0, {}});
      }
    } else {
      immediates(in, locals);
    }
  }
  if (ok() && !c.at_end()) fail({"wasm-malformed", "bytes after the function's end", c.offset(), 0, 0, {}});
}

void ModulePrinter::block_type(const wasm::BlockType& type) {
  switch (type.kind) {
    case wasm::BlockType::Kind::empty: return;
    case wasm::BlockType::Kind::value:
      out_.append(" (result ");
      value_type(type.value);
      out_.push_back(')');
      return;
    case wasm::BlockType::Kind::type:
      out_.append(" (type ");
      types_.append_reference(out_, type.type.value);
      out_.push_back(')');
      return;
  }
}

/// Their labels are those around the try_table.
void ModulePrinter::catches(const Instr& in) {
  static constexpr const char* kWords[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  for (const wasm::CatchClause& clause : in.catches) {
    out_.append(" (").append(kWords[clause.kind]);
    if (clause.kind < 2) reference(tags_, clause.tag);
    label(clause.label, 1);
    out_.push_back(')');
  }
}

void ModulePrinter::memarg(const Instr& in) {
  if (in.memory != 0) reference(memories_, in.memory);
  if (in.offset != 0) {
    out_.append(" offset=");
    number(in.offset);
  }
  if (in.align != wasm::op_info(in.op).align) {
    out_.append(" align=");
    number(u64{1} << in.align);
  }
}

void ModulePrinter::v128(const V128& value) {
  out_.append(" i32x4");
  for (u64 half : {value.lo, value.hi}) {
    for (u32 shift : {0u, 32u}) {
      out_.append(" 0x");
      base::append_hex(out_, (half >> shift) & 0xffff'ffff, 8);
    }
  }
}

void ModulePrinter::immediates(const Instr& in, const Identifiers& locals) {
  const Imm kind = wasm::op_info(in.op).imm;
  names_data_ = names_data_ || kind == Imm::data || kind == Imm::data_memory || kind == Imm::type_data;
  switch (kind) {
    case Imm::none:
    case Imm::fence: return;
    case Imm::block:
    case Imm::try_table: DEWAR_UNREACHABLE("block heads are printed by body()");
    case Imm::label: return label(in.index, 0);
    case Imm::br_table:
      for (u32 target : in.labels) label(target, 0);
      return;
    case Imm::func: return reference(funcs_, in.index);
    case Imm::call_indirect:
      if (in.index2 != 0) reference(tables_, in.index2);
      out_.append(" (type ");
      types_.append_reference(out_, in.index);
      out_.push_back(')');
      return;
    case Imm::type: return reference(types_, in.index);
    case Imm::tag: return reference(tags_, in.index);
    case Imm::local: return reference(locals, in.index);
    case Imm::global: return reference(globals_, in.index);
    case Imm::table:
      if (in.index != 0) reference(tables_, in.index);
      return;
    case Imm::table_table: return pair(tables_, in.index, in.index2);
    case Imm::elem: return reference(elems_, in.index);
    case Imm::elem_table:
      if (in.index2 != 0) reference(tables_, in.index2);
      return reference(elems_, in.index);
    case Imm::data: return reference(datas_, in.index);
    case Imm::data_memory:
      if (in.index2 != 0) reference(memories_, in.index2);
      return reference(datas_, in.index);
    case Imm::memory:
      if (in.index != 0) reference(memories_, in.index);
      return;
    case Imm::memory_memory: return pair(memories_, in.index, in.index2);
    case Imm::memarg: return memarg(in);
    case Imm::memarg_lane: memarg(in); [[fallthrough]];
    case Imm::lane: out_.push_back(' '); return number(in.lane);
    case Imm::shuffle:
      for (u64 half : {in.v128.lo, in.v128.hi}) {
        for (u32 shift = 0; shift < 64; shift += 8) {
          out_.push_back(' ');
          number((half >> shift) & 0xff);
        }
      }
      return;
    case Imm::v128: return v128(in.v128);
    case Imm::i32:
    case Imm::i64: out_.push_back(' '); return base::append_dec_signed(out_, static_cast<i64>(in.bits));
    case Imm::f32: out_.push_back(' '); return append_f32(out_, static_cast<u32>(in.bits));
    case Imm::f64: out_.push_back(' '); return append_f64(out_, in.bits);
    case Imm::heap_type:
      out_.push_back(' ');
      if (in.op == Op::ref_null) return heap_type(in.heap);
      return ref_type(in.heap.with_null(in.op == Op::ref_test_null || in.op == Op::ref_cast_null));
    case Imm::select_types:
      out_.append(" (result");
      for (wasm::ValType t : in.types) {
        out_.push_back(' ');
        value_type(t);
      }
      out_.push_back(')');
      return;
    case Imm::type_field: {
      reference(types_, in.index);
      // Field identifiers are unique in their type only if its names are; the number is always right.
      out_.push_back(' ');
      return number(in.index2);
    }
    case Imm::type_count:
      reference(types_, in.index);
      out_.push_back(' ');
      return number(in.index2);
    case Imm::type_data: reference(types_, in.index); return reference(datas_, in.index2);
    case Imm::type_elem: reference(types_, in.index); return reference(elems_, in.index2);
    case Imm::type_type: reference(types_, in.index); return reference(types_, in.index2);
    case Imm::br_on_cast:
      label(in.index, 0);
      out_.push_back(' ');
      ref_type(in.heap);
      out_.push_back(' ');
      return ref_type(in.heap2);
  }
  DEWAR_UNREACHABLE("every kind of immediates has a case");
}

void ModulePrinter::const_expr(wasm::Range range, const char* wrapper) {
  base::Cursor c(m_.slice(range), range.offset);
  static const Identifiers kNoLocals;
  labels_.clear();
  std::string before = std::move(out_);
  out_.clear();
  Instr in;
  Error error;
  u32 count = 0;
  for (;;) {
    if (!wasm::read_instr(c, in, error)) {
      fail(error);
      break;
    }
    if (in.op == Op::end) break;
    if (count++ > 0) out_.push_back(' ');
    out_.append(wasm::op_info(in.op).text);
    immediates(in, kNoLocals);
  }
  std::swap(out_, before);
  if (count == 1) {
    out_.append(" (").append(before).append(")");
  } else if (*wrapper != 0) {
    out_.append(" (").append(wrapper).append(count > 0 ? " " : "").append(before).append(")");
  } else {
    out_.append(" ").append(before);
  }
}

}  // namespace dewar::text
