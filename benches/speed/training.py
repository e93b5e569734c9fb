#!/usr/bin/env python3
"""Training of encast-trees beside LightGBM on one table, its rows ×1, ×10 and ×100: two threads each, in turn.

    training.py EXAMPLE TABLE OUT.md
    training.py lightgbm FILE ROWS HELD_OUT COLUMNS LEAVES TREES THREADS

EXAMPLE is the built example `training` of encast-trees; the second form is LightGBM's own process. Both read the same
file. Each round holds out another fifth of the titles; copies of a row stay on the side of their title. Copies are not exact: all
features of a copy but the title's frame sizes, and its target, move by a seeded normal deviate of half a percent of
the column's standard deviation, so that columns have more than 255 values to bin. The rows held out are not copied.
"""
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from math import log
from pathlib import Path

import numpy as np

REPEATS, LEAVES, TREES, THREADS, FOLDS = (1, 10, 100), (8, 31), 50, 2, 5
ROUNDS = {1: 5, 10: 5, 100: 3}
JITTER = 0.005
# LightGBM's threads spin while they wait, which on a machine that others use too makes it 10 to 50 times slower.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"} | os.environ
TARGET = "vmaf"
# Outcomes, names and places of the row; everything else that is a number is a feature.
NO_FEATURE = {"vmaf", "vmaf_harmonic_mean", "vmaf_p5", "psnr", "ssim", "psnr_cb", "psnr_cr", "encode_seconds",
              "cpu_seconds", "peak_memory_mb", "energy_kwh", "size_mb", "own_cores_shared", "other_cores_busy",
              "cpu_cores", "target_bitrate_kbps", "crf", "probe_cpu_seconds"}
EXACT = {"resolution_width", "resolution_height", "source_width", "source_height", "frame_rate", "source_frame_rate",
         "bit_depth", "preset", "threads", "frames", "duration_s", "frame_drop"}


def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def lightgbm_process(file, rows, held_out, columns, leaves, trees, threads):
    import lightgbm

    sizes = [rows * columns, rows, held_out * columns, held_out]
    with open(file, "rb") as stream:
        x, y, others, truth = (np.fromfile(stream, "<f4", size) for size in sizes)
    x, others = x.reshape(rows, columns), others.reshape(held_out, columns)
    params = {"objective": "regression", "learning_rate": 0.1, "num_leaves": leaves, "min_data_in_leaf": 20,
              "min_sum_hessian_in_leaf": 0, "max_bin": 255, "num_threads": threads, "verbose": -1, "seed": 1}
    params |= json.loads(os.environ.get("LIGHTGBM", "{}"))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS:")
    start = time.perf_counter()
    data = lightgbm.Dataset(x, y, params=params).construct()
    binning = time.perf_counter() - start
    booster = lightgbm.train(params, data, trees)
    seconds = time.perf_counter() - start
    peak = memory("VmHWM:") - before
    rmse = float(np.sqrt(np.mean((booster.predict(others) - truth) ** 2)))
    print(json.dumps({"seconds": seconds, "binning": binning, "peak": peak, "rmse": rmse,
                      "version": lightgbm.__version__}))


def matrix(table):
    """Features, their names, targets and titles; rows without a target or a bitrate are left out."""
    import pandas

    rows = pandas.read_csv(table, low_memory=False)
    rows = rows[np.isfinite(rows[TARGET]) & (rows["bitrate_kbps"] > 0)]
    features = rows.drop(columns=[name for name in rows if name in NO_FEATURE or name == "title"])
    presets = pandas.to_numeric(features.get("preset"), errors="coerce")
    features["preset"] = presets if presets.notna().any() else features["preset"].astype("category").cat.codes
    for name in ("codec", "encoder"):
        features[name] = features[name].astype("category").cat.codes
    features = features.select_dtypes("number")
    features = features.loc[:, features.nunique() > 1]
    for name in ("bitrate_kbps", "probe_bitrate_kbps"):
        if name in features:
            features[name] = np.log2(features[name])
    return (features.to_numpy(np.float32), list(features), rows[TARGET].to_numpy(np.float32), rows["title"].to_numpy())


def write(file, x, y, held, names, times):
    """The file that both read: the rows to learn from, `times` over, and the rows held out."""
    rng = np.random.default_rng(11)
    train, target = x[~held], y[~held]
    moved = np.array([name not in EXACT | {"codec", "encoder"} for name in names])
    step = np.where(moved, JITTER * np.nanstd(x, axis=0), 0)
    features, targets = [train], [target]
    for _ in range(times - 1):
        features.append((train + rng.normal(size=train.shape) * step).astype(np.float32))
        targets.append((target + rng.normal(size=len(target)) * JITTER * y.std()).astype(np.float32))
    file.seek(0)
    file.truncate()
    for part in (*features, *targets, x[held], y[held]):
        file.write(part.tobytes())
    file.flush()
    return times * len(train), int(held.sum())


