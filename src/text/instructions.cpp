// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loop over instructions and structured control (spec 6.5.1, 6.5.11 folded; legacy exception handling's text
// format for try/do/catch/catch_all/delegate).
#include "text/instructions.h"

#include "base/leb128.h"

namespace dewar::text {

using wasm::Op;

namespace {

void append_opcode(std::vector<u8>& sink, Op op) {
  const wasm::OpInfo& info = wasm::op_info(op);
  if (info.prefix == 0) {
    sink.push_back(static_cast<u8>(info.code));
  } else {
    sink.push_back(info.prefix);
    base::append_u32(sink, info.code);
  }
}

bool opens_block(Op op) {
  return op == Op::block || op == Op::loop || op == Op::if_ || op == Op::try_ || op == Op::try_table;
}

bool continues_block(Op op) {
  return op == Op::else_ || op == Op::end || op == Op::catch_ || op == Op::catch_all || op == Op::delegate;
}

}  // namespace

void InstructionParser::expression(std::vector<u8>& out) {
  out_ = &out;
  run(false);
  mark(cursor_.offset());
  append_opcode(out, Op::end);
}

void InstructionParser::folded_expression(std::vector<u8>& out) {
  out_ = &out;
  if (!cursor_.at(TokenKind::kLeftParen)) return cursor_.unexpected("a folded instruction");
  run(true);
  append_opcode(out, Op::end);
}

void InstructionParser::body(u32 function, std::vector<u8>& out, usize body_start, Locator* locator) {
  in_function_ = true;
  function_ = function;
  label_count_ = 0;
  body_start_ = body_start;
  metadata_.clear();
  locator_ = locator;
  expression(out);
  locator_ = nullptr;
  in_function_ = false;
}

void InstructionParser::run(bool single) {
  frames_.clear();
  pending_.clear();
  pending_metadata_.clear();
  labels_.clear();
  waiting_.clear();
  do {
    switch (cursor_.peek().kind) {
      case TokenKind::kLeftParen: open_paren(); break;
      case TokenKind::kRightParen:
        if (frames_.empty()) {
          if (!waiting_.empty()) cursor_.fail("misplaced code annotation: no instruction follows", cursor_.peek());
          return;
        }
        close_paren();
        break;
      case TokenKind::kKeyword:
        if (!takes_flat()) return cursor_.unexpected("a folded instruction or ')'");
        flat();
        break;
      case TokenKind::kAnnotation: annotation(); break;
      case TokenKind::kEof:
        // Module fields without `(module` end a construct with `)` too, so this is always premature.
        return cursor_.unexpected("an instruction or ')'");
      default: return cursor_.unexpected("an instruction");
    }
  } while (!cursor_.failed() && !(single && frames_.empty() && waiting_.empty()));
}

void InstructionParser::push(FrameKind kind) {
  if (frames_.size() >= c_.options.max_nesting) {
    cursor_.fail("instructions are nested too deeply (limit " + std::to_string(c_.options.max_nesting) + ")",
                 cursor_.offset(), "flatten the code, or split the function", "wat-limit");
    return;
  }
  Frame f;
  f.kind = kind;
  f.pending = pending_.size();
  f.metadata = pending_metadata_.size();
  frames_.push_back(std::move(f));
}

bool InstructionParser::takes_folded() const {
  if (frames_.empty()) return true;
  switch (frames_.back().kind) {
    case FrameKind::kIfRest:
    case FrameKind::kIfEnd:
    case FrameKind::kTry:
    case FrameKind::kTryRest:
    case FrameKind::kTryEnd:
    case FrameKind::kDelegated: return false;
    default: return true;
  }
}

bool InstructionParser::takes_flat() const {
  return takes_folded() && !top_is(FrameKind::kPlain) && !top_is(FrameKind::kIfOperands);
}

void InstructionParser::open_paren() {
  const Token word = cursor_.peek2();
  if (word.kind != TokenKind::kKeyword) {
    cursor_.take();
    return cursor_.unexpected("an instruction");
  }
  const std::string_view text = cursor_.text(word);
  if (!frames_.empty() && (continue_if(text) || continue_try(text))) return;
  cursor_.take();
  const Op op = wasm::op_from_text(text);
  if (!takes_folded() || (op != Op::kCount && continues_block(op))) return cursor_.unexpected("')'");
  if (op == Op::kCount) {
    // Words such as `param` or `then` mean something elsewhere; here they are no instruction.
    return cursor_.fail("unknown operator or unexpected token " + show_token(text), word);
  }
  cursor_.take();
  begin_folded(op, word.offset);
}

void InstructionParser::begin_folded(Op op, u32 source) {
  const usize metadata = take_waiting();
  if (!opens_block(op)) {
    push(FrameKind::kPlain);
    if (cursor_.failed()) return;
    frames_.back().source = source;
    frames_.back().metadata = metadata;
    operation(op, pending_);
    return;
  }
  Label label = accept_label();
  if (op == Op::if_) {
    push(FrameKind::kIfOperands);
    if (cursor_.failed()) return;
    frames_.back().source = source;
    frames_.back().metadata = metadata;
    head(op, pending_);
    frames_.back().label = std::move(label);
    return;
  }
  emit_metadata(metadata);
  mark(source);
  head(op, *out_);
  push_label(label);
  push(op == Op::try_ ? FrameKind::kTry : FrameKind::kBlock);
}

/// `(then` and `(else` of a folded if.
bool InstructionParser::continue_if(std::string_view word) {
  Frame& top = frames_.back();
  if (top.kind == FrameKind::kIfOperands && word == "then") {
    cursor_.take();
    cursor_.take();
    if (!waiting_.empty()) return cursor_.unexpected("an instruction after the annotation"), true;
    emit_metadata(top.metadata);
    mark(top.source);
    out_->insert(out_->end(), pending_.begin() + static_cast<std::ptrdiff_t>(top.pending), pending_.end());
    pending_.resize(top.pending);
    push_label(top.label);
    top.kind = FrameKind::kIfRest;
    push(FrameKind::kThen);
    return true;
  }
  if (top.kind == FrameKind::kIfRest && word == "else") {
    cursor_.take();
    mark(cursor_.take().offset);
    append_opcode(*out_, Op::else_);
    top.kind = FrameKind::kIfEnd;
    push(FrameKind::kElse);
    return true;
  }
  return false;
}

/// `(do`, `(catch`, `(catch_all` and `(delegate` of a folded try.
bool InstructionParser::continue_try(std::string_view word) {
  Frame& top = frames_.back();
  if (top.kind == FrameKind::kTry && word == "do") {
    cursor_.take();
    cursor_.take();
    top.kind = FrameKind::kTryRest;
    push(FrameKind::kDo);
    return true;
  }
  if (top.kind != FrameKind::kTryRest) return false;
  if (word == "catch") {
    cursor_.take();
    mark(cursor_.take().offset);
    append_opcode(*out_, Op::catch_);
    base::append_u32(*out_, c_.index(c_.tags));
    top.has_catch = true;
    push(FrameKind::kCatch);
    return true;
  }
  if (word == "catch_all") {
    cursor_.take();
    mark(cursor_.take().offset);
    append_opcode(*out_, Op::catch_all);
    top.kind = FrameKind::kTryEnd;
    push(FrameKind::kCatchAll);
    return true;
  }
  if (word == "delegate" && !top.has_catch) {
    cursor_.take();
    mark(cursor_.take().offset);
    labels_.pop();
    append_opcode(*out_, Op::delegate);
    label(*out_);
    cursor_.expect_close();
    top.kind = FrameKind::kDelegated;
    return true;
  }
  return false;
}

void InstructionParser::close_paren() {
  if (!waiting_.empty()) return cursor_.fail("misplaced code annotation: no instruction follows", cursor_.peek());
  Frame& top = frames_.back();
  switch (top.kind) {
    case FrameKind::kPlain:
      emit_metadata(top.metadata);
      mark(top.source);
      out_->insert(out_->end(), pending_.begin() + static_cast<std::ptrdiff_t>(top.pending), pending_.end());
      pending_.resize(top.pending);
      break;
    case FrameKind::kBlock:
    case FrameKind::kIfRest:
    case FrameKind::kIfEnd:
    case FrameKind::kTryRest:
    case FrameKind::kTryEnd:
      mark(cursor_.offset());
      append_opcode(*out_, Op::end);
      labels_.pop();
      break;
    case FrameKind::kThen:
    case FrameKind::kElse:
    case FrameKind::kDo:
    case FrameKind::kCatch:
    case FrameKind::kCatchAll:
    case FrameKind::kDelegated: break;
    case FrameKind::kIfOperands: return cursor_.unexpected("(then ...)");
    case FrameKind::kTry: return cursor_.unexpected("(do ...)");
    default: return cursor_.unexpected("'end'");
  }
  cursor_.take();
  frames_.pop_back();
}

void InstructionParser::flat() {
  const Token word = cursor_.peek();
  const Op op = wasm::op_from_text(cursor_.text(word));
  if (op == Op::kCount) return cursor_.fail("unknown operator " + show_token(cursor_.text(word)), word);
  mark(word.offset);
  switch (op) {
    case Op::else_: return flat_else();
    case Op::end: return flat_end();
    case Op::catch_:
    case Op::catch_all: return flat_catch(op);
    case Op::delegate: return flat_delegate();
    default: break;
  }
  cursor_.take();
  emit_metadata(take_waiting());
  if (opens_block(op)) return begin_flat(op);
  operation(op, *out_);
}

void InstructionParser::begin_flat(Op op) {
  const Label label = accept_label();
  head(op, *out_);
  push_label(label);
  push(op == Op::if_ ? FrameKind::kFlatIf : op == Op::try_ ? FrameKind::kFlatTry : FrameKind::kFlatBlock);
}

void InstructionParser::flat_else() {
  if (!top_is(FrameKind::kFlatIf)) return cursor_.unexpected("an instruction ('else' without 'if')");
  cursor_.take();
  check_end_label();
  append_opcode(*out_, Op::else_);
  frames_.back().kind = FrameKind::kFlatElse;
}

void InstructionParser::flat_end() {
  const bool open = !frames_.empty() && frames_.back().kind >= FrameKind::kFlatBlock;
  if (!open) return cursor_.unexpected("an instruction ('end' without a block)");
  cursor_.take();
  check_end_label();
  append_opcode(*out_, Op::end);
  labels_.pop();
  frames_.pop_back();
}

void InstructionParser::flat_catch(Op op) {
  if (!top_is(FrameKind::kFlatTry) && !top_is(FrameKind::kFlatCatch)) {
    return cursor_.unexpected("an instruction ('catch' outside 'try')");
  }
  cursor_.take();
  append_opcode(*out_, op);
  if (op == Op::catch_) base::append_u32(*out_, c_.index(c_.tags));
  frames_.back().kind = op == Op::catch_ ? FrameKind::kFlatCatch : FrameKind::kFlatCatchAll;
}

void InstructionParser::flat_delegate() {
  if (!top_is(FrameKind::kFlatTry)) return cursor_.unexpected("an instruction ('delegate' outside 'try')");
  cursor_.take();
  labels_.pop();
  frames_.pop_back();
  append_opcode(*out_, Op::delegate);
  label(*out_);
}

InstructionParser::Label InstructionParser::accept_label() {
  Label l;
  if (cursor_.at(TokenKind::kId)) l.id = cursor_.take();
  l.name = c_.name_annotation();
  return l;
}

void InstructionParser::push_label(const Label& label) {
  std::optional<std::string> id;
  if (label.id.kind == TokenKind::kId) id = id_name(cursor_.text(label.id));
  if (in_function_ && (id || label.name)) {
    c_.names.set_inner(NameCollector::kLabel, function_, label_count_, label.name ? *label.name : *id);
  }
  ++label_count_;
  labels_.push(std::move(id));
}

void InstructionParser::check_end_label() {
  if (!cursor_.at(TokenKind::kId)) return;
  const Token t = cursor_.take();
  if (labels_.innermost() != id_name(cursor_.text(t))) {
    cursor_.fail("mismatching label " + show_token(cursor_.text(t)), t, "it must be the label of the block it ends");
  }
}

void InstructionParser::block_type(std::vector<u8>& sink) {
  const TypeUse use = types_.type_use(nullptr);
  const Signature& s = use.inline_signature;
  if (!use.has_index && s.params == 0 && s.results <= 1) {
    constexpr u8 kEmptyBlock = 0x40;
    if (s.results == 0) {
      sink.push_back(kEmptyBlock);
    } else {
      sink.insert(sink.end(), s.result_bytes.begin(), s.result_bytes.end());
    }
    return;
  }
  base::append_s33(sink, types_.resolve(use));
}

/// Clauses of try_table (spec 6.5.1); their labels are those around the try_table, not its own.
void InstructionParser::catch_clauses(std::vector<u8>& sink) {
  static constexpr std::string_view kClauses[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  std::vector<u8> clauses;
  u32 count = 0;
  for (bool more = true; more && !cursor_.failed();) {
    more = false;
    for (u8 kind = 0; kind < 4; ++kind) {
      if (!cursor_.accept_list(kClauses[kind])) continue;
      clauses.push_back(kind);
      if (kind < 2) base::append_u32(clauses, c_.index(c_.tags));
      label(clauses);
      cursor_.expect_close();
      ++count;
      more = true;
      break;
    }
  }
  base::append_u32(sink, count);
  sink.insert(sink.end(), clauses.begin(), clauses.end());
}

void InstructionParser::head(Op op, std::vector<u8>& sink) {
  append_opcode(sink, op);
  block_type(sink);
  if (op == Op::try_table) catch_clauses(sink);
}

void InstructionParser::operation(Op op, std::vector<u8>& sink) {
  RefType ref;
  op = choose(op, ref);
  append_opcode(sink, op);
  immediates(op, ref, sink);
}

/// `(@metadata.code.KIND "data"...)` before an instruction (branch hinting and its generalisation).
void InstructionParser::annotation() {
  const Token t = cursor_.peek();
  const std::string name = annotation_name(cursor_.text(t));
  if (!name.starts_with("metadata.code.") || !takes_folded()) return cursor_.unexpected("an instruction");
  if (!in_function_) return cursor_.fail("@" + name + " annotation: not in a function", t);
  cursor_.take();
  for (const CodeMetadata& other : waiting_) {
    if (other.kind == name) return cursor_.fail("@" + name + " annotation: duplicate annotation", t);
  }
  CodeMetadata m;
  m.kind = name;
  while (cursor_.at(TokenKind::kString)) append_string(m.data, cursor_.text(cursor_.take()));
  cursor_.expect_close();
  waiting_.push_back(std::move(m));
}

/// Hands the annotations just read to the instruction that starts now; where its own start in pending_metadata_.
usize InstructionParser::take_waiting() {
  const usize first = pending_metadata_.size();
  for (CodeMetadata& m : waiting_) pending_metadata_.push_back(std::move(m));
  waiting_.clear();
  return first;
}

/// The instruction that the annotations from `first` on belong to starts here.
void InstructionParser::emit_metadata(usize first) {
  for (usize i = first; i < pending_metadata_.size(); ++i) {
    metadata_.push_back(std::move(pending_metadata_[i]));
    metadata_.back().offset = static_cast<u32>(out_->size() - body_start_);
  }
  pending_metadata_.resize(first);
}

}  // namespace dewar::text
