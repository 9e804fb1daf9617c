// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The type section (spec 5.3, 5.5.4): recursive groups, sub types, composite types; validity of declared supertypes
// (spec 3.2.8 - 3.2.11). A group is canonicalized as soon as it is read, so that the check of its declared supertypes
// can compare types by canonical id, also with types of the group itself.
#include <string>

#include "wasm/decoder_impl.h"
#include "wasm/diag.h"
#include "wasm/limits.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

// Type constructors, one byte each.
constexpr u8 kRec = 0x4e, kSubFinal = 0x4f, kSub = 0x50, kArray = 0x5e, kStruct = 0x5f, kFunc = 0x60;
constexpr u8 kStorageI8 = 0x78, kStorageI16 = 0x77;

}  // namespace

bool Decoder::check_value_type(ValType type, u64 at) {
  if (type.is_num()) return true;
  const Feature feature = required_feature(type);
  if (!m_.features.has(feature)) return fail(feature_off("type " + to_string(type), feature, at));
  if (type.is_concrete() && type.index().value >= type_limit_) {
    return fail(invalid("unknown type " + std::to_string(type.index().value), at));
  }
  return true;
}

bool Decoder::value_type(ValType& out) {
  const u64 at = c_.offset();
  return read_val_type(c_, out, error) && check_value_type(out, at);
}

bool Decoder::reference_type(ValType& out) {
  const u64 at = c_.offset();
  if (!read_val_type(c_, out, error)) return false;
  if (!out.is_ref()) return fail(malformed("malformed reference type", at));
  // Tables of functions are part of the first version of the language.
  return out == kFuncRef || check_value_type(out, at);
}

bool Decoder::field_type(FieldType& out) {
  const u8 code = c_.peek();
  if (code == kStorageI8 || code == kStorageI16) {
    c_.skip(1);
    out.type = ValType(code == kStorageI8 ? ValType::kI8 : ValType::kI16);
  } else if (!value_type(out.type)) {
    return false;
  }
  const u64 at = c_.offset();
  const u8 mut = c_.byte();
  if (!c_.ok()) return fail_cursor();
  if (mut > 1) return fail(malformed("malformed mutability", at));
  out.mut = mut == 1;
  return true;
}

bool Decoder::func_type(SubType& type) {
  type.kind = CompositeKind::func;
  u32 n = 0;
  if (!count("parameters", 0, kMaxParams, 1, n)) return false;
  type.params.resize(n);
  for (ValType& param : type.params) {
    if (!value_type(param)) return false;
  }
  const u64 at = c_.offset();
  if (!count("results", 0, kMaxResults, 1, n)) return false;
  if (n > 1 && !require(Feature::multi_value, "a function type with several results", at)) return false;
  type.results.resize(n);
  for (ValType& result : type.results) {
    if (!value_type(result)) return false;
  }
  return true;
}

bool Decoder::struct_type(SubType& type) {
  type.kind = CompositeKind::struct_;
  u32 n = 0;
  if (!count("fields of a struct", 0, kMaxStructFields, 2, n)) return false;
  type.fields.resize(n);
  for (FieldType& field : type.fields) {
    if (!field_type(field)) return false;
  }
  return true;
}

bool Decoder::composite_type(SubType& type) {
  const u64 at = c_.offset();
  const u8 form = c_.byte();
  if (!c_.ok()) return fail_cursor();
  switch (form) {
    case kFunc: return func_type(type);
    case kStruct: return require(Feature::gc, "a struct type", at) && struct_type(type);
    case kArray:
      if (!require(Feature::gc, "an array type", at)) return false;
      type.kind = CompositeKind::array;
      type.fields.resize(1);
      return field_type(type.fields[0]);
    default: return fail(malformed("malformed definition type", at));
  }
}

