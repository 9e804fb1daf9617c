// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A main for fuzz targets without libFuzzer: replays every file of the given folders, then a fixed number of
// deterministic mutations of them. Used by the smoke runs, so that a finding repeats everywhere.
// The input being tried is kept in a file until it has passed, so that a crash leaves it behind.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/mutator.h"

/// A target may bring its own mutations.
extern "C" dewar::usize LLVMFuzzerCustomMutator(dewar::u8* data, dewar::usize size, dewar::usize max_size,
                                                unsigned int seed) __attribute__((weak));

namespace {

using namespace dewar;

constexpr u64 kMaxSeedSize = u64{1} << 20;
constexpr usize kMaxInputSize = usize{1} << 16;
constexpr int kSkipped = 77;

struct Options {
  u64 runs = 2000;
  u64 seed = 1;
  std::string artifact;
  std::vector<std::string> folders;
};

bool number_after(std::string_view text, std::string_view prefix, u64& out) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (number_after(arg, "-runs=", options.runs) || number_after(arg, "-seed=", options.seed)) continue;
    if (arg.starts_with("-artifact=")) {
      options.artifact = arg.substr(10);
    } else if (arg.starts_with("-")) {
      return false;
    } else {
      options.folders.emplace_back(arg);
    }
  }
  return !options.folders.empty();
}

/// All regular files below the folders (or the files named), sorted by path so that runs repeat.
std::vector<std::vector<u8>> read_seeds(const std::vector<std::string>& folders) {
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    std::error_code error;
    if (std::filesystem::is_regular_file(folder, error)) paths.push_back(folder);
    std::filesystem::recursive_directory_iterator it(folder, error), end;
    for (; !error && it != end; it.increment(error)) {
      if (it->is_regular_file(error)) paths.push_back(it->path().string());
    }
  }
  std::ranges::sort(paths);
  std::vector<std::vector<u8>> seeds;
  for (const std::string& path : paths) {
    if (auto bytes = base::read_file(path, kMaxSeedSize)) seeds.push_back(std::move(*bytes));
  }
  return seeds;
}

std::vector<u8> mutate_seed(fuzz::Random& random, const std::vector<u8>& input, const std::vector<u8>& other) {
  if (LLVMFuzzerCustomMutator == nullptr) return fuzz::mutate(random, input, other, kMaxInputSize);
  std::vector<u8> bytes = input;
  bytes.resize(std::max(kMaxInputSize, input.size()));
  bytes.resize(
      LLVMFuzzerCustomMutator(bytes.data(), input.size(), bytes.size(), static_cast<unsigned int>(random.next())));
  return bytes;
}

void run_one(const std::vector<u8>& input, const std::string& artifact) {
  if (!artifact.empty()) {
    // Written plainly: after an abort nothing else can be done.
    if (std::FILE* file = std::fopen(artifact.c_str(), "wb")) {
      std::fwrite(input.data(), 1, input.size(), file);
      std::fclose(file);
    }
  }
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse_options(argc, argv, options)) {
    std::fprintf(stderr, "usage: %s [-runs=N] [-seed=N] [-artifact=FILE] FILE|FOLDER...\n", argv[0]);
    return 2;
  }
  const std::vector<std::vector<u8>> seeds = read_seeds(options.folders);
  if (seeds.empty()) {
    std::printf("skipped: 0 seeds found\n");
    return kSkipped;
  }
  for (const std::vector<u8>& seed : seeds) run_one(seed, options.artifact);
  fuzz::Random random(options.seed);
  for (u64 i = 0; i < options.runs; ++i) {
    const std::vector<u8>& input = seeds[random.below(seeds.size())];
    const std::vector<u8>& other = seeds[random.below(seeds.size())];
    run_one(mutate_seed(random, input, other), options.artifact);
  }
  if (!options.artifact.empty()) std::remove(options.artifact.c_str());
  std::printf("%zu seeds and %llu mutations passed\n", seeds.size(), static_cast<unsigned long long>(options.runs));
  return 0;
}
