// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets by grant: listeners and streams, all on the loopback address or in socketpairs. Everything that a guest may
// do with them, what it may not, waiting and being interrupted, and that without a grant there is nothing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "boundary/sockets.h"
#include "wasi_fixture.h"

namespace dewar::wasi_p1 {
namespace {

using boundary::SocketGrant;
using boundary::UniqueFd;
using runtime::HostStatus;
constexpr u32 kResult = WasiGuest::kResult;
constexpr u32 kData = WasiGuest::kData;

/// A listener of the host on a free port of the loopback address.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(fd.get(), 8), 0);
    port = port_of(fd.get());
  }
  static u16 port_of(int fd) {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size), 0);
    return ntohs(at.sin_port);
  }
  UniqueFd connect() const { return connect_to(port); }
  static UniqueFd connect_to(u16 port) {
    UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    return client;
  }
  SocketGrant grant() const { return {SocketGrant::Kind::listener, "", fd.get()}; }
  UniqueFd fd;
  u16 port = 0;
};

/// Two connected sockets: one for the guest, one for the test.
struct Pair {
  Pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    guest = UniqueFd(ends[0]);
    ours = UniqueFd(ends[1]);
  }
  SocketGrant grant() const { return {SocketGrant::Kind::stream, "", guest.get()}; }
  void say(std::string_view text) {
    EXPECT_EQ(::send(ours.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  std::string hear() {
    char text[256];
    const ssize_t n = ::recv(ours.get(), text, sizeof text, MSG_DONTWAIT);
    return n < 0 ? std::string("nothing") : std::string(text, static_cast<usize>(n));
  }
  UniqueFd guest, ours;
};

void start(WasiGuest& g, std::vector<SocketGrant> sockets, bool real_clock = false) {
  Config config;
  config.grants.sockets = std::move(sockets);
  if (real_clock) config.grants.clock = boundary::ClockPolicy::real;
  g.start(std::move(config));
}

Errno accept(WasiGuest& g, u32 fd, u32 flags = 0) { return g("sock_accept", {fd, flags, kResult}); }
Errno recv(WasiGuest& g, u32 fd, std::string* out, u32 flags = 0, u32 size = 100) {
  g.set<u32>(1024, kData);
  g.set<u32>(1028, size);
  g.set<u16>(kResult + 4, 0xffff);
  const Errno e = g("sock_recv", {fd, 1024, 1, flags, kResult, kResult + 4});
  if (e != Errno::success) return e;
  EXPECT_EQ(g.get<u16>(kResult + 4), 0);
  *out = g.text(kData, g.u32_at(kResult));
  return e;
}
Errno send(WasiGuest& g, u32 fd, std::string_view text, u32 flags = 0) {
  g.put(kData, text);
  g.set<u32>(1024, kData);
  g.set<u32>(1028, static_cast<u32>(text.size()));
  return g("sock_send", {fd, 1024, 1, flags, kResult});
}
Event poll(WasiGuest& g, u32 fd, u8 type, u64 timeout_ns) {
  Snapshot1::Subscription s[2] = {};
  s[0].userdata = 1;
  s[0].type = type;
  s[0].id = fd;
  s[1].userdata = 2;
  s[1].type = kEventClock;
  s[1].id = 1;
  s[1].timeout = timeout_ns;
  g.set(2000, s[0]);
  g.set(2048, s[1]);
  EXPECT_EQ(g("poll_oneoff", {2000, 3000, 2, kResult}), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 1u);
  return g.get<Event>(3000);
}

TEST(WasiSock, ListenerAcceptsAndStreamsCarryBytes) {
  Listener listener;
  WasiGuest g;
  start(g, {listener.grant()});
  UniqueFd client = listener.connect();
  ASSERT_EQ(accept(g, 3), Errno::success);
  const u32 stream = g.u32_at(kResult);
  EXPECT_EQ(stream, 5u) << "3 is the listener, 4 the root";
  ASSERT_EQ(::send(client.get(), "hello", 5, 0), 5);
  std::string text;
  EXPECT_EQ(recv(g, stream, &text), Errno::success);
  EXPECT_EQ(text, "hello");
  EXPECT_EQ(send(g, stream, "good day"), Errno::success);
  EXPECT_EQ(g.u32_at(kResult), 8u);
  char answer[16] = {};
  EXPECT_EQ(::recv(client.get(), answer, sizeof answer, 0), 8);
  EXPECT_STREQ(answer, "good day");
  // The other calls on handles do the same or say what it is.
  ASSERT_EQ(::send(client.get(), "more", 4, 0), 4);
  EXPECT_EQ(g.read(stream, &text), Errno::success);
  EXPECT_EQ(text, "more");
  EXPECT_EQ(g.write(stream, "bytes"), Errno::success);
  EXPECT_EQ(::recv(client.get(), answer, sizeof answer, 0), 5);
  EXPECT_EQ(g("fd_fdstat_get", {stream, kResult}), Errno::success);
  const auto stat = g.get<Fdstat>(kResult);
  EXPECT_EQ(stat.filetype, kTypeSocketStream);
  EXPECT_EQ(stat.rights_base & (rights::kFdRead | rights::kFdWrite | rights::kSockShutdown | rights::kSockAccept),
            rights::kFdRead | rights::kFdWrite | rights::kSockShutdown);
  EXPECT_EQ(g("fd_seek", {stream, 0, Snapshot1::kSeekCurrent, kResult}), Errno::spipe);
  EXPECT_EQ(g("fd_tell", {stream, kResult}), Errno::spipe);
  EXPECT_EQ(g("fd_pread", {stream, 1024, 1, 0, kResult}), Errno::spipe);
  EXPECT_EQ(g("fd_filestat_get", {stream, kResult}), Errno::success);
  EXPECT_EQ(g.filestat().filetype, kTypeSocketStream);
  EXPECT_EQ(g("fd_readdir", {stream, kData, 100, 0, kResult}), Errno::notcapable);
  EXPECT_EQ(g("path_open", {stream, 0, kData, 1, 0, 0, 0, 0, kResult}), Errno::notdir);
  EXPECT_EQ(accept(g, stream), Errno::notcapable) << "a stream never had the right";
  // Its end.
  client.reset();
  EXPECT_EQ(recv(g, stream, &text), Errno::success);
  EXPECT_EQ(text, "");
  EXPECT_EQ(g("fd_close", {stream}), Errno::success);
  EXPECT_EQ(recv(g, stream, &text), Errno::badf);
  EXPECT_TRUE(g.denials().empty());
}

TEST(WasiSock, AddressesAreListenedOn) {
  u16 port;
  {
    Listener free;  // a port that was free a moment ago
    port = free.port;
  }
  WasiGuest g;
  auto grant = boundary::parse_listen("127.0.0.1:" + std::to_string(port));
  ASSERT_TRUE(grant);
  start(g, {*grant});
  ASSERT_NE(g.session, nullptr);
  UniqueFd client = Listener::connect_to(port);
  EXPECT_EQ(accept(g, 3), Errno::success);
  Config again;
  again.grants.sockets = {*grant};
  auto second = Session::create(std::move(again));
  ASSERT_FALSE(second);
  EXPECT_STREQ(second.error().code, "grant-socket") << "the address is taken";
}

TEST(WasiSock, NothingWaitsWhereTheFlagSaysSo) {
  Listener listener;
  Pair pair;
  WasiGuest g;
  start(g, {listener.grant(), pair.grant()});
  EXPECT_EQ(g("fd_fdstat_set_flags", {3, kFdNonblock}), Errno::success);
  EXPECT_EQ(g("fd_fdstat_set_flags", {4, kFdNonblock}), Errno::success);
  EXPECT_EQ(g("fd_fdstat_set_flags", {4, kFdNonblock | kFdAppend}), Errno::inval);
  EXPECT_EQ(accept(g, 3), Errno::again);
  std::string text;
  EXPECT_EQ(recv(g, 4, &text), Errno::again);
  EXPECT_EQ(g.read(4, &text), Errno::again);
  pair.say("ab");
  EXPECT_EQ(recv(g, 4, &text, kRecvWaitAll), Errno::success);
  EXPECT_EQ(text, "ab") << "waiting for all waits for nothing on such a handle";
  u64 sent = 0;
  for (;;) {
    g.set<u32>(1024, kData);
    g.set<u32>(1028, 60'000);
    const Errno e = g("sock_send", {4, 1024, 1, 0, kResult});
    if (e == Errno::again) break;
    ASSERT_EQ(e, Errno::success);
    sent += g.u32_at(kResult);
    ASSERT_LT(sent, u64{1} << 30);
  }
  EXPECT_GT(sent, 0u);
  UniqueFd client = listener.connect();
  EXPECT_EQ(accept(g, 3, kFdNonblock), Errno::success);
  EXPECT_EQ(recv(g, g.u32_at(kResult), &text), Errno::again) << "the flag of the call goes to the stream";
  EXPECT_EQ(accept(g, 3, kFdAppend), Errno::inval);
}

TEST(WasiSock, FlagsOfReceivingAndShutdown) {
  Pair pair;
  WasiGuest g;
  start(g, {pair.grant()});
  pair.say("abcdef");
  std::string text;
  EXPECT_EQ(recv(g, 3, &text, kRecvPeek, 3), Errno::success);
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(recv(g, 3, &text, kRecvPeek | kRecvWaitAll, 100), Errno::success);
  EXPECT_EQ(text, "abcdef");
  EXPECT_EQ(recv(g, 3, &text, 4), Errno::inval);
  EXPECT_EQ(send(g, 3, "x", 1), Errno::inval);
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pair.say("ghij");
  });
  EXPECT_EQ(recv(g, 3, &text, kRecvWaitAll, 10), Errno::success);
  EXPECT_EQ(text, "abcdefghij");
  late.join();
  // Several buffers, one of them empty.
  pair.say("12345");
  const u32 iov[6] = {kData, 2, 0, 0, kData + 100, 50};
  g.set(1024, iov);
  EXPECT_EQ(g("sock_recv", {3, 1024, 3, 0, kResult, kResult + 4}), Errno::success);
  EXPECT_EQ(g.text(kData, 2) + g.text(kData + 100, 3), "12345");
  EXPECT_EQ(g("sock_shutdown", {3, 0}), Errno::inval);
  EXPECT_EQ(g("sock_shutdown", {3, 4}), Errno::inval);
  EXPECT_EQ(g("sock_shutdown", {3, kShutWrite}), Errno::success);
  EXPECT_EQ(pair.hear(), "") << "the other side sees the end";
  EXPECT_EQ(send(g, 3, "x"), Errno::pipe);
  EXPECT_EQ(g("sock_shutdown", {3, kShutRead}), Errno::success);
  EXPECT_EQ(recv(g, 3, &text), Errno::success);
  EXPECT_EQ(text, "");
}

TEST(WasiSock, BadPointersTakeNothing) {
  Pair pair;
  WasiGuest g;
  start(g, {pair.grant()});
  pair.say("kept");
  g.set<u32>(1024, kData);
  g.set<u32>(1028, 10);
  EXPECT_EQ(g("sock_recv", {3, 1024, 1, 0, g.size() - 3, kResult}), Errno::fault);
  EXPECT_EQ(g("sock_recv", {3, 1024, 1, 0, kResult, g.size() - 1}), Errno::fault);
  EXPECT_EQ(g("sock_recv", {3, g.size() - 7, 1, 0, kResult, kResult + 4}), Errno::fault);
  EXPECT_EQ(g("sock_recv", {3, 1024, 1025, 0, kResult, kResult + 4}), Errno::inval);
  EXPECT_EQ(g("sock_send", {3, 1024, 1, 0, 0xfffffffe}), Errno::fault);
  g.set<u32>(1028, 0xffffffff);
  EXPECT_EQ(g("sock_send", {3, 1024, 1, 0, kResult}), Errno::fault);
  std::string text;
  EXPECT_EQ(recv(g, 3, &text), Errno::success);
  EXPECT_EQ(text, "kept");
  EXPECT_EQ(pair.hear(), "nothing");
}

TEST(WasiSock, PollTellsWhatIsReady) {
  Listener listener;
  Pair pair;
  WasiGuest g;
  start(g, {listener.grant(), pair.grant()}, true);
  EXPECT_EQ(poll(g, 3, kEventFdRead, 5'000'000).type, kEventClock) << "nobody has connected";
  EXPECT_EQ(poll(g, 4, kEventFdRead, 5'000'000).type, kEventClock) << "nothing to read";
  Event e = poll(g, 4, kEventFdWrite, u64{100} * 1'000'000'000);
  EXPECT_EQ(e.type, kEventFdWrite);
  EXPECT_EQ(e.error, 0);
  UniqueFd client = listener.connect();
  e = poll(g, 3, kEventFdRead, u64{100} * 1'000'000'000);
  EXPECT_EQ(e.userdata, 1u);
  EXPECT_EQ(e.type, kEventFdRead);
  EXPECT_EQ(accept(g, 3), Errno::success);
  pair.say("abc");
  e = poll(g, 4, kEventFdRead, u64{100} * 1'000'000'000);
  EXPECT_EQ(e.type, kEventFdRead);
  EXPECT_EQ(e.nbytes, 3u);
  EXPECT_EQ(e.flags, 0);
  pair.ours.reset();
  EXPECT_EQ(poll(g, 4, kEventFdRead, 1).flags, kEventHangup);
  // A listener is no place to write to.
  e = poll(g, 3, kEventFdWrite, 1);
  EXPECT_EQ(static_cast<Errno>(e.error), Errno::notcapable);
}

TEST(WasiSock, WaitingIsInterrupted) {
  Listener listener;
  Pair pair;
  WasiGuest g;
  start(g, {listener.grant(), pair.grant()}, true);
  g.set<u32>(1024, kData);
  g.set<u32>(1028, 10);
  Snapshot1::Subscription s;
  s.type = kEventFdRead;
  s.id = 3;
  g.set(2000, s);
  const std::pair<const char*, std::vector<u64>> calls[] = {
      {"sock_accept", {3, 0, kResult}},
      {"sock_recv", {4, 1024, 1, 0, kResult, kResult + 4}},
      {"fd_read", {4, 1024, 1, kResult}},
      {"poll_oneoff", {2000, 3000, 1, kResult}},
  };
  for (const auto& [name, args] : calls) {
    SCOPED_TRACE(name);
    std::thread killer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      g.stack->interrupt(runtime::kInterruptKill);
    });
    EXPECT_EQ(g.call(*g.bindings.at(name), args), HostStatus::trap);
    EXPECT_EQ(g.stack->trap.kind, runtime::TrapKind::interrupted);
    killer.join();
    g.stack->clear_interrupt(runtime::kInterruptKill);
  }
  // A full stream, too.
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    g.stack->interrupt(runtime::kInterruptKill);
  });
  g.set<u32>(1028, 100'000);
  HostStatus status = HostStatus::ok;
  for (int i = 0; i < 10'000 && status == HostStatus::ok; ++i) {
    status = g.call(*g.bindings.at("sock_send"), {4, 1024, 1, 0, kResult});
  }
  EXPECT_EQ(status, HostStatus::trap);
  killer.join();
}

TEST(WasiSock, WithoutGrantThereIsNone) {
  test::ScratchDir scratch;
  scratch.file("file", "x");
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data", boundary::kReadWrite}};
  g.start(std::move(config));
  ASSERT_EQ(g.open(3, "file"), Errno::success);
  std::string text;
  EXPECT_EQ(accept(g, g.fd), Errno::notsock);
  EXPECT_EQ(recv(g, 1, &text), Errno::notsock);
  EXPECT_EQ(accept(g, 3), Errno::notsock) << "where a listener would have been";
  EXPECT_EQ(accept(g, 4), Errno::badf) << "the root";
  EXPECT_EQ(accept(g, 99), Errno::badf);
  ASSERT_EQ(g.denials().size(), 4u) << "a number that is not open is no denial";
  const auto line = [&](usize i) {
    const auto d = g.denials()[i];
    return d.operation + " " + d.resource + " [" + d.rule + " " + d.missing + "] " + d.guest_saw + " " + d.grant;
  };
  EXPECT_EQ(line(0), "sock_accept /data/file [not-a-socket network] ENOTSOCK ");
  EXPECT_EQ(line(1), "sock_recv fd 1 [not-a-socket network] ENOTSOCK ");
  EXPECT_EQ(line(2), "sock_accept /data [not-a-socket network] ENOTSOCK --listen ADDR:PORT");
  EXPECT_EQ(line(3), "sock_accept fd 4 [not-a-socket network] EBADF ");
}

TEST(WasiSock, DirectoriesAreFoundBehindSockets) {
  test::ScratchDir scratch;
  Listener listener;
  Pair pair;
  WasiGuest g;
  Config config;
  config.grants.mounts = {{scratch.path(), "/data", boundary::kReadWrite}};
  config.grants.sockets = {listener.grant(), pair.grant()};
  g.start(std::move(config));
  std::vector<std::string> names;
  for (u32 fd = 3;; ++fd) {
    const Errno e = g("fd_prestat_get", {fd, kResult});
    if (e == Errno::badf) break;
    ASSERT_EQ(e, Errno::success);
    const auto prestat = g.get<Prestat>(kResult);
    if (prestat.tag != 0) {
      EXPECT_EQ(g("fd_prestat_dir_name", {fd, kData, 100}), Errno::notdir);
      names.emplace_back("socket");
      continue;
    }
    ASSERT_EQ(g("fd_prestat_dir_name", {fd, kData, prestat.name_size}), Errno::success);
    names.push_back(g.text(kData, prestat.name_size));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"socket", "socket", "/data", "/"}));
}

