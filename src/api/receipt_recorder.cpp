// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Facts in the order of cause and effect. Every hash covers lengths as well as bytes, so that no two lists of parts are
// hashed alike. Undefined halves of slots are left out (design D5).
#include "api/receipt_recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>

#include "api/receipt_out.h"
#include "base/print.h"
#include "base/sha256.h"
#include "host/wasi_p1/session.h"
#include "runtime/store.h"

namespace dewar::api {

namespace {

class Hasher {
 public:
  void bytes(std::span<const u8> data) { hash_.update(data); }
  void number(u64 value) {
    std::array<u8, 8> raw;
    for (usize i = 0; i < 8; ++i) raw[i] = static_cast<u8>(value >> (8 * i));
    bytes(raw);
  }
  void text(std::string_view part) {
    number(part.size());
    bytes({reinterpret_cast<const u8*>(part.data()), part.size()});
  }
  /// The hash so far, as hexadecimal digits; more may follow.
  std::string hex() const {
    base::Sha256 copy = hash_;
    return copy.finish();
  }

 private:
  base::Sha256 hash_;
};

// What passed through a stream.
class Passed {
 public:
  void bytes(std::span<const u8> data) {
    hash_.bytes(data);
    total_ += data.size();
  }
  std::string summary() const { return base::dec(total_) + " bytes " + hash_.hex(); }

 private:
  Hasher hash_;
  u64 total_ = 0;
};

class HashingSink final : public boundary::OutputSink {
 public:
  explicit HashingSink(boundary::OutputSink& to) : to_(to) {}
  std::expected<u64, boundary::StreamError> write(boundary::HostCall& call, std::span<const u8> bytes) override {
    const auto done = to_.write(call, bytes);
    if (done) passed_.bytes(bytes.first(static_cast<usize>(*done)));
    if (done) total_ += *done;
    return done;
  }
  bool ready() const override { return to_.ready(); }
  std::string summary() const { return passed_.summary(); }

 private:
  boundary::OutputSink& to_;
  Passed passed_;
};

class HashingSource final : public boundary::InputSource {
 public:
  explicit HashingSource(boundary::InputSource& from) : from_(from) {}
  std::expected<u64, boundary::StreamError> read(boundary::HostCall& call, std::span<u8> out) override {
    const auto done = from_.read(call, out);
    if (done) passed_.bytes(out.first(static_cast<usize>(*done)));
    if (done) total_ += *done;
    return done;
  }
  int poll_fd() const override { return from_.poll_fd(); }
  std::string summary() const { return passed_.summary(); }

 private:
  boundary::InputSource& from_;
  Passed passed_;
};

// Contents of files at the end of a run. What a guest opened it also chose: the same file by a thousand names, files
// that are all hole. So each is read once, and all together up to a fixed number of bytes, whatever they really hold.
class FileHashes {
 public:
  std::string of(int fd) {
    struct stat st{};
    if (::fstat(fd, &st) != 0) return "unreadable";
    const auto [found, is_new] = known_.try_emplace({st.st_dev, st.st_ino});
    if (is_new) found->second = read(fd, static_cast<u64>(st.st_size));
    return found->second;
  }

 private:
  std::string read(int fd, u64 size) {
    if (size > left_) return base::dec(size) + " bytes not hashed";
    Passed passed;
    std::array<u8, 65536> piece;
    for (;;) {
      const usize most = static_cast<usize>(std::min<u64>(piece.size(), left_));
      const ssize_t n = ::read(fd, piece.data(), most);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return "unreadable";
      if (n == 0) break;
      passed.bytes(std::span(piece).first(static_cast<usize>(n)));
      left_ -= static_cast<u64>(n);
    }
    return passed.summary();
  }

