// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// dewar wat | print | validate | objdump: modules looked at and turned from one form into the other, never run.
#include <algorithm>
#include <charconv>

#include "api/outcome.h"
#include "base/file.h"
#include "base/print.h"
#include "cli/commands.h"
#include "cli/objdump_code.h"
#include "cli/program_source.h"
#include "cli/terminal.h"
#include "cli/wasm_options.h"
#include "text/printer.h"
#include "text/wat.h"
#include "wasm/decoder.h"
#include "wasm/disasm.h"
#include "wasm/names.h"
#include "wasm/type_registry.h"
#include "wasm/validate.h"

namespace dewar::cli {

namespace {

constexpr int kInvalid = 1;

int failed(const Error& error, std::string_view place, int status = kInvalid) {
  print_error(error, place);
  return status;
}

Result<std::string> one_file(const ParsedArgs& args) {
  if (args.arguments.size() == 1) return args.arguments[0];
  return fail("usage-argument", "`dewar " + std::string(args.verb->name) + "` takes one file", Error::kNoOffset,
              "for example `" + std::string(args.verb->examples[0].command) + "`");
}

int write_result(const std::string& path, std::span<const u8> bytes) {
  if (path == "-") {
    write_all(1, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return 0;
  }
  auto ok = base::write_file_atomically(path, bytes);
  return ok ? 0 : failed(ok.error(), "", static_cast<int>(api::kExitOwnError));
}

int write_text(const std::string& path, std::string_view text) {
  // Names in a module are chosen by whoever made it.
  std::string shown = path == "-" ? shown_on(1, text) : std::string(text);
  if (!shown.empty() && shown.back() != '\n') shown += '\n';
  return write_result(path, {reinterpret_cast<const u8*>(shown.data()), shown.size()});
}

Result<wasm::Features> features_of(const ParsedArgs& args) {
  wasm::Features features;
  if (auto ok = apply_wasm_options(args.all("wasm"), nullptr, features); !ok) {
    return std::unexpected(std::move(ok.error()));
  }
  return features;
}

// Index of the function that `name` (a number, a name or an export) means.
Result<u32> find_function(const wasm::Module& module, const wasm::Names& names, const std::string& name) {
  u32 index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error == std::errc() && end == name.data() + name.size()) {
    if (index < module.funcs.size()) return index;
    return fail("objdump-function", "there is no function " + name, Error::kNoOffset,
                "the module has " + base::dec(module.funcs.size()) + " functions");
  }
  for (const wasm::Export& e : module.exports) {
    if (e.kind == wasm::ExternKind::func && e.name == name) return e.index;
  }
  for (u32 i = 0; i < module.funcs.size(); ++i) {
    const auto it = names.funcs.find(i);
    if (it != names.funcs.end() && it->second == name) return i;
  }
  return fail("objdump-function", "there is no function \"" + name + "\"", Error::kNoOffset,
              "`dewar objdump -x` lists exports; a number means an index");
}

}  // namespace

int wat_command(const ParsedArgs& args) {
  auto path = one_file(args);
  if (!path) return usage_error(path.error());
  auto source = read_input(*path, u64{256} << 20);
  if (!source) return failed(source.error(), "", static_cast<int>(api::kExitOwnError));
  auto module = text::wat_to_wasm({reinterpret_cast<const char*>(source->data()), source->size()});
  if (!module) return failed(module.error(), *path);
  std::string out(args.get("output"));
  if (out.empty()) {
    if (*path == "-") {
      out = "-";
    } else {
      out = path->ends_with(".wat") ? path->substr(0, path->size() - 4) + ".wasm" : *path + ".wasm";
    }
  }
  if (out == "-" && is_terminal(1)) {
    return usage_error(Error{"usage-argument", "a module is binary and would garble the terminal", Error::kNoOffset, 0,
                             0, "name a file with -o FILE"});
  }
  return write_result(out, *module);
}

int print_command(const ParsedArgs& args) {
  auto path = one_file(args);
  if (!path) return usage_error(path.error());
  auto features = features_of(args);
  if (!features) return usage_error(features.error());
  auto input = read_module(*path);
  if (!input) return failed(input.error(), *path);
  // Five bytes can declare 50,000 locals, which are a quarter of a MiB as text. Real code takes ten times its bytes.
  constexpr u64 kSmallText = u64{64} << 20, kTextPerByte = 64;
  text::PrintOptions options;
  options.max_output = std::min(options.max_output, kSmallText + kTextPerByte * input->bytes.size());
  wasm::TypeRegistry registry;
  auto module = wasm::load_module(std::move(input->bytes), registry, *features);
  if (!module) return failed(input->located(std::move(module.error())), *path);
  auto text = text::print_module(**module, options);
  if (!text) return failed(text.error(), *path);
  return write_text(std::string(args.get("output", "-")), *text);
}

int validate_command(const ParsedArgs& args) {
  auto features = features_of(args);
  if (!features) return usage_error(features.error());
  if (args.arguments.empty()) {
    return usage_error(
        Error{"usage-argument", "`dewar validate` takes files", Error::kNoOffset, 0, 0, "dewar validate *.wasm"});
  }
  int status = 0;
  for (const std::string& path : args.arguments) {
    auto input = read_module(path);
    if (!input) {
      status = failed(input.error(), path);
      continue;
    }
    if (wasm::looks_like_component(input->bytes)) {
      status = failed(Error{"component-unsupported", "this is a component, not a core module", 0, 0, 0, ""}, path);
      continue;
    }
    wasm::TypeRegistry registry;
    auto module = wasm::load_module(std::move(input->bytes), registry, *features);
    if (!module) status = failed(input->located(std::move(module.error())), path);
  }
  return status;
}

int objdump_command(const ParsedArgs& args) {
  auto path = one_file(args);
  if (!path) return usage_error(path.error());
  auto features = features_of(args);
  if (!features) return usage_error(features.error());
  auto input = read_module(*path);
  if (!input) return failed(input.error(), *path);
  const bool machine = args.has("code");
  runtime::EngineOptions options;
  options.features = *features;
  options.tier = runtime::Tier::baseline;
  runtime::Engine engine(options);
  // To be looked at, bodies need not be valid: that is often why one looks. To be compiled they must be.
  auto module = machine ? wasm::load_module(std::move(input->bytes), engine.types(), *features)
                        : wasm::decode(std::move(input->bytes), engine.types(), {*features});
  if (!module) return failed(input->located(std::move(module.error())), *path);
  const wasm::Disassembler disassembler(**module);
  const std::vector<std::string>& wanted = args.all("function");
  const bool headers = args.has("headers"), code = machine || args.has("disassemble") || !wanted.empty();
  std::string out;
  int status = 0;
  const auto write = [&status](std::string& text) {
    if (status == 0) status = write_text("-", text);
    text.clear();
  };
  const auto list = [&](u32 func) -> Result<void> {
    if (machine) return list_machine_code(engine, *module, disassembler, func, out, write);
    disassembler.function(wasm::FuncIndex{func}, out, write);
    return {};
  };
  if (headers || !code) disassembler.headers(out);
  if (!wanted.empty()) {
    const wasm::Names names = wasm::read_names(**module);
    for (const std::string& name : wanted) {
      auto index = find_function(**module, names, name);
      if (!index) return failed(index.error(), *path);
      if (auto ok = list(*index); !ok) return failed(ok.error(), *path);
    }
  } else if (code || !headers) {
    for (u32 i = 0; i < (*module)->funcs.size() && status == 0; ++i) {
      if (auto ok = list(i); !ok) return failed(ok.error(), *path);
      if (out.size() > (usize{1} << 20)) write(out);
    }
  }
  write(out);
  return status;
}

}  // namespace dewar::cli
