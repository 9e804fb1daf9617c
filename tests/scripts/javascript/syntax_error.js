// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exit: 1
// Does not compile: nothing of it runs.
console.log('this line is fine');
const x = = 2;
