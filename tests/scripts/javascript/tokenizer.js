// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An arithmetic evaluator: tokens, precedence climbing, variables, errors.
const OPS = { '+': [1, (a, b) => a + b], '-': [1, (a, b) => a - b], '*': [2, (a, b) => a * b], '/': [2, (a, b) => { if (b === 0) throw new Error('division by zero'); return a / b; }], '^': [3, Math.pow, true] };
function evaluate(text, vars = {}) {
  const tokens = text.match(/\d+(?:\.\d+)?|[a-z]\w*|\S/gi) || [];
  let at = 0;
  const atom = () => {
    const t = tokens[at++];
    if (t === undefined) throw new SyntaxError('unexpected end');
    if (t === '-') return -atom();
    if (t === '(') { const v = expr(0); if (tokens[at++] !== ')') throw new SyntaxError('expected )'); return v; }
    if (/^\d/.test(t)) return Number(t);
    if (/^[a-z]/i.test(t)) { if (!(t in vars)) throw new ReferenceError(`${t} is not known`); return vars[t]; }
    throw new SyntaxError(`unexpected ${t}`);
  };
  const expr = (least) => {
    let left = atom();
    for (let op; (op = OPS[tokens[at]]) && op[0] >= least;) { at++; left = op[1](left, expr(op[0] + (op[2] ? 0 : 1))); }
    return left;
  };
  const value = expr(0);
  if (at < tokens.length) throw new SyntaxError(`trailing ${tokens[at]}`);
  return value;
}
for (const text of ['1 + 2 * 3', '(1 + 2) * 3', '2 ^ 3 ^ 2', '-4 / (2 - 2)', 'x * (y + 1)', '1 +', '2 $ 3', 'z', '10 - 4 - 3', '0.1 + 0.2']) {
  try { console.log(text.padEnd(14), '=', evaluate(text, { x: 3, y: 4 })); } catch (e) { console.log(text.padEnd(14), '->', e.name + ':', e.message); }
}
