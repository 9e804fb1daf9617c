// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The V8 side of the differential test (node_peer.cpp): reads a batch of programs with what is expected of them, runs
// them, prints "differs SEED WHAT" per difference and "done PROGRAMS CALLS TRAPS" at the end.
import { readFileSync } from "node:fs";

const MASK = (1n << 64n) - 1n;
const PRIME = 0x100000001b3n;
let calls = 0;
let traps = 0;
let programs = 0;

const TRAPS = [
  [/^unreachable$/, "unreachable"],
  [/^memory access out of bounds$|^data segment out of bounds|^memory\.\w+\(\): .*out of bounds/, "memory-out-of-bounds"],
  [/^table index is out of bounds$|^table access out of bounds$|^table.*out of bounds|^element segment out of bounds/, "table"],
  [/^null function or function signature mismatch$|^function signature mismatch$/, "signature"],
  [/^divide by zero$|^remainder by zero$/, "divide-by-zero"],
  [/^divide result unrepresentable$|^float unrepresentable in integer range$/, "range"],
  [/^dereferencing a null pointer$|^rethrowing null value$/, "null"],
  [/^illegal cast$/, "cast-failure"],
  [/^array element access out of bounds$|^array index out of bounds$|^requested new array is too large$/, "array-out-of-bounds"],
  [/^operation does not support unaligned accesses$/, "unaligned-atomic"],
];

function trapClass(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return null;
  for (const [pattern, name] of TRAPS) if (pattern.test(error.message)) return name;
  return null;
}

// Where two reasons to trap hold at once, V8 looks for them in another order: an access that is unaligned and out of
// bounds, a copy from a segment to an array that is too long for both, a copy from a null array beyond another's end.
function alsoTrue(message, expected) {
  return (
    (expected === "unaligned-atomic" && message === "memory access out of bounds") ||
    (expected === "array-out-of-bounds" && /^(element|data) segment out of bounds/.test(message)) ||
    (expected === "null" && message === "array element access out of bounds")
  );
}

function hash(buffer) {
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer, 0, bytes.length >> 2);
  let h = 0x811c9dc5;
  for (let i = 0; i < words.length; ++i) {
    h = Math.imul(h ^ words[i], 0x01000193);
    h ^= h >>> 15;
  }
  for (let i = words.length * 4; i < bytes.length; ++i) h = Math.imul(h ^ bytes[i], 0x01000193);
  return h >>> 0;
}

function hostFunction({ params, results }, log) {
  return (...args) => {
    let mix = 0x9e3779b97f4a7c15n;
    for (let i = 0; i < params.length; ++i) {
      const value = params[i] === "i" ? BigInt(args[i] >>> 0) : args[i] & MASK;
      mix = ((mix ^ value) * PRIME) & MASK;
    }
    ++log.calls;
    log.hash = ((log.hash ^ mix) * PRIME) & MASK;
    const out = [];
    for (const type of results) {
      mix = (mix * PRIME + 1n) & MASK;
      out.push(type === "i" ? Number(BigInt.asIntN(32, mix >> 32n)) : BigInt.asIntN(64, mix));
    }
    return out.length === 0 ? undefined : out.length === 1 ? out[0] : out;
  };
}

// "-" for null, "x" else. A table whose elements JavaScript can not see has only its size here.
function shape(table) {
  let text = "";
  for (let i = 0; i < Number(table.length); ++i) {
    const index = typeof table.length === "bigint" ? BigInt(i) : i;
    text += table.get(index) === null ? "-" : "x";
  }
  return text;
}

function run(program) {
  const differs = (what) => console.log(`differs ${program.seed} ${what}`);
  const log = { calls: 0n, hash: 0n };
  const imports = { h: {} };
  for (const host of program.host) imports.h[host.name] = hostFunction(host, log);
  let main;
  try {
    if (program.provider) {
      imports.p = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(program.provider, "base64")), imports).exports;
    }
    main = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(program.main, "base64")), imports).exports;
  } catch (error) {
    differs(`instantiation: ${error.message}`);
    return;
  }
  for (const call of program.calls) {
    const args = call.args.map((text, i) => (call.params[i] === "i" ? Number(text) : BigInt(text)));
    const where = `${call.entry}(${call.args})`;
    ++calls;
    let given;
    try {
      given = main[call.entry](...args);
    } catch (error) {
      const trap = trapClass(error);
      if (error instanceof WebAssembly.Exception) {
        if (call.throws) continue;
        return differs(`${where}: throws, expected ${call.trap ?? "a result"}`);
      }
      if (trap !== null && (trap === call.trap || alsoTrue(error.message, call.trap))) {
        ++traps;
        continue;
      }
      return differs(`${where}: "${error.message}", expected ${call.trap ?? (call.throws ? "a throw" : "a result")}`);
    }
    if (call.gives === undefined) return differs(`${where}: returns, expected ${call.trap ?? "a throw"}`);
    const results = call.results.length === 0 ? [] : call.results.length === 1 ? [given] : [...given];
    const texts = results.map(String);
    for (let i = 0; i < texts.length; ++i) {
      if (texts[i] !== call.gives[i]) return differs(`${where}: result ${i} is ${texts[i]}, expected ${call.gives[i]}`);
    }
  }
  if (program.memories === undefined) return;
  if (String(log.calls) !== program.hostCalls) return differs(`${log.calls} host calls, expected ${program.hostCalls}`);
  if (String(log.hash) !== program.hostHash) return differs("host functions were given other arguments");
  for (let i = 0; i < program.memories.length; ++i) {
    if (hash(main[`m${i}`].buffer) !== program.memories[i]) return differs(`memory ${i} has other contents`);
  }
  for (let i = 0; i < program.tables.length; ++i) {
    const own = shape(main[`t${i}`]);
    if (own !== program.tables[i]) return differs(`table ${i} is ${own}, expected ${program.tables[i]}`);
  }
}

for (const line of readFileSync(process.argv[2], "utf8").split("\n")) {
  if (line === "") continue;
  run(JSON.parse(line));
  ++programs;
}
console.log(`done ${programs} ${calls} ${traps}`);
