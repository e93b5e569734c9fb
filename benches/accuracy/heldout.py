#!/usr/bin/env python3
"""Intervals at several levels, and confidence, on titles that the model never saw: one split, one model.

    heldout.py --data T.csv --encast target/release/encast [--splits 1]

A model is trained on all titles but a fifth (a fold of `encast evaluate --folds 5`), as a user would train it, and asked
for the others at every tier and level. Writes benches/results/heldout-<table>.json, and every answer to
build/accuracy/heldout-<table>.csv, from which the plots are drawn.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pandas

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "yardstick"))
from peers import is_own_probe, title_folds  # noqa: E402
from report import as_json  # noqa: E402
from verdicts import PROBE_PSNR, sha256  # noqa: E402
from yardstick import tiers_of  # noqa: E402

LEVELS = [0.5, 0.8, 0.9, 0.95]
FOLDS = 5
# Titles of a table whose folds are worth one look each.
FEWEST = 60
# Confidence from which an answer may be used without a look, and from which with one.
THRESHOLDS = [0.85, 0.7]
# VMAF points that make one just-noticeable difference: what confidence is about.
NOTICEABLE = 6.0


def run(program, *arguments):
    subprocess.run([program, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def model_without(program, table, folds, fold, folder):
    """A bundle trained on the titles of the other folds; made once for the same program and rows."""
    rows = folder / "training.csv"
    table[folds != fold].to_csv(rows, index=False)
    key = hashlib.sha256(json.dumps([sha256(program), sha256(rows), "vmaf"]).encode()).hexdigest()[:24]
    bundle = folder / f"{key}.encast"
    if not bundle.exists():
        run(program, "train", "--data", rows, "--out", bundle, "--targets", "vmaf,bitrate_kbps", "--quiet")
    return bundle


def answers(program, bundle, rows, tier, given, folder):
    """What the model says of the rows at one tier, with both ends of the interval at every level."""
    asked = rows.drop(columns="probe_vmaf") if tier == PROBE_PSNR else rows
    source, target = folder / "asked.csv", folder / "answered.csv"
    asked.to_csv(source, index=False)
    found = pandas.DataFrame({"title": rows.title, "tier": tier, "given": given, "measured": rows.vmaf})
    for level in LEVELS:
        name = "probe" if tier == PROBE_PSNR else tier
        options = ["--tier", name, "--given", given, "--level", level]
        run(program, "predict", "--model", bundle, "--data", source, *options, "--out", target)
        answered = pandas.read_csv(target, usecols=["predicted_vmaf", "vmaf_lower", "vmaf_upper", "confidence"])
        found["forecast"] = answered.predicted_vmaf.to_numpy()
        found["confidence"] = answered.confidence.to_numpy()
        found[f"lower_{level}"] = answered.vmaf_lower.to_numpy()
        found[f"upper_{level}"] = answered.vmaf_upper.to_numpy()
    return found


def figures(found):
    """Coverage and width at every level, and how often answers of some confidence are wrong."""
    error = (found.forecast - found.measured).abs()
    levels = []
    for level in LEVELS:
        lower, upper = found[f"lower_{level}"], found[f"upper_{level}"]
        held = found.measured.between(lower, upper)
        levels.append(
            {
                "level": level,
                "coverage": float(held.mean()),
                "mean_width": float((upper - lower).mean()),
            }
        )
    thresholds = []
    for least in THRESHOLDS:
        sure = (found.confidence >= least).to_numpy()
        wrong = float((error[sure] > NOTICEABLE).mean()) if sure.any() else None
        thresholds.append({"at_least": least, "rows": int(sure.sum()), "titles": int(found.title[sure].nunique()), "wrong": wrong})
    return {"rows": len(found), "mae": float(error.mean()), "levels": levels, "confidence": thresholds}


def main():
    """Reads the arguments, trains, asks, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="an encode table (CSV)")
    parser.add_argument("--encast", required=True, help="the encast program")
    parser.add_argument("--out", type=Path, default=Path("benches/results"), help="folder of the figures")
    parser.add_argument("--kept", type=Path, default=Path("build/accuracy"), help="folder of models and answers")
    parser.add_argument("--splits", type=int, default=1, choices=range(1, FOLDS + 1), help="how many of the five folds")
    arguments = parser.parse_args()
    arguments.kept.mkdir(parents=True, exist_ok=True)

    table = pandas.read_csv(arguments.data, dtype={"title": str, "preset": str})
    table = table[table.vmaf.notna()]
    if table.title.nunique() < FEWEST:
        print(f"{arguments.data}: {table.title.nunique()} titles: a fold of fewer than {FEWEST} says nothing", file=sys.stderr)
        return
    folds = title_folds(list(table.title), FOLDS)
    parts = []
    for fold in range(arguments.splits):
        bundle = model_without(arguments.encast, table, folds, fold, arguments.kept)
        for given, column in (("bitrate", "bitrate_kbps"), ("crf", "crf")):
            for tier in tiers_of(table):
                rows = table[(folds == fold) & table[column].notna() & ~is_own_probe(table, tier)]
                parts.append(answers(arguments.encast, bundle, rows, tier, given, arguments.kept))
                print(f"fold {fold}, {tier}, {given} given: {len(rows)} rows", file=sys.stderr, flush=True)
    found = pandas.concat(parts)
    name = arguments.data.stem
    found.to_csv(arguments.kept / f"heldout-{name}.csv", index=False)
    report = {
        "table": name,
        "sha256": sha256(arguments.data),
        "splits": arguments.splits,
        "titles": int(found.title.nunique()),
        "results": [
            {"given": given, "tier": tier, **figures(part)}
            for (given, tier), part in found.groupby(["given", "tier"], sort=False)
        ],
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / f"heldout-{name}.json"
    path.write_text(as_json(report), encoding="utf-8")


if __name__ == "__main__":
    main()
