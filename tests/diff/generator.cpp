// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/generator.h"

#include <algorithm>

#include "diff/body.h"
#include "diff/edges.h"
#include "diff/entries.h"
#include "wasm/instr_writer.h"

namespace dewar::diff {
namespace {

using wasm::CompositeKind;
using wasm::FieldType;
using wasm::Heap;
using wasm::kExternRef;
using wasm::kFuncRef;
using wasm::SegmentMode;
using wasm::TypeIndex;

/// Constant expressions.
class Constant {
 public:
  explicit Constant(Dice& dice) : dice_(dice) {}

  Code index(u64 value, bool is64) {
    Code c;
    is64 ? put(c, Op::i64_const) : put(c, Op::i32_const);
    is64 ? base::append_s64(c, static_cast<i64>(value)) : base::append_s32(c, static_cast<i32>(value));
    return end(c);
  }
  Code func(u32 f) {
    Code c;
    put(c, Op::ref_func);
    base::append_u32(c, f);
    return end(c);
  }
  Code of(ValType type, u32 funcs) {
    Code c;
    switch (type.kind()) {
      case ValType::kI32:
        put(c, Op::i32_const);
        base::append_s32(c, static_cast<i32>(edge32(dice_)));
        if (dice_.chance(25)) {
          put(c, Op::i32_const);
          base::append_s32(c, static_cast<i32>(edge32(dice_)));
          put(c, dice_.chance(50) ? Op::i32_mul : Op::i32_sub);
        }
        break;
      case ValType::kI64:
        put(c, Op::i64_const);
        base::append_s64(c, static_cast<i64>(edge64(dice_)));
        break;
      case ValType::kF32: put(c, Op::f32_const), fixed(c, edge_f32(dice_), 4); break;
      case ValType::kF64: put(c, Op::f64_const), fixed(c, edge_f64(dice_), 8); break;
      case ValType::kV128: put(c, Op::v128_const), fixed(c, edge_half(dice_), 8), fixed(c, edge_half(dice_), 8); break;
      default: reference(c, type, funcs); break;
    }
    return end(c);
  }

 private:
  void reference(Code& c, ValType type, u32 funcs) {
    const bool exn = !type.is_concrete() && type.heap() == Heap::exn;
    if (exn || (type.nullable() && dice_.chance(40))) {
      put(c, Op::ref_null);
      return wasm::write_heap_type(c, type);
    }
    if (type.is_concrete()) {
      // Only structs are asked for.
      put(c, Op::struct_new_default);
      return base::append_u32(c, type.index().value);
    }
    switch (type.heap()) {
      case Heap::func: put(c, Op::ref_func); return base::append_u32(c, dice_.below(funcs));
      case Heap::any:
      case Heap::eq:
      case Heap::i31:
      case Heap::extern_:
        put(c, Op::i32_const);
        base::append_s32(c, static_cast<i32>(edge32(dice_)));
        put(c, Op::ref_i31);
        if (type.heap() == Heap::extern_) put(c, Op::extern_convert_any);
        return;
      default: put(c, Op::ref_null); return wasm::write_heap_type(c, type);
    }
  }
  static void put(Code& c, Op op) {
    const wasm::OpInfo& info = wasm::op_info(op);
    if (info.prefix != 0) c.push_back(info.prefix);
    c.push_back(static_cast<u8>(info.code));
  }
  static void fixed(Code& c, u64 value, u32 bytes) {
    for (u32 i = 0; i < bytes; ++i) c.push_back(static_cast<u8>(value >> (8 * i)));
  }
  static Code end(Code& c) {
    c.push_back(0x0b);
    return std::move(c);
  }
  Dice& dice_;
};

class ModuleMaker {
 public:
  ModuleMaker(Dice& dice, OpCounts& counts, const GenOptions& options)
      : dice_(dice), plan_(counts), draft_(plan_.draft), constant_(dice), options_(options) {
    plan_.common = options.common;
  }

  /// `provider` is what the module imports from; null if there is none.
  void make(const ModuleMaker* provider, bool main) {
    habits(provider);
    heap_types();
    if (provider) imports(*provider);
    if (main) host_imports();
    signatures();
    tags();
    memories();
    tables();
    globals();
    segments();
    bodies();
    exports();
    if (main && options_.common) add_entries(plan_);
  }
  Draft take() { return std::move(draft_); }

 private:
  u32& weight(OpClass c) { return plan_.weights[static_cast<usize>(c)]; }

