// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The differential test by hand (docs/testing.md). Exit code: 0 agreed, 1 differed or the run was not what it should
// be, 2 usage.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <signal.h>
#include <unistd.h>

#include "diff/reducer.h"
#include "diff/session.h"
#include "wasm/disasm.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace {

using namespace dewar;
using namespace dewar::diff;

constexpr const char* kUsage = R"(usage: diff_runner [options]
  --seed N        first seed (1)
  --count N       number of seeds (2000)
  --modes A,B     modes to compare with the first one (all); `--modes none` for V8 alone
  --common        only what V8 runs too
  --node PATH     compare with V8 as well (implies --common): the program that tools/diff_node.sh prints
  --node-flag F   a flag for node, may be given several times
  --batch N       programs per node process (500)
  --executed      count what is executed by opcode, too, and expect all of them; slow
  --max N         stop after so many findings (1)
  --reduce        make the program of each finding small
  --out DIR       where programs of findings are written (.)
  --quiet         no report
)";

struct Options {
  u64 seed = 1, count = 2000, max = 1;
  std::vector<usize> modes;
  bool common = false, reduce = false, quiet = false, executed = false;
  std::string node, out = ".";
  std::vector<std::string> flags;
  usize batch = 500;
};

bool parse_modes(const std::string& list, std::vector<usize>& modes) {
  modes.clear();
  if (list == "none") return true;
  for (usize at = 0; at <= list.size();) {
    const usize end = std::min(list.find(',', at), list.size());
    usize found = 0;
    for (usize m = 1; m < std::size(kModes); ++m)
      if (kModes[m].name == std::string_view(list).substr(at, end - at)) found = m;
    if (found == 0) return false;
    modes.push_back(found);
    at = end + 1;
  }
  return true;
}

bool parse(int argc, char** argv, Options& o) {
  for (usize m = 1; m < std::size(kModes); ++m) o.modes.push_back(m);
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--common")
      o.common = true;
    else if (name == "--reduce")
      o.reduce = true;
    else if (name == "--quiet")
      o.quiet = true;
    else if (name == "--executed")
      o.executed = true;
    else if (i + 1 == argc)
      return false;
    else if (name == "--seed")
      o.seed = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--count")
      o.count = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--max")
      o.max = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--batch")
      o.batch = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--node") {
      // What tools/diff_node.sh printed: nothing, if there is no program.
      o.node = argv[++i], o.common = true;
      if (o.node.empty())
        return std::fputs("diff_runner: --node without a program: V8 was not compared\n", stderr), false;
    } else if (name == "--node-flag")
      o.flags.push_back(argv[++i]);
    else if (name == "--out")
      o.out = argv[++i];
    else if (name == "--modes") {
      if (!parse_modes(argv[++i], o.modes)) return false;
    } else
      return false;
  }
  return true;
}

void write_file(const std::string& path, const std::vector<u8>& bytes) {
  std::FILE* f = std::fopen(path.c_str(), "wb");
  if (!f || std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size())
    std::fprintf(stderr, "can not write %s\n", path.c_str());
  if (f) std::fclose(f);
}

void write_program(const Options& o, u64 seed, const std::string& suffix, const Program& program) {
  const std::string stem = o.out + "/diff-" + std::to_string(seed) + suffix;
  write_file(stem + ".wasm", program.main);
  if (!program.provider.empty()) write_file(stem + ".provider.wasm", program.provider);
  std::printf("  wrote %s.wasm\n", stem.c_str());
}

void show_small(const Options& o, u64 seed, const Case& small) {
  write_program(o, seed, ".small", encode_case(small, o.common));
  std::printf("  %llu instructions left; the functions that are:\n",
              static_cast<unsigned long long>(instructions_in(small)));
  wasm::TypeRegistry registry;
  const auto module = wasm::load_module(encode(small.main), registry);
  if (!module) return;
  for (u32 f = (*module)->num_imported_funcs; f < (*module)->funcs.size(); ++f) {
    if (small.main.funcs[f - (*module)->num_imported_funcs].code.size() <= 2) continue;
    std::string text;
    wasm::disassemble(**module, wasm::FuncIndex{f}, text);
    std::fputs(text.c_str(), stdout);
  }
}

