// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Destructuring, spread, defaults, rest, computed keys.
const { a, b: { c = 5, ...others } = {}, ...rest } = { a: 1, b: { d: 2, e: 3 }, x: 9, y: 8 };
console.log(a, c, others, rest);
let [p, , q = 'default', ...tail] = [1, 2, undefined, 4, 5];
[p, q] = [q, p];
console.log(p, q, tail);
const swap = ([x, y]) => [y, x];
const f = ({ name, age = 30 } = {}, ...more) => `${name}:${age}:${more.length}`;
console.log(swap([1, 2]), f({ name: 'Bo' }, 1, 2), f());
const key = 'dyn';
console.log({ [key + 1]: 1, [`${key}2`]: 2, ...{ z: 1 }, ...null }, [...'ab', ...new Set([1, 1, 2])], Math.max(...[3, 9, 4]));
for (const [k, v] of Object.entries({ one: 1, two: 2 })) console.log(k, v);
for (const { id, tags: [first] } of [{ id: 1, tags: ['t', 'u'] }, { id: 2, tags: [] }]) console.log(id, first);
const { length } = 'hello', { [0]: head } = ['h'];
console.log(length, head, null ?? 'nullish', 0 || 'or', ''?.length, undefined?.x.y.z, ({}).m?.());
let n = null; n ??= 4; let t = 1; t &&= 7; let u = 0; u ||= 3;
console.log(n, t, u);
