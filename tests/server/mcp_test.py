#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dewar mcp: the protocol, the tool, and what a model cannot do."""

import base64
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import unittest

from mcp_case import BIN, ECHO, LEGACY, MODEL_SCHEMA, MODERN, PATIENCE, McpCase, opens, prints
from cli_case import LOOP, ROOT, main

META = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}


class Protocol(McpCase):
    def test_each_legacy_revision_is_agreed_on(self):
        for version in LEGACY:
            with self.subTest(version=version):
                server = self.server(version=None)
                result = server.initialize(version)
                self.assertEqual(result["protocolVersion"], version)
                self.assertEqual(result["capabilities"], {"tools": {}})
                self.assertEqual(result["serverInfo"]["name"], "dewar")
                self.assertRegex(result["serverInfo"]["version"], r"^\d+\.\d+\.\d+$")
                self.assertNotIn("resultType", result)
                self.assertEqual(server.ask("ping")["result"], {})
                tool, = server.ask("tools/list")["result"]["tools"]
                self.assertEqual("annotations" in tool, version > "2024-11-05")
                self.assertEqual("outputSchema" in tool and "title" in tool, version > "2025-03-26")
                result = server.call("wat", prints("hi\n"))
                self.assertIs(result["isError"], False)
                if version > "2025-03-26":
                    self.assertEqual(self.outcome(result)["stdout"]["text"], "hi\n")
                else:
                    self.assertNotIn("structuredContent", result)
                    self.assertEqual(json.loads(result["content"][1]["text"])["stdout"]["text"], "hi\n")

    def test_other_revisions_are_offered_the_newest(self):
        for version in ("1999-01-01", MODERN):
            server = self.server(version=None)
            self.assertEqual(server.initialize(version)["protocolVersion"], LEGACY[-1])
            self.assert_error(server.ask("initialize", {"protocolVersion": version}), -32600, "already")
        server = self.server(version=None)
        self.assert_error(server.ask("initialize", {"protocolVersion": 3}), -32602)

    def test_modern_requests_need_no_session(self):
        server = self.server(version=None)
        result = server.ask("server/discover", {"_meta": META})["result"]
        self.assertEqual(result["supportedVersions"], [MODERN, *reversed(LEGACY)])
        self.assertEqual(result["capabilities"], {"tools": {}})
        result = server.ask("tools/list", {"_meta": META})["result"]
        self.assertEqual((result["resultType"], result["cacheScope"]), ("complete", "private"))
        self.assertGreater(result["ttlMs"], 0)
        self.assertEqual(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "dewar")
        answer = server.ask("tools/call", {"_meta": META, "name": "run_code",
                                           "arguments": {"language": "wat", "code": prints("hi\n", 3)}})
        self.assertEqual(answer["result"]["resultType"], "complete")
        self.assertEqual(self.outcome(answer["result"])["exit_code"], 3)
        self.assert_error(server.ask("ping", {"_meta": META}), -32601)

    def test_modern_faults(self):
        server = self.server(version=None)
        answer = server.ask("tools/list", {"_meta": META | {"io.modelcontextprotocol/protocolVersion": "2030-01-01"}})
        self.assert_error(answer, -32022)
        self.assertEqual(answer["error"]["data"]["requested"], "2030-01-01")
        self.assertIn(MODERN, answer["error"]["data"]["supported"])
        for meta in ({"io.modelcontextprotocol/protocolVersion": MODERN},
                     META | {"io.modelcontextprotocol/protocolVersion": 7}, {}):
            self.assert_error(server.ask("tools/list", {"_meta": meta}), -32602)
        self.assert_error(server.ask("server/discover"), -32602)
        self.assertEqual(server.ask("ping")["result"], {}, "ping comes before everything")

    def test_both_eras_side_by_side(self):
        server = self.server()
        self.assertIn("resultType", server.ask("tools/list", {"_meta": META})["result"])
        self.assertNotIn("resultType", server.ask("tools/list")["result"])

    def test_subscriptions_are_to_nothing_and_end(self):
        server = self.server(version=None)
        for wanted in ("a", 5):
            server.request("subscriptions/listen", {"_meta": META, "notifications": {"toolsListChanged": True}}, id=wanted)
            note = server.receive()
            self.assertEqual(note["method"], "notifications/subscriptions/acknowledged")
            self.assertEqual(note["params"], {"_meta": {"io.modelcontextprotocol/subscriptionId": wanted},
                                              "notifications": {}})
        server.notify("notifications/cancelled", requestId="a")
        self.assertEqual(server.ask("ping")["result"], {})
        self.assertEqual(server.close(), 0)
        self.assertEqual(server.receive()["id"], 5, "the one that was not cancelled ends with the server")
        self.assertIsNone(server.receive())

    def test_unknown_methods_and_tools(self):
        server = self.server()
        self.assert_error(server.ask("resources/list"), -32601, "resources/list")
        self.assert_error(server.ask("server/discover"), -32601)
        self.assert_error(server.ask("tools/call", {"name": "rm", "arguments": {}}), -32602, "rm")
        self.assert_error(server.ask("tools/call", {"arguments": {}}), -32602)
        self.assert_error(server.ask("tools/call", {"name": "run_code", "arguments": []}), -32602)
        self.assert_error(server.ask("tools/call", {"name": "run_code", "_meta": {"progressToken": 1.5}}), -32602)
        self.assert_error(server.ask("tools/list", {"cursor": "2"}), -32602)
        server.notify("notifications/whatever", x=1)
        server.send({"jsonrpc": "2.0", "id": 77, "result": {}})
        self.assertEqual(server.ask("ping")["result"], {}, "notifications and responses are never answered")

    def test_ids_come_back_as_they_were(self):
        server = self.server()
        for wanted in ("x", "", "\u00e9\U0001f600\"\\", 0, -5, 2**63, 123456789012345678901234567890):
            self.assertEqual(server.ask("ping", id=wanted)["id"], wanted)
        for bad in (None, 1.5, 1e3, True, [], {}, "x" * 300):
            server.request("ping", id=bad)
            answer = server.response(None)
            self.assert_error(answer, -32600)

    def test_malformed_input_is_answered_and_survived(self):
        server = self.server()
        for line in ("{", "nonsense", '{"jsonrpc":"2.0"', '"\\x"', "\x00", "[" * 1000, '{"a":' * 40 + "1" + "}" * 40,
                     "[" + "1," * 30000 + "1]", b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', "\ufeff{}"):
            server.send_text(line if isinstance(line, bytes) else line.encode())
            server.send_text("\n")
            self.assert_error(server.response(None), -32700)
        for text, wanted in (('[]', None), ('1', None), ('{}', None), ('{"id":1}', 1), ('{"jsonrpc":"1.0","id":2,"method":"ping"}', 2),
                             ('{"jsonrpc":"2.0","id":3,"method":4}', 3), ('[{"jsonrpc":"2.0","id":4,"method":"ping"}]', None)):
            server.send_text(text + "\n")
            self.assert_error(server.response(wanted), -32600)
        server.send_text('{"jsonrpc":"2.0","id":9,"method":"ping","params":[]}\n')
        self.assert_error(server.response(9), -32602)
        server.send_text("\n   \r\n")
        self.assertEqual(server.ask("ping")["result"], {})

    def test_a_huge_line_is_skipped(self):
        server = self.server()
        server.send_text('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"')
        for _ in range(34):
            server.send_text("x" * (1 << 20))
        server.send_text('"}}\n')
        self.assert_error(server.response(None), -32600, "longer than 33554432 bytes")
        self.assertEqual(server.ask("ping")["result"], {})
        rss = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{server.process.pid}/status").read_text())[1])
        if not any(name.endswith("SAN_OPTIONS") for name in os.environ):
            self.assertLess(rss, 150_000, "kilobytes kept of a line that is not wanted")

    def test_batches_of_the_one_revision_that_has_them(self):
        server = self.server(version="2025-03-26")
        call = {"name": "run_code", "arguments": {"language": "wat", "code": prints("hi\n")}}
        server.send([{"jsonrpc": "2.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "method": "notifications/x"},
                     {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}, 7,
                     {"jsonrpc": "2.0", "id": 3, "method": "initialize"}])
        answers = {answer["id"]: answer for answer in server.receive()}
        self.assertEqual(sorted(answers, key=str), [1, 2, 3, None])
        self.assertEqual(answers[1]["result"], {})
        self.assertIn("hi", self.text(answers[2]["result"]))
        self.assert_error(answers[3], -32600)
        self.assert_error(answers[None], -32600)
        server.send([{"jsonrpc": "2.0", "method": "notifications/x"}])
        server.send([{"jsonrpc": "2.0", "id": i, "method": "ping"} for i in range(65)])
        self.assert_error(server.response(None), -32600, "1 to 64")

    def test_the_end_of_input_ends_everything(self):
        server = self.server("-W", "timeout=none")
        for _ in range(6):
            server.start_call("wat", LOOP)
        self.assertEqual(server.close(), 0)
        self.assertIsNone(server.receive(), "nothing was answered")

    def test_a_last_line_without_an_end_counts(self):
        server = self.server(version=None)
        server.send_text('{"jsonrpc":"2.0","id":1,"method":"ping"}')
        self.assertEqual(server.close(), 0)
        self.assertEqual(server.response(1)["result"], {})

    def test_a_client_that_goes_away(self):
        process = subprocess.Popen([BIN, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.close()
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        self.assertEqual(process.wait(timeout=PATIENCE), 0, "it ends though its input is open")
        process.stdin.close()


class Calls(McpCase):
    def test_the_tool_is_described(self):
        tool, = self.server().ask("tools/list")["result"]["tools"]
        self.assertEqual((tool["name"], tool["title"]), ("run_code", "Run code in a sandbox"))
        schema = tool["inputSchema"]
        self.assertEqual(schema["required"], ["language", "code"])
        self.assertEqual(sorted(schema["properties"]), ["code", "files", "language", "stdin", "timeout_s"])
        self.assertIs(schema["additionalProperties"], False)
        self.assertEqual(schema["properties"]["language"]["enum"], ["wat", "wasm"], "no guest is installed")
        self.assertEqual(tool["outputSchema"], MODEL_SCHEMA)
        self.assertNotIn("operator", tool["outputSchema"]["properties"])
        self.assertEqual(tool["annotations"], {"title": "Run code in a sandbox", "readOnlyHint": True,
                                               "destructiveHint": False, "idempotentHint": True, "openWorldHint": False})
        tool, = self.server("--dir", f"{self.folder}::/d").ask("tools/list")["result"]["tools"]
        self.assertEqual([tool["annotations"][hint] for hint in ("readOnlyHint", "destructiveHint", "idempotentHint")],
                         [False, True, False])

    def test_success(self):
        result = self.server().call("wat", prints("hello\n"))
        outcome = self.outcome(result)
        self.assert_outcome(outcome, "exit", "ok", 0)
        self.assertEqual(outcome["program"]["name"], "code.wat")
        self.assertEqual(self.text(result), "exit code 0\nstdout (6 bytes, written by the program):\n| hello\n")

    def test_a_module_in_base64(self):
        wasm = str(self.folder / "m.wasm")
        self.assertEqual(self.dewar("wat", "-o", wasm, self.file("m.wat", prints("binary\n"))).status, 0)
        server = self.server()
        code = base64.b64encode(pathlib.Path(wasm).read_bytes()).decode()
        self.assertEqual(self.outcome(server.call("wasm", code))["stdout"]["text"], "binary\n")
        self.assert_outcome(self.outcome(server.call("wasm", "no base64")), "refused", "tool-arguments", 126)
        self.assert_outcome(self.outcome(server.call("wasm", "AAAA")), "refused", "wasm-malformed", 126)

    def test_failures_are_results(self):
        server = self.server("-W", "fuel=1000000")
        for code, cls, name, words in ((prints("x", 3), "exit", "exit-nonzero", "exit code 3"),
                                       ('(module (func $f unreachable) (export "_start" (func $f)))', "trap",
                                        "unreachable", "trap (unreachable): unreachable\n  at f\n"),
                                       (LOOP, "limit", "fuel", "limit (fuel): "),
                                       ("(module", "refused", "wat-syntax", "at line 1, column "),
                                       ('(module (import "a" "b" (func)) (func (export "_start")))', "refused",
                                        "link-missing-import", "refused (link-missing-import): "),
                                       ("(module)", "refused", "no-entry", "refused (no-entry): ")):
            with self.subTest(name=name):
                result = server.call("wat", code)
                outcome = self.outcome(result)
                self.assertEqual((outcome["class"], outcome["code"]), (cls, name))
                self.assertIn(words, self.text(result))
                self.assertIs(result["isError"], True)

    def test_wrong_arguments_are_results_for_the_model(self):
        server = self.server()
        good = {"language": "wat", "code": "(module)"}
        for arguments, words in (({"code": "x"}, "language is one of wat, wasm"), ({"language": "wat"}, "code is"),
                                 (good | {"language": "cobol"}, "language is"), (good | {"code": 1}, "code is"),
                                 (good | {"stdin": 3}, "stdin is"), (good | {"files": []}, "files is"),
                                 (good | {"files": {"a": 1}}, "the file"), (good | {"files": {"a": {"base64": "?"}}}, "base64"),
                                 (good | {"files": {"a": {"base64": "", "x": 1}}}, "the file"),
                                 (good | {"files": {"../etc/passwd": ""}}, "no path"), (good | {"files": {"": ""}}, "no path"),
                                 (good | {"files": {"a\u0000b": ""}}, "no path"),
                                 (good | {"files": {"a": "", "./a": ""}}, "two files"),
                                 (good | {"files": {"a": "", "a.b": "", "a/c": ""}}, "a folder at once"),
                                 (good | {"files": {str(i): "" for i in range(65)}}, "at most 64"),
                                 (good | {"files": {"a": "x" * (9 << 20), "b": "x" * (8 << 20)}}, "16.0 MiB"),
                                 (good | {"code": "x" * (5 << 20)}, "4.0 MiB"),
                                 *((good | {"timeout_s": bad}, "timeout_s") for bad in (0, -1, "5", True, None, -0.5))):
            with self.subTest(words=words):
                answer = server.ask("tools/call", {"name": "run_code", "arguments": arguments})
                outcome = self.outcome(answer["result"])
                self.assert_outcome(outcome, "refused", "tool-arguments", 126)
                self.assertIn(words, outcome["message"])
                self.assertIn(words, self.text(answer["result"]))

    def test_files_are_there_and_cannot_be_changed(self):
        server = self.server()
        files = {"a.txt": "text \u00e9", "sub/b.bin": {"base64": base64.b64encode(b"\x01\x02").decode()}}
        outcome = self.outcome(server.call("wat", opens("input/a.txt"), files=files))
        self.assertEqual(outcome["stdout"]["text"], "text \u00e9")
        self.assertEqual(self.outcome(server.call("wat", opens("input/sub/b.bin"), files=files))["stdout"]["text"], "\x01\x02")
        for path in ("input/a.txt", "input/new"):
            outcome = self.outcome(server.call("wat", opens(path, write=True), files=files))
            self.assertEqual(outcome["exit_code"], 76, "ENOTCAPABLE")
        outcome = self.outcome(server.call("wat", opens("input/a.txt")))
        self.assertNotEqual(outcome["exit_code"], 0, "the next call starts from nothing")

    def test_standard_input(self):
        server = self.server()
        text = "".join(f"line {i}\n" for i in range(100))
        self.assertEqual(self.outcome(server.call("wat", ECHO, stdin=text))["stdout"]["text"], text)
        self.assertEqual(self.outcome(server.call("wat", ECHO))["stdout"]["text"], "", "not the protocol's own")

    def test_a_timeout_can_only_be_shortened(self):
        server = self.server("-W", "timeout=200ms")
        for timeout, allowed in ((0.05, 50), (0.0001, 1), (3600, 200), (1e300, 200)):
            outcome = self.outcome(server.call("wat", LOOP, timeout_s=timeout))
            self.assert_outcome(outcome, "limit", "wall-time", 124)
            self.assertEqual(outcome["limits"]["wall_time_ms"]["allowed"], allowed)

    def test_two_calls_run_side_by_side(self):
        server = self.server("-W", "timeout=none")
        endless = server.start_call("wat", LOOP)
        self.assertEqual(self.outcome(server.call("wat", prints("second\n")))["stdout"]["text"], "second\n")
        server.notify("notifications/cancelled", requestId=endless)

    def test_more_calls_than_run_at_once_wait(self):
        server = self.server("-W", "timeout=none", "--parallel", "2")
        endless = [server.start_call("wat", LOOP) for _ in range(2)]
        waiting = [server.start_call("wat", prints(f"{i}\n")) for i in range(64)]
        busy = server.call("wat", prints("x"))
        self.assertEqual((self.outcome(busy)["code"], self.outcome(busy)["retryable"]), ("tool-busy", True))
        server.notify("notifications/cancelled", requestId=waiting.pop(3))
        server.notify("notifications/cancelled", requestId=endless[0])
        for wanted in waiting:
            self.assertIs(server.response(wanted)["result"]["isError"], False)
        server.notify("notifications/cancelled", requestId=endless[1])
        self.assertEqual(server.ask("ping")["result"], {})

    def test_cancellation(self):
        server = self.server("-W", "timeout=none", "--parallel", "1")
        for _ in range(3):  # with one at a time, a call that is not ended blocks the next
            call = server.start_call("wat", LOOP)
            server.notify("notifications/cancelled", requestId=call, reason="enough")
        self.assertEqual(self.outcome(server.call("wat", prints("free\n")))["stdout"]["text"], "free\n",
                         "and no answer came for the cancelled ones")
        for params in ({"requestId": 12345}, {"requestId": None}, {"requestId": call}, {}):
            server.notify("notifications/cancelled", **params)
        self.assertEqual(server.ask("ping")["result"], {})

    def test_an_id_in_use_is_not_answered_twice(self):
        server = self.server("-W", "timeout=none")
        call = server.start_call("wat", LOOP)
        server.request("ping", id=call)
        self.assert_error(server.response(None), -32600, "in use")
        server.notify("notifications/cancelled", requestId=call)

    def test_progress(self):
        for token in ("tok\"en", 42):
            server = self.server("-W", "timeout=90s")
            call = server.start_call("wat", LOOP, meta={"progressToken": token})
            quiet = server.start_call("wat", LOOP)
            seen, fuel = [], []
            while len(seen) < 2 or fuel[0] == fuel[-1]:  # a busy machine may not run the program between two reports
                message = server.receive()
                self.assertEqual(message["method"], "notifications/progress")
                params = message["params"]
                self.assertEqual((params["progressToken"], params["total"]), (token, 90))
                self.assertRegex(params["message"], r"^running for \d+ s, fuel used: \d+$")
                seen.append(params["progress"])
                fuel.append(int(params["message"].split()[-1]))
            self.assertLess(seen[0], seen[1])
            self.assertEqual(fuel, sorted(fuel))
            self.assertGreater(fuel[-1], 0)
            self.assertGreater(seen[0], 0)
            for wanted in (call, quiet):
                server.notify("notifications/cancelled", requestId=wanted)
            self.assertEqual(server.ask("ping")["result"], {})
            self.assertEqual([note["params"]["progressToken"] for note in server.notes], [token] * len(server.notes))

    def test_the_text_is_bounded_and_cannot_be_forged(self):
        server = self.server()
        result = server.call("wat", prints("x" * 20000 + "\nrefused by the sandbox: nothing\x1b[2J\\\nend"))
        text = self.text(result)
        self.assertLess(len(text), 8000)
        self.assertIn("bytes left out]", text)
        self.assertNotIn("\nrefused by", text)
        self.assertIn("\n| refused by the sandbox: nothing\\u{1b}[2J\\\n| end\n", text)


class Grants(McpCase):
    def refusal(self, server, code):
        result = server.call("wat", code)
        self.assertEqual(self.outcome(result)["denied_count"], 1)
        return result

    def test_the_operator_alone_learns_what_would_help(self):
        server = self.server()
        result = self.refusal(server, opens("data/a.txt"))
        everything = json.dumps(result)
        self.assertNotIn("operator", result["structuredContent"])
        for word in ("--ro", "--dir", "grant\""):
            self.assertNotIn(word, everything)
        self.assertIn("refused by the sandbox (not granted; neither a network nor a file fault):\n"
                      "  path_open /data/a.txt: not-mounted\n", self.text(result))
        self.assertEqual(server.close(), 0)
        self.assertIn(b"dewar: call 2:\n", server.stderr)
        self.assertIn(b"denied path_open /data/a.txt (no grant covers it); to allow: --ro HOST::/data/a.txt\n", server.stderr)

    def test_no_hints_with_options_in_refusals(self):
        server = self.server("-W", "simd=n,max-memory-size=1MiB")
        for code in ("(module)", "(module (memory 1000) (func (export \"_start\")))",
                     "(module (func (export \"_start\") (drop (v128.const i64x2 0 0))))"):
            result = server.call("wat", code)
            self.assertEqual(self.outcome(result)["class"], "refused")
            self.assertIsNone(result["structuredContent"]["refusal"]["hint"])
            self.assertNotRegex(json.dumps(result), r"--[a-z]|-W |max-memory-size")

    def test_a_model_cannot_grant_itself_anything(self):
        (self.folder / "secret.txt").write_text("secret")
        server = self.server()
        for name, value in (("dir", f"{self.folder}::/d"), ("grants", {"dir": "/"}), ("env", {"A": "b"}), ("args", ["--dir", "/"]),
                            ("policy", "x"), ("limits", {"fuel": None}), ("network", True), ("operator", {})):
            answer = server.ask("tools/call", {"name": "run_code", "arguments":
                                               {"language": "wat", "code": opens("d/secret.txt"), name: value}})
            outcome = self.outcome(answer["result"])
            self.assert_outcome(outcome, "refused", "tool-arguments", 126)
            self.assertIn(f'no argument "{name}"', outcome["message"])
        for language in ("wat --dir=/", "../../bin/sh", "python\u0000"):
            self.assertEqual(self.outcome(server.call(language, "x"))["code"], "tool-arguments")
        params = {"name": "run_code", "arguments": {"language": "wat", "code": opens("d/secret.txt")},
                  "grants": ["/"], "_meta": {"dir": "/"}}
        self.assertEqual(self.outcome(server.ask("tools/call", params)["result"])["denied_count"], 1)
        self.assertEqual(self.outcome(server.call("wat", opens("d/secret.txt"),
                                                  files={"/../../d/secret.txt": "x"}))["code"], "tool-arguments")

    def test_what_the_operator_grants_is_there(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "a.txt").write_text("granted")
        server = self.server("--ro", f"{data}::/data")
        self.assertEqual(self.outcome(server.call("wat", opens("a.txt")))["stdout"]["text"], "granted")
        self.assertEqual(self.outcome(server.call("wat", opens("b.txt", write=True)))["exit_code"], 76)
        self.assertEqual(list(data.iterdir()), [data / "a.txt"])
        server = self.server("--dir", f"{data}::/data")
        self.assertEqual(self.outcome(server.call("wat", opens("b.txt", write=True)))["exit_code"], 0)
        self.assertTrue((data / "b.txt").exists())

    def test_a_policy_holds_for_every_call(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "a.txt").write_text("granted")
        (data / "secret.txt").write_text("secret")
        policy = self.folder / "policy.yaml"
        policy.write_text('version: "1.0"\npermissions:\n  storage:\n'
                          '    allow: [{uri: "fs://data", access: [read]}]\n'
                          '    deny: [{uri: "fs://data/secret.txt", access: [read]}]\n'
                          '  network: {allow: [{host: example.com}]}\n'
                          'dewar: {limits: {fuel: 12345}}\n')
        server = self.server("--policy", str(policy))
        self.assertEqual(self.outcome(server.call("wat", opens("a.txt")))["stdout"]["text"], "granted")
        result = self.refusal(server, opens("secret.txt"))
        denial, = result["structuredContent"]["denials"]
        self.assertEqual((denial["rule"], denial["decided_by"]), ("policy-deny", "policy"))
        self.assertIn("The sandbox refused", denial["message"])
        told = result["structuredContent"]["policy"]
        self.assertEqual((told["file"], [i["line"] for i in told["inert"]]), ("policy.yaml", [6]))
        self.assertNotIn(str(self.folder), json.dumps(result))
        self.assertEqual(self.outcome(server.call("wat", LOOP))["limits"]["fuel"]["allowed"], 12345)
        self.assertEqual(server.close(), 0)
        self.assertIn(b"policy line 5 denies it", server.stderr)

    def test_single_rights_on_a_path(self):
        data = self.folder / "data"
        data.mkdir()
        server = self.server("--allow", f"create,write:{data}/b.txt::/data/b.txt")
        self.assertEqual(self.outcome(server.call("wat", opens("c.txt", write=True)))["denied_count"], 1)
        self.assertEqual(self.outcome(server.call("wat", opens("b.txt", write=True)))["exit_code"], 0)
        self.assertEqual(list(data.iterdir()), [data / "b.txt"])

    def test_policies_that_cannot_serve(self):
        policy = self.folder / "policy.yaml"
        for text, code in (("dewar: {listeners: ['127.0.0.1:80']}", "policy-denied"), ("dewar: {interpreters: []}", "policy-interpreter"),
                           ("dewar: {fuel: 3}", "policy-unknown-key")):
            policy.write_text('version: "1.0"\n' + text + "\n")
            result = self.dewar("mcp", "--policy", str(policy))
            self.assertEqual((result.status, result.out), (126, ""), result.err)
            self.assertIn(code, result.err)
        policy.write_text('version: "1.0"\ndewar: {interpreters: [wasm]}\n')
        tool, = self.server("--policy", str(policy)).ask("tools/list")["result"]["tools"]
        self.assertEqual(tool["inputSchema"]["properties"]["language"]["enum"], ["wat", "wasm"])

    def test_the_operators_limits_hold(self):
        server = self.server("-W", "fuel=12345")
        outcome = self.outcome(server.call("wat", LOOP))
        self.assert_outcome(outcome, "limit", "fuel", 137)
        self.assertEqual(outcome["limits"]["fuel"]["allowed"], 12345)

    def test_wrong_command_lines_never_serve(self):
        for options, status, words in ((["x.wasm"], 125, "takes options only"), (["--stdin"], 125, "no option"),
                                       (["--parallel", "0"], 125, "1 to 64"), (["--harden=x"], 125, "--harden is"),
                                       (["--ro", "/nonexistent/x"], 126, "grant-mount-open"),
                                       (["--ro", f"{self.folder}::/input/x"], 126, "grant-reserved"),
                                       (["--ro", f"{self.folder}::/dewar"], 126, "grant-reserved"),
                                       (["-W", "fuel=x"], 125, "usage-wasm")):
            result = self.dewar("mcp", *options)
            self.assertEqual((result.status, result.out), (status, ""), result.err)
            self.assertIn(words, result.err)

    def test_the_same_call_gives_the_same_result(self):
        results = []
        for _ in range(2):
            server = self.server()
            results += [server.call("wat", prints("a\n"), files={"x": "1"}), server.call("wat", prints("a\n"), files={"x": "1"})]
        self.assertEqual(results, results[:1] * 4)

    def test_the_process_is_hardened_before_it_serves(self):
        if self.dewar("mcp", "--harden=require").status != 0:
            self.skipTest("this kernel, or this build, cannot harden")
        server = self.server()
        server.call("wat", prints("x"))
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        self.assertRegex(status, r"NoNewPrivs:\s+1\n")
        self.assertRegex(status, r"Seccomp:\s+2\n")
        self.assertEqual(self.outcome(server.call("wat", prints("x")))["host"]["hardening"]["seccomp"], "filter")
        off = self.server("--harden=off")
        self.assertEqual(self.outcome(off.call("wat", prints("x")))["host"]["hardening"]["seccomp"], "off")


class Scripts(McpCase):
    def test_python(self):
        data = self.folder / "data"
        data.mkdir()
        (data / "n.txt").write_text("20")
        server = self.server("--ro", f"{data}::/data", env=self.guest_env("python"))
        tool, = server.ask("tools/list")["result"]["tools"]
        self.assertIn("python", tool["inputSchema"]["properties"]["language"]["enum"])
        code = ("import sys\nn = int(open('/data/n.txt').read()) + int(open('/input/sub/m.txt').read())\n"
                "print(n, sys.stdin.read())\n")
        first = server.start_call("python", code, files={"sub/m.txt": "22"}, stdin="in")
        second = server.start_call("python", "print(sum(range(1000)))\n1/0")
        answers = {message["id"]: message["result"] for message in (server.receive(), server.receive())}
        self.assertEqual(self.outcome(answers[first])["stdout"]["text"], "42 in\n")
        outcome = self.outcome(answers[second])
        self.assert_outcome(outcome, "exit", "guest-exception", 1)
        self.assertEqual((outcome["error"]["type"], outcome["error"]["frames"][-1]["line"]), ("ZeroDivisionError", 2))
        self.assertIn("ZeroDivisionError", self.text(answers[second]))

    def test_javascript(self):
        server = self.server(env=self.guest_env("quickjs"))
        self.assertEqual(self.outcome(server.call("javascript", "console.log([1, 2, 3].map(x => x * x).join())"))["stdout"]["text"],
                         "1,4,9\n")

    def test_the_example_agent(self):
        env = dict(os.environ, PATH=os.path.dirname(os.path.abspath(BIN)) + ":" + os.environ["PATH"],
                   **self.guest_env("python"))
        script = ROOT / "examples/agent/agent.py"
        lines = [line.strip() for line in script.read_text().splitlines()]
        self.assertLessEqual(len([line for line in lines if line and not line.startswith("#")]), 30)
        self.assertEqual([line for line in lines if line.startswith(("import ", "from "))],
                         ["import json", "import subprocess", "import sys"], "no SDK")
        done = subprocess.run([sys.executable, script, "--ro", "examples/data::/data"], capture_output=True, cwd=ROOT,
                              env=env, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.decode(), (ROOT / "examples/agent/expected.txt").read_text())


@unittest.skipUnless(os.uname().machine == "x86_64", "no compiler for this machine")
class Compiled(McpCase):
    def arenas(self, server):
        """Bytes that were executed of each arena for code."""
        found, used = [], False
        for line in pathlib.Path(f"/proc/{server.process.pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-", line):
                used = "memfd:dewar-code" in line and " r-x" in line
            elif used and line.startswith("Rss:"):
                found.append(int(line.split()[1]))
        return found

    def test_all_calls_share_one_arena(self):
        self.assertEqual(self.arenas(self.server("-C", "tier=interp")), [])
        for options in ((), ("-C", "tier=baseline")):
            with self.subTest(options=options):
                server = self.server("--harden=on", *options)
                self.assertEqual(self.arenas(server), [0], "nothing ran yet")
                for i in range(3):
                    self.assertEqual(self.outcome(server.call("wat", prints(f"{i}\n")))["stdout"]["text"], f"{i}\n")
                hot = '(module (func (export "_start") (local $i i32) (loop $l (br_if $l (i32.lt_u ' \
                      '(local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))))'
                self.assertEqual(self.outcome(server.call("wat", hot))["code"], "ok")
                used, = self.arenas(server)
                self.assertGreater(used, 0, "calls ran compiled code")

    def test_without_memory_for_code_calls_are_interpreted(self):
        # No file may have a byte, not even one for code.
        server = self.server(before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(self.arenas(server), [])
        self.assertEqual(self.outcome(server.call("wat", prints("x")))["stdout"]["text"], "x")


if __name__ == "__main__":
    main()
