// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts words and prints the most frequent.
const text = `It was the best of times, it was the worst of times, it was the age of wisdom,
it was the age of foolishness`;
const counts = new Map();
for (const word of text.toLowerCase().match(/[a-z]+/g)) counts.set(word, (counts.get(word) || 0) + 1);
const rows = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, 6);
for (const [word, n] of rows) console.log(word.padEnd(10) + String(n).padStart(3) + ' ' + '#'.repeat(n));
console.log(counts.size, counts);
