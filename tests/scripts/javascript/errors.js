// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors: own types, finally, rethrowing, causes, promises.
class AppError extends Error {
  constructor(message, code) { super(message); this.name = 'AppError'; this.code = code; }
}
class NotFound extends AppError { constructor(what) { super(`${what} not found`, 404); this.name = 'NotFound'; } }
function risky(n) {
  try {
    if (n === 0) throw new NotFound('page');
    if (n === 1) return null.x;
    if (n === 2) return missing;
    if (n === 3) throw 'just a text';
    if (n === 4) return [].reduce((a, b) => a);
    if (n === 5) return 'x'.repeat(-1);
    if (n === 6) return decodeURIComponent('%');
    if (n === 7) return Object.freeze([1]).push(2);
    return 'fine';
  } finally { console.log('finally', n); }
}
for (let n = 0; n < 9; n++) {
  try { console.log(risky(n)); } catch (e) {
    if (e instanceof AppError) console.log(e.name, e.code, e.message, e instanceof NotFound, String(e));
    else console.log(typeof e, e.name, e instanceof Error);
  }
}
const e = new Error('outer', { cause: new TypeError('inner') });
console.log(e.cause.message, Object.keys(e), e.stack.includes('outer'), new AggregateError([1, 2], 'many').errors);
Promise.reject(new AppError('late', 1)).catch((x) => console.log('caught', x.code)).then(() => { throw 5; }).catch(console.log);
