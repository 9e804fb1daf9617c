// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs: breadth first, Dijkstra, topological order.
const graph = { A: { B: 7, C: 9, F: 14 }, B: { A: 7, C: 10, D: 15 }, C: { A: 9, B: 10, D: 11, F: 2 }, D: { B: 15, C: 11, E: 6 }, E: { D: 6, F: 9 }, F: { A: 14, C: 2, E: 9 }, Z: {} };
function dijkstra(start) {
  const best = { [start]: 0 }, from = {}, todo = new Set(Object.keys(graph));
  while (todo.size) {
    const node = [...todo].reduce((a, b) => ((best[b] ?? Infinity) < (best[a] ?? Infinity) ? b : a));
    todo.delete(node);
    for (const [other, weight] of Object.entries(graph[node])) {
      const cost = best[node] + weight;
      if (cost < (best[other] ?? Infinity)) { best[other] = cost; from[other] = node; }
    }
  }
  return { best, from };
}
const { best, from } = dijkstra('A');
const path = (to) => (from[to] ? path(from[to]) : []).concat(to);
console.log(best, path('E'), from);
const bfs = (start) => { const seen = [start]; for (const node of seen) for (const other in graph[node]) if (!seen.includes(other)) seen.push(other); return seen; };
console.log(bfs('E'), bfs('Z'));
function order(deps) {
  const out = [], state = {};
  const visit = (n, trail) => {
    if (state[n] === 'done') return;
    if (state[n]) throw new Error(`cycle: ${[...trail, n].join(' -> ')}`);
    state[n] = 'open';
    (deps[n] || []).forEach((d) => visit(d, [...trail, n]));
    state[n] = 'done';
    out.push(n);
  };
  Object.keys(deps).forEach((n) => visit(n, []));
  return out;
}
console.log(order({ app: ['lib', 'log'], lib: ['core'], log: ['core'] }));
try { order({ a: ['b'], b: ['c'], c: ['a'] }); } catch (e) { console.log(e.message); }
