// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of the text format (spec 6.4) and the type section. Owns type uses: an inline signature means the first type of
// the module that is a recursive group of its own, final, without supertype, and the same function type; where none
// exists, one is appended (spec 6.6.4.1), in the order of occurrence.
#pragma once

#include <memory>
#include <utility>

#include "text/context.h"

namespace dewar::text {

/// A value type as it is encoded: `code` is its byte; references other than `(ref null abstract)` carry `heap` as s33.
struct ValueType {
  u8 code = 0;
  i64 heap = 0;
};
inline constexpr u8 kRefCode = 0x64;      ///< (ref heap)
inline constexpr u8 kRefNullCode = 0x63;  ///< (ref null heap)

/// A reference type.
struct RefType {
  bool nullable = true;
  i64 heap = 0;  ///< s33: negative = abstract
};
inline constexpr i64 kFuncHeap = -0x10;  ///< `func` as s33

void append_value_type(std::vector<u8>& out, ValueType type);
void append_ref_type(std::vector<u8>& out, RefType type);

/// A parameter or local with a name.
struct NamedLocal {
  u32 index = 0;
  Token id;  ///< of kind kEof if it has only an annotation
  std::optional<std::string> annotation;
};

/// An inline signature.
struct Signature {
  u32 params = 0;
  u32 results = 0;
  std::vector<u8> param_bytes;
  std::vector<u8> result_bytes;
  bool empty() const { return params == 0 && results == 0; }
  /// Body of the function type as encoded: equal keys mean equal types.
  std::string key() const;
};

/// A type use.
struct TypeUse {
  bool has_index = false;  ///< `(type x)` was written
  u32 index = 0;
  Signature inline_signature;
  Token place;
};

class TypeTable {
 public:
  explicit TypeTable(Context& context) : c_(context), cursor_(context.cursor) {}

  /// First pass, at a `(type` or `(rec` field whose `(` and keyword are consumed: assigns indices and names.
  void declare_type(u32 field_offset);
  void declare_rec(u32 field_offset);
  /// After the first pass: parses all declared types and writes the type section.
  void parse_declared();

  bool at_value_type();
  ValueType value_type();
  bool at_ref_type();
  RefType ref_type();
  /// A heap type as s33.
  i64 heap_type();

  /// Reads `(type x)? (param ...)* (result ...)*`. Names are allowed for parameters only if `locals` is given.
  TypeUse type_use(std::vector<NamedLocal>* locals);
  /// The index a type use means; appends a type if needed.
  u32 resolve(const TypeUse& use);
  /// Number of parameters of a type; 0 if it does not exist or is no function type.
  u32 param_count(u32 type) const;
  /// Remembers that names were numbered as if `type`, which does not exist so far, had no parameters. If an inline
  /// signature appends a type of that index later and it has some, the module is refused.
  void note_if_unknown(u32 type, const Token& place);
  /// Call at the end of the module.
  void check_unknown();
  /// Field names of a struct type, or null.
  const IndexSpace* fields(u32 type) const;

 private:
  struct Entry {
    bool is_func = false;
    u32 params = 0;
    std::string key;  ///< of a function type
    std::unique_ptr<IndexSpace> fields;
  };
  struct Declared {
    u32 offset = 0;
    bool rec = false;
  };

  void parse_type(std::vector<u8>& out, bool alone);
  void parse_composite(std::vector<u8>& out, u32 index, bool reusable);
  void parse_fields(std::vector<u8>& out, u32 index);
  void field_type(std::vector<u8>& out);
  void params(Signature& signature, std::vector<NamedLocal>* locals);
  void results(Signature& signature);

  Context& c_;
  TokenCursor& cursor_;
  std::vector<Declared> declared_;
  std::vector<Entry> entries_;
  SymbolMap by_key_;
  std::vector<std::pair<u32, Token>> unknown_;
};

}  // namespace dewar::text
