#!/usr/bin/env python3
"""How well times, memory, energy and carbon are forecast on titles and machines never seen, beside LightGBM.

    resources.py --encast target/release/encast --own T.csv [--ugc U.csv] [--veed V.csv] [--hardware H.csv]

Five folds by title (those of `encast evaluate --folds 5`): each trains a bundle on the other titles and forecasts its own.
LightGBM learns the same columns of the same rows. Writes benches/results/resources.json and resources.md. What each part
does is explained in README.md beside this file.
"""

import argparse
import datetime
import hashlib
import json
import platform
import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "yardstick"))
from peers import LIGHTGBM, columns_of, preset_speed, title_folds  # noqa: E402
from verdicts import sha256  # noqa: E402

from machines import machines  # noqa: E402
from resources_report import markdown  # noqa: E402

FOLDS = 5
# Batches a fold, jobs a batch, and how many of them have run already.
BATCHES, JOBS, FINISHED = 20, 100, [0, 10, 30]
TIMES = ["encode_seconds", "cpu_seconds"]


class Case:
    """A table, what is forecast of it, and what LightGBM learns from."""

    def __init__(self, name, path, targets, ways, folder):
        self.name, self.targets, self.ways, self.folder = name, targets, ways, folder
        table = pandas.read_csv(path, dtype={"title": str, "preset": str}, low_memory=False)
        if name == "ugc":
            # The 10-bit titles of that collection are its category HDR; the table says so in the titles alone.
            table["bit_depth"] = np.where(table.title.str.startswith("HDR_"), 10, 8)
        if "rate_control" in table:
            table["passes"] = table.rate_control.map({"crf": 1, "cqp": 1, "abr": 1, "abr2": 2})
        # Rows without a rate are no requests; encast leaves them out, so nobody learns from them.
        rates = [column for column in ("bitrate_kbps", "crf") if column in table]
        self.table = table[table[rates].notna().any(axis=1)].reset_index(drop=True)
        self.folds = title_folds(self.table.title, FOLDS)

    def inputs(self, tier, given):
        """The columns of LightGBM: those of the yardstick, with passes and machine."""
        table = self.table.copy()
        pixels = table.resolution_width * table.resolution_height
        if "frame_rate" not in table:
            table["frame_rate"] = 1.0
        if "bitrate_kbps" in table:
            table["log2_bitrate"] = np.log2(table.bitrate_kbps)
            table["log2_bits_per_pixel"] = np.log2(table.bitrate_kbps * 1000 / (pixels * table.frame_rate))
        inputs = columns_of(table, tier, given)
        for name in ("duration_s", "frames", "passes"):
            if name in table and table[name].nunique() > 1:
                inputs[name] = table[name]
        if "instance" in table:
            inputs["instance"] = table.instance.astype("category").cat.codes
        return inputs

    def megapixels(self):
        table = self.table
        rate = table.frame_rate if "frame_rate" in table else 1.0
        return table.resolution_width * table.resolution_height * rate * table.duration_s / 1e6


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def bundle_without(program, case, fold):
    """A bundle trained on the titles of the other folds; made once for the same program and rows."""
    rows = case.folder / f"{case.name}-training-{fold}.csv"
    case.table[case.folds != fold].to_csv(rows, index=False)
    key = hashlib.sha256(json.dumps([sha256(program), sha256(rows), case.targets]).encode()).hexdigest()[:24]
    bundle = case.folder / f"{key}.encast"
    if not bundle.exists():
        targets = ",".join(case.targets)
        run(program, "train", "--data", rows, "--out", bundle, "--targets", targets, "--quiet")
    return bundle


def forecasts(program, case, bundles, tier, given):
    """What bundles that never saw the titles say of all rows that give the rate."""
    parts = []
    for fold, bundle in enumerate(bundles):
        rows = case.table[(case.folds == fold) & case.table[rate(given)].notna()]
        source, target = case.folder / "asked.csv", case.folder / "answered.csv"
        rows.to_csv(source, index=False)
        options = ["--tier", tier, "--given", given]
        run(program, "predict", "--model", bundle, "--data", source, "--out", target, *options)
        answered = pandas.read_csv(target, low_memory=False)
        answered.index = rows.index
        parts.append(answered)
    return pandas.concat(parts)


def rate(given):
    return "bitrate_kbps" if given == "bitrate" else given


def figures(measured, forecast):
    """R² of the logarithm, and the median of the relative errors."""
    logs, answers = np.log2(measured), np.log2(forecast)
    return {
        "rows": int(len(measured)),
        "r2_log": float(1 - ((logs - answers) ** 2).sum() / ((logs - logs.mean()) ** 2).sum()),
        "r2": float(1 - ((measured - forecast) ** 2).sum() / ((measured - measured.mean()) ** 2).sum()),
        "median_ape": float(np.median(np.abs(forecast / measured - 1))),
        "p90_ape": float(np.quantile(np.abs(forecast / measured - 1), 0.9)),
    }


def lightgbm_forecasts(case, target, tier, given, judged):
    """Out-of-fold forecasts; times and what follows from them are learnt for a megapixel."""
    scale = np.ones(len(case.table)) if target == "peak_memory_mb" else case.megapixels().to_numpy()
    inputs = case.inputs(tier, given)
    labels = np.log2(case.table[target].to_numpy() / scale)
    category = [list(inputs).index("instance")] if "instance" in inputs else "auto"
    values, answers = inputs.to_numpy(dtype=float), np.full(len(labels), np.nan)
    for fold in range(FOLDS):
        training, asked = judged & (case.folds != fold), judged & (case.folds == fold)
        model = lightgbm.LGBMRegressor(**LIGHTGBM).fit(values[training], labels[training], categorical_feature=category)
        answers[asked] = model.predict(values[asked])
    return 2**answers * scale


