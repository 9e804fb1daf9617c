// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recursion is bounded by the depth that the reader allowed.
#include "server/json_value.h"

namespace dewar::server {

using api::JsonValue;
using Kind = JsonValue::Kind;

void write_value(base::JsonWriter& json, const JsonValue& value) {
  switch (value.kind) {
    case Kind::null: json.null(); return;
    case Kind::boolean: json.value(value.flag); return;
    case Kind::integer:
    case Kind::number: json.raw(value.text); return;
    case Kind::string: json.value(value.text); return;
    case Kind::array:
      json.begin_array();
      for (const JsonValue& item : value.items) write_value(json, item);
      json.end_array();
      return;
    case Kind::object:
      json.begin_object();
      for (usize i = 0; i < value.items.size(); ++i) {
        json.key(value.names[i]);
        write_value(json, value.items[i]);
      }
      json.end_object();
      return;
  }
}

std::string schema_without(std::string_view schema, std::string_view member) {
  const auto whole = api::read_json(schema, {.max_depth = 64, .max_values = 100'000});
  DEWAR_ASSERT(whole && whole->kind == Kind::object, "a schema of ours is not JSON");
  base::JsonWriter json;
  json.begin_object();
  for (usize i = 0; whole && i < whole->items.size(); ++i) {
    const JsonValue& part = whole->items[i];
    json.key(whole->names[i]);
    if (whole->names[i] == "required") {
      json.begin_array();
      for (const JsonValue& name : part.items) {
        if (name.text != member) json.value(name.text);
      }
      json.end_array();
    } else if (whole->names[i] == "properties") {
      json.begin_object();
      for (usize j = 0; j < part.items.size(); ++j) {
        if (part.names[j] == member) continue;
        json.key(part.names[j]);
        write_value(json, part.items[j]);
      }
      json.end_object();
    } else {
      write_value(json, part);
    }
  }
  return json.end_object().take();
}

}  // namespace dewar::server
