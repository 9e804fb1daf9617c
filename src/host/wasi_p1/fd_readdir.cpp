// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directories. Cookie 0 takes a snapshot of the names, sorted as bytes; other cookies are positions in it, so a
// directory that changes meanwhile neither repeats nor skips names that were there. Mounts below the directory appear
// in it. Names are passed as the host has them, also where they are not UTF-8.
#include <errno.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <span>

#include "host/wasi_p1/bodies.h"

namespace dewar::wasi_p1 {

using boundary::DirEntry;
using boundary::DirSnapshot;
using boundary::Handle;
using boundary::HostCall;

namespace {

/// Entries of one directory, and bytes of their names, that are read. Larger directories are EOVERFLOW.
constexpr usize kMaxEntries = 100'000;
constexpr usize kMaxNameBytes = usize{8} << 20;
constexpr usize kMountsPerUnit = 16;  // looked at for a unit of fuel

std::string parent_of(const std::string& guest_path) {
  const usize slash = guest_path.rfind('/');
  return slash == std::string::npos ? std::string() : guest_path.substr(0, slash);
}

// The element of a sorted list that has a name, or null.
template <class List>
auto* named(const List& list, std::string_view name) {
  const auto at = std::ranges::lower_bound(list, name, std::less<std::string_view>(),
                                           [](const auto& e) { return std::string_view(e.name); });
  return at != list.end() && at->name == name ? &*at : nullptr;
}

std::expected<std::unique_ptr<DirSnapshot>, Errno> take_snapshot(HostCall& call, Session& session, const Handle& h) {
  auto snapshot = std::make_unique<DirSnapshot>();
  auto& entries = snapshot->entries;
  const auto children = session.mounts().children(h.guest_path);
  call.work().units += children.size() + session.mounts().mounts().size() / kMountsPerUnit;
  if (h.kind == Handle::Kind::synthetic) {
    entries.push_back({".", kTypeDirectory, session.synthetic_info(h.guest_path).inode});
    entries.push_back({"..", kTypeDirectory, session.synthetic_info(parent_of(h.guest_path)).inode});
  } else {
    auto listing = boundary::list(call.work(), h.view(), kMaxEntries, kMaxNameBytes);
    if (!listing) {
      if (listing.error() == EOVERFLOW) call.work().units += kMaxEntries;
      return std::unexpected(from_kernel(listing.error()));
    }
    u64 name_bytes = 0;
    for (const auto& raw : listing->entries) name_bytes += raw.name.size();
    call.work().units += listing->entries.size() + name_bytes / 4096;
    const auto number = [&](u64 device, u64 inode) { return session.inode_of(h.mount, device, inode); };
    const u64 self = number(listing->device, listing->inode);
    // What is above a mount's own directory is none of the guest's business.
    const auto above = boundary::status(boundary::top_of(*h.mount));
    if (!above) return std::unexpected(from_kernel(above.error()));
    const bool top = above->st_dev == listing->device && above->st_ino == listing->inode;
    entries.push_back({".", kTypeDirectory, self});
    entries.push_back({"..", kTypeDirectory, top ? self : number(listing->parent_device, listing->parent_inode)});
    for (auto& raw : listing->entries) {
      const auto* child = named(children, raw.name);
      if (child && child->mount) continue;
      if (boundary::is_reserved_path(h.guest_path + "/" + raw.name)) continue;  // hidden by the runtime's own
      entries.push_back({std::move(raw.name), filetype_of(raw.type), number(raw.device, raw.inode)});
    }
  }
  const usize own = entries.size();
  for (const auto& child : children) {
    if (named(std::span<const DirEntry>(entries).subspan(2, own - 2), child.name)) continue;
    u64 number = 0;
    if (child.mount) {
      auto st = boundary::status(boundary::top_of(*child.mount));
      if (!st) continue;
      number = session.inode_of(child.mount, st->st_dev, st->st_ino);
    } else {
      number = session.synthetic_info(h.guest_path + "/" + child.name).inode;
    }
    entries.push_back({child.name, child.is_file ? kTypeRegularFile : kTypeDirectory, number});
  }
  std::sort(entries.begin() + 2, entries.end(), [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return snapshot;
}

}  // namespace

Reply fd_readdir(HostCall& call, Session& session) {
  DEWAR_WASI_TRY(h, session.handle(call, 0));
  if (!h->is_dir()) return Errno::notdir;
  const u64 cookie = call.arg64(3);
  if (!call.in_bounds(call.arg32(4), 4)) return Errno::fault;
  DEWAR_WASI_GUEST(buffer, call.write(call.arg32(1), call.arg32(2)));
  if (cookie == 0 || !h->snapshot) {
    auto snapshot = take_snapshot(call, session, *h);
    if (!snapshot) return snapshot.error() == Errno::intr ? interrupted(call) : Reply(snapshot.error());
    session.handles().keep_snapshot(*h, std::move(*snapshot));
  }
  const auto& entries = h->snapshot->entries;
  usize used = 0;
  u64 given = 0;
  // A last entry that does not fit is cut off: a full buffer tells the guest that there is more.
  const auto put = [&](std::span<const u8> bytes) {
    const usize n = std::min(bytes.size(), buffer.size() - used);
    buffer.put(bytes.first(n), used);
    used += n;
  };
  for (u64 i = cookie; i < entries.size() && used < buffer.size(); ++i, ++given) {
    Dirent header;
    header.next = i + 1;
    header.inode = entries[i].inode;
    header.name_size = static_cast<u32>(entries[i].name.size());
    header.filetype = entries[i].filetype;
    put(std::span(reinterpret_cast<const u8*>(&header), sizeof header));
    put(std::span(reinterpret_cast<const u8*>(entries[i].name.data()), entries[i].name.size()));
  }
  call.work().units += given;
  return store_result(call, call.arg32(4), static_cast<u32>(used));
}

}  // namespace dewar::wasi_p1
