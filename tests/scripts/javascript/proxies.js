// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Proxy, Reflect, symbols, property descriptors, freezing.
const seen = [];
const p = new Proxy({ a: 1 }, {
  get: (t, k, r) => (seen.push(`get ${String(k)}`), k in t ? Reflect.get(t, k, r) : `no ${String(k)}`),
  set: (t, k, v) => { if (typeof v !== 'number') throw new TypeError(`${k} must be a number`); t[k] = v; return true; },
  has: (t, k) => k.startsWith('a'), deleteProperty: (t, k) => { seen.push(`delete ${k}`); return delete t[k]; },
  ownKeys: (t) => [...Reflect.ownKeys(t), 'virtual'], getOwnPropertyDescriptor: (t, k) => ({ value: t[k], enumerable: true, configurable: true }),
});
p.b = 2;
try { p.c = 'x'; } catch (e) { console.log(e.message); }
console.log(p.a, p.zzz, 'abc' in p, 'b' in p, delete p.b, Object.keys(p), seen);
const s = Symbol('desc');
const o = { [s]: 1, [Symbol.toPrimitive]: (hint) => (hint === 'number' ? 42 : hint), get [Symbol.toStringTag]() { return 'Custom'; } };
console.log(+o, `${o}`, o + '', Object.prototype.toString.call(o), s.toString(), s.description, Symbol.for('k') === Symbol.for('k'), Object.getOwnPropertySymbols(o).length);
'use strict';
const f = Object.freeze({ x: 1, inner: { y: 2 } });
f.x = 5; f.inner.y = 9;
console.log(f, Object.isFrozen(f), Object.getOwnPropertyDescriptor(f, 'x'), Object.entries({ b: 1, a: 2, 1: 'n' }));
const d = Object.defineProperty({}, 'hidden', { value: 1 });
console.log(d, d.hidden, Object.keys(d), JSON.stringify(d), Reflect.ownKeys(d), Object.create({ inherited: 1 }), Object.create(null), Object.assign(Object.create(null), { a: 1 }));
class Temp { static [Symbol.hasInstance](x) { return x === 5; } }
console.log(5 instanceof Temp, { [Symbol('k')]: 1, n: 2 }, [Symbol('x')], new (class Foo { get [Symbol.toStringTag]() { return 'bar'; } })());
