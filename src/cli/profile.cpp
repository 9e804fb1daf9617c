// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/print.h"
#include "base/utf8.h"
#include "boundary/unique_fd.h"
#include "wasm/names.h"

namespace dewar::cli {

namespace {

namespace fs = std::filesystem;
using boundary::MountGrant;
using boundary::UniqueFd;

/// A new file of ours: what is there already may be somebody else's trap.
Result<UniqueFd> create(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  return fail("profile-file", "cannot make " + path + ": " + ::strerror(errno), Error::kNoOffset,
              errno == EEXIST ? "remove it" : "");
}

/// The grant that has the file or a folder that it lies in, whatever it calls it; or nothing. `at` is a real path.
const MountGrant* granted_with(fs::path at, const std::vector<MountGrant>& mounts) {
  std::error_code error;
  for (;; at = at.parent_path()) {
    for (const MountGrant& mount : mounts)
      if (fs::equivalent(at, mount.host_path, error)) return &mount;
    if (!at.has_relative_path()) return nullptr;
  }
}

u64 nanoseconds() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
}

/// Bytes that are written at once.
class Record {
 public:
  template <class T>
  Record& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Record& text(std::string_view s) {
    bytes_ += s;
    return *this;
  }
  /// With its final zero.
  Record& name(std::string_view s) {
    bytes_ += s;
    bytes_ += '\0';
    return *this;
  }
  usize size() const { return bytes_.size(); }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Names of functions, and the file that they go to.
class Profile : public runtime::CodeListener {
 public:
  Profile(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  /// A file that tells of nothing is not left behind, unless the process may remove none any more.
  ~Profile() override {
    if (!told_) ::unlink(path_.c_str());
  }

  /// What the file has before anything is compiled.
  virtual Result<void> begin() { return {}; }
  void published(const runtime::FuncCode& func, std::span<const u8> code, std::span<const Place> places) override {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    told_ = true;
    tell(func, name_of(func), code, places);
  }

 protected:
  virtual void tell(const runtime::FuncCode& func, const std::string& name, std::span<const u8> code,
                    std::span<const Place> places) = 0;
  /// A profile is no reason to end a run: it ends itself, before the first record that cannot be written whole.
  void write(std::string_view bytes) {
    ended_ = ended_ || bytes.size() > kMostBytes - written_;
    if (ended_) return;
    for (std::string_view rest = bytes; !rest.empty();) {
      const ssize_t n = ::write(file_.get(), rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        ended_ = true;
        [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(written_));
        return;
      }
      rest.remove_prefix(static_cast<usize>(n));
    }
    written_ += bytes.size();
  }
  int file() const { return file_.get(); }

 private:
  std::string name_of(const runtime::FuncCode& func) {
    auto [found, added] = modules_.try_emplace(func.module);
    Known& known = found->second;
    if (added) {
      known.module = base::Ref<const wasm::Module>(func.module);
      known.names = wasm::read_names(*func.module);
      for (const wasm::Export& e : func.module->exports)
        if (e.kind == wasm::ExternKind::func) known.exports.add(e.index, e.name);
      known.exports.seal();
    }
    std::string_view name = known.names.funcs.get(func.func);
    if (name.empty()) name = known.exports.get(func.func);
    if (name.empty()) return "func[" + base::dec(func.func) + "]";
    constexpr usize kMost = 256;
    return base::escape_for_terminal(name.substr(0, kMost));
  }

  /// The guest decides how much is compiled.
  static constexpr u64 kMostBytes = u64{1} << 30;

  UniqueFd file_;
  std::string path_;
  u64 written_ = 0;
  bool told_ = false, ended_ = false;
  std::mutex mutex_;
  struct Known {
    base::Ref<const wasm::Module> module;  ///< has the names' bytes
    wasm::Names names;
    wasm::NameMap<u32> exports;
  };
  std::unordered_map<const wasm::Module*, Known> modules_;
};

class PerfMap final : public Profile {
 public:
  using Profile::Profile;
  bool wants_places() const override { return false; }

