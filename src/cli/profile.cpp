// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/print.h"
#include "base/utf8.h"
#include "boundary/unique_fd.h"
#include "wasm/names.h"

namespace dewar::cli {

namespace {

using boundary::UniqueFd;

/// A new file of ours: what is there already may be somebody else's trap.
Result<UniqueFd> create(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  return fail("profile-file", "cannot make " + path + ": " + ::strerror(errno), Error::kNoOffset,
              errno == EEXIST ? "remove it" : "");
}

u64 nanoseconds() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
}

/// What is written whole or not at all.
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
  explicit Profile(UniqueFd file) : file_(std::move(file)) {}

  void published(const runtime::FuncCode& func, std::span<const u8> code, std::span<const Place> places) override {
    std::lock_guard lock(mutex_);
    tell(func, name_of(func), code, places);
  }

 protected:
  virtual void tell(const runtime::FuncCode& func, const std::string& name, std::span<const u8> code,
                    std::span<const Place> places) = 0;
  /// What cannot be written is lost; a profile is no reason to end a run.
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<usize>(n));
    }
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

  UniqueFd file_;
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
    char start[17], size[17];
    const auto hex = [](char (&buffer)[17], u64 value) {
      return std::string_view(buffer, static_cast<usize>(std::to_chars(buffer, buffer + 16, value, 16).ptr - buffer));
    };
    Record line;
    line.text(hex(start, reinterpret_cast<u64>(code.data()))).text(" ").text(hex(size, code.size()));
    line.text(" ").text(name).text("\n");
    write(line.bytes());
  }
};

class JitDump final : public Profile {
 public:
  explicit JitDump(UniqueFd opened) : Profile(std::move(opened)) {
    constexpr u32 kMagic = 0x4a695444, kVersion = 1, kHeaderBytes = 40, kX86_64 = 62;
    Record header;
    header.put(kMagic).put(kVersion).put(kHeaderBytes).put(kX86_64).put(u32{0}).put(static_cast<u32>(::getpid()));
    header.put(nanoseconds()).put(u64{0});
    write(header.bytes());
    // perf finds the file by this mapping, which it sees as it sees those of libraries.
    page_ = ::mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, file(), 0);
  }
  ~JitDump() override {
    record(kClose, {});
    if (page_ != MAP_FAILED) ::munmap(page_, kPage);
  }
  bool wants_places() const override { return true; }

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
    record(kDebugInfo, lines);
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

  void* page_ = MAP_FAILED;
  u64 next_ = 0;
};

}  // namespace

Result<std::shared_ptr<runtime::CodeListener>> open_profile(std::string_view kind) {
  const std::string pid = base::dec(static_cast<u64>(::getpid()));
  if (kind == "perfmap") {
    auto file = create("/tmp/perf-" + pid + ".map");
    if (!file) return std::unexpected(std::move(file.error()));
    return std::make_shared<PerfMap>(std::move(*file));
  }
  if (kind == "jitdump") {
    auto file = create("jit-" + pid + ".dump");
    if (!file) return std::unexpected(std::move(file.error()));
    return std::make_shared<JitDump>(std::move(*file));
  }
  return fail("usage-option", "--profile takes perfmap or jitdump");
}

}  // namespace dewar::cli
