// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar guest add | list | remove | path.
#include "api/outcome.h"
#include "base/print.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/guest_fetch.h"
#include "cli/guest_store.h"
#include "cli/guest_wheels.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

namespace dewar::cli {

namespace {

Result<const LockedGuest*> guest_named(const std::string& name) {
  if (const LockedGuest* guest = find_guest(name)) return guest;
  std::vector<std::string_view> names;
  for (const LockedGuest& guest : locked_guests()) names.push_back(guest.name);
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) hint = "`dewar guest list` lists them";
  return fail("guest-unknown", "there is no guest \"" + name + "\"", Error::kNoOffset, std::move(hint));
}

Result<const LockedGuest*> named_guest(const ParsedArgs& args) {
  if (args.arguments.size() == 1) return guest_named(args.arguments[0]);
  return fail("usage-argument", "`dewar " + std::string(args.verb->name) + "` takes the name of one guest",
              Error::kNoOffset, "`dewar guest list` lists them");
}

int failed(const Error& error) {
  print_error(error);
  return static_cast<int>(api::kExitOwnError);
}

int add_wheels(const ParsedArgs& args) {
  auto guest = named_guest(args);
  if (!guest) return usage_error(guest.error());
  if (args.has("from")) {
    return usage_error(Error{"usage-option", "--from is for the interpreter, --wheel for a package", Error::kNoOffset,
                             0, 0, "call `dewar guest add` twice"});
  }
  for (const std::string& source : args.all("wheel")) {
    std::vector<std::string> needed;
    auto wheel = add_wheel(**guest, source, needed);
    if (!wheel) return failed(wheel.error());
    write_all(1, wheel->name + " " + wheel->version + " sha256=" + wheel->sha256 + "\n");
    if (needed.empty()) continue;
    std::string list;
    for (const std::string& name : needed) list += (list.empty() ? "" : ", ") + base::escape_for_terminal(name);
    print_note("dewar: " + wheel->name + " says that it needs " + list + ": add their wheels too");
  }
  return 0;
}

}  // namespace

int guest_add_command(const ParsedArgs& args) {
  if (args.has("wheel")) return add_wheels(args);
  const std::string from(args.get("from"));
  if (args.arguments.size() < 2 || !from.empty()) {
    if (auto guest = named_guest(args); !guest) return usage_error(guest.error());
  }
  std::vector<const LockedGuest*> wanted;
  for (const std::string& name : args.arguments) {
    auto guest = guest_named(name);
    if (!guest) return usage_error(guest.error());
    wanted.push_back(*guest);
  }
  KeptPackage kept;
  for (const LockedGuest* g : wanted) {
    // By its hash, because adding it again is the advice for a guest that is damaged.
    if (from.empty() && check_guest(*g)) {
      write_all(1, guest_path(*g).value() + "\n");
      continue;
    }
    if (auto ok = check_store(*g); !ok) return failed(ok.error());  // before anything is downloaded
    if (from.empty() && kept.integrity != g->integrity && is_terminal(2)) {
      print_note("dewar: getting " + g->package + "@" + g->version + " with npm ...");
    }
    auto module = from.empty() ? fetch_from_npm(*g, kept) : fetch_from_path(*g, from);
    if (!module) return failed(module.error());
    auto path = install_guest(*g, *module);
    if (!path) return failed(path.error());
    write_all(1, *path + "\n");
  }
  return 0;
}

int guest_list_command(const ParsedArgs& args) {
  if (!args.arguments.empty()) {
    return usage_error(Error{"usage-argument", "`dewar guest list` takes no arguments", Error::kNoOffset, 0, 0, ""});
  }
  std::string out;
  for (const LockedGuest& guest : locked_guests()) {
    std::string endings;
    for (const std::string& ending : guest.endings) endings += (endings.empty() ? "*" : " *") + ending;
    out += guest.name + "\t" + guest.title + "\t" + endings + "\t" + guest.package + "@" + guest.version + "\t" +
           base::human_size(guest.size) + "\t" + (is_installed(guest) ? "installed" : "not installed") + "\n";
    auto wheels = list_wheels(guest);
    if (!wheels) return failed(wheels.error());
    for (const Wheel& wheel : *wheels) {
      out += "  wheel\t" + wheel.name + "\t" + wheel.version + "\t" + base::human_size(wheel.size) +
             "\tsha256=" + wheel.sha256 + "\n";
    }
  }
  write_all(1, out);
  return 0;
}

int guest_remove_command(const ParsedArgs& args) {
  auto guest = named_guest(args);
  if (!guest) return usage_error(guest.error());
  if (args.has("wheel")) {
    for (const std::string& name : args.all("wheel")) {
      if (auto ok = remove_wheel(**guest, name); !ok) return failed(ok.error());
    }
    return 0;
  }
  remove_wheels(**guest);
  auto ok = remove_guest(**guest);
  return ok ? 0 : failed(ok.error());
}

int guest_path_command(const ParsedArgs& args) {
  auto guest = named_guest(args);
  if (!guest) return usage_error(guest.error());
  if (!is_installed(**guest)) {
    return failed(Error{"guest-missing", "the guest \"" + (*guest)->name + "\" is not installed", Error::kNoOffset, 0,
                        0, "install it once with `dewar guest add " + (*guest)->name + "`"});
  }
  auto path = guest_path(**guest);
  if (!path) return failed(path.error());
  write_all(1, *path + "\n");
  return 0;
}

}  // namespace dewar::cli
