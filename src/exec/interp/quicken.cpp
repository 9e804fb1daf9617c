// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/interp/quicken.h"

#include <algorithm>
#include <array>

#include "base/seed_bug.h"

namespace dewar::exec::interp {

namespace {

using wasm::Op;

/// Rows of fused.def by their first opcode, longest first.
class GroupIndex {
 public:
  GroupIndex() {
    for (const FusedGroup& g : fused_groups()) groups_.push_back(&g);
    std::sort(groups_.begin(), groups_.end(), [](auto* a, auto* b) {
      return a->ops[0] != b->ops[0] ? a->ops[0] < b->ops[0] : a->ops.size() > b->ops.size();
    });
    for (usize i = groups_.size(); i-- > 0;) {
      Range& range = by_first_[static_cast<usize>(groups_[i]->ops[0])];
      range.start = static_cast<u8>(i);
      ++range.count;
    }
  }
  std::span<const FusedGroup* const> starting_with(Op op) const {
    const Range range = by_first_[static_cast<usize>(op)];
    return std::span(groups_).subspan(range.start, range.count);
  }

 private:
  // Small, as an index of vectors would be three pages to clear in every process.
  struct Range {
    u8 start = 0, count = 0;
  };
  std::vector<const FusedGroup*> groups_;
  std::array<Range, wasm::kOpCount> by_first_{};
};

/// Can this instruction be a step of a group? The steps read only the short forms of immediates.
bool fusable(const u8* body, const InstrAt& at, bool guarded) {
  const u8* p = body + at.pc;
  if (*p != wasm::op_info(at.op).code) return false;  // rewritten: v128 locals and the like
  switch (wasm::op_info(at.op).imm) {
    // Bug 7: local indices of two bytes are taken for one.
    case wasm::Imm::local: return p[1] < SEED(7, 0x80, 0x100);
    case wasm::Imm::i64: return p[1] < 0x80;
    case wasm::Imm::memarg: return guarded && p[1] < 64;
    default: return true;
  }
}

}  // namespace

bool quicken(const wasm::Module& module, u8* body, std::span<const InstrAt> instrs,
             const runtime::EngineOptions& options, base::StopBits stop) {
  static const GroupIndex index;
  // The garbage mode scrambles the operands of single instructions: nothing may be fused there.
  if (options.garbage_upper) return true;
  const bool guarded =
      !module.memories.empty() && runtime::Memory::is_guarded(module.memories[0], options.explicit_bounds);
  for (usize i = 0; i < instrs.size();) {
    if (DEWAR_UNLIKELY(stop.stopped())) return false;
    usize taken = 1;
    for (const FusedGroup* g : index.starting_with(instrs[i].op)) {
      const usize n = g->ops.size();
      if (i + n > instrs.size()) continue;
      bool match = true;
      for (usize k = 0; k < n && match; ++k)
        match = instrs[i + k].op == g->ops[k] && fusable(body, instrs[i + k], guarded);
      if (!match) continue;
      body[instrs[i].pc] = g->code;
      taken = n;
      break;
    }
    i += taken;
  }
  return true;
}

}  // namespace dewar::exec::interp
