// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The short forms of attack modules, and the part that they share.
#include <cctype>
#include <string_view>

#include "attack/attack.h"
#include "host/wasi_p1/session.h"

namespace dewar::attack {

namespace {

constexpr u32 kStrings = 32768;  ///< where strings go; attacks use what is below

std::string imports() {
  std::string out;
  for (const boundary::ImportDesc& row : wasi_p1::snapshot1_rows()) {
    out += "(import \"" + std::string(row.module) + "\" \"" + std::string(row.name) + "\" (func $" +
           std::string(row.name) + " (param";
    for (const char c : row.sig.substr(0, row.num_params())) out += c == 'i' ? " i32" : " i64";
    out += row.num_results() ? ") (result i32)))\n" : ")))\n";
  }
  return out;
}

constexpr char kPrelude[] = R"(
  (memory (export "memory") 2)
  (global $step (mut i32) (i32.const 0))
  (func $want (param $got i32) (param $expected i32)
    (global.set $step (i32.add (global.get $step) (i32.const 1)))
    (if (i32.ne (local.get $got) (local.get $expected))
      (then (call $proc_exit (i32.add (i32.mul (global.get $step) (i32.const 1000)) (local.get $got))))))
  ;; Opens a path; the handle is stored at 0.
  (func $open (param $dir i32) (param $path i32) (param $len i32) (param $oflags i32) (param $rights i64) (result i32)
    (call $path_open (local.get $dir) (i32.const 1) (local.get $path) (local.get $len) (local.get $oflags)
      (local.get $rights) (local.get $rights) (i32.const 0) (i32.const 0)))
  ;; Writes bytes to a handle, with one iovec at 16; the number written is stored at 8.
  (func $write (param $fd i32) (param $at i32) (param $len i32) (result i32)
    (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $len))
    (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
  (func $read (param $fd i32) (param $at i32) (param $len i32) (result i32)
    (i32.store (i32.const 16) (local.get $at)) (i32.store (i32.const 20) (local.get $len))
    (call $fd_read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
  (func $fd (result i32) (i32.load (i32.const 0)))
)";

u32 errno_number(std::string_view name) {
  for (u32 i = 0; i <= 76; ++i) {
    if (wasi_p1::errno_name(static_cast<wasi_p1::Errno>(i)) == name) return i;
  }
  return 9999;  // never met: a misspelt name fails its attack
}

}  // namespace

std::string expand(const char* body) {
  std::string text, data;
  u32 at = kStrings;
  for (std::string_view rest = body; !rest.empty();) {
    if (rest.starts_with("@\"")) {
      const usize end = rest.find('"', 2);
      const std::string_view string = rest.substr(2, end - 2);
      u32 size = 0;
      for (usize i = 0; i < string.size(); ++i, ++size) i += string[i] == '\\' ? 2 : 0;
      text += "(i32.const " + std::to_string(at) + ") (i32.const " + std::to_string(size) + ")";
      data += "(data (i32.const " + std::to_string(at) + ") \"" + std::string(string) + "\")\n";
      at += size + 1;
      rest.remove_prefix(end + 1);
    } else if (rest.front() == '#' && rest.size() > 1 && std::isupper(static_cast<unsigned char>(rest[1]))) {
      usize end = 1;
      while (end < rest.size() && std::isalnum(static_cast<unsigned char>(rest[end]))) ++end;
      text += "(i32.const " + std::to_string(errno_number(rest.substr(1, end - 1))) + ")";
      rest.remove_prefix(end);
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  if (std::string_view(body).starts_with("(module")) return text.substr(0, text.rfind(')')) + data + ")";
  return "(module " + imports() + kPrelude + text + data + ")";
}

}  // namespace dewar::attack
