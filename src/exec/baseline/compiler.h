// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The compiler: a sink of the body walker that emits a function in one pass (docs/baseline.md). This file has what all
// parts share: compile_sink.h hands what the walker says to the Compiler, whose members are in compile.cpp (function,
// blocks of fuel, exits), emit_control.cpp, emit_call.cpp, emit_scalar.cpp and emit_ref.cpp. Every other instruction is
// a step.
//
// What it emits is a pure function of body, shape and options: compiling again finds places in code that runs.
//
// Where values are: the abstract state knows, also across labels, jumps and exits (emit_control.cpp). Operands that it
// does not know of are in their slots: those below the parameters of an open block, and all after sync(), which comes
// before calls and steps.
#pragma once

#include <optional>
#include <vector>

#include "base/stop.h"
#include "exec/baseline/code_object.h"
#include "exec/baseline/emit.h"
#include "exec/baseline/layout.h"
#include "exec/code_listing.h"
#include "exec/fuel_blocks.h"
#include "exec/interp/bulk.h"
#include "exec/interp/calls.h"
#include "wasm/walker.h"

namespace dewar::exec::baseline {

/// Most bytes of a function's body; with more it stays in the interpreter.
inline constexpr usize kMaxBodyBytes = usize{1} << 20;

/// Compiles a function, prepared or not; null if it is too big, the code does not fit, or if that was stopped.
std::shared_ptr<const CodeObject> compile(runtime::FuncCode& func, const std::shared_ptr<const NativeSupport>& support,
                                          const CompileOptions& options, base::StopBits stop);
/// The poll of this row; brings into their slots what is in none. Compiles the function again, as all of these.
ExitSite find_poll(const CodeObject& object, usize poll, Slot* fp, const runtime::SavedRegisters& registers);
/// The same for the block whose charge has its invalid instruction at native offset `at`.
ExitSite find_charge(const CodeObject& object, u32 at, Slot* fp, const runtime::SavedRegisters& registers);
/// The same for a trap.
TrapSite find_trap(const CodeObject& object, u32 after, Slot* fp, const runtime::SavedRegisters& registers);
/// The same for the access at native offset `at`, which faulted.
TrapSite find_fault(const CodeObject& object, u32 at, Slot* fp, const runtime::SavedRegisters& registers);

/// A loop's header, for who comes there from elsewhere with everything in slots: loads `registers` (locals of these
/// types; their slots stay good) and jumps to `header`. There it is polled, then the loop's block is paid for.
struct LoopSite {
  u32 header = 0;  ///< native offset
  u32 slots = 0;   ///< operands, the loop's parameters among them
  Snapshot registers = kNowhere;
  Rep reps[kRegs] = {};   ///< of the registers held
  u32 homes[kRegs] = {};  ///< their locals' slots
};
/// The `loop` at pc; nothing if it can not be reached.
std::optional<LoopSite> find_loop(const CodeObject& object, u32 pc);

/// An instruction that can be reached.
struct Instr {
  wasm::Op op = wasm::Op::kCount;
  u32 pc = 0;
  u32 last = 0;   ///< offset of the opcode's last byte: immediates begin behind it
  u32 slots = 0;  ///< operand slots before it
  Rep rep{};      ///< select: of its values
};

class Compiler {
 public:
  /// A stub that is called or jumped to; its distance is written when it is known where the code will be.
  struct StubRef {
    u32 field;  ///< offset of the distance
    const u8* stub;
  };
  /// The way out of a poll at the end of the function: a bare call, whose return address says where.
  struct Exit {
    u32 jump;     ///< offset of the distance of the jump that leads to it
    u32 back;     ///< where it comes back to
    PollRow row;  ///< `after` when it is emitted
  };
  /// What is where at a trap, a poll, or a block that can not be paid for.
  struct PlaceState {
    u32 pc = 0;
    u32 slots = 0;  ///< operands; those that an instruction that traps takes are gone
    u32 cost = 0;   ///< of the block
    std::vector<Location> locations;
  };

