// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decoding, encoding and escaping of UTF-8; see utf8.h.
#include "base/utf8.h"

#include <cstring>

#include "base/print.h"

namespace dewar::base {

namespace {

u8 byte_at(std::string_view bytes, usize i) { return static_cast<u8>(bytes[i]); }

/// What a lead byte promises: sequence length and the allowed range of the second byte. Length 0: not a lead byte.
struct Lead {
  u8 length;
  u8 second_low;
  u8 second_high;
};

Lead classify(u8 lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

/// How many leading bytes form a proper start of the sequence, up to its length.
usize well_formed_prefix(std::string_view bytes, Lead lead) {
  if (lead.length == 0) return 0;
  usize count = 1;
  while (count < lead.length && count < bytes.size()) {
    u8 next = byte_at(bytes, count);
    u8 low = count == 1 ? lead.second_low : u8{0x80};
    u8 high = count == 1 ? lead.second_high : u8{0xbf};
    if (next < low || next > high) break;
    ++count;
  }
  return count;
}

}  // namespace

bool is_unsafe_on_terminal(u32 c) {
  if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return true;
  // Soft hyphen, Arabic letter mark, zero-width characters and marks, separators, embeddings, isolates, fillers.
  if (c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e))
    return true;
  if ((c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb)) return true;
  // Tag characters: invisible text.
  return c >= 0xe0000 && c <= 0xe0fff;
}

std::optional<Decoded> decode_utf8(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  u8 first = byte_at(bytes, 0);
  if (first < 0x80) return Decoded{first, 1};
  Lead lead = classify(first);
  if (lead.length == 0 || well_formed_prefix(bytes, lead) != lead.length) return std::nullopt;
  u32 code_point = first & (0xffu >> (lead.length + 1));
  for (usize i = 1; i < lead.length; ++i) code_point = code_point << 6 | (byte_at(bytes, i) & 0x3fu);
  return Decoded{code_point, lead.length};
}

bool is_valid_utf8(std::string_view bytes) {
  usize i = 0;
  while (i < bytes.size()) {
    if (bytes.size() - i >= 8) {
      u64 word;
      std::memcpy(&word, bytes.data() + i, 8);
      if ((word & 0x8080808080808080u) == 0) {
        i += 8;
        continue;
      }
    }
    auto decoded = decode_utf8(bytes.substr(i));
    if (!decoded) return false;
    i += decoded->length;
  }
  return true;
}

void append_utf8(std::string& out, u32 code_point) {
  if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) code_point = 0xfffd;
  auto push = [&out](u32 byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xc0 | code_point >> 6);
    push(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    push(0xe0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3f));
    push(0x80 | (code_point & 0x3f));
  } else {
    push(0xf0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3f));
    push(0x80 | (code_point >> 6 & 0x3f));
    push(0x80 | (code_point & 0x3f));
  }
}

usize invalid_utf8_length(std::string_view bytes) {
  usize prefix = well_formed_prefix(bytes, classify(byte_at(bytes, 0)));
  return prefix == 0 ? 1 : prefix;
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    usize length;
    if (auto decoded = decode_utf8(bytes)) {
      length = decoded->length;
      out.append(bytes.substr(0, length));
    } else {
      length = invalid_utf8_length(bytes);
      append_utf8(out, 0xfffd);
    }
    bytes.remove_prefix(length);
  }
  return out;
}

std::string cut_text(std::string_view text, usize max) {
  if (text.size() <= max) return std::string(text);
  usize end = max;
  for (usize back = 0; back < 3 && end > 0 && (byte_at(text, end) & 0xc0) == 0x80; ++back) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string escape_for_terminal(std::string_view bytes, bool keep_newlines) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    auto decoded = decode_utf8(bytes);
    if (!decoded) {
      out += "\\x";
      append_hex(out, byte_at(bytes, 0), 2);
      bytes.remove_prefix(1);
      continue;
    }
    u32 c = decoded->code_point;
    if (c == '\\') {
      out += "\\\\";
    } else if (keep_newlines && (c == '\n' || c == '\t')) {
      out.push_back(static_cast<char>(c));
    } else if (is_unsafe_on_terminal(c)) {
      out += "\\u{";
      append_hex(out, c, 1);
      out += "}";
    } else {
      out.append(bytes.substr(0, decoded->length));
    }
    bytes.remove_prefix(decoded->length);
  }
  return out;
}

}  // namespace dewar::base
