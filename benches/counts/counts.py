#!/usr/bin/env python3
"""Compares instruction counts with the committed ones: counts.py FOUND COMMITTED.json [--update]."""
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

# Compilers and C libraries move counts a little; a regression moves them more.
ALLOWED = 1.05


def main():
    found = {name: int(count) for name, count in (line.split() for line in Path(sys.argv[1]).read_text().splitlines())}
    committed = Path(sys.argv[2])
    if sys.argv[3:] == ["--update"]:
        rustc = subprocess.check_output(["rustc", "--version"], text=True).strip()
        page = {"date": str(date.today()), "rustc": rustc, "instructions": found}
        committed.write_text(json.dumps(page, indent=2) + "\n")
    known = json.loads(committed.read_text())["instructions"]
    worse = []
    for name, count in found.items():
        before = known.get(name)
        print(f"{name:24} {count:>12,}" + (f"  {count / before:6.3f} of {before:,}" if before else "  new"))
        if before is None or count > before * ALLOWED:
            worse.append(name)
    gone = sorted(set(known) - set(found))
    if worse or gone:
        print(f"more instructions than {committed} allows, or not in it: {', '.join(worse) or '-'}; gone: {gone or '-'}")
        print("scripts/instruction-counts.sh --update writes them anew; say in the commit why they rose")
        sys.exit(1)


main()
