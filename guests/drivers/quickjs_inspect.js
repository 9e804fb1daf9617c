// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values as text for the console of the QuickJS guest, laid out as Node lays them out (util.inspect and util.format as
// documented there: two levels deep, 80 columns, at most three levels on a line, long arrays in columns). What the
// engine does not tell (the state of a promise, what is left of an iterator) is left out. Imported by quickjs_driver.js.
const WIDTH = 80, LEVELS_ON_A_LINE = 3, MAX_ITEMS = 100, MAX_STRING = 10000, MAX_COLUMNS = 15;
const CUSTOM = Symbol.for('nodejs.util.inspect.custom');
const IDENTIFIER = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys: keysOf } = Object;
const hasOwn = Object.prototype.hasOwnProperty;
const isEnumerable = Object.prototype.propertyIsEnumerable;
const TypedArray = getPrototypeOf(Uint8Array);
const mapForEach = Map.prototype.forEach, setForEach = Set.prototype.forEach;
// With a getter of the built-in prototype, one is told what a value really is, whatever its prototype says.
const probe = (proto, name) => {
  const { get } = getOwnPropertyDescriptor(proto, name);
  return (v) => { try { return get.call(v); } catch (e) { return undefined; } };
};
const mapSize = probe(Map.prototype, 'size'), setSize = probe(Set.prototype, 'size');
const typedKind = probe(TypedArray.prototype, Symbol.toStringTag), bufferSize = probe(ArrayBuffer.prototype, 'byteLength');

const ESCAPES = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r', '\\': '\\\\' };
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SPECIAL = /[\x00-\x1f\x7f-\x9f\\]/g;

