// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A CSV parser with quotes, grouping and a report.
const text = `name,team,"score, points",note
Ada,red,12.5,"said ""hi"""
Bob,blue,7,"two
lines"
Cyd,red,30,
`;
function parse(csv) {
  const rows = [[]];
  let field = '', quoted = false;
  for (let i = 0; i < csv.length; i++) {
    const c = csv[i];
    if (quoted) {
      if (c === '"' && csv[i + 1] === '"') { field += '"'; i++; } else if (c === '"') quoted = false; else field += c;
    } else if (c === '"') quoted = true;
    else if (c === ',' || c === '\n') { rows[rows.length - 1].push(field); field = ''; if (c === '\n') rows.push([]); } else field += c;
  }
  rows.pop();
  const [head, ...body] = rows;
  return body.map((r) => Object.fromEntries(head.map((h, i) => [h, r[i]])));
}
const rows = parse(text);
console.log(rows);
const totals = rows.reduce((t, { team, 'score, points': score }) => ({ ...t, [team]: (t[team] || 0) + parseFloat(score) }), {});
console.log(totals, Object.entries(totals).map(([k, v]) => `${k}: ${v.toFixed(2).padStart(8)}`).join('\n'));
console.log(rows.map((r) => Object.values(r).map((v) => (/[",\n]/.test(v) ? `"${v.replace(/"/g, '""')}"` : v)).join(',')).join('\n') === text.split('\n').slice(1).join('\n').trimEnd());
