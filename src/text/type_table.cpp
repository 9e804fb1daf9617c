// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading of types (spec 6.4), writing of the type section (5.5.4), resolution of type uses (6.6.4).
#include "text/type_table.h"

#include <array>

#include "base/leb128.h"

namespace dewar::text {
namespace {

struct NumberType {
  std::string_view name;
  u8 code;
};
constexpr std::array<NumberType, 5> kNumberTypes = {{
    {"i32", 0x7f},
    {"i64", 0x7e},
    {"f32", 0x7d},
    {"f64", 0x7c},
    {"v128", 0x7b},
}};

struct AbstractHeap {
  std::string_view name;
  std::string_view shorthand;  ///< of the nullable reference
  u8 code;
};
constexpr std::array<AbstractHeap, 12> kHeaps = {{
    {"func", "funcref", 0x70},
    {"extern", "externref", 0x6f},
    {"any", "anyref", 0x6e},
    {"eq", "eqref", 0x6d},
    {"i31", "i31ref", 0x6c},
    {"struct", "structref", 0x6b},
    {"array", "arrayref", 0x6a},
    {"exn", "exnref", 0x69},
    {"none", "nullref", 0x71},
    {"noextern", "nullexternref", 0x72},
    {"nofunc", "nullfuncref", 0x73},
    {"noexn", "nullexnref", 0x74},
}};

constexpr u8 kRecCode = 0x4e;
constexpr u8 kSubCode = 0x50;
constexpr u8 kSubFinalCode = 0x4f;
constexpr u8 kFuncCode = 0x60;
constexpr u8 kStructCode = 0x5f;
constexpr u8 kArrayCode = 0x5e;
constexpr u8 kPackedI8 = 0x78;
constexpr u8 kPackedI16 = 0x77;

/// The s33 that a one-byte type code stands for.
constexpr i64 as_s33(u8 code) { return static_cast<i64>(code) - 0x80; }

void append_list(std::vector<u8>& out, u32 count, const std::vector<u8>& bytes) {
  base::append_u32(out, count);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

void append_value_type(std::vector<u8>& out, ValueType type) {
  out.push_back(type.code);
  if (type.code == kRefCode || type.code == kRefNullCode) base::append_s33(out, type.heap);
}

void append_ref_type(std::vector<u8>& out, RefType type) {
  if (!type.nullable) {
    append_value_type(out, {kRefCode, type.heap});
  } else if (type.heap < 0) {
    out.push_back(static_cast<u8>(type.heap + 0x80));
  } else {
    append_value_type(out, {kRefNullCode, type.heap});
  }
}

std::string Signature::key() const {
  std::vector<u8> bytes;
  append_list(bytes, params, param_bytes);
  append_list(bytes, results, result_bytes);
  return std::string(bytes.begin(), bytes.end());
}

void TypeTable::declare_type(u32 field_offset) {
  declared_.push_back({field_offset, false});
  const Token id = cursor_.peek();
  if (!c_.types.add(cursor_.accept_id())) cursor_.fail("duplicate type " + show_token(cursor_.text(id)), id);
}

void TypeTable::declare_rec(u32 field_offset) {
  declared_.push_back({field_offset, true});
  while (cursor_.accept_list("type")) {
    const Token id = cursor_.peek();
    if (!c_.types.add(cursor_.accept_id())) cursor_.fail("duplicate type " + show_token(cursor_.text(id)), id);
    cursor_.skip_list();
  }
}

void TypeTable::parse_declared() {
  std::vector<u8>& out = c_.out.entries(Section::kType);
  entries_.reserve(c_.types.size());
  for (const Declared& d : declared_) {
    cursor_.seek(d.offset);
    c_.note_field(d.offset);
    c_.out.count(Section::kType);
    if (!d.rec) {
      parse_type(out, true);
    } else {
      cursor_.accept_list("rec");
      std::vector<u8> group;
      u32 size = 0;
      while (cursor_.at_list("type")) ++size, parse_type(group, false);
      cursor_.expect_close();
      if (cursor_.failed()) return;
      if (size == 1) {
        // A group of one is the same type without `rec` around it: it is written without, and may serve type uses.
        if (group.front() == kFuncCode) by_key_.try_emplace(entries_.back().key, static_cast<u32>(entries_.size() - 1));
        out.insert(out.end(), group.begin(), group.end());
      } else {
        out.push_back(kRecCode);
        append_list(out, size, group);
      }
    }
    if (cursor_.failed()) return;
  }
}

void TypeTable::parse_type(std::vector<u8>& out, bool alone) {
  const u32 index = static_cast<u32>(entries_.size());
  entries_.emplace_back();
  cursor_.accept_list("type");
  const auto id = cursor_.accept_id();
  c_.record_name(NameCollector::kType, index, id, c_.name_annotation());
  if (cursor_.accept_list("sub")) {
    const bool is_final = cursor_.accept("final");
    std::vector<u8> supers;
    u32 count = 0;
    for (; c_.at_index(); ++count) base::append_u32(supers, c_.index(c_.types));
    if (!is_final || count > 0) {
      out.push_back(is_final ? kSubFinalCode : kSubCode);
      append_list(out, count, supers);
    }
    parse_composite(out, index, alone && is_final && count == 0);
    cursor_.expect_close();
  } else {
    parse_composite(out, index, alone);
  }
  cursor_.expect_close();
}

void TypeTable::parse_composite(std::vector<u8>& out, u32 index, bool reusable) {
  if (cursor_.accept_list("func")) {
    std::vector<NamedLocal> names;
    Signature signature;
    params(signature, &names);
    results(signature);
    cursor_.expect_close();
    Entry& entry = entries_[index];
    entry.is_func = true;
    entry.params = signature.params;
    entry.key = signature.key();
    out.push_back(kFuncCode);
    out.insert(out.end(), entry.key.begin(), entry.key.end());
    if (reusable) by_key_.try_emplace(entry.key, index);
  } else if (cursor_.accept_list("struct")) {
    out.push_back(kStructCode);
    parse_fields(out, index);
    cursor_.expect_close();
  } else if (cursor_.accept_list("array")) {
    out.push_back(kArrayCode);
    field_type(out);
    cursor_.expect_close();
  } else {
    cursor_.unexpected("(func ...), (struct ...), (array ...) or (sub ...)");
  }
}

void TypeTable::parse_fields(std::vector<u8>& out, u32 index) {
  std::vector<u8> bytes;
  auto fields = std::make_unique<IndexSpace>("field");
  while (cursor_.accept_list("field")) {
    const Token id = cursor_.peek();
    const auto name = cursor_.accept_id();
    auto annotation = c_.name_annotation();
    if (name || annotation) {
      if (annotation) {
        c_.names.set_inner(NameCollector::kField, index, fields->size(), std::move(*annotation));
      } else {
        c_.names.set_inner(NameCollector::kField, index, fields->size(), *name);
      }
      if (!fields->add(name)) cursor_.fail("duplicate field " + show_token(cursor_.text(id)), id);
      field_type(bytes);
    } else {
      for (; !cursor_.at(TokenKind::kRightParen) && !cursor_.failed(); field_type(bytes)) fields->add(std::nullopt);
    }
    cursor_.expect_close();
  }
  append_list(out, fields->size(), bytes);
  entries_[index].fields = std::move(fields);
}

void TypeTable::field_type(std::vector<u8>& out) {
  const bool mut = cursor_.accept_list("mut");
  if (cursor_.accept("i8")) {
    out.push_back(kPackedI8);
  } else if (cursor_.accept("i16")) {
    out.push_back(kPackedI16);
  } else {
    append_value_type(out, value_type());
  }
  out.push_back(mut ? 1 : 0);
  if (mut) cursor_.expect_close();
}

bool TypeTable::at_ref_type() {
  if (cursor_.at_list("ref")) return true;
  if (!cursor_.at(TokenKind::kKeyword)) return false;
  const std::string_view word = cursor_.text(cursor_.peek());
  for (const AbstractHeap& h : kHeaps) {
    if (h.shorthand == word) return true;
  }
  return false;
}

bool TypeTable::at_value_type() {
  if (at_ref_type()) return true;
  if (!cursor_.at(TokenKind::kKeyword)) return false;
  const std::string_view word = cursor_.text(cursor_.peek());
  for (const NumberType& n : kNumberTypes) {
    if (n.name == word) return true;
  }
  return false;
}

ValueType TypeTable::value_type() {
  if (cursor_.at(TokenKind::kKeyword)) {
    const std::string_view word = cursor_.text(cursor_.peek());
    for (const NumberType& n : kNumberTypes) {
      if (n.name == word) {
        cursor_.take();
        return {n.code, 0};
      }
    }
  }
  if (!at_ref_type()) {
    cursor_.unexpected("a value type");
    return {kNumberTypes[0].code, 0};
  }
  const RefType ref = ref_type();
  if (!ref.nullable) return {kRefCode, ref.heap};
  if (ref.heap < 0) return {static_cast<u8>(ref.heap + 0x80), 0};
  return {kRefNullCode, ref.heap};
}

RefType TypeTable::ref_type() {
  if (cursor_.accept_list("ref")) {
    const bool nullable = cursor_.accept("null");
    const i64 heap = heap_type();
    cursor_.expect_close();
    return {nullable, heap};
  }
  if (cursor_.at(TokenKind::kKeyword)) {
    const std::string_view word = cursor_.text(cursor_.peek());
    for (const AbstractHeap& h : kHeaps) {
      if (h.shorthand == word) {
        cursor_.take();
        return {true, as_s33(h.code)};
      }
    }
  }
  cursor_.unexpected("a reference type");
  return {};
}

i64 TypeTable::heap_type() {
  if (cursor_.at(TokenKind::kKeyword)) {
    const std::string_view word = cursor_.text(cursor_.peek());
    for (const AbstractHeap& h : kHeaps) {
      if (h.name == word) {
        cursor_.take();
        return as_s33(h.code);
      }
    }
  }
  if (!c_.at_index()) {
    cursor_.unexpected("a heap type");
    return 0;
  }
  return c_.index(c_.types);
}

void TypeTable::params(Signature& signature, std::vector<NamedLocal>* locals) {
  while (cursor_.accept_list("param")) {
    const Token id = cursor_.peek();
    const bool has_id = id.kind == TokenKind::kId;
    if (has_id && locals == nullptr) return cursor_.unexpected("a value type (names are not allowed here)");
    if (has_id) cursor_.take();
    std::optional<std::string> annotation = locals != nullptr ? c_.name_annotation() : std::nullopt;
    if (has_id || annotation) {
      locals->push_back({signature.params, has_id ? id : Token{}, std::move(annotation)});
      append_value_type(signature.param_bytes, value_type());
      ++signature.params;
    } else {
      for (; !cursor_.at(TokenKind::kRightParen) && !cursor_.failed(); ++signature.params) {
        append_value_type(signature.param_bytes, value_type());
      }
    }
    cursor_.expect_close();
  }
}

void TypeTable::results(Signature& signature) {
  while (cursor_.accept_list("result")) {
    for (; !cursor_.at(TokenKind::kRightParen) && !cursor_.failed(); ++signature.results) {
      append_value_type(signature.result_bytes, value_type());
    }
    cursor_.expect_close();
  }
}

TypeUse TypeTable::type_use(std::vector<NamedLocal>* locals) {
  TypeUse use;
  use.place = cursor_.peek();
  if (cursor_.accept_list("type")) {
    use.has_index = true;
    use.index = c_.index(c_.types);
    cursor_.expect_close();
  }
  params(use.inline_signature, locals);
  results(use.inline_signature);
  return use;
}

u32 TypeTable::resolve(const TypeUse& use) {
  if (cursor_.failed()) return 0;
  if (use.has_index && use.inline_signature.empty()) return use.index;
  std::string key = use.inline_signature.key();
  if (use.has_index) {
    if (use.index >= entries_.size() || !entries_[use.index].is_func) {
      cursor_.fail("unknown type: the type of a type use with parameters or results must be a function type",
                   use.place);
    } else if (entries_[use.index].key != key) {
      cursor_.fail("inline function type does not match the type it names", use.place,
                   "write the same parameters and results, or leave them out");
    }
    return use.index;
  }
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return found->second;
  const u32 index = static_cast<u32>(entries_.size());
  std::vector<u8>& out = c_.out.entries(Section::kType);
  out.push_back(kFuncCode);
  out.insert(out.end(), key.begin(), key.end());
  c_.out.count(Section::kType);
  c_.types.add(std::nullopt);
  entries_.push_back({true, use.inline_signature.params, key, nullptr});
  by_key_.emplace(std::move(key), index);
  return index;
}

u32 TypeTable::param_count(u32 type) const { return type < entries_.size() ? entries_[type].params : 0; }

void TypeTable::note_if_unknown(u32 type, const Token& place) {
  if (type >= entries_.size()) unknown_.emplace_back(type, place);
}

void TypeTable::check_unknown() {
  for (const auto& [type, place] : unknown_) {
    if (param_count(type) > 0) {
      cursor_.fail("type use names a type that an inline signature adds only later", place,
                   "declare the type explicitly");
    }
  }
}

const IndexSpace* TypeTable::fields(u32 type) const {
  return type < entries_.size() ? entries_[type].fields.get() : nullptr;
}

}  // namespace dewar::text