function quote(text) {
  let mark = "'";
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"';
    else if (!text.includes('`') && !text.includes('${')) mark = '`';
  }
  let out = text.replace(SPECIAL, (c) => ESCAPES[c] || '\\x' + c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'));
  if (mark === "'") out = out.replace(/'/g, "\\'");
  if (LONE.test(out)) out = out.replace(new RegExp(LONE.source, 'g'), (c) => '\\u' + c.charCodeAt(0).toString(16).toUpperCase());
  return mark + out + mark;
}

const number = (n) => Object.is(n, -0) ? '-0' : String(n);
const width = (text) => {
  let n = 0;
  for (const ch of text) {
    const c = ch.codePointAt(0);
    if (c >= 0x300 && c < 0x370 || c === 0x200b || c === 0x200d || c >= 0xfe00 && c < 0xfe10) continue;
    n += c >= 0x1100 && (c < 0x1160 || c >= 0x2e80 && c < 0xa4d0 || c >= 0xac00 && c < 0xd7a4 || c >= 0xf900 && c < 0xfb00 ||
      c >= 0xfe30 && c < 0xfe70 || c >= 0xff00 && c < 0xff61 || c >= 0x1f300 && c < 0x1f650 || c >= 0x1f900 && c < 0x1fa00 ||
      c >= 0x20000 && c < 0x3fffe) ? 2 : 1;
  }
  return n;
};

function primitive(state, value) {
  switch (typeof value) {
    case 'string': {
      let more = '';
      if (value.length > MAX_STRING) {
        const left = value.length - MAX_STRING;
        more = `... ${left} more character${left > 1 ? 's' : ''}`;
        value = value.slice(0, MAX_STRING);
      }
      // A long text breaks where it has line breaks itself.
      if (value.length > 16 && value.length > WIDTH - state.indent - 4 && /\n./s.test(value)) {
        return value.split(/(?<=\n)/).map(quote).join(' +\n' + ' '.repeat(state.indent + 2)) + more;
      }
      return quote(value) + more;
    }
    case 'number': return number(value);
    case 'bigint': return value + 'n';
    default: return String(value);
  }
}

// The name of the constructor that made it, or null where the prototype chain has none.
function constructorName(value) {
  for (let at = value; at; at = getPrototypeOf(at)) {
    const own = getOwnPropertyDescriptor(at, 'constructor');
    if (own && typeof own.value === 'function' && own.value.name !== '' && isInstance(value, own.value)) {
      return String(own.value.name);
    }
  }
  return null;
}

function isInstance(value, constructor) {
  try { return value instanceof constructor; } catch (e) { return false; }
}

function ownTag(value) {
  let tag;
  try { tag = value[Symbol.toStringTag]; } catch (e) { return ''; }
  return typeof tag === 'string' && !isEnumerable.call(value, Symbol.toStringTag) ? tag : '';
}

// "Map(2) [tag] ", with the trailing space.
function prefix(name, tag, fallback, size = '') {
  if (name === null) return tag !== '' && tag !== fallback ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  return tag !== '' && tag !== name ? `${name}${size} [${tag}] ` : `${name}${size} `;
}

function propertyKeys(state, value, isList) {
  let names = state.hidden ? getOwnPropertyNames(value) : keysOf(value);
  if (isList) names = names.filter((name) => !/^(?:0|[1-9][0-9]*)$/.test(name));
  const symbols = getOwnPropertySymbols(value);
  return symbols.length === 0 ? names : names.concat(symbols.filter((s) => state.hidden || isEnumerable.call(value, s)));
}

function deeper(state, value, level) {
  state.indent += 2;
  const text = formatValue(state, value, level);
  state.indent -= 2;
  return text;
}

function property(state, owner, level, key) {
  const desc = getOwnPropertyDescriptor(owner, key) || { value: owner[key], enumerable: true };
  let text = 'undefined';
  if (desc.value !== undefined) text = deeper(state, desc.value, level);
  else if (desc.get) text = desc.set ? '[Getter/Setter]' : '[Getter]';
  else if (desc.set) text = '[Setter]';
  let name;
  if (typeof key === 'symbol') name = `[${String(key)}]`;
  else if (key === '__proto__') name = "['__proto__']";
  else if (!desc.enumerable) name = `[${key}]`;
  else name = IDENTIFIER.test(key) ? key : quote(key);
  return `${name}: ${text}`;
}

const more = (count) => `... ${count} more item${count > 1 ? 's' : ''}`;

function listItems(state, list, level) {
  const out = [];
  let i = 0;
  for (; i < list.length && out.length < MAX_ITEMS; i++) {
    if (hasOwn.call(list, i)) {
      const desc = getOwnPropertyDescriptor(list, i);
      out.push(desc.get || desc.set ? property(state, list, level, String(i)).replace(/^[^:]*: /, '') : deeper(state, desc.value, level));
      continue;
    }
    let end = i + 1;
    while (end < list.length && !hasOwn.call(list, end)) end++;
    out.push(`<${end - i} empty item${end - i > 1 ? 's' : ''}>`);
    i = end - 1;
  }
  if (i < list.length) out.push(more(list.length - i));
  return out;
}

function collectionItems(state, value, size, level, isMap) {
  const out = [];
  (isMap ? mapForEach : setForEach).call(value, (v, k) => {
    if (out.length < MAX_ITEMS) out.push(isMap ? `${deeper(state, k, level)} => ${deeper(state, v, level)}` : deeper(state, v, level));
  });
  if (size > MAX_ITEMS) out.push(more(size - MAX_ITEMS));
  return out;
}

// More than six items of a list go into columns if they are short or of about the same length.
function columns(state, items, list) {
  const rest = list.length > MAX_ITEMS && items.length > MAX_ITEMS ? items.pop() : null;
  const gap = 2;
  const widths = items.map(width);
  const longest = Math.max(...widths) + gap;
  const total = widths.reduce((sum, w) => sum + w + gap, 0);
  const restore = () => { if (rest !== null) items.push(rest); return items; };
  if (longest * 3 + state.indent >= WIDTH || total / longest <= 5 && longest - gap > 6) return restore();
  const bias = Math.sqrt(longest - total / (items.length + (rest === null ? 0 : 1)));
  const biased = Math.max(longest - 3 - bias, 1);
  const count = Math.min(Math.round(Math.sqrt(2.5 * biased * items.length) / biased),
    Math.floor((WIDTH - state.indent) / longest), LEVELS_ON_A_LINE * 4, MAX_COLUMNS);
  if (count <= 1) return restore();
  const columnWidths = [];
  for (let c = 0; c < count; c++) {
    let most = 0;
    for (let i = c; i < items.length; i += count) most = Math.max(most, widths[i]);
    columnWidths.push(most + gap);
  }
  const right = Array.prototype.every.call(list, (v) => typeof v === 'number' || typeof v === 'bigint');
  const lines = [];
  for (let i = 0; i < items.length; i += count) {
    const end = Math.min(i + count, items.length);
    let line = '';
    for (let j = i; j < end; j++) {
      const last = j === end - 1;
      const cell = last ? items[j] : items[j] + ', ';
      const wanted = columnWidths[j - i] + items[j].length - widths[j] - (last ? gap : 0);
      line += right ? cell.padStart(wanted) : last ? cell : cell.padEnd(wanted);
    }
    lines.push(line);
  }
  if (rest !== null) lines.push(rest);
  return lines;
}

function join(state, items, base, open, close, level, list) {
  const before = items.length;
  if (list && before > 6) items = columns(state, items, list);
  if (state.depthReached - level < LEVELS_ON_A_LINE && items.length === before) {
    // Whether it fits is asked of the text with its separators and some room for what comes around it.
    const start = items.length + state.indent + open.length + base.length + 10;
    const total = items.reduce((sum, item) => sum + item.length, items.length + start);
    if (total <= WIDTH && !base.includes('\n')) {
      const line = items.join(', ');
      if (!line.includes('\n')) return `${base ? base + ' ' : ''}${open} ${line} ${close}`;
    }
  }
  const pad = '\n' + ' '.repeat(state.indent);
  return `${base ? base + ' ' : ''}${open}${pad}  ${items.join(`,${pad}  `)}${pad}${close}`;
}

function functionBase(value, name, tag) {
  const source = Function.prototype.toString.call(value);
  const own = getOwnPropertyDescriptor(value, 'name');
  const called = own && typeof own.value === 'string' ? own.value : '';
  if (/^class\b/.test(source)) {
    const parent = getPrototypeOf(value);
    const above = parent && parent.name ? ` extends ${parent.name}` : parent === null ? ' extends [null prototype]' : '';
    return `[class ${called || '(anonymous)'}${above}]`;
  }
  const kind = /Function$/.test(tag) ? tag : 'Function';
  return `[${kind}${name === null ? ' (null prototype)' : ''}${called ? ': ' + called : ' (anonymous)'}]`;
}

function errorText(state, error, keys) {
  let head;
  try {
    const name = error.name === undefined ? 'Error' : String(error.name);
    const message = String(error.message);
    head = message === '' ? name : name === '' ? message : `${name}: ${message}`;
  } catch (e) { head = 'Error'; }
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line) && !state.isInternal(line));
  if (!keys.includes('cause') && hasOwn.call(error, 'cause')) keys.push('cause');
  if (Array.isArray(error.errors) && !keys.includes('errors')) keys.push('errors');
  for (const name of ['name', 'message', 'stack']) {
    const at = keys.indexOf(name);
    if (at >= 0 && head.includes(String(error[name])) || name === 'stack' && at >= 0) keys.splice(at, 1);
  }
  const text = frames.length ? [head, ...frames].join('\n') : `[${head}]`;
  return state.indent ? text.replace(/\n/g, '\n' + ' '.repeat(state.indent)) : text;
}