TEST(WasiSock, AcceptRespectsLimitsAndRights) {
  Listener listener;
  WasiGuest g;
  Config config;
  config.max_handles = 6;
  config.grants.sockets = {listener.grant()};
  g.start(std::move(config));
  UniqueFd one = listener.connect(), two = listener.connect();
  EXPECT_EQ(g("sock_accept", {3, 0, g.size() - 3}), Errno::fault);
  EXPECT_EQ(accept(g, 3), Errno::success);
  EXPECT_EQ(accept(g, 3), Errno::mfile);
  EXPECT_EQ(g("fd_close", {5}), Errno::success);
  // Rights given up on the listener are not there on what it accepts.
  EXPECT_EQ(g("fd_fdstat_set_rights", {3, rights::kSockAccept, rights::kFdRead}), Errno::success);
  ASSERT_EQ(accept(g, 3), Errno::success) << "the second connection is still waiting";
  EXPECT_EQ(send(g, g.u32_at(kResult), "x"), Errno::notcapable);
  EXPECT_EQ(g("sock_shutdown", {5, kShutRead}), Errno::notcapable);
  EXPECT_EQ(g("fd_fdstat_set_rights", {3, 0, 0}), Errno::success);
  EXPECT_EQ(accept(g, 3), Errno::notcapable);
  EXPECT_TRUE(g.denials().empty()) << "nothing was withheld from it";
}

