// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pipelines over records: grouping, zipping, chunks, deep equality, debouncing by hand.
const orders = [{ id: 1, who: 'ada', items: [{ sku: 'a', qty: 2, price: 9.99 }], paid: true }, { id: 2, who: 'bob', items: [{ sku: 'b', qty: 1, price: 100 }, { sku: 'a', qty: 1, price: 9.99 }], paid: false }, { id: 3, who: 'ada', items: [], paid: true }];
const total = ({ items }) => items.reduce((t, { qty, price }) => t + qty * price, 0);
const by = (f) => (xs) => xs.reduce((g, x) => ((g[f(x)] = g[f(x)] || []).push(x), g), {});
console.log(Object.entries(by((o) => o.who)(orders)).map(([who, os]) => [who, os.map(total)]), orders.filter((o) => !o.paid).map((o) => o.id));
console.log(orders);
const zip = (...xs) => xs[0].map((_, i) => xs.map((x) => x[i]));
const chunk = (xs, n) => (xs.length ? [xs.slice(0, n), ...chunk(xs.slice(n), n)] : []);
const range = (a, b, s = 1) => Array.from({ length: Math.ceil((b - a) / s) }, (_, i) => a + i * s);
console.log(zip([1, 2], ['a', 'b'], [true, false]), chunk(range(0, 7), 3), range(10, 0, -3));
const equal = (a, b) => a === b || (a && b && typeof a === 'object' && typeof b === 'object' && Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((k) => equal(a[k], b[k])));
console.log(equal({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), equal([1], [2]), equal(structuredClone(orders), orders));
const flatten = (o, prefix = '') => Object.entries(o).reduce((r, [k, v]) => (v && typeof v === 'object' ? { ...r, ...flatten(v, `${prefix}${k}.`) } : { ...r, [prefix + k]: v }), {});
console.log(flatten({ a: { b: { c: 1 } }, d: [1, 2] }), Object.groupBy ? 'grouped' : 'grouped');
const pipe = (x, ...fs) => fs.reduce((v, f) => f(v), x);
console.log(pipe(range(1, 11), (xs) => xs.filter((x) => x % 2), (xs) => xs.map((x) => x * x), (xs) => xs.reduce((a, b) => a + b)), [3, 1, 2].entries().next().value);
