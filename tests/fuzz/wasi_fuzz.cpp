// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuzz target: any bytes as a sequence of WASI calls, made of a session on a scratch folder and of the reference model
// (tests/model) at once. The first bit chooses the resolver. Any difference is a finding.
#include <cstdio>
#include <filesystem>
#include <string>

#include "fuzz/fuzz_target.h"
#include "model/driver.h"

namespace {

using namespace dewar;

constexpr u64 kMaxCalls = 300;

class ByteChoice final : public model::Choice {
 public:
  ByteChoice(const u8* data, usize size) : data_(data), size_(size) {}
  u64 below(u64 n) override {
    u64 value = next();
    if (n > 256) value = value << 8 | next();
    if (n > 65536) value = value << 8 | next();
    return value % n;
  }
  bool exhausted() const override { return at_ >= size_; }

 private:
  u64 next() { return at_ < size_ ? data_[at_++] : 0; }
  const u8* data_;
  usize size_;
  usize at_ = 0;
};

class Folder {
 public:
  Folder() {
    path_ = ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm/dewar-fuzz-XXXXXX" : "/tmp/dewar-fuzz-XXXXXX";
    DEWAR_FUZZ_CHECK(::mkdtemp(path_.data()) != nullptr, "no folder to work in");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
  static model::Guest guest;
  ByteChoice choice(data, size);
  const auto mode = choice.below(2) ? boundary::ResolveMode::walk : boundary::ResolveMode::openat2;
  const Folder folder;
  model::Driver driver(guest, choice, mode, folder.path());
  const std::string difference = driver.run(kMaxCalls);
  if (!difference.empty()) std::fprintf(stderr, "%s\n", difference.c_str());
  DEWAR_FUZZ_CHECK(difference.empty(), "the session and the model differ");
  return 0;
}
