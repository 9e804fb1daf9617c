// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The life of a run: validate, bind, instantiate, call, tell. Order of destruction matters: the watchdog goes before
// the stack, the stack before the store, the store before the session that its host functions point to.
#include "api/run.h"

#include <algorithm>
#include <memory>

#include "api/guest_report.h"
#include "api/values.h"
#include "api/watchdog.h"
#include "base/print.h"
#include "base/utf8.h"
#include "exec/exec.h"
#include "host/wasi_p1/session.h"
#include "runtime/instantiate.h"
#include "text/locate.h"
#include "text/wat.h"
#include "wasm/decoder.h"
#include "wasm/names.h"
#include "wasm/validate.h"

namespace dewar::api {

namespace {

using runtime::TrapKind;

constexpr usize kMaxNameText = 256;
// Fuel is a signed count down; a limit above this is none.
constexpr u64 kUnlimitedFuel = static_cast<u64>(INT64_MAX);

class Run {
 public:
  explicit Run(RunConfig config) : config_(std::move(config)) {}

  Outcome go() {
    if (config_.limits.max_memory_bytes == 0) config_.limits.max_memory_bytes = 1;
    outcome_.language = config_.interpreter ? config_.interpreter->language : "wasm";
    if (config_.limits.wall_time_ms) {
      watchdog_ = std::make_unique<Watchdog>(std::chrono::milliseconds(*config_.limits.wall_time_ms));
    }
    if (Result<void> ok = execute(); !ok) {
      if (std::string_view(ok.error().code) == base::kStopped) {
        end_by_wall_time();
      } else {
        Outcome failed = refused(std::move(ok.error()));
        failed.language = outcome_.language;
        outcome_ = std::move(failed);
      }
    }
    describe();
    return std::move(outcome_);
  }

