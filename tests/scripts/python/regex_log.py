# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Takes a log apart with regular expressions.
import re
from collections import defaultdict

LOG = """\
2024-05-01T10:00:00Z INFO  api  GET /users/42 200 12ms
2024-05-01T10:00:01Z ERROR api  POST /orders 500 340ms
2024-05-01T10:00:02Z INFO  auth login user=ada ip=10.0.0.7
2024-05-01T10:00:03Z WARN  api  GET /users/7 404 3ms
garbage line
2024-05-01T10:00:09Z ERROR auth login user=bob ip=10.0.0.9
"""
LINE = re.compile(r"^(?P<time>\S+)\s+(?P<level>[A-Z]+)\s+(?P<service>\w+)\s+(?P<rest>.*)$", re.M)
levels = defaultdict(list)
for m in LINE.finditer(LOG):
    levels[m["level"]].append((m["service"], m["rest"]))
for level in sorted(levels):
    print(level, len(levels[level]), levels[level])
print([int(ms) for ms in re.findall(r"(\d+)ms", LOG)])
print(dict(re.findall(r"(\w+)=(\S+)", LOG.splitlines()[2])))
print(re.sub(r"\b(\d+)\.(\d+)\.\d+\.\d+\b", r"\1.\2.x.x", LOG.splitlines()[5]))
print(sum(1 for line in LOG.splitlines() if not LINE.match(line)))
