// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A batch is a file with one JSON object per line and program; the answer is one line per difference and a last line
// with the totals. Integers are texts, because a JSON number does not hold 64 bits.
#include "diff/node_peer.h"

#include <cstdio>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

#include "base/print.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::diff {
namespace {

using runtime::Outcome;
using runtime::TrapKind;
using wasm::CanonValType;

std::string base64(std::span<const u8> bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (usize i = 0; i < bytes.size(); i += 3) {
    u32 group = u32{bytes[i]} << 16;
    if (i + 1 < bytes.size()) group |= u32{bytes[i + 1]} << 8;
    if (i + 2 < bytes.size()) group |= bytes[i + 2];
    out += kDigits[group >> 18];
    out += kDigits[(group >> 12) & 63];
    out += i + 1 < bytes.size() ? kDigits[(group >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  return out;
}

template <class T>
std::string letters(const std::vector<T>& types) {
  std::string out;
  for (const T t : types) out += t == T(T::kI32) ? 'i' : 'l';
  return out;
}

std::string numbers(const std::vector<CanonValType>& types, const std::vector<Slot>& slots) {
  std::string out = "[";
  for (usize i = 0; i < types.size(); ++i) {
    out += i ? ",\"" : "\"";
    out += types[i] == CanonValType(CanonValType::kI32) ? std::to_string(static_cast<i32>(slots[i]))
                                                        : std::to_string(static_cast<i64>(slots[i]));
    out += '"';
  }
  return out + "]";
}

/// V8 has other limits, or none.
bool own_limit(TrapKind kind) {
  return kind == TrapKind::out_of_fuel || kind == TrapKind::stack_exhausted || kind == TrapKind::gc_heap_exhausted ||
         kind == TrapKind::code_memory || kind == TrapKind::deadlock || kind == TrapKind::expected_shared_memory;
}

/// The classes that V8's messages tell apart; node_worker.mjs has the other side.
std::string_view trap_class(TrapKind kind) {
  switch (kind) {
    case TrapKind::table_out_of_bounds:
    case TrapKind::undefined_element: return "table";
    case TrapKind::uninitialized_element:
    case TrapKind::indirect_call_type_mismatch: return "signature";
    case TrapKind::integer_overflow:
    case TrapKind::invalid_conversion: return "range";
    case TrapKind::null_reference:
    case TrapKind::null_function_reference:
    case TrapKind::null_i31_reference:
    case TrapKind::null_structure_reference:
    case TrapKind::null_array_reference:
    case TrapKind::null_exception_reference: return "null";
    default: return runtime::trap_code(kind);
  }
}

}  // namespace

void NodePeer::add(const Program& program, const Observed& expected, NodeTotals& totals) {
  usize calls = 0;
  while (calls < expected.calls.size() &&
         !(expected.calls[calls].outcome == Outcome::trapped && own_limit(expected.calls[calls].trap)))
    ++calls;
  if (!expected.start_ended || calls == 0) {
    ++totals.left_out;
    return;
  }
  const bool whole = calls == expected.calls.size();
  if (!whole) ++totals.cut;
  std::string& out = batch_;
  out += "{\"seed\":\"" + std::to_string(program.seed) + "\",\"main\":\"" + base64(program.main) + "\"";
  if (!program.provider.empty()) out += ",\"provider\":\"" + base64(program.provider) + "\"";
  wasm::TypeRegistry registry;
  const auto module = wasm::load_module(program.main, registry);
  DEWAR_ASSERT(module.has_value(), "a program that ran is not valid");
  out += ",\"host\":[";
  bool first = true;
  for (const wasm::Import& import : (*module)->imports) {
    if (import.module != kHostModule) continue;
    const wasm::SubType& type = (*module)->func_type(wasm::FuncIndex{import.index});
    out += first ? "" : ",";
    first = false;
    out += "{\"name\":\"" + std::string(import.name) + "\",\"params\":\"" + letters(type.params) + "\",\"results\":\"" +
           letters(type.results) + "\"}";
  }
  out += "],\"calls\":[";
  for (usize i = 0; i < calls; ++i) {
    const Call& call = expected.calls[i];
    out += i ? "," : "";
    out += "{\"entry\":\"" + call.entry + "\",\"params\":\"" + letters(call.params) + "\",\"results\":\"" +
           letters(call.results) + "\",\"args\":" + numbers(call.params, call.args);
    if (call.outcome == Outcome::returned) out += ",\"gives\":" + numbers(call.results, call.values);
    if (call.outcome == Outcome::trapped) out += ",\"trap\":\"" + std::string(trap_class(call.trap)) + "\"";
    if (call.outcome == Outcome::threw) out += ",\"throws\":true";
    out += "}";
  }
  out += "]";
  if (whole) {
    out += ",\"hostCalls\":\"" + std::to_string(expected.host_calls) + "\",\"hostHash\":\"" +
           std::to_string(expected.host_hash) + "\",\"memories\":[";
    for (usize i = 0; i < expected.memory_hashes.size(); ++i)
      out += (i ? "," : "") + std::to_string(expected.memory_hashes[i]);
    out += "],\"tables\":[";
    for (usize i = 0; i < expected.table_shapes.size(); ++i)
      out += std::string(i ? "," : "") + "\"" + expected.table_shapes[i] + "\"";
    out += "]";
  }
  out += "}\n";
  ++count_;
}

void NodePeer::flush(NodeTotals& totals) {
  if (count_ == 0) return;
  char path[] = "/tmp/dewar-diff-XXXXXX";
  const int fd = ::mkstemp(path);
  std::FILE* file = fd >= 0 ? ::fdopen(fd, "wb") : nullptr;
  const bool written = file && std::fwrite(batch_.data(), 1, batch_.size(), file) == batch_.size();
  if (file && std::fclose(file) != 0) totals.error = "the batch can not be written";
  std::string command = "timeout 600 '" + node_ + "'";
  for (const std::string& flag : flags_) command += " '" + flag + "'";
  command += " '" DEWAR_DIFF_WORKER "' " + std::string(path) + " 2>&1";
  std::FILE* out = written ? ::popen(command.c_str(), "r") : nullptr;
  if (!out) {
    totals.error = "the batch can not be written, or node can not be started";
    return;
  }
  std::string text;
  char buffer[4096];
  while (const usize n = std::fread(buffer, 1, sizeof buffer, out)) text.append(buffer, n);
  const int status = ::pclose(out);
  u64 programs = 0, calls = 0, traps = 0;
  bool complete = false;
  for (usize at = 0; at < text.size();) {
    const usize end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    unsigned long long seed, a, b, c;
    int where = 0;
    if (std::sscanf(line.c_str(), "differs %llu %n", &seed, &where) == 1 && where > 0) {
      totals.differences.emplace_back(seed, line.substr(static_cast<usize>(where)));
    } else if (std::sscanf(line.c_str(), "done %llu %llu %llu", &a, &b, &c) == 3) {
      programs = a, calls = b, traps = c;
      complete = true;
    }
  }
  if (!complete || programs != count_ || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    totals.error = "node did not come to an end with batch " + std::string(path) + ":\n" + text.substr(0, 2000);
  } else {
    ::unlink(path);
  }
  totals.programs += programs;
  totals.calls += calls;
  totals.traps += traps;
  batch_.clear();
  count_ = 0;
}

}  // namespace dewar::diff
