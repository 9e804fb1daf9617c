// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hardening: the filter's verdicts by walking its program, what the kernel really refuses in a child process that was
// hardened, and honest reports of kernels that lack a part.
#include "cli/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/harden_landlock.h"

namespace dewar::cli {
namespace {

#if defined(__x86_64__)
constexpr u32 kArch = AUDIT_ARCH_X86_64, kOtherArch = AUDIT_ARCH_I386;
#else
constexpr u32 kArch = AUDIT_ARCH_AARCH64, kOtherArch = AUDIT_ARCH_ARM;
#endif
constexpr u32 kAllow = SECCOMP_RET_ALLOW, kKill = SECCOMP_RET_KILL_PROCESS;
constexpr u32 kRefuse = SECCOMP_RET_ERRNO | EPERM, kMissing = SECCOMP_RET_ERRNO | ENOSYS;

// What a filter says of a call: the few instructions that filters here are made of.
u32 verdict(const std::vector<sock_filter>& program, const seccomp_data& data) {
  u32 a = 0;
  for (usize pc = 0; pc < program.size(); ++pc) {
    const sock_filter& i = program[pc];
    switch (i.code) {
      case BPF_LD | BPF_W | BPF_ABS: memcpy(&a, reinterpret_cast<const char*>(&data) + i.k, 4); break;
      case BPF_ALU | BPF_AND | BPF_K: a &= i.k; break;
      case BPF_JMP | BPF_JA: pc += i.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: pc += a == i.k ? i.jt : i.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: pc += a >= i.k ? i.jt : i.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: pc += a & i.k ? i.jt : i.jf; break;
      case BPF_RET | BPF_K: return i.k;
      default: ADD_FAILURE() << "instruction " << i.code; return 0;
    }
  }
  ADD_FAILURE() << "the filter has no end";
  return 0;
}

seccomp_data call(long number, std::vector<u64> args = {}) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = kArch;
  std::copy(args.begin(), args.end(), data.args);
  return data;
}

TEST(HardenFilter, AnswersByNumber) {
  const auto filter = make_filter({});
  for (const long number :
       {__NR_read,      __NR_write,        __NR_openat,          __NR_openat2,   __NR_close,       __NR_munmap,
        __NR_futex,     __NR_exit_group,   __NR_ppoll,           __NR_preadv,    __NR_pwritev2,    __NR_ftruncate,
        __NR_utimensat, __NR_getdents64,   __NR_fsync,           __NR_eventfd2,  __NR_sigaltstack, __NR_memfd_create,
        __NR_renameat,  __NR_rt_sigreturn, __NR_clock_nanosleep, __NR_getrandom, __NR_rseq}) {
    EXPECT_EQ(verdict(filter, call(number)), kAllow) << number;
  }
  for (const long number :
       {__NR_socket,   __NR_connect, __NR_bind,        __NR_listen,     __NR_accept,        __NR_accept4,
        __NR_sendto,   __NR_kill,    __NR_tkill,       __NR_setuid,     __NR_chroot,        __NR_mknodat,
        __NR_fchmodat, __NR_prctl,   __NR_seccomp,     __NR_shmat,      __NR_pidfd_open,    __NR_prlimit64,
        __NR_truncate, __NR_umount2, __NR_personality, __NR_socketpair, __NR_pkey_mprotect, __NR_process_madvise}) {
    EXPECT_EQ(verdict(filter, call(number)), kRefuse) << number;
  }
  for (const long number : {__NR_execve, __NR_execveat, __NR_ptrace, __NR_process_vm_writev, __NR_bpf, __NR_unshare,
                            __NR_io_uring_setup, __NR_userfaultfd}) {
    EXPECT_EQ(verdict(filter, call(number)), kKill) << number;
  }
  EXPECT_EQ(verdict(filter, call(__NR_clone3)), kMissing);
  EXPECT_EQ(verdict(filter, call(469)), kRefuse);
  EXPECT_EQ(verdict(filter, call(470)), kMissing) << "what is newer than the table";
  EXPECT_EQ(verdict(filter, call(100000)), kMissing);
  EXPECT_EQ(verdict(filter, call(-1)), kKill) << "no machine has such a number";
#if defined(__x86_64__)
  EXPECT_EQ(verdict(filter, call(0x40000000 + __NR_read)), kKill) << "the x32 interface";
#endif
}

TEST(HardenFilter, OtherMachinesNumbersEndTheProcess) {
  const auto filter = make_filter({});
  for (const int number : {0, 1, 3, 11}) {
    seccomp_data data = call(number);
    data.arch = kOtherArch;
    EXPECT_EQ(verdict(filter, data), kKill);
  }
}

TEST(HardenFilter, LooksAtArguments) {
  const auto filter = make_filter({});
  constexpr u64 kThread = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  EXPECT_EQ(verdict(filter, call(__NR_clone, {kThread})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_clone, {SIGCHLD})), kRefuse) << "fork";
  EXPECT_EQ(verdict(filter, call(__NR_clone, {CLONE_VM | CLONE_VFORK | SIGCHLD})), kRefuse) << "vfork";
  EXPECT_EQ(verdict(filter, call(__NR_mmap, {0, 4096, PROT_READ | PROT_WRITE})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_mmap, {0, 4096, PROT_READ | PROT_EXEC})), kRefuse);
  EXPECT_EQ(verdict(filter, call(__NR_mprotect, {0, 4096, PROT_EXEC})), kRefuse);
  EXPECT_EQ(verdict(filter, call(__NR_mprotect, {0, 4096, PROT_NONE})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_ioctl, {0, TCGETS})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_ioctl, {0, TIOCSTI})), kRefuse) << "typing into the operator's terminal";
  EXPECT_EQ(verdict(filter, call(__NR_fcntl, {3, F_GETFL})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_fcntl, {3, F_SETOWN})), kRefuse);
  EXPECT_EQ(verdict(filter, call(__NR_tgkill, {static_cast<u64>(getpid()), 1, SIGABRT})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_tgkill, {static_cast<u64>(getppid()), 1, SIGKILL})), kRefuse);
}

