// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The decoder's state, shared by decoder*.cpp and by nobody else. One method per section; every method returns false
// after filling `error`. Invariant: nothing is allocated for a count before that count was compared with the bytes
// that are left and with its implementation limit.
#pragma once

#include <string_view>

#include "base/cursor.h"
#include "wasm/const_expr.h"
#include "wasm/decoder.h"
#include "wasm/module.h"

namespace dewar::wasm {

/// Section ids (spec 5.5.2).
enum class Section : u8 {
  custom,
  type,
  import,
  function,
  table,
  memory,
  global,
  export_,
  start,
  element,
  code,
  data,
  data_count,
  tag,
  kCount
};

class Decoder {
 public:
  Decoder(Module& module, const base::StopFlag* stop) : m_(module), exprs_(module, stop), stop_(stop) {}

  /// Decodes the whole module; on failure `error` says why.
  bool run();

  Error error;

 private:
  // decoder.cpp
  bool header(base::Cursor& whole);
  bool section(base::Cursor& whole);
  bool dispatch(Section id);
  bool custom_section(base::Cursor payload);
  bool finish();
  bool fail(Error e) {
    error = std::move(e);
    return false;
  }
  bool fail_cursor() { return fail(malformed_cursor()); }
  /// False if the work is to end here.
  bool go_on() { return DEWAR_LIKELY(!base::stopped(stop_)) || fail(base::stopped_error()); }
  Error malformed_cursor() const;
  bool require(Feature feature, std::string_view what, u64 at);
  /// Length of a vector whose elements take at least `min_bytes`; `present` elements of the kind exist already.
  bool count(std::string_view things, u32 present, u32 limit, u32 min_bytes, u32& out);
  bool name(base::Cursor& c, std::string_view& out);
  bool index(const char* what, usize limit, u32& out);

  // decoder_types.cpp
  bool type_section();
  bool rec_group();
  bool sub_type(u32 own_index);
  bool composite_type(SubType& type);
  bool func_type(SubType& type);
  bool struct_type(SubType& type);
  bool field_type(FieldType& out);
  bool value_type(ValType& out);
  bool reference_type(ValType& out);
  bool check_value_type(ValType type, u64 at);
  bool check_supertype(u32 own_index, u64 at);
  bool field_matches(const FieldType& sub, const FieldType& super) const;
  bool composite_matches(const SubType& sub, const SubType& super) const;
  bool matches(ValType sub, ValType super) const;
  bool func_type_index(u32& out);

  // decoder_entities.cpp
  bool limits(u8 flags, Limits& out, u64 at);
  bool table_type(TableType& out);
  bool memory_type(MemoryType& out);
  bool global_type(GlobalType& out);
  bool tag_type(TypeIndex& out);
  bool add_table(const Table& table, u64 at);
  bool add_memory(const MemoryType& memory, u64 at);
  bool add_limited(std::string_view things, usize present, u32 limit, u64 at);
  bool import_section();
  bool import_entry();
  bool function_section();
  bool table_section();
  bool memory_section();
  bool tag_section();
  bool global_section();
  bool start_section();

  // decoder_segments.cpp
  bool export_section();
  bool export_entry(u64& name_at);
  bool check_duplicate_exports(const std::vector<u32>& name_offsets);
  bool element_section();
  bool element_segment(ElemSegment& segment);
  bool element_items(ElemSegment& segment);
  bool data_count_section();
  bool data_section();
  bool data_segment(DataSegment& segment);
  bool code_section();

  Module& m_;
  ConstExprChecker exprs_;
  const base::StopFlag* stop_;
  base::Cursor c_;          ///< the current section's payload
  u32 type_limit_ = 0;      ///< type indices below it may be named
  std::vector<u8> depths_;  ///< number of supertypes of each type
  u32 num_bodies_ = 0;
  u32 last_rank_ = 0;  ///< place of the last non-custom section in the required order
  u8 last_section_ = 0;
};

}  // namespace dewar::wasm
