// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast modules are decoded and validated: prints megabytes of code section per CPU second, the fastest of several
// times. Reading the file and making the private copy that the decoder takes over are not part of it.
// usage: bench_validate MODULE.wasm [TIMES]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/file.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace {

constexpr dewar::u64 kMaxModule = dewar::u64{1} << 30;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

int complain(const dewar::Error& error) {
  std::fprintf(stderr, "bench_validate: %s\n", error.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_validate MODULE.wasm [TIMES]\n");
    return 2;
  }
  const auto bytes = dewar::base::read_file(argv[1], kMaxModule);
  if (!bytes) return complain(bytes.error());
  const long times = argc > 2 ? std::max(1L, std::strtol(argv[2], nullptr, 10)) : 5;
  double best = 1e9;
  dewar::u32 code_size = 0;
  for (long i = 0; i < times; ++i) {
    std::vector<dewar::u8> copy = *bytes;
    dewar::wasm::TypeRegistry registry;
    const double before = cpu_seconds();
    const auto module = dewar::wasm::load_module(std::move(copy), registry);
    best = std::min(best, cpu_seconds() - before);
    if (!module) return complain(module.error());
    code_size = (*module)->code_size;
  }
  std::printf("%.1f\n", static_cast<double>(code_size) / 1e6 / best);
  return 0;
}
