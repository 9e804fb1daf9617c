// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs a WASI preview 1 command in Node's V8: the peer that tools/bench.py compares with. Nothing of the host is given
// to the program but its arguments and the standard streams, and with --granted the working folder.
// usage: node [V8 flags] run_wasi.mjs MODULE.wasm [ARGS...] [--granted]
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [file, ...args] = process.argv.slice(2);
const granted = args.at(-1) === "--granted";
if (granted) args.pop();
const preopens = granted ? { ".": "." } : {};
const wasi = new WASI({ version: "preview1", args: [file, ...args], env: {}, preopens });
const module = new WebAssembly.Module(readFileSync(file));
const imports = wasi.getImportObject();
process.exitCode = wasi.start(new WebAssembly.Instance(module, imports));
