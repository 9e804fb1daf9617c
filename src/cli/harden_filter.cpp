// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The list is one table by name, for x86-64 and AArch64 alike: names that a machine does not have (the older calls of
// x86-64) are left out there by #ifdef. The program looks a number up in a balanced tree of ranges: the kernel walks
// it once for every number when it is installed, and once for every call that it cannot answer from that.
#include "cli/harden_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace dewar::cli {

namespace {

#if defined(__x86_64__)
constexpr u32 kArch = AUDIT_ARCH_X86_64;
constexpr u32 kForeign = 0x40000000;  // numbers of the x32 interface start here
#elif defined(__aarch64__)
constexpr u32 kArch = AUDIT_ARCH_AARCH64;
constexpr u32 kForeign = 0xffffffff;
#else
#error "which system calls does this machine have?"
#endif

// What becomes of a number. Those from `clone` on look at arguments.
enum class Fate : u8 { refuse, missing, kill, allow, clone, map, protect, ioctl, fcntl, own_thread, send };
constexpr u8 kFates = 11;

struct Entry {
  u32 number;
  Fate fate;
};

constexpr Entry kTable[] = {
    // Files. Which ones, Landlock and the boundary decide.
    {__NR_read, Fate::allow},
    {__NR_write, Fate::allow},
    {__NR_readv, Fate::allow},
    {__NR_writev, Fate::allow},
    {__NR_pread64, Fate::allow},
    {__NR_pwrite64, Fate::allow},
    {__NR_preadv, Fate::allow},
    {__NR_pwritev, Fate::allow},
    {__NR_pwritev2, Fate::allow},
    {__NR_lseek, Fate::allow},
    {__NR_close, Fate::allow},
    {__NR_dup, Fate::allow},
    {__NR_dup3, Fate::allow},
    {__NR_fcntl, Fate::fcntl},
    {__NR_ioctl, Fate::ioctl},
    {__NR_openat, Fate::allow},
    {__NR_openat2, Fate::allow},
    {__NR_fstat, Fate::allow},
    {__NR_fstatfs, Fate::allow},
    {__NR_newfstatat, Fate::allow},
    {__NR_statx, Fate::allow},
    {__NR_readlinkat, Fate::allow},
    {__NR_getdents64, Fate::allow},
    {__NR_getcwd, Fate::allow},
    {__NR_mkdirat, Fate::allow},
    {__NR_unlinkat, Fate::allow},
    {__NR_renameat, Fate::allow},
    {__NR_renameat2, Fate::allow},
    {__NR_linkat, Fate::allow},
    {__NR_symlinkat, Fate::allow},
    {__NR_ftruncate, Fate::allow},
    {__NR_fallocate, Fate::allow},
    {__NR_fadvise64, Fate::allow},
    {__NR_fsync, Fate::allow},
    {__NR_fdatasync, Fate::allow},
    {__NR_utimensat, Fate::allow},
    {__NR_fchmod, Fate::allow},
    {__NR_memfd_create, Fate::allow},
    {__NR_eventfd2, Fate::allow},
    {__NR_ppoll, Fate::allow},
#ifdef __NR_poll
    {__NR_poll, Fate::allow},
    {__NR_open, Fate::allow},
    {__NR_stat, Fate::allow},
    {__NR_lstat, Fate::allow},
    {__NR_readlink, Fate::allow},
    {__NR_dup2, Fate::allow},
    {__NR_rename, Fate::allow},
    {__NR_unlink, Fate::allow},
#endif
    // Memory.
    {__NR_mmap, Fate::map},
    {__NR_mprotect, Fate::protect},
    {__NR_munmap, Fate::allow},
    {__NR_mremap, Fate::allow},
    {__NR_madvise, Fate::allow},
    {__NR_brk, Fate::allow},
    // Threads of this process, their signals and waits.
    {__NR_clone, Fate::clone},
    {__NR_clone3, Fate::missing},  // its flags are in memory, out of reach of a filter; the C library then uses clone
    {__NR_futex, Fate::allow},
    {__NR_set_robust_list, Fate::allow},
    {__NR_rseq, Fate::allow},
    {__NR_sched_yield, Fate::allow},
    {__NR_sched_getaffinity, Fate::allow},
    {__NR_gettid, Fate::allow},
    {__NR_getpid, Fate::allow},
    {__NR_tgkill, Fate::own_thread},
    {__NR_rt_sigaction, Fate::allow},
    {__NR_rt_sigprocmask, Fate::allow},
    {__NR_rt_sigreturn, Fate::allow},
    {__NR_sigaltstack, Fate::allow},
    {__NR_restart_syscall, Fate::allow},
    {__NR_exit, Fate::allow},
    {__NR_exit_group, Fate::allow},
    // Time and chance: the boundary decides what the guest sees of them.
    {__NR_clock_gettime, Fate::allow},
    {__NR_clock_getres, Fate::allow},
    {__NR_clock_nanosleep, Fate::allow},
    {__NR_nanosleep, Fate::allow},
    {__NR_gettimeofday, Fate::allow},
    {__NR_getrandom, Fate::allow},
    {__NR_timer_create, Fate::allow},  // the wall-time limit's
    {__NR_timer_settime, Fate::allow},
    {__NR_timer_delete, Fate::allow},
    // Nothing but an attack.
    {__NR_execve, Fate::kill},
    {__NR_execveat, Fate::kill},
    {__NR_ptrace, Fate::kill},
    {__NR_process_vm_readv, Fate::kill},
    {__NR_process_vm_writev, Fate::kill},
    {__NR_bpf, Fate::kill},
    {__NR_userfaultfd, Fate::kill},
    {__NR_io_uring_setup, Fate::kill},
    {__NR_unshare, Fate::kill},
    {__NR_setns, Fate::kill},
};

// Only where sockets were granted.
constexpr Entry kSocketTable[] = {
    {__NR_accept4, Fate::allow},    {__NR_recvfrom, Fate::allow},    {__NR_recvmsg, Fate::allow},
    {__NR_sendto, Fate::send},      {__NR_sendmsg, Fate::allow},     {__NR_shutdown, Fate::allow},
    {__NR_getsockopt, Fate::allow}, {__NR_getsockname, Fate::allow},
};

// A call that was invented after this table: the C library has another way.
constexpr u32 kFirstUnknown = 470;

constexpr u32 kDataNumber = offsetof(seccomp_data, nr), kDataArch = offsetof(seccomp_data, arch);
constexpr u32 low_half(usize arg) { return static_cast<u32>(offsetof(seccomp_data, args) + arg * 8); }
constexpr u32 high_half(usize arg) { return low_half(arg) + 4; }

constexpr u32 kRefused = SECCOMP_RET_ERRNO | EPERM;

class Builder {
 public:
  explicit Builder(const FilterOptions& options) : options_(options) {}

