// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Disassembly of function bodies and constant expressions; the listing of sections is in disasm_headers.cpp.
// Lines: module offset, up to 10 raw bytes, then the text indented by nesting (capped, so that lines stay bounded).
#include "wasm/disasm.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/utf8.h"
#include "wasm/disasm_text.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {

std::string clip(std::string text, usize max_chars) {
  if (text.size() <= max_chars) return text;
  usize end = max_chars - 3;
  while (end > 0 && (static_cast<u8>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

std::string hex(u64 value, u32 digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(digits, '0');
  for (u32 i = digits; i-- > 0; value >>= 4) text[i] = kDigits[value & 15];
  return text;
}

std::string type_text(const SubType& type, usize max_chars) {
  std::string text;
  const auto full = [&] { return text.size() > max_chars; };
  const auto list = [&](const char* keyword, const std::vector<ValType>& types) {
    if (types.empty()) return;
    text += std::string(" (") + keyword;
    for (usize i = 0; i < types.size() && !full(); ++i) text += " " + to_string(types[i]);
    text += ")";
  };
  const auto field = [&](const FieldType& f) {
    text += f.mut ? " (mut " + to_string(f.type) + ")" : " " + to_string(f.type);
  };
  switch (type.kind) {
    case CompositeKind::func:
      text = "(func";
      list("param", type.params);
      list("result", type.results);
      break;
    case CompositeKind::struct_:
      text = "(struct";
      for (usize i = 0; i < type.fields.size() && !full(); ++i) field(type.fields[i]);
      break;
    case CompositeKind::array:
      text = "(array";
      for (const FieldType& f : type.fields) field(f);
      break;
  }
  text += ")";
  if (type.has_super || !type.is_final) {
    text = std::string("(sub ") + (type.is_final ? "final " : "") +
           (type.has_super ? std::to_string(type.super.value) + " " : "") + text + ")";
  }
  return clip(std::move(text), max_chars);
}

namespace {

/// Shortest text that reads back to the same bits; NaNs with their payload.
template <class Float, class Bits>
std::string float_text(Bits bits, Bits payload_mask) {
  Float value;
  std::memcpy(&value, &bits, sizeof value);
  const bool negative = bits >> (sizeof(Bits) * 8 - 1);
  if (value != value) return std::string(negative ? "-" : "") + "nan:0x" + hex(bits & payload_mask, sizeof(Bits) * 2);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string signed_text(u64 bits) { return std::to_string(static_cast<i64>(bits)); }

std::string block_text(const BlockType& type) {
  switch (type.kind) {
    case BlockType::Kind::empty: return "";
    case BlockType::Kind::value: return " (result " + to_string(type.value) + ")";
    case BlockType::Kind::type: return " (type " + std::to_string(type.type.value) + ")";
  }
  return "";
}

std::string memarg_text(const Instr& instr) {
  std::string text;
  if (instr.memory != 0) text += " " + std::to_string(instr.memory);
  if (instr.offset != 0) text += " offset=" + std::to_string(instr.offset);
  if (instr.align != op_info(instr.op).align) {
    text += instr.align < 64 ? " align=" + std::to_string(u64{1} << instr.align) : " align=?";
  }
  return text;
}

std::string br_table_text(const Instr& instr) {
  std::string text;
  for (u32 label : instr.labels) {
    if (text.size() > kMaxText) break;
    text += " " + std::to_string(label);
  }
  return text;
}

std::string catches_text(const Instr& instr) {
  static constexpr const char* kNames[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  std::string text = block_text(instr.block);
  for (const CatchClause& clause : instr.catches) {
    if (text.size() > kMaxText) break;
    text += std::string(" (") + kNames[clause.kind];
    if (clause.kind < 2) text += " " + std::to_string(clause.tag);
    text += " " + std::to_string(clause.label) + ")";
  }
  return text;
}

/// Heap type alone: "func", "5".
std::string heap_text(ValType ref) {
  if (ref.is_concrete()) return std::to_string(ref.index().value);
  std::string text = to_string(ref.with_null(false));  // "(ref func)"
  return text.substr(5, text.size() - 6);
}

}  // namespace

std::string immediates_text(const Instr& instr) {
  const auto one = [&] { return " " + std::to_string(instr.index); };
  const auto two = [&] { return one() + " " + std::to_string(instr.index2); };
  switch (op_info(instr.op).imm) {
    case Imm::none:
    case Imm::fence: return "";
    case Imm::block: return block_text(instr.block);
    case Imm::br_table: return br_table_text(instr);
    case Imm::label:
    case Imm::func:
    case Imm::type:
    case Imm::tag:
    case Imm::local:
    case Imm::global:
    case Imm::table:
    case Imm::elem:
    case Imm::data: return one();
    case Imm::memory: return instr.index != 0 ? one() : "";
    case Imm::call_indirect:
      return (instr.index2 != 0 ? " " + std::to_string(instr.index2) : "") + " (type " + std::to_string(instr.index) +
             ")";
    case Imm::elem_table:
    case Imm::data_memory:  // the text format names the destination first
      return (instr.index2 != 0 ? " " + std::to_string(instr.index2) : "") + one();
    case Imm::memory_memory:
    case Imm::table_table: return instr.index != 0 || instr.index2 != 0 ? two() : "";
    case Imm::type_field:
    case Imm::type_count:
    case Imm::type_data:
    case Imm::type_elem:
    case Imm::type_type: return two();
    case Imm::memarg: return memarg_text(instr);
    case Imm::memarg_lane: return memarg_text(instr) + " " + std::to_string(instr.lane);
    case Imm::lane: return " " + std::to_string(instr.lane);
    case Imm::shuffle: {
      std::string text;
      for (u32 i = 0; i < 16; ++i) {
        text += " " + std::to_string(((i < 8 ? instr.v128.lo : instr.v128.hi) >> (i % 8 * 8)) & 0xff);
      }
      return text;
    }
    case Imm::v128: return " i64x2 0x" + hex(instr.v128.lo, 16) + " 0x" + hex(instr.v128.hi, 16);
    case Imm::i32:
    case Imm::i64: return " " + signed_text(instr.bits);
    case Imm::f32: return " " + float_text<f32, u32>(static_cast<u32>(instr.bits), 0x7fffff);
    case Imm::f64: return " " + float_text<f64, u64>(instr.bits, 0xfffffffffffff);
    case Imm::heap_type:
      if (instr.op == Op::ref_null) return " " + heap_text(instr.heap);
      return " " + to_string(instr.heap.with_null(instr.op == Op::ref_test_null || instr.op == Op::ref_cast_null));
    case Imm::select_types: {
      std::string text = " (result";
      for (ValType type : instr.types) text += " " + to_string(type);
      return text + ")";
    }
    case Imm::try_table: return catches_text(instr);
    case Imm::br_on_cast: return one() + " " + to_string(instr.heap) + " " + to_string(instr.heap2);
  }
  return "";
}

std::string expr_text(std::span<const u8> bytes) {
  base::Cursor c(bytes);
  Instr instr;
  Error error;
  std::string text;
  while (!c.at_end() && text.size() <= kMaxText && read_instr(c, instr, error)) {
    if (instr.op == Op::end) break;
    text += (text.empty() ? "" : "; ") + std::string(op_info(instr.op).text) + immediates_text(instr);
  }
  return clip(std::move(text), kMaxText);
}

/// Lists one body.
class BodyLister {
 public:
  BodyLister(const Disassembler& d, std::string& out, const std::function<void(std::string&)>& full,
             const std::function<void(u32, std::string&)>& before)
      : d_(d), m_(d.module_), out_(out), full_(full), before_(before) {}

  void list(u32 func) {
    const Range body = m_.funcs[func].body;
    bytes_ = m_.slice(body);
    base_ = body.offset;
    if (!locals(func)) return;
    base::Cursor c(bytes_, base_);
    c.seek(first_pc_);
    Instr instr;
    Error error;
    u32 depth = 1;
    while (!c.at_end()) {
      const usize at = c.pos();
      if (before_) before_(static_cast<u32>(at), out_);
      if (!read_instr(c, instr, error)) return damaged(at, error);
      const bool closes = instr.op == Op::end || instr.op == Op::else_ || instr.op == Op::catch_ ||
                          instr.op == Op::catch_all || instr.op == Op::delegate;
      if (closes && depth > 0) --depth;
      line(at, instr.size, depth, instruction(instr));
      const bool opens = closes ? instr.op != Op::end && instr.op != Op::delegate
                                : instr.op == Op::block || instr.op == Op::loop || instr.op == Op::if_ ||
                                      instr.op == Op::try_ || instr.op == Op::try_table;
      if (opens) ++depth;
    }
    if (before_) before_(static_cast<u32>(bytes_.size()), out_);
  }

 private:
  static constexpr usize kRawBytes = 10;
  static constexpr u32 kMaxIndent = 30;
  static constexpr usize kFull = usize{1} << 20;

  bool locals(u32 func) {
    base::Cursor c(bytes_, base_);
    const u32 groups = c.leb_u32();
    u64 next = m_.func_type(FuncIndex{func}).params.size();
    for (u32 i = 0; i < groups && c.ok(); ++i) {
      const usize at = c.pos();
      const u32 count = c.leb_u32();
      ValType type;
      Error error;
      if (!c.ok()) break;
      if (!read_val_type(c, type, error)) return damaged(at, error), false;
      if (count == 0) continue;
      std::string text = "local[" + std::to_string(next);
      if (count > 1) text += ".." + std::to_string(next + count - 1);
      text += "] " + to_string(type);
      if (count == 1) text += d_.label(d_.names_.locals.get(Names::key(func, static_cast<u32>(next))));
      line(at, c.pos() - at, 0, std::move(text));
      next += count;
    }
    if (!c.ok())
      return damaged(c.pos(), {"wasm-malformed", base::to_string(c.error()), c.error_offset(), 0, 0, {}}), false;
    first_pc_ = c.pos();
    return true;
  }

  std::string instruction(const Instr& instr) const {
    std::string text = op_info(instr.op).text.c_str() + immediates_text(instr);
    switch (op_info(instr.op).imm) {
      case Imm::func: text += d_.func_label(instr.index); break;
      case Imm::global: text += d_.label(d_.names_.globals.get(instr.index)); break;
      case Imm::tag: text += d_.label(d_.names_.tags.get(instr.index)); break;
      default: break;
    }
    return text;
  }

  void line(usize at, usize size, u32 depth, std::string text) {
    out_ += " " + hex(base_ + at, 7) + ":";
    const usize shown = std::min(size, kRawBytes);
    for (usize i = 0; i < shown; ++i) out_ += " " + hex(bytes_[at + i], 2);
    if (size > shown) out_ += " ..";
    const usize used = 3 * shown + (size > shown ? 3 : 0);
    out_.append(3 * kRawBytes + 3 - used, ' ');
    out_ += " | ";
    out_.append(2 * std::min(depth, kMaxIndent), ' ');
    out_ += clip(std::move(text), kMaxText) + "\n";
    if (out_.size() > kFull && full_) full_(out_);
  }

  void damaged(usize at, const Error& error) { line(at, bytes_.size() - at, 0, "<damaged: " + error.message + ">"); }

  const Disassembler& d_;
  const Module& m_;
  std::string& out_;
  const std::function<void(std::string&)>& full_;
  const std::function<void(u32, std::string&)>& before_;
  std::span<const u8> bytes_;
  u64 base_ = 0;
  usize first_pc_ = 0;
};

Disassembler::Disassembler(const Module& module) : module_(module), names_(read_names(module)) {
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::func) exported_funcs_.add(e.index, e.name);
  }
  exported_funcs_.seal();
}

std::string Disassembler::label(std::string_view name) const {
  if (name.empty()) return "";
  return " <" + clip(base::escape_for_terminal(name.substr(0, 4 * kMaxName)), kMaxName) + ">";
}

std::string Disassembler::func_label(u32 func) const {
  const std::string_view name = names_.funcs.get(func);
  return label(!name.empty() ? name : exported_funcs_.get(func));
}

void Disassembler::function(FuncIndex func, std::string& out, const std::function<void(std::string& out)>& full,
                            const std::function<void(u32 pc, std::string& out)>& before) const {
  if (func.value >= module_.funcs.size()) return;
  const Func& f = module_.funcs[func.value];
  out += "func[" + std::to_string(func.value) + "]" + func_label(func.value) + " " + type_text(module_.func_type(func));
  if (f.body.size == 0) {
    out += " (import)\n";
    return;
  }
  out += " at 0x" + hex(f.body.offset, 6) + ", " + std::to_string(f.body.size) + " bytes\n";
  BodyLister(*this, out, full, before).list(func.value);
}

void dump_headers(const Module& module, std::string& out) { Disassembler(module).headers(out); }

void disassemble(const Module& module, FuncIndex func, std::string& out) { Disassembler(module).function(func, out); }

}  // namespace dewar::wasm
