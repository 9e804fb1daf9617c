// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exits of compiled code against the interpreter: random structured programs run out of fuel after every amount of it,
// and are stopped at polls. Trap, place, fuel, memory and the whole frame (locals and operands by their types at that
// pc, bit by bit) have to be those of the interpreter, and what is stopped goes on to the same end.
#include <cstring>
#include <map>

#include "exec_fixture.h"
#include "runtime/stack.h"

namespace dewar::test {
namespace {

using runtime::CallContext;
using runtime::HostStatus;
using runtime::Outcome;

constexpr const char* kTypes[] = {"i32", "i64", "f32", "f64"};
constexpr u32 kLocalsOfEach = 4;  // i32 0 to 3 and so on: 4 * type + i. The first of each is a parameter

/// Writes a module whose function "f" has no traps of its own but those of divisions.
class Writer {
 public:
  explicit Writer(u64 seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

  std::string module() {
    const u32 result = below(5);  // none, or a type, of four
    const std::string type = result == 4 ? "" : kTypes[result];
    std::string body;
    open("", type);
    for (u32 i = 0; i < 4; ++i) body += statement(3);
    if (!type.empty()) body += value(result, 3);
    std::string out =
        "(module (import \"env\" \"tick\" (func $tick (param i32) (result i32))) (memory (export \"m\") 1)";
    out += "(global $g (mut i32) (i32.const 7))";
    out +=
        "(func $help (param i32) (result i32) (if (local.get 0) (then (return (i32.mul (local.get 0) (i32.const 3)))))";
    out += " (i32.const 5))\n(func (export \"f\") (param i32 i64 f32 f64)";
    if (!type.empty()) out += " (result " + type + ")";
    for (u32 t = 0; t < 4; ++t)
      for (u32 i = 1; i < kLocalsOfEach; ++i) out += std::string(" (local ") + kTypes[t] + ")";
    return out + "\n" + body + "))";
  }

 private:
  struct Open {
    std::string name, type;
  };

  u32 below(u32 n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<u32>(state_ >> 33) % n;
  }
  /// Parameters are 0 to 3; the other locals of type t follow.
  std::string local(u32 type) {
    const u32 i = below(kLocalsOfEach);
    return std::to_string(i == 0 ? type : 4 + type * (kLocalsOfEach - 1) + i - 1);
  }
  std::string constant(u32 type) {
    static constexpr const char* kInts[] = {"0", "1", "-1", "2", "77", "0x7fffffff", "-0x80000000", "8"};
    static constexpr const char* kFloats[] = {"0", "-0", "1.5", "-3", "nan", "inf", "1e30", "0.1"};
    return std::string("(") + kTypes[type] + ".const " + (type < 2 ? kInts[below(8)] : kFloats[below(8)]) + ")";
  }
  void open(const std::string& name, const std::string& type) { labels_.push_back({name, type}); }
  void close() { labels_.pop_back(); }
  /// The function's own label has no name.
  std::string name_of(const Open& label) const {
    return &label == labels_.data() ? std::to_string(labels_.size() - 1) : label.name;
  }
  std::string fresh() { return "$l" + std::to_string(++names_); }

  std::string value(u32 type, u32 depth) {
    const std::string t = kTypes[type];
    if (depth == 0) return below(3) == 0 ? constant(type) : "(local.get " + local(type) + ")";
    switch (below(13)) {
      case 0: return constant(type);
      case 1:
      case 2: return "(local.get " + local(type) + ")";
      case 3: return "(local.tee " + local(type) + value(type, depth - 1) + ")";
      case 4: return "(select " + value(type, depth - 1) + value(type, depth - 1) + value(0, depth - 1) + ")";
      case 5: {
        const std::string name = fresh();
        open(name, t);
        std::string out = "(block " + name + " (result " + t + ")" + statement(depth - 1) + value(type, depth - 1);
        close();
        return out + ")";
      }
      case 6: {
        const std::string name = fresh();
        std::string out = "(if " + name + " (result " + t + ")" + value(0, depth - 1) + "(then ";
        open(name, t);
        out += statement(depth - 1) + value(type, depth - 1) + ")(else " + value(type, depth - 1) + "))";
        close();
        return out;
      }
      case 7: {  // several results, and operands below them
        const std::string name = fresh();
        open(name, "*");
        std::string out = "(block " + name + " (result " + t + " i32 f64)" + value(type, depth - 1) +
                          value(0, depth - 1) + value(3, depth - 1) + "(br_if " + name + value(0, depth - 1) +
                          ")) (drop) (drop)";
        close();
        return out;
      }
      case 8:
        if (type == 0) return "(call $help " + value(0, depth - 1) + ")";
        if (type == 2) return "(f32.demote_f64 " + value(3, depth - 1) + ")";
        if (type == 3) return "(f64.convert_i32_s " + value(0, depth - 1) + ")";
        return "(i64.extend_i32_u " + value(0, depth - 1) + ")";
      case 9:
        if (type == 0) return comparison(below(4), depth - 1);
        return "(" + t + ".load offset=8 (i32.and " + value(0, depth - 1) + "(i32.const 0xff8)))";
      default: {
        static constexpr const char* kInts[] = {"add", "sub", "mul", "xor", "shl", "rotr", "div_u", "rem_s"};
        static constexpr const char* kFloats[] = {"add", "sub", "mul", "div", "min", "max", "copysign", "add"};
        return "(" + t + "." + (type < 2 ? kInts : kFloats)[below(8)] + value(type, depth - 1) +
               value(type, depth - 1) + ")";
      }
    }
  }
  std::string comparison(u32 type, u32 depth) {
    // All types have these.
    return std::string("(") + kTypes[type] + (below(2) ? ".eq" : ".ne") + value(type, depth) + value(type, depth) + ")";
  }

  std::string statement(u32 depth) {
    if (depth == 0) return "(local.set " + local(0) + value(0, 1) + ")";
    const u32 type = below(4);
    switch (below(11)) {
      case 0:
      case 1: return "(local.set " + local(type) + value(type, depth) + ")";
      case 2:
        return std::string("(") + kTypes[type] + ".store (i32.and " + value(0, depth - 1) + "(i32.const 0xff8))" +
               value(type, depth - 1) + ")";
      case 3: return "(local.set " + local(0) + "(call $tick " + value(0, depth - 1) + "))";
      case 4:
      case 5: {
        const std::string name = fresh();
        // What is below a loop, and changed in it.
        std::string out = value(type, 1) + "(loop " + name;
        open(name, "*");
        if (below(2)) out += "(local.set " + local(0) + "(call $tick " + value(0, depth - 1) + "))";
        out += statement(depth - 1) + statement(depth - 1);
        out += "(br_if " + name + value(0, depth - 1) + "))";
        close();
        return out + "(local.set " + local(type) + ")";
      }
      case 6: {
        const std::string name = fresh();
        open(name, "");
        std::string out = "(block " + name + statement(depth - 1) + jump(depth - 1) + statement(depth - 1) + ")";
        close();
        return out;
      }
      case 7:
      case 8: {
        const std::string name = fresh();
        std::string out = "(if " + name + value(0, depth - 1);
        open(name, "");
        out += "(then " + statement(depth - 1) + jump(depth - 1) + ")";
        if (below(2)) out += "(else " + statement(depth - 1) + ")";
        close();
        return out + ")";
      }
      case 9: return table(depth - 1);
      default: return jump(depth);
    }
  }
  /// To any open label.
  std::string jump(u32 depth) {
    const Open& to = labels_[below(static_cast<u32>(labels_.size()))];
    const std::string name = name_of(to), type = to.type;
    if (type == "*") return "(local.set 4 (i32.const 9))";
    if (type.empty()) return "(br_if " + name + value(0, depth) + ")";
    u32 t = 0;
    while (type != kTypes[t]) ++t;
    return "(local.set " + local(t) + "(br_if " + name + value(t, depth) + value(0, depth) + "))";
  }
  std::string table(u32 depth) {
    std::vector<std::string> names;
    for (const Open& o : labels_)
      if (o.type.empty()) names.push_back(&o == labels_.data() ? std::to_string(labels_.size() + 1) : o.name);
    const std::string here = fresh(), there = fresh();
    names.push_back(here);
    names.push_back(there);
    // Its operand stands in both blocks; the statement behind it in one.
    open(here, "*");
    open(there, "*");
    const std::string index = value(0, depth);
    close();
    std::string out = "(block " + here + "(block " + there + "(br_table";
    for (u32 n = 1 + below(7); n > 0; --n) out += " " + names[below(static_cast<u32>(names.size()))];
    out += index + "))" + statement(depth) + ")";
    close();
    return out;
  }

  u64 state_;
  u32 names_ = 0;
  std::vector<Open> labels_;
};

/// Types of the operands before every instruction that can be reached.
struct TypeSink : wasm::NullSink {
  std::map<u32, std::vector<wasm::ValType>> at;
  template <class W>
  void op(W& w, wasm::Op, u32 pc) {
    if (w.live()) at[pc].assign(w.operands().begin(), w.operands().end());
  }
};

class Machine {
 public:
  Machine(const runtime::EngineOptions& options, const std::string& wat) : engine_(options) {
    engine_.host("tick", {kCanonI32}, {kCanonI32}, [this](CallContext& ctx, const Slot* args, Slot* results) {
      results[0] = static_cast<u32>(args[0]) % 5;
      if (--ticks_left_ == 0) ctx.stack.interrupt(runtime::kInterruptFreeze);
      return HostStatus::ok;
    });
    instance_ = engine_.load(wat);
    if (!instance_) return;
    wasm::WalkScratch scratch;
    EXPECT_TRUE(wasm::walk(*instance_->module, wasm::FuncIndex{2}, types_, scratch).has_value());
  }
  u32 frozen = 0;
  bool loaded() const { return instance_ != nullptr; }
  bool compiled() { return code().native.load() != nullptr; }

