// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BigInt arithmetic.
let f = 1n;
for (let i = 2n; i <= 30n; i++) f *= i;
console.log(f, 2n ** 100n, -7n / 2n, -7n % 3n, 5n & 3n, 1n << 70n, ~5n, BigInt('0xff'), BigInt(2 ** 53) + 1n);
const pow = (b, e, m) => { let r = 1n; for (b %= m; e > 0n; e >>= 1n, b = b * b % m) if (e & 1n) r = r * b % m; return r; };
console.log(pow(3n, 1000n, 10n ** 9n + 7n), String(2n ** 64n).length, typeof 1n, 1n == 1, 1n === 1, 2n > 1, [3n, 1n, 2n].sort().join());
console.log(BigInt.asUintN(8, 300n), BigInt.asIntN(8, 200n), Number(2n ** 60n), parseInt('12n'), (123n).toString(2), [1n, { a: 2n }]);
for (const bad of [() => 1n + 1, () => BigInt(1.5), () => BigInt('x'), () => 1n / 0n, () => Math.max(1n), () => JSON.stringify(1n)]) {
  try { bad(); } catch (e) { console.log(e.name); }
}
let a = 0n, b = 1n;
for (let i = 0; i < 200; i++) [a, b] = [b, a + b];
console.log(a, [...String(a)].reduce((x, c) => x + Number(c), 0));
const gcd = (x, y) => (y ? gcd(y, x % y) : x);
console.log(gcd(2n ** 40n * 9n, 6n ** 20n), 0n ? 'truthy' : 'falsy', -(-5n), 10n > 9, 5n ** 0n);
