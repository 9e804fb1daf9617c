// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// FIPS 180-4: constants in 4.2.2 and 5.3.3, the function in 6.2.2, padding in 5.1.1. The x86 instructions (Intel SDM,
// SHA extensions) keep the state as two vectors, {a,b,e,f} and {c,d,g,h} from the top, and do four rounds at a time.
#include "base/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#include "base/hex.h"

namespace dewar::base {
namespace {

constexpr std::array<u32, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void block(std::array<u32, 8>& state, const u8* data) {
  std::array<u32, 64> w;
  for (usize i = 0; i < 16; ++i) {
    w[i] = u32{data[4 * i]} << 24 | u32{data[4 * i + 1]} << 16 | u32{data[4 * i + 2]} << 8 | u32{data[4 * i + 3]};
  }
  for (usize i = 16; i < 64; ++i) {
    const u32 a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state;
  // The letters move on by one a round: by name, so that nothing is copied.
  const auto round = [&](u32 a1, u32 b1, u32 c1, u32& d1, u32 e1, u32 f1, u32 g1, u32& h1, usize i) {
    h1 += (std::rotr(e1, 6) ^ std::rotr(e1, 11) ^ std::rotr(e1, 25)) + (g1 ^ (e1 & (f1 ^ g1))) + kRound[i] + w[i];
    d1 += h1;
    h1 += (std::rotr(a1, 2) ^ std::rotr(a1, 13) ^ std::rotr(a1, 22)) + ((a1 & b1) | (c1 & (a1 | b1)));
  };
  for (usize i = 0; i < 64; i += 8) {
    round(a, b, c, d, e, f, g, h, i);
    round(h, a, b, c, d, e, f, g, i + 1);
    round(g, h, a, b, c, d, e, f, i + 2);
    round(f, g, h, a, b, c, d, e, i + 3);
    round(e, f, g, h, a, b, c, d, i + 4);
    round(d, e, f, g, h, a, b, c, i + 5);
    round(c, d, e, f, g, h, a, b, i + 6);
    round(b, c, d, e, f, g, h, a, i + 7);
  }
  const u32 more[8] = {a, b, c, d, e, f, g, h};
  for (usize i = 0; i < 8; ++i) state[i] += more[i];
}

#if defined(__x86_64__)
__m128i load128(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

[[gnu::target("sha,sse4.1")]] void blocks_sha_ni(std::array<u32, 8>& state, const u8* data, usize blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  alignas(16) u32 halves[2][4] = {{state[5], state[4], state[1], state[0]}, {state[7], state[6], state[3], state[2]}};
  __m128i abef = load128(halves[0]), cdgh = load128(halves[1]);
  for (; blocks > 0; --blocks, data += 64) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];  // the sixteen words of the schedule that come next, in order from w[i % 4]
    for (usize i = 0; i < 4; ++i) w[i] = _mm_shuffle_epi8(load128(data + 16 * i), big_endian);
    for (usize i = 0; i < 16; ++i) {
      __m128i& now = w[i % 4];
      const __m128i sum = _mm_add_epi32(now, load128(&kRound[4 * i]));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12) continue;
      // Words 16 to 19 places on: those of 15 and 16 ago, then those of 7 ago, then those of 2 ago.
      const __m128i &second = w[(i + 1) % 4], &third = w[(i + 2) % 4], &last = w[(i + 3) % 4];
      const __m128i sevens = _mm_alignr_epi8(last, third, 4);
      now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, second), sevens), last);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  _mm_store_si128(reinterpret_cast<__m128i*>(halves[0]), abef);
  _mm_store_si128(reinterpret_cast<__m128i*>(halves[1]), cdgh);
  state = {halves[0][3], halves[0][2], halves[1][3], halves[1][2],
           halves[0][1], halves[0][0], halves[1][1], halves[1][0]};
}
#endif

}  // namespace

void sha256_blocks_plain(std::array<u32, 8>& state, const u8* data, usize blocks) {
  for (; blocks > 0; --blocks, data += 64) block(state, data);
}

Sha256Blocks sha256_blocks_fastest() {
#if defined(__x86_64__)
  static const bool has = [] {
    u32 a = 0, b = 0, c = 0, d = 0;
    const bool sse41 = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1);
    return sse41 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
  }();
  if (has) return blocks_sha_ni;
#endif
  return sha256_blocks_plain;
}

Sha256::Sha256(Sha256Blocks blocks)
    : blocks_(blocks),
      state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::update(std::span<const u8> bytes) {
  if (bytes.empty()) return;  // its address may be null
  const usize used = static_cast<usize>(total_ % 64);
  total_ += bytes.size();
  if (used > 0) {
    const usize n = std::min(64 - used, bytes.size());
    std::memcpy(rest_.data() + used, bytes.data(), n);
    bytes = bytes.subspan(n);
    if (used + n < 64) return;
    blocks_(state_, rest_.data(), 1);
  }
  blocks_(state_, bytes.data(), bytes.size() / 64);
  bytes = bytes.last(bytes.size() % 64);
  if (!bytes.empty()) std::memcpy(rest_.data(), bytes.data(), bytes.size());
}

std::string Sha256::finish() {
  const u64 bits = total_ * 8;
  const u8 one = 0x80, zero = 0;
  update(std::span(&one, 1));
  while (total_ % 64 != 56) update(std::span(&zero, 1));
  u8 length[8];
  for (usize i = 0; i < 8; ++i) length[i] = static_cast<u8>(bits >> (56 - 8 * i));
  update(length);
  u8 digest[32];
  for (usize i = 0; i < 32; ++i) digest[i] = static_cast<u8>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return to_hex(digest);
}

std::string sha256_hex(std::span<const u8> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace dewar::base
