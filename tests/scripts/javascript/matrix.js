// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrices, determinants, Mandelbrot in characters, random numbers of one's own.
const multiply = (a, b) => a.map((r) => b[0].map((_, j) => r.reduce((s, x, k) => s + x * b[k][j], 0)));
const transpose = (m) => m[0].map((_, j) => m.map((r) => r[j]));
const det = (m) => (m.length === 1 ? m[0][0] : m[0].reduce((s, x, j) => s + (j % 2 ? -x : x) * det(m.slice(1).map((r) => r.filter((_, k) => k !== j))), 0));
const m = [[2, 0, 1], [1, 3, 2], [1, 1, 4]];
console.log(multiply(m, transpose(m)), det(m), multiply([[1, 1], [1, 0]], [[1, 1], [1, 0]]));
for (let y = -8; y <= 8; y += 2) {
  let line = '';
  for (let x = -30; x <= 14; x++) {
    let [a, b, n] = [0, 0, 0];
    for (; n < 40 && a * a + b * b < 4; n++) [a, b] = [a * a - b * b + x / 15, 2 * a * b + y / 8];
    line += ' .:-=+*#%@'[Math.min(9, n >> 2)];
  }
  console.log(line.trimEnd());
}
function lcg(seed) { return () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32; }
const r = lcg(42), rolls = Array.from({ length: 12 }, () => 1 + Math.floor(r() * 6));
console.log(rolls, r());
const sieve = (n) => { const f = new Uint8Array(n + 1); const out = []; for (let i = 2; i <= n; i++) { if (f[i]) continue; out.push(i); for (let j = i * i; j <= n; j += i) f[j] = 1; } return out; };
console.log(sieve(60), sieve(100000).length);
