// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Typed arrays, views, byte order, and how they print.
const b = new ArrayBuffer(8), v = new DataView(b);
v.setInt16(0, -2); v.setUint16(2, 258, true); v.setFloat32(4, 0.5);
console.log([...new Uint8Array(b)], v.getInt16(0), v.getUint16(2), v.getUint16(2, true), v.getFloat32(4));
console.log(new Uint8Array([1, 256, -1, 3.7]), new Uint8ClampedArray([300, -5, 1.5]), new Int8Array([200]), new Float32Array([0.1, 1]), new Float64Array([0.1]), new Uint16Array(3), new BigInt64Array([1n, -1n]));
const f = Float64Array.from({ length: 5 }, (_, i) => i / 2);
console.log(f.map((x) => x * 2), f.subarray(1, 3), f.slice(-1), f.reduce((a, x) => a + x), f.byteLength, f.BYTES_PER_ELEMENT, f.indexOf(1.5), f.join('|'));
const big = new Int32Array(6).fill(7); big.set([1, 2], 4);
console.log(big, big.sort(), [...big.entries()][0], Array.from(big).reverse(), big instanceof Int32Array, Object.prototype.toString.call(big));
const text = new TextEncoder().encode('héllo €');
console.log(text.length, text[1], new TextDecoder().decode(text), new Uint8Array(0), new ArrayBuffer(4), new Uint8Array(new Set([5, 6])));
let crc = 0xffffffff;
for (const byte of new TextEncoder().encode('The quick brown fox')) { crc ^= byte; for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1)); }
console.log(((crc ^ 0xffffffff) >>> 0).toString(16));
try { new Uint8Array(-1); } catch (e) { console.log(e.name); }
console.log(Array.from({ length: 20 }, (_, i) => i), Uint8Array.from({ length: 20 }, (_, i) => i * 12), { bytes: new Uint8Array(3) });
