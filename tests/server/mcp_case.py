# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A client of `dewar mcp` for tests: speaks the protocol through pipes, one JSON message a line, both eras. Whatever is
awaited is awaited for a bounded time, so that a server that stays silent fails a test instead of hanging it."""

import json
import os
import pathlib
import queue
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from cli_case import BIN, SCHEMA, CliCase, schema_faults  # noqa: E402

PATIENCE = 100
MODERN = "2026-07-28"
LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
WASI = "wasi_snapshot_preview1"

# The outcome as a model sees it: everything but what is the operator's.
MODEL_SCHEMA = dict(SCHEMA, required=[name for name in SCHEMA["required"] if name != "operator"],
                    properties={name: part for name, part in SCHEMA["properties"].items() if name != "operator"})


class Server:
    def __init__(self, *options, env=None, before=None):
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "DEWAR_HOME": "/nonexistent"}
        environment.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        environment.update(env or {})
        self.process = subprocess.Popen([BIN, "mcp", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment, preexec_fn=before)
        self.messages, self.notes, self.last_id = queue.Queue(), [], 0
        self.stderr = b""
        self.threads = [threading.Thread(target=self.read_messages), threading.Thread(target=self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read_messages(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))
        self.messages.put(None)

    def read_errors(self):
        for line in self.process.stderr:
            self.stderr += line

    def send_text(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else data.encode())
        self.process.stdin.flush()

    def send(self, message):
        self.send_text(json.dumps(message) + "\n")

    def notify(self, method, **params):
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method, params=None, **more):
        """Sends a request and gives its id."""
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method} | more
        self.send(message | ({} if params is None else {"params": params}))
        return message["id"]

    def receive(self):
        """The next message, whatever it is; None when there will be no more."""
        return self.messages.get(timeout=PATIENCE)

    def response(self, wanted):
        """The response to that request; notifications before it are kept in `notes`."""
        while True:
            message = self.receive()
            if message is None:
                raise AssertionError(f"the server ended; it said {self.stderr!r}")
            if "method" in message:
                self.notes.append(message)
            elif message["id"] == wanted:
                return message
            else:
                raise AssertionError(f"not the answer to {wanted}: {message}")

    def ask(self, method, params=None, **more):
        return self.response(self.request(method, params, **more))

    def initialize(self, version="2025-11-25"):
        answer = self.ask("initialize", {"protocolVersion": version, "capabilities": {},
                                         "clientInfo": {"name": "test", "version": "1"}})
        self.notify("notifications/initialized")
        return answer["result"]

    def start_call(self, language, code, meta=None, **arguments):
        params = {"name": "run_code", "arguments": {"language": language, "code": code} | arguments}
        return self.request("tools/call", params | ({"_meta": meta} if meta else {}))

    def call(self, language, code, **arguments):
        answer = self.response(self.start_call(language, code, **arguments))
        assert "result" in answer, answer
        return answer["result"]

    def close(self):
        """Ends the input; the exit status."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(timeout=PATIENCE)
        for thread in self.threads:
            thread.join(timeout=PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


class McpCase(CliCase):
    def server(self, *options, env=None, before=None, version="2025-11-25"):
        server = Server(*options, env=env, before=before)
        self.addCleanup(self.end, server)
        if version:
            server.initialize(version)
        return server

    def end(self, server):
        if server.process.poll() is None or not server.process.stdin.closed:
            status = server.close()
            self.assertEqual(status, 0, server.stderr)
        self.assertNotIn(b"Sanitizer", server.stderr)

    def text(self, result):
        return "".join(part["text"] for part in result["content"])

    def outcome(self, result):  # pylint: disable=arguments-differ
        """The outcome of a call's result, which must fit the schema that the tool promises."""
        outcome = result["structuredContent"]
        self.assertEqual(schema_faults(outcome, MODEL_SCHEMA), [])
        failed = outcome["class"] != "exit" or outcome["exit_code"] != 0
        self.assertEqual(result["isError"], failed)
        return outcome

    def assert_error(self, answer, code, *words):
        self.assertNotIn("result", answer)
        self.assertEqual(answer["error"]["code"], code, answer)
        for word in words:
            self.assertIn(word, answer["error"]["message"])


def prints(text, code=0):
    """A module that writes a text, and ends with a code."""
    data = "".join(f"\\{byte:02x}" for byte in text.encode())
    return f'''(module
      (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "{WASI}" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\10\\00\\00\\00\\{len(text.encode()) & 255:02x}\\{len(text.encode()) >> 8:02x}\\00\\00")
      (data (i32.const 16) "{data}")
      (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $exit (i32.const {code}))))'''


def opens(path, write=False):
    """A module that opens a file below its first directory, and ends with what path_open answered; what it can read of
    it goes to standard output."""
    rights = "0x40" if write else "2"
    return f'''(module
      (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "{WASI}" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "\\00\\10\\00\\00\\00\\04\\00\\00")
      (data (i32.const 1024) "{path}")
      (func (export "_start") (local $r i32)
        (local.set $r (call $open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const {len(path)})
          (i32.const {1 if write else 0}) (i64.const {rights}) (i64.const 0) (i32.const 0) (i32.const 16)))
        (if (local.get $r) (then (call $exit (local.get $r))))
        (drop (call $read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 20)))
        (i32.store (i32.const 4) (i32.load (i32.const 20)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 24)))))'''


ECHO = f'''(module
  (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "{WASI}" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\00\\10\\00\\00\\05\\00\\00\\00")
  (func (export "_start")
    (loop $more
      (i32.store (i32.const 4) (i32.const 5))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
      (if (i32.load (i32.const 16)) (then
        (i32.store (i32.const 4) (i32.load (i32.const 16)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))
        (br $more))))))'''
