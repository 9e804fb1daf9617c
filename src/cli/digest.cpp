// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libsodium does the hashing, and the base64.
#include "cli/digest.h"

#include <sodium.h>

namespace dewar::cli {

std::string npm_integrity(std::span<const u8> bytes) {
  u8 hash[crypto_hash_sha512_BYTES];
  crypto_hash_sha512(hash, bytes.data(), bytes.size());
  char text[sodium_base64_ENCODED_LEN(sizeof(hash), sodium_base64_VARIANT_ORIGINAL)];
  sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
  return std::string("sha512-") + text;
}

}  // namespace dewar::cli
