#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies as the operator meets them: dewar run --policy, and dewar policy check, explain, diff."""

import json

from cli_case import HELLO, CliCase, main

WASI = "wasi_snapshot_preview1"

# Opens the path in its first argument for reading ("r"), or makes it to write ("w", second argument), relative to
# the first handle whose name leads there; exits with the error number.
OPENER = f'''(module
  (import "{WASI}" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "{WASI}" "proc_exit" (func $exit (param i32)))
  (import "{WASI}" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "{WASI}" "args_get" (func $args (param i32 i32) (result i32)))
  (import "{WASI}" "environ_sizes_get" (func $env (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $length (param $at i32) (result i32) (local $n i32)
    (block $done (loop $more
      (br_if $done (i32.eqz (i32.load8_u (i32.add (local.get $at) (local.get $n)))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br $more)))
    (local.get $n))
  (func (export "_start") (local $path i32) (local $write i32)
    (drop (call $args (i32.const 1024) (i32.const 2048)))
    (local.set $path (i32.load (i32.const 1028)))
    (local.set $write (i32.eq (i32.load8_u (i32.load (i32.const 1032))) (i32.const 119)))
    (call $exit (call $open
      (i32.sub (i32.load8_u (i32.load (i32.const 1036))) (i32.const 48)) (i32.const 1)
      (local.get $path) (call $length (local.get $path))
      (local.get $write) (select (i64.const 64) (i64.const 2) (local.get $write)) (i64.const 0) (i32.const 0)
      (i32.const 16))))
  (func (export "variables") (result i32)
    (drop (call $env (i32.const 0) (i32.const 4))) (i32.load (i32.const 0))))'''
NOTCAPABLE = 76


