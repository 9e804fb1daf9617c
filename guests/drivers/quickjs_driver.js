// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Started by the QuickJS guest in place of the user's script, which it then runs. It gives scripts what they expect of
// a JavaScript host (console, process, require of fs and path, newer library functions), and tells the runtime, as JSON
// lines on a descriptor of its own, of an uncaught exception and of attempts that no import shows. What it reports is
// said by the guest, so the runtime treats it as untrusted.
import * as host from '_node:fs';
import { hideFrames, inspect } from '/dewar/.inspect.js';
import { makeConsole } from '/dewar/.console.js';

const [driverPath, reportPath, scriptPath, ...programArgs] = globalThis.args;
const { stringify } = JSON;
const exit = globalThis.exit;
const loadScript = globalThis.__loadScript;
// The engine's own numbers for the flags of open.
const O_WRITE = 1, O_APPEND = 8, O_CREATE = 0x200, O_TRUNCATE = 0x400;
const MAX_ATTEMPTS = 256, MAX_TEXT = 4096, MAX_FRAMES = 32;

// ---- bytes and text ----

function encode(text) {
  const out = [];
  for (const ch of String(text)) {
    const c = ch.codePointAt(0);
    if (c < 0x80) out.push(c);
    else if (c < 0x800) out.push(0xc0 | c >> 6, 0x80 | c & 63);
    else if (c < 0x10000) {
      const u = c >= 0xd800 && c < 0xe000 ? 0xfffd : c;
      out.push(0xe0 | u >> 12, 0x80 | u >> 6 & 63, 0x80 | u & 63);
    } else out.push(0xf0 | c >> 18, 0x80 | c >> 12 & 63, 0x80 | c >> 6 & 63, 0x80 | c & 63);
  }
  return Uint8Array.from(out);
}

function decode(bytes) {
  const parts = [];
  let text = '';
  for (let i = 0; i < bytes.length;) {
    const b = bytes[i];
    const extra = b < 0x80 ? 0 : b >= 0xc2 && b < 0xe0 ? 1 : b >= 0xe0 && b < 0xf0 ? 2 : b >= 0xf0 && b < 0xf5 ? 3 : -1;
    let c = extra < 0 ? 0xfffd : extra === 0 ? b : b & (0x3f >> extra);
    let used = 1;
    for (; used <= extra; used++) {
      const next = bytes[i + used];
      if (next === undefined || (next & 0xc0) !== 0x80) { c = 0xfffd; break; }
      c = c << 6 | next & 0x3f;
    }
    if (used > extra && (c >= 0xd800 && c < 0xe000 || c > 0x10ffff || extra === 2 && c < 0x800 ||
        extra === 3 && c < 0x10000)) c = 0xfffd;
    i += used;
    text += String.fromCodePoint(c);
    if (text.length > 8192) { parts.push(text); text = ''; }
  }
  return parts.join('') + text;
}

function writeBytes(fd, bytes) {
  let at = 0;
  while (at < bytes.length) {
    const n = host.fwriteSync(fd, -1, bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + bytes.length));
    if (!(n > 0)) return;
    at += n;
  }
}

// ---- the report ----

let reportFd = -1;
try { reportFd = host.openSync(reportPath, O_WRITE, 0); } catch (e) { reportFd = -1; }
let attemptsLeft = MAX_ATTEMPTS;

function report(record) {
  if (reportFd < 0) return;
  try { writeBytes(reportFd, encode(stringify(record) + '\n')); } catch (e) { reportFd = -1; }
}

function attempt(event, detail) {
  if (attemptsLeft-- > 0) report({ kind: 'attempt', event, detail: String(detail).slice(0, 200) });
}

const isOwn = (file) => file.startsWith('/dewar/.');
hideFrames((line) => line.includes('/dewar/.') || line.includes('__loadScript (native)'));

