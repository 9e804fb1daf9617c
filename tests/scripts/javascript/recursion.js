// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recursion: towers, permutations, flood fill, mutual recursion, trampolines.
const hanoi = (n, a, b, c) => (n === 0 ? [] : [...hanoi(n - 1, a, c, b), a + c, ...hanoi(n - 1, b, a, c)]);
console.log(hanoi(3, 'A', 'B', 'C').join(' '), hanoi(8, 'A', 'B', 'C').length);
const permutations = (xs) => (xs.length < 2 ? [xs] : xs.flatMap((x, i) => permutations([...xs.slice(0, i), ...xs.slice(i + 1)]).map((p) => [x, ...p])));
console.log(permutations([1, 2, 3]), permutations([1, 2, 3, 4, 5]).length);
const subsets = ([x, ...rest]) => (x === undefined ? [[]] : subsets(rest).flatMap((s) => [s, [x, ...s]]));
console.log(subsets(['a', 'b', 'c']));
const even = (n) => n === 0 || odd(n - 1), odd = (n) => n !== 0 && even(n - 1);
console.log(even(500), odd(500));
const trampoline = (f) => (...args) => { let r = f(...args); while (typeof r === 'function') r = r(); return r; };
console.log(trampoline(function sum(n, total = 0) { return n === 0 ? total : () => sum(n - 1, total + n); })(20000));
const grid = ['..#..', '.##..', '...#.'].map((r) => [...r]);
const fill = (x, y) => { if (grid[y]?.[x] !== '.') return 0; grid[y][x] = '~'; return 1 + fill(x + 1, y) + fill(x - 1, y) + fill(x, y + 1) + fill(x, y - 1); };
console.log(fill(0, 0), grid.map((r) => r.join('')));
const ackermann = (m, n) => (m === 0 ? n + 1 : n === 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)));
console.log(ackermann(2, 3));
