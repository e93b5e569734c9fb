#!/usr/bin/env python3
"""Training and prediction of encast-trees beside LightGBM: one table, the same sizes, one thread each, in turn.

    speed.py EXAMPLE OUT.md

EXAMPLE is the built example `speed` of encast-trees. The two learners grow their own forests of the same shape (400
trees of up to 31 leaves); single rows go through LightGBM's fast path of its C API.
"""
import ctypes
import json
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np
from lightgbm.basic import _LIB

ROWS, COLUMNS, REPEATS, ROUNDS = 20_000, 12, 3, 5
TREES = 400
PARAMS = {"objective": "regression", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "verbose": -1,
          "bagging_fraction": 0.5, "bagging_freq": 1, "num_threads": 1, "seed": 1, "max_bin": 255}


def table():
    """Random features, a smooth target with interactions, and noise."""
    rng = np.random.default_rng(7)
    x = rng.uniform(-3, 3, (ROWS, COLUMNS)).astype(np.float32)
    y = np.sin(x[:, 0]) * x[:, 1] + x[:, 2] ** 2 + np.where(x[:, 3] > 0, x[:, 4], -x[:, 5]) + rng.normal(0, 0.3, ROWS)
    return x, y.astype(np.float32)


def median(run):
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return sorted(times)[len(times) // 2]


def checked(status):
    if status != 0:
        raise RuntimeError(_LIB.LGBM_GetLastError().decode())


def single_rows(booster, x):
    """Every row by itself through the C API's fast path; the cost of the Python loop is taken off."""
    handle = ctypes.c_void_p()
    checked(_LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle, ctypes.c_int(0), ctypes.c_int(0), ctypes.c_int(TREES), ctypes.c_int(0),
        ctypes.c_int32(COLUMNS), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(handle)))
    length, out = ctypes.c_int64(), np.zeros(1)
    out_at = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    rows = [ctypes.c_void_p(x.ctypes.data + i * COLUMNS * 4) for i in range(ROWS)]
    predict, nothing = _LIB.LGBM_BoosterPredictForMatSingleRowFast, _LIB.LGBM_GetLastError
    through = median(lambda: [predict(handle, row, ctypes.byref(length), out_at) for row in rows])
    loop = median(lambda: [nothing() for _ in rows])
    checked(_LIB.LGBM_FastConfigFree(handle))
    return max(through - loop, 1)


def of_lightgbm(x, y):
    boosters = []

    def train():
        data = lightgbm.Dataset(x, y, params=PARAMS)
        boosters.append(lightgbm.train(PARAMS, data, TREES))

    training = median(train)
    booster = boosters[-1]
    batch = median(lambda: booster.predict(x, num_threads=1))
    rmse = float(np.sqrt(np.mean((booster.predict(x) - y) ** 2)))
    return {"training_ns": training, "batch_ns": batch, "single_ns": single_rows(booster, x), "rmse": rmse}


def main():
    example, out = sys.argv[1], Path(sys.argv[2])
    x, y = table()
    rounds = []
    with tempfile.NamedTemporaryFile(suffix=".f32") as file:
        file.write(x.tobytes() + y.tobytes())
        file.flush()
        for _ in range(ROUNDS):
            ours = json.loads(subprocess.check_output([example, file.name, str(ROWS), str(COLUMNS), str(REPEATS)]))
            rounds.append((ours, of_lightgbm(x, y)))
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    lines = [
        "# Speed beside LightGBM",
        "",
        f"{ROWS} rows × {COLUMNS} columns, {TREES} trees of up to 31 leaves, one thread each, in turn; medians of {ROUNDS} "
        f"rounds. {date.today()}, {cpu}; LightGBM {lightgbm.__version__}, Python {platform.python_version()}. "
        "Made by `make bench-lightgbm`.",
        "",
        "The forests have the same shape but are each learner's own. Single rows go through LightGBM's single-row fast path "
        "(C API), less the cost of the loop around it. The features are random, which is the hardest case for evaluators that "
        "branch; on tables whose rows resemble one another LightGBM loses less.",
        "",
        "| | encast-trees | LightGBM | LightGBM / encast |",
        "|---|--:|--:|--:|",
    ]
    for name, key, unit, factor in [
        ("training", "training_ns", "s", 1e-9),
        ("batch, ns per tree and row", "batch_ns", "ns", 1 / (ROWS * TREES)),
        ("single row, ns per tree", "single_ns", "ns", 1 / (ROWS * TREES)),
    ]:
        middle = lambda values: sorted(values)[len(values) // 2]
        ours, theirs = (middle([r[i][key] * factor for r in rounds]) for i in (0, 1))
        ratio = middle([r[1][key] / r[0][key] for r in rounds])
        lines.append(f"| {name} | {ours:.2f} {unit} | {theirs:.2f} {unit} | {ratio:.2f} |")
    lines.append("")
    lines.append(f"Error on the training rows, RMSE: encast-trees {rounds[0][0]['rmse']:.4f}, LightGBM {rounds[0][1]['rmse']:.4f}.")
    out.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


main()
