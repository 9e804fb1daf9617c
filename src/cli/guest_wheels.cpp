// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names are taken apart here; archives only in the sandbox (guests/drivers/python_wheel_check.py).
#include "cli/guest_wheels.h"

#include <algorithm>
#include <filesystem>

#include "api/json_reader.h"
#include "api/run.h"
#include "base/file.h"
#include "base/json_writer.h"
#include "base/print.h"
#include "base/sha256.h"
#include "cli/guest_run.h"
#include "cli/guest_store.h"

namespace dewar::cli {

namespace fs = std::filesystem;

namespace {

constexpr u64 kMaxWheel = u64{64} << 20, kMaxAllWheels = u64{256} << 20, kMaxIndex = u64{1} << 20;
constexpr usize kMaxWheels = 128;
constexpr u32 kNewestPython = 12;  // of 3.x, as the guest has it
constexpr std::string_view kGuestFolder = "/dewar/.wheels/";

bool all_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> out;
  for (usize at = 0;; text.remove_prefix(at + 1)) {
    at = text.find(by);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
  }
}

// PEP 503: lower case, and one "-" for every run of "-", "_" and ".".
std::string normalized(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_' || c == '.') {
      if (!out.ends_with('-')) out += '-';
    } else {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out;
}

bool is_pure_tag(std::string_view tag) {
  if (tag == "py3") return true;
  if (!tag.starts_with("py3") || tag.size() > 5) return false;
  u32 minor = 0;
  for (const char c : tag.substr(3)) {
    if (c < '0' || c > '9') return false;
    minor = minor * 10 + static_cast<u32>(c - '0');
  }
  return minor <= kNewestPython;
}

// NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl
Result<Wheel> read_name(const std::string& file) {
  const auto bad = [&] {
    return fail("wheel-name", "\"" + file + "\" is no name of a wheel", Error::kNoOffset,
                "give the file as it was published: NAME-VERSION-py3-none-any.whl");
  };
  if (!file.ends_with(".whl") || file.size() > 200) return bad();
  const auto parts = split(std::string_view(file).substr(0, file.size() - 4), '-');
  if (parts.size() != 5 && parts.size() != 6) return bad();
  const usize tags = parts.size() - 3;
  if (!all_of(parts[0], "._") || !all_of(parts[1], "._+!")) return bad();
  for (usize i = 2; i < parts.size(); ++i) {
    if (!all_of(parts[i], "._")) return bad();
  }
  const auto pythons = split(parts[tags], '.');
  if (parts[tags + 1] != "none" || parts[tags + 2] != "any") {
    return fail("wheel-native",
                file + " is built for " + std::string(parts[tags + 2]) + " (" + std::string(parts[tags + 1]) +
                    "): its native code cannot run in the guest",
                Error::kNoOffset, "only pure-Python wheels can be added: their names end in py3-none-any.whl");
  }
  if (!std::any_of(pythons.begin(), pythons.end(), is_pure_tag)) {
    return fail("wheel-native", file + " is for another Python than the guest's: " + std::string(parts[tags]),
                Error::kNoOffset, "the guest is Python 3." + base::dec(kNewestPython));
  }
  return Wheel{.name = normalized(parts[0]), .version = std::string(parts[1]), .file = file, .sha256 = {}};
}

Result<std::string> folder_of(const LockedGuest& guest) {
  auto base = guests_directory();
  if (!base) return base;
  return *base + "/" + guest.name + "/wheels";
}

std::unexpected<Error> damaged(const std::string& path) {
  return fail("guest-damaged", path + " has changed since it was added", Error::kNoOffset,
              "add the wheel again, or `dewar guest remove python --wheel NAME`");
}

Result<void> write_index(const LockedGuest& guest, const std::vector<Wheel>& wheels) {
  auto folder = folder_of(guest);
  if (!folder) return std::unexpected(std::move(folder.error()));
  base::JsonWriter json;
  json.begin_object();
  json.key("schema").value("dewar-wheels/1");
  json.key("wheels").begin_array();
  for (const Wheel& wheel : wheels) {
    json.begin_object();
    json.member("name", wheel.name);
    json.member("version", wheel.version);
    json.member("file", wheel.file);
    json.member("sha256", wheel.sha256);
    json.member("size", wheel.size);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  const std::string text = json.take();
  const std::span<const u8> bytes(reinterpret_cast<const u8*>(text.data()), text.size());
  return base::write_file_atomically(*folder + "/wheels.json", bytes, 0644);
}

// Lets the guest look into the wheel; the names of what it needs.
Result<std::vector<std::string>> look_into(const LockedGuest& guest, const Wheel& wheel, std::span<const u8> bytes) {
  std::string_view checker;
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == "python_wheel_check.py") checker = file.text;
  }
  api::RunConfig config;
  config.limits.max_memory_bytes = u64{768} << 20;
  config.limits.wall_time_ms = u64{120} * 1000;
  const std::string path = std::string(kGuestFolder) + wheel.file;
  config.grants.files.push_back({path, std::string(bytes.begin(), bytes.end())});
  const std::string dashed = wheel.file.substr(0, wheel.file.find('-'));
  if (auto ok = use_interpreter(guest, "wheel_check.py", {checker.begin(), checker.end()},
                                {path, dashed, wheel.version}, config, Packages::none);
      !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  const api::Outcome outcome = api::run(std::move(config));
  const auto answer = outcome.out ? api::read_json(outcome.out->head) : std::nullopt;
  if (outcome.code != "ok" || !answer || !answer->find("fault")) {
    return fail("wheel-broken", wheel.file + " cannot be looked into: " + outcome.message);
  }
  const std::string_view fault = answer->text_of("fault");
  const std::string why = wheel.file + ": " + std::string(answer->text_of("why"));
  if (fault == "native") {
    return fail("wheel-native", why, Error::kNoOffset,
                "native code cannot run in the guest: only pure-Python wheels can");
  }
  if (!fault.empty()) return fail("wheel-broken", why);
  std::vector<std::string> names;
  for (const api::JsonValue& item : answer->items_of("requires")) names.push_back(item.text);
  return names;
}

}  // namespace

