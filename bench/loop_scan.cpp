// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast the scan for the use of locals in loops is: all functions of a module, the fastest of several rounds.
//   bench_loop_scan MODULE.wasm [ROUNDS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "exec/baseline/loop_scan.h"
#include "wasm/instr.h"
#include "wasm/module.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

int main(int argc, char** argv) {
  using namespace dewar;
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_loop_scan MODULE.wasm [ROUNDS]\n");
    return 2;
  }
  auto bytes = base::read_file(argv[1], u64{1} << 30);
  if (!bytes) return std::fprintf(stderr, "bench_loop_scan: %s\n", bytes.error().message.c_str()), 1;
  wasm::TypeRegistry registry;
  const auto loaded = wasm::load_module(std::move(*bytes), registry);
  if (!loaded) return std::fprintf(stderr, "bench_loop_scan: %s\n", loaded.error().message.c_str()), 1;
  const wasm::Module& module = **loaded;
  const long rounds = argc > 2 ? std::max(1L, std::strtol(argv[2], nullptr, 10)) : 9;
  exec::baseline::LoopScan scan;
  double best = 1e9;
  u64 size = 0;
  struct Function {
    std::span<const u8> body;
    u32 pc, locals;
  };
  std::vector<Function> functions;
  std::vector<wasm::LocalRun> runs;
  for (u32 i = module.num_imported_funcs; i < module.funcs.size(); ++i) {
    const auto body = module.slice(module.funcs[i].body);
    const u32 params = static_cast<u32>(module.func_type(wasm::FuncIndex{i}).params.size());
    runs.clear();
    const auto pc = wasm::read_local_runs(body, params, runs, &module);
    functions.push_back({body, static_cast<u32>(*pc), runs.empty() ? params : runs.back().end});
  }
  for (long round = 0; round < rounds; ++round) {
    size = 0;
    const std::clock_t start = std::clock();
    for (const Function& function : functions) {
      size += function.body.size();
      scan.run(function.body, function.pc, function.locals);
    }
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::printf("%.0f MB/s\n", static_cast<double>(size) / 1e6 / best);
  return 0;
}
