# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Groups, look-around, flags, substitution functions, splitting.
import re

print(re.split(r"[;,]\s*", "a; b,c;  d"), re.split(r"(\d)", "a1b2c"))
print(re.sub(r"(?<!\d)(\d{3})(?=(\d{3})+\b)", r"\1,", "123456789"))
print(re.sub(r"\b\w", lambda m: m.group().upper(), "make title case"))
print(re.findall(r"(?i)\b(\w)\w*\1\b", "Anna went to Level with kayak xyx"))
print(re.fullmatch(r"(\d{1,3})(?:\.(\d{1,3})){3}", "192.168.0.1").groups())
print(re.search(r"(?P<q>['\"])(.*?)(?P=q)", "say \"it's\" now").group(2))
print(re.match(r"""
    (?P<user>[\w.+-]+)   # before the at
    @ (?P<host>[\w-]+(?:\.[\w-]+)+)
""", "jo.doe+x@mail.example.org", re.X).groupdict())
print(re.escape("a.b*c"), re.sub("x*", "-", "axb"), re.compile("a|b", re.I).flags & re.I != 0)
for bad in ("(", "[a", "*a", r"(?P<1>x)"):
    try:
        re.compile(bad)
    except re.error as e:
        print("re.error", e.pos)