class RunsWithPolicy(CliCase):
    def setUp(self):
        super().setUp()
        self.opener = self.file("opener.wat", OPENER)
        self.file("app/a.txt", "a")
        self.file("app/secret/k", "k")

    def policy(self, text, name="policy.yaml"):
        return self.file(name, 'version: "1.0"\n' + text)

    def open(self, path, *options, mode="r", handle=3, **more):
        return self.outcome(*options, self.opener, path, mode, handle, **more)

    def test_allow_and_deny(self):
        policy = self.policy('''permissions:
  storage:
    allow:
    - {uri: "fs://app/**", access: [read]}
    deny:
    - {uri: "fs://app/secret/**", access: [read, write]}
''')
        self.assertEqual(self.open("a.txt", "--policy", policy)["exit_code"], 0)
        outcome = self.open("secret/k", "--policy", policy)
        self.assertEqual(outcome["exit_code"], NOTCAPABLE)
        denial = outcome["denials"][0]
        self.assertEqual({k: denial[k] for k in ("operation", "resource", "rule", "decided_by", "missing", "guest_saw")},
                         {"operation": "path_open", "resource": "/app/secret/k", "rule": "policy-deny",
                          "decided_by": "policy line 7", "missing": "read", "guest_saw": "ENOTCAPABLE"})
        self.assertEqual(outcome["operator"]["grants"], [
            {"id": denial["id"], "operation": "path_open", "resource": "/app/secret/k", "grant": None, "policy": None,
             "never": None, "note": "policy line 7 denies it, and a denial wins over every grant"}])
        self.assertEqual(outcome["policy"], {"file": policy, "description": "", "inert": []})
        # An option does not help, not even under another name.
        for more in (("--dir", f"{self.folder}/app::/app2"), ("--allow", f"read:{self.folder}/app/secret/k::/app/secret/k")):
            self.assertEqual(self.open("secret/k", "--policy", policy, *more)["exit_code"], NOTCAPABLE)
            self.assertEqual(self.open("secret/k", "--policy", policy, *more, handle=4)["exit_code"], NOTCAPABLE)
        # From anywhere: paths count from the policy's folder.
        self.assertEqual(self.open("a.txt", "--policy", policy, cwd="/")["exit_code"], 0)
        told = self.dewar("run", "--report=always", "--policy", policy, self.opener, "secret/k", "r", "3")
        self.assertIn("dewar: denied path_open /app/secret/k (policy line 7 denies it)\n", told.err)

    def test_the_suggestion_works_and_the_model_does_not_get_it(self):
        policy = self.policy('permissions: {storage: {allow: [{uri: "fs://app", access: [read]}]}}\n')
        outcome = self.open("new", "--policy", policy, mode="w")
        self.assertEqual(outcome["exit_code"], NOTCAPABLE)
        denial, grant = outcome["denials"][0], outcome["operator"]["grants"][0]
        self.assertEqual(denial["missing"], "write,create")
        self.assertRegex(denial["id"], "^req-[0-9a-f]{16}$")
        self.assertEqual(grant["id"], denial["id"])
        self.assertIn(denial["id"], denial["message"])
        self.assertNotIn("--", denial["message"])
        self.assertEqual(grant["grant"], f"--allow write,create:{self.folder}/app/new::/app/new")
        self.assertEqual(self.open("new", "--policy", policy, *grant["grant"].split(" "), mode="w")["exit_code"], 0)
        self.assertEqual(self.open("newer", "--policy", policy, *grant["grant"].split(" "), mode="w")["exit_code"], NOTCAPABLE)
        entry = grant["policy"].removeprefix("dewar.paths: ")
        more = self.policy('permissions: {storage: {allow: [{uri: "fs://app", access: [read]}]}}\n'
                           f"dewar: {{paths: [{entry}]}}\n", "more.yaml")
        self.assertEqual(self.open("new", "--policy", more, mode="w")["exit_code"], 0)
        self.assertEqual(self.dewar("policy", "diff", policy, more).out,
                         f"+ write,create {self.folder}/app/new::/app/new (line 3)\n")

    def test_never(self):
        policy = self.policy('dewar: {never: ["fs:///etc/**"]}\n')
        outcome = self.open("etc/passwd", "--policy", policy)
        self.assertEqual(outcome["operator"]["grants"][0]["never"], "policy line 2")
        self.assertIsNone(outcome["operator"]["grants"][0]["grant"])
        self.assertIn("It will not be granted.", outcome["denials"][0]["message"])
        told = self.dewar("run", "--report=always", "--policy", policy, self.opener, "etc/passwd", "r", "3")
        self.assertIn("; never suggested (policy line 2)\n", told.err)
        self.assertNotIn("--ro", told.err)

    def test_stdin(self):
        reader = self.file("read.wat", f'''(module
          (import "{WASI}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00")
          (func (export "_start") (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))''')
        outcome = self.outcome(reader, stdin=b"x")
        self.assertEqual((outcome["denials"][0]["rule"], outcome["denied_count"]), ("stdin-not-granted", 1))
        self.assertEqual(outcome["operator"]["grants"][0]["grant"], "--stdin")
        self.assertEqual(outcome["operator"]["grants"][0]["policy"], "dewar.stdin: true")
        self.assertEqual(self.outcome("--policy", self.policy("dewar: {stdin: true}\n"), reader, stdin=b"x")["denials"], [])
        outcome = self.outcome("--stdin", "--policy", self.policy("dewar: {stdin: false}\n"), reader)
        self.assert_outcome(outcome, "refused", "policy-denied", 126)
        self.assertEqual(outcome["refusal"]["line"], 2)

    def test_limits_environment_and_languages(self):
        path = self.file("hello.wat", HELLO)
        outcome = self.outcome("--policy", self.policy("dewar: {limits: {fuel: 1}}\n"), path)
        self.assert_outcome(outcome, "limit", "fuel", 137)
        outcome = self.outcome("-W", "fuel=100k", "--policy", self.policy("dewar: {limits: {fuel: 1}}\n"), path)
        self.assert_outcome(outcome, "refused", "policy-denied", 126)
        outcome = self.outcome("--policy", self.policy("dewar: {interpreters: [python]}\n"), path)
        self.assert_outcome(outcome, "refused", "policy-interpreter", 126)
        self.assertEqual(self.outcome("--policy", self.policy("dewar: {interpreters: [wasm]}\n"), path)["code"], "ok")
        variables = self.policy("permissions: {environment: {allow: [{key: SEEN}, {key: UNSET}]}}\ndewar: {env: {SET: x}}\n")
        outcome = self.outcome("--invoke", "variables", "--policy", variables, self.opener, env={"SEEN": "1", "OTHER": "2"})
        self.assertEqual(outcome["results"], ["i32:2"])

    def test_what_nothing_enforces_is_said(self):
        policy = self.policy('description: "net"\npermissions: {network: {allow: [{host: "*.example.com"}]}}\n')
        outcome = self.outcome("--policy", policy, self.file("hello.wat", HELLO))
        self.assertEqual(outcome["policy"]["description"], "net")
        self.assertEqual([(i["line"], i["entry"]) for i in outcome["policy"]["inert"]],
                         [(3, "permissions.network.allow host *.example.com")])
        self.assertIsNone(self.outcome(self.file("hello.wat", HELLO))["policy"])

    def test_what_cannot_be_read_refuses_to_start(self):
        path = self.file("hello.wat", HELLO)
        for name, text, code in (("a", "version: [", "policy-syntax"), ("b", "", "policy-bad-value"),
                                 ("c", "version: '1.0'\nx: 1\n", "policy-unknown-key"),
                                 ("d", "version: '1.0'\nversion: '1.0'\n", "policy-duplicate")):
            outcome = self.outcome("--policy", self.file(name, text), path)
            self.assert_outcome(outcome, "refused", code, 126)
            result = self.dewar("run", "--policy", self.file(name, text), path)
            self.assertEqual((result.status, result.out), (126, ""))
            self.assertIn(f"dewar: error[{code}]: {self.folder}/{name}:", result.err)
        self.assert_outcome(self.outcome("--policy", self.folder / "none", path), "refused", "file-not-found", 126)
        self.assert_outcome(self.outcome("--policy", self.folder, path), "refused", "file-read", 126)
        missing = self.policy('permissions: {storage: {allow: [{uri: "fs://no/such", access: [read]}]}}\n')
        self.assert_outcome(self.outcome("--policy", missing, path), "refused", "grant-mount-open", 126)


