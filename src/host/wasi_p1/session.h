// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Session: one run of a WASI preview 1 program. It turns grants into handles, a clock, random bytes and streams, and
// holds what the run did (denials, counters, captured report). Bodies of host functions are its only users besides
// the embedder. Everything they open comes from the resolvers here, which check and open in one step (design D9).
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "boundary/boundary.h"
#include "boundary/clock.h"
#include "boundary/confined.h"
#include "boundary/grants.h"
#include "boundary/handle_table.h"
#include "boundary/host_call.h"
#include "boundary/mounts.h"
#include "boundary/nodes.h"
#include "boundary/random.h"
#include "boundary/streams.h"
#include "host/wasi_p1/abi.h"

struct stat;

namespace dewar::wasi_p1 {

/// Everything a session is made from. Streams are borrowed: they must outlive it.
struct Config {
  boundary::Grants grants;
  boundary::BoundaryLimits limits;
  u32 max_handles = 1024;
  boundary::OutputSink* stdout_ = nullptr;  ///< null: output is counted and dropped
  boundary::OutputSink* stderr_ = nullptr;
  boundary::InputSource* stdin_ = nullptr;  ///< used if grants.stdin_ is granted; null: at end of file
  bool stdin_is_terminal = false;           ///< what isatty() says in the guest
  bool stdout_is_terminal = false;
  bool stderr_is_terminal = false;
  bool report = false;  ///< give the guest a handle to report on (see Session::report_fd)
  /// Absolute guest path that also opens the report, for guests whose C library hides handle numbers it did not make
  /// itself (CPython with an embedded file system does). May be empty; needs `report`.
  std::string report_path;
  usize report_limit = usize{1} << 20;  ///< bytes of it that are kept
  /// The module is an interpreter: until user code begins, opening for reading what is not granted counts as a probe.
  bool interpreter = false;
  /// Absolute guest paths of folders in which the interpreter looks for its own sources (to show lines of them), and
  /// which are nowhere: opening for reading what is not granted there counts as a probe.
  std::vector<std::string> library_paths;
  /// Absolute guest path of the user's program: opening it also begins user code. May be empty.
  std::string user_script;
  bool note_files = false;  ///< keep a list of the files of mounts that the guest opens
  boundary::ResolveMode resolve = boundary::ResolveMode::automatic;
};

/// What a body answers: an error number for the guest, or another end of the call.
struct Reply {
  Errno error = Errno::success;
  runtime::HostStatus status = runtime::HostStatus::ok;
  Reply(Errno e) : error(e) {}
  Reply(runtime::HostStatus s) : status(s) {}
};

class Session {
 public:
  /// Opens the mounts. Errors: "grant-..." (see boundary/grants.h, boundary/mounts.h), "grant-bad-string".
  static Result<std::unique_ptr<Session>> create(Config config);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  boundary::Boundary& boundary() { return boundary_; }
  const boundary::Boundary& boundary() const { return boundary_; }
  const boundary::DenialLog& denials() const { return boundary_.denials(); }

  /// The start-up of an interpreter is over: from now on opening what is not granted is a denial.
  void begin_user_code() { starting_up_ = false; }
  bool starting_up() const { return starting_up_; }

  /// Number of the report handle, if there is one.
  std::optional<u32> report_fd() const { return report_fd_; }
  /// A new handle of the report, if `place` is the path that opens it.
  std::optional<boundary::Handle> open_report(const boundary::Place& place);
  /// Metadata of the report, if `place` is that path: PHP looks before it opens.
  std::optional<FileInfo> report_info(const boundary::Place& place);
  /// What the guest wrote to it (untrusted), cut at Config::report_limit; report_total() counts all.
  const std::string& report() const;
  u64 report_total() const;

  /// The sink is standard output or standard error.
  bool is_program_output(const boundary::OutputSink& sink) const { return &sink != report_.get(); }

