// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The script model (the reference interpreter's script grammar, used by the official test suite): a list of commands
// with their modules already turned into bytes. A module that cannot be parsed does not stop the script; its error is
// kept, because assertions may expect it. An unknown command is an error: nothing is skipped.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/wat.h"

namespace dewar::text {

/// What a value or pattern says about its value.
enum class ValueKind : u8 {
  kI32,
  kI64,
  kF32,
  kF64,
  kV128,
  kRefNull,    ///< `(ref.null HEAP)`; as a pattern also `(ref.null)`: any null
  kRefExtern,  ///< `(ref.extern N)`; as a pattern also without N: any non-null external reference
  kRefHost,    ///< `(ref.host N)`: a host reference seen as any
  // Patterns only: a non-null reference of that heap type.
  kRefFunc,
  kRefAny,
  kRefEq,
  kRefI31,
  kRefStruct,
  kRefArray,
  kRefExn,
  kEither,  ///< one of `alternatives`
};

/// NaN patterns of a float (lane).
enum class NanPattern : u8 {
  kNone,        ///< the exact bits
  kCanonical,   ///< nan:canonical: the canonical payload, any sign
  kArithmetic,  ///< nan:arithmetic: top payload bit set, any sign
};

/// Lane shape of a v128 value: how a pattern compares it.
enum class LaneShape : u8 { kI8x16, kI16x8, kI32x4, kI64x2, kF32x4, kF64x2 };

/// An argument of an action, or an expected result.
struct ScriptValue {
  ValueKind kind = ValueKind::kI32;
  u64 bits = 0;  ///< i32, i64, f32, f64: bit pattern, zero-extended. ref.extern, ref.host: the number.
  V128 v128;
  LaneShape shape = LaneShape::kI32x4;    ///< kV128
  NanPattern nan = NanPattern::kNone;     ///< kF32, kF64
  std::array<NanPattern, 4> lane_nans{};  ///< kV128 with a float shape
  bool any = false;                       ///< the pattern names no number or heap type: any of its kind
  u8 heap = 0;                            ///< kRefNull: byte of the abstract heap type (0x70 func, ...)
  std::vector<ScriptValue> alternatives;  ///< kEither
};

/// `(invoke MODULE? "name" ARG*)` or `(get MODULE? "name")`.
struct ScriptAction {
  enum class Kind : u8 { kInvoke, kGet } kind = Kind::kInvoke;
  std::optional<std::string> module;  ///< `$id` without the `$`; nothing = the last instance
  std::string field;
  std::vector<ScriptValue> args;
};

struct ScriptModule {
  enum class Form : u8 { kText, kBinary, kQuote } form = Form::kText;
  std::optional<std::string> id;
  std::vector<u8> bytes;       ///< empty if `error` is set
  std::optional<Error> error;  ///< why the text could not be parsed; line and column count from the start of the
                               ///< script, for quoted modules from the start of the quoted text
};

enum class CommandKind : u8 {
  kModule,            ///< define and instantiate
  kModuleDefinition,  ///< define only
  kModuleInstance,    ///< instantiate `target` (nothing: the last definition) under the name `id`
  kRegister,          ///< register instance `target` (nothing: the last) under the name `text`
  kAction,
  kAssertReturn,
  kAssertTrap,  ///< `action`, or `module` (its instantiation traps)
  kAssertExhaustion,
  kAssertException,
  kAssertInvalid,
  kAssertMalformed,
  kAssertUnlinkable,
  kAssertInvalidCustom,
  kAssertMalformedCustom,
  kCount,
};

struct Command {
  CommandKind kind = CommandKind::kModule;
  u32 line = 0;  ///< from 1
  u32 column = 0;
  std::optional<ScriptModule> module;
  std::optional<ScriptAction> action;
  std::vector<ScriptValue> expected;  ///< kAssertReturn
  std::string text;                   ///< expected message, or the name to register
  std::optional<std::string> id;      ///< kModuleInstance
  std::optional<std::string> target;  ///< kModuleInstance, kRegister
};

struct Script {
  std::vector<Command> commands;
};

/// The keyword that stands for a kind in scripts: "module", "assert_return", ... An action is "action".
std::string_view command_name(CommandKind kind);

/// Parses a script. Module options apply to every module in it. Errors as wat_to_wasm.
Result<Script> parse_wast(std::string_view source, const WatOptions& options = {});

}  // namespace dewar::text
