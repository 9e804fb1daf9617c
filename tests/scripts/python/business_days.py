# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Counts working days between dates with holidays.
from datetime import date, timedelta

HOLIDAYS = {date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 1)}


def working_days(start, end):
    day = start
    while day < end:
        if day.weekday() < 5 and day not in HOLIDAYS:
            yield day
        day += timedelta(1)


days = list(working_days(date(2024, 3, 25), date(2024, 4, 8)))
print(len(days), [d.isoformat() for d in days])
months = {}
for d in working_days(date(2024, 1, 1), date(2025, 1, 1)):
    months[d.strftime("%b")] = months.get(d.strftime("%b"), 0) + 1
print(months, sum(months.values()))
