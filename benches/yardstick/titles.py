"""What is unusual about the titles that are forecast worst: measured, so that nobody has to guess."""

import numpy as np

# Properties that are constant over a title, or nearly so: its median is taken.
PROPERTIES = [
    "source_height",
    "frame_rate",
    "si_mean",
    "si_std",
    "ti_mean",
    "ti_std",
    "spatial_energy",
    "temporal_energy",
    "luminance",
    "static_share",
    "probe_bitrate_kbps",
    "probe_psnr",
    "probe_vmaf",
    "bits_per_pixel",
    "vmaf",
    "psnr",
]


def explain(worst, table, lightgbm_errors):
    """Adds to each of the worst titles LightGBM's error on it, and its median and rank in each property.

    The rank is the share of the other titles below it (ties count half): 0 is the lowest of all, 1 the highest."""
    table = table.assign(bits_per_pixel=2**table.log2_bits_per_pixel if "log2_bits_per_pixel" in table else np.nan)
    known = [name for name in PROPERTIES if name in table and table[name].notna().any()]
    medians = table.groupby("title")[known].median()
    ranks = (medians.rank() - 1) / (medians.count() - 1).clip(lower=1)
    for title in worst:
        errors = lightgbm_errors[(table.title == title["title"]).to_numpy()]
        title["lightgbm_mae"] = float(np.abs(errors).mean())
        title["lightgbm_bias"] = float(errors.mean())
        title["properties"] = {
            name: [float(medians.loc[title["title"], name]), round(float(ranks.loc[title["title"], name]), 3)]
            for name in known
            if np.isfinite(medians.loc[title["title"], name]) and medians[name].nunique() > 1
        }
