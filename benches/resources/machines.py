"""A machine never seen, after one calibration encode: leave one machine out, and in the whole chain a title too."""

import tempfile
from pathlib import Path

import numpy as np
import pandas

# Titles are held out in so many groups, beside each machine.
GROUPS = 4


def machines(encast, path, folder):
    """What a factor from one encode leaves, by itself and with the model's error."""
    table = pandas.read_csv(path, dtype={"title": str, "preset": str}, low_memory=False)
    return {"transfer": transfer(table), "chain": chain(encast, table, folder)}


def transfer(table):
    """One encode on a machine gives its speed beside the mean of the others, on which the same encodes were measured: how far
    all its other encodes are from that. Every encode is the calibration once."""
    logs = np.log2(table.pivot_table(index=["title", "config_id"], columns="instance", values="encode_seconds"))
    per_machine = {}
    for machine in logs:
        others = logs.drop(columns=machine).mean(axis=1)
        apart = (logs[machine] - others).to_numpy()
        # Rows: the calibration encode; columns: the encode that is forecast with it.
        errors = np.abs(2 ** (apart[:, None] - apart[None, :]) - 1)
        np.fill_diagonal(errors, np.nan)
        per_machine[machine] = float(np.nanmedian(errors))
    all_errors = list(per_machine.values())
    return {
        "machines": len(all_errors),
        "encodes": int(len(logs)),
        "median_ape": float(np.median(all_errors)),
        "worst_machine": max(per_machine, key=per_machine.get),
        "worst_median_ape": max(all_errors),
    }


def chain(encast, table, folder):
    """`encast train` on the other machines, `calibrate` by one encode on the machine, `predict` with the profile: the encodes
    with a preset of x264's own, as others can't be told to a model. Every encode is the calibration once. The titles are
    known from the other machines, with a model for each preset or one for all, or held out there, too."""
    rows = table[table.preset != "custom"].reset_index(drop=True)
    titles = sorted(rows.title.unique())
    everywhere = [[]]
    unseen = [titles[group::GROUPS] for group in range(GROUPS)]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        place = Path(place)
        by_preset = [errors_of(encast, of_preset, everywhere, place) for _, of_preset in rows.groupby("preset")]
        return {
            "preset_known": figures(by_preset),
            "titles_known": figures([errors_of(encast, rows, everywhere, place)]),
            "titles_unseen": figures([errors_of(encast, rows, unseen, place)]),
        }


def errors_of(encast, rows, groups, place):
    """The errors by machine; `groups` are the titles that are held out together."""
    per_machine = {}
    model, profile = place / "model.encast", place / "profile.toml"
    for machine in sorted(rows.instance.unique()):
        for held_out in groups:
            other = rows[(rows.instance != machine) & ~rows.title.isin(held_out)]
            other.to_csv(place / "training.csv", index=False)
            train = ["--data", place / "training.csv", "--out", model, "--targets", "encode_seconds", "--quiet"]
            encast("train", *train)
            here = rows[(rows.instance == machine) & (rows.title.isin(held_out) | (not held_out))]
            here = here.drop(columns="instance")
            here.to_csv(place / "asked.csv", index=False)
            for calibration in here.index:
                here.loc[[calibration]].to_csv(place / "calibration.csv", index=False)
                named = ["--name", "new", "--vcpus", 8, "--memory-gb", 64, "--out", profile, "--force"]
                encast("calibrate", "--data", place / "calibration.csv", "--model", model, *named)
                site = ["--machine", "new", "--region", "eu-west-3", "--profiles", profile]
                asked = ["--data", place / "asked.csv", "--model", model, "--out", place / "p.csv"]
                encast("predict", *asked, *site)
                answered = pandas.read_csv(place / "p.csv", low_memory=False)
                answered.index = here.index
                # Other encodes of the calibration's title would tell of the title, not of the machine.
                others = answered[answered.title != here.title[calibration]]
                off = np.abs(others.predicted_encode_seconds / others.encode_seconds - 1)
                per_machine.setdefault(machine, []).extend(off.to_list())
    return per_machine


def figures(runs):
    """Of the errors of several runs together."""
    per_machine = {}
    for run in runs:
        for machine, off in run.items():
            per_machine.setdefault(machine, []).extend(off)
    errors = [error for off in per_machine.values() for error in off]
    return {
        "machines": len(per_machine),
        "forecasts": len(errors),
        "median_ape": float(np.median(errors)),
        "p90_ape": float(np.quantile(errors, 0.9)),
        "worst_median_ape": float(max(np.median(off) for off in per_machine.values())),
    }
