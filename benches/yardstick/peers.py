"""The peers: what they learn from, how they are set up, and their forecasts and intervals on unseen titles."""

import hashlib

import lightgbm
import numpy as np
import pandas
from sklearn.ensemble import RandomForestRegressor

from verdicts import PROBE_PSNR

LIGHTGBM = dict(
    n_estimators=400,
    learning_rate=0.05,
    num_leaves=31,
    min_child_samples=20,
    subsample=0.5,
    subsample_freq=1,
    n_jobs=1,
    verbose=-1,
)
FOREST = dict(n_estimators=100, min_samples_leaf=5, max_features=0.6, random_state=1, n_jobs=1)

QUALITY = ["vmaf", "psnr", "ssim"]
# Amounts that grow with the job: learnt as log2 of the amount for one megapixel of encoded frames.
PER_MEGAPIXEL = ["encode_seconds", "cpu_seconds"]
LOG = ["bitrate_kbps", "peak_memory_mb"]
LABELS = {
    "vmaf": "VMAF",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "encode_seconds": "encode_seconds, log2",
    "cpu_seconds": "cpu_seconds, log2",
    "bitrate_kbps": "bitrate_kbps, log2",
    "peak_memory_mb": "peak_memory_mb, log2",
}
SIZE = [
    "resolution_height",
    "resolution_width",
    "frame_rate",
    "frame_drop",
    "source_height",
    "source_width",
    "bit_depth",
    "threads",
]
CONTENT = [
    "si_mean",
    "si_std",
    "ti_mean",
    "ti_std",
    "spatial_energy",
    "temporal_energy",
    "luminance",
    "static_share",
]
PROBE = ["probe_bitrate_kbps", "probe_psnr", "probe_vmaf"]
BITRATE_COLUMNS = ["log2_bitrate", "log2_bits_per_pixel", "log2_bitrate_over_probe"]

# Slowest first, as in encast: a preset's speed is its place in its encoder's list, from 0 to 1.
X26X = "placebo veryslow slower slow medium fast faster veryfast superfast ultrafast".split()
PRESETS = {
    "libx264": X26X,
    "libx265": X26X,
    "libvpx-vp9": ["best"] + [f"good-cpu{i}" for i in range(6)] + [f"rt-cpu{i}" for i in range(4, 9)],
    "libsvtav1": [str(i) for i in range(-1, 14)],
}


def preset_speed(encoder, preset):
    """0 for an encoder's slowest preset, 1 for its fastest; unknown names are missing values."""
    names = PRESETS.get(encoder if encoder.startswith("lib") else "lib" + encoder, [])
    return names.index(preset) / (len(names) - 1) if preset in names else np.nan


def title_folds(titles, folds):
    """The fold of every row: titles by the SHA-256 of their UTF-8 bytes (ties by title), position modulo `folds`."""
    ranked = sorted(set(titles), key=lambda title: (hashlib.sha256(title.encode()).digest(), title))
    fold_of = {title: position % folds for position, title in enumerate(ranked)}
    return np.array([fold_of[title] for title in titles])


def read_table(path):
    """The table with the derived columns that the peers learn from."""
    table = pandas.read_csv(path, dtype={"title": str, "preset": str})
    pixels = table.resolution_width * table.resolution_height
    if "bitrate_kbps" in table:
        table["log2_bitrate"] = np.log2(table.bitrate_kbps)
        table["log2_bits_per_pixel"] = np.log2(table.bitrate_kbps * 1000 / (pixels * table.frame_rate))
    if "probe_bitrate_kbps" in table:
        table["log2_probe_bitrate"] = np.log2(table.probe_bitrate_kbps)
        table["log2_bitrate_over_probe"] = table.log2_bitrate - table.log2_probe_bitrate
    table["megapixels"] = pixels * table.frame_rate * table.duration_s / 1e6
    return table


def is_own_probe(table, tier):
    """Rows that are the trial encode whose result stands among their inputs, by the rule of `encast evaluate`."""
    if not tier.startswith("probe") or not {"bitrate_kbps", "psnr"} <= set(table.columns):
        return np.zeros(len(table), dtype=bool)
    own = (table.bitrate_kbps == table.probe_bitrate_kbps) & (table.psnr == table.probe_psnr)
    if tier != PROBE_PSNR and "probe_vmaf" in table:
        own &= table.probe_vmaf.isna() | (table.vmaf == table.probe_vmaf)
    return own.to_numpy()


def columns_of(table, tier, given):
    """The inputs of a tier, without those that are absent, constant, or sort the rows as an earlier one does."""
    names = ["log2_bitrate", "log2_bits_per_pixel"] if given == "bitrate" else ["crf"]
    names += SIZE
    if tier != "settings":
        names += CONTENT
    if tier.startswith("probe"):
        names.append("log2_probe_bitrate")
        if given == "bitrate":
            names.append("log2_bitrate_over_probe")
        names.append("probe_psnr")
        if tier != PROBE_PSNR:
            names.append("probe_vmaf")
    inputs = table[[name for name in names if name in table]].copy()
    for name in ("codec", "encoder"):
        if name in table:
            inputs = inputs.join(pandas.get_dummies(table[name], prefix=name, dtype=float))
    if "preset" in table:
        inputs["preset_speed"] = [preset_speed(*row) for row in zip(table.encoder, table.preset)]
    kept, seen = [], set()
    for name in inputs:
        ranks = inputs[name].rank(method="dense").to_numpy()
        if np.nanmax(ranks) > 1 and ranks.tobytes() not in seen:
            seen.add(ranks.tobytes())
            kept.append(name)
    return inputs[kept]


