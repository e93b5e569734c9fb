#!/usr/bin/env python3
"""Fits the parallel shares and the speeds in crates/encast/profiles to public encode tables, and prints them.

usage: fit_profiles.py VEED.csv WEBMEDIA.csv UGC.csv REF_X264 REF_X265 REF_VP9
VEED.csv       ATHENA's x264 and x265 encodes on EC2 (BSD-3-Clause), with cpu_seconds
WEBMEDIA.csv   encodes of Big Buck Bunny at 240 lines, 30 s, on EC2, by threads (MIT)
UGC.csv        x264's presets on one unnamed large machine (MIT)
REF_*          CPU seconds of WEBMEDIA's encodes, on one thread of the reference vCPU
"""

import csv
import math
import statistics
import sys
from collections import defaultdict

USE = 0.988  # of both vCPUs of a c5.large by x264: median of VEED's cpu_utilization_pct at 360 lines


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def parallel_share(encodes):
    """Least squares, in relative error of the time, of time = cpu (1 - p + p / n)."""
    above = below = 0.0
    for row in encodes:
        n, k = int(row["vcpus"]), float(row["encode_seconds"]) / float(row["cpu_seconds"])
        a, b = (1 - 1 / n) / k, 1 / n / k - 1
        above, below = above - a * b, below + a * a
    serial = above / below
    errors = [
        abs((serial + (1 - serial) / int(r["vcpus"])) * float(r["cpu_seconds"]) / float(r["encode_seconds"]) - 1)
        for r in encodes
    ]
    return 1 - serial, statistics.median(errors), sorted(errors)[len(errors) * 9 // 10]


def main(veed, webmedia, ugc, *reference):
    veed, webmedia, ugc = rows(veed), rows(webmedia), rows(ugc)
    reference = dict(zip(["libx264", "libx265", "libvpx-vp9"], map(float, reference), strict=True))
    worst = max(
        abs(float(r["encode_seconds"]) * int(r["vcpus"]) * float(r["cpu_utilization_pct"]) / 100 / float(r["cpu_seconds"]) - 1)
        for r in veed
    )
    print(f"cpu = time · vcpus · use: worst deviation {worst:.1e}")
    for encoder in ["libx264", "libx265"]:
        share, error, p90 = parallel_share([r for r in veed if r["encoder"] == encoder])
        print(f"{encoder}: parallel share {share:.4f}; error of the time: median {error:.1%}, 90th percentile {p90:.1%}")
    k = [float(r["encode_seconds"]) / float(r["cpu_seconds"]) for r in ugc if r["preset"] == "medium" and float(r["encode_seconds"]) > 2]
    print(f"x264 medium on an unnamed large machine: time = {statistics.median(k):.3f} cpu ({len(k)} encodes)")

    times = defaultdict(list)
    for row in webmedia:
        times[row["instance"], row["encoder"], int(row["threads"])].append(float(row["encode_seconds"]))
    seconds = {key: statistics.median(values) for key, values in times.items()}
    # Start-up o and speed v of one thread, from two encoders: reference / v = time - o.
    ratio = reference["libx264"] / reference["libvpx-vp9"]
    start = (seconds["c5.large", "libx264", 1] - ratio * seconds["c5.large", "libvpx-vp9", 1]) / (1 - ratio)
    alone = reference["libx264"] / (seconds["c5.large", "libx264", 1] - start)
    print(f"c5.large: start-up {start:.2f} s; speed of a thread that has the core alone {alone:.3f}")
    busy = [reference[e] / ((seconds["c5.large", e, 10] - start) * 2 * USE) for e in ["libx264", "libx265"]]
    speeds = {"c5.large": statistics.geometric_mean(busy)}

    cpu = defaultdict(dict)
    for row in veed:
        cpu[row["title"], row["encoder"], row["resolution_height"]][row["instance"]] = float(row["cpu_seconds"])

    def slower(machine, than):
        medians = []
        for encoder in ["libx264", "libx265"]:
            medians.append(statistics.median(c[machine] / c[than] for key, c in cpu.items() if key[1] == encoder))
        return statistics.geometric_mean(medians)

    def faster(machine, than):
        return math.sqrt(math.prod(
            (seconds[than, e, 1] - start) / (seconds[machine, e, 1] - start) for e in ["libx264", "libvpx-vp9"]
        ))

    speeds["c5.2xlarge"] = speeds["c5.large"] * slower("c5.large", "c5.2xlarge")
    for machine in ["c5.xlarge", "m5.2xlarge", "r5.2xlarge"]:
        speeds[machine] = speeds["c5.2xlarge"] / slower(machine, "c5.2xlarge")
    speeds["c5.4xlarge"] = speeds["c5.2xlarge"] * faster("c5.4xlarge", "c5.2xlarge")
    for machine in ["m5.large", "m5.xlarge", "m5.4xlarge"]:
        speeds[machine] = speeds["m5.2xlarge"] * faster(machine, "m5.2xlarge")
    print("speed of a vCPU, all busy, x264", round(busy[0], 3), "x265", round(busy[1], 3))
    for machine, speed in sorted(speeds.items()):
        print(f"  {machine:12} {speed:.3f}")
    print(f"  geometric mean {statistics.geometric_mean(speeds.values()):.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    main(*sys.argv[1:])
