"""One table, and forests that LightGBM and XGBoost grow on it."""
from dataclasses import dataclass
from pathlib import Path

import lightgbm
import numpy as np
import xgboost

COLUMNS, TRAINING_ROWS, ROWS, TREES = 16, 20_000, 10_000, 400
# Columns with missing values, and how many of them are.
MISSING_COLUMNS, MISSING = 4, 0.05


@dataclass
class Forest:
    """A model file and what its origin forecasts with it."""

    origin: str
    leaves: int
    path: Path
    booster: object
    expected: np.ndarray

    @property
    def title(self):
        return f"{self.origin}, {TREES} trees of up to {self.leaves} leaves"


def table(rows, seed):
    """Random features, some missing; a smooth target with interactions, and noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3, 3, (rows, COLUMNS)).astype(np.float32)
    y = np.sin(x[:, 0]) * x[:, 1] + x[:, 2] ** 2 + np.where(x[:, 3] > 0, x[:, 4], -x[:, 5])
    y += 0.3 * x[:, 6] * x[:, 7] + np.cos(2 * x[:, 8]) + 0.1 * x[:, 9:].sum(axis=1) + rng.normal(0, 0.3, rows)
    missing = rng.random((rows, MISSING_COLUMNS)) < MISSING
    x[:, :MISSING_COLUMNS][missing] = np.nan
    return x, y.astype(np.float32)


def of_lightgbm(leaves, folder, x, y, test):
    params = {"objective": "regression", "learning_rate": 0.05, "num_leaves": leaves, "min_data_in_leaf": 5, "verbose": -1,
              "bagging_fraction": 0.5, "bagging_freq": 1, "num_threads": 1, "seed": 1, "deterministic": True}
    path = folder / f"lightgbm-{leaves}.txt"
    lightgbm.train(params, lightgbm.Dataset(x, y, params=params), TREES).save_model(path)
    booster = lightgbm.Booster(model_file=path)
    return Forest("LightGBM", leaves, path, booster, booster.predict(test, num_threads=1))


def of_xgboost(leaves, folder, x, y, test):
    params = {"objective": "reg:squarederror", "eta": 0.05, "tree_method": "hist", "grow_policy": "lossguide",
              "max_leaves": leaves, "max_depth": 0, "min_child_weight": 5, "subsample": 0.5, "nthread": 1, "seed": 1}
    path = folder / f"xgboost-{leaves}.json"
    xgboost.train(params, xgboost.DMatrix(x, y, nthread=1), TREES).save_model(path)
    booster = xgboost.Booster({"nthread": 1}, model_file=path)
    return Forest("XGBoost", leaves, path, booster, booster.inplace_predict(test).astype(np.float64))
