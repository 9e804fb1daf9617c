// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The life of a run: validate, bind, instantiate, call, tell. Order of destruction matters: the watchdog goes before
// the stack, the stack before the store, the store before the session that its host functions point to.
#include "api/run.h"

#include <algorithm>
#include <memory>

#include "api/guest_report.h"
#include "api/host_room.h"
#include "api/spill.h"
#include "api/values.h"
#include "api/watchdog.h"
#include "base/print.h"
#include "base/utf8.h"
#include "boundary/lone_wait.h"
#include "exec/exec.h"
#include "exec/tier.h"
#include "gc/heap.h"
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
constexpr usize kMaxDetail = 1024;  // a trap's detail quotes names of the module, which can be long
constexpr u64 kNone = ~u64{0};
constexpr const char* kScratchPath = "/tmp";
// Fuel is a signed count down; a limit above this is none.
constexpr u64 kUnlimitedFuel = static_cast<u64>(INT64_MAX);

class Run {
 public:
  explicit Run(RunConfig config) : config_(std::move(config)) {}

  Outcome go() {
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
    if (outcome_.cls == OutcomeClass::refused || !session_) out_files_.abandon();
    describe();
    bring_files_back();
    if (config_.watcher) config_.watcher->ended(outcome_, session_.get(), store_.get(), instance_);
    return std::move(outcome_);
  }

