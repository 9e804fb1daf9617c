// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Commands of scripts. One table says which keyword is which command and what follows it.
#include <array>

#include "text/module_source.h"
#include "text/script_values.h"
#include "text/wast.h"

namespace dewar::text {
namespace {

/// What an assertion is about.
enum class Subject : u8 { kAction, kModule, kActionOrModule };

struct AssertionRow {
  std::string_view word;
  CommandKind kind;
  Subject subject;
  bool message;  ///< a string with the expected message follows
};
constexpr AssertionRow kAssertions[] = {
    {"assert_return", CommandKind::kAssertReturn, Subject::kAction, false},
    {"assert_trap", CommandKind::kAssertTrap, Subject::kActionOrModule, true},
    {"assert_exhaustion", CommandKind::kAssertExhaustion, Subject::kAction, true},
    {"assert_exception", CommandKind::kAssertException, Subject::kAction, false},
    {"assert_invalid", CommandKind::kAssertInvalid, Subject::kModule, true},
    {"assert_malformed", CommandKind::kAssertMalformed, Subject::kModule, true},
    {"assert_unlinkable", CommandKind::kAssertUnlinkable, Subject::kModule, true},
    {"assert_invalid_custom", CommandKind::kAssertInvalidCustom, Subject::kModule, true},
    {"assert_malformed_custom", CommandKind::kAssertMalformedCustom, Subject::kModule, true},
};

constexpr std::string_view kFieldWords[] = {"type",   "rec", "import", "func",  "table", "memory",
                                            "global", "tag", "export", "start", "elem",  "data"};

class ScriptReader {
 public:
  ScriptReader(std::string_view source, const WatOptions& options) : cursor_(source), options_(options) {}

  Result<Script> read() {
    if (at_field()) {
      inline_module();
    } else {
      while (!cursor_.at_end() && !cursor_.failed()) command();
    }
    if (cursor_.failed()) return std::unexpected(cursor_.error());
    return std::move(script_);
  }

 private:
  /// Line and column of an offset not before the last one asked for.
  Position position(u32 offset) {
    here_ = advance_position(here_, cursor_.source().substr(counted_, offset - counted_));
    counted_ = offset;
    return here_;
  }

  /// The cursor's failure; counts lines from the start of the current command only.
  Error failure() const {
    Error e = cursor_.failure();
    const u32 offset = cursor_.failure_offset();
    const Position p = advance_position(here_, cursor_.source().substr(counted_, offset - counted_));
    e.line = p.line;
    e.column = p.column;
    return e;
  }

  bool at_field() {
    if (cursor_.at_annotation("custom") || cursor_.at_annotation(kDataCountAnnotation)) return true;
    for (std::string_view word : kFieldWords) {
      if (cursor_.at_list(word)) return true;
    }
    return false;
  }

  Command& add(CommandKind kind, u32 offset) {
    const Position p = position(offset);
    Command& c = script_.commands.emplace_back();
    c.kind = kind;
    c.line = p.line;
    c.column = p.column;
    return c;
  }

  /// A whole script that is one module without `(module`.
  void inline_module() {
    Command& c = add(CommandKind::kModule, cursor_.offset());
    ScriptModule m;
    m.bytes = ModuleParser(cursor_, options_).parse(std::nullopt);
    c.module = std::move(m);
    if (!cursor_.failed() && !cursor_.at_end()) cursor_.unexpected("a module field or the end of the script");
  }

  void command() {
    const u32 offset = cursor_.offset();
    if (cursor_.at_list("invoke") || cursor_.at_list("get")) {
      add(CommandKind::kAction, offset).action = action();
      return;
    }
    if (cursor_.at_list("module")) return module_command(offset);
    cursor_.expect(TokenKind::kLeftParen, "a command");
    const Token word = cursor_.expect(TokenKind::kKeyword, "a command");
    if (cursor_.failed()) return;
    const std::string_view text = cursor_.text(word);
    if (text == "register") return register_command(offset);
    for (const AssertionRow& row : kAssertions) {
      if (row.word == text) return assertion(row, offset);
    }
    cursor_.fail("unknown script command " + show_token(text), word);
  }

