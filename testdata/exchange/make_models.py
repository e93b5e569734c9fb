"""Trains models with LightGBM, XGBoost and scikit-learn, and writes each beside rows and what its origin forecasts for them.

    make_models.py OUT            the small models of this folder
    make_models.py OUT --large    many trees, thousands of rows

NAME.EXT is a model, NAME.csv its rows: the features, and in the last column the forecast. Rows hold missing values, zeros,
tiny numbers, and numbers on thresholds of the model and right beside them. refused/ holds models that can't be read.
"""

import argparse
import json
import re
import sys
import warnings
from pathlib import Path

import lightgbm
import numpy
import onnx
import onnxruntime
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor

FEATURES = 5
NAMES = ["rate", "size", "kind", "share", "level"]


def table(random, count, missing=True):
    """Features and targets: smooth, with a step, a category and noise."""
    x = numpy.empty((count, FEATURES), numpy.float32)
    x[:, 0] = random.uniform(-3, 9, count)
    x[:, 1] = random.choice([0, 240, 480, 720, 1080], count)
    x[:, 2] = random.integers(0, 40, count)
    x[:, 3] = numpy.where(random.random(count) < 0.3, 0, random.normal(0, 1, count))
    x[:, 4] = random.lognormal(0, 2, count)
    y = 60 + 4 * x[:, 0] - x[:, 1] / 100 + 6 * (x[:, 2] % 3) + 3 * x[:, 3] * (x[:, 3] > 0) + numpy.log(x[:, 4])
    y += random.normal(0, 1, count)
    if missing:
        for feature in range(FEATURES):
            x[random.random(count) < 0.1, feature] = numpy.nan
    return x, y


def judged(random, count, thresholds):
    """Rows to forecast: as trained on, with every kind of number that a comparison could get wrong."""
    x, _ = table(random, count)
    odd = [0.0, -0.0, 1e-35, -1e-35, 1e-36, -1e-36, 1e-44, -1e-44, -0.5, -1.0, 39.5, 1000.0, 3e38, -3e38, numpy.nan]
    for feature in range(FEATURES):
        near = numpy.array(thresholds.get(feature, [0.0]), numpy.float32)
        near = near[numpy.isfinite(near)]
        near = numpy.concatenate([near, numpy.nextafter(near, numpy.float32(numpy.inf)),
                                  numpy.nextafter(near, numpy.float32(-numpy.inf)), numpy.array(odd, numpy.float32)])
        chosen = random.random(count) < 0.5
        x[chosen, feature] = random.choice(near, chosen.sum())
    return x


