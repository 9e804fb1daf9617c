// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Packages to bytes. `tar` writes the one wanted member to a pipe: no name inside the package can reach a path.
#include "cli/guest_fetch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/print.h"
#include "cli/child_process.h"
#include "cli/digest.h"

namespace dewar::cli {

namespace fs = std::filesystem;

namespace {

// The largest pinned package has 48 MB.
constexpr u64 kMaxPackage = u64{256} << 20;

// A directory of our own that goes away with its contents.
class ScratchDirectory {
 public:
  static Result<ScratchDirectory> make() {
    std::error_code error;
    std::string name = fs::temp_directory_path(error).string() + "/dewar-guest-XXXXXX";
    if (error || !::mkdtemp(name.data())) return fail("guest-store", "cannot make a temporary directory");
    ScratchDirectory scratch;
    scratch.path_ = std::move(name);
    return scratch;
  }
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  ScratchDirectory() = default;
  std::string path_;
};

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const usize newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

Result<std::vector<u8>> check_package(const LockedGuest& guest, const std::string& path) {
  auto bytes = base::read_file(path, kMaxPackage);
  if (!bytes) return bytes;
  const std::string found = npm_integrity(*bytes);
  if (found != guest.integrity) {
    return fail(
        "guest-hash", "the package has the integrity " + found + ", not the pinned " + guest.integrity,
        Error::kNoOffset,
        "this is not " + guest.package + "@" + guest.version + ", or it was tampered with; nothing was installed");
  }
  return bytes;
}

// The guest's file out of a package that was checked.
Result<std::vector<u8>> take_file(const LockedGuest& guest, std::span<const u8> package) {
  // The bytes that were hashed are the bytes that are unpacked, whatever happens to the file meanwhile.
  auto scratch = ScratchDirectory::make();
  if (!scratch) return std::unexpected(std::move(scratch.error()));
  const std::string copy = scratch->path() + "/package.tgz";
  if (auto ok = base::write_file_atomically(copy, package, 0600); !ok) return std::unexpected(std::move(ok.error()));
  auto tar = run_child({"tar", "-xzOf", copy, "package/" + guest.file}, scratch->path(), guest.size);
  if (!tar) return std::unexpected(std::move(tar.error()));
  if (tar->out_truncated || tar->out.size() != guest.size) {
    return fail("guest-package", "the package holds no " + guest.file + " of " + base::dec(guest.size) + " bytes" +
                                     (tar->err.empty() ? "" : ": " + last_line(tar->err)));
  }
  return std::move(tar->out);
}

}  // namespace

Result<std::vector<u8>> fetch_from_npm(const LockedGuest& guest, KeptPackage& kept) {
  if (!kept.bytes.empty() && kept.integrity == guest.integrity) return take_file(guest, kept.bytes);
  auto scratch = ScratchDirectory::make();
  if (!scratch) return std::unexpected(std::move(scratch.error()));
  // Packing neither unpacks nor runs anything; in an empty directory no project's configuration is in reach.
  auto npm = run_child({"npm", "pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", scratch->path(),
                        guest.package + "@" + guest.version},
                       scratch->path(), usize{1} << 16);
  if (!npm) return std::unexpected(std::move(npm.error()));
  if (npm->status != 0) {
    return fail("guest-npm",
                "npm could not download " + guest.package + "@" + guest.version + ": " + last_line(npm->err),
                Error::kNoOffset, "download the package elsewhere and use --from FILE.tgz");
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch->path(), error)) {
    if (entry.path().extension() != ".tgz") continue;
    auto package = check_package(guest, entry.path().string());
    if (!package) return package;
    kept = {guest.integrity, std::move(*package)};
    return take_file(guest, kept.bytes);
  }
  return fail("guest-npm", "npm left no package behind");
}

Result<std::vector<u8>> fetch_from_path(const LockedGuest& guest, const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    const std::string name = fs::path(guest.file).filename().string();
    for (const std::string& candidate :
         {path + "/" + guest.file, path + "/package/" + guest.file,
          path + "/node_modules/" + guest.package + "/" + guest.file, path + "/" + name}) {
      if (fs::is_regular_file(candidate, error)) return base::read_file(candidate, guest.size);
    }
    return fail("guest-package", "there is no " + guest.file + " in " + path, Error::kNoOffset,
                "give an unpacked " + guest.package + " package");
  }
  if (path.ends_with(".tgz") || path.ends_with(".tar.gz")) {
    auto package = check_package(guest, path);
    if (!package) return package;
    return take_file(guest, *package);
  }
  return base::read_file(path, std::max<u64>(guest.size, 1));
}

}  // namespace dewar::cli