  /// Calls "f"; at the `stop`th tick it is frozen, and written down; then it goes on.
  Did run(i64 fuel, u32 stop, std::vector<u64>& seen) {
    ticks_left_ = stop;
    runtime::Stack& stack = engine_.stack();
    Did did = call(engine_, *instance_, "f", {3, 5, 0x3fc00000, 0x4008000000000000}, fuel);
    if (did.outcome == Outcome::pending) {
      ++frozen;
      stack.clear_interrupt(runtime::kInterruptFreeze);
      frame(stack.state.fp, static_cast<u32>(stack.state.pc - stack.state.code->body), true, seen);
      std::vector<Slot> results(code().result_slots);
      did.outcome = exec::resume(stack, {}, results);
      did.trap = stack.trap.kind;
      did.results = results;
      did.fuel = fuel - stack.fuel;
      did.pcs.clear();
      for (const runtime::FrameInfo& info : stack.trap.frames) did.pcs.push_back(info.pc);
    } else if (did.outcome == Outcome::trapped && did.pcs.size() == 1) {
      frame(stack.base, did.pcs[0], did.trap == runtime::TrapKind::out_of_fuel, seen);
    }
    stack.clear_interrupt(runtime::kInterruptFreeze);
    // The upper half of 32 bits is undefined.
    const auto& types = instance_->module->func_type(wasm::FuncIndex{2}).results;
    for (usize i = 0; i < did.results.size(); ++i)
      if (types[i] == wasm::kI32 || types[i] == wasm::kF32) did.results[i] = static_cast<u32>(did.results[i]);
    u64 hash = 14695981039346656037u;
    for (u32 i = 0; i < 4200; ++i) hash = (hash ^ instance_->memories[0]->base[i]) * 1099511628211u;
    seen.push_back(hash);
    return did;
  }

