"""Trains VMAF from a bitrate on a Dask cluster with LightGBM or XGBoost, and serves the model with encast.

    train_on_dask.py --data T.csv --encast encast --work FOLDER [--library xgboost] [--scheduler tcp://…:8786]

Without --scheduler the cluster is a local one of two workers. Titles are dealt to five folds: three to train on, one to
calibrate the intervals on, one to judge by. docs/training-at-scale.md goes through it.
"""

import argparse
import csv
import json
import subprocess
from pathlib import Path

import dask.dataframe
from dask.distributed import Client, LocalCluster

TARGET, GIVEN, TIER = "vmaf", "bitrate", "content"
# What a request knows from its settings and one decode of the source, where the bitrate is given: not the CRF, not a probe.
FEATURES = [
    "log2_bitrate_kbps", "log2_bits_per_pixel", "log2_pixels", "resolution_height", "frame_rate", "log2_pixel_rate",
    "log2_source_pixels", "log2_downscale", "bit_depth", "motion_intensity",
    "codec_h264", "codec_hevc", "codec_vp9", "codec_av1", "codec_vvc", "preset_speed", "log2_threads",
    "si_mean", "si_std", "ti_mean", "ti_std", "spatial_energy", "temporal_energy", "luminance", "static_share",
]
# More bitrate never forecasts less quality: import refuses a model that could.
MONOTONE = [int(name in ("log2_bitrate_kbps", "log2_bits_per_pixel")) for name in FEATURES]
JUDGE, CALIBRATE = 0, 1


def rows_of_folds(data, columns, work):
    """The table's own rows, by what the fold of their title is for; `encast columns` keeps the order of rows."""
    folds = {}
    with open(columns, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folds[row["title"]] = int(row["fold"])
    parts = {"train": [], "calibrate": [], "judge": []}
    with open(data, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        for row in reader:
            fold = folds.get(row["title"])
            if fold is not None:
                parts["judge" if fold == JUDGE else "calibrate" if fold == CALIBRATE else "train"].append(row)
    for name, rows in parts.items():
        with open(work / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, reader.fieldnames)
            writer.writeheader()
            writer.writerows(rows)


def train_lightgbm(client, x, y, path):
    from lightgbm.dask import DaskLGBMRegressor

    model = DaskLGBMRegressor(client=client, n_estimators=300, learning_rate=0.05, num_leaves=31, min_child_samples=20,
                              monotone_constraints=MONOTONE, random_state=1, verbosity=-1)
    model.fit(x, y)
    model.booster_.save_model(path)


def train_xgboost(client, x, y, path):
    from xgboost import dask

    params = {"objective": "reg:squarederror", "learning_rate": 0.05, "max_depth": 5, "seed": 1,
              "monotone_constraints": "(" + ",".join(map(str, MONOTONE)) + ")"}
    trained = dask.train(client, params, dask.DaskDMatrix(client, x, y), num_boost_round=300)
    trained["booster"].save_model(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--encast", default="encast")
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--library", choices=["lightgbm", "xgboost"], default="lightgbm")
    parser.add_argument("--scheduler")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)

    def encast(*words):
        return subprocess.run([args.encast, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout

    def figures(model):
        words = ["--data", args.work / "judge.csv", "--model", model, "--tier", TIER, "--given", GIVEN, "--json"]
        return json.loads(encast("evaluate", *words))["targets"][TARGET]

    columns = args.work / "columns.csv"
    print(encast("columns", "--data", args.data, "--out", columns), end="")
    rows_of_folds(args.data, columns, args.work)

    cluster = None if args.scheduler else LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with Client(args.scheduler or cluster) as client:
        table = dask.dataframe.read_csv(columns, blocksize="500KB", assume_missing=True,
                                        dtype={name: "float32" for name in FEATURES})
        table = table[~table["fold"].isin([JUDGE, CALIBRATE]) & table[f"target_{TARGET}"].notnull()]
        # Without a bitrate there is nothing to learn it from.
        table = table[table["log2_bitrate_kbps"].notnull()].persist()
        print(f"{args.library} on {len(client.scheduler_info()['workers'])} workers: {len(table)} rows, "
              f"{table['title'].nunique().compute()} titles, {table.npartitions} partitions")
        model = args.work / ("model.txt" if args.library == "lightgbm" else "model.ubj")
        train = train_lightgbm if args.library == "lightgbm" else train_xgboost
        train(client, table[FEATURES], table[f"target_{TARGET}"], model)
    if cluster:
        cluster.close()

    bundle = args.work / "imported.encast"
    print(encast("import", model, "--target", TARGET, "--given", GIVEN, "--calibrate", args.work / "calibrate.csv",
                 "--out", bundle), end="")
    own = args.work / "own.encast"
    encast("train", "--data", args.work / "train.csv", "--targets", TARGET, "--out", own, "--quiet")
    for name, model in [(f"{args.library} on Dask, imported", bundle), ("encast train, same titles", own)]:
        of = figures(model)
        interval = of["interval"]
        print(f"{name}: {of['rows']} rows of unseen titles, R2 {of['r2']:.3f}, MAE {of['mae']:.2f}, "
              f"within 2 {of['within_2']:.3f}, 90 % intervals hold {interval['coverage']:.3f}, "
              f"mean width {interval['mean_width']:.1f}")
    print(encast("predict", "--model", bundle, "--data", args.work / "judge.csv", "--out", args.work / "forecasts.csv",
                 "--json"), end="")


if __name__ == "__main__":
    main()
