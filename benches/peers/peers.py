#!/usr/bin/env python3
"""encast-trees beside other evaluators of the same forests: one machine, one core, one thread, in turn.

    peers.py compile|measure WORK ENCAST RUST OUT [--rounds N] [--leaves 31,64]

WORK keeps forests and compiled code; ENCAST is the built example `peers` of encast-trees, RUST the built program of
benches/peers/rust. `compile` does what takes long and is not measured, on all cores; `measure` writes OUT.json and OUT.md.
"""
import argparse
import json
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

import compiled
import engines
import forests
import report

# What a call is given, and how long the calls of one round take, nanoseconds.
WAYS = [("single", 1), ("batch", 1), ("batch", 100), ("batch", 10_000)]
SLICE = 12e6
GROWN = [(forests.of_lightgbm, 8), (forests.of_lightgbm, 31), (forests.of_lightgbm, 64), (forests.of_lightgbm, 255),
         (forests.of_xgboost, 31), (forests.of_xgboost, 64)]


def grow(work, leaves):
    x, y = forests.table(forests.TRAINING_ROWS, 7)
    test, _ = forests.table(forests.ROWS, 8)
    return test, [forest(size, work, x, y, test) for forest, size in GROWN if size in leaves]


def compile_all(work, grown):
    """Every model in a process of its own; the largest first, as they take longest."""
    def run(path):
        subprocess.check_call([sys.executable, compiled.__file__, work, path])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(run, sorted((forest.path for forest in grown), key=compiled.leaves_of, reverse=True)))


def by_onnxmltools(forest, work):
    """ONNX by the usual converter; None where it can't."""
    import onnx
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    inputs = [("columns", FloatTensorType([None, forests.COLUMNS]))]
    convert = onnxmltools.convert_xgboost if forest.origin == "XGBoost" else onnxmltools.convert_lightgbm
    try:
        model = convert(forest.booster, initial_types=inputs, target_opset=15)
    except Exception as error:  # whatever a converter trips over: its row is left out, and the reason is told
        print(f"{forest.title}: onnxmltools can't convert it: {error}", file=sys.stderr)
        return None
    path = work / f"{forest.path.stem}-onnxmltools.onnx"
    onnx.save(model, path)
    return path


def peers_of(forest, table, work, encast_program, rust_program):
    """encast first; it also writes the ONNX model."""
    onnx_file = work / f"{forest.path.stem}-encast.onnx"
    yield engines.of_encast(forest, table, encast_program, onnx_file)
    if forest.origin == "LightGBM":
        yield engines.of_lightgbm(forest, table)
    else:
        yield engines.of_xgboost(forest, table)
    for name, params in compiled.tl2cgen_variants(forest.path):
        yield engines.of_tl2cgen(forest, table, name, params, work)
    yield engines.of_gtil(forest, table)
    for name, options in compiled.lleaves_variants(forest.path):
        yield engines.of_lleaves(forest, table, name, options, work)
    yield engines.of_onnxruntime("ONNX Runtime (model by encast)", onnx_file, table, rust_program)
    if converted := by_onnxmltools(forest, work):
        yield engines.of_onnxruntime("ONNX Runtime (model by onnxmltools)", converted, table, rust_program)
    yield engines.of_hessboost(forest, table, rust_program)


def measured(forest, peers, rounds):
    """For every peer its differences and, for every way, the nanoseconds per tree and row of each round."""
    results, calls = [], {}
    for peer in peers:
        batch, single = peer.forecasts()
        results.append({"engine": peer.name, "version": peer.version,
                        "max_difference": float(np.max(np.abs(batch - forest.expected))),
                        "max_difference_single": float(np.max(np.abs(single - forest.expected))),
                        "ns_per_tree_and_row": {report.way(kind, size): [] for kind, size in WAYS}})
        for kind, size in WAYS:
            few = max(1, 500 // size)
            peer.time(kind, size, few)
            calls[peer.name, kind, size] = max(1, round(SLICE / (peer.time(kind, size, few) / few)))
    for _ in range(rounds):
        for kind, size in WAYS:
            for peer, result in zip(peers, results):
                count = calls[peer.name, kind, size]
                # The caches hold what ran before; ten thousand rows fill them by themselves.
                if size < 10_000:
                    peer.time(kind, size, max(1, count // 10))
                elapsed = peer.time(kind, size, count)
                result["ns_per_tree_and_row"][report.way(kind, size)].append(round(elapsed / (count * size * forests.TREES), 4))
    return results


def conditions():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    gcc = subprocess.check_output(["gcc", "-dumpfullversion"], text=True).strip()
    return {"cpu": cpu, "date": str(date.today()), "load_average_before": round(os.getloadavg()[0], 2),
            "niceness": os.nice(0), "cores_allowed": len(os.sched_getaffinity(0)), "python": platform.python_version(),
            "gcc": gcc}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["compile", "measure"])
    for name in ["work", "encast", "rust", "out"]:
        parser.add_argument(name, type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--leaves", default="8,31,64,255")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows, grown = grow(arguments.work, {int(leaves) for leaves in arguments.leaves.split(",")})
    if arguments.what == "compile":
        compile_all(arguments.work, grown)
        return
    told = conditions()
    table, results = engines.Table(rows, arguments.work), []
    for forest in grown:
        peers = list(peers_of(forest, table, arguments.work, arguments.encast, arguments.rust))
        told["instructions"] = peers[0].about["instructions"]
        results.append({"forest": forest.title, "origin": forest.origin, "leaves": forest.leaves,
                        "encast_bytes": peers[0].about["bytes"], "engines": measured(forest, peers, arguments.rounds)})
        for peer in peers:
            peer.close()
        print(f"measured {forest.title}", file=sys.stderr, flush=True)
    told["load_average_after"] = round(os.getloadavg()[0], 2)
    everything = {"conditions": told, "rounds": arguments.rounds, "rows": forests.ROWS, "columns": forests.COLUMNS,
                  "trees": forests.TREES, "forests": results}
    # The rounds of one way in one line.
    text = re.sub(r"\[[\s\d.,]+\]", lambda numbers: " ".join(numbers[0].split()), json.dumps(everything, indent=1))
    arguments.out.with_suffix(".json").write_text(text + "\n")


main()