def judge(program, case, bundles):
    """One entry a tier, rate and target."""
    found = []
    for tier, given in case.ways:
        answered = forecasts(program, case, bundles, tier, given)
        for target in case.targets:
            measured = case.table[target]
            known = measured.notna() & case.table[rate(given)].notna()
            rows = answered.loc[known[known].index]
            truth = measured[rows.index]
            held = (rows[f"{target}_lower"] <= truth) & (truth <= rows[f"{target}_upper"])
            titles = held.groupby(case.table.title[rows.index]).mean()
            entry = {"table": case.name, "tier": tier, "given": given, "target": target}
            entry["titles"] = int(case.table.title[rows.index].nunique())
            entry["encast"] = figures(truth.to_numpy(), rows[f"predicted_{target}"].to_numpy())
            entry["encast"] |= {
                "coverage": float(held.mean()),
                "title_coverage": float(titles.mean()),
                "far_above": float((truth > 1.25 * rows[f"{target}_upper"]).mean()),
            }
            others = lightgbm_forecasts(case, target, tier, given, known.to_numpy())
            entry["lightgbm"] = figures(truth.to_numpy(), others[rows.index])
            found.append(entry)
            print(case.name, tier, given, target, entry["encast"], entry["lightgbm"], file=sys.stderr)
    return found


def totals(program, case, bundles):
    """Batches of jobs of titles never seen: how far their totals are off, and whether the intervals hold them."""
    found = []
    random = np.random.default_rng(1)
    batches = {}
    for fold, bundle in enumerate(bundles):
        rows = case.table[case.folds == fold]
        for _ in range(BATCHES):
            batch = rows.iloc[random.choice(len(rows), JOBS, replace=False)].copy()
            for finished in FINISHED:
                asked = batch.copy()
                measured = [name for name in case.targets if name in asked]
                asked.loc[asked.index[finished:], measured] = np.nan
                source = case.folder / "batch.csv"
                asked.to_csv(source, index=False)
                answer = json.loads(run(program, "predict", "--model", bundle, "--data", source, "--total", "--json"))
                for total in answer["totals"]:
                    truth = batch[total["target"]].sum()
                    if batch[total["target"]].notna().all():
                        held = total["interval"]["lower"] <= truth <= total["interval"]["upper"]
                        batches.setdefault((total["target"], finished), []).append((total["total"] / truth - 1, held))
    for (target, finished), errors in sorted(batches.items()):
        off = np.abs([error for error, _ in errors])
        found.append(
            {
                "table": case.name,
                "target": target,
                "jobs": JOBS,
                "finished": finished,
                "batches": len(errors),
                "median_error": float(np.median(off)),
                "p90_error": float(np.quantile(off, 0.9)),
                "bias": float(np.mean([error for error, _ in errors])),
                "coverage": float(np.mean([held for _, held in errors])),
            }
        )
        print(found[-1], file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encast", required=True)
    for name in ("own", "ugc", "veed", "hardware"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--out", default=HERE.parent / "results" / "resources")
    args = parser.parse_args()
    folder = HERE.parent.parent / "build" / "resources"
    folder.mkdir(parents=True, exist_ok=True)
    both = [(tier, given) for tier in ("settings", "content") for given in ("bitrate", "crf")]
    by_bitrate = [("settings", "bitrate")]
    energy = ["energy_kwh", "co2_g"]
    cases = [
        Case("own", args.own, [*TIMES, "peak_memory_mb"], both, folder) if args.own else None,
        Case("ugc", args.ugc, TIMES, by_bitrate, folder) if args.ugc else None,
        Case("veed", args.veed, [*TIMES, *energy], by_bitrate, folder) if args.veed else None,
    ]
    for case in filter(None, cases):
        # encast calls grams kilograms.
        if "co2_g" in case.targets:
            case.table = case.table.assign(co2_kg=case.table.co2_g / 1000).drop(columns="co2_g")
            case.targets = [target.replace("co2_g", "co2_kg") for target in case.targets]
    result = {"date": datetime.date.today().isoformat(), "cpu": processor(), "folds": FOLDS}
    result["versions"] = {
        "encast": run(args.encast, "--version").split()[-1],
        "lightgbm": lightgbm.__version__,
        "python": platform.python_version(),
    }
    result["tables"] = [
        {"name": case.name, "rows": len(case.table), "titles": int(case.table.title.nunique())}
        for case in filter(None, cases)
    ]
    result["figures"], result["totals"] = [], []
    for case in filter(None, cases):
        bundles = [bundle_without(args.encast, case, fold) for fold in range(FOLDS)]
        result["figures"] += judge(args.encast, case, bundles)
        result["totals"] += totals(args.encast, case, bundles)
    if args.hardware:
        result["machines"] = machines(lambda *arguments: run(args.encast, *arguments), args.hardware, folder)
    Path(f"{args.out}.json").write_text(json.dumps(result, indent=1) + "\n")
    Path(f"{args.out}.md").write_text(markdown(result))


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
