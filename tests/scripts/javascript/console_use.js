// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// console: formats, groups, counters, assertions, directories.
console.log('%s is %d years and %i, %f, %j %O %%', 'Ada', 36.5, 36.9, '1.25', { a: 1 }, { b: { c: {} } }, 'extra', 2);
console.log('%c styled', 'color: red', '100%', 5);
console.log('%s %s %s', 'one', null, undefined, { a: 1 }); console.log('%s', { a: { b: { c: 1 } } }, '%d', 1); console.log('%d %i', '0x10', 'abc', 5n);
console.group('Group');
console.log('inside\ntwo lines');
console.group();
console.info({ a: 1, b: [1, 2] });
console.groupEnd();
console.groupEnd();
console.log('outside');
console.count(); console.count('x'); console.count(); console.countReset(); console.count();
console.assert(1 === 1, 'not shown'); console.assert(false, 'shown on stderr');
console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 });
console.debug('debug', true, null, undefined, -0, 1e21, 1e-7, 0.1 + 0.2, 123456789.5);
console.log(); console.log(''); console.log(' ', 'a'); console.log([' '], ['']);
console.log("it's", ["it's", 'say "hi"', `it's "x"`, 'tab\t', 'back\\slash', '\u0001', 'é😀'], ['`$' + '{']);
