// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dates in UTC.
const d = new Date(Date.UTC(2024, 1, 28, 23, 59, 58, 7));
console.log(d, d.toISOString(), d.getTime(), d.toJSON(), [d], { d });
for (let i = 0; i < 3; i++) { d.setUTCDate(d.getUTCDate() + 1); console.log(d.toISOString().slice(0, 10), d.getUTCDay()); }
console.log(new Date('2020-02-30T00:00:00Z').getTime(), new Date('nonsense').getTime(), new Date(NaN), Date.parse('1970-01-01T00:00:01Z'), new Date('2021-12-25').toISOString());
const days = (a, b) => Math.round((Date.parse(b) - Date.parse(a)) / 864e5);
console.log(days('2024-01-01', '2024-12-31'), new Date(2024 * 0).getUTCFullYear(), new Date(Date.UTC(99, 0)).getUTCFullYear());
try { new Date(NaN).toISOString(); } catch (e) { console.log(e.name); }
const weekdays = ['Su', 'Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa'];
const first = new Date(Date.UTC(2024, 5, 1)), out = [weekdays.join(' ')];
let week = Array(first.getUTCDay()).fill('  ');
for (let day = 1; day <= new Date(Date.UTC(2024, 6, 0)).getUTCDate(); day++) {
  week.push(String(day).padStart(2));
  if (week.length === 7) { out.push(week.join(' ')); week = []; }
}
out.push(week.join(' '));
console.log(out.join('\n'));
console.log(new Date(0) < new Date(1), +new Date(5), new Date(5) - new Date(2), typeof Date.now(), new Date(8.64e15 + 1).getTime());