Result<std::vector<Wheel>> list_wheels(const LockedGuest& guest) {
  std::vector<Wheel> wheels;
  if (guest.language != "python") return wheels;
  auto folder = folder_of(guest);
  if (!folder) return std::unexpected(std::move(folder.error()));
  const std::string path = *folder + "/wheels.json";
  std::error_code error;
  if (!fs::exists(path, error)) return wheels;
  auto bytes = base::read_file(path, kMaxIndex);
  if (!bytes) return damaged(path);
  const auto index = api::read_json({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
  if (!index || index->text_of("schema") != "dewar-wheels/1") return damaged(path);
  for (const api::JsonValue& item : index->items_of("wheels")) {
    auto wheel = read_name(std::string(item.text_of("file")));
    if (!wheel || wheels.size() == kMaxWheels) return damaged(path);
    wheel->sha256 = item.text_of("sha256");
    wheel->size = item.integer_of("size");
    wheels.push_back(std::move(*wheel));
  }
  return wheels;
}

Result<std::vector<LoadedWheel>> load_wheels(const LockedGuest& guest) {
  std::vector<LoadedWheel> loaded;
  auto wheels = list_wheels(guest);
  if (!wheels) return std::unexpected(std::move(wheels.error()));
  u64 total = 0;
  for (const Wheel& wheel : *wheels) {
    const std::string path = *folder_of(guest) + "/" + wheel.file;
    auto bytes = base::read_file(path, std::min(wheel.size, kMaxWheel));
    if (!bytes || base::sha256_hex(*bytes) != wheel.sha256) return damaged(path);
    total += bytes->size();
    if (total > kMaxAllWheels) return damaged(path);
    loaded.push_back({std::string(kGuestFolder) + wheel.file, std::string(bytes->begin(), bytes->end())});
  }
  return loaded;
}

Result<Wheel> add_wheel(const LockedGuest& guest, const std::string& source, std::vector<std::string>& requires_) {
  if (guest.language != "python") {
    return fail("usage-option", "--wheel is for the guest python: wheels are packages of Python");
  }
  constexpr std::string_view kHash = "#sha256=";
  const usize mark = source.find(kHash);
  const std::string path = source.substr(0, mark);
  auto wheel = read_name(fs::path(path).filename().string());
  if (!wheel) return wheel;
  auto bytes = base::read_file(path, kMaxWheel);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  wheel->sha256 = base::sha256_hex(*bytes);
  wheel->size = bytes->size();
  if (mark != std::string::npos && source.substr(mark + kHash.size()) != wheel->sha256) {
    return fail("wheel-hash", wheel->file + " has the SHA-256 " + wheel->sha256 + ", not the one that was given",
                Error::kNoOffset, "it is another file, or it was tampered with; nothing was added");
  }
  if (auto ok = check_store(guest); !ok) return std::unexpected(std::move(ok.error()));
  auto needed = look_into(guest, *wheel, *bytes);
  if (!needed) return std::unexpected(std::move(needed.error()));
  auto wheels = list_wheels(guest);
  if (!wheels) return std::unexpected(std::move(wheels.error()));
  std::vector<std::string> replaced;
  u64 total = wheel->size;
  std::erase_if(*wheels, [&](const Wheel& other) {
    if (other.name == wheel->name && other.file != wheel->file) replaced.push_back(other.file);
    if (other.name != wheel->name) total += other.size;
    return other.name == wheel->name;
  });
  if (wheels->size() == kMaxWheels || total > kMaxAllWheels) {
    return fail(
        "wheel-too-many",
        "there is room for " + base::dec(kMaxWheels) + " wheels of " + base::human_size(kMaxAllWheels) + " in all",
        Error::kNoOffset, "remove one: `dewar guest remove python --wheel NAME`");
  }
  const std::string folder = *folder_of(guest);
  std::error_code error;
  fs::create_directories(folder, error);
  if (auto ok = base::write_file_atomically(folder + "/" + wheel->file, *bytes, 0444); !ok) {
    return fail("guest-store", ok.error().message);
  }
  wheels->push_back(*wheel);
  std::sort(wheels->begin(), wheels->end(), [](const Wheel& a, const Wheel& b) { return a.name < b.name; });
  if (auto ok = write_index(guest, *wheels); !ok) return fail("guest-store", ok.error().message);
  for (const std::string& file : replaced) fs::remove(folder + "/" + file, error);
  requires_ = std::move(*needed);
  std::erase_if(requires_, [&](const std::string& name) {
    return std::any_of(wheels->begin(), wheels->end(), [&](const Wheel& known) { return known.name == name; });
  });
  return wheel;
}

Result<void> remove_wheel(const LockedGuest& guest, const std::string& name) {
  auto wheels = list_wheels(guest);
  if (!wheels) return std::unexpected(std::move(wheels.error()));
  const auto at = std::find_if(wheels->begin(), wheels->end(), [&](const Wheel& wheel) {
    return wheel.name == normalized(name) || wheel.file == name;
  });
  if (at == wheels->end()) {
    return fail("wheel-unknown", "the guest " + guest.name + " has no wheel \"" + name + "\"", Error::kNoOffset,
                "`dewar guest list` lists them");
  }
  const std::string path = *folder_of(guest) + "/" + at->file;
  wheels->erase(at);
  if (wheels->empty()) {
    remove_wheels(guest);
    return {};
  }
  if (auto ok = write_index(guest, *wheels); !ok) return fail("guest-store", ok.error().message);
  std::error_code error;
  fs::remove(path, error);
  return {};
}

void remove_wheels(const LockedGuest& guest) {
  auto folder = folder_of(guest);
  std::error_code error;
  if (folder && guest.language == "python") fs::remove_all(*folder, error);
}

}  // namespace dewar::cli
