// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/code_listing.h"

#include <algorithm>

#include "exec/prepare.h"
#include "exec/tier.h"
#include "runtime/code_listener.h"

#if defined(__x86_64__)
#include "exec/baseline/compiler.h"
#endif

namespace dewar::exec {

#if defined(__x86_64__)

namespace {

std::string_view stub_name(const baseline::NativeSupport& support, const u8* stub) {
  if (stub == support.step) return "step";
  if (stub == support.poll) return "poll";
  if (stub == support.trap) return "trap";
  if (stub == support.call_func) return "call_func";
  if (stub == support.interp_entry) return "interp_entry";
  return "stub";
}

}  // namespace

Result<CodeListing> list_code(runtime::Engine& engine, base::Ref<const wasm::Module> module, u32 func) {
  attach_native(engine);
  const auto support = std::static_pointer_cast<const baseline::NativeSupport>(engine.native());
  if (!support) return fail("no-compiler", "there is no memory for compiled code", Error::kNoOffset, "");
  const auto set = base::make_ref<runtime::CodeSet>(module);
  runtime::FuncCode& code = set->at(func - module->num_imported_funcs);
  [[maybe_unused]] const bool prepared = prepare_shape(*set, code, engine.options(), nullptr);
  DEWAR_ASSERT(prepared, "without a payer a function can always be prepared");
  for (const bool wide_charges : {false, true}) {
    baseline::Compiler compiler(code, *support, baseline::compile_options(engine.options()), wide_charges);
    CodeListing listing;
    compiler.list_marks(&listing.marks);
    if (!baseline::run(compiler, code, {})) {
      if (compiler.needs_wide_charges()) continue;
      break;
    }
    const std::span<const u8> bytes = compiler.m().code();
    listing.code.assign(bytes.begin(), bytes.end());
    for (const baseline::Compiler::StubRef& ref : compiler.stub_refs())
      listing.references.push_back({ref.field, stub_name(*support, ref.stub)});
    std::ranges::sort(listing.references, {}, &CodeReference::offset);
    return listing;
  }
  return fail("code-too-large", "this function has more code than the compiler makes", Error::kNoOffset,
              "it runs in the interpreter");
}

void tell_listener(const runtime::Engine& engine, const baseline::CodeObject& object, base::StopBits stop) {
  runtime::CodeListener* const listener = engine.options().code_listener;
  if (!listener) return;
  std::vector<runtime::CodeListener::Place> places;
  if (listener->wants_places()) {
    std::vector<CodeMark> marks;
    baseline::Compiler compiler(*object.func, *object.support, object.options, object.wide_charges);
    compiler.list_marks(&marks);
    const bool compiled = baseline::run(compiler, *object.func, stop);
    DEWAR_ASSERT(compiled || stop.stopped(), "what was compiled can be compiled again");
    if (!compiled) marks.clear();
    for (const CodeMark& mark : marks)
      if (mark.kind == CodeMark::Kind::instruction || mark.kind == CodeMark::Kind::cold)
        places.push_back({mark.offset, mark.pc});
  }
  listener->published(*object.func, {object.range.code, object.range.size}, places);
}

#else

Result<CodeListing> list_code(runtime::Engine&, base::Ref<const wasm::Module>, u32) {
  return fail("no-compiler", "there is no compiler for this machine", Error::kNoOffset, "");
}

#endif

}  // namespace dewar::exec
