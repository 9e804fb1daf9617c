// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random sequences of calls, made of a WASI session on a folder of the host and of the reference model at once. After
// every call the answers must be equal (error, results, number of denials), and every so often the folder must hold
// exactly what the model holds.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/wasi_p1/session.h"
#include "model/wasi_model.h"
#include "runtime/memory.h"
#include "runtime/stack.h"
#include "runtime/store.h"

namespace dewar::model {

/// Where decisions come from: a generator, or the bytes of a fuzzer.
class Choice {
 public:
  virtual u64 below(u64 n) = 0;
  virtual bool exhausted() const { return false; }

 protected:
  ~Choice() = default;
};

/// A caller with 128 KiB of memory. Can be used for many sequences.
class Guest {
 public:
  Guest();
  bool good() const { return memory_ != nullptr; }
  u32 call(boundary::Binding& binding, const std::vector<u64>& args, bool& returned);
  u8* at(u32 address) { return memory_->base + address; }

 private:
  runtime::Engine engine_;
  runtime::Store store_;
  std::unique_ptr<runtime::Stack> stack_;
  std::shared_ptr<runtime::Memory> memory_;
  runtime::Instance instance_;
};

class Driver {
 public:
  /// `folder` must exist and be empty.
  Driver(Guest& guest, Choice& choice, boundary::ResolveMode mode, std::string folder);
  /// Makes up to `count` calls; empty if nothing differed, else what did, with the calls that led there.
  std::string run(u64 count);
  u64 executed() const { return executed_; }
  /// How often each function answered with success.
  const std::map<std::string, u64>& successes() const { return successes_; }

 private:
  // One call each.
  void open();
  void on_handle();
  void contents();
  void metadata();
  void listing();
  void names();
  void two_names();

  /// Calls a function of the session; the model's answer and denials must be the same. True if both succeeded.
  bool expect(const char* function, const std::vector<u64>& args, Errno model);
  void differ(const std::string& what);
  void check_stat(const Stat& expected);
  void check_node(i64 model, u64 number);
  void check_folder();
  bool same(const Node& node, int dir, const char* name, const std::string& path);

  std::string path();
  std::string path_from(u32 dir);
  std::string existing(u32 dir);
  std::string fresh(u32 dir);
  u32 any_fd();
  u32 dir_fd();
  u64 rights();
  u64 put(u32 address, const std::string& text);
  template <class T>
  T get(u32 address);

  Guest& guest_;
  Choice& choice_;
  std::string folder_;
  std::unique_ptr<WasiModel> model_;
  std::unique_ptr<wasi_p1::Session> session_;
  std::map<std::string, boundary::Binding*, std::less<>> bindings_;
  std::vector<std::string> trace_;
  std::string failure_;
  std::map<i64, u64> numbers_;
  std::map<u64, i64> nodes_;
  std::map<std::string, u64> successes_;
  u64 executed_ = 0;
};

}  // namespace dewar::model