  Compiler(const runtime::FuncCode& func, const NativeSupport& support, const CompileOptions& options,
           bool wide_charges);
  /// Another function, with the same options: as if newly made, but with the memory of those before.
  void restart(const runtime::FuncCode& func, const NativeSupport& support, bool wide_charges);
  const CompileOptions& options() const { return options_; }
  wasm::WalkScratch& scratch() { return scratch_; }

  // ---- for handlers ----
  Assembler& m() { return m_; }
  const runtime::FuncCode& func() const { return *func_; }
  const wasm::Module& module() const { return *func_->module; }
  /// Immediates of an instruction.
  const u8* immediates(const Instr& instr) const { return immediates_at(instr.last + 1); }
  const u8* immediates_at(u32 pc) const { return body_.data() + pc; }
  static Mem slot(u32 index) { return Mem(kFp, static_cast<i32>(index * sizeof(Slot))); }
  /// Slot `height` of the operands.
  Mem operand(u32 height, i32 more = 0) const {
    return Mem(kFp, static_cast<i32>((first_operand_ + height) * sizeof(Slot)) + more);
  }
  /// Everything into its slot; the state knows no operands after it.
  void sync();
  /// Runs the interpreter's handler for the instruction. Everything is in its slot before and after it.
  void step(const Instr& instr) { step(instr, interp::handler_index(instr.op), instr.last); }
  /// The same with a handler that needs none of the opcode's bytes.
  void step(const Instr& instr, u32 handler, u32 pc);
  /// Pays for moving `count` slots, if they are many: bulk work (docs/ABI.md).
  void charge_move(const Instr& instr, u32 count);
  void call_stub(const u8* stub) { stubs_.push_back({m_.call_elsewhere(), stub}); }
  void jump_stub(const u8* stub) { stubs_.push_back({m_.jmp_elsewhere(), stub}); }
  /// Copies `count` slots of the frame down, after sync().
  void move_slots(u32 from, u32 to, u32 count);

  // ---- what the walk tells (emit_control.cpp, emit_call.cpp) ----
  void begin(u32 entry_pc, std::span<const wasm::ValType> locals);
  void instruction(const Instr& instr);  ///< one that no other function here is told of
  // The same of the most common ones; `slots` are operand slots before it.
  void local_get(u32 slots, u32 local) {
    begin_push(slots);
    state_.push_local(local);
  }
  void local_set(u32 slots, u32 local, bool tee) {
    state_.next_op_taking();
    if (DEWAR_UNLIKELY(!state_.has(1))) know_one(slots, state_.local_rep(local));
    if (tee) {
      state_.tee_local(local);
    } else {
      state_.set_local(local);
    }
  }
  void constant(u32 slots, Rep rep, u64 bits) {
    begin_push(slots);
    state_.push_const(rep, bits);
  }
  void numeric(u32 slots, wasm::Op op, u32 pc);
  /// A constant, then a numeric instruction with two operands of its type.
  void const_numeric(u32 slots, Rep rep, u64 bits, wasm::Op op, u32 pc);
  /// A local.get before these two.
  void local_const_numeric(u32 slots, u32 local, Rep rep, u64 bits, wasm::Op op, u32 pc);
  /// A local.get, then a load from there.
  void local_load(u32 slots, u32 local, wasm::Op op, u32 pc, u32 offset);
  void access(u32 slots, wasm::Op op, u32 pc, u32 offset);
  void drop() {
    state_.next_op_keeping_flags();
    if (state_.has(1)) state_.drop();
  }
  void select(u32 slots, Rep rep, u32 pc);
  void global_get(u32 slots, u32 index, Rep rep);
  void global_set(u32 slots, u32 index);
  void nothing_follows(const Instr& instr);
  void rethrow(const Instr& instr, const wasm::Label& caught);
  void open_block(const wasm::Label& label, const Instr& instr, u32 next_pc);
  void open_dead() { add_open(); }
  void else_part(const wasm::Label& label, const Instr& instr, bool reached, u32 next_pc);
  void end_block(const wasm::Label& label, const Instr& instr, bool reached, u32 next_pc);
  void end_function(const Instr& instr, bool reached);
  void catch_part(const wasm::Label& label, const Instr& instr, bool reached, u32 payload_slots, u32 next_pc);
  /// Exceptions may come in at this label.
  void catch_clause(const wasm::Label& target, u32 depth);
  void branch(const wasm::Label& target, const Instr& instr, u32 depth, u32 slots, u32 next_pc);
  void table_target(const wasm::Label& target, u32 depth);
  void branch_table(const Instr& instr);
  void call(const Instr& instr, u32 index, u32 args_at, u32 result_slots, u32 next_pc);
  void tail_call(const Instr& instr);
  void return_values(const Instr& instr);
  /// Ends the open label without a merge.
  void close_dead() { open_.pop_back(); }

