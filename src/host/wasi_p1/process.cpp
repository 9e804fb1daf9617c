// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments, environment, clocks, random bytes, and the end of the process.
#include <algorithm>
#include <string>
#include <vector>

#include "base/print.h"
#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;
using runtime::HostStatus;

namespace {

std::vector<std::string> environment(const Session& session) {
  std::vector<std::string> out;
  for (const auto& [name, value] : session.config().grants.env) out.push_back(name + "=" + value);
  return out;
}

u64 bytes_with_nul(const std::vector<std::string>& strings) {
  u64 n = 0;
  for (const std::string& s : strings) n += s.size() + 1;
  return n;
}

Reply put_sizes(HostCall& call, const std::vector<std::string>& strings) {
  call.work().units += bytes_with_nul(strings) >> 12;
  if (auto ok = call.store(call.arg32(0), static_cast<u32>(strings.size())); !ok) return from_fault(ok.error());
  return store_result(call, call.arg32(1), static_cast<u32>(bytes_with_nul(strings)));
}

// An array of pointers, and the strings they point to, each with a NUL at its end.
Reply put_strings(HostCall& call, const std::vector<std::string>& strings) {
  DEWAR_WASI_GUEST(pointers, call.write(call.arg32(0), u64{4} * strings.size()));
  DEWAR_WASI_GUEST(bytes, call.write(call.arg32(1), bytes_with_nul(strings)));
  usize at = 0;
  for (usize i = 0; i < strings.size(); ++i) {
    const u32 address = static_cast<u32>(bytes.address() + at);
    const u8 pointer[4] = {static_cast<u8>(address), static_cast<u8>(address >> 8), static_cast<u8>(address >> 16),
                           static_cast<u8>(address >> 24)};
    pointers.put(pointer, 4 * i);
    bytes.put(std::string_view(strings[i].c_str(), strings[i].size() + 1), at);
    at += strings[i].size() + 1;
  }
  return Errno::success;
}

}  // namespace

Reply args_get(HostCall& call, Session& session) { return put_strings(call, session.config().grants.args); }
Reply args_sizes_get(HostCall& call, Session& session) { return put_sizes(call, session.config().grants.args); }
Reply environ_get(HostCall& call, Session& session) { return put_strings(call, environment(session)); }
Reply environ_sizes_get(HostCall& call, Session& session) { return put_sizes(call, environment(session)); }

Reply clock_res_get(HostCall& call, Session& session) {
  if (call.arg32(0) > kMaxClockId) return Errno::inval;
  const auto ns = session.clock().resolution(static_cast<boundary::ClockId>(call.arg32(0)));
  if (!ns) return Errno::inval;
  return store_result(call, call.arg32(1), *ns);
}

Reply clock_time_get(HostCall& call, Session& session) {
  if (call.arg32(0) > kMaxClockId) return Errno::inval;
  const auto ns = session.clock(call).read(static_cast<boundary::ClockId>(call.arg32(0)));
  if (!ns) return Errno::inval;
  return store_result(call, call.arg32(2), *ns);
}

Reply random_get(HostCall& call, Session& session) {
  DEWAR_WASI_GUEST(buffer, call.write(call.arg32(0), call.arg32(1)));
  boundary::Quota& quota = session.boundary().random;
  if (quota.allow(buffer.size()) < buffer.size()) return call.end_by(boundary::EndingLimit::random);
  quota.use(buffer.size());
  // In pieces, so that a long request ends with the run; a request that goes on is never cut short.
  constexpr usize kPiece = usize{64} << 10;
  const std::span<u8> out = buffer.buffer();
  for (usize at = 0; at < out.size(); at += kPiece) {
    if (auto end = call.killed()) return *end;
    if (!session.random().fill(out.subspan(at, std::min(kPiece, out.size() - at)))) return Errno::io;
  }
  buffer.commit(buffer.size());
  return Errno::success;
}

Reply sched_yield(HostCall&, Session&) { return Errno::success; }

HostStatus proc_exit(HostCall& call) { return call.exit(call.arg32(0)); }

Reply proc_raise(HostCall& call, Session&) {
  // Numbers as in WASI. A program without handlers dies of most signals.
  constexpr u32 kPipe = 13, kContinue = 17, kChild = 16, kUrgent = 22, kWindow = 27, kStop = 18, kTtou = 21;
  const u32 signal = call.arg32(0);
  if (signal > kMaxSignal) return Errno::inval;
  if (signal == 0 || signal == kPipe || signal == kContinue || signal == kChild || signal == kUrgent ||
      signal == kWindow) {
    return Errno::success;
  }
  if (signal >= kStop && signal <= kTtou) return Errno::notsup;
  return call.trap("the program raised signal " + base::dec(signal));
}

}  // namespace dewar::wasi_p1