 private:
  void tell(const runtime::FuncCode&, const std::string& name, std::span<const u8> code,
            std::span<const Place>) override {
    std::string line;
    base::append_hex(line, reinterpret_cast<u64>(code.data()), 1);
    line += ' ';
    base::append_hex(line, code.size(), 1);
    write(line + " " + name + "\n");
  }
};

class JitDump final : public Profile {
 public:
  using Profile::Profile;
  ~JitDump() override { record(kClose, {}); }
  bool wants_places() const override { return true; }
  Result<void> begin() override {
    constexpr u32 kMagic = 0x4a695444, kVersion = 1, kHeaderBytes = 40, kX86_64 = 62;
    Record header;
    header.put(kMagic).put(kVersion).put(kHeaderBytes).put(kX86_64).put(u32{0}).put(static_cast<u32>(::getpid()));
    header.put(nanoseconds()).put(u64{0});
    write(header.bytes());
    // perf finds the file by this mapping, which it sees as it sees those of libraries. It must not stay: what comes
    // into the file would be code.
    void* const page = ::mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, file(), 0);
    if (page == MAP_FAILED) {
      return fail("profile-file", std::string("perf could not find the dump: ") + ::strerror(errno), Error::kNoOffset,
                  "start it in a folder of a file system that may have programs");
    }
    ::munmap(page, kPage);
    return {};
  }

 private:
  static constexpr usize kPage = 4096;
  static constexpr u32 kLoad = 0, kDebugInfo = 2, kClose = 3, kRecordBytes = 16;

  void tell(const runtime::FuncCode& func, const std::string& name, std::span<const u8> code,
            std::span<const Place> places) override {
    const u64 address = reinterpret_cast<u64>(code.data());
    // Lines are offsets in the module: that is what `dewar objdump -d` shows.
    const u32 base = func.module->funcs[func.func].body.offset;
    Record lines;
    lines.put(address).put(u64{places.size()});
    for (const Place& place : places)
      lines.put(address + place.offset).put(base + place.pc).put(u32{0}).name("module.wasm");
    if (!places.empty()) record(kDebugInfo, lines);
    Record load;
    load.put(static_cast<u32>(::getpid())).put(static_cast<u32>(::syscall(SYS_gettid)));
    load.put(address).put(address).put(u64{code.size()}).put(next_++).name(name);
    load.text({reinterpret_cast<const char*>(code.data()), code.size()});
    record(kLoad, load);
  }
  void record(u32 kind, const Record& body) {
    Record whole;
    whole.put(kind).put(static_cast<u32>(kRecordBytes + body.size())).put(nanoseconds()).text(body.bytes());
    write(whole.bytes());
  }

  u64 next_ = 0;
};

}  // namespace

Result<std::shared_ptr<runtime::CodeListener>> open_profile(std::string_view kind, const api::RunConfig& config) {
  const bool is_map = kind == "perfmap";
  if (!is_map && kind != "jitdump") return fail("usage-option", "--profile takes perfmap or jitdump");
  if (config.tier == runtime::Tier::interp) {
    return fail("usage-option", "--profile is about compiled code, and -C tier=interp compiles nothing");
  }
  const std::string pid = base::dec(static_cast<u64>(::getpid()));
  std::string path = is_map ? "/tmp/perf-" + pid + ".map" : "jit-" + pid + ".dump";
  auto file = create(path);
  if (!file) return std::unexpected(std::move(file.error()));
  std::shared_ptr<Profile> profile;
  if (is_map) {
    profile = std::make_shared<PerfMap>(std::move(*file), path);
  } else {
    profile = std::make_shared<JitDump>(std::move(*file), path);
  }
  // It has addresses of the host, and perf believes it.
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return fail("profile-file", "cannot find out where " + path + " lies: " + error.message());
  if (const MountGrant* mount = granted_with(real, config.grants.mounts)) {
    return fail("profile-file", path + " would lie in " + mount->host_path + ", which the program is granted",
                Error::kNoOffset,
                is_map ? "grant a folder that does not have /tmp in it, or use --profile=jitdump"
                       : "start it in a folder that is not granted");
  }
  if (auto ok = profile->begin(); !ok) return std::unexpected(std::move(ok.error()));
  return profile;
}

}  // namespace dewar::cli
