// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The printer of one module. Walks the decoded module (wasm/module.h) and its bodies (wasm/instr.h); writes into one
// string whose size is checked as it grows. Internal to this folder.
#pragma once

#include <optional>
#include <string>

#include "base/cursor.h"
#include "text/printer.h"
#include "text/printer_text.h"
#include "wasm/instr.h"

namespace dewar::text {

class ModulePrinter {
 public:
  ModulePrinter(const wasm::Module& module, const PrintOptions& options);
  Result<std::string> print();

 private:
  // Structure (module_printer.cpp).
  void collect_names();
  void types();
  void imports();
  void funcs();
  void tables();
  void memories();
  void tags();
  void globals();
  void exports();
  void elems();
  void datas();
  void customs();
  void func(u32 index);
  void open_field(const char* word, const Identifiers& ids, u32 index);
  Identifiers local_names(u32 func, u32 count) const;
  void line(u32 indent);
  /// Stops the printing with an error; the first one wins.
  void fail(Error error);
  bool ok();

  // Types (module_printer_types.cpp).
  void type_definition(u32 index, u32 indent);
  void composite(const wasm::SubType& type, u32 index);
  void value_type(wasm::ValType type);
  void heap_type(wasm::ValType ref);
  void ref_type(wasm::ValType type);
  void field_type(const wasm::FieldType& field);
  void limits(const wasm::Limits& limits);
  void table_type(const wasm::TableType& type);
  void memory_type(const wasm::MemoryType& type);
  void global_type(const wasm::GlobalType& type);
  /// ` (type N)` and, where that is a function type, its parameters (with names) and results.
  void type_use(u32 type, const Identifiers* params);
  void typed_list(const char* word, std::span<const wasm::ValType> types, u32 first, const Identifiers* ids);

  // Code (module_printer_code.cpp).
  /// Instructions of a function, which start at pc `first`.
  void body(u32 func, u32 first, const Identifiers& locals);
  /// A constant expression: ` (instr)`, or ` (wrapper instr instr...)`; with an empty wrapper several are not wrapped.
  void const_expr(wasm::Range range, const char* wrapper);
  void immediates(const wasm::Instr& in, const Identifiers& locals);
  void block_type(const wasm::BlockType& type);
  void catches(const wasm::Instr& in);
  void memarg(const wasm::Instr& in);
  void v128(const V128& value);
  void label(u32 depth, u32 inside);
  void open_label(u32 func);
  void hint(u32 func, u32 pc);
  void number(u64 value);
  void reference(const Identifiers& ids, u32 index);
  void pair(const Identifiers& ids, u32 first, u32 second);

  const wasm::Module& m_;
  const PrintOptions& options_;
  wasm::Names names_;
  Identifiers types_, funcs_, tables_, memories_, globals_, elems_, datas_, tags_;
  std::string out_;
  std::optional<Error> error_;
  std::vector<u32> labels_;  ///< ordinals of the open blocks of a body, innermost last
  u32 label_count_ = 0;      ///< blocks of the body so far
  Identifiers label_ids_;    ///< of the body, by ordinal
  usize next_hint_ = 0;
  bool names_data_ = false;  ///< an instruction names a data segment, so a data count section is needed
  bool hints_ = false;       ///< branch hints are printed as annotations
};

}  // namespace dewar::text
