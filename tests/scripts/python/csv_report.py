# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# CSV: quoting, dictionaries, dialects.
import csv
import io

TEXT = '''name,team,"score, points",note
Ada,red,12.5,"said ""hi"""
Bob,blue,7,"two
lines"
Cyd,red,30,
'''
rows = list(csv.DictReader(io.StringIO(TEXT)))
print(len(rows), rows[0]["note"], repr(rows[1]["note"]), rows[2]["note"] == "")
totals = {}
for row in rows:
    totals[row["team"]] = totals.get(row["team"], 0) + float(row["score, points"])
print(totals)
out = io.StringIO()
writer = csv.DictWriter(out, fieldnames=["team", "total"], quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
writer.writeheader()
for team in sorted(totals):
    writer.writerow({"team": team, "total": totals[team]})
print(out.getvalue(), end="")
print(list(csv.reader(["a;b;'c;d'"], delimiter=";", quotechar="'")))
print(csv.Sniffer().sniff("x\ty\n1\t2\n").delimiter == "\t")
try:
    writer.writerow({"other": 1})
except ValueError:
    print("unknown field")
