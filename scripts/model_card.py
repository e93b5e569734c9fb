"""Writes metrics.json and MODEL_CARD.md of a model from what `encast train` and `encast evaluate` printed.

    model_card.py TABLE FOLDER WORK

WORK holds train.json and evaluate-<tier>-<given>.json; see train-model.sh, which calls this.
"""

import csv
import hashlib
import json
import sys
from pathlib import Path

NAMES = {
    "vmaf": "VMAF",
    "psnr": "PSNR, dB",
    "bitrate_kbps": "bitrate_kbps",
    "encode_seconds": "encode_seconds",
    "cpu_seconds": "cpu_seconds",
    "peak_memory_mb": "peak_memory_mb",
}
# Judged as a logarithm: R² of it, and the median relative error instead of an absolute one.
RELATIVE = {"bitrate_kbps", "encode_seconds", "cpu_seconds", "peak_memory_mb"}

KINDS = ("natural", "animation", "screen")


def number(value, form=".3g"):
    """A figure, or a dash where the judge gave none."""
    return "–" if value is None else format(value, form)


def rows_of(evaluation):
    """Lines of the accuracy table for one evaluation."""
    for target, name in NAMES.items():
        found = evaluation["targets"].get(target)
        if found is None or (target == "bitrate_kbps" and evaluation["given"] == "bitrate"):
            continue
        if target in RELATIVE:
            r2 = number(found.get("r2_log"), ".3f") + " (log)"
            ape = found.get("median_ape")
            error = "–" if ape is None else f"{100 * ape:.0f} % median"
        else:
            r2, error = number(found["r2"], ".3f"), number(found["mae"]) + " mean"
        interval = found.get("interval") or {}
        coverage = interval.get("coverage")
        within = found.get("within_2", found.get("within_half_db"))
        yield (
            f"| {name} | {evaluation['given']} | {evaluation['tier']} | {found['rows']} | {r2} | {error} | "
            + ("–" if within is None else f"{100 * within:.0f} %")
            + " | "
            + ("–" if coverage is None else f"{100 * coverage:.0f} %")
            + " |"
        )


def table_of(evaluations):
    """The accuracy table."""
    lines = [
        "| forecast | given | tier | rows | R² | error | near | in the 90 % interval |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for evaluation in evaluations:
        lines += rows_of(evaluation)
    return lines


def main():
    """Reads, checks that both sides speak of the same table, writes."""
    table, folder, work = map(Path, sys.argv[1:4])
    with table.open(newline="") as source:
        rows = list(csv.DictReader(source))
    natural = {row["title"] for row in rows if row["title_kind"] == "natural"}
    titles = {row["title"] for row in rows}
    learnt = [row for row in rows if row["title_kind"] in KINDS]
    real = {row["title"] for row in learnt}
    evaluations = [
        json.loads((work / f"evaluate-{tier}-{given}.json").read_text())
        for given in ("bitrate", "crf")
        for tier in ("settings", "content", "probe")
    ]
    bundle = folder / "default.encast"
    of_kind = {kind: len({row["title"] for row in rows if row["title_kind"] == kind}) for kind in KINDS}
    kinds = ", ".join(f"{count} {kind}" for kind, count in of_kind.items() if count)
    recipe = rows[0]["probe_recipe"]
    train = json.loads((work / "train.json").read_text())
    # Where this machine put the bundle, and how long it took: the same training gives the same file.
    del train["out"], train["seconds"]
    metrics = {
        "model": {
            "file": bundle.name,
            "bytes": bundle.stat().st_size,
            "sha256": hashlib.sha256(bundle.read_bytes()).hexdigest(),
        },
        "data": {
            "name": table.name,
            "rows": len(rows),
            "titles": len(titles),
            "natural_titles": len(natural),
            "sha256": hashlib.sha256(table.read_bytes()).hexdigest(),
        },
        "train": train,
        "evaluations": evaluations,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n")
    encoders = sorted({row["encoder"] for row in rows})
    card = [
        "# The default model",
        "",
        "Written by `make train-model`; change the script, not this page. All figures stand in metrics.json too.",
        "",
        "| | |",
        "|---|---|",
        f"| bundle | `{bundle.name}`, {metrics['model']['bytes']} bytes, SHA-256 `{metrics['model']['sha256']}` |",
        f"| trained on | [{table.name}](../../data/README.md), SHA-256 `{metrics['data']['sha256']}`: {len(learnt)} encodes of "
        f"{len(real)} titles ({kinds}); {len(rows) - len(learnt)} more of {len(titles) - len(real)} generated titles only to judge by |",
        f"| encoders | {', '.join(encoders)}, one thread |",
        f"| trial encode (probe tier) | {recipe} |",
        "| VMAF model | vmaf_v0.6.1, the encode upscaled to source size with the bicubic filter |",
        "| licence | MIT OR Apache-2.0, bundle and table |",
        "",
        "## Meant for",
        "First forecasts and comparisons of 8-bit encodes like those of the table (a keyframe every 2 s), before own",
        "measurements exist.",
        "For decisions that cost money, train on own measurements: `encast train`.",
        "",
        "## Not meant for",
        "- Proving that an encode reached a quality: measure that.",
        "- Sources above 1080 lines (few are above 720), HDR, 10 bits, interlaced material, hardware",
        "  encoders, VVC: never seen.",
        "- Encode times of other machines: `encode_seconds` and `cpu_seconds` are of one core of one virtual machine;",
        "  another machine needs its own measurements. Cost, energy and CO2 follow from them and the prices in profile.json.",
        "- Long content as such: every row is of 2 or 3 seconds, so the share of keyframes is that of a short segment.",
        "- Comparing encoders on merit: presets, tunings and clips are too few.",
        "",
        "## Accuracy on unseen titles",
        "Five folds by title: every row was judged by a model that never saw its title. *near* is within ±2 VMAF or ±0.5 dB.",
        "Tiers are those of the glossary; figures of different tiers are not comparable. The peers' figures on the same folds:",
        "[yardstick](../../benches/results/yardstick-measured-real.md).",
        "",
        f"The {len(real)} titles of the kinds that it learns from:",
        "",
        *table_of(evaluations),
        "",
        "With a hundred titles, one title more or less still moves these figures in their second digit.",
    ]
    (folder / "MODEL_CARD.md").write_text("\n".join(card) + "\n")


if __name__ == "__main__":
    main()