  /// Which classes of opcodes the module is made of, and how careless it is.
  void habits(const ModuleMaker* provider) {
    for (u32& w : plan_.weights) w = dice_.chance(25) ? 0 : dice_.between(1, 6);
    weight(OpClass::control) += 4;
    weight(OpClass::call) += 1;
    weight(OpClass::parametric) += 1;
    weight(OpClass::variable) += 3;
    weight(OpClass::memory) *= 2;
    if (options_.common) weight(OpClass::relaxed) = weight(OpClass::wide) = 0;
    plan_.legacy_exceptions = provider ? provider->plan_.legacy_exceptions : dice_.chance(35);
    if (!plan_.legacy_exceptions) weight(OpClass::legacy) = 0;
    plan_.danger = dice_.chance(60) ? 0 : dice_.chance(60) ? 8 : 50;
  }

  FieldType field(bool packed) {
    static constexpr ValType kTypes[] = {wasm::kI32, wasm::kI64, wasm::kF32, wasm::kF64, kAnyRef, kFuncRef, kEqRef};
    const ValType t = packed             ? ValType(dice_.chance(50) ? ValType::kI8 : ValType::kI16)
                      : dice_.chance(10) ? wasm::kV128
                                         : dice_.of(kTypes);
    return {t, dice_.chance(75)};
  }

  /// A recursive group of a struct, a struct below it, and an array of them; then arrays of plain elements.
  void heap_types() {
    wasm::SubType base;
    base.kind = CompositeKind::struct_;
    base.is_final = false;
    base.group_size = 3;
    base.fields = {{wasm::kI32, true}, {ValType::ref(TypeIndex{dice_.chance(50) ? 0u : 1u}, true), true}};
    for (u32 n = dice_.below(4); n > 0; --n) base.fields.push_back(field(dice_.chance(30)));
    base.fields.push_back({ValType(dice_.chance(50) ? ValType::kI8 : ValType::kI16), true});
    wasm::SubType derived = base;
    derived.is_final = true;
    derived.has_super = true;
    derived.super = TypeIndex{0};
    for (u32 n = dice_.below(3); n > 0; --n) derived.fields.push_back(field(dice_.chance(30)));
    wasm::SubType list;
    list.kind = CompositeKind::array;
    list.group_size = 3;
    list.fields = {{ValType::ref(TypeIndex{0}, true), true}};
    draft_.types = {base, derived, list};
    plan_.structs = {0, 1};
    plan_.arrays = {2};
    static constexpr ValType kElements[] = {ValType(ValType::kI8),
                                            ValType(ValType::kI16),
                                            wasm::kI32,
                                            wasm::kI64,
                                            wasm::kF32,
                                            wasm::kF64,
                                            wasm::kV128,
                                            kAnyRef,
                                            kFuncRef};
    for (u32 n = dice_.between(1, 4); n > 0; --n) {
      wasm::SubType array;
      array.kind = CompositeKind::array;
      array.group_first = static_cast<u32>(draft_.types.size());
      array.fields = {{dice_.of(kElements), dice_.chance(85)}};
      plan_.arrays.push_back(array.group_first);
      draft_.types.push_back(std::move(array));
    }
  }

  /// Types of a provider that mean the same in this module.
  static bool plain(ValType t) { return !t.is_concrete(); }

  void imports(const ModuleMaker& from) {
    const Plan& p = from.plan_;
    const auto add = [&](std::string name, ExternKind kind) -> DraftImport& {
      DraftImport& i = draft_.imports.emplace_back();
      i.module = kProviderModule;
      i.name = std::move(name);
      i.kind = kind;
      return i;
    };
    for (u32 f = 0; f < p.funcs.size(); ++f) {
      if (!dice_.chance(40)) continue;
      const wasm::SubType& type = p.type_of_func(f);
      DraftImport& i = add("f" + std::to_string(f), ExternKind::func);
      i.type = plan_.func_type(type.params, type.results);
      plan_.funcs.push_back(i.type);
      plan_.func_cost.push_back(std::max<u64>(p.func_cost[f], 1));
    }
    for (u32 m = 0; m < p.memories.size(); ++m) {
      if (!dice_.chance(50)) continue;
      add("m" + std::to_string(m), ExternKind::memory).memory = p.memories[m];
      plan_.memories.push_back(p.memories[m]);
    }
    for (u32 g = 0; g < p.globals.size(); ++g) {
      if (!plain(p.globals[g].type) || !dice_.chance(50)) continue;
      add("g" + std::to_string(g), ExternKind::global).global = p.globals[g];
      plan_.globals.push_back(p.globals[g]);
    }
    for (u32 t = 0; t < p.tables.size(); ++t) {
      if (!plain(p.tables[t].elem) || !dice_.chance(50)) continue;
      add("t" + std::to_string(t), ExternKind::table).table = p.tables[t];
      plan_.tables.push_back(p.tables[t]);
    }
    for (u32 t = 0; t < p.tags.size(); ++t) {
      if (!dice_.chance(50)) continue;
      DraftImport& i = add("x" + std::to_string(t), ExternKind::tag);
      i.type = plan_.func_type(p.draft.types[p.tags[t]].params, {});
      plan_.tags.push_back(i.type);
    }
  }

