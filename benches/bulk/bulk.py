#!/usr/bin/env python3
"""Speed and memory of `encast predict --data` over what-if tables; prints benches/results/bulk.md.

Every figure is the best of several runs that take turns, by the wall clock from start to end of the command, on the first
N processors (taskset). See scripts/bench-bulk.sh.
"""

import argparse
import datetime
import os
import platform
import subprocess
import sys
import time

import tables

FOLDER = os.path.dirname(os.path.abspath(__file__))


def table(work, kind, rows, compression="snappy"):
    path = os.path.join(work, f"{kind}-{rows}-{compression}.parquet")
    if not os.path.exists(path):
        making = [sys.executable, os.path.join(FOLDER, "tables.py"), kind, str(rows), path + ".part", "--compression", compression]
        subprocess.run(making, check=True)
        os.rename(path + ".part", path)
    return path


def run(encast, data, out, processors, more):
    command = ["taskset", "-c", ",".join(map(str, range(processors))), encast, "predict", "--data", data, "--out", out,
               "--cores", str(processors), *more]
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - started
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    os.unlink(out)
    return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def cpu():
    with open("/proc/cpuinfo") as about:
        names = [line.split(":")[1].strip() for line in about if line.startswith("model name")]
    return f"{names[0]}, {len(names)} processors" if names else platform.machine()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("encast")
    arguments.add_argument("work")
    arguments.add_argument("--rows", type=int, default=4_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--large", type=int, default=10_000_000)
    given = arguments.parse_args()
    one = ["--target", "vmaf", "--keep", "none"]
    cases = []
    for kind in tables.KINDS:
        rows = given.rows if kind.endswith("grid") else given.rows // 4
        for processors in (1, 2):
            cases.append((kind, rows, processors, "Parquet", "VMAF", one))
    grid = "content-grid"
    cases += [
        (grid, given.rows, 1, "CSV", "VMAF", one),
        (grid, given.rows // 4, 1, "Parquet", "VMAF, all columns kept", ["--target", "vmaf"]),
        (grid, given.rows // 4, 1, "Parquet", "VMAF and bitrate kept", ["--target", "vmaf", "--keep", "title,bitrate_kbps"]),
        (grid, given.rows // 4, 1, "Parquet", "VMAF with its interval", [*one, "--intervals"]),
        (grid, given.rows // 4, 1, "Parquet", "VMAF, PSNR, CPU time, cost", ["--target", "vmaf,psnr,cpu_seconds,cost_usd", "--keep", "none"]),
        (grid, given.rows // 80, 1, "Parquet", "everything (no --target)", ["--keep", "none"]),
    ]
    best = [None] * len(cases)
    for _ in range(given.runs):
        for at, (kind, rows, processors, form, _, more) in enumerate(cases):
            out = os.path.join(given.work, "out.parquet" if form == "Parquet" else "out.csv")
            seconds, _, busy = run(given.encast, table(given.work, kind, rows), out, processors, more)
            best[at] = min(best[at] or (seconds, busy), (seconds, busy))
    memory = []
    for rows in (given.large // 10, given.large):
        for form in ("Parquet", "CSV"):
            out = os.path.join(given.work, "out.parquet" if form == "Parquet" else "out.csv")
            data = table(given.work, grid, rows)
            seconds, peak, _ = run(given.encast, data, out, 2, ["--target", "vmaf", "--keep", "title,bitrate_kbps"])
            memory.append((rows, form, peak))

    version = subprocess.run([given.encast, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    print("# Bulk scoring: rows a second from Parquet\n")
    print(f"{datetime.date.today()}, {cpu()}, {version}, the embedded model, tables by benches/bulk/tables.py in snappy. Best of "
          f"{given.runs} runs that take turns, wall time of the whole command, start included: `taskset -c 0[,1] encast predict "
          "--data T.parquet --target vmaf --keep none --cores N --out P.parquet`, unless the table says otherwise. Made by "
          "`make bench-bulk`.\n")
    print("| table | rows | asked | out | processors | million rows/s | CPU ns a row |")
    print("|---|--:|---|---|--:|--:|--:|")
    for (kind, rows, processors, form, asked, _), (seconds, busy) in zip(cases, best):
        print(f"| {kind} | {rows:,} | {asked} | {form} | {processors} | {rows / seconds / 1e6:.2f} | {busy / rows * 1e9:.0f} |")
    print("\nThe tables:\n")
    for kind, what in tables.KINDS.items():
        print(f"- {kind}: {what}.")
    print("\nPeak memory (resident), content-grid, two processors, title and bitrate kept:\n")
    print("| rows | out | MB |\n|--:|---|--:|")
    for rows, form, peak in memory:
        print(f"| {rows:,} | {form} | {peak:.0f} |")


if __name__ == "__main__":
    main()