 private:
  Result<void> execute() {
    if (wasm::looks_like_component(config_.module)) {
      return fail("component-unsupported", "this is a component, and only core modules can be run so far", 0,
                  "run the core module that the component was made from");
    }
    if (Result<void> ok = check_descriptor_room(config_.limits, config_.grants); !ok) return ok;
    runtime::EngineOptions options;
    options.features = config_.features;
    options.tier = config_.tier, options.tiering = config_.tiering;
    options.explicit_bounds = config_.explicit_bounds, options.cpu_level = config_.cpu_level;
    options.code_listener = config_.code_listener.get();
    options.hide_memory = config_.hide_memory;
    if ((options.tier == runtime::Tier::baseline || options.tier == runtime::Tier::random) && !config_.native) {
      // Asked for, so that it is an error if it cannot be had.
      auto native = exec::make_native();
      if (!native) return std::unexpected(std::move(native.error()));
      config_.native = std::move(*native);
    }
    engine_ = std::make_unique<runtime::Engine>(options, config_.native);
    if (Result<void> ok = load(); !ok) return ok;

    if (config_.out_folder && !config_.out_folder->host_path.empty()) {
      if (Result<void> ok = out_files_.open(*config_.out_folder); !ok) return ok;
    }
    auto session = wasi_p1::Session::create(session_config());
    if (!session) return std::unexpected(std::move(session.error()));
    session_ = std::move(*session);
    runtime::StoreLimits limits;
    limits.max_memory_bytes = config_.limits.max_memory_bytes.value_or(kNone);
    limits.max_table_elements = config_.limits.max_table_elements.value_or(kNone);
    limits.max_gc_bytes = config_.limits.max_gc_bytes.value_or(kNone);
    limits.max_code_bytes = config_.limits.max_code_bytes.value_or(kNone);
    limits.max_total_bytes = config_.limits.total_memory().value_or(kNone);
    store_ = std::make_unique<runtime::Store>(*engine_, limits);
    exec::attach(*store_);
    boundary::wait_alone(*store_, session_->clock());  // a run is one thread of the guest
    auto stack = runtime::Stack::create(*store_, stack_limit());
    if (!stack) return std::unexpected(std::move(stack.error()));
    stack_ = std::move(*stack);
    start_fuel_ = static_cast<i64>(std::min(config_.limits.fuel.value_or(kUnlimitedFuel), kUnlimitedFuel));
    stack_->fuel = start_fuel_;
    if (config_.handle) config_.handle->attach(*stack_);

    runtime::Linker linker;
    if (auto ok = wasi_p1::define_wasi(linker, *store_, *session_, module_.get()); !ok) {
      return std::unexpected(std::move(ok.error()));
    }
    if (Result<void> ok = check_entry(); !ok) return ok;
    auto imports = runtime::resolve_imports(*store_, *module_, linker);
    if (!imports) return std::unexpected(std::move(imports.error()));
    if (config_.watcher) config_.watcher->starting(*module_, *session_);
    // As late as possible: what is refused before it needs no cleaning up by a process that may do so no more.
    if (config_.before_guest) {
      if (Result<void> ok = config_.before_guest(); !ok) return ok;
    }
    if (watchdog_) watchdog_->guard(*stack_);
    auto made = runtime::instantiate(*store_, module_, *imports, *stack_);
    if (!made) return std::unexpected(std::move(made.error()));
    instance_ = made->instance;
    runtime::Outcome ended = made->outcome;
    if (ended == runtime::Outcome::returned) {
      auto called = config_.invoke ? invoke(*made->instance) : start(*made->instance);
      if (!called) return std::unexpected(std::move(called.error()));
      ended = *called;
    }
    settle(ended);
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

  u64 stack_limit() const { return config_.limits.stack_bytes.value_or(runtime::Stack::kMaxBytes); }

  wasi_p1::Config session_config() {
    wasi_p1::Config config;
    const usize kept = static_cast<usize>(config_.limits.kept_output_bytes.value_or(0));
    const usize tail = config_.capture_tail.value_or(kept / 2), head = config_.capture_head.value_or(kept - kept / 2);
    if (!config_.out) out_capture_.emplace(head, tail, config_.spill_folder, "stdout");
    if (!config_.err) err_capture_.emplace(head, tail, config_.spill_folder, "stderr");
    config.limits = {.bytes_per_call = config_.limits.max_call_bytes.value_or(kNone),
                     .calls = config_.limits.max_host_calls.value_or(kNone),
                     .bytes = config_.limits.max_host_bytes.value_or(kNone),
                     .output_bytes = config_.limits.max_output_bytes.value_or(kNone),
                     .random_bytes = config_.limits.max_random_bytes.value_or(kNone),
                     .files_created = config_.limits.max_files_created.value_or(kNone),
                     .bytes_written = config_.limits.max_written_bytes.value_or(kNone)};
    config.max_handles = static_cast<u32>(std::min<u64>(config_.limits.max_handles.value_or(kNone), UINT32_MAX));
    config.note_files = config_.watcher != nullptr;
    config.grants = config_.grants;
    const u64 scratch = config_.scratch_bytes.value_or(covers_scratch(config_.grants) ? 0 : RunConfig::kDefaultScratch);
    if (scratch > 0) config.grants.memory.push_back({kScratchPath, scratch, boundary::kReadWrite});
    if (config_.out_folder) {
      config.grants.memory.push_back({OutFolder::kGuestPath, config_.out_folder->max_bytes, boundary::kReadWrite});
    }
    config.stdout_ = config_.out ? config_.out : &*out_capture_;
    config.stderr_ = config_.err ? config_.err : &*err_capture_;
    config.stdin_ = config_.in;
    if (RunWatcher* watcher = config_.watcher) {
      config.stdout_ = watcher->output(1, config.stdout_);
      config.stderr_ = watcher->output(2, config.stderr_);
      config.stdin_ = watcher->input(config.stdin_);
    }
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

  // What the guest has at /tmp was granted, so no folder of ours hides it.
  static bool covers_scratch(const boundary::Grants& grants) {
    return std::any_of(grants.mounts.begin(), grants.mounts.end(), [](const boundary::MountGrant& grant) {
      const auto path = boundary::normalize_guest_path(grant.guest_path);
      // A mount that is there for single paths elsewhere shows nothing at /tmp.
      const auto about_scratch = [](const boundary::PathGrant& rule) {
        return rule.kind != boundary::PatternKind::exact || rule.pattern.starts_with(kScratchPath);
      };
      const bool shows = grant.rights != 0 || std::any_of(grant.paths.begin(), grant.paths.end(), about_scratch);
      return path && (*path == kScratchPath || (*path == "/" && shows));
    });
  }

  const boundary::MemFs* memory_at(std::string_view guest_path) const {
    for (const boundary::Mount& mount : session_->mounts().mounts()) {
      if (mount.memory && mount.guest_path == guest_path) return mount.memory.get();
    }
    return nullptr;
  }

  void bring_files_back() {
    if (!out_files_.is_open() || !session_) return;
    out_files_.write(*memory_at(OutFolder::kGuestPath), outcome_);
    if (!outcome_.outputs_failed || outcome_.cls != OutcomeClass::exit || outcome_.exit_code != 0) return;
    // Whoever wants the files must not take the run for a success.
    end(OutcomeClass::exit, "out-incomplete",
        "the program ended, but its files could not all be written to " + config_.out_folder->host_path, kExitOwnError);
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

  void end_by_boundary() {
    const auto allowed = [](const std::optional<u64>& limit) { return base::dec(limit.value_or(kNone)); };
    const RunLimits& limits = config_.limits;
    switch (session_->boundary().ended_by()) {
      case boundary::EndingLimit::none: break;
      case boundary::EndingLimit::calls:
        return end(OutcomeClass::limit, "host-calls",
                   "the program made more than " + allowed(limits.max_host_calls) + " host calls", kExitLimit);
      case boundary::EndingLimit::bytes:
        return end(OutcomeClass::limit, "host-bytes",
                   "host calls moved more than " + allowed(limits.max_host_bytes) + " bytes", kExitLimit);
      case boundary::EndingLimit::output:
        return end(OutcomeClass::limit, "output",
                   "the program wrote more than " + allowed(limits.max_output_bytes) + " bytes of output", kExitLimit);
      case boundary::EndingLimit::random:
        return end(OutcomeClass::limit, "random",
                   "the program asked for more than " + allowed(limits.max_random_bytes) + " random bytes", kExitLimit);
    }
    DEWAR_UNREACHABLE("no limit of the boundary");
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
        report_trap(stack_->trap);
        outcome_.trap->kind = outcome_.code;
        outcome_.trap->message = outcome_.message;
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
        if (config_.handle && config_.handle->cancelled()) {
          end(OutcomeClass::limit, "cancelled", "the run was cancelled from outside", kExitLimit);
          outcome_.retryable = true;
          outcome_.reproducible = false;
          return;
        }
        break;
      case TrapKind::stack_exhausted:
        end(OutcomeClass::limit, "stack",
            "calls nested too deep: the stack of " + base::human_size(stack_limit()) + " is full", kExitLimit);
        return;
      case TrapKind::gc_heap_exhausted:
        end(OutcomeClass::limit, "gc-heap",
            "the garbage-collected heap of " + base::human_size(store_->heap().max_bytes()) + " is full", kExitLimit);
        return;
      case TrapKind::host:
        if (session_->boundary().ended_by() == boundary::EndingLimit::none) break;
        end_by_boundary();
        return;
      case TrapKind::code_memory:
        end(OutcomeClass::limit, "code-memory",
            "functions made ready to run need more than " + base::human_size(store_->limits().max_code_bytes),
            kExitLimit);
        return;
      default: break;
    }
    std::string message(runtime::trap_message(trap.kind));
    if (!trap.detail.empty()) message += ": " + base::cut_text(trap.detail, kMaxNameText);
    end(OutcomeClass::trap, code, std::move(message), kExitTrap);
  }

  void report_trap(const runtime::Trap& trap) {
    TrapReport report;
    report.kind = runtime::trap_code(trap.kind);
    report.message = runtime::trap_message(trap.kind);
    report.detail = base::cut_text(trap.detail, kMaxDetail);
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

  // What was used of each limit. Called at the end, whatever it was.
  void measure() {
    for (const LimitSpec& spec : limit_table()) (outcome_.*spec.usage).allowed = config_.limits.*spec.value;
    outcome_.total_memory.allowed = config_.limits.total_memory();
    outcome_.wall_time.used = std::nullopt;  // it differs from run to run
    outcome_.stack.used = std::nullopt;      // nobody measures it
    if (stack_) {
      outcome_.fuel.used = static_cast<u64>(start_fuel_ - std::max<i64>(stack_->fuel, 0));
      outcome_.instructions = *outcome_.fuel.used - std::min(*outcome_.fuel.used, stack_->bulk_surcharge);
    }
    if (store_) measure_store();
    if (session_) measure_boundary();
  }

  void measure_store() {
    u64 memory = 0, table = 0;
    for (const auto& m : store_->memories()) {
      memory = std::max(memory, m->bytes.load(std::memory_order_acquire));
      growth_refused_ |= m->growth_refused.load(std::memory_order_relaxed);
    }
    for (const runtime::Table& t : store_->tables()) table = std::max(table, t.size);
    const runtime::GrowthBudget& growth = store_->growth();
    outcome_.memory.used = memory;
    outcome_.memory.refused = growth.refused_memory.load();
    outcome_.table_elements.used = table;
    outcome_.table_elements.refused = growth.refused_table.load();
    outcome_.total_memory.used = store_->total_bytes();
    outcome_.total_memory.refused = growth.refused_total.load();
    outcome_.gc_heap.used = store_->heap().peak_bytes();
    outcome_.code_memory.used = store_->code_peak();
    // The host had less memory than was allowed: elsewhere the same run may go on.
    if (growth.refused_system.load() > 0) outcome_.reproducible = false;
  }

  void measure_boundary() {
    const boundary::Boundary& b = session_->boundary();
    const auto of_quota = [](const boundary::Quota& quota, Usage& usage) {
      usage.used = quota.used();
      usage.refused = quota.refused();
    };
    of_quota(b.output, outcome_.output);
    of_quota(b.random, outcome_.random_limit);
    of_quota(b.files_created, outcome_.files_created);
    of_quota(b.bytes_written, outcome_.written);
    outcome_.handles.used = session_->handles().peak();
    outcome_.handles.refused = session_->handles().refused();
    outcome_.call_bytes.used = b.counters().bytes_in_a_call;
    outcome_.call_bytes.refused = b.counters().cut_calls;
    outcome_.host_bytes.used = b.counters().bytes;
    outcome_.host_call_limit.used = outcome_.host_calls = b.counters().calls;
    outcome_.random_bytes = session_->random().bytes();
    u64 kept = 0, cut = 0;
    for (const auto* text : {&outcome_.out, &outcome_.err}) {
      if (!*text) continue;
      kept = std::max<u64>(kept, (*text)->head.size() + (*text)->tail.size());
      cut += (*text)->dropped > 0;
    }
    outcome_.kept_output.used = kept;
    outcome_.kept_output.refused = cut;
    switch (b.ended_by()) {
      case boundary::EndingLimit::none: break;
      case boundary::EndingLimit::calls: outcome_.host_call_limit.refused = 1; break;
      case boundary::EndingLimit::bytes: outcome_.host_bytes.refused = 1; break;
      case boundary::EndingLimit::output:
      case boundary::EndingLimit::random: break;  // their quotas counted
    }
  }

  // Everything that is told of a run whether it succeeded or not.
  void describe() {
    watchdog_.reset();
    if (config_.handle) config_.handle->detach();
    outcome_.program = config_.program;
    outcome_.policy = std::move(config_.policy);
    if (config_.interpreter) {
      outcome_.guest_name = config_.interpreter->name;
      outcome_.guest_version = config_.interpreter->version;
    }
    outcome_.out = captured(out_capture_);
    outcome_.err = captured(err_capture_);
    measure();
    outcome_.real_clock = config_.grants.clock == boundary::ClockPolicy::real;
    outcome_.real_random = config_.grants.random == boundary::RandomPolicy::real;
    outcome_.clock_start = config_.grants.clock_start;
    outcome_.seed = config_.grants.seed;
    outcome_.stdin_granted = config_.grants.stdin_ == boundary::StdinPolicy::granted;
    outcome_.reproducible &= !outcome_.real_clock && !outcome_.real_random && config_.grants.sockets.empty();
    if (!session_) return;
    const boundary::DenialLog& log = session_->denials();
    outcome_.denials = log.denials();
    outcome_.probes = log.probes();
    outcome_.total_denials = log.total_denials();
    outcome_.unlisted_denials = log.unlisted_denials();
    outcome_.unlisted_probes = log.unlisted_probes();
    outcome_.stdin_refused = session_->stdin_refused();
    if (const u64 asked = outcome_.stdin_refused) {
      const char* rule = "stdin-not-granted";  // error code
      outcome_.denials.push_back({"fd_read", "standard input", rule, "stdin", "end of file", "", asked});
      outcome_.total_denials += asked;
    }
    const auto space = [](const boundary::MemFs* fs) {
      return fs ? Space{fs->peak(), fs->max_bytes(), fs->refused()} : Space{};
    };
    outcome_.scratch = space(memory_at(kScratchPath));
    outcome_.out_space = space(memory_at(OutFolder::kGuestPath));
    if (config_.interpreter) describe_guest();
  }

  void describe_guest() {
    const Interpreter& guest = *config_.interpreter;
    GuestReport report = guest.sqlite_log ? read_sqlite_log(session_->report())
                                          : read_guest_report(session_->report(), guest.script, config_.program);
    outcome_.attempts = std::move(report.attempts);
    outcome_.unlisted_attempts = report.unlisted_attempts;
    if (report.error && outcome_.cls == OutcomeClass::exit && outcome_.exit_code != 0) {
      outcome_.error = std::move(report.error);
      switch (outcome_.error->reason) {
        case GuestError::Reason::exception: outcome_.code = "guest-exception"; break;
        case GuestError::Reason::syntax: outcome_.code = "guest-syntax-error"; break;
        case GuestError::Reason::memory: outcome_.code = "guest-out-of-memory"; break;
      }
      outcome_.message = outcome_.error->type + ": " + outcome_.error->message;
      return;
    }
    // An interpreter that gives up over memory often cannot say so any more: it exits, or traps on purpose.
    const bool failed = outcome_.cls == OutcomeClass::trap || outcome_.code == "exit-nonzero";
    if (!failed || !growth_refused_) return;
    outcome_.code = "guest-out-of-memory";
    outcome_.message = "the interpreter gave up after it was refused more memory than " +
                       base::human_size(outcome_.memory.used.value_or(0));
  }

  static std::optional<CapturedText> captured(const std::optional<SpillingSink>& sink) {
    if (!sink) return std::nullopt;
    const boundary::CaptureSink& kept = sink->kept();
    return CapturedText{kept.head(), kept.tail(), kept.total(), kept.dropped(), sink->path(), sink->failed()};
  }

  RunConfig config_;
  Outcome outcome_;
  OutFiles out_files_;
  i64 start_fuel_ = 0;
  bool growth_refused_ = false;  // the last attempt of the program to get more memory
  std::optional<SpillingSink> out_capture_, err_capture_;
  std::unique_ptr<runtime::Engine> engine_;
  std::unique_ptr<wasi_p1::Session> session_;
  base::Ref<const wasm::Module> module_;
  std::unique_ptr<runtime::Store> store_;
  runtime::Instance* instance_ = nullptr;
  std::unique_ptr<runtime::Stack> stack_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace

Outcome run(RunConfig config) { return Run(std::move(config)).go(); }

}  // namespace dewar::api