 private:
  Result<void> execute() {
    if (wasm::looks_like_component(config_.module)) {
      return fail("component-unsupported", "this is a component, and only core modules can be run so far", 0,
                  "run the core module that the component was made from");
    }
    engine_ = std::make_unique<runtime::Engine>(
        runtime::EngineOptions{.features = config_.features, .hide_memory = config_.hide_memory});
    if (Result<void> ok = load(); !ok) return ok;

    auto session = wasi_p1::Session::create(session_config());
    if (!session) return std::unexpected(std::move(session.error()));
    session_ = std::move(*session);
    runtime::StoreLimits limits;
    limits.max_memory_bytes = config_.limits.max_memory_bytes;
    limits.max_table_elements = config_.limits.max_table_elements;
    limits.max_gc_bytes = config_.limits.max_gc_bytes;
    if (const auto total = joint_limit()) limits.max_total_bytes = *total;
    store_ = std::make_unique<runtime::Store>(*engine_, limits);
    exec::attach(*store_);
    auto stack = runtime::Stack::create(*store_, config_.limits.stack_bytes);
    if (!stack) return std::unexpected(std::move(stack.error()));
    stack_ = std::move(*stack);
    start_fuel_ = static_cast<i64>(std::min(config_.limits.fuel.value_or(kUnlimitedFuel), kUnlimitedFuel));
    stack_->fuel = start_fuel_;

    runtime::Linker linker;
    if (auto ok = wasi_p1::define_wasi(linker, *store_, *session_, module_.get()); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    if (Result<void> ok = check_entry(); !ok) return ok;
    if (watchdog_) watchdog_->guard(*stack_);
    auto made = runtime::instantiate(*store_, module_, linker, *stack_);
    if (!made) return std::unexpected(std::move(made.error()));
    runtime::Outcome ended = made->outcome;
    if (ended == runtime::Outcome::returned) {
      auto called = config_.invoke ? invoke(*made->instance) : start(*made->instance);
      if (!called) return std::unexpected(std::move(called.error()));
      ended = *called;
    }
    settle(ended);
    if (made->instance) measure(*made->instance);
    return {};
  }

  Result<void> load() {
    const base::StopFlag* stop = watchdog_ ? &watchdog_->flag() : nullptr;
    std::vector<u8> given = std::move(config_.module), bytes;
    const std::string_view source(reinterpret_cast<const char*>(given.data()), given.size());
    const text::WatOptions options{.stop = stop};
    if (config_.is_text) {
      auto written = text::wat_to_wasm(source, options);
      if (!written) return std::unexpected(std::move(written.error()));
      bytes = std::move(*written);
    } else {
      bytes = std::move(given);
    }
    auto module = wasm::load_module(std::move(bytes), engine_->types(), config_.features, stop);
    if (!module) {
      Error& error = module.error();
      return std::unexpected(config_.is_text ? text::with_position(std::move(error), source, options)
                                             : std::move(error));
    }
    module_ = *module;
    return {};
  }

  // A module may declare a hundred memories and tables: together they get what one of each may have, no multiple.
  std::optional<u64> joint_limit() const {
    constexpr u64 kElementBytes = 16;
    u64 table_bytes = 0, total = 0;
    if (__builtin_mul_overflow(config_.limits.max_table_elements, kElementBytes, &table_bytes)) return std::nullopt;
    if (__builtin_add_overflow(config_.limits.max_memory_bytes, table_bytes, &total)) return std::nullopt;
    return total;
  }

  wasi_p1::Config session_config() {
    wasi_p1::Config config;
    if (!config_.out) out_capture_.emplace(config_.capture_head, config_.capture_tail);
    if (!config_.err) err_capture_.emplace(config_.capture_head, config_.capture_tail);
    config.grants = config_.grants;
    config.stdout_ = config_.out ? config_.out : &*out_capture_;
    config.stderr_ = config_.err ? config_.err : &*err_capture_;
    config.stdin_ = config_.in;
    config.stdout_is_terminal = config_.out && config_.out_is_terminal;
    config.stderr_is_terminal = config_.err && config_.err_is_terminal;
    if (config_.interpreter) {
      config.report = true;
      config.report_path = config_.interpreter->report_path;
      config.user_script = config_.interpreter->script;
      config.library_paths = config_.interpreter->library_paths;
      config.interpreter = true;
    }
    return config;
  }

  // What to call is checked before anything of the module runs.
  Result<void> check_entry() {
    const auto function = [&](std::string_view name) {
      return std::any_of(module_->exports.begin(), module_->exports.end(),
                         [&](const wasm::Export& e) { return e.kind == wasm::ExternKind::func && e.name == name; });
    };
    if (config_.invoke) {
      if (function(*config_.invoke)) return {};
      return fail("invoke-not-found", "the module exports no function \"" + *config_.invoke + "\"", Error::kNoOffset,
                  exported_functions());
    }
    if (function("_start") || function("_initialize") || module_->start) return {};
    return fail("no-entry", "the module exports no _start function and has no start section", Error::kNoOffset,
                "name a function with --invoke; " + exported_functions());
  }

  std::string exported_functions() const {
    std::string names;
    usize shown = 0;
    for (const wasm::Export& e : module_->exports) {
      if (e.kind != wasm::ExternKind::func) continue;
      if (++shown > 8) return "it exports functions " + names + ", ...";
      if (!names.empty()) names += ", ";
      // In a line of ours: no line breaks, no control characters.
      names += base::escape_for_terminal(e.name.substr(0, kMaxNameText));
    }
    return shown ? "it exports functions " + names : "it exports no function";
  }

  Result<runtime::Outcome> start(runtime::Instance& instance) {
    for (const char* name : {"_initialize", "_start"}) {
      auto entry = runtime::find_export(instance, name);
      if (!entry || entry->kind != wasm::ExternKind::func) continue;
      const wasm::CanonSubType& type = engine_->types().type(entry->func->type);
      if (!type.params.empty() || !type.results.empty()) {
        return fail("entry-type", std::string(name) + " must take and return nothing");
      }
      const runtime::Outcome ended = exec::invoke(*stack_, *entry->func, {}, {});
      if (ended != runtime::Outcome::returned) return ended;
    }
    return runtime::Outcome::returned;
  }

  Result<runtime::Outcome> invoke(runtime::Instance& instance) {
    // A reactor is initialised before any of its exports is called (WASI application ABI).
    auto init = runtime::find_export(instance, "_initialize");
    if (init && init->kind == wasm::ExternKind::func && *config_.invoke != "_initialize") {
      const wasm::CanonSubType& type = engine_->types().type(init->func->type);
      if (type.params.empty() && type.results.empty()) {
        const runtime::Outcome ended = exec::invoke(*stack_, *init->func, {}, {});
        if (ended != runtime::Outcome::returned) return ended;
      }
    }
    runtime::Func& func = *runtime::find_export(instance, *config_.invoke)->func;
    const wasm::CanonSubType& type = engine_->types().type(func.type);
    if (type.params.size() != config_.invoke_args.size()) {
      std::string wanted;
      for (wasm::CanonValType t : type.params) {
        if (wanted.size() > kMaxNameText) {
          wanted += " ...";
          break;
        }
        wanted += (wanted.empty() ? "" : " ") + wasm::to_string(t);
      }
      return fail("invoke-arguments",
                  "\"" + *config_.invoke + "\" takes " + base::dec(type.params.size()) + " arguments, not " +
                      base::dec(config_.invoke_args.size()),
                  Error::kNoOffset, wanted.empty() ? "" : "their types are " + wanted);
    }
    std::vector<Slot> args, results;
    for (usize i = 0; i < type.params.size(); ++i) {
      const usize at = args.size();
      args.resize(at + type.params[i].slots());
      if (Result<void> ok = parse_value(config_.invoke_args[i], type.params[i], &args[at]); !ok) {
        return std::unexpected(std::move(ok.error()));
      }
    }
    for (wasm::CanonValType t : type.results) results.resize(results.size() + t.slots());
    const runtime::Outcome ended = exec::invoke(*stack_, func, args, results);
    if (ended == runtime::Outcome::returned) {
      usize at = 0;
      for (wasm::CanonValType t : type.results) {
        outcome_.results.push_back(wasm::to_string(t) + ":" + value_text(t, &results[at]));
        at += t.slots();
      }
    }
    return ended;
  }

  void end(OutcomeClass cls, std::string code, std::string message, u32 exit_code) {
    outcome_.cls = cls;
    outcome_.code = std::move(code);
    outcome_.message = std::move(message);
    outcome_.exit_code = exit_code;
  }

  void end_by_wall_time() {
    end(OutcomeClass::limit, "wall-time",
        "the program ran longer than " + base::dec(*config_.limits.wall_time_ms) + " ms", kExitWallTime);
    outcome_.retryable = true;
    outcome_.reproducible = false;
  }

  void settle(runtime::Outcome ended) {
    const bool timed_out = watchdog_ && watchdog_->fired();
    watchdog_.reset();
    switch (ended) {
      case runtime::Outcome::returned: end(OutcomeClass::exit, "ok", "the program ended", 0); return;
      case runtime::Outcome::exited:
        if (stack_->exit_code == 0) {
          end(OutcomeClass::exit, "ok", "the program ended", 0);
        } else {
          end(OutcomeClass::exit, "exit-nonzero", "the program ended with exit code " + base::dec(stack_->exit_code),
              stack_->exit_code);
        }
        return;
      case runtime::Outcome::threw:
        end(OutcomeClass::trap, "uncaught-exception", "a WebAssembly exception was not caught", kExitTrap);
        outcome_.trap = TrapReport{"uncaught-exception", outcome_.message, "", {}, 0};
        return;
      case runtime::Outcome::pending:
        end(OutcomeClass::trap, "suspended", "a host function suspended a run that nothing resumes", kExitTrap);
        return;
      case runtime::Outcome::trapped: settle_trap(timed_out); return;
    }
  }

  void settle_trap(bool timed_out) {
    const runtime::Trap& trap = stack_->trap;
    const std::string code(runtime::trap_code(trap.kind));
    report_trap(trap);
    switch (trap.kind) {
      case TrapKind::out_of_fuel:
        end(OutcomeClass::limit, "fuel", "the program used up its fuel of " + base::dec(static_cast<u64>(start_fuel_)),
            kExitLimit);
        return;
      case TrapKind::interrupted:
        if (timed_out) {
          end_by_wall_time();
          return;
        }
        break;
      case TrapKind::stack_exhausted:
        end(OutcomeClass::limit, "stack",
            "calls nested too deep: the stack of " + base::human_size(config_.limits.stack_bytes) + " is full",
            kExitLimit);
        return;
      case TrapKind::gc_heap_exhausted:
        end(OutcomeClass::limit, "gc-heap",
            "the garbage-collected heap of " + base::human_size(config_.limits.max_gc_bytes) + " is full", kExitLimit);
        return;
      default: break;
    }
    std::string message(runtime::trap_message(trap.kind));
    if (!trap.detail.empty()) message += ": " + trap.detail;
    end(OutcomeClass::trap, code, std::move(message), kExitTrap);
  }

  void report_trap(const runtime::Trap& trap) {
    TrapReport report;
    report.kind = runtime::trap_code(trap.kind);
    report.message = runtime::trap_message(trap.kind);
    report.detail = trap.detail;
    report.total_frames = trap.total_frames;
    const wasm::Names names = wasm::read_names(*module_);
    for (const runtime::FrameInfo& frame : trap.frames) {
      if (!frame.instance || frame.instance->module.get() != module_.get()) continue;
      WasmFrame out;
      out.index = frame.func;
      out.function = wasm::func_display_name(*module_, names, wasm::FuncIndex{frame.func}).substr(0, kMaxNameText);
      out.offset = u64{module_->funcs[frame.func].body.offset} + frame.pc;
      report.frames.push_back(std::move(out));
    }
    outcome_.trap = std::move(report);
  }

  void measure(runtime::Instance& instance) {
    for (const auto& memory : instance.memory_owners) {
      outcome_.memory.used = std::max(outcome_.memory.used, memory->bytes.load(std::memory_order_acquire));
    }
    for (usize i = 0; i < module_->memories.size(); ++i) {
      outcome_.memory.used =
          std::max(outcome_.memory.used, instance.memories[i]->bytes.load(std::memory_order_acquire));
    }
  }

  // Everything that is told of a run whether it succeeded or not.
  void describe() {
    watchdog_.reset();
    outcome_.program = config_.program;
    outcome_.policy = std::move(config_.policy);
    if (config_.interpreter) {
      outcome_.guest_name = config_.interpreter->name;
      outcome_.guest_version = config_.interpreter->version;
    }
    outcome_.out = captured(out_capture_);
    outcome_.err = captured(err_capture_);
    outcome_.fuel.allowed = config_.limits.fuel;
    outcome_.memory.allowed = config_.limits.max_memory_bytes;
    if (const auto total = joint_limit()) outcome_.total_memory.allowed = *total;
    if (store_) outcome_.total_memory.used = store_->total_bytes();
    outcome_.wall_time_ms = config_.limits.wall_time_ms;
    outcome_.stack_bytes = config_.limits.stack_bytes;
    outcome_.real_clock = config_.grants.clock == boundary::ClockPolicy::real;
    outcome_.real_random = config_.grants.random == boundary::RandomPolicy::real;
    outcome_.seed = config_.grants.seed;
    outcome_.reproducible &= !outcome_.real_clock && !outcome_.real_random;
    if (stack_) {
      outcome_.fuel.used = static_cast<u64>(start_fuel_ - std::max<i64>(stack_->fuel, 0));
      outcome_.instructions = outcome_.fuel.used - std::min(outcome_.fuel.used, stack_->bulk_surcharge);
    }
    if (!session_) return;
    const boundary::DenialLog& log = session_->denials();
    outcome_.denials = log.denials();
    outcome_.probes = log.probes();
    outcome_.total_denials = log.total_denials();
    outcome_.unlisted_denials = log.unlisted_denials();
    outcome_.unlisted_probes = log.unlisted_probes();
    if (const u64 asked = session_->stdin_refused()) {
      const char* rule = "stdin-not-granted";  // error code
      outcome_.denials.push_back({"fd_read", "standard input", rule, "stdin", "end of file", "", asked});
      outcome_.total_denials += asked;
    }
    outcome_.host_calls = session_->boundary().counters().calls;
    outcome_.random_bytes = session_->random().bytes();
    if (config_.interpreter) describe_guest();
  }

  void describe_guest() {
    GuestReport report = read_guest_report(session_->report(), config_.interpreter->script, config_.program);
    outcome_.attempts = std::move(report.attempts);
    outcome_.unlisted_attempts = report.unlisted_attempts;
    if (!report.error || outcome_.cls != OutcomeClass::exit || outcome_.exit_code == 0) return;
    outcome_.error = std::move(report.error);
    outcome_.code = "guest-exception";
    outcome_.message = outcome_.error->type + ": " + outcome_.error->message;
  }

  static std::optional<CapturedText> captured(const std::optional<boundary::CaptureSink>& sink) {
    if (!sink) return std::nullopt;
    return CapturedText{sink->head(), sink->tail(), sink->total(), sink->dropped()};
  }

  RunConfig config_;
  Outcome outcome_;
  i64 start_fuel_ = 0;
  std::optional<boundary::CaptureSink> out_capture_, err_capture_;
  std::unique_ptr<runtime::Engine> engine_;
  std::unique_ptr<wasi_p1::Session> session_;
  base::Ref<const wasm::Module> module_;
  std::unique_ptr<runtime::Store> store_;
  std::unique_ptr<runtime::Stack> stack_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace

Outcome run(RunConfig config) { return Run(std::move(config)).go(); }

}  // namespace dewar::api
