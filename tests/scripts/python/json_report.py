# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Reads JSON, groups, prints JSON with stable keys.
import json

ORDERS = """[{"id": 1, "customer": "Ada", "items": [{"sku": "A1", "qty": 2, "price": 9.99}], "paid": true},
 {"id": 2, "customer": "Bob", "items": [{"sku": "B7", "qty": 1, "price": 100}, {"sku": "A1", "qty": 1, "price": 9.99}],
  "paid": false}, {"id": 3, "customer": "Ada", "items": [], "paid": null, "note": "caf\\u00e9 \\ud83d\\ude00"}]"""
orders = json.loads(ORDERS)
totals = {}
for order in orders:
    total = sum(item["qty"] * item["price"] for item in order["items"])
    totals.setdefault(order["customer"], []).append(round(total, 2))
print(json.dumps(totals, sort_keys=True))
print(json.dumps(orders[2], ensure_ascii=False, indent=2))
print(json.dumps(orders[2]))
print(json.dumps({"nested": {"list": [1, 2.5, None, True], "empty": {}, "t": (1,)}}, separators=(",", ":")))
for bad in ('{"a": }', "[1, 2", '{"a": 1} x', "nul", '"\\x"'):
    try:
        json.loads(bad)
    except json.JSONDecodeError as e:
        print(e.msg.split(":")[0], e.lineno, e.colno)
print(json.loads("[1e3, -0, 12345678901234567890, 1.0]"))
