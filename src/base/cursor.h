// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A reader of binary input with a sticky error: after the first failure every read returns zero and changes nothing,
// so a decoder checks once at the end of a construct instead of at every read. Never reads outside its span.
// Integers are LEB128 as in the Wasm core specification, section 5.2.2: at most ceil(N/7) bytes, and the unused bits
// of the last byte are zero (unsigned) or copies of the sign (signed).
#pragma once

#include <cstring>
#include <span>
#include <type_traits>

#include "base/types.h"

namespace dewar::base {

/// Why a Cursor stopped.
enum class ReadError : u8 {
  kNone,
  kUnexpectedEnd,  ///< the input ended inside a value
  kIntTooLong,     ///< an integer's last allowed byte has its continuation bit set
  kIntTooLarge,    ///< an integer's last byte has bits that do not fit the type
};

/// The specification's wording for an error, "" for kNone.
constexpr const char* to_string(ReadError error) {
  switch (error) {
    case ReadError::kNone: return "";
    case ReadError::kUnexpectedEnd: return "unexpected end";
    case ReadError::kIntTooLong: return "integer representation too long";
    case ReadError::kIntTooLarge: return "integer too large";
  }
  return "";
}

/// Reads values one after another from borrowed bytes.
class Cursor {
 public:
  Cursor() = default;
  /// `origin` is added to every reported position, for a cursor over a part of a larger input.
  explicit Cursor(std::span<const u8> data, u64 origin = 0)
      : begin_(data.data()), pos_(data.data()), end_(data.data() + data.size()), limit_(end_), origin_(origin) {}

  /// Position of the next byte, counted from the start of the span.
  usize pos() const { return static_cast<usize>(pos_ - begin_); }
  /// Position of the next byte in the whole input: pos() + origin.
  u64 offset() const { return origin_ + pos(); }
  /// Length of the whole span.
  usize size() const { return static_cast<usize>(end_ - begin_); }
  /// Bytes not yet read; 0 after an error.
  usize remaining() const { return static_cast<usize>(limit_ - pos_); }
  /// True when nothing is left to read, also after an error (so that reading loops end).
  bool at_end() const { return remaining() == 0; }

  bool ok() const { return error_ == ReadError::kNone; }
  ReadError error() const { return error_; }
  /// Where the failing value starts (origin included); meaningful only when !ok().
  u64 error_offset() const { return error_offset_; }
  /// The byte the failure was detected at (origin included): the end of input, or the offending byte of an integer.
  u64 error_byte_offset() const { return error_byte_offset_; }

  /// Moves to an absolute position of the span; beyond the end is an error.
  void seek(usize position) {
    if (!ok()) return;
    if (position > size()) return set_error(ReadError::kUnexpectedEnd, pos_, end_);
    pos_ = begin_ + position;
  }
  void skip(usize count) { (void)bytes(count); }

  /// The next byte without consuming it; 0 at the end (which is not an error).
  u8 peek() const { return at_end() ? u8{0} : *pos_; }

  u8 byte() {
    if (DEWAR_UNLIKELY(remaining() < 1)) return set_error(ReadError::kUnexpectedEnd, pos_, end_), u8{0};
    return *pos_++;
  }

  /// A little-endian fixed-width integer.
  u32 fixed_u32() { return fixed<u32>(); }
  u64 fixed_u64() { return fixed<u64>(); }

  /// The next `count` bytes, borrowed; empty and an error when there are fewer.
  std::span<const u8> bytes(u64 count) {
    if (DEWAR_UNLIKELY(count > remaining()))
      return set_error(ReadError::kUnexpectedEnd, pos_, end_), std::span<const u8>{};
    const u8* start = pos_;
    pos_ += count;
    return {start, static_cast<usize>(count)};
  }

  /// A cursor over the next `count` bytes, which this one skips. It reports positions in the same input.
  Cursor sub(u64 count) {
    u64 start = offset();
    return Cursor(bytes(count), start);
  }

  u32 leb_u32() { return leb<u32, 32>(); }
  i32 leb_s32() { return leb<i32, 32>(); }
  u64 leb_u64() { return leb<u64, 64>(); }
  i64 leb_s64() { return leb<i64, 64>(); }
  /// The 33-bit signed integer of block types and heap types.
  i64 leb_s33() { return leb<i64, 33>(); }

 private:
  template <class T>
  T fixed() {
    auto raw = bytes(sizeof(T));
    T value = 0;
    if (raw.size() == sizeof(T)) std::memcpy(&value, raw.data(), sizeof(T));
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return value;
  }

  template <class T, unsigned kBits>
  T leb() {
    if (DEWAR_LIKELY(remaining() > 0 && *pos_ < 0x80)) {
      u8 only = *pos_++;
      if constexpr (std::is_signed_v<T>) return static_cast<T>(static_cast<i8>(only << 1) >> 1);
      return only;
    }
    return static_cast<T>(leb_slow(kBits, std::is_signed_v<T>));
  }

  /// The general case, of any length; all five kinds share it. Not inlined on purpose: it is rare.
  [[gnu::noinline]] u64 leb_slow(unsigned bits, bool is_signed) {
    if (!ok()) return 0;
    const u8* start = pos_;
    const u8* at = pos_;
    u64 value = 0;
    unsigned shift = 0;
    for (;; ++at, shift += 7) {
      if (at == end_) return set_error(ReadError::kUnexpectedEnd, start, at), 0;
      u8 part = *at;
      unsigned left = bits - shift;  // bits of the type that are still to come, at least 1
      if (left <= 7) {
        // The bits above the type: all zero, or for a signed type all equal to its sign bit.
        unsigned used = is_signed ? left - 1 : left;
        u8 mask = static_cast<u8>(0x7f & (0xffu << used));
        u8 high = part & mask;
        if (high != 0 && !(is_signed && high == mask)) return set_error(ReadError::kIntTooLarge, start, at), 0;
        if (part & 0x80) return set_error(ReadError::kIntTooLong, start, at), 0;
      }
      value |= static_cast<u64>(part & 0x7f) << shift;
      if (!(part & 0x80)) {
        shift += 7;
        if (is_signed && (part & 0x40) && shift < 64) value |= ~u64{0} << shift;
        break;
      }
    }
    pos_ = at + 1;
    return value;
  }

  void set_error(ReadError error, const u8* value_start, const u8* at) {
    if (error_ != ReadError::kNone) return;
    error_ = error;
    limit_ = pos_;
    error_offset_ = origin_ + static_cast<u64>(value_start - begin_);
    error_byte_offset_ = origin_ + static_cast<u64>(at - begin_);
  }

  const u8* begin_ = nullptr;
  const u8* pos_ = nullptr;
  const u8* end_ = nullptr;
  const u8* limit_ = nullptr;  ///< end_, or pos_ after an error: so that fast paths test one thing
  u64 origin_ = 0;
  u64 error_offset_ = 0;
  u64 error_byte_offset_ = 0;
  ReadError error_ = ReadError::kNone;
};

}  // namespace dewar::base
