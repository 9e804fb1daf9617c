// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The edits of the smoke runs' mutator. Values near the edges of LEB128 and of Wasm's opcodes are favoured.
#include "fuzz/mutator.h"

#include <algorithm>
#include <array>

namespace dewar::fuzz {

namespace {

constexpr std::array<u8, 24> kInteresting = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0f, 0x10, 0x40, 0x60, 0x63,
                                             0x64, 0x6e, 0x70, 0x7b, 0x7e, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

usize position(Random& random, const std::vector<u8>& bytes) { return random.below(bytes.size()); }

void insert_slice(Random& random, std::vector<u8>& bytes, std::span<const u8> from) {
  if (from.empty()) return;
  const usize begin = random.below(from.size());
  const usize length = 1 + random.below(std::min<usize>(from.size() - begin, 64));
  const std::vector<u8> slice(from.begin() + begin, from.begin() + begin + std::min(length, from.size() - begin));
  bytes.insert(bytes.begin() + random.below(bytes.size() + 1), slice.begin(), slice.end());
}

void edit(Random& random, std::vector<u8>& bytes, std::span<const u8> other) {
  if (bytes.empty()) {
    bytes.push_back(static_cast<u8>(random.next()));
    return;
  }
  const usize at = position(random, bytes);
  switch (random.below(9)) {
    case 0: bytes[at] ^= static_cast<u8>(1u << random.below(8)); return;
    case 1: bytes[at] = static_cast<u8>(random.next()); return;
    case 2: bytes[at] = kInteresting[random.below(kInteresting.size())]; return;
    case 3:  // a longer LEB128
      bytes[at] |= 0x80;
      bytes.insert(bytes.begin() + at + 1, random.below(2) ? 0x00 : 0x7f);
      return;
    case 4: bytes.resize(at); return;
    case 5: {
      const usize length = std::min<usize>(1 + random.below(32), bytes.size() - at);
      bytes.erase(bytes.begin() + at, bytes.begin() + at + length);
      return;
    }
    case 6: {
      const std::vector<u8> self = bytes;
      insert_slice(random, bytes, self);
      return;
    }
    case 7: insert_slice(random, bytes, other); return;
    default: bytes[at] = static_cast<u8>(bytes[at] + (random.below(2) ? 1 : -1)); return;
  }
}

}  // namespace

u64 Random::next() {
  state_ += 0x9e3779b97f4a7c15u;
  u64 z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

std::vector<u8> mutate(Random& random, std::span<const u8> input, std::span<const u8> other, usize max_size) {
  std::vector<u8> bytes(input.begin(), input.end());
  const u64 edits = 1 + random.below(4);
  for (u64 i = 0; i < edits; ++i) edit(random, bytes, other);
  if (bytes.size() > max_size) bytes.resize(max_size);
  return bytes;
}

}  // namespace dewar::fuzz
