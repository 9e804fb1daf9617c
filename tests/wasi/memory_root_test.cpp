// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The WASI programs of the corpora that want a root folder, in a root that is kept in memory: each must end and print
// as its specification says, as it does in a folder of the host (run_corpora.py).
#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>

#include "api/json_reader.h"
#include "exec/exec.h"
#include "host/wasi_p1/session.h"
#include "runtime/instantiate.h"
#include "support/corpora.h"
#include "wasm/decoder.h"
#include "wasm/validate.h"

namespace dewar {
namespace {

namespace fs = std::filesystem;
using boundary::MemFs;

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// What a program's JSON says, in either of its two forms (the corpora's TEST-SPECIFICATION.md).
struct Specification {
  std::string root;  ///< empty: the program wants none
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  u64 exit_code = 0;
  std::optional<std::string> out;
};

Specification specification(const fs::path& path) {
  Specification spec;
  const auto json = api::read_json(read_all(path));
  if (!json) return spec;
  const auto take_run = [&](const api::JsonValue& run) {
    spec.root = run.text_of("root");
    for (const auto& arg : run.items_of("args")) spec.args.push_back(arg.text);
    if (const api::JsonValue* env = run.find("env")) {
      for (usize i = 0; i < env->names.size(); ++i) spec.env.emplace_back(env->names[i], env->items[i].text);
    }
  };
  if (!json->find("operations")) {
    take_run(*json);
    spec.exit_code = json->integer_of("exit_code");
    if (json->find("stdout")) spec.out = json->text_of("stdout");
    return spec;
  }
  for (const auto& operation : json->items_of("operations")) {
    const std::string_view type = operation.text_of("type");
    if (type == "run") take_run(operation);
    if (type == "wait") spec.exit_code = operation.integer_of("exit_code");
    const std::string_view stream = operation.text_of("id");
    if (type == "read" && (stream.empty() || stream == "stdout")) {
      spec.out = spec.out.value_or("") + std::string(operation.text_of("payload"));
    }
  }
  return spec;
}

// Copies a folder of the host.
void fill(MemFs& files, const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder);
    if (entry.is_directory()) {
      const fs::path parent = fs::path(name).parent_path();
      auto dir = files.open(MemFs::kRoot, parent.empty() ? "." : parent.string(), O_PATH | O_DIRECTORY, 0);
      ASSERT_TRUE(dir) << name;
      ASSERT_TRUE(files.make_directory({dir->node(), fs::path(name).filename().string(), false}, 0)) << name;
      continue;
    }
    auto file = files.open(MemFs::kRoot, name, O_CREAT | O_EXCL | O_WRONLY, 0);
    ASSERT_TRUE(file) << name;
    const std::string contents = read_all(entry.path());
    if (contents.empty()) continue;
    ASSERT_EQ(files.write(file->node(), 0, std::span(reinterpret_cast<const u8*>(contents.data()), contents.size())),
              contents.size());
  }
}

void run(const fs::path& program, const Specification& spec) {
  boundary::CaptureSink out(1 << 20, 0), err(1 << 20, 0);
  wasi_p1::Config config;
  config.grants.args = {program.filename()};
  config.grants.args.insert(config.grants.args.end(), spec.args.begin(), spec.args.end());
  config.grants.env = spec.env;
  config.grants.memory = {{"/", u64{64} << 20, boundary::kReadWrite}};
  config.stdout_ = &out;
  config.stderr_ = &err;
  auto session = wasi_p1::Session::create(std::move(config));
  ASSERT_TRUE(session) << session.error().message;
  fill(*(*session)->mounts().root()->memory, program.parent_path() / spec.root);

  runtime::Engine engine;
  const std::string bytes = read_all(program);
  auto module = wasm::load_module(std::vector<u8>(bytes.begin(), bytes.end()), engine.types());
  ASSERT_TRUE(module) << module.error().message;
  runtime::Store store(engine);
  exec::attach(store);
  auto stack = runtime::Stack::create(store);
  ASSERT_TRUE(stack);
  (*stack)->fuel = 2'000'000'000;
  runtime::Linker linker;
  ASSERT_TRUE(wasi_p1::define_wasi(linker, store, **session, module->get()));
  auto made = runtime::instantiate(store, *module, linker, **stack);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->outcome, runtime::Outcome::returned);
  auto entry = runtime::find_export(*made->instance, "_start");
  ASSERT_TRUE(entry);
  const runtime::Outcome ended = exec::invoke(**stack, *entry->func, {}, {});
  ASSERT_TRUE(ended == runtime::Outcome::returned || ended == runtime::Outcome::exited) << err.head();
  EXPECT_EQ(ended == runtime::Outcome::exited ? (*stack)->exit_code : 0, spec.exit_code) << err.head();
  if (spec.out) EXPECT_EQ(out.head(), *spec.out);
}

TEST(WasiMemoryRoot, ProgramsOfTheCorporaPass) {
  const auto corpora = test::corpora("wasi-p1");
  if (!corpora) GTEST_SKIP() << "no corpora";
  usize ran = 0;
  for (const fs::path& program : test::files_below(*corpora, ".wasm")) {
    const Specification spec = specification(fs::path(program).replace_extension(".json"));
    if (spec.root.empty()) continue;
    SCOPED_TRACE(program.string());
    run(program, spec);
    ++ran;
  }
  EXPECT_GE(ran, 49u);
}

}  // namespace
}  // namespace dewar