  void module_command(u32 offset) {
    const Token after = peek_after_module();
    if (after.kind == TokenKind::kKeyword && cursor_.text(after) == "instance") {
      cursor_.accept_list("module");
      cursor_.take();
      Command& c = add(CommandKind::kModuleInstance, offset);
      c.id = cursor_.accept_id();
      c.target = cursor_.accept_id();
      cursor_.expect_close();
      return;
    }
    Command& c = add(CommandKind::kModule, offset);
    bool definition = false;
    c.module = module(definition);
    if (definition) c.kind = CommandKind::kModuleDefinition;
  }

  /// The token after `(module`.
  Token peek_after_module() {
    const u32 start = cursor_.offset();
    cursor_.accept_list("module");
    const Token t = cursor_.peek();
    cursor_.seek(start);
    return t;
  }

  ScriptModule module(bool& definition) {
    ScriptModule result;
    if (!cursor_.at_list("module")) {
      cursor_.unexpected("(module ...)");
      return result;
    }
    const u32 start = cursor_.offset();
    cursor_.accept_list("module");
    ModuleSource source = read_module_source(cursor_, options_);
    definition = source.definition;
    result.id = std::move(source.id);
    result.form = static_cast<ScriptModule::Form>(source.form);
    result.bytes = std::move(source.bytes);
    if (cursor_.failed()) {
      // Lexical errors and missing parentheses fail again here, and then the whole script.
      result.error = failure();
      result.bytes.clear();
      cursor_.recover(start);
      cursor_.take();
      cursor_.skip_list();
    } else if (source.form == ModuleSource::Form::kQuote) {
      auto bytes = wat_to_wasm(source.quoted, options_);
      if (bytes) {
        result.bytes = std::move(*bytes);
      } else {
        result.error = std::move(bytes.error());
      }
    }
    return result;
  }

  ScriptAction action() {
    ScriptAction a;
    cursor_.expect(TokenKind::kLeftParen, "(invoke ...) or (get ...)");
    if (cursor_.accept("get")) {
      a.kind = ScriptAction::Kind::kGet;
    } else if (!cursor_.accept("invoke")) {
      cursor_.unexpected("invoke or get");
    }
    a.module = cursor_.accept_id();
    a.field = cursor_.expect_name("the name of the export");
    if (a.kind == ScriptAction::Kind::kInvoke) a.args = read_arguments(cursor_);
    cursor_.expect_close();
    return a;
  }

  void register_command(u32 offset) {
    Command& c = add(CommandKind::kRegister, offset);
    c.text = cursor_.expect_name("the name to register under");
    c.target = cursor_.accept_id();
    cursor_.expect_close();
  }

  void assertion(const AssertionRow& row, u32 offset) {
    Command& c = add(row.kind, offset);
    const bool about_module =
        row.subject == Subject::kModule || (row.subject == Subject::kActionOrModule && cursor_.at_list("module"));
    if (about_module) {
      bool definition = false;
      c.module = module(definition);
    } else {
      c.action = action();
    }
    if (row.kind == CommandKind::kAssertReturn) c.expected = read_results(cursor_);
    if (row.message) c.text = cursor_.expect_string("the expected message");
    cursor_.expect_close();
  }

  TokenCursor cursor_;
  const WatOptions& options_;
  Script script_;
  Position here_;
  u32 counted_ = 0;
};

}  // namespace

std::string_view command_name(CommandKind kind) {
  switch (kind) {
    case CommandKind::kModule: return "module";
    case CommandKind::kModuleDefinition: return "module definition";
    case CommandKind::kModuleInstance: return "module instance";
    case CommandKind::kRegister: return "register";
    case CommandKind::kAction: return "action";
    default: break;
  }
  for (const AssertionRow& row : kAssertions) {
    if (row.kind == kind) return row.word;
  }
  return "unknown";
}

Result<Script> parse_wast(std::string_view source, const WatOptions& options) {
  if (auto ok = check_source(source, options); !ok) return std::unexpected(std::move(ok.error()));
  return ScriptReader(source, options).read();
}

}  // namespace dewar::text
