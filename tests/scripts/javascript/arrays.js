// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Array methods.
const a = [5, 1, 4, 2, 3];
console.log(a.slice().sort(), a.map((x) => x * 2), a.filter((x) => x % 2), a.reduce((x, y) => x + y), a.indexOf(4), a.at(-1));
console.log([10, 9, 1].sort(), [10, 9, 1].sort((x, y) => x - y), ['b', 'a'].reverse(), [1, [2, [3, [4]]]].flat(Infinity), [1, 2].flatMap((x) => [x, x * 10]));
console.log(Array.from({ length: 4 }, (_, i) => i ** 2), Array.of(7), new Array(3).fill(0), [...Array(3).keys()], Array(3));
console.log(a.some((x) => x > 4), a.every(Number.isInteger), a.find((x) => x > 3), a.findIndex((x) => x > 9), a.includes(2), a.join('-'));
const b = a.slice();
console.log(b.splice(1, 2, 'x', 'y', 'z'), b, b.shift(), b.pop(), b.unshift(0), b.push(9, 9), b.copyWithin(0, 3), b.lastIndexOf(9));
console.log([1, 2, 3].concat(4, [5, [6]]), [3, 1, 2].toString(), [, 1, , 2], [undefined, null], [1, , 3].map((x) => x * 2));
b.extra = true;
console.log(b, b.length, Object.keys(['x', 'y']), [] + [], [1] == 1, typeof [], Array.isArray(a));
console.log([['b', 2], ['a', 1]].sort(), ['é', 'z', 'a'].sort(), [true, false].sort(), [[1, 2], [3, 4]].map(([x, y]) => x * y));
console.log([3, 1, 2].toSorted(), a.toReversed(), a.with(0, 99), a.findLast((x) => x < 3), a);
