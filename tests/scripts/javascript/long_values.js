// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How arrays and objects print when they do not fit on a line.
console.log(Array.from({ length: 30 }, (_, i) => i));
console.log(Array.from({ length: 7 }, (_, i) => i * 1000));
console.log(Array.from({ length: 120 }, (_, i) => i % 10));
console.log(Array.from({ length: 12 }, (_, i) => 'item number ' + i));
console.log(['apple', 'banana', 'cherry', 'date', 'elderberry', 'fig', 'grape', 'honeydew']);
console.log([1.5, -2, 1000000, 3, 4, 5, 6.25, 7, 8, 9n]);
console.log({ id: 1, name: 'A rather long name for a thing', tags: ['first', 'second', 'third'], size: { w: 10, h: 20 } });
console.log({ a: { b: { c: { d: 1 } } }, e: [[[[1]]]], f: { g: { h: {} } } });
console.log([{ id: 1, name: 'one' }, { id: 2, name: 'two' }, { id: 3, name: 'three' }, { id: 4, name: 'four' }]);
console.log({ key: 'x'.repeat(100), 'with-dash': 1, $dollar: 2, 3: 'three', 'it\'s': "it's", nl: 'a\nb' });
console.log([['alpha', 1], ['beta', 2]], [[]], [{}], {}, [], [[1, 2, [3, 4, [5, [6]]]]]);
console.log({ matrix: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], fn() {}, und: undefined, nul: null, sym: Symbol('s'), big: 10n ** 20n });
console.log(new Map(Array.from({ length: 6 }, (_, i) => ['key number ' + i, { value: i }])));
console.log(new Set(Array.from({ length: 30 }, (_, i) => i * 100)));
console.log(Array.from({ length: 10 }, (_, i) => ({ i })), [undefined, null, NaN, -0, 0, true, Symbol.iterator, 'str']);
console.log({ text: 'first line of the text\nsecond line of the text that is long enough to make it break\nthird', n: 1 });
console.log([true, false, true, false, true, false, true, false], ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's']);
