// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints which opcodes and which straight-line sequences of opcodes programs execute most: what fused opcodes of the
// interpreter are chosen by. Every program has the same weight. A sequence ends at the latest with a control opcode or
// call; `loop`, `else` and `end` belong to no sequence, and neither does `block` unless --through-blocks is given.
//
// usage: opcode_profile [--scale N] [--top N] [--forms N] [--through-blocks] MODULE.wasm...
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "counted_run.h"
#include "wasm/instr.h"

namespace dewar::bench {

namespace {

constexpr usize kLongest = 6;
constexpr u64 kMaxModule = u64{1} << 30;

/// An opcode, or (from kOpCount on) a fused form that the greedy choice made up.
using Token = u32;

struct Step {
  Token token;
  bool small;  ///< every immediate is one byte long
};

/// Instructions that run one after the other, all equally often.
struct Block {
  std::vector<Step> steps;
  double weight;
};

struct Tally {
  double weight = 0;
  double small = 0;
};

bool through_blocks = false;

/// Nothing is done there, but control may come from elsewhere to just behind it.
bool only_marks(wasm::Op op) {
  using wasm::Op;
  return (op == Op::block && !through_blocks) || op == Op::loop || op == Op::else_ || op == Op::end || op == Op::nop ||
         op == Op::try_table;
}

bool ends_sequence(wasm::Op op) {
  return op != wasm::Op::block && (wasm::op_info(op).effects & (wasm::kControl | wasm::kCall));
}

/// Size of the instruction with the shortest possible immediates.
u32 shortest(const wasm::Instr& i) {
  const wasm::OpInfo& info = wasm::op_info(i.op);
  const u32 opcode = info.prefix ? 2 : 1;
  switch (info.imm) {
    case wasm::Imm::none: return opcode;
    case wasm::Imm::memarg:
    case wasm::Imm::call_indirect: return opcode + 2;
    case wasm::Imm::f32: return opcode + 4;
    case wasm::Imm::f64: return opcode + 8;
    default: return opcode + 1;
  }
}

std::string immediate_text(const wasm::Instr& i) {
  const wasm::OpInfo& info = wasm::op_info(i.op);
  std::string text(std::string_view(info.text));
  if (info.imm == wasm::Imm::i32 || info.imm == wasm::Imm::i64) {
    return text + " " + std::to_string(static_cast<i64>(i.bits));
  }
  if (info.imm == wasm::Imm::memarg)
    return text + (i.offset == 0 ? " offset=0" : i.offset < 128 ? " offset<128" : " offset>=128");
  return text;
}

class Profile {
 public:
  bool add(const CountedRun& run) {
    u64 total = 0;
    for (const auto& function : run.counts)
      for (u64 n : function) total += n;
    const double unit = 1.0 / static_cast<double>(total);
    std::printf("  %llu instructions\n", static_cast<unsigned long long>(total));
    for (u32 f = 0; f < run.counts.size(); ++f) {
      if (!add_function(run, f, unit)) return false;
    }
    ++programs_;
    return true;
  }

  void print(usize top) const {
    print_tally("Opcodes (share of executed instructions; of these, immediates of one byte)", opcodes_, top, 1);
    print_texts("Instructions with constants and offsets", texts_, top);
    for (usize n = 2; n <= kLongest; ++n) {
      std::map<std::vector<Token>, Tally> found;
      count_sequences(blocks_, n, found);
      print_tally(("Sequences of " + std::to_string(n) +
                   " (share of executed instructions covered, occurrences overlapping; all immediates one byte)")
                      .c_str(),
                  found, top, n);
    }
  }

  /// Chooses `forms` fused opcodes one after the other, each time the sequence that saves most dispatches in what the
  /// earlier ones left over, and prints how many dispatches remain.
  void choose(usize forms) const {
    std::vector<Block> blocks = blocks_;
    std::vector<std::vector<Token>> made;
    double dispatches = 1;
    std::printf("\nGreedy choice (dispatches saved, dispatches left of 100)\n");
    while (made.size() < forms) {
      std::map<std::vector<Token>, Tally> found;
      for (usize n = 2; n <= kLongest; ++n) count_sequences(blocks, n, found);
      const std::vector<Token>* best = nullptr;
      double best_saved = 0;
      for (const auto& [sequence, tally] : found) {
        if (std::any_of(sequence.begin(), sequence.end(), [](Token t) { return t >= wasm::kOpCount; })) continue;
        const double saved = tally.weight / programs_ * static_cast<double>(sequence.size() - 1);
        if (saved > best_saved) best = &sequence, best_saved = saved;
      }
      if (!best) break;
      made.push_back(*best);
      const double saved = replace(blocks, made.back(), wasm::kOpCount + static_cast<Token>(made.size()) - 1);
      dispatches -= saved / programs_;
      std::printf("  %3zu %6.2f%% %7.2f  %s\n", made.size(), 100 * saved / programs_, 100 * dispatches,
                  text(made.back()).c_str());
    }
  }

