# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules as bytes, for tests that need what no text should be written for."""

MAGIC = b"\0asm\1\0\0\0"  # and version
VOID = b"\x60\0\0"  # the type [] -> []


def leb(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def signed(n):
    """Of a number that is not negative: heap types and block types are signed."""
    return leb(n) if n == 0 or n.bit_length() % 7 else leb(n)[:-1] + bytes([leb(n)[-1] | 128, 0])


def sized(payload):
    return leb(len(payload)) + payload


def section(number, payload):
    return bytes([number]) + sized(payload)


def vector(items):
    """A count and the items."""
    items = list(items)
    return leb(len(items)) + b"".join(items)


def repeated(count, item):
    return leb(count) + item * count


def custom(name, payload):
    return section(0, sized(name.encode()) + payload)


def module(*sections):
    return MAGIC + b"".join(sections)


def program(start, before=(), between=(), types=(VOID,), functions=(), after=()):
    """A module whose _start, function 0 of type 0, has that body (with locals, without the last `end`). `before`: whole
    sections before the function section; `between`: before the code; `functions`: (type index, body) of more."""
    bodies = [sized(start + b"\x0b")] + [sized(body + b"\x0b") for _, body in functions]
    return module(section(1, vector(types)), *before,
                  section(3, vector([b"\0"] + [leb(index) for index, _ in functions])), *between,
                  section(10, vector(bodies)), *after)


START = section(7, b"\1\6_start\0\0")  # the export section of such a module
