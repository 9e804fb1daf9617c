// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long a run goes on after it was asked to end: one thread runs a program that never ends by itself, another asks
// at some moment, and the time counts until the call has come back to its host. Prints a line for each tier and
// program: requests; microseconds p50, p99 and most; p99 of the processor time that the run still took, which a busy
// machine cannot change. Tab separated.
// usage: bench_interrupt [REQUESTS]
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "exec/exec.h"
#include "runtime/instantiate.h"
#include "text/wat.h"
#include "wasm/validate.h"

namespace dewar::bench {
namespace {

/// Microseconds of a clock.
double now(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

/// Sleeping, so as not to disturb who is measured.
void wait_until_more(const std::atomic<u32>& count, u32 than) {
  while (count.load() <= than) std::this_thread::sleep_for(std::chrono::microseconds(20));
}

double percentile(std::vector<double>& times, double part) {
  std::ranges::sort(times);
  return times[static_cast<usize>(part * static_cast<double>(times.size() - 1))];
}

struct Program {
  const char* name;
  std::string fields;      ///< "run" calls $go, and does not end
  bool made_anew = false;  ///< for each request: nothing is prepared
  u32 latest = 300'000;    ///< request, in ns after the run's begin
};

/// About 900 KB of straight-line code.
std::string large_body() {
  std::string text;
  for (int i = 0; i < 130'000; ++i) text += "(local.set $i (i32.add (local.get $i) (i32.const 1)))";
  return text;
}

/// To find where it stopped takes longest.
std::string large_loop() {
  return R"((func (export "run") (local $i i32) (call $go) (loop $l )" + large_body() + "(br $l)))";
}

/// Its time goes into preparing and compiling.
std::string large_functions() {
  std::string text = R"((func (export "run") (call $go) )", functions;
  for (int i = 0; i < 4; ++i) {
    text += "(call $f" + std::to_string(i) + ")";
    functions += "(func $f" + std::to_string(i) + " (local $i i32) " + large_body() + ")";
  }
  return text + "(loop $l (br $l)))" + functions;
}

std::vector<Program> programs() {
  return {
      {"empty loop", R"((func (export "run") (call $go) (loop $l (br $l))))"},
      {"calls", R"((func $deep (param i32)
          (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "run") (call $go) (loop $l (call $deep (i32.const 5000)) (br $l))))"},
      {"br_table loop", R"((func (export "run") (local $i i32) (call $go)
          (loop $a (loop $b (loop $c (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_table $a $b $c $a $b $c $a $b (i32.and (local.get $i) (i32.const 7))))))))"},
      {"memory.fill of 64 MiB", R"((memory 1024) (func (export "run") (call $go)
          (loop $l (memory.fill (i32.const 0) (i32.const 7) (i32.const 0x4000000)) (br $l))))"},
      {"tail calls", R"((func $a (return_call $b)) (func $b (return_call $a))
        (func (export "run") (call $go) (return_call $a)))"},
      {"large loop", large_loop()},
      {"collections", R"((type $n (struct (field (ref null $n)))) (global $list (mut (ref null $n)) (ref.null $n))
        (func $fill (local $i i32) (loop $l (global.set $list (struct.new $n (global.get $list)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000000)))))
        (start $fill)
        (func (export "run") (call $go) (loop $l (drop (struct.new_default $n)) (br $l))))",
       false, 30'000'000},
      {"large arrays", R"((type $n (struct (field i64))) (type $a (array (mut i8)))
        (func (export "run") (local $i i32) (call $go)
          (loop $l (loop $s (drop (struct.new_default $n))
            (br_if $s (i32.and (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0xfffff))))
          (drop (array.new $a (i32.const 1) (i32.const 100000000))) (br $l))))",
       false, 40'000'000},
      {"large functions", large_functions(), true, 30'000'000},
  };
}

