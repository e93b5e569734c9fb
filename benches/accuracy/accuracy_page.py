#!/usr/bin/env python3
"""The generated tables of docs/accuracy.md, from the figures under benches/results. Needs Python's own library only.

    accuracy_page.py            writes the tables between their markers
    accuracy_page.py --check    fails when the page does not say what the figures say

A table stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything else on the page is written by hand.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# What tables are called on the page; others go by the name of their file, after these.
NAMES = {"measured-real": "own", "bvidvc_x265_dev": "BVI-DVC", "measured_dev": "small"}
TIERS = {"settings": "settings", "content": "content", "probe_psnr": "probe without VMAF", "probe": "probe"}
UNITS = {"vmaf": ("VMAF", 1), "psnr": ("PSNR", 2), "bitrate_kbps": ("log2 size", 3)}
# Properties as the page names them, and how many decimals make sense.
PROPERTIES = {
    "source_height": ("lines", 0),
    "frame_rate": ("frames/s", 0),
    "si_mean": ("SI", 0),
    "si_std": ("SI's deviation", 1),
    "ti_mean": ("TI", 1),
    "ti_std": ("TI's deviation", 1),
    "spatial_energy": ("E", 0),
    "temporal_energy": ("h", 1),
    "luminance": ("L", 0),
    "static_share": ("static share", 2),
    "probe_bitrate_kbps": ("probe kbit/s", 0),
    "probe_psnr": ("probe PSNR", 1),
    "probe_vmaf": ("probe VMAF", 1),
    "bits_per_pixel": ("bits per pixel", 3),
    "vmaf": ("measured VMAF", 1),
    "psnr": ("measured PSNR", 1),
}
UNUSUAL = 0.05


def number(value, digits):
    """A number as tables write it: no leading zero, a real minus."""
    text = f"{value:.{digits}f}"
    text = text[1:] if text.startswith("0.") else text.replace("-0.", "-.", 1) if text.startswith("-0.") else text
    return text.replace("-", "−")


def share(value):
    return f"{100 * value:.0f} %"


def table(header, rows):
    """Markdown; columns whose first row is text stand to the left."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


class Figures:
    """All that the runs wrote down."""

    def __init__(self, folder):
        self.judged = self.read(folder, "yardstick")
        self.heldout = self.read(folder, "heldout")

    @staticmethod
    def read(folder, kind):
        found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{kind}-*.json"))]
        known = list(NAMES)
        found.sort(key=lambda report: known.index(report["table"]) if report["table"] in known else len(known))
        return {NAMES.get(report["table"], report["table"]): report for report in found}

    def rows(self, target):
        """(table, row) of all that was judged for a target."""
        for name, report in self.judged.items():
            for row in report["results"]:
                if row["target"] == target and "encast" in row["models"]:
                    yield name, row

    def cases(self):
        """Every (table, given, tier) that was judged, with its rows by target."""
        found = {}
        for target in UNITS:
            for name, row in self.rows(target):
                found.setdefault((name, row["given"], row["tier"]), {})[target] = row
        order = {name: at for at, name in enumerate(self.judged)}
        tiers = list(TIERS)
        return sorted(found.items(), key=lambda case: (order[case[0][0]], case[0][1], tiers.index(case[0][2])))


def runs(figures):
    """What was judged, with what."""
    lines = []
    for name, report in figures.judged.items():
        own = max(row["own_probes"] for row in report["results"])
        versions = ", ".join(f"{what} {version}" for what, version in report["versions"].items())
        lines.append(
            f"- {name}: {report['rows']:,} rows of {report['titles']} titles, SHA-256 `{report['sha256'][:16]}…`; "
            f"{own} of them are trial encodes and left out at the probe tiers; {report['date']}, {report['cpu']}; {versions}."
        )
    return lines


def accuracy(figures):
    """R² / MAE beside LightGBM."""
    header = ["table", "given", "tier"]
    for label, _ in UNITS.values():
        header += [f"{label}: encast", f"{label}: LightGBM"]

    def cell(row, model):
        found = row["models"][model]
        return f"{number(found['r2'], 3)} / {number(found['mae'], 3 if row['target'] == 'bitrate_kbps' else 2)}"

    rows = []
    for (name, given, tier), targets in figures.cases():
        cells = [name, given, TIERS[tier]]
        for target in UNITS:
            row = targets.get(target)
            cells += [cell(row, "encast"), cell(row, "LightGBM")] if row else ["", ""]
        rows.append(cells)
    return table(header, rows)


