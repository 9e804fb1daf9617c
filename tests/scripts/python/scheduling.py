# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Plans meetings into free slots; intervals merged and inverted.
from datetime import datetime, timedelta


def at(text):
    return datetime.strptime("2024-06-03 " + text, "%Y-%m-%d %H:%M")


def merge(intervals):
    out = []
    for start, end in sorted(intervals):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def free(busy, start, end):
    for a, b in merge(busy):
        if a > start:
            yield start, min(a, end)
        start = max(start, b)
    if start < end:
        yield start, end


busy = [(at("09:00"), at("10:15")), (at("13:00"), at("14:00")), (at("10:00"), at("11:30")), (at("13:30"), at("13:45"))]
slots = list(free(busy, at("08:00"), at("17:00")))
for a, b in slots:
    print(f"{a:%H:%M}-{b:%H:%M} {b - a}")
for minutes in (30, 100, 200, 500):
    need = timedelta(minutes=minutes)
    print(minutes, next((f"{a:%H:%M}" for a, b in slots if b - a >= need), "no slot"))
print(sum((b - a for a, b in slots), timedelta()))