 private:
  runtime::FuncCode& code() { return instance_->codes->at(1); }
  void value(wasm::ValType type, const Slot*& at, std::vector<u64>& seen) {
    const bool wide = type.kind() == wasm::ValType::kI64 || type.kind() == wasm::ValType::kF64;
    seen.push_back(wide ? *at : static_cast<u32>(*at));
    ++at;
  }
  void frame(const Slot* fp, u32 pc, bool operands, std::vector<u64>& seen) {
    seen.push_back(pc);
    const Slot* at = fp;
    for (u32 type = 0; type < 4; ++type) value(kValTypes[type], at, seen);
    for (u32 type = 0; type < 4; ++type)
      for (u32 i = 1; i < kLocalsOfEach; ++i) value(kValTypes[type], at, seen);
    if (!operands) return;
    at = fp + code().local_slots + runtime::kHeaderSlots;
    ASSERT_TRUE(types_.at.contains(pc)) << "stopped at no instruction: " << pc;
    for (const wasm::ValType type : types_.at[pc]) value(type, at, seen);
  }
  static constexpr wasm::ValType kValTypes[] = {wasm::kI32, wasm::kI64, wasm::kF32, wasm::kF64};

  TestEngine engine_;
  runtime::Instance* instance_ = nullptr;
  TypeSink types_;
  u32 ticks_left_ = 0;
};

std::string text(const Did& did) {
  std::string out = "outcome " + std::to_string(static_cast<int>(did.outcome)) + ", trap " +
                    std::to_string(static_cast<int>(did.trap)) + ", fuel " + std::to_string(did.fuel);
  for (const Slot result : did.results) out += ", result " + std::to_string(result);
  for (const u32 pc : did.pcs) out += ", pc " + std::to_string(pc);
  return out;
}

constexpr u64 kSeeds = 60;

TEST(NativeExits, FindTheInterpretersFrame) {
  runtime::EngineOptions compiled;
  compiled.tier = runtime::Tier::baseline;
  u32 out_of_fuel = 0, frozen = 0, with_operands = 0;
  for (u64 seed = 1; seed <= kSeeds; ++seed) {
    const std::string wat = Writer(seed).module();
    Machine a({}, wat), b(compiled, wat);
    ASSERT_TRUE(a.loaded() && b.loaded()) << wat;
    const auto compare = [&](i64 fuel, u32 stop) {
      std::vector<u64> expected, seen;
      const Did wanted = a.run(fuel, stop, expected), did = b.run(fuel, stop, seen);
      ASSERT_TRUE(did == wanted) << text(did) << " instead of " << text(wanted) << "; seed " << seed << ", fuel "
                                 << fuel << ", stop " << stop << "\n"
                                 << wat;
      ASSERT_EQ(seen, expected) << "seed " << seed << ", fuel " << fuel << ", stop " << stop << "\n" << wat;
      if (stop == 0) out_of_fuel += wanted.trap == runtime::TrapKind::out_of_fuel && seen.size() > 1;
      with_operands += seen.size() > 2 + 16;
    };
    for (i64 fuel = 0; fuel < 400; ++fuel) {
      compare(fuel, 0);
      if (HasFatalFailure()) return;
    }
    for (u32 stop = 1; stop <= 12; ++stop) {
      compare(2000, stop);
      if (HasFatalFailure()) return;
    }
    EXPECT_TRUE(b.compiled()) << wat;
    EXPECT_EQ(a.frozen, b.frozen);
    frozen += b.frozen;
  }
  EXPECT_GE(out_of_fuel, 1000u);
  EXPECT_GE(frozen, 50u);
  EXPECT_GE(with_operands, 500u);
}

}  // namespace
}  // namespace dewar::test