  void host_imports() {
    for (u32 n = dice_.below(3); n > 0; --n) {
      static constexpr ValType kInts[] = {wasm::kI32, wasm::kI64};
      const auto type = [&] { return options_.common ? dice_.of(kInts) : plan_.signature_type(dice_); };
      std::vector<ValType> params, results;
      for (u32 k = dice_.below(5); k > 0; --k) params.push_back(type());
      for (u32 k = dice_.below(3); k > 0; --k) results.push_back(type());
      DraftImport i;
      i.module = kHostModule;
      // Some call back into the module; V8's side has no such function.
      const bool back = !options_.common && dice_.chance(25);
      i.name = (back ? "back" : "f") + std::to_string(n);
      i.type = plan_.func_type(params, results);
      plan_.funcs.push_back(i.type);
      plan_.func_cost.push_back(back ? 300 : 5);
      draft_.imports.push_back(std::move(i));
    }
  }

  void signatures() {
    std::vector<u32> types;
    for (u32 n = dice_.between(2, 4); n > 0; --n) {
      std::vector<ValType> params, results;
      for (u32 k = dice_.chance(3) ? dice_.between(15, 40) : dice_.below(6); k > 0; --k)
        params.push_back(plan_.signature_type(dice_));
      for (u32 k = dice_.chance(50) ? 1 : dice_.chance(5) ? dice_.between(8, 14) : dice_.below(4); k > 0; --k)
        results.push_back(plan_.signature_type(dice_));
      types.push_back(plan_.func_type(params, results));
    }
    for (u32 n = dice_.between(2, 6); n > 0; --n) {
      plan_.funcs.push_back(dice_.of(types));
      plan_.func_cost.push_back(0);
    }
  }

  void tags() {
    for (u32 n = dice_.between(1, 2); n > 0; --n) {
      std::vector<ValType> params;
      for (u32 k = dice_.below(4); k > 0; --k) params.push_back(plan_.signature_type(dice_));
      const u32 type = plan_.func_type(params, {});
      draft_.tags.push_back(type);
      plan_.tags.push_back(type);
    }
  }

  void memories() {
    const u32 want = dice_.chance(5) ? 0 : dice_.between(1, 2);
    while (plan_.memories.size() < want) {
      wasm::MemoryType type;
      type.limits = {1, 1 + dice_.below(3), true, false};
      switch (dice_.below(options_.common ? 7 : 9)) {
        case 0: type.limits.is64 = true; break;
        case 1: type.shared = true; break;
        case 2: type.limits = {0, 2, true, dice_.chance(50)}; break;
        case 7:
        case 8: {
          type.page_log2 = 0;
          const u64 bytes = dice_.chance(20) ? dice_.below(20) : dice_.between(100, 5000);
          type.limits = {bytes, bytes + dice_.below(300), true, dice_.chance(30)};
          break;
        }
        default: break;
      }
      draft_.memories.push_back(type);
      plan_.memories.push_back(type);
    }
  }

  void tables() {
    const auto add = [&](ValType elem) {
      DraftTable t;
      const u64 min = kTableMin + dice_.below(4);
      t.type = {elem, {min, min + dice_.below(12), true, dice_.chance(15)}};
      plan_.tables.push_back(t.type);
      draft_.tables.push_back(std::move(t));
    };
    plan_.call_table = static_cast<u32>(plan_.tables.size());
    add(kFuncRef);
    static const ValType kElems[] = {kFuncRef, kFuncRef, kExternRef, kAnyRef, ValType::ref(TypeIndex{0}, true)};
    for (u32 n = dice_.between(1, 3); n > 0; --n) add(dice_.of(kElems));
  }

  void globals() {
    for (u32 n = dice_.between(2, 7); n > 0; --n) {
      DraftGlobal g;
      g.type = {plan_.value_type(dice_), dice_.chance(75)};
      if (g.type.type.is_concrete() && g.type.type.index().value > 1) g.type.type = ValType::ref(TypeIndex{0}, true);
      g.init = constant_.of(g.type.type, static_cast<u32>(plan_.funcs.size()));
      plan_.globals.push_back(g.type);
      draft_.globals.push_back(std::move(g));
    }
  }

