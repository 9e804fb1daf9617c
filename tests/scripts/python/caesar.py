# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A cipher, its inverse, and breaking it by letter frequency.
import string


def shift(text, n):
    lower, upper = string.ascii_lowercase, string.ascii_uppercase
    table = str.maketrans(lower + upper, lower[n:] + lower[:n] + upper[n:] + upper[:n])
    return text.translate(table)


def guess(text):
    frequent = "etaoinshrdlu"
    scores = []
    for n in range(26):
        plain = shift(text, n).lower()
        scores.append((sum(plain.count(c) * (len(frequent) - i) for i, c in enumerate(frequent)), n))
    return max(scores)[1]


secret = shift("Meet me at the station at three, and tell nobody else about it.", 7)
print(secret)
n = guess(secret)
print(n, shift(secret, n))
