// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Edit distance with neighbour swaps (optimal string alignment), on words of bounded length.
#include "cli/suggest.h"

#include <algorithm>
#include <vector>

#include "base/types.h"

namespace dewar::cli {

namespace {

constexpr usize kMaxWord = 64;

usize distance(std::string_view a, std::string_view b) {
  std::vector<usize> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (usize j = 0; j <= b.size(); ++j) above[j] = j;
  for (usize i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (usize j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

}  // namespace

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kMaxWord) return {};
  std::string_view best;
  usize best_distance = std::max<usize>(1, word.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kMaxWord) continue;
    const usize d = distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view best = closest(word, candidates);
  return best.empty() ? std::string() : "did you mean \"" + std::string(best) + "\"?";
}

}  // namespace dewar::cli
