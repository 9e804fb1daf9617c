// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Builds modules byte by byte for the tests of the decoder: sections with right or deliberately wrong sizes.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/leb128.h"
#include "wasm/decoder.h"
#include "wasm/type_registry.h"

namespace dewar::wasm::test {

using Bytes = std::vector<u8>;

/// Concatenation.
inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes leb(u64 value) {
  Bytes out;
  base::append_u64(out, value);
  return out;
}

inline Bytes name(std::string_view text) { return leb(text.size()) + Bytes(text.begin(), text.end()); }

/// A vector: count, then the elements as they are.
inline Bytes vec(std::initializer_list<Bytes> elements) {
  Bytes out = leb(elements.size());
  for (const Bytes& e : elements) out = std::move(out) + e;
  return out;
}

/// `count` copies of `element` as a vector.
inline Bytes repeat(u32 count, const Bytes& element) {
  Bytes out = leb(count);
  out.reserve(out.size() + count * element.size());
  for (u32 i = 0; i < count; ++i) out.insert(out.end(), element.begin(), element.end());
  return out;
}

inline Bytes section(u8 id, const Bytes& payload) { return Bytes{id} + leb(payload.size()) + payload; }
inline Bytes custom(std::string_view section_name, const Bytes& payload) {
  return section(0, name(section_name) + payload);
}
inline Bytes module(std::initializer_list<Bytes> sections) {
  Bytes out = {0, 'a', 's', 'm', 1, 0, 0, 0};
  for (const Bytes& s : sections) out = std::move(out) + s;
  return out;
}
/// A function body with its size in front.
inline Bytes body(const Bytes& locals_and_code) { return leb(locals_and_code.size()) + locals_and_code; }

inline const Bytes kVoidType = {0x60, 0, 0};

/// Decoding result in short: "" or "code: message".
inline std::string outcome(const Bytes& bytes, const Features& features = {}) {
  TypeRegistry registry;
  auto m = decode(bytes, registry, {features});
  return m ? std::string() : std::string(m.error().code) + ": " + m.error().message;
}

/// Only the code of the error, "ok" if there is none.
inline std::string code_of(const Bytes& bytes, const Features& features = {}) {
  TypeRegistry registry;
  auto m = decode(bytes, registry, {features});
  return m ? "ok" : m.error().code;
}

/// A module with at least one of everything, in canonical form. Its bodies are valid.
Bytes full_module();

}  // namespace dewar::wasm::test
