// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How many operations of a program compiled code does out of line. Prints, tab separated: vector instructions executed
// (by the interpreter), instructions executed by compiled code, and steps among them.
// usage: bench_steps PROGRAM.wasm [ARGS...]
#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "counted_run.h"

int main(int argc, char** argv) {
  using namespace dewar;
  constexpr u64 kMaxModule = u64{1} << 30;
  constexpr u8 kVectorPrefix = 0xfd;
  const auto complain = [](const Error& error) {
    std::fprintf(stderr, "bench_steps: %s\n", error.message.c_str());
    return 1;
  };
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_steps PROGRAM.wasm [ARGS...]\n");
    return 2;
  }
  const auto bytes = base::read_file(argv[1], kMaxModule);
  if (!bytes) return complain(bytes.error());
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto counted = bench::run_counted(*bytes, args);
  if (!counted) return complain(counted.error());
  u64 vectors = 0;
  const wasm::Module& module = *counted->module;
  for (usize i = 0; i < counted->counts.size(); ++i) {
    const auto body = module.slice(module.funcs[module.num_imported_funcs + i].body);
    for (usize pc = 0; pc < body.size(); ++pc)
      if (body[pc] == kVectorPrefix) vectors += counted->counts[i][pc];
  }
  const auto compiled = bench::run_compiled(*bytes, args);
  if (!compiled) return complain(compiled.error());
  std::printf("%llu\t%llu\t%llu\n", static_cast<unsigned long long>(vectors),
              static_cast<unsigned long long>(compiled->instructions),
              static_cast<unsigned long long>(compiled->steps));
  return 0;
}
