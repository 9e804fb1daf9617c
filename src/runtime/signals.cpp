// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fault handler; see signals.h. Everything that runs inside it is async-signal-safe: it reads the frozen site
// table, thread-local variables in static storage, the running store's list of memories (written only by this thread,
// never from guest code), the lock-free table of reservations and the arena for code, by a function that takes no lock.
#include "runtime/signals.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <mutex>
#include <span>

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mmap.h"
#include "runtime/reservations.h"
#include "runtime/store.h"

extern "C" {
// Provided by the linker if any object file has the section.
[[gnu::weak, gnu::visibility("hidden")]] extern const dewar::runtime::FaultSite __start_dewar_fault_sites[];
[[gnu::weak, gnu::visibility("hidden")]] extern const dewar::runtime::FaultSite __stop_dewar_fault_sites[];
}

namespace dewar::runtime {
namespace {

// Initial-exec: access is a plain load, with no allocation on first use, and so allowed in a signal handler.
[[gnu::tls_model("initial-exec")]] constinit thread_local Stack* t_active = nullptr;

struct State {
  std::span<const FaultSite> sites;  ///< sorted by pc
  struct sigaction old_segv{};
  struct sigaction old_bus{};
  struct sigaction old_ill{};
};
State g_state;

[[noreturn]] void die(const char* what) { base::assertion_failed(__FILE__, __LINE__, what); }

std::uintptr_t get_pc(const ucontext_t* context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(context->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return context->uc_mcontext.pc;
#else
#error "the fault handler needs to know where this machine keeps its program counter"
#endif
}

void set_pc(ucontext_t* context, std::uintptr_t pc) {
#if defined(__x86_64__)
  context->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(pc);
#elif defined(__aarch64__)
  context->uc_mcontext.pc = pc;
#endif
}

const FaultSite* find_site(std::uintptr_t pc) {
  const auto it = std::lower_bound(g_state.sites.begin(), g_state.sites.end(), pc,
                                   [](const FaultSite& site, std::uintptr_t at) { return site.pc < at; });
  return it != g_state.sites.end() && it->pc == pc ? &*it : nullptr;
}

/// Was this raised by an access of the code at the pc (not by kill(), and not by broken hardware)?
bool is_access_fault(int signal, const siginfo_t* info) {
  if (signal == SIGSEGV) return info->si_code == SEGV_MAPERR || info->si_code == SEGV_ACCERR;
  return signal == SIGBUS && info->si_code == BUS_ADRERR;
}

/// Was it raised by an instruction, so that it comes back when that is repeated?
bool is_of_instruction(int signal, const siginfo_t* info) {
  return signal == SIGILL ? info->si_code > 0 : is_access_fault(signal, info);
}

void chain(int signal, siginfo_t* info, void* context) {
  const struct sigaction& old = signal == SIGSEGV  ? g_state.old_segv
                                : signal == SIGBUS ? g_state.old_bus
                                                   : g_state.old_ill;
  if (old.sa_flags & SA_SIGINFO) return old.sa_sigaction(signal, info, context);
  if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) return old.sa_handler(signal);
  // One that was sent to who ignores it is ignored.
  if (old.sa_handler == SIG_IGN && !is_of_instruction(signal, info)) return;
  // The default again. What an instruction raised comes back when that is repeated, and dies where it happened; a
  // signal that was sent has to be sent once more.
  struct sigaction action{};
  action.sa_handler = old.sa_handler;
  ::sigaction(signal, &action, nullptr);
  if (!is_of_instruction(signal, info)) ::raise(signal);
}

#if defined(__x86_64__)
void copy_registers(const mcontext_t& from, SavedRegisters& to) {
  constexpr int kGprs[] = {REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R12, REG_R13};
  static_assert(std::size(kGprs) == std::size(decltype(to.gprs){}));
  if (from.fpregs == nullptr) die("a fault of compiled code without its registers");
  for (usize i = 0; i < std::size(kGprs); ++i) to.gprs[i] = static_cast<u64>(from.gregs[kGprs[i]]);
  for (usize i = 0; i < std::size(to.xmms); ++i) std::memcpy(to.xmms[i], &from.fpregs->_xmm[i], sizeof to.xmms[i]);
}

/// Sends a fault of compiled code to its stub, and the invalid instruction of a block that can not be paid for to
/// another. False if the code is not of this stack's arena; what is there and neither of the two, by the stack that
/// runs, is never passed on.
bool take_native_fault(int signal, const siginfo_t* info, ucontext_t* context) {
  if (info->si_code <= 0) return false;  // sent by somebody, while compiled code ran
  Stack* const stack = t_active;
  const NativeStubs* const stubs = stack ? stack->native.stubs : nullptr;
  if (stubs == nullptr) return false;
  const auto* const pc = reinterpret_cast<const u8*>(get_pc(context));
  const CodeAt at = stubs->code_at(*stubs, pc);
  if (at == CodeAt::kForeign) return false;
  if (at != CodeAt::kFunction) die("a fault in the arena for code, where no function is");
  const bool is_fault = signal != SIGILL;
  if (is_fault) {
    const u8* const start = reservation_of(reinterpret_cast<std::uintptr_t>(info->si_addr));
    if (!is_access_fault(signal, info) || !start || !stack->store.uses_reservation(start))
      die("compiled code reached what is no memory of its store");
  }
  const mcontext_t& machine = context->uc_mcontext;
  if (static_cast<u64>(machine.gregs[REG_R15]) != reinterpret_cast<u64>(stack) ||
      !stack->native_region().holds(static_cast<u64>(machine.gregs[REG_RSP]))) {
    die("a fault of compiled code on a stack that is not its own");
  }
  copy_registers(machine, stack->trapped_registers);
  stack->native.resume = pc;
  set_pc(context, reinterpret_cast<std::uintptr_t>(is_fault ? stubs->fault : stubs->out_of_fuel));
  return true;
}
#else
bool take_native_fault(int, const siginfo_t*, ucontext_t*) { return false; }
#endif

void handle(int signal, siginfo_t* info, void* raw_context) {
  auto* context = static_cast<ucontext_t*>(raw_context);
  if (take_native_fault(signal, info, context)) return;
  if (is_access_fault(signal, info)) {
    if (const FaultSite* site = find_site(get_pc(context))) {
      const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
      const u8* start = reservation_of(address);
      if (t_active && start && t_active->store.uses_reservation(start)) {
        set_pc(context, site->landing);
        return;
      }
      if (start) die(t_active ? "guest code reached a memory of another store" : "guest code ran without a stack");
    }
  }
  chain(signal, info, raw_context);
}

/// Copies the linker's table, sorts it and takes the right to write away.
std::span<const FaultSite> freeze_sites() {
  const auto* first = __start_dewar_fault_sites;
  const auto* last = __stop_dewar_fault_sites;
  asm volatile("" : "+r"(first), "+r"(last));  // they may be equal, whatever the language says of two arrays
  if (first == last) return {};
  const usize count = static_cast<usize>(last - first);
  auto mapping = base::Mapping::anonymous(count * sizeof(FaultSite));
  if (!mapping) die("no memory for the table of fault sites");
  auto* copy = reinterpret_cast<FaultSite*>(mapping->data());
  std::copy(first, last, copy);
  std::sort(copy, copy + count, [](const FaultSite& a, const FaultSite& b) { return a.pc < b.pc; });
  if (!mapping->protect(0, mapping->size(), base::Protection::kRead)) die("cannot protect the table of fault sites");
  mapping->release();  // lives as long as the process
  return {copy, count};
}

void install(int signal, struct sigaction& old) {
  struct sigaction action{};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&action.sa_mask);
  // The old action has to be known before ours can run.
  if (::sigaction(signal, nullptr, &old) != 0 || ::sigaction(signal, &action, nullptr) != 0) {
    die("cannot install the fault handler");
  }
}

/// The alternate stack of one thread, with an inaccessible page below it.
class AltStack {
 public:
  /// What our handler and a chained one that reports need; the system's own frame may take some KiB of it.
  static constexpr usize kEnough = usize{16} << 10;