  // ---- fuel ----
  /// Instructions that can be reached.
  void executes(u32 count = 1) { block_cost_ += count; }
  bool in_block() const { return block_cost_ != 0; }
  /// The current block ends: its cost is known.
  void close_block() {
    const u32 cost = std::exchange(block_cost_, 0);
    if (DEWAR_UNLIKELY(!entry_paid_)) shape_.entry_cost = cost;
    entry_paid_ = true;
    shape_.instrs += cost;
    const u32 charge = std::exchange(charge_, 0);
    if (charge != 0) patch_charge(charge, cost);  // else nobody comes here
  }
  /// The next instruction, at `pc`, begins a block: it is paid for here, as soon as its cost is known.
  void begin_block(u32 pc, u32 slots) {
    state_.settle_flags();
    charge_ = charge(pc, slots);
  }

  /// Everything was walked: exits and constants follow. False if there is no code.
  bool finish();
  /// A block was too long for an amount of one byte.
  bool needs_wide_charges() const { return too_long_; }
  // ---- what ShapeSink counts, counted on the way ----
  void count_entry() { ++shape_.entries; }
  void count_row() { ++shape_.rows; }
  void need_room(u32 slots) { shape_.max_operands = std::max(shape_.max_operands, slots); }
  const FunctionShape& shape() const { return shape_; }
  u32 frame_slots() const { return first_operand_ + shape_.max_operands; }
  /// Before compiling again, which ends there: notes the state where this cold exit is added, this poll is, the access
  /// to guest memory or the charge at this native offset is emitted, or the loop at this pc begins.
  void watch_trap(u32 cold_exit) { watch({.exit = cold_exit}); }
  void watch_access(u32 position) { watch({.position = position}); }
  void watch_poll(usize exit) { watched_exit_ = exit; }
  void watch_charge(u32 position) { watched_charge_ = position; }
  void watch_loop(u32 pc) { watched_loop_ = pc; }
  const PlaceState& seen() const { return seen_; }
  const std::optional<LoopSite>& seen_loop() const { return seen_loop_; }
  /// What was looked for is known; of a block, its cost as well.
  bool has_seen() const { return has_seen_; }
  const std::vector<StubRef>& stub_refs() const { return stubs_; }
  std::span<const CallRow> calls() const { return calls_; }
  std::span<const Exit> exits() const { return exits_; }
  std::span<const TrapRow> traps() const { return traps_; }
  std::span<const LandingRow> landings() const { return landing_rows_; }
  /// For who looks at the code: notes there what is emitted where.
  void list_marks(std::vector<CodeMark>* marks) { marks_ = marks; }
  bool lists_marks() const { return marks_ != nullptr; }
  void mark(CodeMark::Kind kind, u32 pc = 0, std::string_view what = {}) {
    if (DEWAR_UNLIKELY(marks_ != nullptr)) marks_->push_back({m_.position(), kind, pc, what});
  }
  u32 body_offset() const { return body_offset_; }
  u32 func_word() const { return func_word_; }

 private:
  // Functions beyond these stay in the interpreter. They bound what compiling takes (tens of MB at worst, for a
  // moment), and how long it takes to find a place by compiling again, which nobody can stop.
  static constexpr u32 kMaxCodeBytes = u32{8} << 20;
  static constexpr usize kMaxExits = usize{128} << 10;  ///< loops: 20 bytes each
  static constexpr usize kMaxOpen = usize{16} << 10;    ///< labels open at the same time: 300 bytes each

