// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Receipts to JSON and back, and their comparison.
#include "api/receipt.h"

#include <map>

#include "api/json_reader.h"
#include "base/json_writer.h"

namespace dewar::api {

std::string_view Receipt::value(std::string_view name) const {
  for (const Fact& fact : facts) {
    if (fact.name == name) return fact.value;
  }
  return {};
}

std::string receipt_json(const Receipt& receipt) {
  base::JsonWriter json(base::JsonWriter::Style::kPretty);
  json.begin_object().member("schema", kReceiptSchema).member("tool", receipt.tool).key("command").begin_array();
  for (const std::string& word : receipt.command) json.value(word);
  json.end_array().key("facts").begin_array();
  for (const Fact& fact : receipt.facts) {
    json.begin_object().member("name", fact.name).member("value", fact.value).end_object();
  }
  return json.end_array().end_object().take() + "\n";
}

Result<Receipt> read_receipt(std::string_view text) {
  const auto bad = [](const char* what) {
    return fail("receipt-malformed", std::string("this is no receipt: ") + what, Error::kNoOffset,
                "a receipt is what `dewar run --receipt FILE` writes");
  };
  if (text.size() > Receipt::kMaxBytes) return bad("it is too large");
  while (text.ends_with('\n')) text.remove_suffix(1);
  const auto json = read_json(text, {.max_depth = 4, .max_values = Receipt::kMaxValues});
  if (!json) return bad("it is not valid JSON");
  if (json->text_of("schema") != kReceiptSchema) return bad("its schema is not dewar-receipt/2");
  Receipt receipt;
  receipt.tool = json->text_of("tool");
  for (const JsonValue& word : json->items_of("command")) {
    if (word.kind != JsonValue::Kind::string) return bad("a word of its command is no text");
    receipt.command.push_back(word.text);
  }
  for (const JsonValue& item : json->items_of("facts")) {
    const JsonValue *name = item.find("name"), *value = item.find("value");
    if (!name || !value || name->kind != JsonValue::Kind::string || value->kind != JsonValue::Kind::string) {
      return bad("a fact has no name or no value");
    }
    receipt.facts.push_back({name->text, value->text});
  }
  if (receipt.command.empty() || receipt.facts.empty()) return bad("command or facts are missing");
  return receipt;
}

std::optional<Difference> first_difference(const Receipt& expected, const Receipt& found) {
  std::map<std::string_view, std::string_view> left;
  for (const Fact& fact : found.facts) left.emplace(fact.name, fact.value);
  for (const Fact& fact : expected.facts) {
    const auto it = left.find(fact.name);
    if (it == left.end()) return Difference{fact.name, fact.value, ""};
    if (it->second != fact.value) return Difference{fact.name, fact.value, std::string(it->second)};
    left.erase(it);
  }
  for (const Fact& fact : found.facts) {
    if (left.contains(fact.name)) return Difference{fact.name, "", fact.value};
  }
  return std::nullopt;
}

}  // namespace dewar::api
