// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// FIPS 180-4: constants in 4.2.2 and 5.3.3, the function in 6.2.2, padding in 5.1.1.
#include "base/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

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

}  // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::block(const u8* data) {
  std::array<u32, 64> w;
  for (usize i = 0; i < 16; ++i) {
    w[i] = u32{data[4 * i]} << 24 | u32{data[4 * i + 1]} << 16 | u32{data[4 * i + 2]} << 8 | u32{data[4 * i + 3]};
  }
  for (usize i = 16; i < 64; ++i) {
    const u32 a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + w[i - 7] +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (usize i = 0; i < 64; ++i) {
    const u32 t1 =
        h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
    const u32 t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const u32 more[8] = {a, b, c, d, e, f, g, h};
  for (usize i = 0; i < 8; ++i) state_[i] += more[i];
}

void Sha256::update(std::span<const u8> bytes) {
  const usize used = static_cast<usize>(total_ % 64);
  total_ += bytes.size();
  if (used > 0) {
    const usize n = std::min(64 - used, bytes.size());
    std::memcpy(rest_.data() + used, bytes.data(), n);
    bytes = bytes.subspan(n);
    if (used + n < 64) return;
    block(rest_.data());
  }
  for (; bytes.size() >= 64; bytes = bytes.subspan(64)) block(bytes.data());
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

}  // namespace dewar::base
