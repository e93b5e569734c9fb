#!/usr/bin/env python3
"""The plots of docs/accuracy.md, as SVG: the same figures give the same bytes.

    plots.py [--results benches/results] [--answers build/accuracy] [--out docs/plots]
"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
import pandas  # noqa: E402

from accuracy_page import ROOT, TIERS, Figures  # noqa: E402

# Text stays text, and nothing in the file depends on the moment or on chance.
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "encast", "font.size": 9, "font.family": "sans-serif"})
COLORS = {"settings": "#888888", "content": "#0b84a5", "probe_psnr": "#f6a01a", "probe": "#b0413e"}
STYLES = {"bitrate": "-", "crf": "--"}
SIDE = 3.6


def save(figure, path):
    figure.savefig(path, metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    plt.close(figure)
    print(path)


def panels(names):
    figure, axes = plt.subplots(1, len(names), figsize=(SIDE * len(names) + 1.2, SIDE), squeeze=False, sharey=True)
    for axis, name in zip(axes[0], names):
        axis.set_title(name)
        axis.grid(color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    return figure, axes[0]


def calibration(figures, path):
    """Nominal level against coverage on unseen titles."""
    figure, axes = panels(list(figures.heldout))
    for axis, report in zip(axes, figures.heldout.values()):
        axis.plot([0.4, 1], [0.4, 1], color="black", linewidth=0.8)
        for result in report["results"]:
            points = [(found["level"], found["coverage"]) for found in result["levels"]]
            label = f"{TIERS[result['tier']]}, {result['given']}"
            style = dict(color=COLORS[result["tier"]], linestyle=STYLES[result["given"]], marker="o", markersize=3)
            axis.plot(*zip(*points), label=label, **style)
        axis.set(xlabel="promised", xlim=(0.4, 1), ylim=(0.4, 1))
    axes[0].set_ylabel("share of VMAF measurements held")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    save(figure, path)


def by_confidence(figures, path):
    """Mean error and share within ±6, by tenths of confidence."""
    names = list(figures.judged)
    figure, axes = plt.subplots(2, len(names), figsize=(SIDE * len(names) + 1.2, SIDE * 1.6), squeeze=False, sharey="row")
    for column, name in enumerate(names):
        axes[0][column].set_title(name)
        axes[1][column].plot([0, 1], [0, 1], color="black", linewidth=0.8)
        for judged, row in figures.rows("vmaf"):
            tenths = row["breakdown"]["by_confidence"]
            if judged != name or not tenths:
                continue
            style = dict(color=COLORS[row["tier"]], linestyle=STYLES[row["given"]], marker="o", markersize=3)
            known = [tenth["confidence"] for tenth in tenths]
            label = f"{TIERS[row['tier']]}, {row['given']}"
            axes[0][column].plot(known, [tenth["mae"] for tenth in tenths], label=label, **style)
            axes[1][column].plot(known, [tenth["within_6"] for tenth in tenths], **style)
        for axis in (axes[0][column], axes[1][column]):
            axis.grid(color="#dddddd", linewidth=0.5)
            axis.set(xlim=(0, 1))
        axes[0][column].set(ylim=(0, None))
        axes[1][column].set(ylim=(0, 1.02), xlabel="confidence, mean of a tenth of the rows")
    axes[0][0].set_ylabel("mean error, VMAF points")
    axes[1][0].set_ylabel("share within ±6 points")
    axes[0][-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    save(figure, path)


def predicted(answers, name, path):
    """Predicted against measured VMAF at the probe tier, from a bitrate."""
    rows = pandas.read_csv(answers)
    rows = rows[(rows.tier == "probe") & (rows.given == "bitrate")]
    figure, (axis,) = panels([name])
    cells = dict(gridsize=28, extent=(0, 100, 0, 100), mincnt=1, bins="log", cmap="viridis", linewidths=0.1)
    drawn = axis.hexbin(rows.measured, rows.forecast, **cells)
    axis.plot([0, 100], [0, 100], color="black", linewidth=0.8)
    axis.set(xlabel="measured VMAF", ylabel="forecast VMAF", xlim=(0, 100), ylim=(0, 100))
    figure.colorbar(drawn, ax=axis, label="rows")
    save(figure, path)


def main():
    """Draws all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "benches/results", help="folder of the figures")
    parser.add_argument("--answers", type=Path, default=ROOT / "build/accuracy", help="folder of the single answers")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/plots")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    figures = Figures(arguments.results)
    calibration(figures, arguments.out / "vmaf-calibration.svg")
    by_confidence(figures, arguments.out / "vmaf-error-by-confidence.svg")
    for name, report in figures.heldout.items():
        answers = arguments.answers / f"heldout-{report['table']}.csv"
        # A table that was not asked this time keeps the plot that it has.
        if answers.exists():
            predicted(answers, name, arguments.out / f"vmaf-predicted-measured-{report['table']}.svg")


if __name__ == "__main__":
    main()