 private:
  bool add_function(const CountedRun& run, u32 defined, double unit) {
    const wasm::Module& m = *run.module;
    const auto body = m.slice(m.funcs[m.num_imported_funcs + defined].body);
    std::vector<wasm::ValType> locals;
    const auto entry = wasm::read_locals(body, 0, locals);
    if (!entry) return false;
    base::Cursor c(body);
    c.skip(*entry);
    Block block;
    u64 block_count = 0;
    const auto flush = [&] {
      if (block.steps.size() > 1 && block_count) {
        block.weight = static_cast<double>(block_count) * unit;
        blocks_.push_back(std::move(block));
      }
      block = {};
    };
    while (!c.at_end()) {
      const u64 pc = c.pos();
      wasm::Instr instr;
      Error error;
      if (!wasm::read_instr(c, instr, error)) return false;
      const u64 count = run.counts[defined][pc];
      const u32 size = static_cast<u32>(c.pos() - pc);
      const bool small = size <= shortest(instr);
      if (count) {
        const double weight = static_cast<double>(count) * unit;
        Tally& tally = opcodes_[{static_cast<Token>(instr.op)}];
        tally.weight += weight;
        tally.small += small ? weight : 0;
        texts_[immediate_text(instr)] += weight;
      }
      if (count != block_count || only_marks(instr.op)) flush();
      if (only_marks(instr.op)) continue;
      block_count = count;
      block.steps.push_back({static_cast<Token>(instr.op), small});
      if (ends_sequence(instr.op)) flush();
    }
    flush();
    return true;
  }

  static void count_sequences(const std::vector<Block>& blocks, usize n, std::map<std::vector<Token>, Tally>& found) {
    std::vector<Token> key(n);
    for (const Block& b : blocks) {
      for (usize at = 0; at + n <= b.steps.size(); ++at) {
        bool small = true;
        for (usize i = 0; i < n; ++i) key[i] = b.steps[at + i].token, small &= b.steps[at + i].small;
        Tally& tally = found[key];
        tally.weight += b.weight;
        tally.small += small ? b.weight : 0;
      }
    }
  }

  /// Puts `token` in place of every occurrence, from the left; the weight of the dispatches saved.
  static double replace(std::vector<Block>& blocks, const std::vector<Token>& sequence, Token token) {
    double saved = 0;
    for (Block& b : blocks) {
      std::vector<Step> out;
      for (usize at = 0; at < b.steps.size();) {
        const bool here =
            at + sequence.size() <= b.steps.size() &&
            std::equal(sequence.begin(), sequence.end(), b.steps.begin() + static_cast<std::ptrdiff_t>(at),
                       [](Token t, const Step& s) { return t == s.token; });
        out.push_back(here ? Step{token, true} : b.steps[at]);
        if (here) saved += b.weight * static_cast<double>(sequence.size() - 1);
        at += here ? sequence.size() : 1;
      }
      b.steps = std::move(out);
    }
    return saved;
  }

  static std::string text(const std::vector<Token>& sequence) {
    std::string out;
    for (Token t : sequence)
      out += (out.empty() ? "" : "  ") + std::string(wasm::op_info(static_cast<wasm::Op>(t)).text);
    return out;
  }

  void print_tally(const char* title, const std::map<std::vector<Token>, Tally>& tallies, usize top,
                   usize length) const {
    std::vector<std::pair<const std::vector<Token>*, Tally>> sorted;
    for (const auto& [key, tally] : tallies) sorted.emplace_back(&key, tally);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.second.weight > b.second.weight; });
    std::printf("\n%s\n", title);
    for (usize i = 0; i < sorted.size() && i < top; ++i) {
      const Tally& t = sorted[i].second;
      std::printf("  %6.2f%%  %3.0f%%  %s\n", 100 * t.weight / programs_ * static_cast<double>(length),
                  100 * t.small / t.weight, text(*sorted[i].first).c_str());
    }
  }

  void print_texts(const char* title, const std::map<std::string, double>& weights, usize top) const {
    std::vector<std::pair<double, std::string>> sorted;
    for (const auto& [key, weight] : weights)
      if (key.find(' ') != std::string::npos) sorted.emplace_back(weight, key);
    std::sort(sorted.rbegin(), sorted.rend());
    std::printf("\n%s\n", title);
    for (usize i = 0; i < sorted.size() && i < top; ++i)
      std::printf("  %6.2f%%  %s\n", 100 * sorted[i].first / programs_, sorted[i].second.c_str());
  }

  double programs_ = 0;
  std::vector<Block> blocks_;
  std::map<std::vector<Token>, Tally> opcodes_;
  std::map<std::string, double> texts_;
};

int usage() {
  std::fprintf(stderr, "usage: opcode_profile [--scale N] [--top N] [--forms N] [--through-blocks] MODULE.wasm...\n");
  return 2;
}

int main_with(int argc, char** argv) {
  std::string scale = "3";
  usize top = 60, forms = 60;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--through-blocks") {
      through_blocks = true;
      continue;
    }
    if (arg.starts_with("--") && i + 1 == argc) return usage();
    if (arg == "--scale")
      scale = argv[++i];
    else if (arg == "--top")
      top = std::strtoul(argv[++i], nullptr, 10);
    else if (arg == "--forms")
      forms = std::strtoul(argv[++i], nullptr, 10);
    else if (arg.starts_with("--"))
      return usage();
    else
      files.push_back(arg);
  }
  if (files.empty()) return usage();
  Profile profile;
  for (const std::string& file : files) {
    auto bytes = base::read_file(file, kMaxModule);
    if (!bytes) {
      std::fprintf(stderr, "opcode_profile: %s: %s\n", file.c_str(), bytes.error().message.c_str());
      return 1;
    }
    std::printf("%s", file.c_str());
    auto run = run_counted(std::move(*bytes), {file, scale});
    if (!run || !profile.add(*run)) {
      std::fprintf(stderr, "opcode_profile: %s: %s\n", file.c_str(),
                   run ? "unreadable body" : run.error().message.c_str());
      return 1;
    }
  }
  profile.print(top);
  profile.choose(forms);
  return 0;
}

}  // namespace

}  // namespace dewar::bench

int main(int argc, char** argv) { return dewar::bench::main_with(argc, argv); }
