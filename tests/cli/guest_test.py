#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests: installing checks hashes and writes nothing else; scripts run in them as natively, and what they are refused
is told. Tests that need an installed interpreter are skipped, and counted, where there is none."""

import hashlib
import io
import json
import os
import pathlib
import tarfile

from cli_case import ROOT, CliCase, main

LOCK = json.loads((ROOT / "guests/guests.lock.json").read_text())["guests"]
PYTHON = next(guest for guest in LOCK if guest["name"] == "python")


class Installing(CliCase):
    def store(self):
        home = self.folder / "dewar-home"
        return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()) if home.exists() else []

    def refused(self, source, code):
        result = self.dewar("guest", "add", "python", "--from", source)
        self.assertEqual((result.status, result.out), (125, ""))
        self.assertIn(f"error[{code}]", result.err)
        self.assertEqual(self.store(), [])

    def package(self, name, members):
        path = self.folder / name
        with tarfile.open(path, "w:gz") as archive:
            for member, data in members:
                info = tarfile.TarInfo(member)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return str(path)

    def test_wrong_files_are_refused(self):
        self.refused(self.file("python.wasm", b"\0asm\1\0\0\0"), "guest-hash")
        self.refused(self.file("large.wasm", bytes(PYTHON["size"] + 1)), "file-too-large")
        self.refused(self.file("same-size.wasm", bytes(PYTHON["size"])), "guest-hash")
        self.refused(str(self.folder / "none.wasm"), "file-not-found")
        self.refused(str(self.folder / "none.tgz"), "file-not-found")

    def test_wrong_packages_are_refused(self):
        evil = self.package("evil.tgz", [("package/" + PYTHON["file"], b"\0asm\1\0\0\0"), ("../../escaped", b"x"),
                                         ("/tmp/dewar-escaped", b"x")])
        self.refused(evil, "guest-hash")
        self.assertFalse(os.path.exists("/tmp/dewar-escaped"))
        self.refused(self.file("not.tgz", "not a package"), "guest-hash")

    def test_wrong_folders_are_refused(self):
        self.refused(str(self.folder), "guest-package")
        self.file("unpacked/" + PYTHON["file"], b"\0asm\1\0\0\0")
        self.refused(str(self.folder / "unpacked"), "guest-hash")

    def test_without_the_guest(self):
        script = self.file("x.py", "print(1)")
        outcome = self.outcome(script)
        self.assert_outcome(outcome, "refused", "guest-missing", 126)
        self.assertIn("dewar guest add python", outcome["refusal"]["hint"])
        self.assertIn("dewar guest add python", self.dewar("run", script).err)
        for verb in ("path", "remove"):
            self.assertEqual(self.dewar("guest", verb, "python").status, 125)
        self.assertIn("not installed", self.dewar("guest", "list").out)
        self.assertEqual(self.dewar("run", script, env={"HOME": "", "DEWAR_HOME": ""}).status, 126)

    def test_npm_that_fails(self):
        npm = pathlib.Path(self.file("bin/npm", "#!/bin/sh\necho 'no network today' >&2\nexit 1\n"))
        npm.chmod(0o755)
        result = self.dewar("guest", "add", "python", env={"PATH": f"{npm.parent}:{os.environ['PATH']}"})
        self.assertEqual(result.status, 125)
        self.assertIn("error[guest-npm]", result.err)
        self.assertIn("no network today", result.err)
        self.assertIn("--from", result.err)
        result = self.dewar("guest", "add", "python", env={"PATH": str(self.folder)})
        self.assertIn("error[child-start]", result.err)

    def test_nothing_is_downloaded_for_a_store_that_cannot_be_written(self):
        npm = pathlib.Path(self.file("bin/npm", f"#!/bin/sh\ntouch {self.folder}/called\nexit 1\n"))
        npm.chmod(0o755)
        path = f"{npm.parent}:{os.environ['PATH']}"
        self.file("file", "no folder")
        result = self.dewar("guest", "add", "python", env={"PATH": path, "DEWAR_HOME": f"{self.folder}/file/home"})
        self.assertEqual(result.status, 125)
        self.assertIn("error[guest-store]", result.err)
        self.assertIn("DEWAR_HOME", result.err)
        self.assertFalse((self.folder / "called").exists())
        self.dewar("guest", "add", "python", env={"PATH": path, "DEWAR_HOME": f"{self.folder}/new/home"})
        self.assertTrue((self.folder / "called").exists())
        self.assertFalse((self.folder / "new").exists())

    def test_npm_that_brings_something_else(self):
        package = self.package("package.tgz", [("package/" + PYTHON["file"], b"\0asm\1\0\0\0")])
        npm = pathlib.Path(self.file("bin/npm", f"#!/bin/sh\ncp {package} .\n"))
        npm.chmod(0o755)
        result = self.dewar("guest", "add", "python", env={"PATH": f"{npm.parent}:{os.environ['PATH']}"})
        self.assertEqual(result.status, 125)
        self.assertIn("error[guest-hash]", result.err)
        self.assertEqual(self.store(), [])

    def test_what_guests_share_is_downloaded_once(self):
        package = self.package("package.tgz", [("package/x", b"")])
        npm = pathlib.Path(self.file("bin/npm", f"#!/bin/sh\necho called >> {self.folder}/calls\nexit 1\n"))
        npm.chmod(0o755)
        environment = {"PATH": f"{npm.parent}:{os.environ['PATH']}"}
        result = self.dewar("guest", "add", "ruby", "php", env=environment)
        self.assertEqual(result.status, 125)
        self.assertEqual((self.folder / "calls").read_text(), "called\n", "the first that fails ends it")
        result = self.dewar("guest", "add", "ruby", "php", "--from", package)
        self.assertIn("error[usage-argument]", result.err)
        result = self.dewar("guest", "add", "ruby", "pyhton", env=environment)
        self.assertIn("error[guest-unknown]", result.err)
        self.assertEqual((self.folder / "calls").read_text(), "called\n", "names are checked before anything is fetched")

    def test_unknown_guest(self):
        result = self.dewar("guest", "add", "pyton")
        self.assertEqual(result.status, 125)
        self.assertIn('did you mean "python"?', result.err)

    def test_install_path_remove(self):
        installed = self.dewar("guest", "path", "python", env=self.guest_env("python")).out.strip()
        result = self.dewar("guest", "add", "python", "--from", installed)
        self.assertEqual(result.status, 0, result.err)
        stored = self.folder / "dewar-home/guests/python" / PYTHON["version"] / "python.wasm"
        self.assertEqual(result.out.strip(), str(stored))
        self.assertEqual(hashlib.sha256(stored.read_bytes()).hexdigest(), PYTHON["sha256"])
        self.assertEqual(self.store(), [str(stored.relative_to(self.folder / "dewar-home"))])
        self.assertEqual(self.dewar("guest", "path", "python").out.strip(), str(stored))
        self.assertEqual(self.dewar("guest", "add", "python").status, 0, "again, at once, without npm")
        stored.chmod(0o644)
        stored.write_bytes(b"x" * 10)
        self.assert_outcome(self.outcome(self.file("x.py", "")), "refused", "guest-damaged", 126)
        # Of the right size, so that only loading it, and then its hash, tells.
        stored.write_bytes(b"\0asm\1\0\0\0" + b"\xff" * (PYTHON["size"] - 8))
        outcome = self.outcome(self.file("x.py", ""))
        self.assert_outcome(outcome, "refused", "guest-damaged", 126)
        self.assertIn("dewar guest add python", outcome["refusal"]["hint"])
        self.assertEqual((outcome["message"], outcome["refusal"]["message"]),
                         (f"the installed guest {stored} has changed",) * 2)
        result = self.dewar("run", self.file("x.py", ""))
        self.assertEqual(result.status, 126)
        self.assertIn("error[guest-damaged]", result.err)
        self.assertNotIn("x.py", result.err)
        npm = pathlib.Path(self.file("bin/npm", "#!/bin/sh\nexit 1\n"))
        npm.chmod(0o755)
        result = self.dewar("guest", "add", "python", env={"PATH": f"{npm.parent}:{os.environ['PATH']}"})
        self.assertIn("error[guest-npm]", result.err, "what is damaged is fetched again")
        result = self.dewar("guest", "add", "python", "--from", installed)
        self.assertEqual(result.status, 0, result.err)
        self.assert_outcome(self.outcome(self.file("x.py", "")), "exit", "ok", 0)
        self.assertEqual(self.dewar("guest", "remove", "python").status, 0)
        self.assertEqual(self.store(), [])


class Python(CliCase):
    def script(self, text, *args, options=(), **more):
        return self.outcome(*options, self.file("script.py", text), *args, env=self.guest_env("python"), **more)

    def test_main_semantics(self):
        outcome = self.script("import sys, pickle\nclass P: pass\n"
                              "print(sys.argv, __name__, __file__, sys.path[0])\n"
                              "print(pickle.loads(pickle.dumps(P())).__class__.__module__, sys.modules['__main__'].P is P)\n"
                              "print(exit, sep='')", "a", "--json")
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"]["text"].splitlines()[:2],
                         ["['/dewar/script.py', 'a', '--json'] __main__ /dewar/script.py /dewar", "__main__ True"])
        self.assertEqual((outcome["denied_count"], outcome["attempts"], outcome["error"]), (0, [], None))
        self.assertEqual(outcome["program"]["guest"], {"name": "python", "version": "3.12.0"})

    def test_exit_codes(self):
        for text, code, status in (("import sys; sys.exit(3)", "exit-nonzero", 3), ("raise SystemExit", "ok", 0),
                                   ("exit('bye')", "exit-nonzero", 1), ("import os; os._exit(9)", "exit-nonzero", 9)):
            with self.subTest(text=text):
                outcome = self.script(text)
                self.assert_outcome(outcome, "exit", code, status)
                self.assertIsNone(outcome["error"])

    def test_uncaught_exception(self):
        outcome = self.script("def inner(n):\n    raise KeyError('k')\n\ndef outer():\n    try:\n        inner(1)\n"
                              "    except KeyError as e:\n        raise ValueError('v \\ud800 \\x1b') from e\n\nouter()\n")
        self.assert_outcome(outcome, "exit", "guest-exception", 1)
        error = outcome["error"]
        self.assertEqual((error["type"], error["evidence"]), ("ValueError", "guest"))
        self.assertEqual([(f["file"], f["line"], f["function"]) for f in error["frames"]],
                         [(str(self.folder / "script.py"), 10, "<module>"), (str(self.folder / "script.py"), 8, "outer")])
        self.assertEqual(error["causes"], [{"type": "KeyError", "message": "'k'"}])
        self.assertIn('File "/dewar/script.py", line 8, in outer\n    raise ValueError', outcome["stderr"]["text"])
        self.assertNotIn("driver", outcome["stderr"]["text"])
        self.assertEqual(outcome["denied_count"], 0, "showing the traceback opens nothing")

    def test_library_frames_open_nothing(self):
        outcome = self.script("import json\njson.loads('{')")
        self.assertEqual(outcome["error"]["type"], "json.decoder.JSONDecodeError")
        self.assertEqual(outcome["denied_count"], 0)

    def test_tracebacks_of_the_engine_are_no_denials(self):
        # CPython itself prints these: it opens the source file of every frame, also below sys.path.
        outcome = self.script('''
import json, sys, atexit
class Broken:
    def __del__(self): json.loads("{")
b = Broken()
del b
atexit.register(json.loads, "[")
try: open("/etc/passwd")
except OSError: pass
try: json.loads("(")
except ValueError as e: sys.__excepthook__(type(e), e, e.__traceback__)
sys.stderr.flush()
''')
        self.assertEqual([d["resource"] for d in outcome["denials"]], ["/etc/passwd"])
        self.assertEqual(outcome["stderr"]["text"].count("JSONDecodeError"), 3)
        sources = [p["path"] for p in outcome["probes"] if p["path"].endswith("/json/decoder.py")]
        self.assertTrue(any(path.startswith("/wlr/build-staging/") for path in sources), sources)

    def test_a_flood_of_refusals_hides_no_later_one(self):
        outcome = self.script('''
for i in range(30000):
    try: open("/flood/%d" % i)
    except OSError: pass
try: open("/etc/passwd")
except OSError: pass
''')
        self.assert_outcome(outcome, "exit", "ok", 0)
        denials = outcome["denials"]
        self.assertEqual([d["resource"] for d in denials], [f"/flood/{i}" for i in range(192)] +
                         [f"/flood/{i}" for i in range(29937, 30000)] + ["/etc/passwd"])
        self.assertEqual((outcome["denied_count"], outcome["unlisted_denials"]), (30001, 30001 - 256))
        grants = {grant["id"]: grant for grant in outcome["operator"]["grants"]}
        self.assertEqual(grants[denials[-1]["id"]]["grant"], "--ro HOST::/etc/passwd")

    def test_syntax_error(self):
        error = self.script("x = 1\ny = (\n")["error"]
        self.assertEqual((error["type"], error["frames"][-1]["line"], error["frames"][-1]["file"]),
                         ("SyntaxError", 2, str(self.folder / "script.py")))

    def test_recursion_and_own_hook(self):
        outcome = self.script("def r(): r()\nr()")
        self.assertEqual(outcome["error"]["type"], "RecursionError")
        self.assertLessEqual(len(outcome["error"]["frames"]), 64)
        self.assertGreater(outcome["error"]["total_frames"], 900)
        outcome = self.script("import sys\nsys.excepthook = lambda *a: print('mine', a[0].__name__)\n1/0")
        self.assertEqual((outcome["stdout"]["text"], outcome["exit_code"]), ("mine ZeroDivisionError\n", 1))
        outcome = self.script("class E(Exception):\n  def __str__(self): raise OSError\nraise E")
        self.assertEqual((outcome["error"]["type"], outcome["error"]["message"]), ("E", "<no message>"))

    def test_attempts(self):
        outcome = self.script('''
import os, socket, subprocess, threading
for f in (lambda: socket.create_connection(("example.com", 80)), lambda: socket.gethostbyname("example.org"),
          lambda: subprocess.run(["ls", "-l"]), lambda: os.system("id"), lambda: os.fork(),
          lambda: threading.Thread(target=print).start(), lambda: __import__("ctypes"),
          lambda: __import__("urllib.request").request.urlopen("http://example.net/")):
    try:
        f()
    except BaseException as e:
        print(type(e).__name__)
import random, logging, tempfile
''')
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"]["text"].split(),
                         ["OSError", "OSError", "OSError", "AttributeError", "AttributeError", "RuntimeError",
                          "ModuleNotFoundError", "URLError"])
        events = {(a["event"], a["detail"]) for a in outcome["attempts"]}
        for event in (("socket.getaddrinfo", "example.com 80"), ("socket.gethostbyname", "example.org"),
                      ("os.system", ""), ("os.fork", ""), ("_thread.start_new_thread", ""), ("import", "ctypes"),
                      ("urllib.Request", "http://example.net/")):
            self.assertIn(event, events)
        self.assertEqual(sum(a["count"] for a in outcome["attempts"] if a["event"] == "os.fork"), 1,
                         "the library's own look for fork does not count")
        self.assertTrue(all(a["evidence"] == "guest" for a in outcome["attempts"]))
        self.assertEqual(outcome["denied_count"], 0)

    def test_processes_that_the_library_refuses(self):
        outcome = self.script('''
import os, subprocess, sys, traceback
from _thread import start_new_thread
original = subprocess.Popen.__init__
for f in (lambda: subprocess.run(["ls", "-l"]), lambda: subprocess.check_output("id -u", shell=True),
          lambda: subprocess.Popen(args=("a", b"b", object)), lambda: os.popen("whoami"),
          lambda: os.execl("/bin/sh", "sh"), lambda: os.execvpe("env", ["env"], {}), lambda: os.spawnl(0, "/x", "x"),
          lambda: os.posix_spawnp("x", [], {}), lambda: start_new_thread(print, ()), lambda: subprocess.Popen()):
    try:
        f()
    except BaseException as e:
        print(e, "|", *(frame.name for frame in traceback.extract_tb(e.__traceback__)[1:]), sep=" ")
print(original.__name__, original.__module__, original is subprocess.Popen.__init__)
class Subprocess(subprocess.Popen): pass
del sys.modules["subprocess"]
import subprocess as again
for kind in (again.Popen, Subprocess):
    try: kind("again")
    except OSError: pass
''')
        self.assert_outcome(outcome, "exit", "ok", 0)
        refused = "[Errno 58] wasi does not support processes. | <lambda>"
        self.assertEqual(outcome["stdout"]["text"].splitlines(), [
            f"{refused} run __init__", f"{refused} check_output run __init__", f"{refused} __init__",
            f"{refused} popen __init__", "name 'execv' is not defined | <lambda> execl",
            "name 'execve' is not defined | <lambda> execvpe _execvpe",
            "module 'os' has no attribute 'spawnl' | <lambda> os_getattr",
            "module 'os' has no attribute 'posix_spawnp' | <lambda> os_getattr", "can't start new thread | <lambda>",
            "Popen.__init__() missing 1 required positional argument: 'args' | <lambda>",
            "__init__ subprocess True"])
        self.assertEqual([(a["event"], a["detail"], a["count"], a["evidence"]) for a in outcome["attempts"]], [
            ("subprocess.Popen", "ls -l", 1, "guest"), ("subprocess.Popen", "id -u", 1, "guest"),
            ("subprocess.Popen", "a b <type>", 1, "guest"), ("subprocess.Popen", "whoami", 1, "guest"),
            ("os.exec", "/bin/sh sh", 1, "guest"), ("os.exec", "env env", 1, "guest"),
            ("os.spawnl", "", 1, "guest"), ("os.posix_spawnp", "", 1, "guest"),
            ("_thread.start_new_thread", "", 1, "guest"), ("subprocess.Popen", "again", 2, "guest")])

    def test_a_module_named_subprocess_is_the_users(self):
        self.file("data/Lib/subprocess.py", "class Popen:\n  def __init__(self, args): print('mine', args)\n")
        outcome = self.script("import sys\nsys.path.insert(0, '/data/Lib')\nimport subprocess\nsubprocess.Popen('x')",
                              options=("--ro", f"{self.folder}/data::/data"))
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual((outcome["stdout"]["text"], outcome["attempts"]), ("mine x\n", []))

    def test_files(self):
        self.file("data/in.txt", "seven\n")
        text = '''
print(open("/data/in.txt").read(), end="")
for path, mode in (("/etc/passwd", "r"), ("/data/out.txt", "w"), ("/data/../etc/passwd", "r"), ("/new", "w")):
    try:
        open(path, mode)
    except OSError as e:
        print(path, type(e).__name__)
'''
        outcome = self.script(text, options=("--ro", f"{self.folder}/data::/data"))
        self.assertEqual(outcome["stdout"]["text"].splitlines(),
                         ["seven", "/etc/passwd PermissionError", "/data/out.txt PermissionError",
                          "/data/../etc/passwd PermissionError", "/new PermissionError"])
        denials = {(d["resource"], d["rule"]) for d in outcome["denials"]}
        self.assertLessEqual({("/etc/passwd", "not-mounted"), ("/data/out.txt", "mount-lacks-right"),
                              ("/new", "not-mounted")}, denials)
        self.assertEqual(sorted(rule for _, rule in denials),
                         ["mount-lacks-right", "not-mounted", "not-mounted", "path-escape"])
        self.assertFalse((self.folder / "data/out.txt").exists())
        outcome = self.script('open("/data/out.txt", "w").write("x")',
                              options=("--dir", f"{self.folder}/data::/data"))
        self.assertEqual((outcome["code"], (self.folder / "data/out.txt").read_text()), ("ok", "x"))

    def test_temporary_files(self):
        """In memory, without a grant: tempfile, modules written and imported, a database, and an end to the room."""
        script = self.file("t.py", """
