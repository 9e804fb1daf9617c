// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Timers: order, intervals, clearing, nested timeouts.
const order = [];
const cancelled = setTimeout(() => order.push('never'), 5);
clearTimeout(cancelled);
clearTimeout(undefined);
setTimeout((a, b) => order.push(a + b), 0, 'x', 'y');
let ticks = 0;
const interval = setInterval(() => {
  order.push('tick ' + ++ticks);
  if (ticks < 3) return;
  clearInterval(interval);
  setTimeout(() => {
    order.push('nested');
    setTimeout(() => console.log(order), 20);
  }, 10);
}, 4);
const t = Date.now();
setTimeout(() => console.log(Date.now() - t >= 19), 20);
console.log('scheduled', order.length);
