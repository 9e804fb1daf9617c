#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/check_errors.py sees every way a code is given, and differences in both directions."""

import unittest

from tool_case import SPDX, ToolCase

SOURCE = SPDX + """
auto a = fail("code-one", "text");
auto b = fail(
    "code-two", "text");
auto c = Error{"code-three", "text"};
auto d = fail(missing ? "code-four" : "code-five", "text");
error.code = "code-six";
const char* e = "code-seven";  // error code
auto f = fail("a message of a local helper");
auto g = too_many("code-eight", "text");
return {"code-nine", std::move(text)};
return damaged(pos, {"code-ten", "text"});
return fail({"code-eleven", "text"});
log.deny({std::string(name), path,
          "code-twelve", right});
end(OutcomeClass::limit, "code-thirteen", "text");
int fd = memfd_create("not-a-code", 0);
constexpr Row kRows[] = {
    {"not-a-code", 0},
    {"nor-this", 0},
};
// use: return fail("only-in-a-comment", "text");
"""
TABLE = "".join(f"| `code-{name}` | x |\n" for name in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
                                                           "ten", "eleven", "twelve", "thirteen"))


class CheckErrorsTest(ToolCase):
    def expect(self, *patterns):
        code, output = self.run_tool("check_errors.py", "--root", self.tree)
        *findings, last = output.splitlines()
        self.assertEqual(len(findings), len(patterns), findings)
        for finding, pattern in zip(findings, patterns):
            self.assertRegex(finding, pattern)
        self.assertEqual(code, 1 if patterns else 0)
        self.assertRegex(last, rf"^{len(patterns)} findings; \d+ error codes$")

    def test_in_step(self):
        self.write("src/base/a.cpp", SOURCE)
        self.write("docs/errors.md", TABLE)
        self.expect()

    def test_missing_in_the_document(self):
        self.write("src/base/a.cpp", SOURCE)
        self.write("docs/errors.md", TABLE.replace("code-two", "code-one").replace("code-seven", "code-six"))
        self.expect("'code-one' is listed twice", "'code-six' is listed twice", r"^src/base/a.cpp:9: 'code-seven' is not in",
                    r"^src/base/a.cpp:4: 'code-two' is not in")

    def test_no_document(self):
        self.write("src/base/a.cpp", SPDX + 'auto a = fail("code-one", "text");\n')
        self.expect("'code-one' is not in")

    def test_not_given_any_more(self):
        self.write("src/base/a.cpp", SOURCE)
        self.write("docs/errors.md", TABLE + "| `code-zero` | x |\n")
        self.expect("'code-zero' is not given")

    def test_traps(self):
        row = SPDX + 'X(one, "code-one", "text") \\\n'
        self.write("src/runtime/trap.h", row + 'X(none, "none", "") \\\nX(host, "host", "text")\n')
        self.write("src/wasm/op.h", row.replace("code-one", "feature-name"))
        self.expect("trap.h:2: 'code-one' is not in", "trap.h:4: 'host' is not in")

    def test_form(self):
        self.write("src/base/a.cpp", SPDX + 'auto a = fail("Code_One", "text");\n')
        self.write("docs/errors.md", "| `Code_One` | x |\n")
        self.expect("not a well-formed code")


if __name__ == "__main__":
    unittest.main()