void show(const Options& o, Session& session, const Finding& finding) {
  std::printf("seed %llu, mode %s: %s\n", static_cast<unsigned long long>(finding.seed), finding.mode.c_str(),
              finding.text.c_str());
  write_program(o, finding.seed, "", session.program());
  if (!o.reduce) return;
  for (usize m = 1; m < std::size(kModes); ++m)
    if (kModes[m].name == finding.mode) show_small(o, finding.seed, session.smallest(finding.seed, m));
}

/// A program takes milliseconds; fuel and limits end every one.
constexpr unsigned kMostSeconds = 60;

/// The seed that is running, for the report of a crash.
volatile u64 g_seed = 0;

void crashed(int signal) {
  char text[40] = "seed ";
  usize n = 5;
  u64 scale = 1;
  while (g_seed / scale >= 10) scale *= 10;
  for (; scale > 0; scale /= 10) text[n++] = static_cast<char>('0' + g_seed / scale % 10);
  const char* rest = signal == SIGALRM ? ", mode unknown: no end\n" : ", mode unknown: crash\n";
  if (::write(1, text, n) < 0 || ::write(1, rest, std::strlen(rest)) < 0) ::_exit(3);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

int run(const Options& o) {
  // Before the engine's own handler of faults, which passes on what is not a guest's.
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGALRM}) ::signal(signal, crashed);
  Session session(o.modes, GenOptions{o.common});
  if (o.executed) session.count_executed();
  NodePeer node(o.node, o.flags);
  NodeTotals v8;
  u64 findings = 0;
  const auto start = std::chrono::steady_clock::now();
  for (u64 seed = o.seed; seed < o.seed + o.count && findings < o.max; ++seed) {
    g_seed = seed;
    ::alarm(kMostSeconds);
    if (const auto finding = session.run(seed)) {
      ++findings;
      ::alarm(0);
      show(o, session, *finding);
      continue;
    }
    if (o.node.empty()) continue;
    node.add(session.program(), session.expected(), v8);
    ::alarm(0);
    if (node.waiting() >= o.batch) node.flush(v8);
    if (!v8.error.empty() || v8.differences.size() >= o.max) break;
  }
  ::alarm(0);
  if (!o.node.empty()) {
    node.flush(v8);
    for (const auto& [seed, text] : v8.differences) {
      std::printf("seed %llu, V8: %s\n", static_cast<unsigned long long>(seed), text.c_str());
      OpCounts unused{};
      write_program(o, seed, ".v8", encode_case(diff::generate(seed, GenOptions{o.common}, unused), o.common));
      if (o.reduce) show_small(o, seed, session.smallest(seed, node));
    }
    if (!v8.error.empty()) std::printf("V8: %s\n", v8.error.c_str());
    findings += v8.differences.size() + !v8.error.empty();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!o.quiet) std::fputs(session.report().c_str(), stdout);
  if (!o.node.empty())
    std::printf(
        "V8: programs %llu, calls %llu, traps alike %llu; left out %llu, later calls left out %llu (limits of ours)\n",
        static_cast<unsigned long long>(v8.programs), static_cast<unsigned long long>(v8.calls),
        static_cast<unsigned long long>(v8.traps), static_cast<unsigned long long>(v8.left_out),
        static_cast<unsigned long long>(v8.cut));
  // Findings end a run early, so what it lacks then says nothing.
  u64 wrong = 0;
  if (findings == 0) {
    for (const std::string& text : session.complaints()) std::printf("wrong: %s\n", text.c_str()), ++wrong;
  }
  std::printf("%llu modules, %llu findings, %.1f s, %.0f modules/s\n",
              static_cast<unsigned long long>(session.totals().modules), static_cast<unsigned long long>(findings),
              seconds, static_cast<double>(session.totals().modules) / seconds);
  return findings + wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return run(options);
}