  AltStack() {
    // What an instruction raises kills the process where it is blocked, and embedders' threads may block everything.
    sigset_t ours;
    ::sigemptyset(&ours);
    for (const int signal : {SIGSEGV, SIGBUS, SIGILL}) ::sigaddset(&ours, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
    const usize wanted = std::max<usize>(usize{64} << 10, static_cast<usize>(::sysconf(_SC_SIGSTKSZ)));
    stack_t now{};
    if (::sigaltstack(nullptr, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= kEnough) return;
    const usize size = base::round_up_to_page(wanted);
    auto region = base::Mapping::reserve(base::os_page_size() + size);
    if (!region || !region->commit(base::os_page_size(), size)) die("no memory for a signal stack");
    stack_t stack{};
    stack.ss_sp = region->data() + base::os_page_size();
    stack.ss_size = size;
    if (::sigaltstack(&stack, nullptr) != 0) die("cannot set a signal stack");
    region_ = std::move(*region);
  }
  ~AltStack() {
    if (!region_.valid()) return;
    stack_t now{};
    // Somebody may have replaced ours.
    if (::sigaltstack(nullptr, &now) == 0 && region_.contains(now.ss_sp)) {
      stack_t off{};
      off.ss_flags = SS_DISABLE;
      ::sigaltstack(&off, nullptr);
    }
  }

 private:
  base::Mapping region_;
};

}  // namespace

void install_fault_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    g_state.sites = freeze_sites();
    install(SIGSEGV, g_state.old_segv);
    install(SIGBUS, g_state.old_bus);
#if defined(__x86_64__)
    install(SIGILL, g_state.old_ill);
#endif
  });
}

void ensure_alt_stack() { thread_local const AltStack stack; }

Stack* active_stack() { return t_active; }

ActiveStackScope::ActiveStackScope(Stack& stack) : previous_(t_active) { t_active = &stack; }
ActiveStackScope::~ActiveStackScope() { t_active = previous_; }

}  // namespace dewar::runtime
