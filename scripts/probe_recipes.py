"""Prints the table of what trial encodes buy, from what probe-recipes.sh left in its folder.

    probe_recipes.py WORK
"""

import csv
import datetime
import json
import platform
import sys
from pathlib import Path


def figures(evaluation):
    """VMAF's mean error, PSNR's, and the R² of log bitrate where it is forecast."""
    targets = evaluation["targets"]
    size = targets.get("bitrate_kbps") if evaluation["given"] == "crf" else None
    return (targets["vmaf"]["r2"], targets["vmaf"]["mae"], targets["psnr"]["mae"], size and size["mae_log2"])


def main():
    """Reads, prints."""
    work = Path(sys.argv[1])
    read = lambda name: json.loads((work / name).read_text())
    lines = []
    titles = rows = 0

    def line(name, cpu, bitrate, crf):
        by_bitrate, by_crf = figures(bitrate), figures(crf)
        seconds = "0" if cpu is None else f"{cpu:.3f}"
        lines.append(
            f"| {name} | {seconds} | {by_bitrate[0]:.3f} / {by_bitrate[1]:.2f} | {by_bitrate[2]:.2f} | "
            f"{by_crf[0]:.3f} / {by_crf[1]:.2f} | {by_crf[2]:.2f} | {by_crf[3]:.3f} |"
        )

    line("none: content only", None, read("content-bitrate.json"), read("content-crf.json"))
    for table in sorted(work.glob("[0-9]*.csv"), key=lambda path: int(path.stem)):
        with table.open(newline="") as source:
            measured = [row for row in csv.DictReader(source) if row["probe_recipe"]]
        clips = {(row["title"], row["clip"]): float(row["probe_cpu_seconds"]) for row in measured}
        length = {(row["title"], row["clip"]): float(row["duration_s"]) for row in measured}
        titles, rows = len({row["title"] for row in measured}), len(measured)
        cpu = sum(clips.values()) / len(clips)
        line(measured[0]["probe_recipe"], cpu, read(f"{table.stem}-bitrate.json"), read(f"{table.stem}-crf.json"))
        mean = sum(length.values()) / len(length)
    print(
        f"""# What a trial encode buys

Written by `make probe-recipes`, {datetime.date.today()}, {platform.machine()}. Table: data/measured.csv, {rows} encodes of {titles} titles;
five folds by title. *seconds* is the CPU time of a clip's trial, encoding and scoring together, mean over clips ({mean:.1f} s
long on average). VMAF is R² / mean absolute error.

| recipe | seconds | bitrate given: VMAF | PSNR, dB | crf given: VMAF | PSNR, dB | log2 bitrate |
|---|--:|--:|--:|--:|--:|--:|"""
    )
    print("\n".join(lines))


if __name__ == "__main__":
    main()
