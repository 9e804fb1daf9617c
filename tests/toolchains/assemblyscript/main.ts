// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// AssemblyScript with the WASI shim: arguments, environment, classes, maps, sorting, date, random numbers, exit code.
class Item {
  constructor(public name: string, public count: i32) {}
}

function count(text: string): Map<string, i32> {
  const counts = new Map<string, i32>();
  const words = text.toLowerCase().split(" ");
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1);
  }
  return counts;
}

const counts = count(process.argv.slice(1).join(" "));
const items: Item[] = [];
const keys = counts.keys();
for (let i = 0; i < keys.length; i++) items.push(new Item(keys[i], counts.get(keys[i])));
items.sort((a, b) => a.count != b.count ? b.count - a.count : a.name < b.name ? -1 : 1);
for (let i = 0; i < items.length; i++) console.log(items[i].name + " " + items[i].count.toString());
let a: u64 = 0, b: u64 = 1;
for (let i = 0; i < 90; i++) {
  const next = a + b;
  a = b;
  b = next;
}
console.log(a.toString() + " " + Math.sqrt(2).toString() + " " + (process.env.has("NAME") ? process.env.get("NAME") : "none"));
console.log(new Date(Date.now()).toISOString().substring(0, 10));
const x = Math.random();
console.log((x >= 0 && x < 1).toString());
console.error("to standard error");  // which the shim prints like the rest
process.exit(items.length);
