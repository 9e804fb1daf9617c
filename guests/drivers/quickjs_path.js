// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What `import path from 'path'` finds in the QuickJS guest: the functions of quickjs_driver.js. One export a line, as
// the engine's modules cannot export by a pattern.
const { path } = globalThis[Symbol.for('dewar.modules')];
export default path;
export const sep = path.sep;
export const normalize = path.normalize;
export const join = path.join;
export const resolve = path.resolve;
export const dirname = path.dirname;
export const extname = path.extname;
export const basename = path.basename;
export const isAbsolute = path.isAbsolute;
