// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/op_class.h"

#include "base/types.h"

namespace dewar::diff {
namespace {

using wasm::Feature;
using wasm::Imm;
using wasm::OpInfo;
using wasm::ValType;

bool starts(std::string_view text, std::string_view with) { return text.starts_with(with); }

bool is_conversion(std::string_view text) {
  for (const std::string_view part : {"trunc_", "convert_", "extend_", "reinterpret_", "wrap_", "demote_", "promote_"})
    if (text.find(part) != text.npos) return true;
  return false;
}

OpClass vector_class(const OpInfo& info) {
  const std::string_view text = info.text;
  if (info.imm == Imm::memarg || info.imm == Imm::memarg_lane) return OpClass::v128_memory;
  if (info.feature == Feature::relaxed_simd) return OpClass::relaxed;
  for (const std::string_view part : {"v128.", "shuffle", "swizzle", "splat", "_lane", "any_true", "bitmask"})
    if (text.find(part) != text.npos) return OpClass::v128_move;
  return starts(text, "f") || text.find("_f32x4") != text.npos || text.find("_f64x2") != text.npos ? OpClass::v128_float
                                                                                                   : OpClass::v128_int;
}

OpClass classify(Op op) {
  const OpInfo& info = wasm::op_info(op);
  const std::string_view text = info.text;
  if (info.prefix == 0xfe) return OpClass::atomic;
  if (info.prefix == 0xfd) return vector_class(info);
  if (info.feature == Feature::wide_arithmetic) return OpClass::wide;
  if (info.feature == Feature::legacy_exceptions) return OpClass::legacy;
  if (info.feature == Feature::exceptions) return OpClass::exception;
  if (info.effects & wasm::kCall) return OpClass::call;
  if (info.prefix == 0xfb) return OpClass::gc;
  if (starts(text, "table.") || starts(text, "elem.")) return OpClass::table;
  if (starts(text, "ref.") || starts(text, "br_on")) return OpClass::reference;
  if (starts(text, "local.") || starts(text, "global.")) return OpClass::variable;
  if (info.imm == Imm::memarg) return OpClass::memory;
  if (starts(text, "memory.") || starts(text, "data.")) return OpClass::bulk;
  if (starts(text, "drop") || starts(text, "select") || text.find(".const") != text.npos) return OpClass::parametric;
  if (text.find('.') == text.npos) return OpClass::control;
  if (is_conversion(text)) return OpClass::convert;
  return starts(text, "i32")   ? OpClass::i32
         : starts(text, "i64") ? OpClass::i64
         : starts(text, "f32") ? OpClass::f32
                               : OpClass::f64;
}

ValType type_of(char letter) {
  switch (letter) {
    case 'i': return wasm::kI32;
    case 'l': return wasm::kI64;
    case 'f': return wasm::kF32;
    case 'd': return wasm::kF64;
    case 'v': return wasm::kV128;
    default: return ValType{};  // 'a'
  }
}

struct Tables {
  std::array<OpClass, wasm::kOpCount> classes;
  std::array<std::vector<Op>, kOpClasses> by_class;
  std::array<SimpleSig, wasm::kOpCount> sigs;
  std::array<std::vector<Op>, 8> by_result;
  std::array<u8, wasm::kOpCount> open_nan{};

  Tables() {
    for (usize i = 0; i < wasm::kOpCount; ++i) {
      const Op op = static_cast<Op>(i);
      classes[i] = classify(op);
      by_class[static_cast<usize>(classes[i])].push_back(op);
      if (!has_simple_sig(op)) continue;
      SimpleSig& sig = sigs[i];
      bool result = false;
      for (const char* c = wasm::op_info(op).sig; *c; ++c) {
        if (*c == ':') {
          result = true;
          continue;
        }
        if (*c == 'a' && !result && sig.params.empty()) sig.has_index = true;
        (result ? sig.results : sig.params).push_back(type_of(*c));
      }
      if (sig.results.size() == 1) by_result[sig.results[0].kind()].push_back(op);
      open_nan[i] = nan_lane(op);
    }
  }

  static u8 nan_lane(Op op) {
    const OpInfo& info = wasm::op_info(op);
    const std::string_view text = info.text;
    if (text.find("promote") != text.npos) return 64;
    if (text.find("demote") != text.npos) return 32;
    const bool is_f32 = starts(text, "f32"), is_f64 = starts(text, "f64");
    if (!is_f32 && !is_f64) return 0;
    const std::string_view verb = text.substr(text.find('.') + 1);
    for (const std::string_view name : {"add", "sub", "mul", "div", "sqrt", "ceil", "floor", "trunc", "nearest", "min",
                                        "max", "relaxed_min", "relaxed_max", "relaxed_madd", "relaxed_nmadd"})
      if (verb == name) return is_f32 ? 32 : 64;
    return 0;
  }
};

const Tables& tables() {
  static const Tables all;
  return all;
}

}  // namespace

std::string_view class_name(OpClass c) {
  static constexpr std::string_view kNames[] = {
#define X(id, name) name,
      DEWAR_OP_CLASSES(X)
#undef X
  };
  return kNames[static_cast<usize>(c)];
}

OpClass op_class(Op op) { return tables().classes[static_cast<usize>(op)]; }
const std::vector<Op>& ops_of(OpClass c) { return tables().by_class[static_cast<usize>(c)]; }
const std::vector<Op>& ops_giving(ValType type) { return tables().by_result[type.kind()]; }
const SimpleSig& simple_sig(Op op) { return tables().sigs[static_cast<usize>(op)]; }
u32 open_nan_lane(Op op) { return tables().open_nan[static_cast<usize>(op)]; }

std::string_view unreachable_reason(Op op, bool common) {
  if (!common) return {};
  if (wasm::op_info(op).feature == Feature::relaxed_simd)
    return "the specification leaves its results open, and V8 chooses by machine";
  if (wasm::op_info(op).feature == Feature::wide_arithmetic) return "not in V8 without a flag";
  return {};
}

}  // namespace dewar::diff