  std::map<std::pair<dev_t, ino_t>, std::string> known_;
  u64 left_ = ReceiptRecorder::kMaxHashed;
};

}  // namespace

struct ReceiptRecorder::State {
  std::optional<HashingSink> out, err;
  std::optional<HashingSource> in;
  Hasher calls;
  u64 number = 0;
  std::vector<Fact> checkpoints;
  wasi_p1::Session* session = nullptr;
  bool has_out = false;
};

ReceiptRecorder::ReceiptRecorder(const RunConfig& config, std::string tool, std::vector<std::string> command)
    : state_(std::make_unique<State>()) {
  receipt_.tool = std::move(tool);
  receipt_.command = std::move(command);
  given(config);
}

ReceiptRecorder::~ReceiptRecorder() = default;

void ReceiptRecorder::given(const RunConfig& config) {
  const boundary::Grants& grants = config.grants;
  const bool real_clock = grants.clock == boundary::ClockPolicy::real;
  const bool real_random = grants.random == boundary::RandomPolicy::real;
  // Raised when the rules of docs/determinism.md change in a way that a program can see.
  fact("profile.rules", "2");
  fact("profile.clock", real_clock ? "real" : "virtual from " + base::dec(grants.clock_start) + " ns");
  fact("profile.random", real_random ? "real" : "seeded with " + base::dec(grants.seed));
  std::string features;
#define X(id, name, on) \
  if (config.features.has(wasm::Feature::id)) features += (features.empty() ? "" : " ") + std::string(name);
  DEWAR_FEATURES(X)
#undef X
  fact("profile.features", features);
  for (const LimitSpec& spec : limit_table()) {
    const auto value = config.limits.*spec.value;
    fact("limit." + std::string(spec.name), value ? base::dec(*value) : "none");
  }
  const auto list = [](const std::vector<std::string>& parts) {
    Hasher hash;
    for (const std::string& part : parts) hash.text(part);
    return base::dec(parts.size()) + " parts " + hash.hex();
  };
  fact("given.arguments", list(grants.args));
  std::vector<std::string> environment;
  for (const auto& [name, value] : grants.env) environment.push_back(name + "=" + value);
  fact("given.environment", list(environment));
  if (config.invoke) fact("given.call", *config.invoke + " " + list(config.invoke_args));
  std::vector<std::string> rules;
  for (const boundary::MountGrant& mount : grants.mounts) {
    fact("given.folder " + mount.guest_path, boundary::rights_text(mount.rights));
    for (const boundary::PathGrant& path : mount.paths) {
      rules.push_back(boundary::rights_text(path.rights) + " " + path.pattern);
    }
  }
  for (const boundary::DenyGrant& deny : grants.denies) {
    if (deny.guest_pattern.empty()) continue;  // follows from another, and names places of this machine
    rules.push_back("not " + boundary::rights_text(deny.rights) + " " + deny.guest_pattern);
  }
  if (!rules.empty()) fact("given.rules", list(rules));
  for (const boundary::FileGrant& file : grants.files) {
    fact("given.file " + file.guest_path,
         base::dec(file.contents.size()) + " bytes " + base::sha256_hex(file.contents));
  }
  state_->has_out = config.out_folder.has_value();
  if (config.out_folder) fact("given.out", base::dec(config.out_folder->max_bytes) + " bytes at most");
  fact("given.terminals", std::string(config.out && config.out_is_terminal ? "stdout " : "") +
                              (config.err && config.err_is_terminal ? "stderr" : ""));
}

boundary::OutputSink* ReceiptRecorder::output(int which, boundary::OutputSink* to) {
  std::optional<HashingSink>& sink = which == 1 ? state_->out : state_->err;
  sink.emplace(*to);
  return &*sink;
}

boundary::InputSource* ReceiptRecorder::input(boundary::InputSource* from) {
  if (!from) return nullptr;
  state_->in.emplace(*from);
  return &*state_->in;
}

void ReceiptRecorder::starting(const wasm::Module& module, wasi_p1::Session& session) {
  fact("given.module", base::dec(module.bytes().size()) + " bytes " + base::sha256_hex(module.bytes()));
  state_->session = &session;
  session.boundary().add_observer(*this);
}

void ReceiptRecorder::after(const boundary::CallView& call) {
  Hasher& hash = state_->calls;
  hash.text(call.desc.module);
  hash.text(call.desc.name);
  const auto values = [&](std::span<const Slot> slots, std::string_view letters) {
    for (usize i = 0; i < slots.size() && i < letters.size(); ++i) {
      hash.number(letters[i] == 'i' || letters[i] == 'f' ? static_cast<u32>(slots[i]) : slots[i]);
    }
  };
  values(call.args, call.desc.sig);
  values(call.results, call.desc.sig.substr(call.desc.num_params() + 1));
  hash.number(static_cast<u64>(call.status));
  for (const boundary::GuestRange& range : call.written) {
    hash.number(range.address);
    hash.number(range.size);
  }
  // At every power of two: a difference is known to lie within a factor of two, for some tens of facts.
  if (std::has_single_bit(++state_->number)) {
    state_->checkpoints.push_back({"calls.up-to-" + base::dec(state_->number), hash.hex()});
  }
}

void ReceiptRecorder::files(const wasi_p1::Session& session) {
  FileHashes hashes;
  for (const bool written : {false, true}) {
    for (const auto& [path, file] : session.opened_files()) {
      if (file.written != written) continue;
      const std::string_view below = std::string_view(path).substr(file.mount->guest_path.size());
      const std::string relative = file.mount->is_file || below.size() < 2 ? "." : std::string(below.substr(1));
      std::string value = "gone";
      if (file.mount->is_file) {
        const boundary::UniqueFd fd(::open(
            ("/proc/self/fd/" + base::dec(static_cast<u64>(file.mount->fd.get()))).c_str(), O_RDONLY | O_CLOEXEC));
        value = fd ? hashes.of(fd.get()) : "unreadable";
      } else if (auto found = session.resolver().open(file.mount->fd.get(), relative, O_PATH)) {
        // Something else may have its name by now, and only a file is opened.
        struct stat st{};
        value = "not a file";
        if (::fstat(found->get(), &st) == 0 && S_ISREG(st.st_mode) && file.mount->devices.plain(found->get())) {
          auto fd = session.resolver().reopen(found->get(), false, file.mount->fd.get(), relative, O_RDONLY);
          value = fd ? hashes.of(fd->get()) : "unreadable";
        }
      }
      fact((written ? "left.file " : "read.file ") + path, std::move(value));
    }
  }
  if (session.unlisted_files() > 0) fact("read.unlisted-files", base::dec(session.unlisted_files()));
}

void ReceiptRecorder::left_behind(const runtime::Store& store, const runtime::Instance* instance) {
  usize index = 0;
  for (const auto& memory : store.memories()) {
    const u64 size = memory->bytes.load(std::memory_order_acquire);
    fact("left.memory " + base::dec(index++),
         base::dec(size) + " bytes " + base::sha256_hex({memory->base, static_cast<usize>(size)}));
  }
  index = 0;
  for (const runtime::Table& table : store.tables()) {
    Hasher hash;
    for (u64 i = 0; i < table.size; ++i) hash.number(table.refs[i]);
    fact("left.table " + base::dec(index++), base::dec(table.size) + " elements " + hash.hex());
  }
  if (!instance) return;
  Hasher hash;
  const usize globals = instance->module->globals.size();
  for (usize i = 0; i < globals; ++i) {
    const runtime::Global& global = *instance->globals[i];
    const bool wide = global.type.type.is_v128();
    const auto kind = global.type.type.kind();
    const bool whole = wide || kind == wasm::CanonValType::kI64 || kind == wasm::CanonValType::kF64;
    hash.number(whole ? global.value[0] : static_cast<u32>(global.value[0]));
    if (wide) hash.number(global.value[1]);
  }
  fact("left.globals", base::dec(globals) + " " + hash.hex());
}

void ReceiptRecorder::ended(const Outcome& outcome, const wasi_p1::Session* session, const runtime::Store* store,
                            const runtime::Instance* instance) {
  if (state_->session) state_->session->boundary().remove_observer(*this);
  if (state_->in) fact("read.stdin", state_->in->summary());
  if (session) files(*session);
  // What was read comes before what was done with it, and that before what was written.
  std::vector<Fact> left;
  while (!receipt_.facts.empty() && receipt_.facts.back().name.starts_with("left.")) {
    left.insert(left.begin(), std::move(receipt_.facts.back()));
    receipt_.facts.pop_back();
  }
  for (Fact& checkpoint : state_->checkpoints) receipt_.facts.push_back(std::move(checkpoint));
  fact("calls.all", base::dec(state_->number) + " calls " + state_->calls.hex());
  fact("end.class", std::string(class_name(outcome.cls)));
  fact("end.code", outcome.code);
  fact("end.exit-code", base::dec(outcome.exit_code));
  fact("end.message", base::sha256_hex(outcome.message));
  for (usize i = 0; i < outcome.results.size(); ++i) fact("end.result " + base::dec(i), outcome.results[i]);
  fact("end.fuel", base::dec(outcome.fuel.used.value_or(0)));
  fact("end.instructions", base::dec(outcome.instructions));
  fact("end.random-bytes", base::dec(outcome.random_bytes));
  fact("end.denials", base::dec(outcome.total_denials));
  if (state_->out) fact("left.stdout", state_->out->summary());
  if (state_->err) fact("left.stderr", state_->err->summary());
  for (Fact& item : left) receipt_.facts.push_back(std::move(item));
  if (session && state_->has_out) {
    for (const boundary::Mount& mount : session->mounts().mounts()) {
      if (!mount.memory || mount.guest_path != OutFolder::kGuestPath) continue;
      for (Fact& item : out_facts(*mount.memory)) receipt_.facts.push_back(std::move(item));
    }
  }
  if (store) left_behind(*store, instance);
  fact("end.reproducible", outcome.reproducible ? "yes" : "no");
}

}  // namespace dewar::api