  /// An open label. Below its parameters, and with them, all operands are in slots.
  struct Open {
    Label target, otherwise;
    u32 keep = ~u32{0};        ///< slots that a branch to it carries, once known
    bool caught = false;       ///< exceptions come in at `target`
    bool fixed = false;        ///< it is known what `target` wants
    bool in_register = false;  ///< what it carries is a single value, in rax or xmm0
    Snapshot wanted;           ///< at `target`; set when `fixed` is, as the next one by who opens
    Snapshot at_if;            ///< at `otherwise`
    Open() {}                  // else the snapshots are cleared first
  };
  /// Most values that a jump takes along wherever they are; more are in their slots before.
  static constexpr u32 kFewValues = 4;
  /// A step at the end of the function: finds scratch.func, which goes to rax.
  struct ColdStep {
    Instr instr;
    Label entry, back;
    explicit ColdStep(const Instr& of) : instr(of) {}
  };
  /// Where a branch goes and what it takes along.
  struct Target {
    u32 depth = 0;
    u32 slots = 0;        ///< below what it carries
    u32 keep = 0;         ///< slots that it carries
    u32 count = 0;        ///< values
    bool synced = false;  ///< before the jump, everything goes to its slot
    Rep reps[kFewValues] = {};
  };
  /// Where exceptions come in: loads what a label wants from slots, and jumps there.
  struct Landing {
    Snapshot wanted;
    u32 key;
    u32 target;        ///< offset of the label
    bool in_register;  ///< what is carried
    Rep rep;
    u32 slot;
  };
  /// A label that a br_table names, once.
  struct TableTarget {
    Target target;
    Label edge;
    bool direct = false;  ///< nothing has to be moved
  };

  /// Takes an amount of fuel, which patch_charge() writes, before the instruction at `pc`; gives its place.
  u32 charge(u32 pc, u32 slots) {
    const u32 at = m_.position();
    if (DEWAR_UNLIKELY(at == watched_charge_)) note_charge(pc, slots);
    if (DEWAR_UNLIKELY(wide_charges_)) {
      m_.raw(Charge::kLong, Charge::kLongSub);
      m_.raw(Charge::kLongJump, Charge::kLongJumpSize);
    } else {
      m_.raw(Charge::kShort, Charge::kShortSize);
    }
    return at;
  }
  void patch_charge(u32 at, u32 cost) {
    if (DEWAR_UNLIKELY(at == watched_charge_)) see_cost(cost);
    if (DEWAR_UNLIKELY(cost > INT8_MAX || wide_charges_)) return patch_wide_charge(at, cost);
    m_.buffer().patch8(at + Charge::kAmountAt, static_cast<i8>(cost));
  }
  void patch_wide_charge(u32 at, u32 cost);
  void note_charge(u32 pc, u32 slots);
  void see_cost(u32 cost);
  Open& add_open() {
    if (open_.size() == kMaxOpen) m_.buffer().fail(CodeError::kOutOfSpace);
    Open& open = open_.emplace_back();
    shape_.most_open = std::max<u64>(shape_.most_open, open_.size());
    return open;
  }
  void note_state(u32 pc);
  void clear_locals();
  void poll(u32 pc, u32 slots);
  bool is_function(const Target& target) const { return &open_.back() - target.depth == open_.data(); }
  Target target_of(const wasm::Label& label, u32 depth);
  /// Before a jump, and before what it depends on is taken from the stack: what the target takes along is known and
  /// settled, `above` is known, too.
  void prepare(const Instr& instr, const Target& target, std::span<const Rep> above = {});
  /// What the label wants, from its first jump on.
  const Snapshot& fix(Open& open, const Target& target);
  /// Is everything where the label, which is fixed, wants it?
  bool conforms(const Target& target, u32 slots, const State::Edge& edge);
  /// Jumps, always or if the flags say so; what is carried ends at operand slot `slots`. The state stays.
  void jump(const Instr& instr, const Target& target, u32 slots, const FlagsCond* cond = nullptr);
  /// Brings what is carried, and locals, to where the label wants them.
  void conform(const Instr& instr, const Target& target, u32 slots, const State::Edge& edge);
  /// A jump to the function's label pays for its `end`, and returns.
  void jump_out(const Instr& instr, const Target& target, u32 slots);
  /// Paths come together: the state is what the label promises.
  void arrive(const Open& open, const Target& target);
  void arrive(const Snapshot& from) {
    state_.cut(0);
    state_.enter(from);
  }
  void emit_return(const Instr& instr);
  void emit_step(const Instr& instr, u32 handler, u32 pc);
  void indirect_target(const Instr& instr);
  void emit_cold_code();
  void emit_landings();
  void add_landing(u32 key, const Open& open, const Target& target);
  void watch(ColdList::Watch what);

