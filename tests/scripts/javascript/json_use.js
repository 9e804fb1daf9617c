// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// JSON: replacers, revivers, indentation, errors.
const data = { name: 'Ada', tags: ['a', null, undefined, () => 1], skip: undefined, when: new Date(0), n: NaN, deep: { x: [1, [2]] } };
console.log(JSON.stringify(data));
console.log(JSON.stringify(data, null, 2));
console.log(JSON.stringify({ b: 1, a: { b: 2, c: 3 } }, ['b', 'a']), JSON.stringify([1, 2], null, '--'));
console.log(JSON.stringify({ price: 1.5, secret: 'x' }, (k, v) => (k === 'secret' ? undefined : v)));
console.log(JSON.parse('{"d": "2020-01-01T00:00:00.000Z", "n": [1, 2]}', (k, v) => (k === 'd' ? new Date(v).getUTCFullYear() : v)));
for (const bad of ['{"a": }', '[1,]', "{'a': 1}", '']) {
  try { JSON.parse(bad); } catch (e) { console.log(e.name, e instanceof SyntaxError); }
}
console.log(JSON.stringify({ toJSON() { return 'custom'; } }), JSON.stringify('é\u2028"\n'), JSON.stringify({ [Symbol('s')]: 1 }));
try { const loop = {}; loop.self = loop; JSON.stringify(loop); } catch (e) { console.log(e.name); }