def intervals(figures):
    """Coverage and width beside conformalized quantile regression."""
    header = ["table", "given", "tier", "target", "encast: coverage, width", "lowest title", "worst codec and size"]
    header += ["CQR: coverage, width", "CQR at encast's coverage: width", "encast's width to that"]
    rows = []
    for (name, given, tier), targets in figures.cases():
        for target, row in targets.items():
            own, peer = row["intervals"]["encast"], row["intervals"]["LightGBM, CQR"]
            key = "mean_width_log2" if own.get("mean_width_log2") is not None else "mean_width"
            label, digits = UNITS[target]
            if target == "bitrate_kbps":
                label, digits = ("log2 size", 2) if key == "mean_width_log2" else ("kbit/s", 0)
            equal, worst = peer.get("equal"), own.get("worst_cell")
            rows.append(
                [
                    name,
                    given,
                    TIERS[tier],
                    label,
                    f"{number(own['coverage'], 3)}, {number(own[key], digits)}",
                    number(own["title_coverage_min"], 2),
                    f"{worst['cell']}: {number(worst['coverage'], 2)}" if worst else "",
                    f"{number(peer['nominal']['coverage'], 3)}, {number(peer['nominal'][key], digits)}",
                    number(equal[key], digits) if equal else "not reached",
                    f"{100 * (own[key] / equal[key] - 1):+.0f} %".replace("-", "−") if equal else "",
                ]
            )
    return table(header, rows)


def cells(figures):
    """VMAF at the probe tier by codec and size."""
    header = ["table", "codec, encoded size", "bitrate: rows / titles", "MAE", "held", "crf: rows / titles", "MAE", "held"]
    found = {}
    for name, row in figures.rows("vmaf"):
        if row["tier"] == "probe":
            for cell in row["breakdown"]["cells"]:
                found.setdefault((name, cell["cell"]), {})[row["given"]] = cell
    rows = []
    for (name, label), by_given in found.items():
        cells_of_row = [name, label]
        for given in ("bitrate", "crf"):
            cell = by_given.get(given)
            cells_of_row += (
                [f"{cell['rows']} / {cell['titles']}", number(cell["mae"], 2), number(cell["coverage"], 2)]
                if cell
                else ["", "", ""]
            )
        rows.append(cells_of_row)
    return table(header, rows)


def unusual(properties):
    """The properties in which a title is among the outermost 5 %, most extreme first; at most four."""
    ranked = sorted(properties.items(), key=lambda item: min(item[1][1], 1 - item[1][1]))
    parts = []
    for name, (median, rank) in ranked:
        label, digits = PROPERTIES[name]
        if min(rank, 1 - rank) > UNUSUAL or len(parts) == 4:
            break
        side = {0.0: "lowest", 1.0: "highest"}.get(rank)
        side = side or (f"lowest {100 * rank:.0f} %" if rank < 0.5 else f"highest {100 * (1 - rank):.0f} %")
        parts.append(f"{label} {number(median, digits)} ({side})")
    return ", ".join(parts) or "nothing in the outermost 5 %"


def worst_titles(figures):
    """Where VMAF errs most at the probe tier, from a bitrate."""
    header = ["table", "title", "rows", "MAE", "bias", "LightGBM: MAE", "bias", "unusual among the table's titles"]
    rows = []
    for name, row in figures.rows("vmaf"):
        if (row["tier"], row["given"]) == ("probe", "bitrate"):
            for title in row["breakdown"]["worst_titles"]:
                numbers = [title[key] for key in ("mae", "bias", "lightgbm_mae", "lightgbm_bias")]
                cells_of_row = [name, f"`{title['title']}`", str(title["rows"]), *(number(value, 1) for value in numbers)]
                rows.append([*cells_of_row, unusual(title["properties"])])
    return table(header, rows)


