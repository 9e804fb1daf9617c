// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "diff/session.h"

#include <cstdio>

#include "base/print.h"
#include "diff/reducer.h"

namespace dewar::diff {

using base::dec;

Session::Session(std::vector<usize> modes, GenOptions options)
    : modes_(std::move(modes)), options_(options), first_(kModes[0]) {
  for (const usize m : modes_) others_.push_back(std::make_unique<World>(kModes[m]));
}

std::optional<Finding> Session::run(u64 seed) {
  program_ = encode_case(generate(seed, options_, totals_.emitted), options_.common);
  first_.run(program_, expected_, work_[0]);
  ++totals_.modules;
  if (!expected_.error.empty()) return Finding{seed, "generator", expected_.error};
  totals_.without_trap += !expected_.trapped;
  totals_.calls += expected_.calls.size();
  totals_.bytes += program_.main.size() + program_.provider.size();
  for (const Call& call : expected_.calls)
    if (call.outcome == runtime::Outcome::trapped) ++totals_.traps[static_cast<usize>(call.trap)];
  for (usize i = 0; i < modes_.size(); ++i) {
    others_[i]->run(program_, seen_, work_[modes_[i]], true);
    std::string text = difference(expected_, seen_);
    if (!text.empty()) return Finding{seed, std::string(kModes[modes_[i]].name), std::move(text)};
  }
  return std::nullopt;
}

Case Session::smallest(u64 seed, usize mode) {
  OpCounts unused{};
  ModeWork work;
  World first(kModes[0]), other(kModes[mode]);
  Observed a, b;
  return reduce(generate(seed, options_, unused), [&](const Case& c) {
    const Program program = encode_case(c, options_.common);
    first.run(program, a, work);
    if (!a.error.empty()) return false;
    other.run(program, b, work);
    return !difference(a, b).empty();
  });
}

Case Session::smallest(u64 seed, NodePeer& node) {
  OpCounts unused{};
  ModeWork work;
  World first(kModes[0]);
  Observed a;
  return reduce(generate(seed, options_, unused), [&](const Case& c) {
    const Program program = encode_case(c, options_.common);
    first.run(program, a, work);
    NodeTotals totals;
    if (!a.error.empty() || a.calls.empty()) return false;
    node.add(program, a, totals);
    node.flush(totals);
    return !totals.differences.empty();
  });
}

std::vector<std::string> Session::complaints() const {
  std::vector<std::string> all;
  if (totals_.modules < kEnough) return all;
  if (std::string wrong = too_many_traps(totals_); !wrong.empty()) all.push_back(std::move(wrong));
  for (const usize m : modes_) {
    const std::string_view wrong = kModes[m].check(work_[m], work_[0]);
    if (!wrong.empty()) all.push_back("mode " + std::string(kModes[m].name) + ": " + std::string(wrong));
    if (!options_.common && (work_[m].killed == 0 || work_[m].resumed == 0))
      all.push_back("mode " + std::string(kModes[m].name) + ": no call was killed, or none frozen");
  }
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const bool expected = unreachable_reason(op, options_.common).empty();
    const std::string name(std::string_view(wasm::op_info(op).text));
    if (expected != (totals_.emitted[i] != 0))
      all.push_back(name + (expected ? " never came up" : " came up in spite of its reason not to"));
    else if (expected && counts_executed_ && totals_.executed[i] == 0)
      all.push_back(name + " was never executed");
  }
  return all;
}

std::string Session::too_many_traps(const Totals& totals) {
  if (totals.without_trap * 100 >= totals.modules * kWithoutTrapPercent) return {};
  return "only " + dec(totals.without_trap * 100 / totals.modules) + " % of the modules end without a trap";
}

std::string Session::report() const {
  char line[256];
  std::string out;
  const auto add = [&](const char* format, auto... args) {
    std::snprintf(line, sizeof line, format, args...);
    out += line;
  };
  using ull = unsigned long long;
  add("modules %llu, without a trap %.1f %%, calls %llu, bytes per program %llu\n", ull{totals_.modules},
      totals_.modules ? 100.0 * static_cast<double>(totals_.without_trap) / static_cast<double>(totals_.modules) : 0.0,
      ull{totals_.calls}, ull{totals_.modules ? totals_.bytes / totals_.modules : 0});
  std::vector<usize> modes = {0};
  modes.insert(modes.end(), modes_.begin(), modes_.end());
  for (const usize m : modes)
    add("mode %-16s instructions %llu, probes %llu, collections %llu, compiled %llu of %llu functions, killed %llu, "
        "resumed %llu\n",
        std::string(kModes[m].name).c_str(), ull{work_[m].instructions}, ull{work_[m].probes},
        ull{work_[m].collections}, ull{work_[m].compiled}, ull{work_[m].functions}, ull{work_[m].killed},
        ull{work_[m].resumed});
  for (usize k = 1; k < totals_.traps.size(); ++k)
    if (totals_.traps[k] != 0)
      add("trap %-28s %llu\n", std::string(runtime::trap_code(static_cast<runtime::TrapKind>(k))).c_str(),
          ull{totals_.traps[k]});
  for (usize c = 0; c < kOpClasses; ++c) {
    const OpClass id = static_cast<OpClass>(c);
    u64 emitted = 0, executed = 0, used = 0;
    for (const Op op : ops_of(id)) {
      emitted += totals_.emitted[static_cast<usize>(op)];
      executed += totals_.executed[static_cast<usize>(op)];
      used += totals_.emitted[static_cast<usize>(op)] != 0;
    }
    add("class %-24s %10llu emitted, %llu of %llu opcodes", std::string(class_name(id)).c_str(), ull{emitted},
        ull{used}, ull{ops_of(id).size()});
    if (counts_executed_) add(", %llu executed", ull{executed});
    out += '\n';
  }
  std::string_view last;
  for (usize i = 0; i < wasm::kOpCount; ++i) {
    const std::string_view reason = unreachable_reason(static_cast<Op>(i), options_.common);
    if (!reason.empty() && reason != last)
      add("unchecked: %s: %s\n", std::string(class_name(op_class(static_cast<Op>(i)))).c_str(),
          std::string(reason).c_str());
    last = reason.empty() ? last : reason;
  }
  if (options_.common) out += "unchecked: custom page sizes: not in V8 without a flag\n";
  return out;
}

}  // namespace dewar::diff
