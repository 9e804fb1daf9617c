// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Module: the immutable result of decoding (spec 2.5). It owns a private copy of its bytes (design D7); function
// bodies, constant expressions, names and custom sections are ranges into that copy. All types are in module space;
// `canon` maps them to the engine's registry.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "wasm/op.h"
#include "wasm/types.h"

namespace dewar::wasm {

class TypeRegistry;

enum class ExternKind : u8 { func, table, memory, global, tag };

/// A range of module bytes.
struct Range {
  u32 offset = 0;
  u32 size = 0;
  u32 end() const { return offset + size; }
};

struct Import {
  std::string_view module;
  std::string_view name;
  ExternKind kind = ExternKind::func;
  u32 index = 0;  ///< in the index space of `kind`
};

struct Export {
  std::string_view name;
  ExternKind kind = ExternKind::func;
  u32 index = 0;
};

struct Func {
  TypeIndex type;
  Range body;             ///< from the local declarations to the final `end` inclusive; size 0 for an import
  bool declared = false;  ///< may be named by ref.func inside bodies (spec 3.4.10, C.refs)
};

struct Table {
  TableType type;
  Range init;  ///< constant expression including its final `end`; size 0 = null
};

struct Global {
  GlobalType type;
  Range init;  ///< constant expression including its final `end`; size 0 for an import
};

enum class SegmentMode : u8 { passive, active, declarative };

struct ElemSegment {
  SegmentMode mode = SegmentMode::passive;
  ValType type;
  TableIndex table;
  Range offset;  ///< constant expression, active only
  u32 count = 0;
  bool exprs = false;        ///< items are constant expressions
  std::vector<u32> funcs;    ///< function indices, if !exprs
  std::vector<Range> items;  ///< constant expressions, if exprs
};

struct DataSegment {
  SegmentMode mode = SegmentMode::passive;
  MemoryIndex memory;
  Range offset;  ///< constant expression, active only
  Range bytes;
};

struct CustomSection {
  std::string_view name;
  Range payload;         ///< after the name
  u8 after_section = 0;  ///< id of the last non-custom section before it, 0 = before the first
};

/// One entry of the branch-hinting section: function, pc (offset in the body), taken.
struct BranchHint {
  u32 func = 0;
  u32 pc = 0;
  bool likely = false;
};

/// Result of decoding. Shared between instances and threads; never changes.
class Module : public base::RefCounted<Module> {
 public:
  std::span<const u8> bytes() const { return bytes_; }
  std::span<const u8> slice(Range r) const { return std::span(bytes_).subspan(r.offset, r.size); }

  Features features;
  std::vector<SubType> types;
  std::vector<CanonId> canon;   ///< canonical id of each type
  std::vector<u32> rec_groups;  ///< first type index of each recursive group as written
  std::vector<Import> imports;
  std::vector<Func> funcs;    ///< imports first
  std::vector<Table> tables;  ///< imports first
  std::vector<MemoryType> memories;
  std::vector<Global> globals;
  std::vector<TypeIndex> tags;  ///< function type of each tag
  std::vector<Export> exports;
  std::vector<ElemSegment> elems;
  std::vector<DataSegment> datas;
  std::vector<CustomSection> customs;
  std::vector<BranchHint> branch_hints;
  std::optional<FuncIndex> start;
  std::optional<u32> data_count;
  u32 num_imported_funcs = 0, num_imported_tables = 0, num_imported_memories = 0, num_imported_globals = 0,
      num_imported_tags = 0;
  u32 code_size = 0;  ///< bytes of the code section's payload

  const SubType& func_type(FuncIndex f) const { return types[funcs[f.value].type.value]; }
  TypeRegistry& registry() const { return *registry_; }
  /// A value type translated to canonical space.
  CanonValType canonical(ValType t) const {
    return t.is_concrete() ? CanonValType::ref(canon[t.index().value], t.nullable()) : CanonValType::raw(t.bits());
  }

  Module(std::vector<u8> bytes, TypeRegistry& registry) : bytes_(std::move(bytes)), registry_(&registry) {}

 private:
  std::vector<u8> bytes_;
  TypeRegistry* registry_;
};

}  // namespace dewar::wasm