def confidence(figures):
    """Tenths of the rows by confidence."""
    found = {}
    for name, row in figures.rows("vmaf"):
        if row["given"] == "bitrate" and row["tier"] in ("content", "probe"):
            found[f"{name}, {row['tier']}"] = row["breakdown"]["by_confidence"]
    header = ["tenth", *found]
    rows = []
    for tenth in range(10):
        cells_of_row = [str(tenth + 1)]
        for tenths in found.values():
            figure = tenths[tenth]
            text = f"{number(figure['confidence'], 2)}: {number(figure['mae'], 2)}, {share(figure['within_6'])}"
            cells_of_row.append(text)
        rows.append(cells_of_row)
    for least in (0.85, 0.7):
        cells_of_row = [f"all of ≥ {number(least, 2)}"]
        for tenths in found.values():
            sure = [figure for figure in tenths if figure["confidence"] >= least]
            count = sum(figure["rows"] for figure in sure)
            wrong = sum(figure["rows"] * (1 - figure["within_6"]) for figure in sure) / count if count else None
            cells_of_row.append(f"{len(sure)} tenths, {share(wrong)} wrong" if count else "none")
        rows.append(cells_of_row)
    return table(header, rows)


def thresholds(figures):
    """How often answers of some confidence are wrong."""
    header = ["table", "given", "tier", "rows judged"]
    rows = []
    for name, report in figures.heldout.items():
        for result in report["results"]:
            cells_of_row = [name, result["given"], TIERS[result["tier"]], str(result["rows"])]
            for found in result["confidence"]:
                label = f"≥ {number(found['at_least'], 2)}: share of rows, wrong"
                header += [label] if label not in header else []
                wrong = share(found["wrong"]) if found["wrong"] is not None else "–"
                cells_of_row.append(f"{share(found['rows'] / result['rows'])}, {wrong}")
            rows.append(cells_of_row)
    return table(header, rows)


def levels(figures):
    """Coverage at several levels."""
    header = ["table", "given", "tier"]
    rows = []
    for name, report in figures.heldout.items():
        for result in report["results"]:
            cells_of_row = [name, result["given"], TIERS[result["tier"]]]
            for found in result["levels"]:
                label = f"{share(found['level'])}: held, width"
                header += [label] if label not in header else []
                cells_of_row.append(f"{number(found['coverage'], 3)}, {number(found['mean_width'], 1)}")
            rows.append(cells_of_row)
    return table(header, rows)


SECTIONS = {
    "runs": runs,
    "accuracy": accuracy,
    "intervals": intervals,
    "cells": cells,
    "worst titles": worst_titles,
    "confidence": confidence,
    "thresholds": thresholds,
    "levels": levels,
}


def renewed(page, figures):
    """The page with every generated part as the figures have it."""
    missing = [name for name in SECTIONS if f"<!-- generated: {name} -->" not in page]
    if missing:
        raise SystemExit(f"docs/accuracy.md lacks the markers of: {', '.join(missing)}")

    def part(match):
        name = match.group(1)
        if name not in SECTIONS:
            raise SystemExit(f"docs/accuracy.md has a marker that nothing is known for: {name}")
        return "\n".join([f"<!-- generated: {name} -->", *SECTIONS[name](figures), "<!-- end -->"])

    return re.sub(r"<!-- generated: ([a-z ]+) -->\n.*?<!-- end -->", part, page, flags=re.DOTALL)


def main():
    """Writes the page, or checks it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when the page is out of date")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/accuracy.md")
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results", help="folder of the figures")
    arguments = parser.parse_args()
    page = arguments.page.read_text(encoding="utf-8")
    wanted = renewed(page, Figures(arguments.results))
    if not arguments.check:
        arguments.page.write_text(wanted, encoding="utf-8")
        return
    for at, (line, want) in enumerate(zip(page.splitlines(), wanted.splitlines()), 1):
        if line != want:
            raise SystemExit(f"{arguments.page}:{at} is not what benches/results says; benches/accuracy/accuracy_page.py mends it:\n{line}\n{want}")
    if page != wanted:
        raise SystemExit(f"{arguments.page} is longer or shorter than benches/results says; benches/accuracy/accuracy_page.py mends it")
    print(f"{arguments.page.name} says what benches/results says", file=sys.stderr)


if __name__ == "__main__":
    main()
