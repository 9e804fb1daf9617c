# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Wrapping, indenting, aligning, case changes.
import textwrap

text = "The quick brown fox jumps over the lazy dog, and then it jumps back again because the dog was not that lazy."
print(textwrap.fill(text, width=30, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, 40, placeholder=" [...]"))
print(textwrap.dedent("""\
    one
      two
    three"""))
for row in (("name", "qty", "price"), ("apple", 3, 1.5), ("kiwi", 12, 0.25)):
    print("|{:<8}|{:^5}|{:>8}|".format(*row))
print("hello world".title(), "ABC".swapcase(), "ß".upper(), "x".center(7, "*"), "42".zfill(5))
print("a,b,,c".split(","), "  x y  ".split(), "k=v=w".partition("="), "a-b-c".rsplit("-", 1))
print("abc".translate(str.maketrans("abc", "xyz", "")), "banana".count("an"), "banana".rfind("an"))