import os, pathlib, sqlite3, sys, tempfile
with tempfile.NamedTemporaryFile("w+") as file:
    print(file.write("hello"), file.seek(0), file.read(), os.path.dirname(file.name))
with tempfile.TemporaryDirectory() as folder:
    (pathlib.Path(folder) / "a/b").mkdir(parents=True)
    print([name for _, names, _ in os.walk(folder) for name in names])
with tempfile.TemporaryFile() as file:
    print(file.write(b"123"), file.seek(0), file.read())
print(os.listdir("/tmp"), tempfile.gettempdir())
sys.path.insert(0, "/tmp")
for name in ("first", "second"):
    pathlib.Path("/tmp", name + ".py").write_text("X = %r" % name)
    print(__import__(name).X)
with sqlite3.connect("/tmp/db") as db:
    print(db.execute("create table t as select 5").execute("select * from t").fetchall())
try:
    with open("/tmp/full", "wb") as file:
        for _ in range(65):
            file.write(b"x" * (1 << 20))
except OSError as error:
    print(error.strerror, os.path.getsize("/tmp/full") >> 20)
pathlib.Path("/out/result.txt").write_text("done")
""")
        outcome = self.outcome("--out", "out", script, env=self.guest_env("python"))
        self.assertEqual(outcome["stdout"]["text"], """5 0 hello /tmp