  /// Files of mounts that the guest opened, by guest path: for reading only, or so that it could change them. Empty
  /// unless Config::note_files.
  struct OpenedFile {
    const boundary::Mount* mount = nullptr;
    bool written = false;
  };
  const std::map<std::string, OpenedFile>& opened_files() const { return opened_; }
  /// Openings of files that are not listed, because too many are.
  u64 unlisted_files() const { return unlisted_files_; }
  static constexpr usize kMaxOpened = 10'000;
  static constexpr usize kMaxOpenedText = usize{1} << 20;  ///< bytes of all their paths

  /// How often the guest asked a closed standard input for bytes.
  u64 stdin_refused() const { return empty_stdin_.asked(); }
  const boundary::Clock& clock() const { return clock_; }
  const boundary::RandomSource& random() const { return random_; }
  const boundary::HandleTable& handles() const { return handles_; }
  const Config& config() const { return config_; }

  // ---- for the bodies ----
  boundary::Clock& clock() { return clock_; }
  /// The clock with the fuel used so far taken into account.
  boundary::Clock& clock(const boundary::HostCall& call) {
    clock_.observe_fuel(call.stack_identity(), call.fuel());
    return clock_;
  }
  boundary::RandomSource& random() { return random_; }
  boundary::HandleTable& handles() { return handles_; }
  boundary::NodeTable& nodes() { return nodes_; }
  const boundary::MountTable& mounts() const { return mounts_; }
  const boundary::PathResolver& resolver() const { return resolver_; }

  /// The handle that argument `arg` names, if it has the rights that the descriptor asks for, and `more`. A right that
  /// its mount never had is a denial; one that the guest gave up itself is not.
  std::expected<boundary::Handle*, Errno> handle(boundary::HostCall& call, usize arg, u64 more = 0);
  /// The directory that a path argument is relative to. Rights that the guest gave up on it are enforced here; what its
  /// mount lacks is left to require(), as the path may lead into another mount, and as a denial names the whole path.
  std::expected<boundary::Handle*, Errno> base_dir(boundary::HostCall& call, usize arg, u64 more = 0);
  /// The rights that the guest gave up for what is opened beneath a directory.
  static u64 dropped_rights(const boundary::Handle& dir);
  /// The path in arguments `ptr_arg` and the next, from directory `base`. Paths that are no relative path, or leave
  /// the directory, end here, with a denial where they do.
  std::expected<boundary::Place, Errno> place(boundary::HostCall& call, const boundary::Handle& base, usize ptr_arg);
  /// A guest string, bounded by the longest path.
  std::expected<std::string, Errno> path_string(boundary::HostCall& call, usize ptr_arg);

  /// Success if the place is in a mount that has the rights; else the denial is recorded.
  Errno require(boundary::HostCall& call, const boundary::Place& place, boundary::Rights needed);
  /// As the check of require(), without a record.
  bool may(const boundary::Place& place, boundary::Rights needed) const;
  /// Something was granted at this very place, even if a denial took it away again.
  bool granted(const boundary::Place& place) const;
  /// In a mount with rules, once the kernel has resolved the place: the rights at the path where `fd` really is (with
  /// `name` appended, if it is the parent). What is missing is a denial. `contents`: the file behind it is to be read
  /// or changed, so it must not have a second name that could be denied.
  std::expected<boundary::Rights, Errno> confirm(boundary::HostCall& call, const boundary::Place& place, int fd,
                                                 boundary::Rights needed, std::string_view name, bool contents);
  /// In a mount with rules: a name may be moved or linked only to where it, and what is below it, gains nothing. If it
  /// `replaces` what is there, that must be something that may be deleted.
  Errno confirm_move(boundary::HostCall& call, const boundary::Place& old_place, const boundary::ParentPlace& from,
                     const boundary::Place& new_place, const boundary::ParentPlace& to, bool replaces);
  /// Records the refusal of a place that is not granted at all.
  Errno deny_absent(boundary::HostCall& call, const boundary::Place& place, boundary::Rights wanted, bool directory);
  /// Records a refusal by a rule that no grant lifts.
  Errno deny(boundary::HostCall& call, std::string resource, const char* rule, Errno saw = Errno::notcapable);
  /// Opening for reading at a place that is not granted is a look-up, not a denial: the interpreter starts up, or the
  /// place is one where nothing could be granted (the runtime's own) or only the interpreter's own library is looked
  /// for.
  bool only_looks(const boundary::Place& place) const;
  /// Charges for a path that is held against the rules on paths.
  void charge_ruling(boundary::HostCall& call, const boundary::Mount* mount, std::string_view path);
  /// Counts a look-up of something that is not there: ENOENT.
  Errno probe(boundary::HostCall& call, const boundary::Place& place);
  /// The kernel found nothing at a place in a mount, but it is a directory of ours: something is mounted below it.
  bool shadowed(const boundary::Place& place) const;
  /// The error for a kernel's refusal to resolve or open a path: leaving the mount is a denial.
  Errno path_error(boundary::HostCall& call, const boundary::Place& place, int kernel_error);

