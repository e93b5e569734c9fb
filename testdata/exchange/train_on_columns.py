"""Models of the command's own columns, by the real libraries.

    train_on_columns.py models COLUMNS.csv OUT       the small models of bundle/, and what they forecast
    train_on_columns.py check ENCAST DATA.csv WORK   trains, imports, exports, and compares forecasts; says how far they differ
"""

import csv
import json
import subprocess
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy
import onnxruntime
import pandas
import xgboost
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

JUDGE, CALIBRATE = 0, 1
RATES = ["log2_bitrate_kbps", "log2_bits_per_pixel", "log2_bitrate_per_probe"]
PROBE = ["log2_probe_bitrate_kbps", "probe_psnr", "probe_vmaf"]


def features_of(table, given):
    columns = [name for name in table.columns if name not in ("title", "fold") and not name.startswith("target_")]
    without = PROBE + (["crf", "log2_bitrate_per_probe"] if given == "bitrate" else RATES)
    return [name for name in columns if name not in without]


def split(table, target, given):
    rate = "log2_bitrate_kbps" if given == "bitrate" else "crf"
    usable = table[table[target].notnull() & table[rate].notnull()]
    return usable[usable["fold"] > CALIBRATE], usable[usable["fold"] == JUDGE]


def constraints(features, target, given):
    if target != "target_vmaf":
        return [0] * len(features)
    return [int(name in RATES) if given == "bitrate" else -int(name == "crf") for name in features]


def with_lightgbm(table, target, given, path, rounds, leaves, monotone=True, names=None):
    features = features_of(table, given)
    train, judge = split(table, target, given)
    params = {"objective": "regression", "num_leaves": leaves, "learning_rate": 0.15, "verbosity": -1, "num_threads": 2,
              "deterministic": True, "seed": 1}
    if monotone:
        # The least constraining method: what it grows must pass all the same.
        params.update(monotone_constraints=constraints(features, target, given), monotone_constraints_method="advanced")
    model = lightgbm.train(params, lightgbm.Dataset(train[features], train[target], feature_name=names or features), rounds)
    model.save_model(path)
    return model, judge.index, model.predict(judge[features])


def with_xgboost(table, target, given, path, rounds):
    features = features_of(table, given)
    train, judge = split(table, target, given)
    params = {"objective": "reg:squarederror", "max_depth": 4, "learning_rate": 0.15, "nthread": 2, "seed": 1,
              "monotone_constraints": "(" + ",".join(map(str, constraints(features, target, given))) + ")"}
    model = xgboost.train(params, xgboost.DMatrix(train[features], train[target]), rounds)
    model.save_model(path)
    return model, judge.index, model.predict(xgboost.DMatrix(judge[features]))


def models(columns, out):
    out.mkdir(parents=True, exist_ok=True)
    table = pandas.read_csv(columns, dtype={"title": str})
    made = {
        "vmaf.txt": with_lightgbm(table, "target_vmaf", "bitrate", out / "vmaf.txt", 15, 12),
        "vmaf.json": with_xgboost(table, "target_vmaf", "bitrate", out / "vmaf.json", 12),
        "seconds.txt": with_lightgbm(table, "target_log2_encode_seconds_per_megapixel", "crf", out / "seconds.txt", 15, 12),
    }
    nameless = [f"Column_{at}" for at in range(len(features_of(table, "bitrate")))]
    with_lightgbm(table, "target_vmaf", "bitrate", out / "nameless.txt", 15, 12, names=nameless)
    (out / "columns.txt").write_text("\n".join(features_of(table, "bitrate")) + "\n")
    with_lightgbm(table, "target_vmaf", "bitrate", out / "unconstrained.txt", 15, 12, monotone=False)
    for name, (_, rows, forecasts) in made.items():
        with open(out / f"{name}.csv", "w", encoding="ascii") as file:
            file.write("row,expected\n")
            # Every fifth row is enough to keep.
            for row, forecast in list(zip(rows, forecasts))[::5]:
                file.write(f"{row},{float(forecast)!r}\n")


