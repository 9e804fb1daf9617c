// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exit: 1
// Ends by an exception that nothing catches.
function average(xs) {
  if (!xs.length) throw new RangeError('no values');
  return xs.reduce((a, b) => a + b) / xs.length;
}
console.log(average([1, 2, 3]));
try { average([]); } finally { console.log('cleaning up'); }
console.log('never');