TEST(WasiSock, ListenersAreOnlyForAccepting) {
  Listener listener;
  WasiGuest g;
  start(g, {listener.grant()});
  std::string text;
  EXPECT_EQ(recv(g, 3, &text), Errno::notconn);
  EXPECT_EQ(g.read(3, &text), Errno::notconn);
  EXPECT_EQ(send(g, 3, "x"), Errno::notcapable);
  EXPECT_EQ(g("sock_shutdown", {3, kShutRead}), Errno::notcapable);
  UniqueFd client = listener.connect();
  EXPECT_EQ(accept(g, 3), Errno::success) << "it still listens";
  // Closing the guest's handle leaves the embedder's descriptor open.
  EXPECT_EQ(g("fd_close", {3}), Errno::success);
  EXPECT_GE(::fcntl(listener.fd.get(), F_GETFD), 0);
}

TEST(SocketGrants, AreCheckedWhenARunStarts) {
  Listener listener;
  Pair pair;
  UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  UniqueFd datagram(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  UniqueFd unconnected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  using Kind = SocketGrant::Kind;
  const SocketGrant bad[] = {
      {Kind::stream, "", listener.fd.get()}, {Kind::listener, "", pair.guest.get()}, {Kind::stream, "", file.get()},
      {Kind::stream, "", datagram.get()},    {Kind::stream, "", unconnected.get()},  {Kind::stream, "", -1},
      {Kind::listener, "", 1'000'000},       {Kind::listen, "localhost:80", -1},
  };
  for (const SocketGrant& grant : bad) {
    Config config;
    config.grants.sockets = {grant};
    auto made = Session::create(std::move(config));
    ASSERT_FALSE(made);
    EXPECT_STREQ(made.error().code, "grant-socket");
    EXPECT_FALSE(made.error().message.empty());
  }
}

TEST(SocketGrants, AreWrittenAsAddressOrDescriptor) {
  const auto v4 = boundary::parse_listen("127.0.0.1:8080");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->kind, SocketGrant::Kind::listen);
  EXPECT_EQ(v4->address, "127.0.0.1:8080");
  EXPECT_TRUE(boundary::parse_listen("[::1]:65535"));
  const auto fd = boundary::parse_listen("fd:7");
  ASSERT_TRUE(fd);
  EXPECT_EQ(fd->kind, SocketGrant::Kind::listener);
  EXPECT_EQ(fd->fd, 7);
  ASSERT_TRUE(boundary::parse_stream("fd:0"));
  for (const char* text : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:80x", "localhost:80", "::1:80", "[::1]", "[]:80", "[::1%lo]:80", "1.2.3:80",
                           "fd:", "fd:-1", "fd:x", "fd:99999999999"}) {
    EXPECT_FALSE(boundary::parse_listen(text)) << text;
    EXPECT_FALSE(boundary::parse_stream(text)) << text;
  }
  EXPECT_FALSE(boundary::parse_stream("127.0.0.1:80"));
}

}  // namespace
}  // namespace dewar::wasi_p1
