#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every rule of tools/check_layout.py finds the small bad tree made for it, and stays silent on the good one."""

import re
import unittest

from tool_case import SPDX, ToolCase

HEADER = SPDX + "#pragma once\n"


class CheckLayoutTest(ToolCase):
    def check(self):
        code, output = self.run_tool("check_layout.py", "--root", self.tree)
        lines = output.splitlines()
        self.assertRegex(lines[-1], r"^\d+ findings; trusted core: \d+ of \d+ lines, trusted compiler: \d+ of \d+ lines$")
        findings = lines[:-1]
        self.assertEqual(int(lines[-1].split()[0]), len(findings))
        self.assertEqual(code, 1 if findings else 0)
        return findings

    def expect(self, *patterns):
        findings = self.check()
        self.assertEqual(len(findings), len(patterns), findings)
        for finding, pattern in zip(findings, patterns):
            self.assertRegex(finding, pattern)

    def test_good_tree(self):
        self.write("src/base/types.h", HEADER)
        self.write("src/wasm/op.h", HEADER + '#include "base/types.h"\n#include <vector>\n')
        self.write("src/exec/semantics.h", HEADER + '#include "base/types.h"\n')
        self.write("src/runtime/const_expr.cpp", SPDX + '#include "exec/semantics.h"\n#include "wasm/op.h"\n')
        self.write("src/exec/interp/loop.cpp", SPDX + '#include "exec/semantics.h"\n#include "wasm/op.h"\n')
        self.write("src/cli/main.cpp", SPDX + '#include "wasm/op.h"\nint main() { try { throw 1; } catch (int) {} }\n')
        self.write("src/base/words.cpp", SPDX + "// we throw nothing; try { harder }\nauto s = \"throw x; try {\";\n")
        self.write("src/wasm/ops.def", SPDX + "OP(throw, 8)\nOP(try, 6)\n")
        self.write("src/wasm/op.cpp", SPDX + "case Op::throw_: return handler(Op::try_);\n")
        self.write("build/x/Bad.cpp", "throw 1;")
        self.expect()

    def test_upward_includes(self):
        self.write("src/runtime/store.h", HEADER)
        self.write("src/cli/run.h", HEADER)
        self.write("src/exec/exec.h", HEADER)
        self.write("src/base/a.cpp", SPDX + '#include "runtime/store.h"\n')
        self.write("src/host/wasi_p1/fd.cpp", SPDX + '#include "exec/exec.h"\n')
        self.write("src/runtime/b.cpp", SPDX + '\n#include "exec/exec.h"\n')
        self.write("src/wasm/c.cpp", SPDX + '#  include "cli/run.h"\n')
        self.expect(r"^src/base/a.cpp:2: .*src/base may not depend on src/runtime$",
                    r"^src/host/wasi_p1/fd.cpp:2: .*src/host/wasi_p1 may not depend on src/exec$",
                    r"^src/runtime/b.cpp:3: .*src/runtime may not depend on src/exec$",
                    r"^src/wasm/c.cpp:2: .*src/wasm may not depend on src/cli$")

    def test_tiers(self):
        for tier in ("interp", "baseline", "opt"):
            self.write(f"src/exec/{tier}/tier.h", HEADER)
        self.write("src/exec/door.cpp", SPDX + '#include "exec/interp/tier.h"\n#include "exec/baseline/tier.h"\n')
        self.expect()
        self.write("src/exec/loader.cpp", SPDX + '#include "exec/opt/tier.h"\n')
        self.write("src/cli/run.cpp", SPDX + '#include "exec/opt/tier.h"\n')
        self.write("src/exec/interp/loop.cpp", SPDX + '#include "exec/baseline/tier.h"\n')
        self.expect("src/cli may not depend on src/exec/opt", "src/exec/interp may not depend on src/exec/baseline",
                    "src/exec may not depend on src/exec/opt")

    def test_faces_stay_apart(self):
        self.write("src/cli/run.h", HEADER)
        self.write("src/server/serve.cpp", SPDX + '#include "cli/run.h"\n')
        self.write("src/api/outcome.h", HEADER)
        self.write("src/cli/show.cpp", SPDX + '#include "api/outcome.h"\n')
        self.write("src/debug/report.cpp", SPDX + '#include "api/outcome.h"\n')
        self.expect("src/debug may not depend on src/api", "src/server may not depend on src/cli")
        self.write("src/api/run.cpp", SPDX + '#include "cli/run.h"\n')
        self.expect("src/api may not depend on src/cli", "src/debug may", "src/server may")

    def test_semantics_depend_on_base_only(self):
        self.write("src/wasm/op.h", HEADER)
        self.write("src/base/types.h", HEADER)
        self.write("src/exec/semantics_int.h", HEADER + '#include "base/types.h"\n#include "exec/semantics_x.h"\n')
        self.write("src/exec/semantics_x.h", HEADER + '#include "wasm/op.h"\n')
        self.expect("semantics_x.h:3: .*nothing but base")

    def test_includes_that_lead_nowhere(self):
        self.write("src/base/a.cpp", SPDX + '#include "base/gone.h"\n#include "vector.h"\n#include "../b.h"\n#include "x/y.h"\n')
        self.expect("does not exist", "path below src", "path below src", "no such folder")

    def test_unknown_folder(self):
        self.write("src/misc/a.cpp", SPDX)
        self.expect("src/misc has no place")

    def test_long_file(self):
        self.write("src/base/a.cpp", SPDX + "\n" * 599)
        self.write("src/wasm/ops.def", SPDX + "\n" * 2000)
        self.expect()
        self.write("src/base/a.cpp", SPDX + "\n" * 600)
        self.write("tests/unit/b_test.cpp", SPDX + "\n" * 600)
        self.write("tools/c.py", "# " + SPDX[3:] + "\n" * 600)
        self.expect("src/base/a.cpp: 601 lines", "tests/unit/b_test.cpp: 601 lines", "tools/c.py: 601 lines")

    def test_licence_line(self):
        self.write("src/base/a.cpp", "int a;\n")
        self.write("tools/b.sh", "#!/bin/sh\n\n\n\n# " + SPDX[3:])
        self.write("Makefile", "all:\n")
        self.write("CMakeLists.txt", "# free text\n")
        self.expect("Makefile:1:.*SPDX", "src/base/a.cpp:1:.*SPDX", "tools/b.sh:1:.*SPDX")

    def test_names(self):
        self.write("src/base/BadName.h", HEADER)
        self.write("src/base/bad-name.cpp", SPDX)
        self.expect("'BadName.h' is not snake_case", "'bad-name.cpp' is not snake_case")

    def test_header_guard_and_tabs(self):
        self.write("src/base/a.h", SPDX)
        self.write("src/base/b.cpp", SPDX + "\tint b;\n")
        self.expect("a.h: no #pragma once", "b.cpp:2: a tab")

    def test_machine_paths(self):
        # Spelled in parts, so that this file passes the rule itself.
        self.write("docs/a.md", "see /" + "home/me/x, or /usr/bin/env, or /etc/passwd\n")
        self.write("src/base/a.cpp", SPDX + 'auto p = "/' + 'work/main";\n')
        self.expect("docs/a.md:1: a path of one machine", "src/base/a.cpp:2: a path of one machine")

    def test_exceptions_in_the_core(self):
        self.write("src/base/a.cpp", SPDX + "void f() {\n  throw Error();\n}\n")
        self.write("src/gc/b.cpp", SPDX + "void f() {\n  try {\n  } catch (...) {\n  }\n}\n")
        self.write("src/wasm/c.cpp", SPDX + "auto* d = dynamic_cast<D*>(b);\nauto& t = typeid(b);\n")
        self.expect("a.cpp:3: .*exceptions", "b.cpp:3: .*exceptions", "b.cpp:4: .*exceptions",
                    "c.cpp:2: .*run-time type", "c.cpp:3: .*run-time type")

    def test_trusted_core_is_counted_and_capped(self):
        for index in range(60):
            self.write(f"src/wasm/f{index}.cpp", SPDX + "\n" * 499)
        self.write("src/text/printer.cpp", SPDX + "\n" * 499)
        self.expect()
        _, output = self.run_tool("check_layout.py", "--root", self.tree, "--sizes")
        self.assertIn("trusted core: 30000 of 30000 lines", output)
        self.assertTrue(re.search(r"^ +30000 src/wasm trusted$", output, re.M), output)
        self.assertTrue(re.search(r"^ +500 src/text$", output, re.M), output)
        self.write("src/base/one_more.cpp", SPDX)
        self.expect("trusted core has 30001 lines")

    def test_the_compiler_is_counted_on_its_own(self):
        for index in range(20):
            self.write(f"src/exec/baseline/f{index}.cpp", SPDX + "\n" * 499)
        self.expect()
        _, output = self.run_tool("check_layout.py", "--root", self.tree)
        self.assertIn("trusted core: 0 of 30000 lines, trusted compiler: 10000 of 10000 lines", output)
        self.write("src/exec/baseline/one_more.cpp", SPDX)
        self.expect("trusted compiler has 10001 lines")


if __name__ == "__main__":
    unittest.main()
