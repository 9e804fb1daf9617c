// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Checks are made when the run starts, so that a guest finds either what was granted or nothing at all.
#include "boundary/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <charconv>
#include <optional>

#include "base/print.h"

namespace dewar::boundary {
namespace {

constexpr int kBacklog = 128;
constexpr int kMaxFd = 1 << 20;

std::optional<int> number(std::string_view text, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) return std::nullopt;
  return value;
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse_address(std::string_view text) {
  const usize colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = number(text.substr(colon + 1), 65535);
  // Port 0 would be one that nobody is told.
  if (!port || *port == 0) return std::nullopt;
  std::string host(text.substr(0, colon));
  Address out;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<u16>(*port));
    out.size = sizeof *v6;
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
    return out;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(static_cast<u16>(*port));
  out.size = sizeof *v4;
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return std::nullopt;
  return out;
}

std::unexpected<Error> bad_address(std::string_view text) {
  return fail("grant-socket", "\"" + std::string(text) + "\" is no address to listen on", Error::kNoOffset,
              "a numeric address and a port from 1 to 65535, as 127.0.0.1:8080 or [::1]:8080, or fd:N");
}

Result<GrantedSocket> listen_on(const std::string& text) {
  const auto address = parse_address(text);
  if (!address) return bad_address(text);
  UniqueFd fd(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  const auto* where = reinterpret_cast<const sockaddr*>(&address->storage);
  // A server that ended a moment ago must not keep its successor out; two at a time are still refused.
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(fd.get(), where, address->size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return fail("grant-socket", "cannot listen on " + text + ": " + strerror(errno));
  }
  return GrantedSocket{std::move(fd), true};
}

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

}  // namespace

Result<GrantedSocket> open_socket(const SocketGrant& grant) {
  if (grant.kind == SocketGrant::Kind::listen) return listen_on(grant.address);
  const bool listens = grant.kind == SocketGrant::Kind::listener;
  const std::string name = "the granted descriptor " + base::dec(static_cast<u64>(grant.fd < 0 ? 0 : grant.fd));
  UniqueFd fd(grant.fd < 0 ? -1 : ::fcntl(grant.fd, F_DUPFD_CLOEXEC, 0));
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (!fd) return fail("grant-socket", name + " is not open");
  if (option(fd.get(), SO_TYPE) != SOCK_STREAM) return fail("grant-socket", name + " is no stream socket");
  if ((option(fd.get(), SO_ACCEPTCONN) == 1) != listens) {
    return fail("grant-socket", name + (listens ? " does not listen" : " listens"), Error::kNoOffset,
                "--listen takes what listens, --stream what is connected");
  }
  if (!listens && ::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return fail("grant-socket", name + " is not connected");
  }
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (listens && !(flags & O_NONBLOCK) && ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return fail("grant-socket", name + " cannot be made non-blocking: " + strerror(errno));
  }
  return GrantedSocket{std::move(fd), listens};
}

Result<SocketGrant> parse_listen(std::string_view text) {
  SocketGrant grant;
  if (text.starts_with("fd:")) {
    const auto fd = number(text.substr(3), kMaxFd);
    if (!fd) return bad_address(text);
    grant.kind = SocketGrant::Kind::listener;
    grant.fd = *fd;
    return grant;
  }
  if (!parse_address(text)) return bad_address(text);
  grant.address = text;
  return grant;
}

Result<SocketGrant> parse_stream(std::string_view text) {
  const auto fd = text.starts_with("fd:") ? number(text.substr(3), kMaxFd) : std::nullopt;
  if (!fd) {
    return fail("grant-socket", "\"" + std::string(text) + "\" names no connected socket", Error::kNoOffset,
                "fd:N, where N is the number of an inherited descriptor");
  }
  SocketGrant grant;
  grant.kind = SocketGrant::Kind::stream;
  grant.fd = *fd;
  return grant;
}

}  // namespace dewar::boundary