const BOXES = [[Number, 'Number'], [String, 'String'], [Boolean, 'Boolean'], [BigInt, 'BigInt'], [Symbol, 'Symbol']];
function boxed(value) {
  for (const [type, name] of BOXES) {
    try { return { name, value: type.prototype.valueOf.call(value) }; } catch (e) { /* another kind */ }
  }
  return null;
}

function formatObject(state, value, level) {
  const name = constructorName(value), tag = ownTag(value);
  let open = '{', close = '}', base = '', items = null, list = null, keys, size;
  if (Array.isArray(value) || (size = typedKind(value)) !== undefined) {
    const kind = Array.isArray(value) ? 'Array' : size;
    keys = propertyKeys(state, value, true);
    if (keys.length === 3 && keys.join() === 'groups,index,input') keys = ['index', 'input', 'groups'];  // of a match
    const plain = kind === 'Array' && name === 'Array' && tag === '';
    open = (plain ? '' : prefix(name, tag, kind, `(${value.length})`)) + '[';
    close = ']';
    if (value.length === 0 && keys.length === 0) return open + ']';
    list = value;
    items = () => kind === 'Array' ? listItems(state, value, level)
      : Array.from(value.slice(0, MAX_ITEMS), (v) => primitive(state, v)).concat(value.length > MAX_ITEMS ? [more(value.length - MAX_ITEMS)] : []);
  } else if ((size = setSize(value)) !== undefined || (size = mapSize(value)) !== undefined) {
    const isMap = mapSize(value) !== undefined;
    keys = propertyKeys(state, value);
    open = prefix(name, tag, isMap ? 'Map' : 'Set', `(${size})`) + '{';
    if (size === 0 && keys.length === 0) return open + '}';
    items = () => collectionItems(state, value, size, level, isMap);
  } else {
    keys = propertyKeys(state, value);
    const isDate = value instanceof Date, isRegExp = value instanceof RegExp;
    let box;
    if (typeof value === 'function') base = functionBase(value, name, tag);
    else if (isRegExp) base = RegExp.prototype.toString.call(value);
    else if (isDate) base = isNaN(value) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
    else if (value instanceof Error) base = errorText(state, value, keys);
    else if (bufferSize(value) !== undefined) {
      open = prefix(name, tag, 'ArrayBuffer') + '{';
      const bytes = new Uint8Array(value);
      const shown = Array.from(bytes.slice(0, 50), (b) => b.toString(16).padStart(2, '0')).join(' ');
      items = () => [`[Uint8Contents]: <${shown}${bytes.length > 50 ? ` ... ${bytes.length - 50} more bytes` : ''}>`, `byteLength: ${bytes.length}`];
    } else if (value instanceof Promise) {
      open = prefix(name, tag, 'Promise') + '{';
      items = () => ['<pending>'];
    } else if (value instanceof WeakMap || value instanceof WeakSet) {
      open = prefix(name, tag, 'WeakMap') + '{';
      items = () => ['<items unknown>'];
    } else if (tag === 'Arguments' || Object.prototype.toString.call(value) === '[object Arguments]') {
      keys = propertyKeys(state, value, true);
      open = '[Arguments] [';
      close = ']';
      if (value.length === 0 && keys.length === 0) return open + ']';
      list = value;
      items = () => listItems(state, value, level);
    } else if ((box = boxed(value))) {
      if (box.name === 'String') keys = propertyKeys(state, value, true);
      base = `[${box.name}${name === box.name || name === null ? '' : ` (${name})`}: ${primitive({ indent: 0 }, box.value)}]`;
    } else {
      if (name !== 'Object' || tag !== '') open = prefix(name, tag, 'Object') + '{';
      if (keys.length === 0) return open + '}';
    }
    if (base !== '' && keys.length === 0) return base;
  }
  if (level > state.depth) {
    const label = prefix(name, tag, list ? 'Array' : 'Object').slice(0, -1);
    return name === null ? label : `[${label}]`;
  }
  level += 1;
  state.seen.push(value);
  state.depthReached = level;
  const output = items ? items() : [];
  for (const key of keys) output.push(property(state, value, level, key));
  state.seen.pop();
  const ref = state.circular.get(value);
  if (ref !== undefined) base = base ? `<ref *${ref}> ${base}` : `<ref *${ref}>`;
  return join(state, output, base, open, close, level, list);
}

