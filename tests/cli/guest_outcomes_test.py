#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every guest tells the same endings apart, in the same shape (the table in docs/guests.md): an exception, a syntax error,
an exit code, no memory, no fuel, a file that is not granted. And every guest reads a granted file."""

from cli_case import CliCase, main

MEMORY = ("-W", "max-memory-size=200MiB")

# For each guest: ending, and scripts by case. "file" is how it names the file an error is in.
GUESTS = {
    "python": (".py", {
        "exception": "def f():\n    raise KeyError('k')\n\nprint('before')\nf()\n",
        "syntax": "print('never')\nif True\n    pass\n",
        "exit": "print('before')\nimport sys\nsys.exit(3)\n",
        "memory": "x = []\nwhile True:\n    x.append(bytearray(10_000_000))\n",
        "loop": "print('before')\nwhile True: pass\n",
        "denied": "print('before')\nopen('/etc/passwd')\n",
        "read": "print(open('/data/in.txt').read(), end='')\n",
    }),
    "quickjs": (".js", {
        "exception": "function f() {\n  throw new RangeError('k');\n}\nconsole.log('before');\nf();\n",
        "syntax": "console.log('never');\nconst x = = 2;\n",
        "exit": "console.log('before');\nprocess.exit(3);\n",
        "memory": "const x = [];\nfor (;;) x.push(new Uint8Array(10000000));\n",
        "loop": "console.log('before');\nfor (;;);\n",
        "denied": "console.log('before');\nrequire('fs').readFileSync('/etc/passwd');\n",
        "read": "process.stdout.write(require('fs').readFileSync('/data/in.txt', 'utf8'));\n",
    }),
    "ruby": (".rb", {
        "exception": "def f\n  raise ArgumentError, 'k'\nend\nputs 'before'\nf\n",
        "syntax": "puts 'never'\ndef f(\n  1 +\nend\n",
        "exit": "puts 'before'\nexit 3\n",
        "memory": "x = []\nloop { x << 'a' * 10_000_000 }\n",
        "loop": "puts 'before'\nloop {}\n",
        "denied": "puts 'before'\nFile.read('/etc/passwd')\n",
        "read": "print File.read('/data/in.txt')\n",
    }),
    "php": (".php", {
        "exception": "<?php\nfunction f() {\n  throw new DomainException('k');\n}\necho \"before\\n\";\nf();\n",
        "syntax": "<?php\necho 'never';\n$x = ;\n",
        "exit": "<?php\necho \"before\\n\";\nexit(3);\n",
        "memory": "<?php\n$x = [];\nwhile (true) $x[] = str_repeat('a', 10000000);\n",
        "loop": "<?php\necho \"before\\n\";\nwhile (true);\n",
        "denied": "<?php\necho \"before\\n\";\nnew SplFileObject('/etc/passwd');\n",
        "read": "<?php\necho file_get_contents('/data/in.txt');\n",
    }),
    "sqlite": (".sql", {
        "exception": "create table t(a unique);\ninsert into t values (1);\nselect 'before';\ninsert into t values (1);\n",
        "syntax": "selec 'never';\n",
        "exit": "select 'before';\n.exit 3\nselect 'never';\n",
        "memory": "select length(hex(zeroblob(100000000)) || hex(zeroblob(100000000)));\n",
        "loop": "select 'before';\nwith recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n;\n",
        "denied": "select 'before';\nattach '/etc/passwd' as p;\nselect * from p.t;\n",
        "read": "create table t(a);\n.import /data/in.txt t\nselect a from t;\n",
    }),
}
# Type, line of the last frame, exit code.
EXCEPTIONS = {"python": ("KeyError", 2, 1), "quickjs": ("RangeError", 2, 1), "ruby": ("ArgumentError", 2, 1),
              "php": ("DomainException", 3, 255), "sqlite": ("SQLITE_CONSTRAINT", None, 1)}
SYNTAX = {"python": ("SyntaxError", 2, 1), "quickjs": ("SyntaxError", 2, 1), "ruby": ("SyntaxError", 3, 1),
          "php": ("ParseError", 3, 255), "sqlite": ("SQLITE_ERROR", None, 1)}
MEMORY_TYPES = {"python": "MemoryError", "quickjs": "InternalError", "ruby": "NoMemoryError", "php": None,
                "sqlite": "SQLITE_NOMEM"}


class Outcomes(CliCase):
    def run_case(self, guest, case, *options):
        ending, scripts = GUESTS[guest]
        self.path = self.file("script" + ending, scripts[case])
        return self.outcome(*options, self.path, env=self.guest_env(guest))

    def check_error(self, outcome, code, wanted):
        kind, line, status = wanted
        self.assert_outcome(outcome, "exit", code, status)
        error = outcome["error"]
        self.assertEqual((error["type"], error["evidence"]), (kind, "guest"))
        self.assertTrue(outcome["message"].startswith(kind + ": "), outcome["message"])
        if line is not None:
            self.assertEqual((error["frames"][-1]["file"], error["frames"][-1]["line"]), (self.path, line))
        self.assertNotIn("/dewar/.", outcome["stderr"]["text"], "nothing of ours shows")
        self.assertEqual(outcome["denied_count"], 0)

    def exception(self, guest):
        outcome = self.run_case(guest, "exception")
        self.check_error(outcome, "guest-exception", EXCEPTIONS[guest])
        self.assertEqual(outcome["stdout"]["text"], "before\n")

    def syntax(self, guest):
        outcome = self.run_case(guest, "syntax")
        self.check_error(outcome, "guest-syntax-error", SYNTAX[guest])
        self.assertEqual(outcome["stdout"]["text"], "")

    def exit(self, guest):
        outcome = self.run_case(guest, "exit")
        self.assert_outcome(outcome, "exit", "exit-nonzero", 3)
        self.assertEqual((outcome["stdout"]["text"], outcome["error"]), ("before\n", None))

    def memory(self, guest):
        outcome = self.run_case(guest, "memory", *MEMORY)
        kind = MEMORY_TYPES[guest]
        self.assertEqual((outcome["class"], outcome["code"]), ("exit" if kind else "trap", "guest-out-of-memory"))
        self.assertEqual(outcome["error"]["type"] if kind else outcome["error"], kind)
        self.assertLessEqual(outcome["limits"]["memory_bytes"]["used"], 200 << 20)

    def loop(self, guest):
        outcome = self.run_case(guest, "loop", "-W", "fuel=1500M")
        self.assert_outcome(outcome, "limit", "fuel", 137)
        self.assertEqual(outcome["stdout"]["text"], "before\n")

    def denied(self, guest):
        outcome = self.run_case(guest, "denied")
        self.assertEqual((outcome["class"], outcome["code"]), ("exit", "guest-exception"))
        self.assertGreater(outcome["denied_count"], 0)
        self.assertEqual({denial["resource"] for denial in outcome["denials"]}, {"/etc/passwd"})
        self.assertEqual(outcome["stdout"]["text"], "before\n")

    def read(self, guest):
        self.file("data/in.txt", "seven\n")
        outcome = self.run_case(guest, "read", "--ro", f"{self.folder}/data::/data")
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual((outcome["stdout"]["text"], outcome["denied_count"]), ("seven\n", 0))


def test_for(guest, case):
    return lambda self: getattr(self, case)(guest)


for name in GUESTS:
    for check in ("exception", "syntax", "exit", "memory", "loop", "denied", "read"):
        setattr(Outcomes, f"test_{name}_{check}", test_for(name, check))


class Details(CliCase):
    def script(self, guest, text, *args, options=()):
        return self.outcome(*options, self.file("script" + GUESTS[guest][0], text), *args, env=self.guest_env(guest))

    def test_ruby_is_the_main_program(self):
        outcome = self.script("ruby", "p __FILE__ == $0, ARGV, DATA.read\nat_exit { puts 'bye' }\nrequire 'json'\n"
                              "require 'set'\nputs JSON.generate(a: 1), self, binding.local_variables.inspect\n__END__\nthe data\n", "a", "-b")
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"]["text"], 'true\n["a", "-b"]\n"the data\\n"\n{"a":1}\nmain\n[]\nbye\n')
        self.assertEqual(outcome["program"]["guest"], {"name": "ruby", "version": "0.10.2"})

    def test_ruby_causes_and_attempts(self):
        outcome = self.script("ruby", "system('ls -l')\nbegin\n  fork\nrescue NotImplementedError\n  raise IOError, 'caf\u00e9'\nend\n")
        self.assertEqual(outcome["error"]["causes"][0]["type"], "NotImplementedError")
        self.assertEqual(outcome["error"]["message"], "caf\u00e9")
        self.assertEqual([(a["event"], a["detail"]) for a in outcome["attempts"]],
                         [("Kernel.system", "ls -l"), ("Kernel.fork", "")])

    def test_a_syntax_error_in_what_a_script_evaluates_is_an_exception(self):
        for guest, text in (("python", "print('before')\ncompile('(', 'x', 'exec')"), ("ruby", "puts 'before'\neval '('"),
                            ("quickjs", "console.log('before');\nJSON.parse('{');"),
                            ("php", "<?php\necho \"before\\n\";\neval('(');")):
            with self.subTest(guest=guest):
                outcome = self.script(guest, text)
                self.assertEqual((outcome["code"], outcome["stdout"]["text"]), ("guest-exception", "before\n"))

    def test_php_surroundings(self):
        outcome = self.script("php", "<?php\nfwrite(STDERR, \"to stderr\\nno newline\");\necho json_encode([$argv, $argc, "
                              "__FILE__, isset($dewarError), PHP_SAPI]);\nset_exception_handler(function ($e) { echo $e->getMessage(); });\n"
                              "throw new Exception(' mine', 1, new LogicException('cause'));", "a", "-b")
        self.assertEqual(outcome["stdout"]["text"],
                         '[["\\/dewar\\/script.php","a","-b"],3,"\\/dewar\\/script.php",false,"cgi-fcgi"] mine')
        self.assertEqual(outcome["stderr"]["text"], "to stderr\nno newline\n")
        self.assertEqual(outcome["error"]["causes"], [{"type": "LogicException", "message": "cause"}])
        self.assertEqual(outcome["exit_code"], 255)

    def test_sqlite_files_and_names(self):
        (self.folder / "data").mkdir()
        text = ".open /data/new.db\ncreate table t(a);\ninsert into t values ('kept');\n"
        options = ("--dir", f"{self.folder}/data::/data")
        self.assertEqual(self.script("sqlite", text, options=options)["code"], "ok")
        odd = self.file("a name 'with\" quotes.sql", ".open /data/new.db\nselect a from t;\n")
        outcome = self.outcome(*options, odd, env=self.guest_env("sqlite"))
        self.assertEqual((outcome["stdout"]["text"], outcome["code"]), ("kept\n", "ok"))
        outcome = self.outcome(odd, "argument", env=self.guest_env("sqlite"))
        self.assert_outcome(outcome, "refused", "usage-argument", 125)

    def test_two_runs_are_equal(self):
        for guest, text in (("ruby", "p rand, Time.now, {}.hash, ENV.to_h"), ("php", "<?php echo mt_rand(), time(), uniqid();"),
                            ("sqlite", "select random(), datetime('now');")):
            with self.subTest(guest=guest):
                outcome = self.script(guest, text)
                self.assertEqual(outcome["code"], "ok")
                self.assertEqual(outcome, self.script(guest, text))


if __name__ == "__main__":
    main()
