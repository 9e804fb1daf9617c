// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is never done for a guest: names of the WASI modules that nobody knows. They leave a denial, so that a report
// can say what the program wanted.
#include <string>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::HostCall;

Reply unknown_function(HostCall& call, Session& session) {
  return session.deny(call, std::string(call.desc().module) + "." + std::string(call.desc().name), "not-implemented",
                      Errno::nosys);
}

runtime::HostStatus unknown_trap(HostCall& call) {
  Session& session = call.host<Session>();
  const std::string name = std::string(call.desc().module) + "." + std::string(call.desc().name);
  session.deny(call, name, "not-implemented", Errno::nosys);
  return call.trap("the program called " + name + ", which does not exist here and whose type leaves no way to say so");
}

}  // namespace dewar::wasi_p1
