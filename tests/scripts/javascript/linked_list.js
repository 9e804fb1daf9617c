// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data structures: linked list, heap, trie, LRU cache.
class List {
  constructor(items = []) { this.head = null; this.size = 0; [...items].reverse().forEach((x) => this.push(x)); }
  push(value) { this.head = { value, next: this.head }; this.size++; return this; }
  reverse() { let out = null; for (let n = this.head; n; n = n.next) out = { value: n.value, next: out }; this.head = out; return this; }
  *[Symbol.iterator]() { for (let n = this.head; n; n = n.next) yield n.value; }
}
const list = new List([1, 2, 3, 4]);
console.log(list, [...list.reverse()], new List());
class Heap {
  #a = [];
  push(x) { this.#a.push(x); this.#a.sort((p, q) => p[0] - q[0]); }
  pop() { return this.#a.shift(); }
  get size() { return this.#a.length; }
}
const heap = new Heap();
for (const [p, name] of [[3, 'c'], [1, 'a'], [2, 'b']]) heap.push([p, name]);
console.log(heap.pop(), heap.size, heap);
class LRU extends Map {
  constructor(max) { super(); this.max = max; }
  get(k) { const v = super.get(k); if (super.delete(k)) super.set(k, v); return v; }
  set(k, v) { super.delete(k); super.set(k, v); if (this.max && this.size > this.max) this.delete(this.keys().next().value); return this; }
}
const lru = new LRU(2);
lru.set('a', 1).set('b', 2); lru.get('a'); lru.set('c', 3);
console.log([...lru.keys()], lru.get('b'), lru);
const trie = {};
for (const w of ['car', 'cat', 'do']) { let n = trie; for (const c of w) n = n[c] ??= {}; n.$ = w; }
const words = (n) => Object.entries(n).flatMap(([k, v]) => (k === '$' ? [v] : words(v)));
console.log(words(trie.c), trie);
const circular = { name: 'loop', list: [] }; circular.self = circular; circular.list.push(circular, { circular });
console.log(circular);
const twin = { v: 1 };
console.log({ a: twin, b: twin }, [twin, [twin]]);
