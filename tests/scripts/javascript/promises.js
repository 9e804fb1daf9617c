// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Promises and async functions: order, errors, combinators, async iteration.
const sleep = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const log = [];
async function* ticks(n) { for (let i = 0; i < n; i++) { await sleep(1); yield i; } }
async function main() {
  console.log(await Promise.all([sleep(30, 'a'), sleep(10, 'b'), 3]));
  console.log(await Promise.race([sleep(50, 'slow'), sleep(1, 'fast')]));
  console.log(await Promise.allSettled([sleep(1, 1), Promise.reject(new Error('no'))]).then((rs) => rs.map((r) => r.status)));
  console.log(await Promise.any([Promise.reject(1), sleep(1, 'any')]));
  try { await Promise.all([sleep(20), Promise.reject(new TypeError('bad'))]); } catch (e) { console.log(e.name, e.message); }
  for await (const t of ticks(3)) log.push(t);
  console.log(log, await sleep(1).then(() => 1).finally(() => console.log('finally')));
  const results = [];
  await [3, 1, 2].reduce((p, n) => p.then(async () => { results.push(await sleep(n, n)); }), Promise.resolve());
  console.log(results);
  try { await (async () => { throw { code: 7 }; })(); } catch ({ code }) { console.log('code', code); }
}
console.log('start');
setTimeout(() => console.log('timeout 0'), 0);
Promise.resolve().then(() => console.log('micro 1')).then(() => console.log('micro 2'));
queueMicrotask(() => console.log('micro 3'));
console.log('end');
setTimeout(() => main().then(() => console.log('done')), 5);
