// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/entries.h"

#include "base/leb128.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {
namespace {

using wasm::kI32;
using wasm::kI64;

class Entry {
 public:
  void from_args(ValType t) {
    switch (t.kind()) {
      case ValType::kI32: arg(kI32); break;
      case ValType::kI64: arg(kI64); break;
      case ValType::kF32: arg(kI32), put(Op::f32_reinterpret_i32); break;
      case ValType::kF64: arg(kI64), put(Op::f64_reinterpret_i64); break;
      case ValType::kV128:
        arg(kI64), put(Op::i64x2_splat);
        arg(kI64), put(Op::i64x2_replace_lane), func_.code.push_back(1);
        break;
      default:
        put(Op::ref_null);
        wasm::write_heap_type(func_.code, t);
        break;
    }
  }
  /// The value on the stack as integers.
  void to_results(ValType t) {
    switch (t.kind()) {
      case ValType::kI32: result(kI32); break;
      case ValType::kI64: result(kI64); break;
      case ValType::kF32: put(Op::i32_reinterpret_f32), result(kI32); break;
      case ValType::kF64: put(Op::i64_reinterpret_f64), result(kI64); break;
      case ValType::kV128: DEWAR_UNREACHABLE("a v128 takes two values");
      default: put(Op::ref_is_null), result(kI32); break;
    }
  }
  void call(u32 func, const wasm::SubType& type) {
    for (const ValType t : type.params) from_args(t);
    index(Op::call, func);
    // Results are taken off into locals, the last one first.
    std::vector<u32> locals(type.results.size());
    for (usize i = type.results.size(); i-- > 0;) {
      // Parameters are all known by now.
      locals[i] = static_cast<u32>(params_.size() + func_.locals.size());
      func_.locals.push_back(type.results[i]);
      index(Op::local_set, locals[i]);
    }
    for (usize i = 0; i < type.results.size(); ++i) read(Op::local_get, locals[i], type.results[i]);
  }
  void read(Op get, u32 at, ValType t) {
    if (t == wasm::kV128) {
      for (u8 lane = 0; lane < 2; ++lane) {
        index(get, at);
        put(Op::i64x2_extract_lane);
        func_.code.push_back(lane);
        result(kI64);
      }
    } else {
      index(get, at);
      to_results(t);
    }
  }
  void add_to(Plan& plan, std::string name) {
    func_.code.push_back(0x0b);
    func_.type = plan.func_type(params_, results_);
    plan.draft.exports.push_back({std::move(name), ExternKind::func,
                                  static_cast<u32>(plan.draft.imported(ExternKind::func) + plan.draft.funcs.size())});
    plan.draft.funcs.push_back(std::move(func_));
  }

 private:
  void put(Op op) {
    const wasm::OpInfo& info = wasm::op_info(op);
    if (info.prefix != 0) func_.code.push_back(info.prefix);
    info.prefix != 0 ? base::append_u32(func_.code, info.code) : func_.code.push_back(static_cast<u8>(info.code));
  }
  void index(Op op, u32 i) {
    put(op);
    base::append_u32(func_.code, i);
  }
  void arg(ValType t) {
    index(Op::local_get, static_cast<u32>(params_.size()));
    params_.push_back(t);
  }
  void result(ValType t) { results_.push_back(t); }

  DraftFunc func_;
  std::vector<ValType> params_, results_;
};

}  // namespace

void add_entries(Plan& plan) {
  for (u32 f = 0; f < plan.funcs.size(); ++f) {
    const wasm::SubType type = plan.type_of_func(f);
    Entry entry;
    entry.call(f, type);
    entry.add_to(plan, "w" + std::to_string(f));
  }
  Entry all;
  for (u32 g = 0; g < plan.globals.size(); ++g) all.read(Op::global_get, g, plan.globals[g].type);
  all.add_to(plan, "globals");
}

}  // namespace dewar::diff
