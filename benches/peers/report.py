#!/usr/bin/env python3
"""The page of results from the measured rounds.

    report.py RESULTS.json OUT.md [FORECASTS.txt [LOADING.txt]]

FORECASTS is what the C bench printed, LOADING what the bench of loading printed.
"""
import json
import re
import sys
from pathlib import Path
from statistics import median

# The figures that encast-trees is meant to keep at 31 to 64 leaves: nanoseconds per tree and row, and how many times quicker
# than the quickest peer.
MOST = {"batch of 10,000": 2.0, "single row": 5.0}
LEAST_RATIO = 1.5


def way(kind, size):
    return "single row" if kind == "single" else f"batch of {size:,}"


def ratio(engine, encast, key):
    """How much longer the peer takes: the median of the rounds, each a ratio of what ran one after the other."""
    return median(theirs / ours for theirs, ours in zip(engine["ns_per_tree_and_row"][key], encast["ns_per_tree_and_row"][key]))


def quickest(forest, key):
    encast, *peers = forest["engines"]
    return min(((ratio(peer, encast, key), peer) for peer in peers), key=lambda found: found[0])


def verdict(results):
    lines = ["| forest | | encast, ns: least / median | due | quickest peer | ns: least / median | peer / encast | due |",
             "|---|---|--:|--:|---|--:|--:|--:|"]
    for forest in results["forests"]:
        due = 31 <= forest["leaves"] <= 64
        for key in ["batch of 100", "batch of 10,000", "single row"]:
            times, (times_as_long, peer) = forest["engines"][0]["ns_per_tree_and_row"][key], quickest(forest, key)
            most = MOST.get(key, MOST["batch of 10,000"])
            kept = f"≤ {most:g}: {'yes' if median(times) <= most else '**no**'}" if due else ""
            enough = f"≥ {LEAST_RATIO}: {'yes' if times_as_long >= LEAST_RATIO else '**no**'}" if due else ""
            theirs = peer["ns_per_tree_and_row"][key]
            lines.append(f"| {forest['origin']}, {forest['leaves']} leaves | {key} | {min(times):.2f} / {median(times):.2f} | {kept} "
                         f"| {peer['engine']} | {min(theirs):.2f} / {median(theirs):.2f} | {times_as_long:.2f} | {enough} |")
    return lines


def table(forest):
    encast = forest["engines"][0]
    keys = list(encast["ns_per_tree_and_row"])
    lines = [f"### {forest['forest']}", "",
             "| engine | version | " + " | ".join(f"{key} | ×" for key in keys) + " | largest difference |",
             "|---|---|" + "--:|--:|" * len(keys) + "--:|"]
    for engine in forest["engines"]:
        cells = "".join(f" {median(engine['ns_per_tree_and_row'][key]):.2f} | {ratio(engine, encast, key):.2f} |" for key in keys)
        difference = max(engine["max_difference"], engine["max_difference_single"])
        lines.append(f"| {engine['engine']} | {engine['version']} |{cells} {difference:.1e} |")
    return [*lines, ""]


def loading(text):
    """Criterion's middle estimates."""
    found = re.findall(r"load the default bundle/(\w+)\s+time:\s+\[\S+ \S+ (\S+ \S+)", text)
    return [f"- {name}: {time}" for name, time in found]


def page(results, forecasts, loaded):
    told = results["conditions"]
    lines = [
        "# Trees beside other evaluators of the same forests", "",
        f"{told['date']}, {told['cpu']}; encast used {told['instructions']}. One thread on one core, all engines in turn in each of "
        f"{results['rounds']} rounds; {results['trees']} trees, {results['rows']:,} random rows × {results['columns']} columns, some "
        f"values missing. Load average {told['load_average_before']} before and {told['load_average_after']} after"
        f"{' (the machine was shared: figures in ns are too high, ratios less so)' if told['load_average_before'] > 1.3 else ''}; "
        f"niceness {told['niceness']}. Python {told['python']}, gcc {told['gcc']}. Made by `make bench-peers`; "
        "[what is measured](../peers/README.md).", "",
        "## Verdict", "", *verdict(results), "",
        "## All engines", "",
        "Nanoseconds per tree and row, medians of the rounds; × is that divided by encast's, the median of the rounds' own "
        "ratios. The difference is the largest of any row to what the forest's origin forecasts, in batch or by itself; forecasts "
        "are between about −10 and 20.", ""]
    for forest in results["forests"]:
        lines += table(forest)
    if forecasts:
        lines += ["## Whole forecast through C", "",
                  "The default model: all targets, intervals, confidence, recommended bitrate; `cargo bench -p encast-ffi --bench calls`.", "",
                  "```", *(line for line in forecasts.strip().splitlines() if line), "```", ""]
    if loaded:
        lines += ["Loading the default model, `cargo bench -p encast --bench forecasts -- load`:", "", *loading(loaded), ""]
    return "\n".join(lines)


def main():
    results = json.loads(Path(sys.argv[1]).read_text())
    forecasts, loaded = ([Path(path).read_text() for path in sys.argv[3:]] + ["", ""])[:2]
    Path(sys.argv[2]).write_text(page(results, forecasts, loaded))


if __name__ == "__main__":
    main()
