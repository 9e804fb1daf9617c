// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Second pass over a module's fields: functions, globals, tags, imports, exports, start (spec 6.6, binary form 5.5).
#include "text/module_parser.h"

#include "base/leb128.h"

namespace dewar::text {

using wasm::ExternKind;

namespace {

/// Kind byte of imports and exports (spec 5.5.5).
u8 kind_byte(ExternKind kind) { return static_cast<u8>(kind); }
static_assert(static_cast<u8>(ExternKind::func) == 0 && static_cast<u8>(ExternKind::table) == 1 &&
              static_cast<u8>(ExternKind::memory) == 2 && static_cast<u8>(ExternKind::global) == 3 &&
              static_cast<u8>(ExternKind::tag) == 4);

}  // namespace

std::vector<u8> ModuleParser::parse(const std::optional<std::string>& id) {
  if (auto name = c_.name_annotation()) {
    c_.names.set_module(std::move(*name));
  } else if (id) {
    c_.names.set_module(*id);
  }
  const u32 first = cursor_.offset();
  declare_fields();
  if (cursor_.failed()) return {};
  types_.parse_declared();
  cursor_.seek(first);
  fields();
  types_.check_unknown();
  if (cursor_.failed()) return {};
  if (c_.needs_data_count) {
    base::append_u32(c_.out.entries(Section::kDataCount), c_.datas.size());
    c_.out.count(Section::kDataCount);
  }
  finish_customs();
  return c_.out.finish();
}

void ModuleParser::fields() {
  while (!cursor_.failed()) {
    if (cursor_.at_annotation("custom")) {
      custom_annotation();
    } else if (cursor_.at_annotation(kDataCountAnnotation)) {
      cursor_.take();
      cursor_.expect_close();
      c_.needs_data_count = true;
    } else if (cursor_.at(TokenKind::kLeftParen)) {
      cursor_.take();
      c_.note_field(cursor_.offset());
      // The first pass has seen that this is a keyword.
      field(cursor_.text(cursor_.take()));
    } else {
      return;
    }
  }
}

void ModuleParser::field(std::string_view word) {
  if (word == "type" || word == "rec") return cursor_.skip_list();
  if (word == "func") {
    func();
  } else if (word == "table") {
    table();
  } else if (word == "memory") {
    memory();
  } else if (word == "global") {
    global();
  } else if (word == "tag") {
    tag();
  } else if (word == "import") {
    import_field();
  } else if (word == "export") {
    export_field();
  } else if (word == "start") {
    start();
  } else if (word == "elem") {
    elem();
  } else {
    data();
  }
  cursor_.expect_close();
}

void ModuleParser::entity_head(NameCollector::Kind kind, ExternKind extern_kind, u32 index) {
  const auto id = cursor_.accept_id();
  c_.record_name(kind, index, id, c_.name_annotation());
  while (cursor_.accept_list("export")) {
    append_export(cursor_.expect_name("the name of the export"), extern_kind, index);
    cursor_.expect_close();
  }
}

void ModuleParser::append_export(std::string_view name, ExternKind kind, u32 index) {
  std::vector<u8>& out = c_.out.entries(Section::kExport);
  append_bytes(out, name);
  out.push_back(kind_byte(kind));
  base::append_u32(out, index);
  c_.out.count(Section::kExport);
}

bool ModuleParser::inline_import(ExternKind kind) {
  if (!cursor_.accept_list("import")) return false;
  std::vector<u8>& out = c_.out.entries(Section::kImport);
  append_bytes(out, cursor_.expect_name("the module name of the import"));
  append_bytes(out, cursor_.expect_name("the name of the import"));
  cursor_.expect_close();
  out.push_back(kind_byte(kind));
  c_.out.count(Section::kImport);
  return true;
}

void ModuleParser::func() {
  const u32 index = next_func_++;
  const u32 start = cursor_.offset();
  entity_head(NameCollector::kFunc, ExternKind::func, index);
  const bool import = inline_import(ExternKind::func);
  std::vector<NamedLocal> named;
  const TypeUse use = types_.type_use(&named);
  const u32 type = types_.resolve(use);
  IndexSpace& locals_space = code_.locals();
  locals_space.clear();
  const u32 params = use.inline_signature.empty() ? types_.param_count(type) : use.inline_signature.params;
  name_locals(index, named);
  locals_space.add_unnamed(params - locals_space.size());
  if (import) {
    base::append_u32(c_.out.entries(Section::kImport), type);
    return;
  }
  base::append_u32(c_.out.entries(Section::kFunc), type);
  c_.out.count(Section::kFunc);
  body_.clear();
  locals(body_);
  if (locals_space.has_names()) types_.note_if_unknown(type, use.place);
  Locator* const wanted = c_.locator;
  const bool watch = wanted && wanted->section == Section::kCode && wanted->body == bodies_;
  if (watch) wanted->source = start;
  ++bodies_;
  code_.body(index, body_, 0, watch ? wanted : nullptr);
  flush_metadata(index);
  std::vector<u8>& out = c_.out.entries(Section::kCode);
  base::append_u64(out, body_.size());
  out.insert(out.end(), body_.begin(), body_.end());
  c_.out.count(Section::kCode);
}

/// Adds named parameters or locals (ascending indices) to the function's index space.
void ModuleParser::name_locals(u32 function, const std::vector<NamedLocal>& named) {
  IndexSpace& space = code_.locals();
  for (const NamedLocal& local : named) {
    space.add_unnamed(local.index - space.size());
    std::optional<std::string> id;
    if (local.id.kind == TokenKind::kId) id = id_name(cursor_.text(local.id));
    if (!space.add(id)) {
      cursor_.fail("duplicate local " + show_token(cursor_.text(local.id)), local.id);
      return;
    }
    if (local.annotation || id) {
      c_.names.set_inner(NameCollector::kLocal, function, local.index, local.annotation ? *local.annotation : *id);
    }
  }
}

void ModuleParser::locals(std::vector<u8>& body) {
  struct Run {
    u32 count;
    ValueType type;
  };
  std::vector<Run> runs;
  auto add = [&](ValueType type) {
    if (!runs.empty() && runs.back().type.code == type.code && runs.back().type.heap == type.heap) {
      ++runs.back().count;
    } else {
      runs.push_back({1, type});
    }
  };
  IndexSpace& space = code_.locals();
  const u32 function = next_func_ - 1;
  while (cursor_.accept_list("local")) {
    const Token id = cursor_.peek();
    const bool has_id = id.kind == TokenKind::kId;
    if (has_id) cursor_.take();
    auto annotation = c_.name_annotation();
    if (has_id || annotation) {
      name_locals(function, {{space.size(), has_id ? id : Token{}, std::move(annotation)}});
      add(types_.value_type());
    } else {
      for (; !cursor_.at(TokenKind::kRightParen) && !cursor_.failed(); space.add_unnamed(1)) add(types_.value_type());
    }
    cursor_.expect_close();
  }
  base::append_u64(body, runs.size());
  for (const Run& run : runs) {
    base::append_u32(body, run.count);
    append_value_type(body, run.type);
  }
}

void ModuleParser::global() {
  entity_head(NameCollector::kGlobal, ExternKind::global, next_global_++);
  if (inline_import(ExternKind::global)) return global_type(c_.out.entries(Section::kImport));
  std::vector<u8>& out = c_.out.entries(Section::kGlobal);
  global_type(out);
  code_.locals().clear();
  code_.expression(out);
  c_.out.count(Section::kGlobal);
}

void ModuleParser::global_type(std::vector<u8>& out) {
  const bool mut = cursor_.accept_list("mut");
  append_value_type(out, types_.value_type());
  if (mut) cursor_.expect_close();
  out.push_back(mut ? 1 : 0);
}

void ModuleParser::tag() {
  entity_head(NameCollector::kTag, ExternKind::tag, next_tag_++);
  if (inline_import(ExternKind::tag)) return tag_type(c_.out.entries(Section::kImport));
  tag_type(c_.out.entries(Section::kTag));
  c_.out.count(Section::kTag);
}

void ModuleParser::tag_type(std::vector<u8>& out) {
  std::vector<NamedLocal> ignored;
  const u32 type = types_.resolve(types_.type_use(&ignored));
  constexpr u8 kExceptionAttribute = 0;
  out.push_back(kExceptionAttribute);
  base::append_u32(out, type);
}

void ModuleParser::import_field() {
  std::vector<u8>& out = c_.out.entries(Section::kImport);
  append_bytes(out, cursor_.expect_name("the module name of the import"));
  append_bytes(out, cursor_.expect_name("the name of the import"));
  c_.out.count(Section::kImport);
  cursor_.expect(TokenKind::kLeftParen, "an import description");
  const std::string_view word = cursor_.text(cursor_.take());
  const auto id = cursor_.accept_id();
  auto name = c_.name_annotation();
  if (word == "func") {
    c_.record_name(NameCollector::kFunc, next_func_, id, std::move(name));
    std::vector<NamedLocal> named;
    code_.locals().clear();
    const u32 type = types_.resolve(types_.type_use(&named));
    name_locals(next_func_++, named);
    out.push_back(kind_byte(ExternKind::func));
    base::append_u32(out, type);
  } else if (word == "table") {
    c_.record_name(NameCollector::kTable, next_table_++, id, std::move(name));
    out.push_back(kind_byte(ExternKind::table));
    table_type(out, address_type());
  } else if (word == "memory") {
    c_.record_name(NameCollector::kMemory, next_memory_++, id, std::move(name));
    out.push_back(kind_byte(ExternKind::memory));
    memory_type(out, {address_type(), 0});
  } else if (word == "global") {
    c_.record_name(NameCollector::kGlobal, next_global_++, id, std::move(name));
    out.push_back(kind_byte(ExternKind::global));
    global_type(out);
  } else {
    c_.record_name(NameCollector::kTag, next_tag_++, id, std::move(name));
    out.push_back(kind_byte(ExternKind::tag));
    tag_type(out);
  }
  cursor_.expect_close();
}

void ModuleParser::export_field() {
  const std::string name = cursor_.expect_name("the name of the export");
  cursor_.expect(TokenKind::kLeftParen, "(func ...), (table ...), (memory ...), (global ...) or (tag ...)");
  if (cursor_.accept("func")) {
    append_export(name, ExternKind::func, c_.index(c_.funcs));
  } else if (cursor_.accept("table")) {
    append_export(name, ExternKind::table, c_.index(c_.tables));
  } else if (cursor_.accept("memory")) {
    append_export(name, ExternKind::memory, c_.index(c_.memories));
  } else if (cursor_.accept("global")) {
    append_export(name, ExternKind::global, c_.index(c_.globals));
  } else if (cursor_.accept("tag")) {
    append_export(name, ExternKind::tag, c_.index(c_.tags));
  } else {
    cursor_.unexpected("func, table, memory, global or tag");
  }
  cursor_.expect_close();
}

void ModuleParser::start() {
  if (start_seen_) return cursor_.fail("multiple start sections", cursor_.offset());
  start_seen_ = true;
  base::append_u32(c_.out.entries(Section::kStart), c_.index(c_.funcs));
  c_.out.count(Section::kStart);
}

}  // namespace dewar::text
