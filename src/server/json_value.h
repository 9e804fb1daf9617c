// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that were read, written again: for schemas that are handed on in another shape.
#pragma once

#include <string>
#include <string_view>

#include "api/json_reader.h"
#include "base/json_writer.h"

namespace dewar::server {

/// Writes a value as it was read. Members keep their order, numbers their spelling.
void write_value(base::JsonWriter& json, const api::JsonValue& value);

/// A JSON Schema of an object without one of its members: neither described nor required. `schema` is ours.
std::string schema_without(std::string_view schema, std::string_view member);

}  // namespace dewar::server
