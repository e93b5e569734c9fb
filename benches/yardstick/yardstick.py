#!/usr/bin/env python3
"""Accuracy of encast beside LightGBM, a settings-only forest and the mean: same table, same title folds, one run.

    yardstick.py --data T.csv [--encast target/release/encast] [--out benches/results] [--folds 5]

Writes yardstick-<table>.md and yardstick-<table>.json and prints the Markdown. Without --encast only the peers are
judged. How the peers are set up, and why rows are judged twice, is explained in README.md beside this file.
"""

import argparse
import datetime
import hashlib
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas
import sklearn
from sklearn.ensemble import RandomForestRegressor

LIGHTGBM = dict(
    n_estimators=400,
    learning_rate=0.05,
    num_leaves=31,
    min_child_samples=20,
    subsample=0.5,
    subsample_freq=1,
    n_jobs=1,
    verbose=-1,
)
FOREST = dict(n_estimators=100, min_samples_leaf=5, max_features=0.6, random_state=1, n_jobs=1)

QUALITY = ["vmaf", "psnr", "ssim"]
# Amounts that grow with the job: learnt as log2 of the amount for one megapixel of encoded frames.
PER_MEGAPIXEL = ["encode_seconds", "cpu_seconds"]
LOG = ["bitrate_kbps", "peak_memory_mb"]
LABELS = {
    "vmaf": "VMAF",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "encode_seconds": "encode_seconds, log2",
    "cpu_seconds": "cpu_seconds, log2",
    "bitrate_kbps": "bitrate_kbps, log2",
    "peak_memory_mb": "peak_memory_mb, log2",
}
SIZE = [
    "resolution_height",
    "resolution_width",
    "frame_rate",
    "frame_drop",
    "source_height",
    "source_width",
    "bit_depth",
    "threads",
]
CONTENT = [
    "si_mean",
    "si_std",
    "ti_mean",
    "ti_std",
    "spatial_energy",
    "temporal_energy",
    "luminance",
    "static_share",
]
PROBE = ["probe_bitrate_kbps", "probe_psnr", "probe_vmaf"]
BITRATE_COLUMNS = ["log2_bitrate", "log2_bits_per_pixel", "log2_bitrate_over_probe"]

# Slowest first, as in encast: a preset's speed is its place in its encoder's list, from 0 to 1.
X26X = "placebo veryslow slower slow medium fast faster veryfast superfast ultrafast".split()
PRESETS = {
    "libx264": X26X,
    "libx265": X26X,
    "libvpx-vp9": ["best"] + [f"good-cpu{i}" for i in range(6)] + [f"rt-cpu{i}" for i in range(4, 9)],
    "libsvtav1": [str(i) for i in range(-1, 14)],
}


def preset_speed(encoder, preset):
    """0 for an encoder's slowest preset, 1 for its fastest; unknown names are missing values."""
    names = PRESETS.get(encoder if encoder.startswith("lib") else "lib" + encoder, [])
    return names.index(preset) / (len(names) - 1) if preset in names else np.nan


def title_folds(titles, folds):
    """The fold of every row: titles by the SHA-256 of their UTF-8 bytes (ties by title), position modulo `folds`."""
    ranked = sorted(set(titles), key=lambda title: (hashlib.sha256(title.encode()).digest(), title))
    fold_of = {title: position % folds for position, title in enumerate(ranked)}
    return np.array([fold_of[title] for title in titles])


def read_table(path):
    """The table with the derived columns that the peers learn from."""
    table = pandas.read_csv(path, dtype={"title": str, "preset": str})
    pixels = table.resolution_width * table.resolution_height
    if "bitrate_kbps" in table:
        table["log2_bitrate"] = np.log2(table.bitrate_kbps)
        table["log2_bits_per_pixel"] = np.log2(table.bitrate_kbps * 1000 / (pixels * table.frame_rate))
    if "probe_bitrate_kbps" in table:
        table["log2_probe_bitrate"] = np.log2(table.probe_bitrate_kbps)
        table["log2_bitrate_over_probe"] = table.log2_bitrate - table.log2_probe_bitrate
    table["megapixels"] = pixels * table.frame_rate * table.duration_s / 1e6
    return table


def is_probe_row(table):
    """Rows that are the title's own trial encode: their answer stands among the inputs of the probe tier."""
    if not set(PROBE) <= set(table.columns):
        return np.zeros(len(table), dtype=bool)
    return ((table.bitrate_kbps == table.probe_bitrate_kbps) & (table.vmaf == table.probe_vmaf)).to_numpy()