['a', 'b']
3 0 b'123'
[] /tmp
first
second
[(5,)]
No space left on device 63
""", outcome["stderr"]["text"])
        self.assertEqual([file["path"] for file in outcome["outputs"]], ["result.txt"])
        self.assertEqual((outcome["class"], outcome["denied_count"]), ("exit", 1))
        self.assertEqual(outcome["denials"][0]["resource"], "/dev/urandom", "asked for by sqlite")

    def test_the_scripts_folder_is_not_granted(self):
        self.file("secret.txt", "x")
        outcome = self.script("import os\nprint(sorted(os.listdir('/')), [n for n in os.listdir('/dewar') if n[0] != '.'])")
        self.assertEqual(outcome["stdout"]["text"], "['dewar', 'tmp'] ['script.py']\n")
        outcome = self.script("import os\nprint(os.listdir('/'))", options=("--scratch=off",))
        self.assertEqual(outcome["stdout"]["text"], "['dewar']\n")
        outcome = self.script("open('/dewar/script.py', 'w')")
        self.assertEqual(outcome["error"]["type"], "PermissionError")

    def test_nothing_of_the_host_shows(self):
        outcome = self.script("import os, sys, time, random, uuid\nprint(dict(os.environ), time.time() // 1, "
                              "sys.stdin.read(), random.random(), uuid.uuid4(), hash('x'))", stdin=b"secret")
        again = self.script("import os, sys, time, random, uuid\nprint(dict(os.environ), time.time() // 1, "
                            "sys.stdin.read(), random.random(), uuid.uuid4(), hash('x'))", stdin=b"other")
        self.assertEqual(outcome, again)
        self.assertTrue(outcome["stdout"]["text"].startswith("{} 1767225600.0  0."), outcome["stdout"]["text"])

    def test_output_before_the_end_is_kept(self):
        outcome = self.script("print('before')\nwhile True: pass", options=("-W", "fuel=1500M"))
        self.assert_outcome(outcome, "limit", "fuel", 137)
        self.assertEqual(outcome["stdout"]["text"], "before\n")

    def test_memory(self):
        outcome = self.script("x = bytearray(200 << 20)", options=("-W", "max-memory-size=64MiB"))
        self.assert_outcome(outcome, "exit", "guest-out-of-memory", 1)
        self.assertEqual(outcome["error"]["type"], "MemoryError")

    def test_forged_reports_only_add(self):
        outcome = self.script('''
import os
fd = os.open("/dewar/.report", os.O_WRONLY)
os.write(fd, b'{"kind":"error","type":"Fake","message":"m","frames":[],"total_frames":0,"causes":[]}\\n')
os.write(fd, b'not json\\n{"kind":"attempt","event":"\\\\u001b[2J","detail":7}\\n' + b'[' * 5000 + b'\\n')
for i in range(3000): os.write(fd, b'{"kind":"attempt","event":"e%d"}\\n' % i)
os.write(fd, b'{"kind":')
''')
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertIsNone(outcome["error"], "a run that ended well has no error, whatever the guest says")
        self.assertEqual(len(outcome["attempts"]), 64)
        self.assertEqual(outcome["unlisted_attempts"], 3001 - 64)

    def test_modules_of_the_users_do_not_disturb_the_driver(self):
        outcome = self.script("import builtins, os, json\nbuiltins.str = None\nos.write = None\n"
                              "json.dumps = None\nraise ValueError('x')")
        self.assertEqual(outcome["error"]["type"], "ValueError")


class JavaScript(CliCase):
    def script(self, text, *args, options=()):
        return self.outcome(*options, self.file("script.js", text), *args, env=self.guest_env("quickjs"))

    def test_console_and_arguments(self):
        outcome = self.script("console.log('%s:', 'x', {a: [1, 'b', null]}, new Map([[1, 2]]), process.argv.slice(2));\n"
                              "console.error('to stderr \u00e9');", "a", "-b")
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["stdout"]["text"], "x: { a: [ 1, 'b', null ] } Map(1) { 1 => 2 } [ 'a', '-b' ]\n")
        self.assertEqual(outcome["stderr"]["text"], "to stderr \u00e9\n")

    def test_exit_codes_and_errors(self):
        self.assert_outcome(self.script("process.exit(3)"), "exit", "exit-nonzero", 3)
        outcome = self.script("function f(n) {\n  if (n === 0)\n    throw new RangeError('deep');\n  f(n - 1);\n}\nf(1);\n")
        self.assert_outcome(outcome, "exit", "guest-exception", 1)
        self.assertEqual([(f["file"], f["line"], f["function"]) for f in outcome["error"]["frames"]],
                         [(str(self.folder / "script.js"), line, name)
                          for line, name in ((6, "<anonymous>"), (4, "f"), (3, "f"))])
        self.assertIn("Uncaught RangeError: deep", outcome["stderr"]["text"])
        self.assertNotIn("driver", outcome["stderr"]["text"])
        self.assertEqual(self.script("let x = = 1")["error"]["type"], "SyntaxError")
        self.assertEqual(self.script("async function main() { await 1; throw new Error('late'); }\nmain();")["code"],
                         "guest-exception")
        self.assertEqual(self.script("setTimeout(() => { null.x; }, 1)")["error"]["type"], "TypeError")
        self.assertEqual(self.script("import fs from 'fs';\nthrow new Error('m')")["error"]["message"], "m")

    def test_files(self):
        self.file("data/in.txt", "seven\n")
        outcome = self.script('''
const fs = require('fs');
console.log(fs.readFileSync('/data/in.txt', 'utf8').trim(), fs.readdirSync('/data'), fs.existsSync('/nope'));
for (const path of ['/etc/passwd', '/data/none']) {
  try { fs.readFileSync(path); } catch (e) { console.log(e.code, e.path); }
}
try { fs.writeFileSync('/data/out.txt', 'x'); } catch (e) { console.log(e.code); }
''', options=("--ro", f"{self.folder}/data::/data"))
        self.assertEqual(outcome["stdout"]["text"].splitlines(),
                         ["seven [ 'in.txt' ] false", "ENOTCAPABLE /etc/passwd", "ENOENT /data/none", "ENOTCAPABLE"])
        self.assertEqual({d["resource"] for d in outcome["denials"]}, {"/etc/passwd", "/data/out.txt"})
        outcome = self.script('''
import {writeFileSync, appendFileSync, readFileSync, mkdirSync, renameSync, unlinkSync, statSync} from 'node:fs';
import path from 'path';
mkdirSync('/data/d');
writeFileSync('/data/d/a', 'first and long');
writeFileSync('/data/d/a', 'one ');
appendFileSync('/data/d/a', 'two');
renameSync('/data/d/a', path.join('/data/d', 'x', '..', 'b'));
console.log(readFileSync('/data/d/b', 'utf8'), statSync('/data/d/b').size, statSync('/data').isDirectory());
unlinkSync('/data/d/b');
''', options=("--dir", f"{self.folder}/data::/data"))
        self.assertEqual((outcome["stdout"]["text"], outcome["code"]), ("one two 7 true\n", "ok"))
        self.assertEqual(list((self.folder / "data/d").iterdir()), [])

    def test_looking_for_a_module_is_no_denial(self):
        for text in ("import * as os from 'os';", "import('os').catch((e) => { throw e; });", "import x from './os.js';"):
            outcome = self.script(text)
            self.assert_outcome(outcome, "exit", "guest-exception", 1)
            self.assertEqual(outcome["denied_count"], 0, outcome["denials"])
            self.assertTrue(outcome["probes"], outcome)
        self.assertIn("/modules/os.js", [p["path"] for p in self.script("import 'os';")["probes"]])
        outcome = self.script("require('fs').writeFileSync('/modules/os.js', 'x')")
        self.assertEqual([d["resource"] for d in outcome["denials"]], ["/modules/os.js"], "that is no look-up")

    def test_attempts(self):
        outcome = self.script("fetch('http://example.com/').catch((e) => console.log(e.name));\n"
                              "try { require('child_process'); } catch (e) { console.log(e.code); }")
        self.assertEqual({(a["event"], a["detail"]) for a in outcome["attempts"]},
                         {("fetch", "http://example.com/"), ("require", "child_process")})

    def test_newer_functions(self):
        outcome = self.script("console.log([3, 1, 2].toSorted().at(-1), [1, 2].findLast((x) => x < 2), 'ab'.at(-1), "
                              "Object.hasOwn({a: 1}, 'a'), structuredClone({d: new Date(0), m: new Map([[1, [2]]])}));\n"
                              "console.log(new TextDecoder().decode(new TextEncoder().encode('h\u00e9\u4e16\U0001f600')));")
        self.assertEqual(outcome["stdout"]["text"],
                         "3 1 b true { d: 1970-01-01T00:00:00.000Z, m: Map(1) { 1 => [ 2 ] } }\nh\u00e9\u4e16\U0001f600\n")

    def test_two_runs_are_equal(self):
        text = "console.log(Math.random(), Date.now(), new Date().toISOString())"
        self.assertEqual(self.script(text), self.script(text))


class Examples(CliCase):
    def test_agent_reports(self):
        for name, guest in (("agent_report.py", "python"), ("agent_report.js", "quickjs")):
            outcome = self.outcome("--ro", f"{ROOT}/examples/data::/data", ROOT / "examples" / name,
                                   env=self.guest_env(guest))
            self.assert_outcome(outcome, "exit", "ok", 0)
            self.assertIn("Revenue January to June: 96,916.50" if guest == "python" else
                          "Revenue January to June: 96916.50", outcome["stdout"]["text"])
            self.assertIn("/etc/passwd", {denial["resource"] for denial in outcome["denials"]})
            self.assertEqual(len(outcome["attempts"]), 1)
            self.assertIn("collector.example", outcome["attempts"][0]["detail"])


if __name__ == "__main__":
    main()
