# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# needs: tmp
# An inventory kept as JSON on disk: load, change, save, report.
import json
import os
import tempfile


class Store:
    def __init__(self, path):
        self.path = path
        self.items = json.load(open(path)) if os.path.exists(path) else {}

    def add(self, name, quantity, price):
        item = self.items.setdefault(name, {"quantity": 0, "price": price})
        item["quantity"] += quantity
        item["price"] = price

    def take(self, name, quantity):
        if self.items.get(name, {}).get("quantity", 0) < quantity:
            raise LookupError(f"not enough {name}")
        self.items[name]["quantity"] -= quantity

    def save(self):
        temporary = self.path + ".new"
        with open(temporary, "w") as f:
            json.dump(self.items, f, sort_keys=True, indent=1)
        os.replace(temporary, self.path)


folder = tempfile.mkdtemp()
path = os.path.join(folder, "store.json")
store = Store(path)
store.add("bolt", 100, 0.05)
store.add("nut", 80, 0.03)
store.add("bolt", 20, 0.06)
store.take("nut", 30)
store.save()
again = Store(path)
try:
    again.take("nut", 51)
except LookupError as e:
    print(e)
print(again.items, os.listdir(folder))
print(f"{sum(i['quantity'] * i['price'] for i in again.items.values()):.2f}")
print(open(path).read())
os.remove(path)
os.rmdir(folder)