bool Decoder::sub_type(u32 own_index) {
  if (!go_on()) return false;
  SubType& type = m_.types[own_index];
  const u64 at = c_.offset();
  const u8 form = c_.peek();
  if (form == kSub || form == kSubFinal) {
    c_.skip(1);
    if (!require(Feature::gc, "a declaration of subtyping", at)) return false;
    type.is_final = form == kSubFinal;
    u32 supers = 0;
    const u64 supers_at = c_.offset();
    if (!count("supertypes", 0, kMaxTypes, 1, supers)) return false;
    for (u32 i = 0; i < supers; ++i) type.super.value = c_.leb_u32();
    if (!c_.ok()) return fail_cursor();
    if (supers > 1) return fail(invalid("sub type: more than one supertype", supers_at));
    type.has_super = supers == 1;
    if (type.has_super) {
      if (type.super.value >= own_index) {
        return fail(
            invalid("unknown type " + std::to_string(type.super.value) + ": a supertype must come before its sub type",
                    supers_at));
      }
      const u32 depth = depths_[type.super.value] + u32{1};
      if (depth > kMaxSubtypingDepth) return fail(over_limit("levels of subtyping", depth, kMaxSubtypingDepth, at));
      depths_[own_index] = static_cast<u8>(depth);
    }
  }
  return composite_type(type);
}

bool Decoder::matches(ValType sub, ValType super) const {
  return sub == super || m_.registry().matches(m_.canonical(sub), m_.canonical(super));
}

bool Decoder::field_matches(const FieldType& sub, const FieldType& super) const {
  if (sub.mut != super.mut) return false;
  return matches(sub.type, super.type) && (!sub.mut || matches(super.type, sub.type));
}

bool Decoder::composite_matches(const SubType& sub, const SubType& super) const {
  if (sub.kind != super.kind) return false;
  if (sub.kind == CompositeKind::func) {
    if (sub.params.size() != super.params.size() || sub.results.size() != super.results.size()) return false;
    for (usize i = 0; i < sub.params.size(); ++i) {
      if (!matches(super.params[i], sub.params[i])) return false;
    }
    for (usize i = 0; i < sub.results.size(); ++i) {
      if (!matches(sub.results[i], super.results[i])) return false;
    }
    return true;
  }
  if (sub.fields.size() < super.fields.size()) return false;
  for (usize i = 0; i < super.fields.size(); ++i) {
    if (!field_matches(sub.fields[i], super.fields[i])) return false;
  }
  return true;
}

bool Decoder::check_supertype(u32 own_index, u64 at) {
  const SubType& type = m_.types[own_index];
  if (!type.has_super) return true;
  const SubType& super = m_.types[type.super.value];
  const auto text = [&](const char* why) {
    return "sub type " + std::to_string(own_index) + " does not match its super type " +
           std::to_string(type.super.value) + ": " + why;
  };
  if (super.is_final) return fail(invalid(text("the super type is final"), at));
  if (!composite_matches(type, super)) return fail(invalid(text("their structures differ"), at));
  return true;
}

bool Decoder::rec_group() {
  const u64 at = c_.offset();
  const auto first = static_cast<u32>(m_.types.size());
  u32 size = 1;
  if (c_.peek() == kRec) {
    c_.skip(1);
    if (!require(Feature::gc, "a recursive type group", at)) return false;
    if (!count("types in a recursive group", 0, kMaxRecGroupSize, 2, size)) return false;
  }
  if (u64{first} + size > kMaxTypes) return fail(over_limit("types", u64{first} + size, kMaxTypes, at));
  type_limit_ = first + size;
  m_.rec_groups.push_back(first);
  m_.types.resize(type_limit_);
  m_.canon.resize(type_limit_);
  depths_.resize(type_limit_);
  for (u32 i = first; i < type_limit_; ++i) {
    m_.types[i].group_first = first;
    m_.types[i].group_size = size;
    if (!sub_type(i)) return false;
  }
  auto interned =
      m_.registry().intern(std::span(m_.types).subspan(first), first, m_.canon, std::span(m_.canon).subspan(first));
  if (!interned) {
    interned.error().offset = at;
    return fail(std::move(interned.error()));
  }
  for (u32 i = first; i < type_limit_; ++i) {
    if (!check_supertype(i, at)) return false;
  }
  return true;
}

bool Decoder::type_section() {
  u32 groups = 0;
  if (!count("recursive type groups", 0, kMaxRecGroups, 2, groups)) return false;
  m_.types.reserve(groups);
  m_.canon.reserve(groups);
  m_.rec_groups.reserve(groups);
  for (u32 i = 0; i < groups; ++i) {
    if (!rec_group()) return false;
  }
  return true;
}

bool Decoder::func_type_index(u32& out) {
  const u64 at = c_.offset();
  if (!index("type", m_.types.size(), out)) return false;
  if (m_.types[out].kind == CompositeKind::func) return true;
  return fail(invalid("type mismatch: type " + std::to_string(out) + " is not a function type", at));
}

}  // namespace dewar::wasm
