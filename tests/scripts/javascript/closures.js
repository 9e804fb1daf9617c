// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Closures, currying, memoizing, composition, this.
function counter(start = 0) {
  let n = start;
  return { up: (by = 1) => (n += by), get value() { return n; } };
}
const c = counter(5);
c.up(); c.up(10);
console.log(c.value, counter().value);
const curry = (f, ...args) => (args.length >= f.length ? f(...args) : (...more) => curry(f, ...args, ...more));
console.log(curry((a, b, c) => a + b + c)(1)(2)(3));
const memo = (f, cache = {}) => (n) => cache[n] ?? (cache[n] = f(n));
const fib = memo((n) => (n < 2 ? n : fib(n - 1) + fib(n - 2)));
console.log(fib(70));
const compose = (...fs) => (x) => fs.reduceRight((v, f) => f(v), x);
console.log(compose(String, Math.abs, (x) => x - 10)(3) + '!');
var fns = [];
for (var i = 0; i < 3; i++) fns.push(() => i);
for (let j = 0; j < 3; j++) fns.push(() => j);
console.log(fns.map((f) => f()));
const obj = { name: 'o', plain() { return this && this.name; }, arrow: () => typeof this };
const { plain } = obj;
console.log(obj.plain(), plain.call({ name: 'other' }), plain.bind({ name: 'bound' })(), (function () { 'use strict'; return this; })());
console.log((() => { try { return 'try'; } finally { console.log('finally'); } })(), hoisted(), typeof notYet);
function hoisted() { return 'hoisted'; }
var notYet = 1;
