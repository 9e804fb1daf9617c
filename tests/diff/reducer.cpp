// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/reducer.h"

#include "base/cursor.h"
#include "wasm/instr.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::diff {
namespace {

/// Offsets at which the instructions of a body begin, and the end.
std::vector<u32> boundaries(const Code& code) {
  std::vector<u32> at = {0};
  base::Cursor cursor(code);
  wasm::Instr instr;
  Error error;
  while (cursor.remaining() > 0 && wasm::read_instr(cursor, instr, error)) at.push_back(static_cast<u32>(cursor.pos()));
  return at;
}

bool valid(const Draft& draft) {
  wasm::TypeRegistry registry;
  return wasm::load_module(encode(draft), registry).has_value();
}

class Reducer {
 public:
  Reducer(Case c, const std::function<bool(const Case&)>& shows) : best_(std::move(c)), shows_(shows) {}

  Case run() {
    do {
      again_ = false;
      exports();
      for (const bool main : {true, false}) {
        if (!main && !best_.provider) continue;
        for (usize f = 0; f < draft(best_, main).funcs.size(); ++f) empty_function(main, f);
        for (usize f = 0; f < draft(best_, main).funcs.size(); ++f) cut_function(main, f);
        for (usize f = 0; f < draft(best_, main).funcs.size(); ++f) unwrap_blocks(main, f);
        for (usize f = 0; f < draft(best_, main).funcs.size(); ++f) drop_locals(main, f);
      }
    } while (again_ && ++rounds_ < kMaxRounds);
    return std::move(best_);
  }

 private:
  static constexpr u32 kMaxRounds = 8;

  static Draft& draft(Case& c, bool main) { return main ? c.main : *c.provider; }

  /// Takes the candidate over if it is as good.
  bool accept(Case candidate, bool main) {
    if (!valid(draft(candidate, main)) || !shows_(candidate)) return false;
    best_ = std::move(candidate);
    return again_ = true;
  }

  void exports() {
    for (usize i = best_.main.exports.size(); i-- > 0;) {
      Case candidate = best_;
      candidate.main.exports.erase(candidate.main.exports.begin() + static_cast<i64>(i));
      accept(std::move(candidate), true);
    }
    if (!best_.main.start) return;
    Case candidate = best_;
    candidate.main.start.reset();
    accept(std::move(candidate), true);
  }

  void empty_function(bool main, usize f) {
    if (draft(best_, main).funcs[f].code.size() <= 2) return;
    Case candidate = best_;
    draft(candidate, main).funcs[f].code = {0x00, 0x0b};  // unreachable, end
    draft(candidate, main).funcs[f].locals.clear();
    accept(std::move(candidate), main);
  }

  /// Ranges of instructions, long ones first, are left out, or replaced by something that a type may want there.
  void cut_function(bool main, usize f) {
    static const std::vector<Code> kInstead = {{},
                                               {0x1a},
                                               {0x41, 0},
                                               {0x42, 0},
                                               {0x43, 0, 0, 0, 0},
                                               {0x44, 0, 0, 0, 0, 0, 0, 0, 0},
                                               {0x1a, 0x41, 0},
                                               {0x1a, 0x42, 0},
                                               {0x1a, 0x1a},
                                               {0x00},
                                               {0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    std::vector<u32> at = boundaries(draft(best_, main).funcs[f].code);
    for (usize length = at.size() - 1; length > 0; length = length > 12 ? length * 3 / 4 : length - 1) {
      for (usize from = 0; from + length + 1 < at.size(); ++from) {
        for (const Code& instead : kInstead) {
          const u32 begin = at[from], end = at[from + length];
          if (instead.size() >= end - begin || (instead.size() > 2 && length > 40)) continue;
          Case candidate = best_;
          Code& code = draft(candidate, main).funcs[f].code;
          code.erase(code.begin() + begin, code.begin() + end);
          code.insert(code.begin() + begin, instead.begin(), instead.end());
          if (!accept(std::move(candidate), main)) continue;
          at = boundaries(draft(best_, main).funcs[f].code);
          break;
        }
        if (from + length + 1 >= at.size()) break;
      }
    }
  }

  /// Takes the beginning and the end of a block away and leaves its contents.
  void unwrap_blocks(bool main, usize f) {
    for (usize i = 0;; ++i) {
      const Code& code = draft(best_, main).funcs[f].code;
      const std::vector<u32> at = boundaries(code);
      if (i + 2 >= at.size()) return;
      if (!opens(code[at[i]])) continue;
      usize end = i;
      for (usize depth = 0; end + 1 < at.size(); ++end) {
        depth += opens(code[at[end]]);
        if ((code[at[end]] == 0x0b || code[at[end]] == 0x18) && --depth == 0) break;
      }
      if (end + 1 >= at.size()) return;
      Case candidate = best_;
      Code& cut = draft(candidate, main).funcs[f].code;
      cut.erase(cut.begin() + at[end], cut.begin() + at[end + 1]);
      cut.erase(cut.begin() + at[i], cut.begin() + at[i + 1]);
      if (accept(std::move(candidate), main)) --i;
    }
  }
  /// block, loop, if, try, try_table
  static bool opens(u8 byte) { return (byte >= 0x02 && byte <= 0x04) || byte == 0x06 || byte == 0x1f; }

  void drop_locals(bool main, usize f) {
    while (!draft(best_, main).funcs[f].locals.empty()) {
      Case candidate = best_;
      draft(candidate, main).funcs[f].locals.pop_back();
      if (!accept(std::move(candidate), main)) return;
    }
  }

  Case best_;
  const std::function<bool(const Case&)>& shows_;
  bool again_ = false;
  u32 rounds_ = 0;
};

}  // namespace

Case reduce(Case c, const std::function<bool(const Case&)>& shows) { return Reducer(std::move(c), shows).run(); }

u64 instructions_in(const Case& c) {
  u64 n = 0;
  const auto count = [&](const Draft& d) {
    for (const DraftFunc& f : d.funcs) n += boundaries(f.code).size() - 1;
  };
  count(c.main);
  if (c.provider) count(*c.provider);
  return n;
}

}  // namespace dewar::diff