def check(program, data, work):
    work.mkdir(parents=True, exist_ok=True)

    def encast(*words):
        return subprocess.run([program, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout

    columns = work / "columns.csv"
    encast("columns", "--data", data, "--out", columns)
    table = pandas.read_csv(columns, dtype={"title": str})
    try:
        encast("columns", "--data", data, "--out", work / "columns.parquet")
        as_parquet = pandas.read_parquet(work / "columns.parquet")
        assert list(as_parquet.columns) == list(table.columns), "columns of Parquet"
        for name in table.columns[1:]:
            a, b = as_parquet[name].to_numpy(float), table[name].to_numpy(float)
            assert numpy.allclose(a, b, rtol=1e-6, equal_nan=True), name
    except ImportError:
        print("Parquet not compared: no pyarrow")
    with open(data, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert [row["title"] for row in rows] == list(table["title"]), "rows left out: pick another table"

    def part(name, indices, without):
        path = work / f"{name}.csv"
        keep = [column for column in reader.fieldnames if column not in without]
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, keep, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows[at] for at in indices)
        return path

    def forecasts(bundle, requests, target):
        out = work / "forecasts.csv"
        encast("predict", "--model", bundle, "--data", requests, "--out", out)
        return pandas.read_csv(out)[f"predicted_{target}"].to_numpy()

    calibrate = part("calibrate", table.index[table["fold"] == CALIBRATE], [])
    probes = ["probe_bitrate_kbps", "probe_psnr", "probe_vmaf"]

    def compare(name, found, expected, bound):
        worst = float(numpy.max(numpy.abs(found - expected) / numpy.maximum(numpy.abs(expected), numpy.median(numpy.abs(expected)))))
        print(f"{name}: {len(found)} rows, largest relative difference {worst:.1e}")
        assert len(found) > 400 and worst <= bound, f"{name}: more than {bound}"

    def imported(name, model, given, target, made, expected_of):
        _, indices, raw = made
        bundle = work / "bundle.encast"
        encast("import", model, "--target", target, "--given", given, "--calibrate", calibrate, "--out", bundle)
        requests = part("requests", indices, probes + (["crf"] if given == "bitrate" else ["bitrate_kbps"]))
        compare(name, forecasts(bundle, requests, target), expected_of(raw, indices), 3e-6)

    quality = lambda raw, _: numpy.clip(raw, 0, 100)

    def seconds(raw, indices):
        number = lambda at, column: float(rows[at][column])
        frames = numpy.array([number(at, "duration_s") * number(at, "frame_rate") for at in indices])
        pixels = numpy.array([number(at, "resolution_width") * number(at, "resolution_height") for at in indices])
        return numpy.exp2(raw) * pixels * frames / 1e6

    made = with_lightgbm(table, "target_vmaf", "bitrate", work / "m.txt", 300, 31)
    imported("LightGBM, vmaf", work / "m.txt", "bitrate", "vmaf", made, quality)
    features = features_of(table, "bitrate")
    proto = convert_lightgbm(made[0], initial_types=[("x", FloatTensorType([None, len(features)]))], zipmap=False)
    (work / "m.onnx").write_bytes(proto.SerializeToString())
    (work / "columns.txt").write_text("\n".join(features))
    bundle = work / "bundle.encast"
    encast("import", work / "m.onnx", "--target", "vmaf", "--given", "bitrate", "--calibrate", calibrate,
           "--columns", work / "columns.txt", "--out", bundle)
    requests = part("requests", made[1], probes + ["crf"])
    compare("LightGBM as ONNX, vmaf", forecasts(bundle, requests, "vmaf"), numpy.clip(made[2], 0, 100), 3e-6)
    for ending in ("json", "ubj"):
        made = with_xgboost(table, "target_vmaf", "bitrate", work / f"m.{ending}", 300)
        imported(f"XGBoost {ending}, vmaf", work / f"m.{ending}", "bitrate", "vmaf", made, quality)
    made = with_lightgbm(table, "target_log2_encode_seconds_per_megapixel", "crf", work / "s.txt", 300, 31)
    imported("LightGBM, encode_seconds", work / "s.txt", "crf", "encode_seconds", made, seconds)

    # The other way: a bundle's trees in ONNX Runtime.
    own = work / "own.encast"
    encast("train", "--data", calibrate, "--targets", "vmaf", "--model-kind", "boosting", "--out", own, "--quiet")
    encast("export-model", own, "--onnx", work / "own.onnx", "--known", "encoder,content")
    session = onnxruntime.InferenceSession(work / "own.onnx", providers=["CPUExecutionProvider"])
    names = session.get_modelmeta().custom_metadata_map["encast.columns"].split(",")
    indices = table.index[(table["fold"] == JUDGE) & table["log2_bitrate_kbps"].notnull()]
    x = table.loc[indices, names].to_numpy(numpy.float32)
    requests = part("requests", indices, probes + ["crf"])
    by_runtime = numpy.clip(session.run(None, {"columns": x})[0].reshape(-1), 0, 100)
    compare("exported, ONNX Runtime", by_runtime, forecasts(own, requests, "vmaf"), 3e-6)
    again = work / "again.encast"
    encast("import", work / "own.onnx", "--target", "vmaf", "--given", "bitrate", "--calibrate", calibrate, "--out", again)
    about = json.loads(encast("inspect", again, "--json"))["imported"][0]
    assert about["format"] == "onnx" and about["known"] == ["encoder", "content"], about
    compare("exported and imported", forecasts(again, requests, "vmaf"), forecasts(own, requests, "vmaf"), 3e-6)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    match sys.argv[1:]:
        case ["models", columns, out]:
            models(Path(columns), Path(out))
        case ["check", program, data, work]:
            check(program, data, Path(work))
        case _:
            sys.exit(__doc__)