def columns_of(table, tier, given):
    """The inputs of a tier, without those that are absent, constant, or sort the rows as an earlier one does."""
    names = ["log2_bitrate", "log2_bits_per_pixel"] if given == "bitrate" else ["crf"]
    names += SIZE
    if tier != "settings":
        names += CONTENT
    if tier.startswith("probe"):
        names.append("log2_probe_bitrate")
        if given == "bitrate":
            names.append("log2_bitrate_over_probe")
        names.append("probe_psnr")
        if tier == "probe":
            names.append("probe_vmaf")
    inputs = table[[name for name in names if name in table]].copy()
    for name in ("codec", "encoder"):
        if name in table:
            inputs = inputs.join(pandas.get_dummies(table[name], prefix=name, dtype=float))
    if "preset" in table:
        inputs["preset_speed"] = [preset_speed(*row) for row in zip(table.encoder, table.preset)]
    kept, seen = [], set()
    for name in inputs:
        ranks = inputs[name].rank(method="dense").to_numpy()
        if np.nanmax(ranks) > 1 and ranks.tobytes() not in seen:
            seen.add(ranks.tobytes())
            kept.append(name)
    return inputs[kept]


def label_of(table, target):
    """What a peer learns for a target, and the offset that turns it into the judged scale."""
    if target in PER_MEGAPIXEL:
        offset = np.log2(table.megapixels).to_numpy()
        return np.log2(table[target]).to_numpy() - offset, offset
    if target in LOG:
        return np.log2(table[target]).to_numpy(), 0.0
    return table[target].to_numpy(), 0.0


def lightgbm_model(inputs, target):
    """LightGBM, with quality never falling with the bitrate, and neither quality nor size rising with the CRF."""
    signs = {"crf": -1 if target in QUALITY + ["bitrate_kbps"] else 0}
    if target in QUALITY:
        signs.update(dict.fromkeys(BITRATE_COLUMNS, 1))
    return lightgbm.LGBMRegressor(monotone_constraints=[signs.get(name, 0) for name in inputs], **LIGHTGBM)


class Mean:
    """Always answers the mean of the rows it was fitted on."""

    def fit(self, _inputs, labels):
        self.answer = labels.mean()

    def predict(self, inputs):
        return np.full(len(inputs), self.answer)


def out_of_fold(model_of, inputs, labels, folds):
    """A forecast for every row by a model that never saw the row's title."""
    values = inputs.to_numpy(dtype=float)
    answers = np.full(len(labels), np.nan)
    for fold in np.unique(folds):
        model = model_of()
        model.fit(values[folds != fold], labels[folds != fold])
        answers[folds == fold] = model.predict(values[folds == fold])
    return answers


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


def cases_of(table):
    """Every (target, tier, given) that the table can answer."""
    tiers = ["settings"]
    tiers += ["content"] if any(name in table for name in CONTENT) else []
    tiers += ["probe without VMAF", "probe"] if set(PROBE) <= set(table.columns) else []
    for given, column in (("bitrate", "bitrate_kbps"), ("crf", "crf")):
        if column not in table or table[column].nunique() < 2:
            continue
        for target in QUALITY + LOG + PER_MEGAPIXEL:
            if target not in table or (target == "bitrate_kbps" and given == "bitrate"):
                continue
            for tier in tiers:
                yield target, tier, given


def judge_peers(table, folds, progress):
    """All figures of the mean, the forest and LightGBM."""
    results = []
    own = is_probe_row(table)
    settings_cache = {}
    for target, tier, given in cases_of(table):
        rate = "bitrate_kbps" if given == "bitrate" else "crf"
        usable = (table[target].notna() & table[rate].notna()).to_numpy()
        part, part_folds, part_own = table[usable], folds[usable], own[usable]
        labels, offset = label_of(part, target)

        def forecast(model_of, inputs):
            return out_of_fold(model_of, inputs, labels, part_folds) + offset

        if (target, given) not in settings_cache:
            settings = columns_of(part, "settings", given)
            settings_cache[target, given] = {
                "mean": forecast(Mean, settings),
                "settings-only forest": forecast(lambda: RandomForestRegressor(**FOREST), settings),
            }
        inputs = columns_of(part, tier, given)
        started = time.monotonic()
        answers = dict(settings_cache[target, given])
        answers["LightGBM"] = forecast(lambda: lightgbm_model(inputs, target), inputs)
        progress(f"{target} {tier} given {given}: {len(inputs.columns)} columns, {time.monotonic() - started:.1f} s")
        for rows, mask in (("all", slice(None)), ("without the probe's own", ~part_own)):
            if rows != "all" and not part_own.any():
                continue
            results.append(
                {
                    "target": target,
                    "tier": tier,
                    "given": given,
                    "judged": rows,
                    "columns": list(inputs.columns),
                    "models": {
                        name: figures((labels + offset)[mask], answer[mask], target) for name, answer in answers.items()
                    },
                }
            )
    return results