TEST(HardenFilter, OptionsOpenWhatTheyName) {
  FilterOptions options;
  options.sockets = true;
  auto filter = make_filter(options);
  EXPECT_EQ(verdict(filter, call(__NR_accept4)), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_recvfrom)), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_sendto, {3, 0, 0, 0, 0, 0})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_sendto, {3, 0, 0, 0, u64{1} << 32, 16})), kRefuse) << "to an address";
  EXPECT_EQ(verdict(filter, call(__NR_sendto, {3, 0, 0, 0, 4096, 16})), kRefuse);
  for (const long number : {__NR_socket, __NR_connect, __NR_bind, __NR_listen}) {
    EXPECT_EQ(verdict(filter, call(number)), kRefuse) << number;
  }
  options = {};
  options.executable_memory = true;
  filter = make_filter(options);
  EXPECT_EQ(verdict(filter, call(__NR_mmap, {0, 4096, PROT_READ | PROT_EXEC})), kAllow);
  EXPECT_EQ(verdict(filter, call(__NR_accept4)), kRefuse);
}

TEST(HardenLandlock, RightsBecomeAccesses) {
  constexpr u64 kReadFile = 1 << 2, kReadDir = 1 << 3, kWriteFile = 1 << 1, kExecute = 1, kTruncate = 1 << 14;
  EXPECT_EQ(landlock_accesses(6, boundary::kReadOnly, true), kReadFile | kReadDir);
  EXPECT_EQ(landlock_accesses(6, boundary::kReadOnly, false), kReadFile);
  EXPECT_EQ(landlock_accesses(6, boundary::kRead | boundary::kWrite, false), kReadFile | kWriteFile | kTruncate);
  EXPECT_EQ(landlock_accesses(2, boundary::kWrite, false), kWriteFile) << "ABI 2 does not know truncate";
  EXPECT_EQ(landlock_accesses(6, 0, true), 0u);
  for (u32 abi = kLandlockLeastAbi; abi <= kLandlockNewestAbi; ++abi) {
    const u64 all = landlock_accesses(abi, boundary::kReadWrite, true);
    EXPECT_EQ(all & ~landlock_handled(abi), 0u) << abi;
    EXPECT_EQ(all & kExecute, 0u) << abi;
  }
}

// ---- reports ----

