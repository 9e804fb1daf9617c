// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ChaCha20 as in RFC 8439, section 2.3, with a 64-bit counter in words 12 and 13.
#include "boundary/random.h"

#include <errno.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace dewar::boundary {

// A row of the state; four quarter rounds go on side by side in its lanes.
using Row = u32 __attribute__((vector_size(16)));

static Row rotate(Row x, int n) { return (x << n) | (x >> (32 - n)); }

static void quarter_rounds(Row& a, Row& b, Row& c, Row& d) {
  a += b;
  d = rotate(d ^ a, 16);
  c += d;
  b = rotate(b ^ c, 12);
  a += b;
  d = rotate(d ^ a, 8);
  c += d;
  b = rotate(b ^ c, 7);
}

std::array<u8, 64> chacha20_block(const std::array<u32, 8>& key, const std::array<u32, 4>& counter_nonce) {
  static_assert(std::endian::native == std::endian::little, "words are written as they are");
  const Row initial[4] = {{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574},
                          {key[0], key[1], key[2], key[3]},
                          {key[4], key[5], key[6], key[7]},
                          {counter_nonce[0], counter_nonce[1], counter_nonce[2], counter_nonce[3]}};
  Row a = initial[0], b = initial[1], c = initial[2], d = initial[3];
  for (int round = 0; round < 10; ++round) {
    quarter_rounds(a, b, c, d);  // the columns
    b = __builtin_shufflevector(b, b, 1, 2, 3, 0);
    c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
    d = __builtin_shufflevector(d, d, 3, 0, 1, 2);
    quarter_rounds(a, b, c, d);  // the diagonals
    b = __builtin_shufflevector(b, b, 3, 0, 1, 2);
    c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
    d = __builtin_shufflevector(d, d, 1, 2, 3, 0);
  }
  const Row words[4] = {a + initial[0], b + initial[1], c + initial[2], d + initial[3]};
  std::array<u8, 64> out;
  std::memcpy(out.data(), words, sizeof words);
  return out;
}

bool RandomSource::fill(std::span<u8> out) {
  if (real_) {
    for (usize done = 0; done < out.size();) {
      const ssize_t n = getrandom(out.data() + done, std::min<usize>(out.size() - done, 1 << 20), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      done += static_cast<usize>(n);
    }
    bytes_ += out.size();
    return true;
  }
  const std::array<u32, 8> key{static_cast<u32>(seed_), static_cast<u32>(seed_ >> 32), 0, 0, 0, 0, 0, 0};
  for (usize done = 0; done < out.size();) {
    const usize at = bytes_ % 64;
    if (at == 0) {
      const u64 counter = bytes_ / 64;
      block_ = chacha20_block(key, {static_cast<u32>(counter), static_cast<u32>(counter >> 32), 0, 0});
    }
    const usize n = std::min<usize>(64 - at, out.size() - done);
    std::memcpy(out.data() + done, block_.data() + at, n);
    done += n;
    bytes_ += n;
  }
  return true;
}

}  // namespace dewar::boundary
