// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Strings (spec 6.3.3) and identifiers (6.3.5) of the printer.
#include "text/printer_text.h"

#include "base/print.h"
#include "base/utf8.h"

namespace dewar::text {
namespace {

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7f; }

void append_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') out.push_back('\\');
  out.push_back(c);
}

void append_hex_escape(std::string& out, char c) {
  out.push_back('\\');
  base::append_hex(out, static_cast<u8>(c), 2);
}

bool is_id_char(char c) {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

void append_quoted(std::string& out, std::string_view bytes) {
  out.push_back('"');
  while (!bytes.empty()) {
    const char c = bytes.front();
    usize length = 1;
    if (is_printable_ascii(c)) {
      append_ascii(out, c);
    } else if (const auto decoded = base::decode_utf8(bytes); decoded && decoded->length > 1) {
      length = decoded->length;
      const std::string_view character = bytes.substr(0, length);
      if (base::escape_for_terminal(character) == character) {
        out.append(character);
      } else {
        out.append("\\u{");
        base::append_hex(out, decoded->code_point);
        out.push_back('}');
      }
    } else {
      append_hex_escape(out, c);
    }
    bytes.remove_prefix(length);
  }
  out.push_back('"');
}

void append_quoted_data(std::string& out, std::string_view bytes) {
  out.push_back('"');
  for (char c : bytes) {
    if (is_printable_ascii(c)) {
      append_ascii(out, c);
    } else {
      append_hex_escape(out, c);
    }
  }
  out.push_back('"');
}

void append_identifier(std::string& out, std::string_view name) {
  out.push_back('$');
  bool plain = true;
  for (char c : name) plain = plain && is_id_char(c);
  if (plain) {
    out.append(name);
  } else {
    append_quoted(out, name);
  }
}

Identifiers::Identifiers(const wasm::NameMap<u32>& names, u32 size) {
  for (const auto& [index, name] : names) {
    if (index < size) add(index, name);
  }
}

void Identifiers::add(u32 index, std::string_view name) {
  if (!base::is_valid_utf8(name)) return;
  Symbol symbol{std::string(name), std::string(name)};
  if (!name.empty()) {
    const auto [it, fresh] = taken_.try_emplace(std::string(name), 1);
    if (!fresh) {
      u32& next = it->second;
      do {
        symbol.id = std::string(name) + "#" + base::dec(next++);
      } while (!taken_.try_emplace(symbol.id, 1).second);
    }
  }
  symbols_.insert_or_assign(symbols_.end(), index, std::move(symbol));
}

void Identifiers::append_reference(std::string& out, u32 index, u32 number) const {
  const auto it = symbols_.find(index);
  if (it == symbols_.end() || it->second.id.empty()) {
    base::append_dec(out, number);
  } else {
    append_identifier(out, it->second.id);
  }
}

void Identifiers::append_definition(std::string& out, u32 index) const {
  const auto it = symbols_.find(index);
  if (it == symbols_.end()) return;
  const Symbol& symbol = it->second;
  if (!symbol.id.empty()) {
    out.push_back(' ');
    append_identifier(out, symbol.id);
  }
  if (symbol.id != symbol.name || symbol.name.empty()) {
    out.append(" (@name ");
    append_quoted(out, symbol.name);
    out.push_back(')');
  }
}

}  // namespace dewar::text
