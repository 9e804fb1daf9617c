// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Guest paths of grants in their one absolute form.
#include "boundary/grants.h"

#include "base/utf8.h"

namespace dewar::boundary {

std::string rights_text(Rights rights) {
  std::string out;
  const auto add = [&](Right right, const char* name) {
    if (!(rights & right)) return;
    if (!out.empty()) out += ',';
    out += name;
  };
  add(kRead, "read");
  add(kWrite, "write");
  add(kCreate, "create");
  add(kDelete, "delete");
  return out;
}

Result<std::string> normalize_guest_path(std::string_view path) {
  if (path.empty()) return fail("grant-bad-path", "a guest path is empty");
  if (path.find('\0') != std::string_view::npos) return fail("grant-bad-path", "a guest path holds a NUL byte");
  if (!base::is_valid_utf8(path)) return fail("grant-bad-path", "a guest path is not valid UTF-8");
  std::string out;
  while (!path.empty()) {
    const usize slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return fail("grant-bad-path", "a guest path must not contain \"..\"", Error::kNoOffset,
                  "give the place in the guest as HOST::GUEST, e.g. --dir ../data::/data");
    }
    if (part.size() > 255) return fail("grant-bad-path", "a component of a guest path is longer than 255 bytes");
    out += '/';
    out += part;
  }
  if (out.size() > 4095) return fail("grant-bad-path", "a guest path is longer than 4095 bytes");
  if (out.empty()) out = "/";
  return out;
}

bool is_path_within(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool is_reserved_path(std::string_view guest_path) { return is_path_within(guest_path, "/dewar"); }

Result<MountGrant> parse_mount(std::string_view text, Rights rights) {
  const usize split = text.find("::");
  const std::string_view host = text.substr(0, split);
  const std::string_view guest = split == std::string_view::npos ? host : text.substr(split + 2);
  if (host.empty()) return fail("grant-bad-path", "the host path is empty", Error::kNoOffset, "write HOST::GUEST");
  auto path = normalize_guest_path(guest);
  if (!path) return std::unexpected(path.error());
  return MountGrant{std::string(host), std::move(*path), rights};
}

}  // namespace dewar::boundary
