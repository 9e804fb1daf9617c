// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exit: 3
// process.exit from inside a callback.
console.log('before');
[1, 2, 3].forEach((n) => {
  if (n === 2) process.exit(n + 1);
  console.log(n);
});
