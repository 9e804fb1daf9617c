// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast V8 decodes and validates a module, or with "compile" compiles it as its flags say, measured like
// bench/validate.cpp and bench/compile.cpp: the fastest of several times, CPU seconds of all threads, megabytes of code
// section per second.
// usage: node [V8 flags] validate.mjs MODULE.wasm [TIMES [compile]]
import { readFileSync } from "node:fs";

const bytes = readFileSync(process.argv[2]);
const times = Number(process.argv[3] ?? 5);
const compiles = process.argv[4] === "compile";

function codeSectionSize() {
  let at = 8;
  const leb = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = leb();
    if (id === 10) return size;
    at += size;
  }
  return 0;
}

let best = Infinity;
for (let i = 0; i < times; i++) {
  // Each time another module, since V8 keeps what it has compiled: a custom section at its end counts.
  const copy = Buffer.concat([bytes, Buffer.from([0, 2, 1, i])]);
  const before = process.cpuUsage();
  if (compiles) new WebAssembly.Module(copy);
  else if (!WebAssembly.validate(copy)) throw new Error("the module does not validate");
  const used = process.cpuUsage(before);
  best = Math.min(best, (used.user + used.system) / 1e6);
}
console.log((codeSectionSize() / 1e6 / best).toFixed(1));
