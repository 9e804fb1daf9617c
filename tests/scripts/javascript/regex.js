// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Regular expressions: named groups, look-behind, sticky, matchAll, flags.
const log = '2024-05-01 ERROR db: timeout after 30s\n2024-05-02 INFO web: ok in 5ms\nnoise\n';
const line = /^(?<date>[\d-]+) (?<level>[A-Z]+) (?<where>\w+): (?<text>.*)$/gm;
for (const m of log.matchAll(line)) console.log(m.index, { ...m.groups });
console.log('2024-05-01'.replace(/(\d+)-(\d+)-(\d+)/, '$3.$2.$1'), 'x'.replace(/x/, '$$ $&'), 'aBc'.replace(/b/i, (m, i) => m + i));
console.log('$10 €20'.match(/(?<=\$)\d+/)[0], 'price: 10'.match(/\d+(?!\d)/).index, 'abc'.match(/z/), 'a1b22'.match(/\d+/g));
console.log('1234567.891'.replace(/\B(?=(\d{3})+(?!\d)\.?)/, ','), '1234567'.replace(/\B(?=(\d{3})+$)/g, ','));
const sticky = /\w/y; sticky.lastIndex = 2;
console.log(sticky.test('ab c'), sticky.lastIndex, /./su.test('\n'), /^.$/u.test('😀'), /\p{L}+/u.exec('été 1')[0], /a{2,3}?/.exec('aaaa')[0]);
console.log('a,b;c'.split(/([,;])/), 'test'.split(''), /(a)|(b)/.exec('b'), /[^\x00-\x7f]/.test('é'));
const r = /o/g; let m; const at = [];
while ((m = r.exec('foo boo'))) at.push(m.index);
console.log(at, r.source, r.flags, String(/a\/b/gi), new RegExp('a/b', 'i'), /(?:)/);
try { new RegExp('('); } catch (e) { console.log(e.name); }
console.log('John Smith'.replace(/(?<f>\w+) (?<l>\w+)/, '$<l>, $<f>'), /\bfoo\b/.test('a foo b'), /(\w)\1/.exec('hello')[0]);
