#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An agent's side of `dewar mcp`, without an SDK: agent.py [OPTIONS of dewar mcp]. A model would write the programs."""
import json
import subprocess
import sys

PROGRAMS = (
    "print(sum(float(row.split(',')[4]) for row in open('/data/sales.csv')))",
    "import csv\nrows = list(csv.DictReader(open('/data/sales.csv')))\nprint(len(rows), 'rows with', *rows[0])",
    "print(open('/etc/passwd').read())",
)


class Sandbox:
    def __init__(self, *options):
        self.server = subprocess.Popen(["dewar", "mcp", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.last_id = 0
        self.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo={"name": "agent", "version": "1"})

    def ask(self, method, **params):
        self.last_id += 1
        request = {"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params}
        self.server.stdin.write(json.dumps(request).encode() + b"\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())["result"]


sandbox = Sandbox(*sys.argv[1:])
for code in PROGRAMS:
    result = sandbox.ask("tools/call", name="run_code", arguments={"language": "python", "code": code, "timeout_s": 60})
    print("failed:" if result["isError"] else "worked:", result["content"][0]["text"])  # this is what a model reads next
