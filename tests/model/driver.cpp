// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Set-up, comparison, and what is on disk. The calls themselves are in driver_calls.cpp.
#include "model/driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "boundary/host_call.h"

namespace dewar::model {

using wasi_p1::Snapshot1;

Guest::Guest() : store_(engine_) {
  auto stack = runtime::Stack::create(store_);
  wasm::MemoryType type;
  type.limits.min = 2;
  auto memory = runtime::Memory::create(type, true, u64{1} << 20);
  if (!stack || !memory) return;
  stack_ = std::move(*stack);
  memory_ = *memory;
  instance_.store = &store_;
  instance_.memories = std::make_unique<runtime::Memory*[]>(1);
  instance_.memories[0] = memory_.get();
}

u32 Guest::call(boundary::Binding& binding, const std::vector<u64>& args, bool& returned) {
  // Each session has its own boundary, which knows its last caller by address.
  runtime::CallContext ctx{*stack_, store_, &instance_, &binding};
  dewar::Slot slots[16] = {}, results[2] = {};
  for (usize i = 0; i < args.size() && i < 16; ++i) slots[i] = args[i];
  returned = boundary::dispatch(ctx, slots, results) == runtime::HostStatus::ok;
  return static_cast<u32>(results[0]);
}

Driver::Driver(Guest& guest, Choice& choice, boundary::ResolveMode mode, std::string folder)
    : guest_(guest), choice_(choice), folder_(std::move(folder)) {
  std::vector<MountSpec> mounts = {{"/a", kMayAll, nullptr}, {"/b", kMayAll, nullptr}};
  wasi_p1::Config config;
  config.resolve = mode;
  config.max_handles = WasiModel::kMaxHandles;
  for (MountSpec& mount : mounts) {
    if (choice_.below(4) == 0) mount.rights = static_cast<u8>(choice_.below(16));
    const std::string host = folder_ + mount.guest_path;
    ::mkdir(host.c_str(), 0755);
    config.grants.mounts.push_back({host, mount.guest_path, mount.rights});
  }
  model_ = std::make_unique<WasiModel>(mounts);
  auto session = wasi_p1::Session::create(std::move(config));
  if (!session || !guest_.good()) {
    failure_ = "no session: " + (session ? std::string("no memory") : session.error().message);
    return;
  }
  session_ = std::move(*session);
  for (const auto& row : wasi_p1::snapshot1_rows()) {
    bindings_.emplace(row.name, &session_->boundary().bind(row, session_.get()));
  }
}

std::string Driver::run(u64 count) {
  constexpr u64 kFolderEvery = 64;
  for (u64 i = 0; i < count && failure_.empty() && !choice_.exhausted(); ++i) {
    switch (choice_.below(16)) {
      case 0:
      case 1:
      case 2: open(); break;
      case 3: on_handle(); break;
      case 4:
      case 5:
      case 6: contents(); break;
      case 7:
      case 8: metadata(); break;
      case 9: listing(); break;
      case 10:
      case 11:
      case 12: names(); break;
      default: two_names(); break;
    }
    if (executed_ % kFolderEvery == 0) check_folder();
  }
  if (failure_.empty()) check_folder();
  if (failure_.empty()) return {};
  std::string out = failure_ + "\nafter:";
  const usize from = trace_.size() > 60 ? trace_.size() - 60 : 0;
  for (usize i = from; i < trace_.size(); ++i) out += "\n  " + trace_[i];
  return out;
}

void Driver::differ(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

bool Driver::expect(const char* function, const std::vector<u64>& args, Errno model) {
  if (!failure_.empty()) return false;
  const u64 before = session_->denials().total_denials();
  bool returned = false;
  const Errno got =
      static_cast<Errno>(guest_.call(*bindings_.find(std::string_view(function))->second, args, returned));
  ++executed_;
  trace_.back() += " = " + std::string(errno_name(got));
  const u64 expected_denials = model_->denials() - before;  // both counts were equal before the call
  const u64 denials = session_->denials().total_denials() - before;
  if (!returned) {
    differ(std::string(function) + " did not return");
  } else if (got != model) {
    differ(std::string(function) + " answers " + std::string(errno_name(got)) + ", the model " +
           std::string(errno_name(model)));
  } else if (denials != expected_denials) {
    differ(std::string(function) + " recorded " + std::to_string(denials) + " denials, the model " +
           std::to_string(expected_denials));
  }
  if (got == Errno::success) ++successes_[function];
  return failure_.empty() && got == Errno::success;
}

u64 Driver::put(u32 address, const std::string& text) {
  std::memcpy(guest_.at(address), text.data(), text.size());
  return text.size();
}

void Driver::check_node(i64 model, u64 number) {
  if (model == 0) return;
  const auto [known, added] = numbers_.try_emplace(model, number);
  const auto [back, added_back] = nodes_.try_emplace(number, model);
  if (known->second != number || back->second != model) {
    differ("inode number " + std::to_string(number) + " for node " + std::to_string(model) + ", known as " +
           std::to_string(known->second) + " and of node " + std::to_string(back->second));
  }
}

void Driver::check_stat(const Stat& expected) {
  const auto got = get<Snapshot1::Filestat>(16);
  const auto check = [&](const char* what, u64 is, u64 should) {
    if (is != should)
      differ(std::string(what) + " is " + std::to_string(is) + ", the model says " + std::to_string(should));
  };
  check("file type", got.filetype, expected.type);
  check("links", got.links, expected.links);
  check("size", got.size, expected.size);
  // The clock has moved a little by the work done; times that were set lie long before.
  const auto coarse = [](u64 t) { return t - WasiModel::kEpoch < 1'000'000'000 ? WasiModel::kEpoch : t; };
  check("access time", coarse(got.atime), expected.atime);
  check("modification time", coarse(got.mtime), expected.mtime);
  check("device", got.device, expected.device);
  check_node(expected.node, got.inode);
}

void Driver::check_folder() {
  for (const MountSpec& mount : model_->mounts()) {
    if (failure_.empty() && !same(*mount.root, AT_FDCWD, (folder_ + mount.guest_path).c_str(), mount.guest_path)) {
      differ("the folder differs from the model");
    }
  }
}

bool Driver::same(const Node& node, int dir, const char* name, const std::string& path) {
  const auto no = [&](const std::string& what) {
    differ(path + ": " + what);
    return false;
  };
  struct stat st{};
  if (::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return no("is not on disk");
  if (node.type == Node::Type::link) {
    char target[4096];
    const ssize_t n = ::readlinkat(dir, name, target, sizeof target);
    return (n >= 0 && std::string_view(target, static_cast<usize>(n)) == node.data) || no("another link");
  }
  if (S_ISDIR(st.st_mode) != node.is_dir() || (!node.is_dir() && !S_ISREG(st.st_mode))) return no("another type");
  const int fd = ::openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return no("cannot be opened");
  bool ok = true;
  if (!node.is_dir()) {
    std::string data(static_cast<usize>(st.st_size), '\0');
    ok = ::pread(fd, data.data(), data.size(), 0) == static_cast<ssize_t>(data.size()) && data == node.data;
    ok = (ok || no("other contents")) && (st.st_nlink == node.links || no("another number of links"));
    ::close(fd);
    return ok;
  }
  for (const auto& [child, it] : node.entries) ok = ok && same(*it, fd, child.c_str(), path + "/" + child);
  usize count = 0;
  DIR* stream = ::fdopendir(fd);
  while (const dirent* entry = ::readdir(stream)) {
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) ++count;
  }
  ::closedir(stream);
  return ok && (count == node.entries.size() || no("more on disk than in the model"));
}

}  // namespace dewar::model