  /// Rights of handles in a mount: of a directory itself, and of what may be opened beneath it.
  static u64 directory_rights(boundary::Rights mount);
  static u64 inheriting_rights(boundary::Rights mount);
  /// Rights of a handle of a directory where only `own` of what its mount allows holds for the directory itself.
  static u64 directory_rights(boundary::Rights mount, boundary::Rights own);

  /// A handle of a socket.
  static boundary::Handle socket_handle(boundary::UniqueFd fd, bool listens);
  /// The number that one more granted socket would have had.
  u32 next_socket() const { return 3 + static_cast<u32>(config_.grants.sockets.size()); }

  /// What the guest sees of a file. `mount` is null for synthetic directories.
  FileInfo file_info(const struct stat& st, const boundary::Mount* mount);
  FileInfo synthetic_info(std::string_view guest_path);
  u64 device_of(const boundary::Mount* mount) const;
  /// The number that the guest sees of a file: a memory mount's own, or that of the node table.
  u64 inode_of(const boundary::Mount* mount, u64 device, u64 inode);
  /// A file of a mount was opened.
  void note_opened(const boundary::Place& place, bool to_write);
  /// The guest changed the contents behind a handle.
  void touch(boundary::HostCall& call, boundary::Handle& handle);

 private:
  explicit Session(Config config, boundary::MountTable mounts);
  Errno refuse(boundary::HostCall& call, const boundary::Mount& mount, const std::string& guest_path,
               const boundary::Ruling& ruling, boundary::Rights missing);
  Result<void> open_handles();

  /// Keeps what the guest reports; a first whole line means that its driver runs and user code begins.
  class ReportSink final : public boundary::OutputSink {
   public:
    ReportSink(Session& session, usize limit) : session_(session), kept_(limit, 0) {}
    std::expected<u64, boundary::StreamError> write(boundary::HostCall& call, std::span<const u8> bytes) override;
    const std::string& text() const { return kept_.head(); }

   private:
    Session& session_;
    boundary::CaptureSink kept_;
  };

  Config config_;
  boundary::Boundary boundary_;
  boundary::MountTable mounts_;
  boundary::PathResolver resolver_;
  boundary::HandleTable handles_;
  boundary::NodeTable nodes_;
  boundary::Clock clock_;
  boundary::RandomSource random_;
  boundary::EmptySource empty_stdin_;
  boundary::CaptureSink dropped_{0, 0};
  std::unique_ptr<ReportSink> report_;
  std::optional<u32> report_fd_;
  std::map<std::string, OpenedFile> opened_;
  usize opened_text_ = 0;
  u64 unlisted_files_ = 0;
  bool starting_up_;
};

/// The name of the type of a file, from its mode.
u8 filetype_of(u32 mode);

/// Errors of guest accessors as the guest sees them.
Errno from_fault(boundary::Fault fault);

/// The descriptor tables of wasi_snapshot_preview1 and wasi_unstable.
std::span<const boundary::ImportDesc> snapshot1_rows();
std::span<const boundary::ImportDesc> unstable_rows();

/// Defines the functions of wasi_snapshot_preview1 and wasi_unstable: of each that `module` imports anything from, or
/// of both if it is null. Names in those modules that `module` imports and that nobody knows become functions that
/// answer ENOSYS and leave a denial (or trap, where they return no number). The session must outlive the store.
Result<void> define_wasi(runtime::Linker& linker, runtime::Store& store, Session& session, const wasm::Module* module);

}  // namespace dewar::wasi_p1