[[noreturn]] void give_up(const std::string& message) {
  std::fprintf(stderr, "bench_interrupt: %s\n", message.c_str());
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

/// What is run, with all that its first run leaves behind.
struct World {
  World(runtime::Engine& engine, const base::Ref<const wasm::Module>& module, std::atomic<u32>& begun) : store(engine) {
    exec::attach(store);
    stack = need(runtime::Stack::create(store, runtime::Stack::kDefaultBytes));
    stack->fuel = INT64_MAX;
    runtime::Linker linker;
    const auto go = [](runtime::CallContext& ctx, const Slot*, Slot*) {
      static_cast<std::atomic<u32>*>(ctx.env)->fetch_add(1);
      return runtime::HostStatus::ok;
    };
    runtime::Extern import;
    import.func = need(store.new_host_func(need(engine.types().func_type({}, {})), go, &begun));
    linker.define("env", "go", import);
    run = runtime::find_export(*need(runtime::instantiate(store, module, linker, *stack)).instance, "run")->func;
  }

  runtime::Store store;
  std::unique_ptr<runtime::Stack> stack;
  runtime::Func* run = nullptr;
};

void measure(const char* tier_name, runtime::Tier tier, const Program& program, u32 requests) {
  runtime::EngineOptions options;
  options.tier = tier;
  runtime::Engine engine(options);
  const auto module = need(wasm::load_module(
      need(text::wat_to_wasm("(module (import \"env\" \"go\" (func $go)) " + program.fields + ")")), engine.types()));
  std::atomic<u32> begun = 0, asked = 0, ended = 0;
  auto world = std::make_unique<World>(engine, module, begun);
  if (tier != runtime::Tier::interp && !engine.native()) give_up("no memory for compiled code");

  std::vector<double> wall(requests), cpu(requests);  // of the end; then from the request to the end
  std::thread guest([&] {
    for (u32 i = 0; i < requests; ++i) {
      if (program.made_anew) world = std::make_unique<World>(engine, module, begun);
      runtime::Stack& stack = *world->stack;
      stack.fuel = INT64_MAX;
      const auto outcome = exec::invoke(stack, *world->run, {}, {});
      wall[i] = now(CLOCK_MONOTONIC);
      cpu[i] = now(CLOCK_THREAD_CPUTIME_ID);
      if (outcome != runtime::Outcome::trapped || stack.trap.kind != runtime::TrapKind::interrupted)
        give_up("the program ended otherwise");
      while (asked.load() <= i) std::this_thread::yield();  // or the stack is gone while somebody still asks
      stack.clear_interrupt(runtime::kInterruptKill);
      ended.fetch_add(1);
    }
  });
  clockid_t guest_clock{};
  ::pthread_getcpuclockid(guest.native_handle(), &guest_clock);
  u32 random = 1;
  for (u32 i = 0; i < requests; ++i) {
    wait_until_more(begun, i);
    random = random * 1664525 + 1013904223;
    std::this_thread::sleep_for(std::chrono::nanoseconds((random >> 4) % program.latest));
    const double cpu_before = now(guest_clock), before = now(CLOCK_MONOTONIC);
    world->stack->interrupt(runtime::kInterruptKill);
    asked.fetch_add(1);
    wait_until_more(ended, i);
    wall[i] -= before;
    cpu[i] -= cpu_before;
  }
  guest.join();
  std::printf("%s\t%s\t%u\t%.1f\t%.1f\t%.1f\t%.1f\n", tier_name, program.name, requests, percentile(wall, 0.5),
              percentile(wall, 0.99), wall.back(), percentile(cpu, 0.99));
}

}  // namespace
}  // namespace dewar::bench

int main(int argc, char** argv) {
  using dewar::runtime::Tier;
  const long requests = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1000;
  if (requests < 1 || requests > 1'000'000) {
    std::fprintf(stderr, "usage: bench_interrupt [REQUESTS]\n");
    return 2;
  }
  for (const auto& program : dewar::bench::programs()) {
    dewar::bench::measure("interp", Tier::interp, program, static_cast<dewar::u32>(requests));
#if defined(__x86_64__)
    dewar::bench::measure("baseline", Tier::baseline, program, static_cast<dewar::u32>(requests));
#endif
  }
}