struct Calls {
  int privs = 0, abi = 7, restrict = 0, filter = 0;
  u32 used_abi = 0;
  std::string order;

  HardenKernel kernel() {
    return {[this] { return order += 'p', privs; }, [this] { return abi; },
            [this](u32 used, const auto&) { return order += 'l', used_abi = used, restrict; },
            [this](const auto& program) { return order += program.empty() ? '!' : 'f', filter; }};
  }
  Result<api::Hardening> run(HardenMode mode = HardenMode::on) { return harden(mode, {}, kernel()); }
};

TEST(Harden, TellsWhatIsActive) {
  Calls calls;
  const auto report = calls.run();
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->no_new_privs && report->complete());
  EXPECT_EQ(report->seccomp, "filter");
  EXPECT_EQ(report->landlock, "abi-6") << "a newer kernel is used as the newest that is known";
  EXPECT_EQ(calls.used_abi, 6u);
  EXPECT_EQ(calls.order, "plf");
  EXPECT_TRUE(calls.run(HardenMode::require));
}

TEST(Harden, OffDoesNothing) {
  Calls calls;
  const auto report = calls.run(HardenMode::off);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->no_new_privs);
  EXPECT_EQ(report->seccomp, "off");
  EXPECT_EQ(report->landlock, "off");
  EXPECT_EQ(calls.order, "");
}

TEST(Harden, KernelsThatLackAPartAreToldHonestly) {
  struct Case {
    Calls calls;
    const char *seccomp, *landlock, *order;
  };
  for (Case& c : std::vector<Case>{{{.abi = -ENOSYS}, "filter", "unavailable", "pf"},
                                   {{.abi = -EOPNOTSUPP}, "filter", "unavailable", "pf"},
                                   {{.abi = 1}, "filter", "unavailable", "pf"},
                                   {{.abi = 2}, "filter", "abi-2", "plf"},
                                   {{.restrict = -EBADFD}, "filter", "refused", "plf"},
                                   {{.filter = -EINVAL}, "unavailable", "abi-6", "plf"},
                                   {{.filter = -EBUSY}, "refused", "abi-6", "plf"},
                                   {{.privs = -EINVAL}, "unavailable", "unavailable", "p"}}) {
    const auto report = c.calls.run();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->seccomp, c.seccomp);
    EXPECT_EQ(report->landlock, c.landlock);
    EXPECT_EQ(c.calls.order, c.order);
    const bool whole = c.landlock == std::string("abi-2");
    EXPECT_EQ(report->complete(), whole);
    const auto required = c.calls.run(HardenMode::require);
    if (whole) {
      EXPECT_TRUE(required);
      continue;
    }
    ASSERT_FALSE(required);
    EXPECT_STREQ(required.error().code, "harden-unavailable");
    EXPECT_NE(required.error().message.find(c.landlock), std::string::npos) << required.error().message;
  }
}

TEST(Harden, ModesByName) {
  EXPECT_EQ(*parse_harden_mode("off"), HardenMode::off);
  EXPECT_EQ(*parse_harden_mode("on"), HardenMode::on);
  EXPECT_EQ(*parse_harden_mode("require"), HardenMode::require);
  EXPECT_STREQ(parse_harden_mode("yes").error().code, "usage-option");
}

// ---- the kernel itself, in a child process ----

class Hardened : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "harden" + std::to_string(getpid());
    for (const char* sub : {"/ro", "/rw", "/other"}) std::filesystem::create_directories(folder_ + sub);
    for (const char* file : {"/ro/a", "/rw/a", "/other/a"}) std::ofstream(folder_ + file) << "text";
    if (child([] { return 0; }) == kNoKernel) GTEST_SKIP() << "this kernel, or this build, has no hardening";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs `body` in a hardened child: what it returned, or minus the signal that ended it.
  template <class Body>
  int child(Body body) {
    HardenPlan plan;
    plan.paths = {{folder_ + "/ro", "", boundary::kReadOnly}, {folder_ + "/rw", "", boundary::kReadWrite}};
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (!harden(HardenMode::require, plan)) ::_exit(kNoKernel);
      ::_exit(body());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  // The error of a call that is to fail, 0 if it did not.
  static int error_of(long result) { return result >= 0 ? 0 : errno; }
  int open_error(const char* path, int flags) {
    const std::string whole = folder_ + path;
    return child([&] { return error_of(::open(whole.c_str(), flags | O_CLOEXEC, 0666)); });
  }

  static constexpr int kNoKernel = 200;
  std::string folder_;
};

