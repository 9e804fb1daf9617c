// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exit: 1
// A rejection that nobody handles.
async function main() {
  console.log('working');
  await null;
  throw new Error('late failure');
}
main();