function framesOf(stack) {
  const frames = [];
  for (const line of String(stack).split('\n')) {
    const m = /^\s*at (.*?) ?\(?((?:\/|<|file:)[^()]*?|native)(?::(\d+))?\)?$/.exec(line);
    if (!m || m[2] === 'native') continue;
    const file = m[2].replace(/^file:\/\//, '');
    if (isOwn(file)) continue;
    frames.push({ file, line: Number(m[3] || 0), function: m[1] === '<eval>' || !m[1] ? '<anonymous>' : m[1] });
  }
  return frames.reverse();  // outermost first
}

// Why it failed, where the type alone does not tell. What the engine's parser refuses has a place and no function.
function reasonOf(error) {
  if (error instanceof InternalError && /out of memory/.test(error.message)) return 'memory';
  if (!(error instanceof SyntaxError)) return '';
  const place = String(error.stack).split('\n').find((line) => /^\s*at /.test(line)) || '';
  return /^\s*at (?:file:\/\/)?\/[^()]*:\d+$/.test(place) ? 'syntax' : '';
}

function reportError(error) {
  const isError = error instanceof Error;
  const own = isError ? framesOf(error.stack) : [];
  const record = {
    kind: 'error',
    reason: isError ? reasonOf(error) : '',
    type: String(isError ? error.name : typeof error).slice(0, 256),
    message: String(isError ? error.message : inspect(error)).slice(0, MAX_TEXT),
    frames: own.length > MAX_FRAMES ? own.slice(-MAX_FRAMES) : own,
    total_frames: own.length,
    causes: [],
  };
  for (let cause = isError && error.cause; cause instanceof Error && record.causes.length < 4; cause = cause.cause) {
    record.causes.push({ type: String(cause.name).slice(0, 256), message: String(cause.message).slice(0, 1024) });
  }
  report(record);
}

// ---- what scripts expect of a host ----

function fail(error, call, path) {
  const code = error && error.code ? 'E' + error.code : 'EIO';
  const e = new Error(`${code}: ${(error && error.message) || 'failed'} ${call} '${path}'`);
  e.code = code;
  e.syscall = call;
  e.path = path;
  return e;
}

function attemptCall(call, path, body) {
  try {
    return body();
  } catch (error) {
    if (error instanceof Error) throw error;
    throw fail(error, call, path);
  }
}

function readAll(fd) {
  const chunks = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(host.freadSync(fd, -1, 65536));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    total += chunk.length;
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) { out.set(chunk, at); at += chunk.length; }
  return out;
}

const encodingOf = (options) => typeof options === 'string' ? options : options && options.encoding;
const bytesOf = (data) => ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : encode(data);

function writeFile(path, data, append) {
  attemptCall('open', path, () => {
    const fd = host.openSync(path, append ? O_WRITE | O_APPEND | O_CREATE : O_WRITE | O_CREATE | O_TRUNCATE, 0o666);
    try {
      writeBytes(fd, bytesOf(data));
    } finally {
      host.fcloseSync(fd);
    }
  });
}

class Stats {
  constructor(raw) {
    this.size = Number(raw.size);
    this.mtimeMs = Number(raw.mtime || 0);
    this._file = raw.is_file;
    this._dir = raw.is_directory;
    this._link = raw.is_symlink;
  }
  isFile() { return this._file; }
  isDirectory() { return this._dir; }
  isSymbolicLink() { return this._link; }
}

const fs = {
  readFileSync(path, options) {
    return attemptCall('open', path, () => {
      const fd = host.openSync(path, 0, 0);
      try {
        const bytes = readAll(fd);
        return encodingOf(options) ? decode(bytes) : bytes;
      } finally {
        host.fcloseSync(fd);
      }
    });
  },
  writeFileSync: (path, data) => writeFile(path, data, false),
  appendFileSync: (path, data) => writeFile(path, data, true),
  existsSync(path) {
    try { host.statSync(path); return true; } catch (e) { return false; }
  },
  statSync: (path) => attemptCall('stat', path, () => new Stats(host.statSync(path))),
  readdirSync: (path) => attemptCall('scandir', path, () => {
    const names = [];
    let cookie = 0;
    const fd = host.openSync(path, 0, 0);
    try {
      for (;;) {
        const raw = host.freaddirSync(fd, cookie);
        const entries = Array.isArray(raw) ? raw : raw.res;
        if (!entries || entries.length === 0) break;
        for (const entry of entries) names.push(entry.name);
        if (raw.fin || raw.cookie === undefined) break;
        cookie = raw.cookie;
      }
    } finally {
      host.fcloseSync(fd);
    }
    return names.filter((n) => n !== '.' && n !== '..').sort();
  }),
  mkdirSync: (path, options) => attemptCall('mkdir', path, () => host.mkdirSync(path, !!(options && options.recursive), 0o777)),
  rmdirSync: (path) => attemptCall('rmdir', path, () => host.rmdirSync(path, false)),
  unlinkSync: (path) => attemptCall('unlink', path, () => host.rmSync(path, false, false)),
  renameSync: (from, to) => attemptCall('rename', from, () => host.renameSync(from, to)),
};
fs.promises = {};
for (const name of ['readFile', 'writeFile', 'appendFile', 'stat', 'readdir', 'mkdir', 'rmdir', 'unlink', 'rename']) {
  fs.promises[name] = async (...args) => fs[name + 'Sync'](...args);
}