TEST_F(Hardened, CallsThatNoRunNeedsAreRefused) {
  EXPECT_EQ(child([] { return error_of(::socket(AF_INET, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(child([] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }), EPERM);
  EXPECT_EQ(child([] { return error_of(::kill(::getppid(), 0)); }), EPERM);
  EXPECT_EQ(child([] { return error_of(::fork()); }), EPERM);
  EXPECT_EQ(child([] {
              void* p = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return p == MAP_FAILED ? errno : 0;
            }),
            EPERM);
}

TEST_F(Hardened, AttacksEndTheProcess) {
  EXPECT_EQ(child([] {
              char program[] = "/bin/true";
              char* argv[] = {program, nullptr};
              return ::execve(program, argv, argv + 1);
            }),
            -SIGSYS);
  EXPECT_EQ(child([] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }), -SIGSYS);
  EXPECT_EQ(child([] { return ::unshare(CLONE_NEWUSER); }), -SIGSYS);
}

TEST_F(Hardened, FilesOnlyAsGranted) {
  EXPECT_EQ(open_error("/ro/a", O_RDONLY), 0);
  EXPECT_EQ(open_error("/ro", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(open_error("/ro/a", O_WRONLY), EACCES);
  EXPECT_EQ(open_error("/ro/new", O_WRONLY | O_CREAT), EACCES);
  EXPECT_EQ(open_error("/rw/a", O_RDWR | O_TRUNC), 0);
  EXPECT_EQ(open_error("/rw/new", O_RDWR | O_CREAT), 0);
  EXPECT_EQ(open_error("/other/a", O_RDONLY), EACCES);
  EXPECT_EQ(open_error("/ro/../other/a", O_RDONLY), EACCES);
  EXPECT_EQ(child([] { return error_of(::open("/etc/passwd", O_RDONLY)); }), EACCES);
  EXPECT_EQ(child([] { return error_of(::open("/proc/self/mem", O_RDWR)); }), EACCES);
  const std::string ro = folder_ + "/ro/a", rw = folder_ + "/rw/a", other = folder_ + "/other/b";
  EXPECT_EQ(child([&] { return error_of(::unlink(ro.c_str())); }), EACCES);
  EXPECT_NE(child([&] { return error_of(::rename(rw.c_str(), other.c_str())); }), 0);
  EXPECT_TRUE(std::filesystem::exists(ro));
  EXPECT_TRUE(std::filesystem::exists(rw));
}

TEST_F(Hardened, WhatARunNeedsWorks) {
  const std::string base = folder_ + "/rw";
  EXPECT_EQ(child([&] {
              const int dir = ::open(base.c_str(), O_PATH | O_DIRECTORY);
              if (::mkdirat(dir, "d", 0777) != 0) return 1;
              if (::renameat(dir, "a", dir, "d/b") != 0) return 2;
              if (::linkat(dir, "d/b", dir, "c", 0) != 0) return 3;
              if (::symlinkat("c", dir, "l") != 0) return 4;
              if (::unlinkat(dir, "c", 0) != 0) return 5;
              const int memory = ::memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
              if (memory < 0 || ::write(memory, "x", 1) != 1 || ::fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) != 0) {
                return 6;
              }
              int seen = 0;
              std::thread([&] { seen = 7; }).join();
              return seen == 7 ? 0 : 8;
            }),
            0);
  EXPECT_EQ(child([] { return ::abort(), 0; }), -SIGABRT);
}

TEST_F(Hardened, ThreadsInheritIt) {
  const std::string other = folder_ + "/other/a";
  EXPECT_EQ(child([&] {
              int opened = 0, made = 0;
              std::thread([&] {
                opened = error_of(::open(other.c_str(), O_RDONLY));
                made = error_of(::socket(AF_INET, SOCK_STREAM, 0));
              }).join();
              return opened == EACCES && made == EPERM ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace dewar::cli