  std::vector<sock_filter> build() {
    out_.reserve(256);
    waiting_.reserve(256);
    load(kDataArch);
    jump(BPF_JEQ, kArch, 1, 0);
    finish(SECCOMP_RET_KILL_PROCESS);
    load(kDataNumber);
    const auto ranges = make_ranges();
    tree(ranges.data(), ranges.size());
    for (u8 i = 0; i < kFates; ++i) {
      const auto fate = static_cast<Fate>(i);
      bool wanted = false;
      for (const Waiting& branch : waiting_) {
        if (branch.fate != fate) continue;
        land(branch.from, branch.if_true);
        wanted = true;
      }
      if (wanted) verdict(fate);
    }
    return std::move(out_);
  }

 private:
  struct Range {
    u32 start;
    Fate fate;
  };

  void emit(u16 code, u32 k, u8 if_true = 0, u8 if_false = 0) { out_.push_back({code, if_true, if_false, k}); }
  void load(u32 offset) { emit(BPF_LD | BPF_W | BPF_ABS, offset); }
  void jump(u16 condition, u32 k, u8 if_true, u8 if_false) {
    emit(static_cast<u16>(BPF_JMP | condition | BPF_K), k, if_true, if_false);
  }
  void finish(u32 verdict) { emit(BPF_RET | BPF_K, verdict); }