def judge_encast(program, path, folds, results, progress):
    """Adds encast's figures, as its own `evaluate` prints them, to the rows judged on all rows."""
    for tier, given in sorted({(row["tier"], row["given"]) for row in results}):
        if tier == "probe without VMAF":
            continue
        command = [program, "evaluate", "--data", path, "--folds", str(folds), "--tier", tier, "--given", given, "--json"]
        started = time.monotonic()
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True, stdin=subprocess.DEVNULL)
        verdict = json.loads(run.stdout)
        progress(f"encast {tier} given {given}: {time.monotonic() - started:.1f} s")
        for row in results:
            found = verdict["targets"].get(row["target"])
            if found is None or (row["tier"], row["given"], row["judged"]) != (tier, given, "all"):
                continue
            logarithmic = row["target"] in PER_MEGAPIXEL + LOG
            row["models"]["encast"] = {
                "rows": found["rows"],
                "r2": found.get("r2_log") if logarithmic else found["r2"],
                "mae": found.get("mae_log2") if logarithmic else found["mae"],
                "within": found.get("within_2", found.get("within_half_db")),
                "median_ape": found.get("median_ape"),
                "interval": found.get("interval"),
            }


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


def cell(found):
    """R² / MAE, the way every table of the project writes them."""
    if found is None or found.get("r2") is None or found.get("mae") is None:
        return "–"
    return f"{found['r2']:.3f} / {found['mae']:.3g}"


def markdown(report):
    """The report as a page."""
    names = ["mean", "settings-only forest", "LightGBM"]
    names += ["encast"] if "encast" in report["versions"] else []
    lines = [
        f"# Yardstick: {report['table']}",
        "",
        f"{report['rows']} rows, {report['titles']} titles, SHA-256 `{report['sha256'][:16]}…`; "
        f"{report['folds']} folds by title; VMAF model {report['vmaf_model']}. {report['date']}, {report['cpu']}; "
        + ", ".join(f"{name} {version}" for name, version in report["versions"].items())
        + ".",
        f"Made by `{report['command']}`; set-up and meaning in [benches/yardstick](../yardstick/README.md).",
        "",
        "R² / MAE. Targets marked log2 are judged on the base-2 logarithm: an MAE of 1 is a factor of 2.",
    ]
    judged = list(dict.fromkeys(row["judged"] for row in report["results"]))
    for rows in judged:
        lines += ["", f"## Judged rows: {rows}", ""]
        if rows != "all":
            lines += [
                "The rows that are the trial encode itself are left out of the judging (they stay in the training). "
                "`encast evaluate` judges all rows, so it has no column here.",
                "",
            ]
        columns = [name for name in names if rows == "all" or name != "encast"]
        lines.append("| target | given | tier | rows | " + " | ".join(columns) + " |")
        lines.append("|---|---|---|--:|" + "--:|" * len(columns))
        differing = []
        for row in report["results"]:
            if row["judged"] == rows:
                cells = [cell(row["models"].get(name)) for name in columns]
                count = row["models"]["LightGBM"]["rows"]
                lines.append(
                    f"| {LABELS[row['target']]} | {row['given']} | {row['tier']} | {count} | " + " | ".join(cells) + " |"
                )
                if row["models"].get("encast", {}).get("rows", count) != count:
                    differing.append(f"{row['target']} {row['tier']} given {row['given']}: {row['models']['encast']['rows']}")
        if differing:
            lines += ["", "encast judged another number of rows: " + "; ".join(differing) + "."]
    return "\n".join(lines) + "\n"


def main():
    """Reads the arguments, judges, writes both reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="an encode table (CSV)")
    parser.add_argument("--encast", help="the encast program; without it only the peers are judged")
    parser.add_argument("--out", type=Path, default=Path("benches/results"), help="folder of the reports")
    parser.add_argument("--folds", type=int, default=5)
    arguments = parser.parse_args()

    def progress(text):
        print(text, file=sys.stderr, flush=True)

    table = read_table(arguments.data)
    folds = title_folds(list(table.title), arguments.folds)
    results = judge_peers(table, folds, progress)
    if arguments.encast:
        judge_encast(arguments.encast, str(arguments.data), arguments.folds, results, progress)
    name = arguments.data.stem
    report = {
        "table": name,
        "rows": len(table),
        "titles": int(table.title.nunique()),
        "sha256": hashlib.sha256(arguments.data.read_bytes()).hexdigest(),
        "folds": arguments.folds,
        "vmaf_model": ", ".join(sorted(table.vmaf_model.unique())) if "vmaf_model" in table else "not named in the table",
        "date": datetime.date.today().isoformat(),
        "cpu": cpu_name(),
        "versions": versions(arguments.encast),
        "command": f"make yardstick TABLE={arguments.data.name}",
        "results": results,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    page = markdown(report)
    (arguments.out / f"yardstick-{name}.json").write_text(json.dumps(report, indent=1) + "\n")
    (arguments.out / f"yardstick-{name}.md").write_text(page)
    print(page, end="")


if __name__ == "__main__":
    main()
