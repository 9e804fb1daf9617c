// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads the embedded lock file. It is ours, so anything wrong in it is a bug; a test builds every entry.
#include "cli/guest_lock.h"

#include <algorithm>

#include "api/json_reader.h"

namespace dewar::cli {

namespace {

std::string_view embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == name) return file.text;
  }
  return {};
}

std::vector<std::string> texts(const api::JsonValue& value, std::string_view name) {
  std::vector<std::string> out;
  for (const api::JsonValue& item : value.items_of(name)) out.push_back(item.text);
  return out;
}

std::vector<LockedGuest> read_lock() {
  std::vector<LockedGuest> guests;
  const auto lock = api::read_json(embedded("guests.lock.json"));
  DEWAR_ASSERT(lock && lock->text_of("schema") == "dewar-guests/1", "guests.lock.json");
  if (!lock) return guests;
  for (const api::JsonValue& entry : lock->items_of("guests")) {
    LockedGuest guest;
    guest.name = entry.text_of("name");
    guest.language = entry.text_of("language");
    guest.title = entry.text_of("title");
    guest.endings = texts(entry, "endings");
    guest.package = entry.text_of("package");
    guest.version = entry.text_of("version");
    guest.integrity = entry.text_of("integrity");
    guest.file = entry.text_of("file");
    guest.sha256 = entry.text_of("sha256");
    guest.size = entry.integer_of("size");
    guest.licence = entry.text_of("licence");
    guest.driver = embedded(entry.text_of("driver"));
    guest.driver_path = entry.text_of("driver_path");
    for (const api::JsonValue& file : entry.items_of("files")) {
      guest.files.emplace_back(file.text_of("path"), embedded(file.text_of("file")));
      DEWAR_ASSERT(!guest.files.back().second.empty(), "guests.lock.json file");
    }
    guest.library_paths = texts(entry, "library_paths");
    guest.argv = texts(entry, "argv");
    guest.takes_args = std::find(guest.argv.begin(), guest.argv.end(), "{args}") != guest.argv.end();
    guest.sqlite_log = entry.text_of("report") == "sqlite-log";
    DEWAR_ASSERT(guest.driver.empty() == guest.driver_path.empty() && !guest.argv.empty() && guest.size > 0,
                 "guests.lock.json entry");
    guests.push_back(std::move(guest));
  }
  return guests;
}

}  // namespace

const std::vector<LockedGuest>& locked_guests() {
  static const std::vector<LockedGuest> kGuests = read_lock();
  return kGuests;
}

// Modules are told from scripts before the lock file is read: that takes a tenth of the time of a short run.
const LockedGuest* find_guest(std::string_view name) {
  if (name == "wasm" || name == "wat") return nullptr;
  for (const LockedGuest& guest : locked_guests()) {
    if (guest.name == name || guest.language == name) return &guest;
  }
  return nullptr;
}

const LockedGuest* guest_for_file(std::string_view path) {
  if (path.ends_with(".wasm") || path.ends_with(".wat")) return nullptr;
  for (const LockedGuest& guest : locked_guests()) {
    for (const std::string& ending : guest.endings) {
      if (path.size() > ending.size() && path.ends_with(ending)) return &guest;
    }
  }
  return nullptr;
}

}  // namespace dewar::cli
