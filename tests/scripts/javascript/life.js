// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The game of life, n queens and Pascal's triangle.
const step = (cells, w, h) => {
  const counts = new Map();
  for (const key of cells) {
    const [x, y] = key.split(',').map(Number);
    for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) if (dx || dy) {
      const k = `${(x + dx + w) % w},${(y + dy + h) % h}`;
      counts.set(k, (counts.get(k) || 0) + 1);
    }
  }
  return new Set([...counts].filter(([k, n]) => n === 3 || (n === 2 && cells.has(k))).map(([k]) => k));
};
let cells = new Set(['1,0', '2,1', '0,2', '1,2', '2,2']);
for (let i = 0; i < 8; i++) cells = step(cells, 10, 6);
console.log(Array.from({ length: 6 }, (_, y) => Array.from({ length: 10 }, (_, x) => (cells.has(`${x},${y}`) ? '#' : '.')).join('')).join('\n'));
function* queens(n, placed = []) {
  if (placed.length === n) yield placed;
  else for (let c = 0; c < n; c++) if (placed.every((q, r) => q !== c && Math.abs(q - c) !== placed.length - r)) yield* queens(n, [...placed, c]);
}
console.log([1, 2, 3, 4, 5, 6].map((n) => [...queens(n)].length), queens(8).next().value);
let row = [1];
for (let i = 0; i < 8; i++) { console.log(' '.repeat(16 - 2 * i) + row.map((n) => String(n).padStart(4)).join('')); row = [1, ...row.slice(1).map((n, j) => n + row[j]), 1]; }
