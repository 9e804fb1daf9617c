// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Generators and iterators: laziness, delegation, two-way, closing.
function* naturals(from = 1) { while (true) yield from++; }
function* take(n, it) { for (const x of it) { if (n-- <= 0) return; yield x; } }
function* map(f, it) { for (const x of it) yield f(x); }
const primes = function* () { const found = []; for (const n of naturals(2)) if (found.every((p) => n % p)) { found.push(n); yield n; } };
console.log([...take(5, map((x) => x * x, naturals()))], [...take(10, primes())]);
function* inner() { try { yield 1; yield 2; } finally { console.log('closed'); } return 'result'; }
function* outer() { const r = yield* inner(); yield r; }
console.log([...outer()]);
for (const x of inner()) { console.log(x); break; }
function* average() { let total = 0, n = 0, value; while (true) { value = yield n ? total / n : null; total += value; n++; } }
const avg = average(); avg.next();
console.log(avg.next(10).value, avg.next(20).value, avg.return('end'), avg.next());
class Tree {
  constructor(value, left, right) { Object.assign(this, { value, left, right }); }
  *[Symbol.iterator]() { if (this.left) yield* this.left; yield this.value; if (this.right) yield* this.right; }
}
console.log([...new Tree(4, new Tree(2, new Tree(1), new Tree(3)), new Tree(6))]);
const it = { from: 1, to: 4, [Symbol.iterator]() { let n = this.from; return { next: () => (n <= this.to ? { value: n++, done: false } : { value: undefined, done: true }) }; } };
console.log(Math.max(...it), Array.from(it, (x) => x * 10), Object.fromEntries(new Map([['k', 1]]).entries()));
