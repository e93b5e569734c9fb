#!/usr/bin/env python3
"""The rows of an encode table whose titles are of certain kinds: rows_of_kinds.py TABLE TARGET KIND…"""

import csv
import sys

table, target, *kinds = sys.argv[1:]
with open(table, newline="", encoding="utf-8") as source, open(target, "w", newline="", encoding="utf-8") as file:
    rows = csv.DictReader(source)
    out = csv.DictWriter(file, rows.fieldnames, lineterminator="\n")
    out.writeheader()
    out.writerows(row for row in rows if row["title_kind"] in kinds)
