// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An event emitter, an observable, a store with middleware.
class Emitter {
  #handlers = new Map();
  on(name, f) { this.#handlers.set(name, [...(this.#handlers.get(name) || []), f]); return () => this.off(name, f); }
  off(name, f) { this.#handlers.set(name, (this.#handlers.get(name) || []).filter((x) => x !== f)); }
  once(name, f) { const off = this.on(name, (...args) => { off(); f(...args); }); }
  emit(name, ...args) { (this.#handlers.get(name) || []).forEach((f) => f(...args)); return this; }
}
const e = new Emitter();
const off = e.on('x', (a) => console.log('first', a));
e.once('x', (a) => console.log('once', a));
e.emit('x', 1).emit('x', 2);
off();
e.emit('x', 3).emit('unknown');
function createStore(reducer, ...middleware) {
  let state = reducer(undefined, {});
  const listeners = new Set(), store = { get state() { return state; }, subscribe: (f) => (listeners.add(f), () => listeners.delete(f)) };
  store.dispatch = middleware.reduceRight((next, m) => m(store)(next), (action) => { state = reducer(state, action); listeners.forEach((f) => f(state)); return action; });
  return store;
}
const log = (store) => (next) => (action) => { console.log('->', action); const r = next(action); console.log('<-', store.state); return r; };
const store = createStore((s = { items: [], total: 0 }, { type, item }) => (type === 'add' ? { items: [...s.items, item], total: s.total + item.price } : type === 'clear' ? { items: [], total: 0 } : s), log);
store.subscribe((s) => console.log('items:', s.items.length));
store.dispatch({ type: 'add', item: { name: 'pen', price: 1.5 } });
store.dispatch({ type: 'add', item: { name: 'book', price: 12 } });
store.dispatch({ type: 'clear' });