  // The numbers cut into ranges of one fate each, from 0 on.
  std::vector<Range> make_ranges() const {
    std::vector<Entry> entries(std::begin(kTable), std::end(kTable));
    if (options_.sockets) entries.insert(entries.end(), std::begin(kSocketTable), std::end(kSocketTable));
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.number < b.number; });
    std::vector<Range> ranges;
    ranges.reserve(2 * entries.size());
    const auto add = [&](u32 start, Fate fate) {
      if (ranges.empty() || ranges.back().fate != fate) ranges.push_back({start, fate});
    };
    u32 next = 0;
    for (const Entry& entry : entries) {
      DEWAR_ASSERT(entry.number >= next && entry.number < kFirstUnknown, "the table names a call twice");
      if (entry.number > next) add(next, Fate::refuse);
      add(entry.number, entry.fate);
      next = entry.number + 1;
    }
    add(next, Fate::refuse);
    add(kFirstUnknown, Fate::missing);
    add(kForeign, Fate::kill);
    return ranges;
  }

  // One instruction for each border between two ranges; all ways to a fate end in the same place, after the tree.
  void tree(const Range* ranges, usize count) {
    const usize half = count / 2;
    const usize at = out_.size();
    jump(BPF_JGE, ranges[half].start, 0, 0);
    const auto branch = [&](bool if_true, const Range* part, usize size) {
      if (size == 1) {
        waiting_.push_back({at, if_true, part->fate});
      } else {
        land(at, if_true);
        tree(part, size);
      }
    };
    branch(false, ranges, half);
    branch(true, ranges + half, count - half);
  }

  // A branch of the jump at `from` leads to the next instruction.
  void land(usize from, bool if_true) {
    const usize distance = out_.size() - from - 1;
    DEWAR_ASSERT(distance <= 255, "a jump of the filter is too long");
    (if_true ? out_[from].jt : out_[from].jf) = static_cast<u8>(distance);
  }

  // Allowed if the low half of an argument is one of the values.
  template <usize N>
  void one_of(usize arg, const std::array<u32, N>& values) {
    load(low_half(arg));
    for (usize i = 0; i < N; ++i) jump(BPF_JEQ, values[i], static_cast<u8>(N - i), 0);
    finish(kRefused);
    finish(SECCOMP_RET_ALLOW);
  }

  void verdict(Fate fate) {
    switch (fate) {
      case Fate::refuse: return finish(kRefused);
      case Fate::missing: return finish(SECCOMP_RET_ERRNO | ENOSYS);
      case Fate::kill: return finish(SECCOMP_RET_KILL_PROCESS);
      case Fate::allow: return finish(SECCOMP_RET_ALLOW);
      case Fate::clone: {
        constexpr u32 kThread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
        load(low_half(0));
        emit(BPF_ALU | BPF_AND | BPF_K, kThread);
        jump(BPF_JEQ, kThread, 1, 0);
        finish(kRefused);
        return finish(SECCOMP_RET_ALLOW);
      }
      case Fate::map:
      case Fate::protect:
        if (!options_.executable_memory) {
          load(low_half(2));
          jump(BPF_JSET, PROT_EXEC, 0, 1);
          finish(kRefused);
        }
        return finish(SECCOMP_RET_ALLOW);
      case Fate::ioctl: return one_of(1, std::array<u32, 2>{TCGETS, FIONREAD});
      case Fate::fcntl:
        return one_of(1, std::array<u32, 8>{F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_ADD_SEALS,
                                            F_GET_SEALS});
      case Fate::own_thread: return one_of(0, std::array<u32, 1>{static_cast<u32>(::getpid())});
      case Fate::send:
        // To nowhere but where the socket is connected.
        load(low_half(4));
        jump(BPF_JEQ, 0, 0, 2);
        load(high_half(4));
        jump(BPF_JEQ, 0, 1, 0);
        finish(kRefused);
        return finish(SECCOMP_RET_ALLOW);
    }
  }

  const FilterOptions& options_;
  std::vector<sock_filter> out_;
  struct Waiting {
    usize from;
    bool if_true;
    Fate fate;
  };
  std::vector<Waiting> waiting_;  ///< branches of the tree that lead to a fate
};

}  // namespace

std::vector<sock_filter> make_filter(const FilterOptions& options) { return Builder(options).build(); }

}  // namespace dewar::cli
