#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the order in which functions run when a process starts, for the linker to put them side by side.

    tools/startup_order.py [PROGRAM] > cmake/startup_order.txt
    tools/startup_order.py --check PROGRAM

The kernel maps code in windows of 64 KiB as it is touched, so code that is spread over the program costs a fault and
sixteen pages for each function; side by side it is less than a third of them (docs/benchmarks.md). PROGRAM (build/release/dewar)
runs an empty module one instruction at a time. Names that no longer exist are passed over by the linker; --check fails
when too many are gone, or when the program was not linked in this order."""

import bisect
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

TRACEME, PEEKUSER, SINGLESTEP = 0, 3, 9
RIP = 16 * 8  # offsetof(struct user_regs_struct, rip)
# (module (memory (export "memory") 1) (func (export "_start")))
EMPTY = bytes.fromhex("0061736d01000000010401600000030201000503010001"
                      "07130206" "6d656d6f72790200065f737461727400000a040102000b")
ORDER = Path(__file__).resolve().parent.parent / "cmake" / "startup_order.txt"
MOST_WINDOWS = 20  # 16 are touched; 54 without the list
HEADER = """# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Made by tools/startup_order.py: functions in the order of their first use by an empty run.
"""


def functions(program):
    """Start addresses and names of the program's functions, ascending."""
    nm = subprocess.run(["nm", "--defined-only", program], check=True, capture_output=True, text=True).stdout
    rows = [line.split(" ", 2) for line in nm.splitlines()]
    found = sorted((int(address, 16), name) for address, kind, name in rows if kind in "tTwWiu")
    return [address for address, _ in found], [name for _, name in found]


def places(program, arguments):
    """Every place in the program that runs, in order, as addresses of the file."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    child = os.fork()
    if child == 0:
        try:
            libc.ptrace(TRACEME, 0, None, None)
            os.execv(program, [program, *arguments])
        finally:
            os._exit(127)
    if not os.WIFSTOPPED(os.waitpid(child, 0)[1]):
        sys.exit(f"startup_order: {program} does not run")
    with open(f"/proc/{child}/maps", encoding="ascii") as maps:
        base = int(maps.readline().split("-")[0], 16)
    seen = set()
    while True:
        at = libc.ptrace(PEEKUSER, child, RIP, None) - base
        if at not in seen:
            seen.add(at)
            yield at
        if libc.ptrace(SINGLESTEP, child, None, None) != 0:
            raise OSError(ctypes.get_errno(), "cannot step")
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if status != 0:
                sys.exit(f"startup_order: the empty run ended with status {status}")
            return
        if os.WSTOPSIG(status) != signal.SIGTRAP:
            sys.exit(f"startup_order: the empty run got signal {os.WSTOPSIG(status)}")


def check(program):
    """What is wrong with the list for this program, or nothing."""
    listed = [line for line in ORDER.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    starts, names = functions(program)
    at = {name: start for start, name in zip(starts, names)}
    ours = [name for name in listed if "dewar" in name]
    gone = [name for name in ours if name not in at]
    if 4 * len(gone) > len(ours):
        return f"{len(gone)} of the {len(ours)} functions are gone, {gone[0]} for example: run tools/startup_order.py"
    windows = {at[name] >> 16 for name in listed if name in at}
    if len(windows) > MOST_WINDOWS:
        return f"the functions lie in {len(windows)} windows of 64 KiB: the linker did not put them side by side"
    return None


def main():
    if "-h" in sys.argv or "--help" in sys.argv:
        print(__doc__)
        return
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        wrong = check(sys.argv[2])
        sys.exit(f"startup_order: {wrong}" if wrong else 0)
    program = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/release/dewar")
    starts, names = functions(program)
    order = {}
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "empty.wasm"
        module.write_bytes(EMPTY)
        for at in places(program, ["run", str(module)]):
            index = bisect.bisect_right(starts, at) - 1
            if index >= 0 and at < starts[-1] + (1 << 20):
                order.setdefault(names[index])
    sys.stdout.write(HEADER + "".join(f"{name}\n" for name in order))


if __name__ == "__main__":
    main()
