// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Map, Set, WeakMap, and how they print.
const m = new Map([['a', 1], [2, { b: [1, 2] }], [NaN, 'nan'], [null, undefined]]);
m.set('a', 10).set({}, 'object');
console.log(m, m.get(NaN), m.size, [...m.keys()].length, m.has({}));
const s = new Set('mississippi');
console.log(s, [...s].join(''), new Set([[1], [1]]).size, s.delete('m'), s.has('m'));
const union = (a, b) => new Set([...a, ...b]);
console.log(union(new Set([1, 2]), new Set([2, 3])), [...new Set([3, 1, 3])].sort());
console.log(new Map(), new Set(), new Map([[new Map([[1, 2]]), new Set([new Set()])]]), { m: new Map([['k', 'v']]) });
m.forEach((v, k) => { if (typeof k === 'string') console.log(k, v); });
const w = new WeakMap(), key = {};
w.set(key, 'weak');
console.log(w.get(key), w.has({}), new WeakSet([key]).has(key));
const grouped = ['apple', 'avocado', 'bean'].reduce((g, x) => g.set(x[0], [...(g.get(x[0]) || []), x]), new Map());
console.log(grouped, Object.fromEntries(grouped), m.entries().next().value, s.values().next());
