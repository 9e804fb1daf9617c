# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What people see and paste: lines with a guest's words in them, on a terminal and in a shell; and a terminal that does
not take what it is given."""

import json
import os
import pty
import resource
import shutil
import subprocess

import cli_case

OPEN = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "%s")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const %d) (i32.const 0) (i64.const 2) (i64.const 0)
      (i32.const 0) (i32.const 512)))))"""
FLOOD = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2) (data (i32.const 0) "\\40\\00\\00\\00\\60\\ea\\00\\00")
  (func (export "_start")
    (memory.fill (i32.const 64) (i32.const 65) (i32.const 60000))
    (loop $again
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br $again))))"""
GROW = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "big")
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 1) (i64.const 4194304)
      (i64.const 0) (i32.const 0) (i32.const 512)))
    (call $exit (call $size (i32.load (i32.const 512)) (i64.const 1000000)))))"""
EFBIG = 22  # of WASI

# Paths as a hostile guest would choose them: what shells expand, quotes, and what terminals obey or hide.
HOSTILE = ["/x'$(touch pwned)'", "/x\"$(touch pwned)\"", "/x`touch pwned`", "/x\\'; touch pwned; '", "/x\n touch pwned\n",
           "/x\x1b]0;pwned\x07", "/x\u202e txt.exe", "/x;touch pwned", "/x $HOME *", "/x\\", "/!touch", "/x'\\''$(touch pwned)"]


def open_module(path):
    """A module that opens an absolute path below the root folder, which is its descriptor 3."""
    name = path.encode()[1:]
    return OPEN % ("".join(f"\\{byte:02x}" for byte in name), len(name))


class TerminalTest(cli_case.CliCase):
    def suggested(self, path):
        module = self.file("m.wat", open_module(path))
        result = self.dewar("run", "--report=always", module)
        line = next((line for line in result.err.split("\n") if "; to allow: " in line), None)
        self.assertIsNotNone(line, result.err)
        flag = json.loads(self.dewar("run", "--json", module).out)["operator"]["grants"][0]["grant"]
        return line.split("; to allow: ", 1)[1], flag, result

    def test_what_is_suggested_can_be_pasted(self):
        shells = [shell for shell in ("sh", "dash", "bash", "zsh") if shutil.which(shell)]
        for path in HOSTILE:
            shown, flag, result = self.suggested(path)
            self.assertEqual(shown, flag, "the line and the JSON say the same")
            self.assertTrue(all(line.isprintable() for line in result.err.split("\n")), result.err)
            for shell in shells:
                # Every shell sees two words and runs nothing; those that know $'...' see the very path.
                done = subprocess.run([shell, "-c", f'set -- {shown}; printf "%s\\0" "$#" "$@"'], cwd=self.folder,
                                      capture_output=True, timeout=60)
                count, *words = done.stdout.split(b"\0")[:-1]
                self.assertEqual((done.returncode, count, words[0]), (0, b"2", b"--ro"), (shell, shown))
                if shell in ("bash", "zsh"):
                    self.assertEqual(words[1], b"HOST::" + path.encode(), shown)
            self.assertFalse((self.folder / "pwned").exists(), path)

    def test_a_paused_terminal_does_not_stop_the_clock(self):
        module = self.file("flood.wat", FLOOD)
        for options in ([], ["--raw-output"]):
            master, slave = pty.openpty()  # nobody reads it
            try:
                done = subprocess.run([cli_case.BIN, "run", *options, "-W", "timeout=300ms", module], stdout=slave,
                                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=cli_case.TIMEOUT)
            finally:
                os.close(slave)
                os.close(master)
            self.assertEqual(done.returncode, 124, done.stderr)

    def test_json_has_nothing_that_a_terminal_obeys_or_hides(self):
        module = self.file("m.wat", open_module("/a\u202eb\U000e0041c\u200bd\x9b"))
        result = self.dewar("run", "--json", module)
        self.assertTrue(all(c.isprintable() or c == "\n" for c in result.out))
        self.assertEqual(json.loads(result.out)["denials"][0]["resource"], "/a\u202eb\U000e0041c\u200bd\x9b")

    def test_a_file_size_limit_of_the_system_is_an_error_of_the_guest(self):
        (self.folder / "w").mkdir()
        module = self.file("grow.wat", GROW)
        done = subprocess.run([cli_case.BIN, "run", "--dir", str(self.folder / "w") + "::/w", module], timeout=cli_case.TIMEOUT,
                              capture_output=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
        self.assertEqual((done.returncode, done.stderr), (EFBIG, b""))
        self.assertLessEqual((self.folder / "w" / "big").stat().st_size, 100000)

    def test_a_limit_that_the_system_would_break_first_is_refused(self):
        module = self.file("hello.wat", cli_case.HELLO)

        def run(*options, files):
            done = subprocess.run([cli_case.BIN, "run", "--json", *options, module], capture_output=True,
                                  timeout=cli_case.TIMEOUT,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, files), files)))
            return json.loads(done.stdout)

        self.assert_outcome(run(files=200), "refused", "limit-descriptors", 126)
        self.assertIn("-W max-handles to 24", run(files=200)["refusal"]["hint"])
        self.assert_outcome(run("-W", "max-handles=25", files=200), "refused", "limit-descriptors", 126)
        self.assert_outcome(run("-W", "max-handles=24", files=200), "exit", "ok", 0)
        self.assert_outcome(run(files=2000), "exit", "ok", 0)  # the soft limit of 64 is raised


if __name__ == "__main__":
    cli_case.main()
