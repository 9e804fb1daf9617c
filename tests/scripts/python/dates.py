# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Dates, weeks, months, time zones and differences.
import calendar
from datetime import date, datetime, time, timedelta, timezone

d = date(2024, 2, 28)
for i in range(3):
    print((d + timedelta(days=i)).strftime("%Y-%m-%d %a %j"), (d + timedelta(days=i)).isocalendar()[1])
print((date(2024, 12, 25) - d).days, date.fromordinal(738000), calendar.monthrange(2023, 2)[1])
dt = datetime(2024, 3, 10, 23, 45, 30, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
print(dt.isoformat(), dt.astimezone(timezone.utc), dt.timestamp())
print(datetime.strptime("2021-07-04 09:08:07", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc))
print(datetime.fromisoformat("2020-01-02T03:04:05+00:00") - datetime(2020, 1, 1, tzinfo=timezone.utc))
print(timedelta(days=-1, hours=5), timedelta(seconds=93784).total_seconds(), time(13, 5).strftime("%I:%M %p"))
print(calendar.TextCalendar().formatmonth(2024, 2))