def report(example, table, out):
    x, names, y, titles = matrix(table)
    order = {title: place for place, title in enumerate(sorted(set(titles)))}
    fold = np.array([order[title] % FOLDS for title in titles])
    commands = ([example], [sys.executable, __file__, "lightgbm"])
    results, sizes, version = {}, {}, ""
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        for times in REPEATS:
            for turn in range(ROUNDS[times]):
                size = write(file, x, y, fold == turn % FOLDS, names, times)
                shape = [file.name, *map(str, (*size, len(names)))]
                sizes.setdefault(times, size)
                for leaves in LEAVES:
                    run = [json.loads(subprocess.check_output([*command, *shape, *map(str, (leaves, TREES, THREADS))],
                                                              env=PATIENT)) for command in commands]
                    results.setdefault((times, leaves), []).append(run)
                    version = run[1]["version"]
                    print(times, turn, leaves, run, flush=True)
                    if turn == 0:
                        one = json.loads(subprocess.check_output([example, *shape, *map(str, (leaves, TREES, 1))]))
                        if one["model"] != run[0]["model"]:
                            raise SystemExit("the model depends on the number of threads")
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    lines = [
        "# Training beside LightGBM",
        "",
        f"{Path(table).name}: {len(y)} rows, {len(order)} titles, {len(names)} columns, target {TARGET}; each round holds "
        f"out another fifth of the titles. {TREES} trees, learning rate 0.1, at least 20 rows a leaf, 255 bins, no sampling of rows or columns, "
        f"{THREADS} threads each, each fit in a process of its own, in turn; medians of "
        f"{', '.join(map(str, ROUNDS.values()))} rounds. {date.today()}, {cpu}, {os.cpu_count()} cores; encast-trees "
        f"{release()}, {rustc()}; LightGBM {version}, Python {platform.python_version()}, NumPy {np.__version__}. Made by "
        f"`make bench-training TABLE={Path(table).name}`.",
        "",
        "×10 and ×100 repeat the rows to learn from; all features of a copy but sizes, frame rates, durations, presets, codecs "
        f"and encoders, and its target, move by a seeded normal deviate of {JITTER:.1%} of the column's standard deviation. "
        "Time is binning and training (LightGBM: `Dataset.construct` and `train`, with the layout that it chooses itself; OMP_WAIT_POLICY=PASSIVE, without which it "
        "loses far more where other programs run). "
        "Memory is by how much both raise the process's peak above the raw table, beside one byte a cell, which is what a "
        "binned table takes. The error is pooled over the rounds. encast-trees gave the same model with one thread, to the bit.",
        "",
        "| rows | leaves | encast-trees, s (least) | LightGBM, s (least) | encast / LightGBM (of the least) | RMSE held out, encast | LightGBM | of it |"
        " memory, encast | LightGBM | binned table |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [row(results, sizes, times, leaves, len(names)) for times in REPEATS for leaves in LEAVES]
    lines += ["", "Scaling: the exponent p in time ~ rowsᵖ between neighbouring sizes (1 is linear).", "",
              "| leaves | encast ×1–×10 | ×10–×100 | LightGBM ×1–×10 | ×10–×100 |", "|--:|--:|--:|--:|--:|"]
    for leaves in LEAVES:
        time_of = lambda times, who: statistics.median(run[who]["seconds"] for run in results[times, leaves])
        powers = [log(time_of(b, who) / time_of(a, who)) / log(b / a)
                  for who in (0, 1) for a, b in zip(REPEATS, REPEATS[1:])]
        lines.append(f"| {leaves} | " + " | ".join(f"{power:.2f}" for power in powers) + " |")
    Path(out).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def release():
    text = Path("Cargo.toml").read_text()
    return text.split('version = "')[1].split('"')[0]


def rustc():
    return " ".join(subprocess.check_output(["rustc", "--version"], text=True).split()[:2])


def row(results, sizes, times, leaves, columns):
    rounds = results[times, leaves]
    middle = lambda who, key: statistics.median(run[who][key] for run in rounds)
    ratio = statistics.median(run[0]["seconds"] / run[1]["seconds"] for run in rounds)
    table = sizes[times][0] * columns
    least = [min(run[who]["seconds"] for run in rounds) for who in (0, 1)]
    errors = [statistics.fmean(run[who]["rmse"] ** 2 for run in rounds) ** 0.5 for who in (0, 1)]
    size = lambda bytes: f"{bytes / 1e6:.1f} MB"
    return (f"| {sizes[times][0]} | {leaves} | {middle(0, 'seconds'):.3f} ({least[0]:.3f}) | {middle(1, 'seconds'):.3f} ({least[1]:.3f}) | "
            f"**{ratio:.2f}** ({least[0] / least[1]:.2f}) | "
            f"{errors[0]:.3f} | {errors[1]:.3f} | {errors[0] / errors[1]:.3f} | {size(middle(0, 'peak'))} = "
            f"{middle(0, 'peak') / table:.2f}× | {size(middle(1, 'peak'))} = {middle(1, 'peak') / table:.2f}× | {size(table)} |")


if __name__ == "__main__":
    if sys.argv[1] == "lightgbm":
        lightgbm_process(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        report(*sys.argv[1:])
