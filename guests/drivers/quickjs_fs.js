// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What `import fs from 'fs'` finds in the QuickJS guest: the functions of quickjs_driver.js. One export a line, as the
// engine's modules cannot export by a pattern.
const { fs } = globalThis[Symbol.for('dewar.modules')];
export default fs;
export const readFileSync = fs.readFileSync;
export const writeFileSync = fs.writeFileSync;
export const appendFileSync = fs.appendFileSync;
export const existsSync = fs.existsSync;
export const statSync = fs.statSync;
export const readdirSync = fs.readdirSync;
export const mkdirSync = fs.mkdirSync;
export const rmdirSync = fs.rmdirSync;
export const unlinkSync = fs.unlinkSync;
export const renameSync = fs.renameSync;
export const promises = fs.promises;