  // ---- straight-line code (emit_scalar.cpp) ----
  /// Emits an instruction with values wherever they are. False if it has to be a step.
  bool scalar(const Instr& instr);
  void rarer_numeric(u32 slots, wasm::Op op, u32 pc);
  void rarer_access(u32 slots, wasm::Op op, u32 offset);
  bool memory_access(const Instr& instr);
  /// Globals, references, sizes (emit_ref.cpp).
  bool object_access(const Instr& instr);
  void table_get(u32 index, bool is64);
  void null_check(Value& ref, TrapKind kind);
  /// Entry `index` of an array of pointers that the instance has.
  void load_member(Gpr to, i32 array, u32 index);
  /// A global's address, into kScratch.
  void load_global(u32 index);
  void rarer_global_get(Rep rep, u32 index);
  /// memory.copy and memory.fill of few bytes.
  bool small_bulk(const Instr& instr);
  /// The state is to know at least these operands, which are on top: bottom first.
  void want(const Instr& instr, std::span<const Rep> operands);
  /// An instruction begins that takes nothing.
  void begin_push(u32 slots) {
    state_.next_op();
    if (!state_.has(1)) state_.rebase(first_operand_ + slots);
  }
  void know(u32 slots, std::span<const Rep> operands);
  DEWAR_RARE void know_one(u32 slots, Rep rep);
  Open& open_at(u32 depth) {
    DEWAR_ASSERT(depth < open_.size(), "a label that is not open");
    return *(&open_.back() - depth);
  }

  const runtime::FuncCode* func_ = nullptr;
  const NativeSupport* support_ = nullptr;
  std::span<const u8> body_;
  const CompileOptions options_;
  Assembler m_;
  ColdList cold_;
  Literals literals_;
  State state_{m_, cold_};
  EmitContext emit_{m_, state_, options_, cold_, literals_};
  std::vector<TrapRow> traps_;
  LoopScan scan_;
  PlaceState seen_;
  std::optional<LoopSite> seen_loop_;
  bool has_seen_ = false;
  usize watched_exit_ = ~usize{0};
  u32 watched_charge_ = ~u32{0};
  u32 watched_loop_ = ~u32{0};
  const Value* leaving_ =
      nullptr;  ///< at an exit on the way out of the function: the result, which is all that is left
  bool wide_charges_ = false;
  bool too_long_ = false;
  u32 local_slots_ = 0;
  u32 first_operand_ = 0;
  u32 frame_field_ = 0;  ///< offset of the prologue's size of a frame
  FunctionShape shape_;
  bool entry_paid_ = false;  ///< the first block is closed
  std::vector<Open> open_;
  u32 block_cost_ = 0;  ///< instructions of the current block so far
  u32 charge_ = 0;      ///< where it is paid for; 0: nowhere
  std::vector<Exit> exits_;
  std::vector<ColdStep> cold_steps_;
  std::vector<StubRef> stubs_;
  std::vector<CallRow> calls_;
  std::vector<Landing> landings_;
  std::vector<LandingRow> landing_rows_;
  std::vector<TableTarget> table_targets_;
  std::vector<u32> table_;  ///< indices of table_targets_
  std::vector<u32> target_of_depth_;
  Label func_label_;
  Label entry_slow_;
  u32 body_offset_ = 0;
  u32 func_word_ = 0;
  std::vector<CodeMark>* marks_ = nullptr;
  wasm::WalkScratch scratch_;
};

/// Slots that a branch carries, or a function returns, from which on moving them is bulk work.
inline constexpr u32 kManySlots = interp::kBulkUnit / sizeof(Slot);

/// Walks the function with the compiler. True if the code is complete.
bool run(Compiler& compiler, const runtime::FuncCode& func, base::StopBits stop);

}  // namespace dewar::exec::baseline
