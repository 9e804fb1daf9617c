// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast the baseline compiler is: loads a module and compiles every function of it as `-C eager` does. Prints, tab
// separated: megabytes of code section per CPU second for everything (decode, validate, shapes, compile) and for
// compiling alone, the fastest of several times; bytes of code per byte of Wasm; functions compiled, and not.
// usage: bench_compile MODULE.wasm [TIMES]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "exec/baseline/code_object.h"
#include "exec/prepare.h"
#include "exec/tier.h"
#include "wasm/validate.h"

namespace dewar::bench {
namespace {

constexpr u64 kMaxModule = u64{1} << 30;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

int complain(const char* text) {
  std::fprintf(stderr, "bench_compile: %s\n", text);
  return 1;
}

struct Times {
  double all = 1e9, compile = 1e9;
  u64 wasm_bytes = 0, code_bytes = 0;
  u32 compiled = 0, not_compiled = 0;
};

bool measure(std::vector<u8> bytes, Times& times) {
  runtime::EngineOptions options;
  options.tier = runtime::Tier::baseline;
  runtime::Engine engine(options);
  exec::attach_native(engine);
  auto support = std::static_pointer_cast<const exec::baseline::NativeSupport>(engine.native());
  if (!support) return complain("no memory for an arena, or no compiler for this machine"), false;
  const double start = cpu_seconds();
  const auto module = wasm::load_module(std::move(bytes), engine.types());
  if (!module) return complain(module.error().message.c_str()), false;
  runtime::CodeSet set(*module);
  const u64 used = support->arena->used_bytes();
  const double before = cpu_seconds();
  times.compiled = exec::compile_all(engine, set, ~u64{0}, {});
  const double end = cpu_seconds();
  times.compile = std::min(times.compile, end - before);
  times.all = std::min(times.all, end - start);
  times.not_compiled = set.count() - times.compiled;
  times.wasm_bytes = (*module)->code_size;
  times.code_bytes = support->arena->used_bytes() - used;
  return true;
}

}  // namespace
}  // namespace dewar::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_compile MODULE.wasm [TIMES]\n");
    return 2;
  }
  const auto bytes = dewar::base::read_file(argv[1], dewar::bench::kMaxModule);
  if (!bytes) return dewar::bench::complain(bytes.error().message.c_str());
  const long count = argc > 2 ? std::max(1L, std::strtol(argv[2], nullptr, 10)) : 3;
  dewar::bench::Times times;
  for (long i = 0; i < count; ++i)
    if (!dewar::bench::measure(*bytes, times)) return 1;
  const double megabytes = static_cast<double>(times.wasm_bytes) / 1e6;
  std::printf("%.1f\t%.1f\t%.2f\t%u\t%u\n", megabytes / times.all, megabytes / times.compile,
              static_cast<double>(times.code_bytes) / static_cast<double>(times.wasm_bytes), times.compiled,
              times.not_compiled);
  return 0;
}
