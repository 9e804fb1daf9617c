// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sorting algorithms, stability, several keys.
const data = Array.from({ length: 40 }, (_, i) => (i * 7919) % 101);
const merge = (a) => { if (a.length < 2) return a; const m = a.length >> 1, l = merge(a.slice(0, m)), r = merge(a.slice(m)), out = []; while (l.length && r.length) out.push(l[0] <= r[0] ? l.shift() : r.shift()); return [...out, ...l, ...r]; };
const quick = ([p, ...rest]) => (p === undefined ? [] : [...quick(rest.filter((x) => x < p)), p, ...quick(rest.filter((x) => x >= p))]);
function heapSort(xs) {
  const a = [...xs];
  const sift = (i, n) => { for (let c; (c = 2 * i + 1) < n; i = c) { if (c + 1 < n && a[c + 1] > a[c]) c++; if (a[i] >= a[c]) return; [a[i], a[c]] = [a[c], a[i]]; } };
  for (let i = a.length >> 1; i-- > 0;) sift(i, a.length);
  for (let n = a.length; n-- > 1;) { [a[0], a[n]] = [a[n], a[0]]; sift(0, n); }
  return a;
}
const sorted = [...data].sort((a, b) => a - b);
console.log([merge, quick, heapSort].map((f) => String(f(data)) === String(sorted)), sorted);
const people = [['Bob', 31], ['Ada', 28], ['Eve', 31], ['Cyd', 28]].map(([name, age]) => ({ name, age }));
console.log([...people].sort((a, b) => a.age - b.age).map((p) => p.name).join(), [...people].sort((a, b) => b.age - a.age || a.name.localeCompare(b.name)).map((p) => p.name).join());
console.log(people);
const search = (a, x) => { let lo = 0, hi = a.length; while (lo < hi) { const mid = (lo + hi) >> 1; if (a[mid] < x) lo = mid + 1; else hi = mid; } return lo; };
console.log([5, 50, 1000].map((x) => search(sorted, x)), ['b10', 'a2', 'b9'].sort((a, b) => a[0].localeCompare(b[0]) || a.slice(1) - b.slice(1)));
