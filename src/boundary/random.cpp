// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ChaCha20 as in RFC 8439, section 2.3, with a 64-bit counter in words 12 and 13.
#include "boundary/random.h"

#include <errno.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace dewar::boundary {

std::array<u8, 64> chacha20_block(const std::array<u32, 8>& key, const std::array<u32, 4>& counter_nonce) {
  std::array<u32, 16> initial{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  std::copy(key.begin(), key.end(), initial.begin() + 4);
  std::copy(counter_nonce.begin(), counter_nonce.end(), initial.begin() + 12);
  std::array<u32, 16> x = initial;
  const auto quarter = [&x](usize a, usize b, usize c, usize d) {
    x[a] += x[b];
    x[d] = std::rotl(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = std::rotl(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = std::rotl(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = std::rotl(x[b] ^ x[c], 7);
  };
  for (int round = 0; round < 10; ++round) {
    quarter(0, 4, 8, 12);
    quarter(1, 5, 9, 13);
    quarter(2, 6, 10, 14);
    quarter(3, 7, 11, 15);
    quarter(0, 5, 10, 15);
    quarter(1, 6, 11, 12);
    quarter(2, 7, 8, 13);
    quarter(3, 4, 9, 14);
  }
  std::array<u8, 64> out;
  for (usize i = 0; i < 16; ++i) {
    const u32 word = x[i] + initial[i];
    for (usize b = 0; b < 4; ++b) out[4 * i + b] = static_cast<u8>(word >> (8 * b));
  }
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