class PolicyCommands(CliCase):
    def test_check(self):
        policy = self.file("p.yaml", 'version: "1.0"\npermissions:\n  network: {allow: [{host: a.b}]}\n'
                                     '  storage: {deny: [{uri: "fs://x/*.key", access: [read]}]}\n')
        result = self.dewar("policy", "check", policy)
        self.assertEqual((result.status, result.err), (0, ""))
        self.assertEqual(result.out, f"{policy}: valid\n  line 4: denies read of /x/*.key\n"
                                     "  line 3: has no effect: permissions.network.allow host a.b (there is no network "
                                     "interface yet: a program reaches nothing)\n")
        checked = json.loads(self.dewar("policy", "check", "--json", policy).out)
        self.assertTrue(checked["valid"])
        self.assertEqual(checked["deny"], [{"line": 4, "guest": "/x/*.key", "host": f"{self.folder}/x/*.key", "access": "read"}])
        self.assertEqual(checked["inert"][0]["line"], 3)
        wrong = self.file("w.yaml", 'version: "1.0"\npermissions:\n  storage:\n    alow: []\n')
        result = self.dewar("policy", "check", wrong)
        self.assertEqual((result.status, result.out), (1, ""))
        self.assertEqual(result.err, f'dewar: error[policy-unknown-key]: {wrong}:4:5: storage has no key "alow"\n'
                                     '  help: did you mean "allow"?\n')
        checked = json.loads(self.dewar("policy", "check", "--json", wrong).out)
        self.assertEqual((checked["valid"], checked["error"]["code"], checked["error"]["line"], checked["error"]["column"]),
                         (False, "policy-unknown-key", 4, 5))

    def test_explain(self):
        policy = self.file("p.yaml", 'version: "1.0"\npermissions:\n  storage:\n    allow: [{uri: "fs://a", access: [read]}]\n')
        result = self.dewar("policy", "explain", policy, "--path", "/a/b")
        self.assertEqual((result.status, result.out.splitlines()[:3]),
                         (0, ["/a/b", "  read: allowed by line 4 (fs://a)", "  write: not granted: no line allows it (the default)"]))
        self.assertIn("not passed on", self.dewar("policy", "explain", policy, "--env", "HOME").out)
        self.assertIn("not reachable", self.dewar("policy", "explain", policy, "--host", "a.b").out)
        for args in ((policy,), (policy, "--path", "/a", "--env", "B"), ("--path", "/a"), (policy, "--path", "../x")):
            self.assertEqual(self.dewar("policy", "explain", *args).status, 125, args)
        self.assertEqual(self.dewar("policy", "explain", self.folder / "none", "--path", "/a").status, 1)

    def test_diff(self):
        a = self.file("a.yaml", 'version: "1.0"\ndewar: {clock: real}\n')
        b = self.file("b.yaml", 'version: "1.0"\ndewar: {random: real}\n')
        result = self.dewar("policy", "diff", a, b)
        self.assertEqual((result.status, result.out), (1, "+ random: real (line 2)\n- clock: real\n"))
        self.assertEqual((self.dewar("policy", "diff", a, a).status, self.dewar("policy", "diff", a, a).out), (0, "the same\n"))
        self.assertEqual(self.dewar("policy", "diff", a, self.folder / "none").status, 2)
        self.assertEqual(self.dewar("policy", "diff", a).status, 125)


if __name__ == "__main__":
    main()
