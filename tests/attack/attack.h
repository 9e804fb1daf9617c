// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One attack: a hostile module and what must come of it. The module is WAT, extended by three short forms that
// wat_prelude.cpp replaces: @"text" is address and length of a string in memory, #ENOENT the number of an error, and
// $want (got, expected) ends the program with exit code 1000 * step + got where they differ. The imports of
// wasi_snapshot_preview1 are there under their own names. Every attack runs with these handles:
//   3 = /rw (all rights)  4 = /ro (read)  5 = / (synthetic)
#pragma once

#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "api/run.h"

namespace dewar::attack {

struct Attack {
  const char* name;                       ///< for the test's name: letters and digits
  const char* covers;                     ///< the class, and the advisory that this is known from, if any
  const char* body;                       ///< module fields; or a whole "(module ...)", which gets no prelude
  const char* code = "ok";                ///< of the outcome
  std::vector<const char*> denials = {};  ///< "operation rule error", in order, all of them
  std::function<void(api::RunConfig&)> prepare = nullptr;    ///< changes grants or limits
  std::function<void(const api::Outcome&)> check = nullptr;  ///< more that must hold
};

inline std::ostream& operator<<(std::ostream& out, const Attack& a) { return out << a.name; }

std::span<const Attack> path_attacks();
std::span<const Attack> handle_attacks();
std::span<const Attack> memory_attacks();
std::span<const Attack> limit_attacks();
std::span<const Attack> probing_attacks();

/// The module's text with the short forms replaced.
std::string expand(const char* body);

}  // namespace dewar::attack