class Writer:
    def __init__(self, out, large):
        self.out, self.large = Path(out), large
        (self.out / "refused").mkdir(parents=True, exist_ok=True)
        self.rounds, self.leaves = (150, 63) if large else (6, 6)
        self.count, self.rows = (5000, 4000) if large else (1500, 120)

    def random(self):
        return numpy.random.default_rng(7)

    def put(self, name, x, expected):
        expected = numpy.asarray(expected, numpy.float64).reshape(-1)
        with open(self.out / f"{name}.csv", "w", encoding="ascii") as file:
            file.write(",".join(NAMES + ["expected"]) + "\n")
            for row, value in zip(x, expected):
                cells = ["" if numpy.isnan(v) else str(v) for v in row]
                file.write(",".join(cells + [repr(float(value))]) + "\n")

    def lightgbm(self, name, params=None, missing=True, categorical=None, onnx_too=False, refused=False):
        random = self.random()
        x, y = table(random, self.count, missing)
        params = {"objective": "regression", "num_leaves": self.leaves, "learning_rate": 0.2, "verbosity": -1,
                  "num_threads": 2, "deterministic": True, "seed": 1, "min_data_in_leaf": 5, **(params or {})}
        if params["objective"] == "multiclass":
            y = (y > numpy.median(y)).astype(int)
        if params["objective"] == "poisson":
            y = numpy.abs(y)
        data = lightgbm.Dataset(x.astype(numpy.float64), y, feature_name=NAMES, categorical_feature=categorical or [])
        model = lightgbm.train(params, data, num_boost_round=self.rounds)
        if refused:
            model.save_model(self.out / "refused" / f"{name}.txt")
            return
        model.save_model(self.out / f"{name}.txt")
        text = (self.out / f"{name}.txt").read_text()
        thresholds = {}
        for features, values in zip(re.findall(r"split_feature=(.*)", text), re.findall(r"\nthreshold=(.*)", text)):
            for feature, value in zip(features.split(), values.split()):
                thresholds.setdefault(int(feature), []).append(float(value))
        x = judged(random, self.rows, thresholds)
        self.put(name, x, model.predict(x.astype(numpy.float64)))
        if onnx_too:
            proto = convert_lightgbm(model, initial_types=[("x", FloatTensorType([None, FEATURES]))], zipmap=False)
            self.onnx(f"onnx_{name}", proto, x)

    def xgboost(self, name, params=None, categorical=False, onnx_too=False, missing=True, refused=False):
        random = self.random()
        x, y = table(random, self.count, missing)
        params = {"objective": "reg:squarederror", "max_leaves": self.leaves, "max_depth": 6 if self.large else 3,
                  "learning_rate": 0.2, "nthread": 2, "seed": 1, **(params or {})}
        if "num_class" in params:
            y = (y > numpy.median(y)).astype(int)
        types = ["q"] * FEATURES
        if categorical:
            types[2] = "c"
        as_matrix = lambda x, y=None: xgboost.DMatrix(x, y, feature_names=NAMES, feature_types=types,
                                                      enable_categorical=categorical)
        model = xgboost.train(params, as_matrix(x, numpy.abs(y)), num_boost_round=self.rounds)
        if refused:
            model.save_model(self.out / "refused" / f"{name}.json")
            return
        model.save_model(self.out / f"{name}.json")
        model.save_model(self.out / f"{name}.ubj")
        booster = json.loads((self.out / f"{name}.json").read_text())["learner"]["gradient_booster"]
        thresholds = {}
        for tree in booster.get("gbtree", booster)["model"]["trees"]:
            for feature, value, left in zip(tree["split_indices"], tree["split_conditions"], tree["left_children"]):
                if left >= 0:
                    thresholds.setdefault(feature, []).append(value)
        x = judged(random, self.rows, thresholds)
        if categorical:
            # XGBoost refuses rows with categories that it does not know.
            known = (x[:, 2] >= 0) & (x[:, 2] < 40)
            x[:, 2] = numpy.where(known, numpy.floor(x[:, 2]), numpy.nan)
        self.put(name, x, model.predict(as_matrix(x)))
        if onnx_too:
            # The converter knows models without names only.
            model.feature_names = model.feature_types = None
            proto = convert_xgboost(model, initial_types=[("x", FloatTensorType([None, FEATURES]))])
            self.onnx(f"onnx_{name}", proto, x)

    def sklearn(self, name, model):
        random = self.random()
        x, y = table(random, self.count, missing=False)
        model.fit(x, y)
        self.onnx(name, to_onnx(model, x[:1]), numpy.nan_to_num(judged(random, self.rows, {}), nan=1.0))

    def onnx(self, name, proto, x):
        (self.out / f"{name}.onnx").write_bytes(proto.SerializeToString())
        session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
        self.put(name, x, session.run(None, {session.get_inputs()[0].name: x})[0])

    def onnx_modes(self):
        """All comparisons, with missing values on either side, and an average."""
        helper = onnx.helper
        for aggregate, base in [("SUM", [1.5]), ("AVERAGE", None)]:
            nodes = {key: [] for key in ["treeids", "nodeids", "featureids", "values", "modes", "truenodeids",
                                         "falsenodeids", "missing_value_tracks_true"]}
            targets = {"treeids": [], "nodeids": [], "ids": [], "weights": []}

            def add(tree, node, feature, value, mode, true, false, missing):
                for key, entry in zip(nodes, [tree, node, feature, value, mode, true, false, missing]):
                    nodes[key].append(entry)

            def leaf(tree, node, weight):
                add(tree, node, 0, 0.0, "LEAF", 0, 0, 0)
                for key, entry in zip(targets, [tree, node, 0, weight]):
                    targets[key].append(entry)

            modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
            for tree, (mode, missing) in enumerate((mode, missing) for mode in modes for missing in (0, 1)):
                add(tree, 0, 1, 480.0, mode, 2, 1, missing)
                leaf(tree, 1, 0.5 + tree)
                leaf(tree, 2, -3.25 * tree)
            attributes = {f"nodes_{key}": value for key, value in nodes.items()}
            attributes.update({f"target_{key}": value for key, value in targets.items()})
            if base:
                attributes["base_values"] = base
            node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1,
                                    aggregate_function=aggregate, post_transform="NONE", **attributes)
            graph = helper.make_graph(
                [node], "modes", [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None, FEATURES])],
                [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None, 1])])
            proto = helper.make_model(graph, ir_version=8, opset_imports=[
                helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)])
            x = judged(self.random(), self.rows, {1: [480.0]})
            self.onnx(f"onnx_modes_{aggregate.lower()}", proto, x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--large", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    write = Writer(args.out, args.large)
    trees = write.rounds
    write.lightgbm("lightgbm_missing", onnx_too=True)
    write.lightgbm("lightgbm_complete", missing=False)
    write.lightgbm("lightgbm_zero_as_missing", {"zero_as_missing": True})
    write.lightgbm("lightgbm_categories", {"max_cat_to_onehot": 4}, categorical=["kind"])
    write.lightgbm("lightgbm_dart", {"boosting": "dart", "drop_rate": 0.5})
    write.lightgbm("lightgbm_forest", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6})
    write.lightgbm("lightgbm_monotone", {"monotone_constraints": [1, -1, 0, 0, 0]})
    write.lightgbm("lightgbm_quantile", {"objective": "quantile", "alpha": 0.3})
    write.lightgbm("lightgbm_constant", {"min_data_in_leaf": 10**6})
    write.lightgbm("linear", {"linear_tree": True}, refused=True)
    write.lightgbm("poisson", {"objective": "poisson"}, refused=True)
    write.lightgbm("multiclass", {"objective": "multiclass", "num_class": 2}, refused=True)
    write.lightgbm("sqrt", {"reg_sqrt": True}, refused=True)
    write.xgboost("xgboost_hist", onnx_too=True)
    write.xgboost("xgboost_pruned", {"tree_method": "exact", "gamma": 400.0, "max_depth": 5})
    write.xgboost("xgboost_dart", {"booster": "dart", "rate_drop": 0.5})
    write.xgboost("xgboost_forest", {"num_parallel_tree": 3, "subsample": 0.6})
    write.xgboost("xgboost_absolute", {"objective": "reg:absoluteerror"})
    write.xgboost("xgboost_quantile", {"objective": "reg:quantileerror", "quantile_alpha": 0.7})
    write.xgboost("xgboost_categories", {"max_cat_to_onehot": 4}, categorical=True)
    write.xgboost("xgboost_monotone", {"monotone_constraints": "(1,-1,0,0,0)"})
    write.xgboost("gamma", {"objective": "reg:gamma"}, refused=True)
    write.xgboost("softmax", {"objective": "multi:softmax", "num_class": 2}, refused=True)
    write.xgboost("gblinear", {"booster": "gblinear", "max_leaves": 0}, refused=True)
    write.sklearn("onnx_sklearn_forest", RandomForestRegressor(trees, max_leaf_nodes=write.leaves, random_state=1))
    write.sklearn("onnx_sklearn_boosting", GradientBoostingRegressor(n_estimators=trees, max_leaf_nodes=write.leaves, random_state=1))
    write.onnx_modes()


if __name__ == "__main__":
    sys.exit(main())
