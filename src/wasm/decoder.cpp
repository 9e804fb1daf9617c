// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The frame of a module (spec 5.5): header, sections and their order, custom sections, and the checks that need two
// sections at once. The sections themselves are in decoder_types.cpp, decoder_entities.cpp and decoder_segments.cpp.
#include "wasm/decoder.h"

#include <array>
#include <string>

#include "base/utf8.h"
#include "wasm/custom.h"
#include "wasm/decoder_impl.h"
#include "wasm/diag.h"
#include "wasm/limits.h"
#include "wasm/type_registry.h"

namespace dewar::wasm {
namespace {

constexpr std::array<u8, 4> kMagic = {0x00, 'a', 's', 'm'};

/// Place of each section id in a module; 0 for custom sections, which may stand anywhere.
constexpr std::array<u8, static_cast<usize>(Section::kCount)> kRank = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};

std::string_view text_of(std::span<const u8> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Error Decoder::malformed_cursor() const {
  if (c_.error() != base::ReadError::kUnexpectedEnd) return malformed(c_);
  return malformed("unexpected end of section or function", c_.error_offset());
}

bool Decoder::require(Feature feature, std::string_view what, u64 at) {
  return m_.features.has(feature) || fail(feature_off(what, feature, at));
}

bool Decoder::count(std::string_view things, u32 present, u32 limit, u32 min_bytes, u32& out) {
  const u64 at = c_.offset();
  out = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (out > c_.remaining() / min_bytes) {
    return fail(malformed(
        "unexpected end of section or function: it is too short for " + std::to_string(out) + " " + std::string(things),
        at));
  }
  if (u64{present} + out > limit) return fail(over_limit(things, u64{present} + out, limit, at));
  return true;
}

bool Decoder::name(base::Cursor& c, std::string_view& out) {
  const u64 at = c.offset();
  const u32 length = c.leb_u32();
  if (!c.ok()) return fail(malformed(c));
  if (length > c.remaining()) return fail(malformed("length out of bounds: the name is longer than its section", at));
  if (length > kMaxNameLength) {
    return fail({"wasm-limit",
                 "a name of " + std::to_string(length) + " bytes is too long (the limit is " +
                     std::to_string(kMaxNameLength) + ")",
                 at,
                 0,
                 0,
                 {}});
  }
  out = text_of(c.bytes(length));
  if (!base::is_valid_utf8(out)) return fail(malformed("malformed UTF-8 encoding", at));
  return true;
}

bool Decoder::index(const char* what, usize limit, u32& out) {
  const u64 at = c_.offset();
  out = c_.leb_u32();
  if (!c_.ok()) return fail_cursor();
  if (out >= limit) return fail(invalid("unknown " + std::string(what) + " " + std::to_string(out), at));
  return true;
}

bool Decoder::header(base::Cursor& whole) {
  for (u32 i = 0; i < kMagic.size(); ++i) {
    const u8 byte = whole.byte();
    if (whole.ok() && byte != kMagic[i]) return fail(malformed("magic header not detected", 0));
  }
  const u32 version = whole.fixed_u32();
  if (!whole.ok()) return fail(malformed("unexpected end: the header takes 8 bytes", whole.error_offset()));
  if (version == 1) return true;
  Error e = malformed("unknown binary version", 4);
  if (looks_like_component(m_.bytes())) {
    e.message += ": this is a component, not a core module";
    e.hint = "extract the core module, or build for the core target";
  }
  return fail(std::move(e));
}

bool Decoder::custom_section(base::Cursor payload) {
  CustomSection section;
  section.after_section = last_section_;
  if (!name(payload, section.name)) return false;
  section.payload = {static_cast<u32>(payload.offset()), static_cast<u32>(payload.remaining())};
  m_.customs.push_back(section);
  return true;
}

bool Decoder::dispatch(Section id) {
  switch (id) {
    case Section::type: return type_section();
    case Section::import: return import_section();
    case Section::function: return function_section();
    case Section::table: return table_section();
    case Section::memory: return memory_section();
    case Section::global: return global_section();
    case Section::export_: return export_section();
    case Section::start: return start_section();
    case Section::element: return element_section();
    case Section::code: return code_section();
    case Section::data: return data_section();
    case Section::data_count: return data_count_section();
    case Section::tag: return tag_section();
    case Section::custom:
    case Section::kCount: break;
  }
  return fail(malformed("malformed section id", c_.offset()));
}

bool Decoder::section(base::Cursor& whole) {
  if (!go_on()) return false;
  const u64 at = whole.offset();
  const u8 id = whole.byte();
  if (id >= static_cast<u8>(Section::kCount)) {
    return fail(malformed("malformed section id " + std::to_string(id), at));
  }
  const u64 size_at = whole.offset();
  const u32 size = whole.leb_u32();
  if (!whole.ok()) return fail(malformed(whole));
  if (size > whole.remaining())
    return fail(malformed("length out of bounds: the section ends after the module", size_at));
  c_ = whole.sub(size);
  if (id == 0) return custom_section(c_);
  if (kRank[id] <= last_rank_) return fail(malformed("unexpected content after last section", at));
  last_rank_ = kRank[id];
  last_section_ = id;
  if (!dispatch(static_cast<Section>(id))) return false;
  if (!c_.ok()) return fail_cursor();
  if (!c_.at_end()) return fail(malformed("section size mismatch: bytes are left over", c_.offset()));
  return true;
}

bool Decoder::finish() {
  const u64 end = m_.bytes().size();
  if (m_.funcs.size() - m_.num_imported_funcs != num_bodies_) {
    return fail(malformed("function and code section have inconsistent lengths", end));
  }
  if (m_.data_count && *m_.data_count != m_.datas.size()) {
    return fail(malformed("data count and data section have inconsistent lengths", end));
  }
  return true;
}

bool Decoder::run() {
  if (m_.bytes().size() > kMaxModuleSize) {
    return fail({"wasm-limit",
                 "the module has " + std::to_string(m_.bytes().size()) + " bytes (the limit is " +
                     std::to_string(kMaxModuleSize) + ")",
                 0,
                 0,
                 0,
                 {}});
  }
  base::Cursor whole(m_.bytes());
  if (!header(whole)) return false;
  while (!whole.at_end()) {
    if (!section(whole)) return false;
  }
  if (!finish()) return false;
  if (m_.features.has(Feature::branch_hints)) m_.branch_hints = read_branch_hints(m_);
  return true;
}

Result<base::Ref<Module>> decode(std::vector<u8> bytes, TypeRegistry& registry, const DecodeOptions& options) {
  auto module = base::make_ref<Module>(std::move(bytes), registry);
  module->features = options.features;
  Decoder decoder(*module, options.stop);
  if (!decoder.run()) return std::unexpected(std::move(decoder.error));
  return module;
}

bool looks_like_component(std::span<const u8> bytes) {
  return bytes.size() >= 8 && std::equal(kMagic.begin(), kMagic.end(), bytes.begin()) && bytes[6] == 1 && bytes[7] == 0;
}

}  // namespace dewar::wasm