def label_of(table, target):
    """What a peer learns for a target, and the offset that turns it into the judged scale."""
    if target in PER_MEGAPIXEL:
        offset = np.log2(table.megapixels).to_numpy()
        return np.log2(table[target]).to_numpy() - offset, offset
    if target in LOG:
        return np.log2(table[target]).to_numpy(), 0.0
    return table[target].to_numpy(), 0.0


def lightgbm_model(inputs, target):
    """LightGBM, with quality never falling with the bitrate, and neither quality nor size rising with the CRF."""
    signs = {"crf": -1 if target in QUALITY + ["bitrate_kbps"] else 0}
    if target in QUALITY:
        signs.update(dict.fromkeys(BITRATE_COLUMNS, 1))
    return lightgbm.LGBMRegressor(monotone_constraints=[signs.get(name, 0) for name in inputs], **LIGHTGBM)


class Mean:
    """Always answers the mean of the rows it was fitted on."""

    def fit(self, _inputs, labels):
        self.answer = labels.mean()

    def predict(self, inputs):
        return np.full(len(inputs), self.answer)


def out_of_fold(model_of, inputs, labels, folds):
    """A forecast for every row by a model that never saw the row's title."""
    values = inputs.to_numpy(dtype=float)
    answers = np.full(len(labels), np.nan)
    for fold in np.unique(folds):
        model = model_of()
        model.fit(values[folds != fold], labels[folds != fold])
        answers[folds == fold] = model.predict(values[folds == fold])
    return answers


# The quantiles that are regressed, and with them the promise of the intervals before any comparison.
TAILS = (0.05, 0.95)
NOMINAL = 0.9


class Intervals:
    """Conformalized quantile regression (Romano, Patterson, Candès 2019) around two LightGBM models a fold.

    A quarter of a fold's training titles is kept from the fit; how far their measurements lie outside of the regressed
    quantiles says how far both ends are moved. LightGBM knows no monotone quantiles, so there are no constraints."""

    def __init__(self, inputs, labels, titles, folds):
        values = inputs.to_numpy(dtype=float)
        self.lower, self.upper = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
        self.folds, self.scores = folds, {}
        for fold in np.unique(folds):
            training = folds != fold
            quarter = title_folds([f"calibration {title}" for title in titles[training]], 4) == 0
            calibration = np.flatnonzero(training)[quarter]
            fitted = np.flatnonzero(training)[~quarter]
            models = [lightgbm.LGBMRegressor(objective="quantile", alpha=tail, **LIGHTGBM) for tail in TAILS]
            for model in models:
                model.fit(values[fitted], labels[fitted])

            def ends(rows):
                # Quantiles that were regressed apart may cross.
                return np.sort([model.predict(values[rows]) for model in models], axis=0)

            judged = folds == fold
            self.lower[judged], self.upper[judged] = ends(judged)
            lower, upper = ends(calibration)
            self.scores[fold] = np.sort(np.maximum(lower - labels[calibration], labels[calibration] - upper))

    def at(self, level):
        """Both ends for every row when this share of each fold's calibration rows is to be held."""
        moved = np.zeros(len(self.lower))
        for fold, scores in self.scores.items():
            rank = int(np.ceil((len(scores) + 1) * level))
            moved[self.folds == fold] = scores[min(max(rank, 1), len(scores)) - 1]
        middle = (self.lower + self.upper) / 2
        return np.minimum(self.lower - moved, middle), np.maximum(self.upper + moved, middle)

    def judge(self, level, measured, offset, target, judged):
        """Coverage and mean width over the judged rows."""
        lower, upper = (end + offset for end in self.at(level))
        if target == "vmaf":
            lower, upper = np.clip(lower, 0, 100), np.clip(upper, 0, 100)
        held = (lower <= measured) & (measured <= upper)
        found = {"level": level, "coverage": float(held[judged].mean()), "mean_width": float((upper - lower)[judged].mean())}
        if target in PER_MEGAPIXEL + LOG:
            found["mean_width_log2"] = found.pop("mean_width")
            found["mean_width"] = float((2**upper - 2**lower)[judged].mean())
        return found

    def judge_at_coverage(self, coverage, *rows):
        """As `judge`, at the least level that covers as much; `None` when none does."""
        low, high = 0.0, 1.0
        if self.judge(high, *rows)["coverage"] < coverage:
            return None
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (low, middle) if self.judge(middle, *rows)["coverage"] >= coverage else (middle, high)
        return self.judge(high, *rows)
