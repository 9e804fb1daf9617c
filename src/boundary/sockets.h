// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets passed in by grant: a listener on an address, or a listener or connected stream that the embedder has open.
// There is no other way to one: guests cannot make, bind or connect sockets, and no name is ever looked up.
#pragma once

#include <string_view>

#include "base/error.h"
#include "boundary/grants.h"
#include "boundary/unique_fd.h"

namespace dewar::boundary {

/// A granted socket as opened.
struct GrantedSocket {
  UniqueFd fd;
  bool listens = false;
};

/// Opens one. A listener never blocks in the kernel (an inherited one is switched to O_NONBLOCK, also for whoever
/// shares it): an accept that another process won must not hang. Errors: "grant-socket".
Result<GrantedSocket> open_socket(const SocketGrant& grant);

/// What the flag --listen takes: "ADDR:PORT" with a numeric address ("127.0.0.1:80", "[::1]:80"), or "fd:N". Errors:
/// "grant-socket".
Result<SocketGrant> parse_listen(std::string_view text);
/// What the flag --stream takes: "fd:N". Errors: "grant-socket".
Result<SocketGrant> parse_stream(std::string_view text);

}  // namespace dewar::boundary