const path = {
  sep: '/',
  normalize(p) {
    const out = [];
    for (const part of p.split('/')) {
      if (part === '' || part === '.') continue;
      if (part === '..' && out.length && out[out.length - 1] !== '..') out.pop();
      else if (part !== '..' || p[0] !== '/') out.push(part);
    }
    const end = p.endsWith('/') && out.length ? '/' : '';
    return (p[0] === '/' ? '/' : '') + out.join('/') + end || '.';
  },
  join: (...parts) => path.normalize(parts.filter((p) => p).join('/') || '.'),
  resolve: (...parts) => path.normalize(parts.reduce((a, p) => p[0] === '/' ? p : a + '/' + p, '/')).replace(/(.)\/$/, '$1'),
  dirname: (p) => p.includes('/') ? p.replace(/\/+[^/]*\/*$/, '') || (p[0] === '/' ? '/' : '.') : '.',
  extname: (p) => (/[^/](\.[^./]*)$/.exec(p) || ['', ''])[1],
  basename(p, ending) {
    const name = p.replace(/\/+$/, '').replace(/^.*\//, '');
    return ending && name.endsWith(ending) && name !== ending ? name.slice(0, -ending.length) : name;
  },
  isAbsolute: (p) => p[0] === '/',
};

const streamOf = (fd) => ({ fd, isTTY: false, write: (data) => (writeBytes(fd, bytesOf(data)), true) });
const process = {
  argv: ['quickjs', scriptPath, ...programArgs],
  env: globalThis.env,
  exitCode: undefined,
  exit: (code) => exit(code === undefined ? process.exitCode || 0 : code),
  cwd: () => '/',
  nextTick: (f, ...values) => { Promise.resolve().then(() => f(...values)); },
  hrtime: Object.assign((since = [0, 0]) => {
    const ms = performance.now() - since[0] * 1e3 - since[1] / 1e6;
    return [Math.floor(ms / 1e3), Math.round(ms % 1e3 * 1e6)];
  }, { bigint: () => BigInt(Math.round(performance.now() * 1e6)) }),
  uptime: () => performance.now() / 1e3,
  on: () => process,
  once: () => process,
  platform: 'wasi',
  stdout: streamOf(1),
  stderr: streamOf(2),
};

const modules = { fs, path, process, 'fs/promises': fs.promises };
// Modules that reach outside: asking for one is worth telling.
const OUTSIDE = ['child_process', 'cluster', 'dgram', 'dns', 'http', 'http2', 'https', 'net', 'tls', 'worker_threads'];
function require(name) {
  const known = String(name).replace(/^node:/, '');
  if (Object.prototype.hasOwnProperty.call(modules, known)) return modules[known];
  if (OUTSIDE.includes(known)) attempt('require', known);
  const e = new Error(`Cannot find module '${name}'`);
  e.code = 'MODULE_NOT_FOUND';
  throw e;
}

function define(target, name, value) {
  if (!(name in target)) Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

function offer() {
  globalThis.console = makeConsole((fd, text) => writeBytes(fd, encode(text)));
  Object.assign(globalThis, { require, process });
  globalThis.global = globalThis;
  define(globalThis, 'fetch', (url) => {
    attempt('fetch', url);
    return Promise.reject(new TypeError('fetch failed: no network is offered'));
  });
  const { setTimeout, setImmediate, clearTimeout } = globalThis;
  const guarded = (f, values) => () => { try { f(...values); } catch (e) { ended(e); } };
  globalThis.setTimeout = (f, ms = 0, ...values) => setTimeout(guarded(f, values), Math.max(0, ms) || 0);
  globalThis.setImmediate = (f, ...values) => setImmediate(guarded(f, values));
  const intervals = new Map();
  globalThis.setInterval = (f, ms = 0, ...values) => {
    const id = intervals.size + 1;
    const step = () => {
      intervals.set(id, globalThis.setTimeout(step, ms));
      f(...values);
    };
    intervals.set(id, globalThis.setTimeout(step, ms));
    return { interval: id };
  };
  globalThis.clearTimeout = globalThis.clearInterval = (timer) => {
    const id = timer && timer.interval ? intervals.get(timer.interval) : timer;
    if (id !== undefined) clearTimeout(id);
  };
  offerErrors();
  define(globalThis, 'queueMicrotask', (f) => { Promise.resolve().then(f); });
  define(globalThis, 'performance', { now: () => Date.now() });
  define(globalThis, 'TextEncoder', class TextEncoder { encode(text = '') { return encode(text); } });
  define(globalThis, 'TextDecoder', class TextDecoder { decode(bytes) { return bytes ? decode(bytesOf(bytes)) : ''; } });
  define(globalThis, 'structuredClone', structuredClone);
  const index = (n, length) => (n = Math.trunc(n) || 0, n < 0 ? n + length : n);
  for (const proto of [Array.prototype, String.prototype, Object.getPrototypeOf(Uint8Array.prototype)]) {
    define(proto, 'at', function at(n) { return this[index(n, this.length)]; });
  }
  define(Array.prototype, 'findLast', function findLast(f, t) { for (let i = this.length - 1; i >= 0; i--) if (f.call(t, this[i], i, this)) return this[i]; });
  define(Array.prototype, 'findLastIndex', function findLastIndex(f, t) { for (let i = this.length - 1; i >= 0; i--) if (f.call(t, this[i], i, this)) return i; return -1; });
  define(Array.prototype, 'toSorted', function toSorted(f) { return Array.from(this).sort(f); });
  define(Array.prototype, 'toReversed', function toReversed() { return Array.from(this).reverse(); });
  define(Array.prototype, 'toSpliced', function toSpliced(...a) { const c = Array.from(this); c.splice(...a); return c; });
  define(Array.prototype, 'with', function with_(n, v) { const c = Array.from(this); c[index(n, c.length)] = v; return c; });
  define(Object, 'hasOwn', (o, k) => Object.prototype.hasOwnProperty.call(o, k));
  define(Object, 'groupBy', (items, f) => {
    const groups = Object.create(null);
    let i = 0;
    for (const item of items) { const k = f(item, i++); (groups[k] = groups[k] || []).push(item); }
    return groups;
  });
}

// Errors as scripts know them: with a cause, and a stack that begins with the message.
function offerErrors() {
  for (const name of ['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'EvalError', 'URIError']) {
    const Engine = globalThis[name];
    const Wrapped = { [name]: function (message, options) {
      const error = Reflect.construct(Engine, message === undefined ? [] : [message], new.target || Wrapped);
      const frames = String(error.stack).split('\n').filter((line) => !line.includes('/dewar/.')).join('\n');
      const hidden = (key, value) => Object.defineProperty(error, key, { value, writable: true, configurable: true });
      hidden('stack', `${error.name}${error.message ? ': ' + error.message : ''}\n${frames}`.trimEnd());
      if (options !== null && typeof options === 'object' && 'cause' in options) hidden('cause', options.cause);
      return error;
    } }[name];
    Object.defineProperty(Wrapped, 'length', { value: 1, configurable: true });
    Object.defineProperty(Wrapped, 'prototype', { value: Engine.prototype });
    Object.defineProperty(Engine.prototype, 'constructor', { value: Wrapped, writable: true, configurable: true });
    if (name === 'Error') Wrapped.captureStackTrace = (target) => { if (!target.stack) target.stack = new Error(target.message).stack; };
    else Object.setPrototypeOf(Wrapped, globalThis.Error);
    globalThis[name] = Wrapped;
  }
}

function structuredClone(value, seen = new Map()) {
  if (typeof value === 'function' || typeof value === 'symbol') throw new Error(`${String(value)} could not be cloned.`);
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => (seen.set(value, copy), copy);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return keep(value.slice());
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (value instanceof Map) { const c = keep(new Map()); value.forEach((v, k) => c.set(structuredClone(k, seen), structuredClone(v, seen))); return c; }
  if (value instanceof Set) { const c = keep(new Set()); value.forEach((v) => c.add(structuredClone(v, seen))); return c; }
  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const k of Object.keys(value)) copy[k] = structuredClone(value[k], seen);
  return copy;
}

// ---- the script ----

// Kept for the report of a script that has used up the memory.
let reserve = new Uint8Array(1 << 18);

function ended(error) {
  reserve = null;
  reportError(error);
  writeBytes(2, encode('Uncaught ' + inspect(error) + '\n'));
  exit(1);
}

report({ kind: 'hello', language: 'javascript', version: '2020' });
globalThis[Symbol.for('dewar.modules')] = modules;
offer();
let source = '';
try { source = fs.readFileSync(scriptPath, 'utf8'); } catch (e) { ended(e); }
if (/^\s*(?:import\s*[\w{*"']|export\s)/m.test(source)) {
  import(scriptPath).catch(ended);
} else {
  try {
    // The engine does not tell of rejections that nobody handles; at least `main();` at the end of a script is seen.
    const last = loadScript(scriptPath);
    if (last instanceof Promise) last.catch(ended);
  } catch (e) {
    ended(e);
  }
}
