// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files and folders of the store.
#include "cli/guest_store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/print.h"
#include "base/sha256.h"

namespace dewar::cli {

namespace fs = std::filesystem;

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::unexpected<Error> missing(const LockedGuest& guest) {
  return fail("guest-missing", "the guest \"" + guest.name + "\" (" + guest.title + ") is not installed",
              Error::kNoOffset, "install it once with `dewar guest add " + guest.name + "`");
}

std::unexpected<Error> damaged(const LockedGuest& guest, const std::string& path) {
  return fail("guest-damaged", "the installed guest " + path + " has changed", Error::kNoOffset,
              "install it again with `dewar guest add " + guest.name + "`");
}

}  // namespace

Result<std::string> guests_directory() {
  std::string base = variable("DEWAR_HOME");
  if (base.empty()) {
    base = variable("XDG_DATA_HOME");
    if (base.empty()) {
      const std::string home = variable("HOME");
      if (home.empty()) {
        return fail("guest-no-home", "no variable says where guests are kept", Error::kNoOffset,
                    "set DEWAR_HOME to a directory");
      }
      base = home + "/.local/share";
    }
    base += "/dewar";
  }
  return base + "/guests";
}

Result<std::string> guest_path(const LockedGuest& guest) {
  auto directory = guests_directory();
  if (!directory) return directory;
  return *directory + "/" + guest.name + "/" + guest.version + "/" + fs::path(guest.file).filename().string();
}

bool is_installed(const LockedGuest& guest) {
  const auto path = guest_path(guest);
  struct stat st{};
  return path && ::stat(path->c_str(), &st) == 0 && S_ISREG(st.st_mode) && static_cast<u64>(st.st_size) == guest.size;
}

Result<std::vector<u8>> load_guest(const LockedGuest& guest) {
  auto path = guest_path(guest);
  if (!path) return std::unexpected(std::move(path.error()));
  std::error_code error;
  if (!fs::exists(*path, error)) return missing(guest);
  auto bytes = base::read_file(*path, guest.size);
  if (!bytes || bytes->size() != guest.size) return damaged(guest, *path);
  return bytes;
}

Result<void> check_guest(const LockedGuest& guest) {
  auto bytes = load_guest(guest);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  if (base::sha256_hex(*bytes) == guest.sha256) return {};
  auto path = guest_path(guest);
  if (!path) return std::unexpected(std::move(path.error()));
  return damaged(guest, *path);
}

Result<void> check_store(const LockedGuest& guest) {
  auto path = guest_path(guest);
  if (!path) return std::unexpected(std::move(path.error()));
  fs::path folder = fs::path(*path).parent_path();
  std::error_code error;
  // The nearest folder that exists; the others are made when they are needed.
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  if (!fs::is_directory(folder, error))
    errno = ENOTDIR;
  else if (::access(folder.c_str(), W_OK | X_OK) == 0)
    return {};
  return fail("guest-store", "guests cannot be kept in " + folder.string() + ": " + ::strerror(errno), Error::kNoOffset,
              "set DEWAR_HOME to a directory that can be written");
}

Result<std::string> install_guest(const LockedGuest& guest, std::span<const u8> module) {
  const std::string found = base::sha256_hex(module);
  if (found != guest.sha256) {
    return fail("guest-hash", guest.file + " has the SHA-256 " + found + ", not the pinned " + guest.sha256,
                Error::kNoOffset,
                "this is not the pinned version " + guest.version + ", or it was tampered with; nothing was installed");
  }
  auto path = guest_path(guest);
  if (!path) return path;
  std::error_code error;
  fs::create_directories(fs::path(*path).parent_path(), error);
  if (error) {
    return fail("guest-store", "cannot make " + fs::path(*path).parent_path().string() + ": " + error.message(),
                Error::kNoOffset, "set DEWAR_HOME to a directory that can be written");
  }
  if (auto ok = base::write_file_atomically(*path, module, 0444); !ok) {
    return fail("guest-store", ok.error().message, Error::kNoOffset,
                "set DEWAR_HOME to a directory that can be written");
  }
  return path;
}

Result<void> remove_guest(const LockedGuest& guest) {
  auto path = guest_path(guest);
  if (!path) return std::unexpected(std::move(path.error()));
  std::error_code error;
  if (!fs::remove(*path, error)) {
    if (error) return fail("guest-store", "cannot delete " + *path + ": " + error.message());
    return missing(guest);
  }
  fs::remove(fs::path(*path).parent_path(), error);  // empty folders only
  fs::remove(fs::path(*path).parent_path().parent_path(), error);
  return {};
}

}  // namespace dewar::cli
