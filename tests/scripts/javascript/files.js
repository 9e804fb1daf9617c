// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// needs: tmp
// Files below /tmp through fs.
const fs = require('fs');
const path = require('path');
const base = process.env.TMPDIR || '/tmp';
const dir = path.join(base, 'dewar-js-test');
fs.mkdirSync(dir);
const file = path.join(dir, 'log.txt');
fs.writeFileSync(file, 'one\ntwo\n');
fs.appendFileSync(file, 'drei é\n');
const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
console.log(lines, fs.statSync(file).size, fs.existsSync(path.join(dir, 'none')), fs.statSync(dir).isDirectory());
fs.writeFileSync(path.join(dir, 'data.json'), JSON.stringify({ lines, n: lines.length }, null, 1));
console.log(JSON.parse(fs.readFileSync(path.join(dir, 'data.json'), 'utf8')));
fs.renameSync(file, path.join(dir, 'moved.txt'));
console.log(fs.readdirSync(dir).sort(), path.basename(file, '.txt'), path.extname(file));
for (const bad of [() => fs.readFileSync(path.join(dir, 'none')), () => fs.mkdirSync(dir), () => fs.readdirSync(path.join(dir, 'no'))]) {
  try { bad(); } catch (e) { console.log(e.code, e.syscall); }
}
fs.writeFileSync(path.join(dir, 'bytes'), new Uint8Array([1, 2, 255]));
console.log([...fs.readFileSync(path.join(dir, 'bytes'))]);
for (const name of fs.readdirSync(dir)) fs.unlinkSync(path.join(dir, name));
fs.rmdirSync(dir);
console.log(fs.existsSync(dir));
fs.promises.readFile(path.join(dir, 'x')).catch((e) => console.log('async', e.code));
