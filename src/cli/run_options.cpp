// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One option after the other. An option that a command does not have is simply never given.
#include "cli/run_options.h"

#include <charconv>
#include <cstdlib>

#include "boundary/sockets.h"
#include "cli/clock_start.h"

namespace dewar::cli {

using boundary::Grants;

namespace {

Result<void> read_environment(const ParsedArgs& args, Grants& grants) {
  for (const std::string& item : args.all("env")) {
    const usize equals = item.find('=');
    const std::string name = item.substr(0, equals);
    if (name.empty())
      return fail("usage-env", "--env " + item + " names no variable", Error::kNoOffset, "--env NAME=VALUE");
    std::string value;
    if (equals != std::string::npos) {
      value = item.substr(equals + 1);
    } else if (const char* ours = std::getenv(name.c_str())) {
      value = ours;
    } else {
      return fail("usage-env", "there is no environment variable " + name + " to pass on", Error::kNoOffset,
                  "give its value: --env " + name + "=VALUE");
    }
    std::erase_if(grants.env, [&](const auto& known) { return known.first == name; });
    grants.env.emplace_back(name, std::move(value));
  }
  return {};
}

}  // namespace

Result<void> read_grants(const ParsedArgs& args, Grants& grants) {
  for (const auto& [option, rights] : {std::pair("dir", boundary::kReadWrite), std::pair("ro", boundary::kReadOnly)}) {
    for (const std::string& text : args.all(option)) {
      auto mount = boundary::parse_mount(text, rights);
      if (!mount) return std::unexpected(std::move(mount.error()));
      mount->source = "option --" + std::string(option);
      grants.mounts.push_back(std::move(*mount));
    }
  }
  for (const auto& [option, parse] :
       {std::pair("listen", &boundary::parse_listen), std::pair("stream", &boundary::parse_stream)}) {
    for (const std::string& text : args.all(option)) {
      auto socket = parse(text);
      if (!socket) return std::unexpected(std::move(socket.error()));
      grants.sockets.push_back(std::move(*socket));
    }
  }
  if (auto ok = read_environment(args, grants); !ok) return ok;
  const auto choice = [&](std::string_view option, std::string_view real, std::string_view other) -> Result<bool> {
    const std::string_view value = args.get(option, other);
    if (value == real || value == other) return value == real;
    return fail("usage-option", "--" + std::string(option) + " is " + std::string(real) + " or " + std::string(other));
  };
  auto clock = choice("clock", "real", "virtual");
  if (!clock) return std::unexpected(std::move(clock.error()));
  if (*clock) grants.clock = boundary::ClockPolicy::real;
  if (args.has("clock-start")) {
    const auto start = parse_instant(args.get("clock-start"));
    if (!start || *clock) {
      return fail("usage-option",
                  *clock ? "--clock-start has no meaning with --clock=real" : "--clock-start takes a time in UTC",
                  Error::kNoOffset, "for example --clock-start 2026-07-01T12:00:00Z");
    }
    grants.clock_start = *start;
  }
  auto random = choice("random", "real", "seeded");
  if (!random) return std::unexpected(std::move(random.error()));
  if (*random) grants.random = boundary::RandomPolicy::real;
  if (args.has("seed")) {
    const std::string_view seed = args.get("seed");
    const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), grants.seed);
    if (error != std::errc() || end != seed.data() + seed.size()) {
      return fail("usage-option", "--seed takes a number from 0 to 18446744073709551615");
    }
    if (*random) return fail("usage-option", "--seed has no meaning with --random=real");
  }
  if (args.has("stdin")) grants.stdin_ = boundary::StdinPolicy::granted;
  return {};
}

}  // namespace dewar::cli
