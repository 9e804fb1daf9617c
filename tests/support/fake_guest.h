// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A caller of host functions without any Wasm: a store, a stack and one plain memory, and `dispatch` called directly.
// So host functions are tested by themselves, at any address and with any arguments.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boundary/boundary.h"
#include "boundary/host_call.h"
#include "runtime/memory.h"
#include "runtime/stack.h"
#include "runtime/store.h"

namespace dewar::test {

class FakeGuest {
 public:
  /// The environment may ask for the test mode in which nothing but the accessors reaches memory (a row of ctest).
  static bool hiding() { return std::getenv("DEWAR_TEST_HIDE_MEMORY") != nullptr; }

  static runtime::EngineOptions options(bool hide) {
    runtime::EngineOptions made;
    made.hide_memory = hide;
    return made;
  }

  explicit FakeGuest(u64 pages = 4, bool hide = hiding()) : engine(options(hide)), store(engine) {
    auto made = runtime::Stack::create(store);
    EXPECT_TRUE(made.has_value());
    stack = std::move(*made);
    wasm::MemoryType type;
    type.limits.min = pages;
    auto memory_or = runtime::Memory::create(type, true, u64{4} << 30, nullptr, hide);
    EXPECT_TRUE(memory_or.has_value());
    memory = *memory_or;
    store.adopt_memory(memory);
    instance.store = &store;
    instance.memories = std::make_unique<runtime::Memory*[]>(1);
    instance.memories[0] = memory.get();
  }

  /// Calls a bound function; the result's low 32 bits are in `result`.
  runtime::HostStatus call(boundary::Binding& binding, const std::vector<u64>& args) {
    runtime::CallContext ctx{*stack, store, has_memory ? &instance : nullptr, &binding};
    Slot slots[16] = {};
    for (usize i = 0; i < args.size() && i < 16; ++i) slots[i] = args[i];
    Slot results[2] = {0xdead'beef'0000'0000u, 0};
    const auto status = boundary::dispatcher(store)(ctx, slots, results);
    result = static_cast<u32>(results[0]);
    return status;
  }

  u64 size() const { return memory->bytes.load(); }
  u32 u32_at(u64 at) const { return get<u32>(at); }
  u64 u64_at(u64 at) const { return get<u64>(at); }
  template <class T>
  T get(u64 at) const {
    T value;
    std::memcpy(&value, memory->host_base + at, sizeof value);
    return value;
  }
  template <class T>
  void set(u64 at, const T& value) {
    std::memcpy(memory->host_base + at, &value, sizeof value);
  }
  void put(u64 at, std::string_view bytes) { std::memcpy(memory->host_base + at, bytes.data(), bytes.size()); }
  std::string text(u64 at, usize size) const {
    return std::string(reinterpret_cast<char*>(memory->host_base + at), size);
  }
  void clear() { std::memset(memory->host_base, 0, memory->bytes.load()); }

  runtime::Engine engine;
  runtime::Store store;
  std::unique_ptr<runtime::Stack> stack;
  std::shared_ptr<runtime::Memory> memory;
  runtime::Instance instance;
  bool has_memory = true;
  u32 result = 0;
};

/// A scratch folder that goes with the object.
class ScratchDir {
 public:
  ScratchDir() : ScratchDir(std::filesystem::temp_directory_path()) {}
  /// Where folders cost nothing to make and remove, if the system has such a place: for tests that make thousands.
  static ScratchDir in_memory() { return ScratchDir(::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp"); }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ / name; }
  void file(const std::string& name, const std::string& contents = {}) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << contents;
  }
  void dir(const std::string& name) const { std::filesystem::create_directories(path_ / name); }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, path_ / name);
  }
  std::string contents(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

 private:
  explicit ScratchDir(const std::filesystem::path& where) {
    std::string name = where / "dewar-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  std::filesystem::path path_;
};

/// Small, fast, and the same everywhere: for choosing test cases.
class TestRandom {
 public:
  explicit TestRandom(u64 seed) : state_(seed) {}
  u64 next() {
    u64 z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  u64 below(u64 n) { return next() % n; }

 private:
  u64 state_;
};

}  // namespace dewar::test
