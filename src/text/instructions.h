// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instruction sequences, flat and folded (spec 6.5), written as bytes. One loop over an explicit stack of open
// constructs: nesting costs heap (bounded by WatOptions::max_nesting), never native stack. What is particular to an
// operator comes from ops.def through its kind of immediates (immediates.cpp); only structured control is written out.
#pragma once

#include "text/type_table.h"
#include "wasm/op.h"

namespace dewar::text {

/// An annotation `@metadata.code.KIND` on an instruction of a function.
struct CodeMetadata {
  std::string kind;
  u32 offset = 0;  ///< of the instruction, from the start of the function's local declarations
  std::string data;
};

class InstructionParser {
 public:
  InstructionParser(Context& context, TypeTable& types) : c_(context), cursor_(context.cursor), types_(types) {}

  /// The instructions up to the `)` that closes the construct around them (not consumed), and the final `end`.
  void expression(std::vector<u8>& out);
  /// Exactly one folded instruction, and the final `end`.
  void folded_expression(std::vector<u8>& out);

  /// A function's instructions after its local declarations, which `out` already holds from `body_start` on.
  /// `locator` is told where each instruction comes from; it may be null.
  void body(u32 function, std::vector<u8>& out, usize body_start, Locator* locator);
  /// Locals of the function whose body follows, parameters first.
  IndexSpace& locals() { return locals_; }
  /// Code metadata of the last body, by ascending offset.
  std::vector<CodeMetadata>& metadata() { return metadata_; }

 private:
  enum class FrameKind : u8 {
    kPlain,       ///< (op operands...
    kBlock,       ///< (block ... , also loop and try_table
    kIfOperands,  ///< (if ... before (then
    kThen,        ///< (then ...
    kIfRest,      ///< after (then ...)
    kElse,        ///< (else ...
    kIfEnd,       ///< after (else ...)
    kTry,         ///< (try ... before (do
    kDo,          ///< (do ...
    kTryRest,     ///< after (do ...) or a (catch ...)
    kCatch,       ///< (catch ...
    kTryEnd,      ///< after (catch_all ...)
    kCatchAll,    ///< (catch_all ...
    kDelegated,   ///< after (delegate ...)
    kFlatBlock,   ///< block, also loop and try_table, till end
    kFlatIf,
    kFlatElse,
    kFlatTry,
    kFlatCatch,
    kFlatCatchAll,
  };
  struct Label {
    Token id;                         ///< of kind kId if there is one
    std::optional<std::string> name;  ///< from an annotation
  };
  struct Frame {
    FrameKind kind = FrameKind::kPlain;
    usize pending = 0;       ///< kPlain, kIfOperands: where its bytes start in pending_
    u32 source = 0;          ///< kPlain, kIfOperands: where its operator is in the source
    usize metadata = 0;      ///< kPlain, kIfOperands: where its annotations start in pending_metadata_
    bool has_catch = false;  ///< kTryRest: a catch clause was read, so delegate is not allowed any more
    Label label;             ///< kIfOperands: pushed when the body starts
  };

  void run(bool single);
  /// The instruction that is written next is at `source`.
  void mark(u32 source) {
    if (DEWAR_UNLIKELY(locator_ != nullptr)) locator_->note(Section::kCode, out_->size() - body_start_, source);
  }
  void push(FrameKind kind);
  bool takes_folded() const;
  bool takes_flat() const;

  void open_paren();
  void close_paren();
  void begin_folded(wasm::Op op, u32 source);
  bool continue_if(std::string_view word);
  bool continue_try(std::string_view word);

  void flat();
  void begin_flat(wasm::Op op);
  void flat_else();
  void flat_end();
  void flat_catch(wasm::Op op);
  void flat_delegate();
  bool top_is(FrameKind kind) const { return !frames_.empty() && frames_.back().kind == kind; }

  // Labels and block heads.
  Label accept_label();
  void push_label(const Label& label);
  void check_end_label();
  void block_type(std::vector<u8>& sink);
  void catch_clauses(std::vector<u8>& sink);
  void head(wasm::Op op, std::vector<u8>& sink);

  // Immediates (immediates.cpp).
  void operation(wasm::Op op, std::vector<u8>& sink);
  wasm::Op choose(wasm::Op op, RefType& ref);
  void immediates(wasm::Op op, RefType ref, std::vector<u8>& sink);
  void label(std::vector<u8>& sink);
  void br_table(std::vector<u8>& sink);
  void select_types(std::vector<u8>& sink);
  void memarg(wasm::Op op, std::vector<u8>& sink);
  bool memarg_has_memory(bool lane_follows);
  void shuffle(std::vector<u8>& sink);
  void v128(std::vector<u8>& sink);
  void integer(u32 bits, std::vector<u8>& sink);
  u64 float_bits(u32 bits);
  void lane_value(std::vector<u8>& sink, u32 bits, bool is_float);
  void type_field(std::vector<u8>& sink);
  void br_on_cast(std::vector<u8>& sink);
  /// Two indices or none: `dst src`, both 0 when left out.
  void index_pair(const IndexSpace& space, std::vector<u8>& sink);
  /// `outer? inner`, encoded as inner, outer: memory.init, table.init.
  void segment_and_target(const IndexSpace& segments, const IndexSpace& targets, std::vector<u8>& sink);

  // Annotations.
  void annotation();
  usize take_waiting();
  void emit_metadata(usize first);

  Context& c_;
  TokenCursor& cursor_;
  TypeTable& types_;
  IndexSpace locals_{"local"};
  LabelStack labels_;
  std::vector<Frame> frames_;
  std::vector<u8>* out_ = nullptr;
  std::vector<u8> pending_;  ///< bytes of operators whose operands are still being read; a stack
  Locator* locator_ = nullptr;
  bool in_function_ = false;
  u32 function_ = 0;
  u32 label_count_ = 0;
  usize body_start_ = 0;
  std::vector<CodeMetadata> metadata_;
  std::vector<CodeMetadata> pending_metadata_;
  std::vector<CodeMetadata> waiting_;  ///< read annotations whose instruction is still to come
};

}  // namespace dewar::text
