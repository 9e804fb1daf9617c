// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a call from a guest to a host function costs in the interpreter: a loop of calls less the same loop without
// them, in nanoseconds of CPU time a call. Every call has its grants, limits, counters and fuel, as always; the second
// figure has an audit reader attached, which sees arguments, results and the bytes written. Prints one line a function.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "exec/exec.h"
#include "host/wasi_p1/session.h"
#include "runtime/instantiate.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::bench {

namespace {

constexpr u32 kCalls = 200'000;
constexpr int kRepeats = 15;

struct Case {
  const char* name;  ///< of the function in wasi_snapshot_preview1
  const char* type;
  const char* args;  ///< text of the arguments
};
constexpr Case kCases[] = {
    {"sched_yield", "(result i32)", ""},
    {"clock_time_get", "(param i32 i64 i32) (result i32)", "(i32.const 1) (i64.const 1) (i32.const 64)"},
    {"random_get", "(param i32 i32) (result i32)", "(i32.const 64) (i32.const 8)"},
    {"fd_fdstat_get", "(param i32 i32) (result i32)", "(i32.const 3) (i32.const 64)"},
    {"fd_write", "(param i32 i32 i32 i32) (result i32)", "(i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)"},
};

/// Reads everything of every call, as an audit log would before it writes.
struct Audit final : boundary::Observer {
  u64 sum = 0;
  void before(const boundary::CallView& call) override {
    for (const Slot arg : call.args) sum += arg;
  }
  void after(const boundary::CallView& call) override {
    for (const boundary::GuestRange& range : call.written) sum += range.address + range.size;
    for (const Slot result : call.results) sum += result;
  }
};

std::string module_text(const Case& c) {
  const std::string loop = R"(
    (local $i i32)
    (loop $again )";
  const std::string again = R"(
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))))";
  return std::string("(module (import \"wasi_snapshot_preview1\" \"") + c.name + "\" (func $f " + c.type + "))" +
         "(memory (export \"memory\") 1) (data (i32.const 0) \"\\20\\00\\00\\00\\10\\00\\00\\00\")" +
         "(func (export \"calls\") (param $n i32)" + loop + "(drop (call $f " + c.args + "))" + again +
         "(func (export \"empty\") (param $n i32)" + loop + "(drop (i32.const 0))" + again + ")";
}

double cpu_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "bench_host_call: %s\n", error.message.c_str());
  std::exit(1);
}

/// Least CPU time of one call of an export.
double least_ns(runtime::Stack& stack, runtime::Instance& instance, const char* name) {
  const auto found = runtime::find_export(instance, name);
  const Slot arg = kCalls;
  double least = 1e18;
  for (int i = 0; i < kRepeats; ++i) {
    const double before = cpu_ns();
    if (exec::invoke(stack, *found->func, std::span(&arg, 1), {}) != runtime::Outcome::returned) {
      give_up(Error{"bench-program", "the loop failed", Error::kNoOffset, 0, 0, ""});
    }
    least = std::min(least, cpu_ns() - before);
  }
  return least;
}

void measure(const Case& c) {
  runtime::Engine engine({});
  auto bytes = text::wat_to_wasm(module_text(c));
  if (!bytes) give_up(bytes.error());
  auto module = wasm::load_module(std::move(*bytes), engine.types(), engine.options().features);
  if (!module) give_up(module.error());
  auto session = wasi_p1::Session::create({});
  if (!session) give_up(session.error());
  runtime::Store store(engine);
  exec::attach(store);
  auto stack = runtime::Stack::create(store, runtime::Stack::kDefaultBytes);
  if (!stack) give_up(stack.error());
  (*stack)->fuel = INT64_MAX;
  runtime::Linker linker;
  if (auto ok = wasi_p1::define_wasi(linker, store, **session, module->get()); !ok) give_up(ok.error());
  auto made = runtime::instantiate(store, *module, linker, **stack);
  if (!made) give_up(made.error());

  const double empty = least_ns(**stack, *made->instance, "empty");
  const double plain = least_ns(**stack, *made->instance, "calls");
  Audit audit;
  (*session)->boundary().add_observer(audit);
  const double audited = least_ns(**stack, *made->instance, "calls");
  (*session)->boundary().remove_observer(audit);
  const auto per_call = [&](double ns) { return (ns - empty) / kCalls; };
  std::printf("%s\t%.1f\t%.1f\n", c.name, per_call(plain), per_call(audited));
}

}  // namespace

}  // namespace dewar::bench

int main() {
  for (const dewar::bench::Case& c : dewar::bench::kCases) dewar::bench::measure(c);
}
