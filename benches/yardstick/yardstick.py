#!/usr/bin/env python3
"""Accuracy of encast beside LightGBM, a settings-only forest and the mean: same table, same title folds, same rows.

    yardstick.py --data T.csv [--encast target/release/encast] [--targets vmaf,psnr] [--tiers content,probe]

Writes yardstick-<table>.md and yardstick-<table>.json and prints the Markdown. Without --encast only the peers are
judged. How the peers are set up, and which rows are judged, is explained in README.md beside this file.
"""

import argparse
import concurrent.futures
import datetime
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import sklearn
from sklearn.ensemble import RandomForestRegressor

import titles
from peers import (
    CONTENT,
    FOREST,
    LOG,
    NOMINAL,
    PER_MEGAPIXEL,
    PROBE,
    QUALITY,
    Intervals,
    Mean,
    columns_of,
    is_own_probe,
    label_of,
    lightgbm_model,
    out_of_fold,
    read_table,
    title_folds,
)
from report import as_json, markdown
from verdicts import PROBE_PSNR, sha256, verdict_of

TIERS = ["settings", "content", PROBE_PSNR, "probe"]
TARGETS = QUALITY + LOG + PER_MEGAPIXEL


def figures(measured, forecast, target):
    """R², MAE and, for VMAF and PSNR, the share of rows that are near enough."""
    error = np.abs(forecast - measured)
    result = {
        "rows": int(len(measured)),
        "r2": float(1 - (error**2).sum() / ((measured - measured.mean()) ** 2).sum()),
        "mae": float(error.mean()),
    }
    if target in ("vmaf", "psnr"):
        result["within"] = float((error <= (2.0 if target == "vmaf" else 0.5)).mean())
    if target in PER_MEGAPIXEL + LOG:
        result["median_ape"] = float(np.median(np.abs(2 ** (forecast - measured) - 1)))
    return result


def figures_of_encast(found, target):
    """The same figures as `encast evaluate` prints them."""
    logarithmic = target in PER_MEGAPIXEL + LOG
    result = {
        "rows": found["rows"],
        "r2": found.get("r2_log") if logarithmic else found["r2"],
        "mae": found.get("mae_log2") if logarithmic else found["mae"],
        "within": found.get("within_2", found.get("within_half_db")),
        "median_ape": found.get("median_ape"),
    }
    return {name: value for name, value in result.items() if value is not None}


def tiers_of(table):
    """The tiers that the table has inputs for."""
    tiers = ["settings"]
    tiers += ["content"] if any(name in table for name in CONTENT) else []
    tiers += [PROBE_PSNR] if set(PROBE[:2]) <= set(table.columns) else []
    return tiers + (["probe"] if set(PROBE) <= set(table.columns) else [])


def cases_of(table, targets, tiers):
    """Every (target, tier, given) that the table can answer."""
    for given, column in (("bitrate", "bitrate_kbps"), ("crf", "crf")):
        if column not in table or table[column].nunique() < 2:
            continue
        for target in targets:
            if target == "bitrate_kbps" and given == "bitrate":
                continue
            for tier in tiers:
                yield target, tier, given


def judge_group(table, folds, cases, verdicts):
    """All figures of cases that share a target and what is given."""
    results, of_settings = [], {}
    for target, tier, given in cases:
        rate = "bitrate_kbps" if given == "bitrate" else "crf"
        usable = (table[target].notna() & table[rate].notna()).to_numpy()
        part, part_folds = table[usable], folds[usable]
        judged = ~is_own_probe(part, tier)
        labels, offset = label_of(part, target)
        measured = labels + offset

        def forecast(model_of, inputs):
            return out_of_fold(model_of, inputs, labels, part_folds) + offset

        if not of_settings:
            settings = columns_of(part, "settings", given)
            of_settings["mean"] = forecast(Mean, settings)
            of_settings["settings-only forest"] = forecast(lambda: RandomForestRegressor(**FOREST), settings)
        inputs = columns_of(part, tier, given)
        answers = dict(of_settings)
        answers["LightGBM"] = forecast(lambda: lightgbm_model(inputs, target), inputs)
        row = {
            "target": target,
            "tier": tier,
            "given": given,
            "own_probes": int((~judged).sum()),
            "columns": list(inputs.columns),
            "models": {name: figures(measured[judged], answer[judged], target) for name, answer in answers.items()},
        }
        results.append(row)
        coverage = None
        found = verdicts.get((tier, given), {}).get("targets", {}).get(target)
        if found is not None:
            row["models"]["encast"] = figures_of_encast(found, target)
            row["intervals"] = {"encast": found.get("interval")}
            coverage = (found.get("interval") or {}).get("coverage")
            row["breakdown"] = found.get("breakdown", {})
            if target == "vmaf":
                errors = (answers["LightGBM"] - measured)[judged]
                titles.explain(row["breakdown"].get("worst_titles", []), part[judged], errors)
        if target in ("vmaf", "psnr", "bitrate_kbps"):
            quantiles = Intervals(inputs, labels, part.title.to_numpy(), part_folds)
            rows = (measured, offset, target, judged)
            peer = {"nominal": quantiles.judge(NOMINAL, *rows)}
            if coverage is not None:
                peer["equal"] = quantiles.judge_at_coverage(coverage, *rows)
            row.setdefault("intervals", {})["LightGBM, CQR"] = peer
        progress(f"{target} {tier} given {given}: {len(inputs.columns)} columns")
    return results