  void segments() {
    const u32 funcs = static_cast<u32>(plan_.funcs.size());
    const auto bytes = [&](u32 n) {
      std::vector<u8> b(n);
      for (u8& x : b) x = static_cast<u8>(dice_.chance(30) ? 0xff : dice_.next());
      return b;
    };
    for (u32 n = 0; n < 2; ++n) draft_.datas.push_back({SegmentMode::passive, 0, {}, bytes(kSegmentBytes)});
    for (u32 m = 0; m < plan_.memories.size(); ++m) {
      const wasm::MemoryType& type = plan_.memories[m];
      const u64 size = type.limits.min << type.page_log2;
      const u32 n = static_cast<u32>(std::min<u64>(size, dice_.below(100)));
      draft_.datas.push_back(
          {SegmentMode::active, m, constant_.index(dice_.chance(50) ? 0 : size - n, type.limits.is64), bytes(n)});
    }
    draft_.datas.push_back({SegmentMode::passive, 0, {}, bytes(16)});

    const auto items = [&](ValType type, u32 n) {
      std::vector<Code> all;
      for (u32 i = 0; i < n; ++i) all.push_back(constant_.of(type, funcs));
      return all;
    };
    DraftElem calls{SegmentMode::active,
                    kFuncRef,
                    plan_.call_table,
                    constant_.index(0, plan_.tables[plan_.call_table].limits.is64),
                    {}};
    for (u32 i = 0; i < kTableMin; ++i) {
      plan_.call_slots.push_back(dice_.below(funcs));
      calls.items.push_back(constant_.func(plan_.call_slots.back()));
    }
    draft_.elems.push_back(std::move(calls));
    for (const ValType type : {kFuncRef, kExternRef, kAnyRef, ValType::ref(TypeIndex{0}, true)})
      draft_.elems.push_back({SegmentMode::passive, type, 0, {}, items(type, kSegmentItems)});
    DraftElem declared{SegmentMode::declarative, kFuncRef, 0, {}, {}};
    for (u32 f = 0; f < funcs; ++f) declared.items.push_back(constant_.func(f));
    draft_.elems.push_back(std::move(declared));
    draft_.elems.push_back({SegmentMode::passive, kFuncRef, 0, {}, items(kFuncRef, 3)});
  }

  /// From the last to the first, so that calls go to functions whose cost is known.
  void bodies() {
    const u32 first = draft_.imported(ExternKind::func), count = static_cast<u32>(plan_.funcs.size());
    draft_.funcs.resize(count - first);
    for (u32 f = count; f-- > first;) {
      Body body(plan_, dice_, f);
      draft_.funcs[f - first] = body.make(dice_.chance(10) ? dice_.between(60, 160) : dice_.between(8, 50));
      plan_.func_cost[f] = std::max<u64>(body.cost(), 1);
    }
    for (u32 f = first; f < count; ++f) {
      const wasm::SubType& type = plan_.type_of_func(f);
      if (type.params.empty() && type.results.empty() && dice_.chance(20)) draft_.start = f;
    }
  }

  void exports() {
    const auto all = [&](const char* prefix, ExternKind kind, usize count) {
      for (u32 i = 0; i < count; ++i) draft_.exports.push_back({prefix + std::to_string(i), kind, i});
    };
    all("f", ExternKind::func, plan_.funcs.size());
    all("m", ExternKind::memory, plan_.memories.size());
    all("g", ExternKind::global, plan_.globals.size());
    all("t", ExternKind::table, plan_.tables.size());
    all("x", ExternKind::tag, plan_.tags.size());
  }

  Dice& dice_;
  Plan plan_;
  Draft& draft_;
  Constant constant_;
  const GenOptions& options_;
};

}  // namespace

Case generate(u64 seed, const GenOptions& options, OpCounts& counts) {
  // Neighbouring seeds must not give neighbouring states.
  Dice dice(seed * 0xd1342543de82ef95 + (options.common ? 1 : 0));
  dice.next();
  Case made;
  made.seed = seed;
  ModuleMaker main(dice, counts, options);
  if (dice.chance(50)) {
    ModuleMaker provider(dice, counts, options);
    provider.make(nullptr, false);
    main.make(&provider, true);
    made.provider = provider.take();
  } else {
    main.make(nullptr, true);
  }
  made.main = main.take();
  return made;
}

}  // namespace dewar::diff