function formatValue(state, value, level) {
  if (value === null || typeof value !== 'object' && typeof value !== 'function') return primitive(state, value);
  if (typeof value[CUSTOM] === 'function' && value[CUSTOM] !== inspect) {
    const text = value[CUSTOM](state.depth - level, { depth: state.depth - level }, inspect);
    return typeof text === 'string' ? text.replace(/\n/g, '\n' + ' '.repeat(state.indent)) : formatValue(state, text, level);
  }
  if (state.seen.includes(value)) {
    if (!state.circular.has(value)) state.circular.set(value, state.circular.size + 1);
    return `[Circular *${state.circular.get(value)}]`;
  }
  return formatObject(state, value, level);
}

let internal = () => false;
/** Which lines of a stack are not the user's. */
export function hideFrames(test) { internal = test; }

export function inspect(value, options = {}) {
  const depth = options.depth === null ? Infinity : options.depth === undefined ? 2 : Number(options.depth);
  const state = { depth, hidden: !!options.showHidden, indent: 0, depthReached: 0, seen: [], circular: new Map(), isInternal: internal };
  return formatValue(state, value, 0);
}

// An object that says itself what it is as text: by a method of a class of the user's, or as an error.
function ownText(value) {
  if (value instanceof Error || typedKind(value) !== undefined) return true;
  for (let at = value; at && at !== Object.prototype; at = getPrototypeOf(at)) {
    if (hasOwn.call(at, 'toString')) return !/\[native code\]/.test(Function.prototype.toString.call(at.toString));
  }
  return false;
}

const toNumber = (v, convert) => typeof v === 'bigint' ? v + 'n' : typeof v === 'symbol' ? 'NaN' : number(convert(v));
const DIRECTIVES = {
  s: (v) => typeof v === 'number' ? number(v) : typeof v === 'bigint' ? v + 'n'
    : typeof v === 'object' && v !== null && !ownText(v) ? inspect(v, { depth: 0 }) : String(v),
  d: (v) => typeof v === 'object' && v !== null ? number(Number(v)) : toNumber(v, Number),
  i: (v) => typeof v === 'object' && v !== null ? 'NaN' : toNumber(v, parseInt),
  f: (v) => typeof v === 'symbol' ? 'NaN' : number(parseFloat(v)),
  j: (v) => { try { return JSON.stringify(v); } catch (e) { return '[Circular]'; } },
  o: (v) => inspect(v, { showHidden: true, depth: 4 }),
  O: (v) => inspect(v),
  c: () => '',
};

/** The text of the arguments of console.log. */
export function format(values) {
  let rest = values, text = '';
  if (typeof values[0] === 'string') {
    rest = values.slice(1);
    text = values[0];
    if (rest.length && text.includes('%')) {
      text = text.replace(/%([sdifjoOc%])/g, (whole, c) => c === '%' ? '%' : rest.length === 0 ? whole : DIRECTIVES[c](rest.shift()));
    }
    if (rest.length) text += ' ';
  }
  return text + rest.map((v) => typeof v === 'string' ? v : inspect(v)).join(' ');
}
