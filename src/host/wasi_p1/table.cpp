// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The descriptor table of WASI preview 1: one row per function, checked at compile time; the same rows serve
// wasi_unstable with the bodies of its layouts. Rights are those of the witx definition. Unknown names are bound here.
#include <algorithm>
#include <array>

#include "host/wasi_p1/bodies.h"
#include "runtime/store.h"
#include "wasm/module.h"

namespace dewar::wasi_p1 {

using boundary::ArgDesc;
using boundary::GrantKind;
using boundary::HostBody;
using boundary::ImportDesc;
using boundary::Role;

namespace {

constexpr ArgDesc scalar{Role::scalar, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc flags{Role::flags, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc rights_arg{Role::rights, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc length{Role::length, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc offset{Role::offset, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc time_arg{Role::time, ArgDesc::kNoLength, 0, 0};
constexpr ArgDesc fd(u64 needed = 0) { return {Role::handle, ArgDesc::kNoLength, 0, needed}; }
constexpr ArgDesc out(u16 size) { return {Role::ptr_out, ArgDesc::kNoLength, size, 0}; }
constexpr ArgDesc out_n(u8 len, u16 size = 1) { return {Role::ptr_out, len, size, 0}; }
constexpr ArgDesc in_n(u8 len, u16 size = 1) { return {Role::ptr_in, len, size, 0}; }
constexpr ArgDesc path(u8 len) { return {Role::path_in, len, 1, 0}; }
constexpr ArgDesc iovs_in(u8 len) { return {Role::iovecs_in, len, 8, 0}; }
constexpr ArgDesc iovs_out(u8 len) { return {Role::iovecs_out, len, 8, 0}; }

// Sizes that another call told the guest, so that no argument bounds them.
constexpr u16 kAsTold = 1;

template <class Abi>
constexpr auto make_rows() {
  using namespace rights;
  constexpr std::string_view m = Abi::kModule;
  constexpr u16 kIn = boundary::kReadsInput, kOut = boundary::kWritesOutput, kHand = boundary::kHandles,
                kConf = boundary::kReadsConfig;
  constexpr GrantKind files = GrantKind::files, none = GrantKind::none;
  return std::array{
      ImportDesc{m, "args_get", "ii:i", {out(kAsTold), out(kAsTold)}, kConf, GrantKind::args, run<args_get>},
      ImportDesc{m, "args_sizes_get", "ii:i", {out(4), out(4)}, kConf, GrantKind::args, run<args_sizes_get>},
      ImportDesc{
          m, "environ_get", "ii:i", {out(kAsTold), out(kAsTold)}, kConf, GrantKind::environment, run<environ_get>},
      ImportDesc{
          m, "environ_sizes_get", "ii:i", {out(4), out(4)}, kConf, GrantKind::environment, run<environ_sizes_get>},
      ImportDesc{
          m, "clock_res_get", "ii:i", {scalar, out(8)}, boundary::kReadsClock, GrantKind::clock, run<clock_res_get>},
      ImportDesc{m,
                 "clock_time_get",
                 "iIi:i",
                 {scalar, time_arg, out(8)},
                 boundary::kReadsClock,
                 GrantKind::clock,
                 run<clock_time_get>},
      ImportDesc{
          m, "fd_advise", "iIIi:i", {fd(kFdAdvise), offset, offset, scalar}, boundary::kPure, files, run<fd_advise>},
      ImportDesc{m, "fd_allocate", "iII:i", {fd(kFdAllocate), offset, offset}, kOut, files, run<fd_allocate>},
      ImportDesc{m, "fd_close", "i:i", {fd()}, kHand, none, run<fd_close>},
      ImportDesc{m, "fd_datasync", "i:i", {fd(kFdDatasync)}, kOut, files, run<fd_datasync>},
      ImportDesc{m, "fd_fdstat_get", "ii:i", {fd(), out(sizeof(Fdstat))}, boundary::kPure, none, run<fd_fdstat_get>},
      ImportDesc{
          m, "fd_fdstat_set_flags", "ii:i", {fd(kFdFdstatSetFlags), flags}, kHand, none, run<fd_fdstat_set_flags>},
      ImportDesc{
          m, "fd_fdstat_set_rights", "iII:i", {fd(), rights_arg, rights_arg}, kHand, none, run<fd_fdstat_set_rights>},
      ImportDesc{m,
                 "fd_filestat_get",
                 "ii:i",
                 {fd(kFdFilestatGet), out(sizeof(typename Abi::Filestat))},
                 kIn,
                 files,
                 run<fd_filestat_get<Abi>>},
      ImportDesc{
          m, "fd_filestat_set_size", "iI:i", {fd(kFdFilestatSetSize), offset}, kOut, files, run<fd_filestat_set_size>},
      ImportDesc{m,
                 "fd_filestat_set_times",
                 "iIIi:i",
                 {fd(kFdFilestatSetTimes), time_arg, time_arg, flags},
                 kOut,
                 files,
                 run<fd_filestat_set_times>},
      ImportDesc{m,
                 "fd_pread",
                 "iiiIi:i",
                 {fd(kFdRead | kFdSeek), iovs_out(2), length, offset, out(4)},
                 kIn,
                 files,
                 run<fd_pread>},
      ImportDesc{m, "fd_prestat_get", "ii:i", {fd(), out(sizeof(Prestat))}, boundary::kPure, none, run<fd_prestat_get>},
      ImportDesc{
          m, "fd_prestat_dir_name", "iii:i", {fd(), out_n(2), length}, boundary::kPure, none, run<fd_prestat_dir_name>},
      ImportDesc{m,
                 "fd_pwrite",
                 "iiiIi:i",
                 {fd(kFdWrite | kFdSeek), iovs_in(2), length, offset, out(4)},
                 kOut,
                 files,
                 run<fd_pwrite>},
      ImportDesc{m,
                 "fd_read",
                 "iiii:i",
                 {fd(kFdRead), iovs_out(2), length, out(4)},
                 kIn | boundary::kBlocks,
                 GrantKind::stdio,
                 run<fd_read>},
      ImportDesc{
          m, "fd_readdir", "iiiIi:i", {fd(kFdReaddir), out_n(2), length, offset, out(4)}, kIn, files, run<fd_readdir>},
      ImportDesc{m, "fd_renumber", "ii:i", {fd(), fd()}, kHand, none, run<fd_renumber>},
      ImportDesc{m, "fd_seek", "iIii:i", {fd(), offset, scalar, out(8)}, kHand, files, run<fd_seek<Abi>>},
      ImportDesc{m, "fd_sync", "i:i", {fd(kFdSync)}, kOut, files, run<fd_sync>},
      ImportDesc{m, "fd_tell", "ii:i", {fd(kFdTell), out(8)}, boundary::kPure, files, run<fd_tell>},
      ImportDesc{m,
                 "fd_write",
                 "iiii:i",
                 {fd(kFdWrite), iovs_in(2), length, out(4)},
                 kOut | boundary::kBlocks,
                 GrantKind::stdio,
                 run<fd_write>},
      ImportDesc{m,
                 "path_create_directory",
                 "iii:i",
                 {fd(kPathCreateDirectory), path(2), length},
                 kOut,
                 files,
                 run<path_create_directory>},
      ImportDesc{m,
                 "path_filestat_get",
                 "iiiii:i",
                 {fd(kPathFilestatGet), flags, path(3), length, out(sizeof(typename Abi::Filestat))},
                 kIn,
                 files,
                 run<path_filestat_get<Abi>>},
      ImportDesc{m,
                 "path_filestat_set_times",
                 "iiiiIIi:i",
                 {fd(kPathFilestatSetTimes), flags, path(3), length, time_arg, time_arg, flags},
                 kOut,
                 files,
                 run<path_filestat_set_times>},
      ImportDesc{m,
                 "path_link",
                 "iiiiiii:i",
                 {fd(kPathLinkSource), flags, path(3), length, fd(kPathLinkTarget), path(6), length},
                 kOut,
                 files,
                 run<path_link>},
      ImportDesc{m,
                 "path_open",
                 "iiiiiIIii:i",
                 {fd(kPathOpen), flags, path(3), length, flags, rights_arg, rights_arg, flags, out(4)},
                 kIn | kOut | kHand,
                 files,
                 run<path_open>},
      ImportDesc{m,
                 "path_readlink",
                 "iiiiii:i",
                 {fd(kPathReadlink), path(2), length, out_n(4), length, out(4)},
                 kIn,
                 files,
                 run<path_readlink>},
      ImportDesc{m,
                 "path_remove_directory",
                 "iii:i",
                 {fd(kPathRemoveDirectory), path(2), length},
                 kOut,
                 files,
                 run<path_remove_directory>},
      ImportDesc{m,
                 "path_rename",
                 "iiiiii:i",
                 {fd(kPathRenameSource), path(2), length, fd(kPathRenameTarget), path(5), length},
                 kOut,
                 files,
                 run<path_rename>},
      ImportDesc{m,
                 "path_symlink",
                 "iiiii:i",
                 {path(1), length, fd(kPathSymlink), path(4), length},
                 kOut,
                 files,
                 run<path_symlink>},
      ImportDesc{
          m, "path_unlink_file", "iii:i", {fd(kPathUnlinkFile), path(2), length}, kOut, files, run<path_unlink_file>},
      ImportDesc{m,
                 "poll_oneoff",
                 "iiii:i",
                 {in_n(2, sizeof(typename Abi::Subscription)), out_n(2, sizeof(Event)), length, out(4)},
                 kIn | boundary::kReadsClock | boundary::kBlocks,
                 GrantKind::clock,
                 run<poll_oneoff<Abi>>},
      ImportDesc{m, "proc_exit", "i:", {scalar}, boundary::kExits, none, proc_exit},
      ImportDesc{m, "proc_raise", "i:i", {scalar}, boundary::kExits, none, run<proc_raise>},
      ImportDesc{
          m, "random_get", "ii:i", {out_n(1), length}, boundary::kReadsRandom, GrantKind::random, run<random_get>},
      ImportDesc{m, "sched_yield", ":i", {}, boundary::kPure, none, run<sched_yield>},
      ImportDesc{m,
                 "sock_accept",
                 "iii:i",
                 {fd(kSockAccept), flags, out(4)},
                 boundary::kNetwork | kHand | boundary::kBlocks,
                 GrantKind::network,
                 run<sock_accept>},
      ImportDesc{m,
                 "sock_recv",
                 "iiiiii:i",
                 {fd(kFdRead), iovs_out(2), length, flags, out(4), out(2)},
                 boundary::kNetwork | kIn | boundary::kBlocks,
                 GrantKind::network,
                 run<sock_recv>},
      ImportDesc{m,
                 "sock_send",
                 "iiiii:i",
                 {fd(kFdWrite), iovs_in(2), length, flags, out(4)},
                 boundary::kNetwork | kOut | boundary::kBlocks,
                 GrantKind::network,
                 run<sock_send>},
      ImportDesc{m,
                 "sock_shutdown",
                 "ii:i",
                 {fd(kSockShutdown), flags},
                 boundary::kNetwork | kHand,
                 GrantKind::network,
                 run<sock_shutdown>},
  };
}

constexpr auto kSnapshot1 = make_rows<Snapshot1>();
constexpr auto kUnstable = make_rows<Unstable>();

constexpr bool all_well_formed(std::span<const ImportDesc> rows) {
  return std::all_of(rows.begin(), rows.end(), boundary::well_formed);
}
static_assert(all_well_formed(kSnapshot1) && all_well_formed(kUnstable));
static_assert(kSnapshot1.size() == 46);

// Letters of a function type; parameters that have no letter leave it with results only.
std::string signature(const wasm::SubType& type) {
  const auto letter = [](wasm::ValType t) {
    switch (t.kind()) {
      case wasm::ValType::kI32: return 'i';
      case wasm::ValType::kI64: return 'I';
      case wasm::ValType::kF32: return 'f';
      case wasm::ValType::kF64: return 'F';
      default: return '?';
    }
  };
  std::string out;
  for (const wasm::ValType t : type.params) out += letter(t);
  if (out.size() > boundary::kMaxArgs || out.find('?') != std::string::npos) out.clear();
  out += ':';
  for (const wasm::ValType t : type.results) out += letter(t);
  return out;
}

}  // namespace

std::span<const ImportDesc> snapshot1_rows() { return kSnapshot1; }
std::span<const ImportDesc> unstable_rows() { return kUnstable; }

Result<void> define_wasi(runtime::Linker& linker, runtime::Store& store, Session& session, const wasm::Module* module) {
  boundary::Boundary& boundary = session.boundary();
  // Most modules import from one of the two or from none; what nobody imports need not be made.
  const auto wanted = [&](std::string_view name) {
    const auto from = [&](const wasm::Import& import) { return import.module == name; };
    return !module || std::ranges::any_of(module->imports, from);
  };
  if (wanted(Snapshot1::kModule)) {
    if (auto ok = boundary.define(linker, store, kSnapshot1, &session); !ok) return ok;
  }
  if (wanted(Unstable::kModule)) {
    if (auto ok = boundary.define(linker, store, kUnstable, &session); !ok) return ok;
  }
  if (!module) return {};
  for (const wasm::Import& import : module->imports) {
    if (import.kind != wasm::ExternKind::func) continue;
    if (import.module != Snapshot1::kModule && import.module != Unstable::kModule) continue;
    if (const runtime::Extern* known = linker.find(import.module, import.name)) {
      // Engines before the standard had sockets of their own under its names: sock_accept with two parameters.
      const bool socket = import.name.starts_with("sock_");
      const auto at = static_cast<u32>(&import - module->imports.data());
      if (!socket || runtime::match_import(store, *module, at, *known)) continue;
    }
    const wasm::TypeIndex type = module->funcs[import.index].type;
    const std::string sig = signature(module->types[type.value]);
    ImportDesc desc{import.module, import.name, sig, {}, boundary::kPure, GrantKind::none, nullptr};
    for (usize i = 0; i < desc.num_params(); ++i) desc.args[i] = scalar;
    desc.body = sig.ends_with(":i") ? HostBody(run<unknown_function>) : HostBody(unknown_trap);
    auto func = boundary.bind_dynamic(store, module->canon[type.value], desc, &session);
    if (!func) return std::unexpected(func.error());
    runtime::Extern value;
    value.kind = wasm::ExternKind::func;
    value.func = *func;
    linker.define(import.module, import.name, value);
  }
  return {};
}

}  // namespace dewar::wasi_p1
