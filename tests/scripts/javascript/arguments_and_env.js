// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// args: alpha 42 --flag "two words"
// What a script sees of its surroundings.
console.log(process.argv.length, process.argv.slice(2), typeof process.env, process.env.DEWAR_NOT_SET);
console.log(typeof globalThis, typeof window, typeof require, typeof console, typeof process.exit, globalThis === global);
process.stdout.write('no newline, ');
process.stdout.write('é written\n');
process.stderr.write('to stderr\n');
function f() { return arguments.length + [...arguments].join(); }
console.log(f(1, 2), f.length, f.name, (() => {}).name, (function () { return typeof this; })(), new Function('a', 'b', 'return a * b')(6, 7), eval('1 + 1'));
console.log(typeof null, typeof undefined, typeof (() => 1), typeof Symbol(), void 0, [] instanceof Object, null == undefined, null == 0, '' == 0, [1, 2] == '1,2');
label: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 2) continue label; if (i === 2) break label; console.log(i, j); }
switch (3) { case 1: console.log('one'); case 3: console.log('three'); case 4: console.log('falls'); break; default: console.log('never'); }
