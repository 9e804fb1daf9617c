// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// String methods, templates, Unicode, comparison.
const s = 'The quick brown fox';
console.log(s.split(' '), s.slice(-3), s.substring(4, 1), s.replace('quick', (m) => m.toUpperCase()), s.replaceAll('o', '0'));
console.log(s.charAt(1), s.charCodeAt(1), s.codePointAt(0), s.at(-1), s.includes('fox'), s.startsWith('quick', 4), s.endsWith('x'));
console.log('  trim '.trim() + '|', ' x'.trimStart(), 'ab'.repeat(3), 'x'.padStart(3, 'ab'), 'abc'.search(/c/), 'a-b_c'.split(/[-_]/));
console.log('😀'.length, [...'😀é'].length, 'e\u0301'.normalize('NFC').length, '\u{1F600}', String.fromCodePoint(128512), 'ß'.toUpperCase());
const tag = (parts, ...values) => parts.raw.map((p, i) => p + (values[i] ?? '')).join('');
console.log(tag`a${1}\n${2}c`, `multi
line ${`nested ${1 + 1}`}`, String.raw`\x${0}`);
console.log('a' < 'b', 'B' < 'a', '10' < '9', '10' < 9, 'a'.localeCompare('b'), 'abc' > 'abd', 'x' + 1 + 2, 1 + 2 + 'x', '3' * '4', +'', +' 12 ', +'1a');
console.log(parseInt('12px'), parseInt('ff', 16), parseFloat('3.14.15'), (255).toString(16), (0.1).toFixed(20), (1234.5678).toFixed(2), (1e21).toString(), (123.456).toPrecision(4), (0).toFixed(2), (-1.5).toFixed(0));
console.log(encodeURIComponent('a b&ü'), decodeURIComponent('%E2%82%AC'), encodeURI('http://x/ü?q=a b'), escape('ü'), JSON.stringify('\ud800'));
console.log('camelCaseString'.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase()), 'snake_case_x'.replace(/_(\w)/g, (_, c) => c.toUpperCase()));
console.log([...'banana'].map((c, i, all) => all.indexOf(c) === i ? c : '').join(''), 'racecar' === [...'racecar'].reverse().join(''));
