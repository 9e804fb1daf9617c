// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Imports of built-in modules, and what a module's own scope is.
import fs, { existsSync } from 'fs';
import path from 'node:path';
export const answer = 42;
export default function main() { return answer; }
console.log(typeof fs.readFileSync, existsSync('/no/such/file'), path.join('/a', '..', 'b', './c'), path.basename('/x/y.js', '.js'), path.extname('a.tar.gz'));
console.log(path.dirname('/a/b/c'), path.resolve('/a', 'b', '../c'), path.isAbsolute('x'), path.normalize('a//b/../c/'), path.dirname('x'));
console.log(main(), typeof this, path.join('a', '', 'b'), path.join(), path.basename('/a/b/'));
