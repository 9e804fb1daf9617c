# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Encoders and decoders of one's own.
import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal


@dataclass
class Event:
    name: str
    day: date
    cost: Decimal


class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, date):
            return {"$date": o.isoformat()}
        if isinstance(o, Decimal):
            return str(o)
        return super().default(o)


def hook(obj):
    return date.fromisoformat(obj["$date"]) if "$date" in obj else obj


text = json.dumps(asdict(Event("launch", date(2024, 2, 29), Decimal("12.50"))), cls=Encoder)
print(text)
print(json.loads(text, object_hook=hook, parse_float=Decimal))
print(json.loads("[1.10, 2]", parse_float=Decimal))
try:
    json.dumps({"x": {1, 2}})
except TypeError as e:
    print(e)
print(json.dumps({1: "a", None: "b", True: "c"}))
