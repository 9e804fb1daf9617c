// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The console of the QuickJS guest: groups, tables, counters and timers over quickjs_inspect.js.
import { format, inspect } from '/dewar/.inspect.js';

const line = (widths, left, middle, right) => left + widths.map((w) => '─'.repeat(w + 2)).join(middle) + right + '\n';

// A table of columns of texts, the first of each its head.
function drawTable(columns) {
  const widths = columns.map((c) => Math.max(...c.map((text) => text.length)));
  const row = (i) => '│' + columns.map((c, k) => ` ${c[i].padEnd(widths[k])} `).join('│') + '│\n';
  let out = line(widths, '┌', '┬', '┐') + row(0) + line(widths, '├', '┼', '┤');
  for (let i = 1; i < columns[0].length; i++) out += row(i);
  return out + line(widths, '└', '┴', '┘').trimEnd();
}

function table(data, wanted) {
  const isMap = data instanceof Map, isSet = data instanceof Set;
  const rows = isMap ? [...data.values()] : isSet ? [...data] : Object.keys(data).map((k) => data[k]);
  const keys = isMap || isSet ? rows.map((_, i) => String(i)) : Object.keys(data);
  const head = isMap || isSet ? '(iteration index)' : '(index)';
  const columns = [[head, ...keys]];
  if (isMap) columns.push(['Key', ...Array.from(data.keys(), (k) => inspect(k, { depth: 0 }))]);
  const names = [];
  let values = null;
  const cells = new Map();
  rows.forEach((row, i) => {
    if (isMap || row === null || typeof row !== 'object' && typeof row !== 'function') {
      (values = values || [])[i] = inspect(row, { depth: isMap ? 1 : 0 });
      return;
    }
    for (const name of wanted || Object.keys(row)) {
      if (!cells.has(name)) { cells.set(name, []); names.push(name); }
      if (Object.prototype.hasOwnProperty.call(row, name)) cells.get(name)[i] = inspect(row[name], { depth: 0 });
    }
  });
  const column = (name, texts) => [name, ...rows.map((_, i) => texts[i] === undefined ? '' : texts[i])];
  for (const name of names) columns.push(column(String(name), cells.get(name)));
  if (values) columns.push(column('Values', values));
  return drawTable(columns);
}

/** A console that writes text to descriptors 1 and 2 with `write(fd, text)`. */
export function makeConsole(write) {
  let indent = '';
  const counts = new Map(), timers = new Map();
  const put = (fd, text) => write(fd, (indent ? indent + text.replace(/\n/g, '\n' + indent) : text) + '\n');
  const out = (...values) => put(1, format(values));
  const err = (...values) => put(2, format(values));
  const group = (...values) => { if (values.length) out(...values); indent += '  '; };
  const elapsed = (label) => `${label}: ${(performance.now() - timers.get(label)).toFixed(3)}ms`;
  const warnUnknown = (what, label) => err(`Warning: No such label '${label}' for console.${what}()`);
  return {
    log: out, info: out, debug: out, error: err, warn: err, group, groupCollapsed: group,
    groupEnd() { indent = indent.slice(0, -2); },
    dir: (value, options) => put(1, inspect(value, options || {})),
    dirxml: out,
    trace: (...values) => err(format(['Trace' + (values.length ? ': ' + format(values) : '')]) + '\n' + new Error().stack.trimEnd()),
    assert(ok, ...values) {
      if (ok) return;
      if (typeof values[0] === 'string') err('Assertion failed: ' + values[0], ...values.slice(1));
      else err('Assertion failed' + (values.length ? ':' : ''), ...values);
    },
    table: (data, wanted) => data === null || typeof data !== 'object' ? out(data) : put(1, table(data, wanted)),
    count(label = 'default') { counts.set(String(label), (counts.get(String(label)) || 0) + 1); out(`${label}: ${counts.get(String(label))}`); },
    countReset: (label = 'default') => { if (!counts.delete(String(label))) err(`Warning: Count for '${label}' does not exist`); },
    time: (label = 'default') => { timers.set(String(label), performance.now()); },
    timeLog: (label = 'default', ...values) => { if (timers.has(String(label))) out(elapsed(String(label)), ...values); else warnUnknown('timeLog', label); },
    timeEnd: (label = 'default') => { if (timers.has(String(label))) { out(elapsed(String(label))); timers.delete(String(label)); } else warnUnknown('timeEnd', label); },
  };
}
