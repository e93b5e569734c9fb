"""Makes benches/results/drift.md of what the drift bench printed: results.py FOLDER TABLE MACHINE."""

import datetime
import json
import sys

KINDS = [
    "known titles come again",
    "known and new titles, half and half",
    "new titles, each with all its encodes",
    "every encode of a title of its own",
]


def percent(share) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def number(value, digits=2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def main() -> None:
    folder, table, machine = sys.argv[1:4]
    load = lambda name: json.load(open(f"{folder}/{name}.json", encoding="utf-8"))
    chosen, judged, as_measured, others = load("half0"), load("half1"), load("half1-as-measured"), load("others")
    print("# Drift: how soon a shift is found, and what a correction is worth\n")
    print(
        f"Residuals of {judged['rows']} encodes of titles that no model saw ({table}; five title-disjoint folds, generated titles and"
        f" dropped frames left out), probe tier. {datetime.date.today()}, {machine}. Made by `make bench-drift`.\n"
    )
    print(
        "The residuals' kernel, the tails and the threshold were chosen on one half of the titles; figures are of the other half. Each"
        " encoder's mean residual over the half's titles is taken out, and all residuals of a title are mirrored at random, so that the only"
        " shift is the one that is made: of one encoder, up and down, from a quarter of the stream on. A stream without a shift is"
        " 10,000 observations or more, titles coming round under new names.\n"
    )
    print("## A shift of one encoder\n")
    print("Share of streams in alarm within 50 of the encoder's observations after the shift, and the median delay (– : beyond 50).\n")
    shifts = [(s["target"], s["shift"]) for s in judged["kinds"][0]["shifts"]]
    unit = {"vmaf": "VMAF", "psnr": "dB"}
    print("| stream | " + " | ".join(f"{size:g} {unit[target]}" for target, size in shifts) + " | false alarms in 10,000: VMAF | PSNR |")
    print("|---|" + "--:|" * (len(shifts) + 2))
    for kind in judged["kinds"]:
        cells = [f"{percent(s['in_time'])}, {number(s['median_delay'], 0)}" for s in kind["shifts"]]
        alarms = [number(kind[key]) for key in ("false_alarms_per_10000", "false_alarms_psnr_per_10000")]
        print(f"| {kind['kind']} | " + " | ".join(cells + alarms) + " |")
    print("\nOn the half that the threshold was chosen on, 1 VMAF and false alarms: ", end="")
    print(
        "; ".join(
            f"{kind['kind']} {percent(kind['shifts'][0]['in_time'])}, {number(kind['false_alarms_per_10000'])}" for kind in chosen["kinds"]
        )
        + "."
    )
    print(
        "\nWithout mirroring, the few titles that come round again and again keep whatever bias they have where residuals weigh most;"
        " alarms in 10,000 observations then: "
        + "; ".join(f"{kind['kind']} {number(kind['false_alarms_per_10000'])}" for kind in as_measured["kinds"])
        + ". A higher threshold did not make these fewer: they are alarms of a lasting bias, not of chance.\n"
    )
    print("## Other detectors, 1 VMAF\n")
    print(
        f"river {others['river']}, one detector an encoder; each with the setting that finds most on the first half at no more than one false"
        " alarm in 10,000 observations (– : none of the settings keeps that). Residuals in half widths of their intervals, raw or of"
        " forecasts with the title's first encodes as anchors. In brackets false alarms in 10,000 on the second half.\n"
    )
    names = list(dict.fromkeys((row["detector"], row["residuals"]) for row in others["rows"]))
    print("| stream | monitor | " + " | ".join(f"{detector}, {residuals}" for detector, residuals in names) + " |")
    print("|---|" + "--:|" * (len(names) + 1))
    for kind in judged["kinds"]:
        cells = []
        for name in names:
            row = next(r for r in others["rows"] if (r["detector"], r["residuals"]) == name and r["kind"] == kind["kind"])
            cells.append("–" if row["in_time"] is None else f"{percent(row['in_time'])} ({number(row['false_alarms'], 1)})")
        mine = f"{percent(kind['shifts'][0]['in_time'])} ({number(kind['false_alarms_per_10000'], 1)})"
        print(f"| {kind['kind']} | {mine} | " + " | ".join(cells) + " |")
    print("\n## Correction\n")
    print(
        "What is left of the shift after 50 observations of the encoder: mean absolute, and the share of streams within 0.7 VMAF (or dB)."
        " Beside it the mean absolute error of VMAF without a shift, without and with the correction (each encode forecast before it is observed).\n"
    )
    print("| stream | " + " | ".join(f"{size:g} {unit[target]}" for target, size in shifts) + " | error without | with |")
    print("|---|" + "--:|" * (len(shifts) + 2))
    for kind in judged["kinds"]:
        cells = [f"{number(s['left_mean'])}, {percent(s['left_within'])}" for s in kind["shifts"]]
        print(f"| {kind['kind']} | " + " | ".join(cells) + f" | {number(kind['mae'], 3)} | {number(kind['mae_corrected'], 3)} |")


main()
