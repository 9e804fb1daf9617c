# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Counts words of a text and prints the most frequent, ties by alphabet.
import re
from collections import Counter

TEXT = """It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity."""
words = re.findall(r"[a-z]+", TEXT.lower())
counts = Counter(words)
for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8]:
    print(f"{word:<12}{n:>3} {'#' * n}")
print(len(words), len(counts), counts.most_common(1))
print(sum(len(w) for w in words) / len(words))
