// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module fields (spec 6.6). Two passes over the source: the first assigns every index and name (fields may refer
// forward), the second writes the sections. Types are read in between. Nothing is kept of a field but its bytes.
#pragma once

#include <map>

#include "text/instructions.h"
#include "wasm/module.h"

namespace dewar::text {

class ModuleParser {
 public:
  ModuleParser(TokenCursor& cursor, const WatOptions& options, Locator* locator = nullptr)
      : c_(cursor, options, locator), cursor_(cursor), types_(c_), code_(c_, types_) {}

  /// Parses the fields up to a `)` or the end of the source (not consumed) and gives the module's bytes. On failure the
  /// cursor says so.
  std::vector<u8> parse(const std::optional<std::string>& id);

 private:
  // First pass (module_declare.cpp).
  void declare_fields();
  void declare_field(const Token& word);
  void declare_name(IndexSpace& space);
  void declare_entity(IndexSpace& space, std::string_view word);
  void declare_import();
  void note_import(const Token& place);

  // Second pass: fields (module_parser.cpp).
  void fields();
  void field(std::string_view word);
  void func();
  void locals(std::vector<u8>& body);
  void name_locals(u32 function, const std::vector<NamedLocal>& named);
  void global();
  void tag();
  void import_field();
  void export_field();
  void start();
  void global_type(std::vector<u8>& out);
  void tag_type(std::vector<u8>& out);
  /// Identifier, name annotation and inline exports of entity `index`.
  void entity_head(NameCollector::Kind kind, wasm::ExternKind extern_kind, u32 index);
  /// `(import "module" "name")` if it is next: writes the start of the import entry.
  bool inline_import(wasm::ExternKind kind);
  void append_export(std::string_view name, wasm::ExternKind kind, u32 index);
  void flush_metadata(u32 function);

  // Tables, memories and segments (module_segments.cpp).
  struct MemoryShape {
    bool is64 = false;
    u64 page_size = 0;  ///< 0: the default
  };
  struct ElemItems {
    bool exprs = false;
    RefType type;
    u32 count = 0;
    std::vector<u8> bytes;
  };
  enum class ElemMode : u8 { kPassive, kActive, kDeclarative };
  void table();
  void table_type(std::vector<u8>& out, bool is64);
  void inline_elem(u32 table, RefType type, bool is64);
  void memory();
  void memory_type(std::vector<u8>& out, MemoryShape shape);
  void inline_data(u32 memory, const MemoryShape& shape);
  u64 page_size();
  bool address_type();
  void elem();
  ElemItems elem_list(bool func_may_be_omitted);
  void elem_exprs(ElemItems& items);
  void elem_funcs(ElemItems& items);
  void append_elem(ElemMode mode, u32 table, const std::vector<u8>& offset, const ElemItems& items);
  void data();
  void append_data(bool active, u32 memory, const std::vector<u8>& offset, std::string_view bytes);
  std::vector<u8> offset_expression();
  std::string data_strings();
  void limits(std::vector<u8>& out, u8 flags, u64 min, std::optional<u64> max);

  // Annotations that become custom sections (module_customs.cpp).
  void custom_annotation();
  std::optional<CustomPlace> custom_place();
  void finish_customs();

  Context c_;
  TokenCursor& cursor_;
  TypeTable types_;
  InstructionParser code_;
  const char* definition_seen_ = nullptr;  ///< kind of the first definition: imports may not follow (spec 6.6.14)
  bool start_seen_ = false;
  // Next index of each kind in the second pass.
  u32 next_func_ = 0, next_table_ = 0, next_memory_ = 0, next_global_ = 0, next_tag_ = 0, next_elem_ = 0,
      next_data_ = 0, bodies_ = 0;
  std::vector<u8> body_;  ///< reused for every function
  struct MetadataSection {
    u32 functions = 0;
    std::vector<u8> bytes;
  };
  std::map<std::string, MetadataSection> metadata_;
};

}  // namespace dewar::text
