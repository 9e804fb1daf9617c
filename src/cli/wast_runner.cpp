// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Execution of scripts: names of definitions and instances, actions, and the verdict of each assertion.
#include "cli/wast_runner.h"

#include <map>
#include <memory>

#include "base/print.h"
#include "cli/wast_spectest.h"
#include "cli/wast_values.h"
#include "cli/wast_verdict.h"
#include "exec/exec.h"
#include "gc/heap.h"
#include "runtime/instantiate.h"
#include "wasm/custom.h"
#include "wasm/validate.h"

namespace dewar::cli {

using runtime::Outcome;
using text::Command;
using text::CommandKind;
using text::ScriptAction;
using text::ScriptModule;

namespace {

using ModuleRef = base::Ref<const wasm::Module>;

/// How an action ended: its outcome and results, or why it could not be carried out.
struct ActionResult {
  std::string problem;  ///< not empty: there was nothing to run, or the arguments do not fit
  Outcome outcome = Outcome::returned;
  std::vector<wasm::CanonValType> types;
  std::vector<Slot> slots;
};

/// Executes the commands of one script. Every command returns an empty string or what is wrong.
class WastMachine {
 public:
  explicit WastMachine(const runtime::EngineOptions& options) : engine_(options), store_(engine_) {
    exec::attach(store_);
  }

  Result<void> set_up() {
    auto stack = runtime::Stack::create(store_);
    if (!stack) return std::unexpected(std::move(stack.error()));
    stack_ = std::move(*stack);
    return spectest_.define(store_, linker_);
  }

  std::string execute(const Command& command) {
    switch (command.kind) {
      case CommandKind::kModule: return define(command, true);
      case CommandKind::kModuleDefinition: return define(command, false);
      case CommandKind::kModuleInstance: return instantiate_definition(command);
      case CommandKind::kRegister: return register_instance(command);
      case CommandKind::kAction: return plain_action(command);
      case CommandKind::kAssertReturn: return assert_return(command);
      case CommandKind::kAssertTrap: return assert_trap(command);
      case CommandKind::kAssertExhaustion: return assert_exhaustion(command);
      case CommandKind::kAssertException: return assert_exception(command);
      case CommandKind::kAssertInvalid:
      case CommandKind::kAssertMalformed:
      case CommandKind::kAssertInvalidCustom:
      case CommandKind::kAssertMalformedCustom: return assert_rejected(command);
      case CommandKind::kAssertUnlinkable: return assert_unlinkable(command);
      case CommandKind::kCount: break;
    }
    return "unknown command";
  }

  /// Fills in what can be said at the end of the script.
  void finish(WastReport& report) {
    report.output = spectest_.output();
    report.collections = store_.heap().collections();
    report.fuel = static_cast<u64>(INT64_MAX - stack_->fuel);
    report.instructions = report.fuel - stack_->bulk_surcharge;
    report.probes_fired = stack_->probes_fired;
    if (stack_->dice)
      for (const auto& places : stack_->dice->moves)
        report.tier_moves.insert(report.tier_moves.end(), std::begin(places), std::end(places));
    for (runtime::Instance& instance : store_.instances()) {
      for (usize i = 0; i < instance.module->memories.size(); ++i) {
        report.guarded_memories += instance.memories[i] != nullptr && instance.memories[i]->guarded;
      }
      report.functions += instance.codes->count();
      for (u32 i = 0; i < instance.codes->count(); ++i) {
        report.patched_bytes += patched_bytes(instance.codes->at(i));
        report.prepared_functions += instance.codes->at(i).frame_slots.load() != runtime::FuncCode::kUnprepared;
        report.compiled_functions += instance.codes->at(i).native.load() != nullptr;
      }
    }
  }

 private:
  // Modules and instances.

  Result<ModuleRef> load(const ScriptModule& module) {
    if (module.error) return std::unexpected(*module.error);
    auto loaded = wasm::load_module(module.bytes, engine_.types(), engine_.options().features);
    if (!loaded) return std::unexpected(std::move(loaded.error()));
    return ModuleRef(std::move(*loaded));
  }

  std::string define(const Command& command, bool instantiate_too) {
    auto loaded = load(*command.module);
    if (!loaded) return describe_error(loaded.error());
    const std::optional<std::string>& id = command.module->id;
    last_definition_ = *loaded;
    if (id) definitions_[*id] = *loaded;
    return instantiate_too ? instantiate(*loaded, id) : "";
  }

