"""The answer of `encast ladder --judge T.csv --json`, on standard input, as a page of results."""

import datetime
import json
import os
import platform
import sys


def percent(share):
    return "–" if share is None else f"{100 * share:.1f} %"


def number(value, places=1):
    return "–" if value is None else f"{value:.{places}f}"


def cpu():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def main():
    answer = json.load(sys.stdin)
    table = os.path.basename(answer["table"])
    print("# Bitrate ladders on measured curves")
    print()
    today = datetime.datetime.now(datetime.timezone.utc).date()
    print(f"Written by `make bench-ladder TABLE=…/{table}`, {today}, {cpu()} ({os.cpu_count()} cores), {sys.argv[1]}.")
    print(f"Table: {table} (SHA-256 {answer['sha256'][:12]}…), {answer['rows']} encodes, {answer['titles']} titles,")
    print(f"{answer['sources']} sources (title, encoder and preset) judged, {answer['left_out']} left out; {answer['split']}.")
    print(
        f"Rungs at least {answer['step_vmaf']:g} VMAF and a ratio of {answer['min_bitrate_ratio']:g} apart, from {answer['bottom_vmaf']:g} up to {answer['top_vmaf']:g}, "
        f"{answer['min_bitrate_kbps']:g} to {answer['max_bitrate_kbps']:g} kbit/s."
    )
    print()
    print("| ladder | sources | rungs | dominated | clamped | BD-rate, mean | median | excess, mean | median | top VMAF | VMAF error |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for line in answer["ladders"]:
        cells = [
            line["ladder"],
            str(line["sources"]),
            number(line["rungs"]),
            number(line["dominated"], 2),
            percent(line["clamped"]),
            percent(line["bd_rate_mean"]),
            percent(line["bd_rate_median"]),
            percent(line["excess_mean"]),
            percent(line["excess_median"]),
            number(line["top_vmaf"]),
            number(line["vmaf_error"]),
        ]
        print("| " + " | ".join(cells) + " |")
    print()
    print("[docs/ladder.md](../../docs/ladder.md) says what the columns mean and how it is measured.")


main()