def judge(table, path, folds, cases, arguments):
    """All figures of all cases: encast's first, which uses all cores, then the peers', a process for each group."""
    verdicts = {}
    asked = [name for name in arguments.targets if name in table]
    for _, tier, given in cases if arguments.encast else []:
        if (tier, given) not in verdicts:
            started = time.monotonic()
            verdicts[tier, given] = verdict_of(arguments.encast, path, arguments.folds, tier, given, asked, arguments.kept)
            progress(f"encast {tier} given {given}: {time.monotonic() - started:.1f} s")
    groups = {}
    for case in cases:
        groups.setdefault((case[0], case[2]), []).append(case)
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        running = [pool.submit(judge_group, table, folds, group, verdicts) for group in groups.values()]
        return [row for job in running for row in job.result()]


def progress(text):
    """Tells how far the run is."""
    print(text, file=sys.stderr, flush=True)


def cpu_name():
    """The processor's own name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions(program):
    """What took part in the run."""
    found = {
        "LightGBM": lightgbm.__version__,
        "scikit-learn": sklearn.__version__,
        "Python": platform.python_version(),
    }
    if program:
        answer = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True, text=True)
        found["encast"] = answer.stdout.split()[-1]
    return found


def some_of(known):
    """A parser of names separated by commas, kept in the known order."""

    def parse(text):
        names = text.split(",")
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return [name for name in known if name in names]

    return parse


def main():
    """Reads the arguments, judges, writes both reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="an encode table (CSV)")
    parser.add_argument("--encast", help="the encast program; without it only the peers are judged")
    parser.add_argument("--out", type=Path, default=Path("benches/results"), help="folder of the reports")
    parser.add_argument("--kept", type=Path, default=Path("build/yardstick"), help="folder of encast's answers")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes of the peers")
    parser.add_argument("--targets", type=some_of(TARGETS), default=TARGETS, help="only these, separated by commas")
    parser.add_argument("--tiers", type=some_of(TIERS), default=TIERS, help="only these, separated by commas")
    arguments = parser.parse_args()
    table = read_table(arguments.data)
    folds = title_folds(list(table.title), arguments.folds)
    targets = [name for name in arguments.targets if name in table]
    tiers = [name for name in tiers_of(table) if name in arguments.tiers]
    cases = list(cases_of(table, targets, tiers))
    results = judge(table, arguments.data, folds, cases, arguments)
    name = arguments.data.stem
    command = f"make yardstick TABLE={arguments.data.name}"
    for option, chosen, known in (("TARGETS", arguments.targets, TARGETS), ("TIERS", arguments.tiers, TIERS)):
        command += f" {option}={','.join(chosen)}" if chosen != known else ""
    report = {
        "table": name,
        "rows": len(table),
        "titles": int(table.title.nunique()),
        "sha256": sha256(arguments.data),
        "folds": arguments.folds,
        "vmaf_model": ", ".join(sorted(table.vmaf_model.unique())) if "vmaf_model" in table else "not named in the table",
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_name(),
        "versions": versions(arguments.encast),
        "command": command,
        "results": results,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    page = markdown(report)
    (arguments.out / f"yardstick-{name}.json").write_text(as_json(report), encoding="utf-8")
    (arguments.out / f"yardstick-{name}.md").write_text(page, encoding="utf-8")
    print(page, end="")


if __name__ == "__main__":
    main()