  std::string instantiate(const ModuleRef& module, const std::optional<std::string>& id) {
    auto made = runtime::instantiate(store_, module, linker_, *stack_);
    if (!made) return describe_error(made.error());
    if (made->outcome != Outcome::returned) return "instantiation did not return: " + describe_outcome(made->outcome);
    last_instance_ = made->instance;
    if (id) instances_[*id] = made->instance;
    return "";
  }

  std::string instantiate_definition(const Command& command) {
    ModuleRef module = last_definition_;
    if (command.target) {
      const auto found = definitions_.find(*command.target);
      if (found == definitions_.end()) return "unknown module definition $" + *command.target;
      module = found->second;
    }
    return module ? instantiate(module, command.id) : "there is no module definition";
  }

  runtime::Instance* find_instance(const std::optional<std::string>& id) {
    if (!id) return last_instance_;
    const auto found = instances_.find(*id);
    return found == instances_.end() ? nullptr : found->second;
  }

  std::string register_instance(const Command& command) {
    runtime::Instance* instance = find_instance(command.target);
    if (instance == nullptr) return "there is no instance to register";
    linker_.define_instance(command.text, *instance);
    return "";
  }

  // Actions.

  ActionResult run(const ScriptAction& action) {
    ActionResult result;
    runtime::Instance* instance = find_instance(action.module);
    if (instance == nullptr) {
      result.problem = "there is no instance for the action";
      return result;
    }
    const auto found = runtime::find_export(*instance, action.field);
    if (action.kind == ScriptAction::Kind::kGet) {
      if (!found || found->global == nullptr) {
        result.problem = "no exported global \"" + action.field + "\"";
        return result;
      }
      result.types = {found->global->type.type};
      result.slots.assign(found->global->value, found->global->value + result.types[0].slots());
      return result;
    }
    if (!found || found->func == nullptr) {
      result.problem = "no exported function \"" + action.field + "\"";
      return result;
    }
    invoke(*found->func, action, result);
    return result;
  }

  void invoke(runtime::Func& func, const ScriptAction& action, ActionResult& result) {
    const wasm::CanonSubType& type = engine_.types().type(func.type);
    std::vector<Slot> args;
    bool fits = type.params.size() == action.args.size();
    for (usize i = 0; fits && i < action.args.size(); ++i) {
      fits = append_argument(store_, action.args[i], type.params[i], args);
    }
    if (!fits) {
      result.problem = "the arguments do not fit the function's type";
      return;
    }
    result.types = type.results;
    usize slots = 0;
    for (const wasm::CanonValType t : type.results) slots += t.slots();
    result.slots.assign(slots, 0);
    result.outcome = exec::invoke(*stack_, func, args, result.slots);
  }

  std::string describe_outcome(Outcome outcome) const {
    switch (outcome) {
      case Outcome::returned: return "returned";
      case Outcome::trapped: return "trap: " + trap_text();
      case Outcome::threw: return "uncaught exception";
      case Outcome::exited: return "exit";
      case Outcome::pending: return "suspended";
    }
    return "unknown outcome";
  }

  std::string trap_text() const {
    std::string out(runtime::trap_message(stack_->trap.kind));
    if (!stack_->trap.detail.empty()) out += " (" + stack_->trap.detail + ")";
    return out;
  }

  std::string plain_action(const Command& command) {
    const ActionResult result = run(*command.action);
    if (!result.problem.empty()) return result.problem;
    return result.outcome == Outcome::returned ? "" : "did not return: " + describe_outcome(result.outcome);
  }

  std::string assert_return(const Command& command) {
    const ActionResult result = run(*command.action);
    if (!result.problem.empty()) return result.problem;
    if (result.outcome != Outcome::returned) return "did not return: " + describe_outcome(result.outcome);
    if (result.types.size() != command.expected.size()) {
      return "returned " + base::dec(result.types.size()) + " values, expected " + base::dec(command.expected.size());
    }
    const Slot* slots = result.slots.data();
    for (usize i = 0; i < result.types.size(); ++i) {
      if (!matches_pattern(store_, command.expected[i], result.types[i], slots)) {
        return "result " + base::dec(i) + " is " + describe_value(store_, result.types[i], slots) + ", expected " +
               describe_pattern(command.expected[i]);
      }
      slots += result.types[i].slots();
    }
    return "";
  }

