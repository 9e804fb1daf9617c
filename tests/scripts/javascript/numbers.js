// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers: rounding, limits, bit operations, Math.
console.log(0.1 + 0.2, 1 / 3, 1e21, 1e-7, -0, [-0], 0 === -0, Object.is(0, -0), NaN === NaN, 5 / 0, -5 % 3, 2 ** -1, 0xff, 0b101, 0o17, 1_000);
console.log(Number.MAX_SAFE_INTEGER, Number.EPSILON > 0, Number.MIN_VALUE, Number.MAX_VALUE, Number.isSafeInteger(2 ** 53), (25).toString(36), Number('0x1f'));
console.log(Math.round(2.5), Math.round(-2.5), Math.trunc(-4.7), Math.sign(-3), Math.cbrt(27), Math.hypot(3, 4), Math.fround(5.5), Math.clz32(1), Math.imul(3, 4), Math.log2(8), Math.atan2(1, 1));
console.log(5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 31, -1 >>> 0, -8 >> 1, 2 ** 32 | 0, 1.9 | 0);
console.log([1, 2, 3, 4].reduce((a, b) => a + b) / 4, Math.max(), Math.min(), Math.max(1, NaN), Math.max(...[1, 5, 3]), +true, +[], +{}, +null, +undefined, +'1e3');
console.log((1234.5).toFixed(1), (0.000001234).toString(), (1e-10).toFixed(3), (12345.6789).toExponential(2), (1.005).toFixed(2), 4.35 * 100, 1.1 + 2.2, 9007199254740993);
const stats = (xs) => { const m = xs.reduce((a, b) => a + b) / xs.length; return { mean: m, sd: Math.sqrt(xs.reduce((a, x) => a + (x - m) ** 2, 0) / xs.length) }; };
console.log(stats([2, 4, 4, 4, 5, 5, 7, 9]), Number.parseFloat('1.5e3x'), Number(''), Number('12 3'), isNaN('x'), Number.isNaN('x'));
