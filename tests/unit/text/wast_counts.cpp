// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints how many commands of each kind the script model finds in each file: "FILE<tab>KIND<tab>COUNT". Compared with
// the independent count of tools/count_assertions.py by count_assertions_test.py.
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "text/wast.h"

namespace {

using namespace dewar::text;

/// Modules are counted by form, actions by keyword.
std::string kind_of(const Command& c) {
  if (c.kind == CommandKind::kAction) return c.action->kind == ScriptAction::Kind::kGet ? "get" : "invoke";
  std::string name(command_name(c.kind));
  if (c.kind == CommandKind::kModule || c.kind == CommandKind::kModuleDefinition) {
    if (c.module->form == ScriptModule::Form::kBinary) name += " binary";
    if (c.module->form == ScriptModule::Form::kQuote) name += " quote";
  }
  return name;
}

}  // namespace

int main(int argc, char** argv) {
  int failures = 0;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    std::stringstream contents;
    contents << file.rdbuf();
    const auto script = parse_wast(contents.str());
    if (!file || !script) {
      std::fprintf(stderr, "%s: %s\n", argv[i], script ? "cannot be read" : script.error().message.c_str());
      ++failures;
      continue;
    }
    std::map<std::string, int> counts;
    for (const Command& c : script->commands) ++counts[kind_of(c)];
    for (const auto& [kind, count] : counts) std::printf("%s\t%s\t%d\n", argv[i], kind.c_str(), count);
  }
  return failures == 0 ? 0 : 1;
}