  std::string assert_trap(const Command& command) {
    Outcome outcome;
    if (command.action) {
      const ActionResult result = run(*command.action);
      if (!result.problem.empty()) return result.problem;
      outcome = result.outcome;
    } else {
      auto loaded = load(*command.module);
      if (!loaded) return describe_error(loaded.error());
      auto made = runtime::instantiate(store_, *loaded, linker_, *stack_);
      if (!made) return describe_error(made.error());
      outcome = made->outcome;
    }
    if (outcome != Outcome::trapped) return describe_outcome(outcome) + ", expected a trap";
    const std::string_view message = runtime::trap_message(stack_->trap.kind);
    if (message_fits(message, command.text)) return "";
    return "trapped with \"" + trap_text() + "\", expected \"" + command.text + "\"";
  }

  std::string assert_exhaustion(const Command& command) {
    const ActionResult result = run(*command.action);
    if (!result.problem.empty()) return result.problem;
    if (result.outcome != Outcome::trapped) return describe_outcome(result.outcome) + ", expected a trap";
    if (stack_->trap.kind == runtime::TrapKind::stack_exhausted) return "";
    return "trapped with \"" + trap_text() + "\", expected \"" + command.text + "\"";
  }

  std::string assert_exception(const Command& command) {
    const ActionResult result = run(*command.action);
    if (!result.problem.empty()) return result.problem;
    if (result.outcome != Outcome::threw) return describe_outcome(result.outcome) + ", expected an exception";
    stack_->exception = runtime::kNullRef;
    return "";
  }

  // Modules that must not get through.

  std::string assert_rejected(const Command& command) {
    const auto loaded = load(*command.module);
    if (!loaded) return judge_rejection(command.kind, loaded.error(), command.text);
    // Loading overlooks damaged custom sections; the assertions about them ask for the strict check.
    const bool custom =
        command.kind == CommandKind::kAssertInvalidCustom || command.kind == CommandKind::kAssertMalformedCustom;
    const auto checked = custom ? wasm::check_custom_sections(**loaded) : Result<void>();
    if (checked) return "accepted, expected \"" + command.text + "\"";
    return judge_rejection(command.kind, checked.error(), command.text);
  }

  static u64 patched_bytes(const runtime::FuncCode& code) {
    if (code.frame_slots.load(std::memory_order_acquire) == runtime::FuncCode::kUnprepared) return 0;
    const std::span<const u8> original = code.module->slice(code.module->funcs[code.func].body);
    u64 count = 0;
    for (usize pc = 0; pc < original.size() && pc < code.body_size; ++pc) count += original[pc] != code.body[pc];
    return count;
  }

  std::string assert_unlinkable(const Command& command) {
    auto loaded = load(*command.module);
    if (!loaded) return describe_error(loaded.error());
    const auto made = runtime::instantiate(store_, *loaded, linker_, *stack_);
    if (made) return "linked, expected \"" + command.text + "\"";
    return judge_rejection(command.kind, made.error(), command.text);
  }

  Spectest spectest_;  // outlives the store
  runtime::Engine engine_;
  runtime::Store store_;
  runtime::Linker linker_;
  std::unique_ptr<runtime::Stack> stack_;
  ModuleRef last_definition_;
  runtime::Instance* last_instance_ = nullptr;
  std::map<std::string, ModuleRef> definitions_;
  std::map<std::string, runtime::Instance*> instances_;
};

}  // namespace

u64 WastReport::total() const {
  u64 sum = 0;
  for (const u64 count : executed) sum += count;
  return sum;
}

Result<WastReport> run_wast(std::string_view source, const runtime::EngineOptions& options) {
  auto script = text::parse_wast(source);
  if (!script) return std::unexpected(std::move(script.error()));
  WastMachine machine(options);
  if (auto ready = machine.set_up(); !ready) return std::unexpected(std::move(ready.error()));
  WastReport report;
  for (const Command& command : script->commands) {
    ++report.executed[static_cast<usize>(command.kind)];
    std::string reason = machine.execute(command);
    if (!reason.empty()) report.failures.push_back({command.line, command.column, command.kind, std::move(reason)});
  }
  machine.finish(report);
  return report;
}

}  // namespace dewar::cli
