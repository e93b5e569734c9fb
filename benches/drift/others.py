"""Detectors of the library river, and a plain CUSUM, on the residuals of the same streams: others.py CHOOSE.tsv REPORT.tsv.

Each looks at the residuals of one encoder in the order in which they come, in half widths of their intervals: raw ones, or those
of forecasts that have the first encodes of their title as anchors. Of its settings each takes, for each kind of stream, the one that
finds most shifts at no more than one false alarm in 10,000 observations on CHOOSE; figures are of REPORT. Prints JSON.
"""

import collections
import csv
import json
import sys

import river
from river import drift

IN_TIME = 50


class Cusum:
    """Two-sided CUSUM (Page, 1954) with the reference value k."""

    def __init__(self, k: float, threshold: float) -> None:
        self.k, self.threshold, self.sides, self.drift_detected = k, threshold, (0.0, 0.0), False

    def update(self, value: float) -> None:
        up, down = self.sides
        self.sides = (max(0.0, up + value - self.k), max(0.0, down - value - self.k))
        self.drift_detected = max(self.sides) > self.threshold
        if self.drift_detected:
            self.sides = (0.0, 0.0)


SETTINGS = {
    "Page-Hinkley": [
        lambda d=d, t=t: drift.PageHinkley(min_instances=30, delta=d, threshold=t, alpha=1 - 1e-4)
        for d in (0.02, 0.1)
        for t in (3, 5, 8, 12, 20, 35, 60, 100)
    ],
    "ADWIN": [lambda d=d: drift.ADWIN(delta=d, clock=4) for d in (1e-1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-13, 1e-18, 1e-25)],
    "CUSUM": [lambda k=k, t=t: Cusum(k, t) for k in (0.05, 0.15) for t in (3, 5, 8, 12, 20, 35, 60, 100)],
}


def streams(path: str) -> dict:
    """By kind: those without a shift, and those with; each a list of (encoder's residuals, observations before the shift)."""
    found = collections.defaultdict(list)
    with open(path, newline="", encoding="utf-8") as file:
        for kind, shifted, seed, encoder, after, raw, near in csv.reader(file, delimiter="\t"):
            found[kind, shifted, seed, encoder].append((int(after), float(raw), float(near)))
    kinds = collections.defaultdict(lambda: ([], []))
    for (kind, shifted, _, encoder), values in found.items():
        if not shifted:
            kinds[kind][0].append(values)
        elif shifted.split()[0] == encoder:
            kinds[kind][1].append(values)
    return kinds


def judge(make, column: int, quiet: list, shifted: list) -> tuple[float, float]:
    """False alarms in 10,000 observations, and the share of shifts that are found in time."""
    alarms = observations = 0
    for values in quiet:
        detector = make()
        for value in values:
            detector.update(value[column])
            alarms += detector.drift_detected
        observations += len(values)
    in_time = counted = 0
    for values in shifted:
        detector = make()
        hit = False
        for value in values:
            detector.update(value[column])
            hit |= bool(value[0]) and detector.drift_detected
        counted += 1
        in_time += hit
    return alarms * 1e4 / observations, in_time / max(counted, 1)


def main() -> None:
    choose, report = streams(sys.argv[1]), streams(sys.argv[2])
    rows = []
    for name, settings in SETTINGS.items():
        for column, residuals in ((1, "raw"), (2, "anchored")):
            for kind, (quiet, shifted) in choose.items():
                judged = [(judge(make, column, quiet, shifted), make) for make in settings]
                allowed = [entry for entry in judged if entry[0][0] <= 1.0]
                if not allowed:
                    rows.append({"detector": name, "residuals": residuals, "kind": kind, "in_time": None, "false_alarms": None})
                    continue
                (_, _), make = max(allowed, key=lambda entry: entry[0][1])
                false_alarms, in_time = judge(make, column, *report[kind])
                rows.append(
                    {"detector": name, "residuals": residuals, "kind": kind, "in_time": in_time, "false_alarms": false_alarms}
                )
    print(json.dumps({"river": river.__version__, "rows": rows}, indent=1))


main()
