# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Text beyond ASCII: encodings, normalization, categories, surrogates, width.
import unicodedata

s = "Zoë naïve 日本語 😀 e\u0301"
print(len(s), len(s.encode()), s.encode("utf-16-le")[:4].hex(), ascii(s))
print(unicodedata.normalize("NFC", "e\u0301") == "é", len(unicodedata.normalize("NFD", "é")))
print(unicodedata.name("é"), unicodedata.category("A"), unicodedata.numeric("½"), unicodedata.east_asian_width("日"))
print("".join(c for c in unicodedata.normalize("NFD", "Crème Brûlée") if not unicodedata.combining(c)))
print("straße".upper(), "İ".lower().encode(), "ǆ".title(), "ﬁ".casefold(), "²".isdigit(), "٣".isdecimal(), int("٣"))
print(b"caf\xe9".decode("latin-1"), b"caf\xe9".decode("utf-8", "replace"), b"\xff".decode("ascii", "backslashreplace"))
for bad in (lambda: b"\xc3".decode(), lambda: "é".encode("ascii"), lambda: "\ud800".encode()):
    try:
        bad()
    except UnicodeError as e:
        print(type(e).__name__, e.reason)
print(sorted("éeazÉZ"), "😀"[0] == "😀", "a\u200bb".isprintable(), "\N{GREEK SMALL LETTER ALPHA}", chr(0x1F600), ord("€"))
print("日本".encode("shift_jis").hex(), "日本".encode("gb18030").hex(), "ü".encode("cp437").hex())
