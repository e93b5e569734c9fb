"""The yardstick's report as a page, and its numbers as they are kept."""

import json
import re

LABELS = {
    "vmaf": "VMAF",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "encode_seconds": "encode_seconds, log2",
    "cpu_seconds": "cpu_seconds, log2",
    "bitrate_kbps": "bitrate_kbps, log2",
    "peak_memory_mb": "peak_memory_mb, log2",
}
TIER_LABELS = {"probe_psnr": "probe without VMAF"}


def rounded(value):
    """The same with six significant digits, to keep what is committed small."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def as_json(report):
    """The report as JSON of which people can read the differences: what holds nothing else stands on one line."""
    text = json.dumps(rounded(report), indent=1, ensure_ascii=False)
    return re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: " ".join(found.group().split()), text) + "\n"


def cell(found):
    """R² / MAE, the way every table of the project writes them."""
    if found is None or found.get("r2") is None or found.get("mae") is None:
        return "–"
    return f"{found['r2']:.3f} / {found['mae']:.3g}"


def held(found):
    """Coverage and width, and the width of the logarithm where it is known."""
    if not found:
        return "–"
    text = f"{found['coverage']:.3f}, {found['mean_width']:.4g}"
    return text + (f" (log2: {found['mean_width_log2']:.3g})" if found.get("mean_width_log2") is not None else "")


def accuracy_table(results, names):
    """R² and MAE of everybody, and a line about rows that differ."""
    lines = ["| target | given | tier | rows | " + " | ".join(names) + " |"]
    lines.append("|---|---|---|--:|" + "--:|" * len(names))
    differing = []
    for row in results:
        cells = [cell(row["models"].get(name)) for name in names]
        count = row["models"]["LightGBM"]["rows"]
        tier = TIER_LABELS.get(row["tier"], row["tier"])
        lines.append(f"| {LABELS[row['target']]} | {row['given']} | {tier} | {count} | " + " | ".join(cells) + " |")
        found = row["models"].get("encast", {}).get("rows", count)
        if found != count:
            differing.append(f"{row['target']} {tier} given {row['given']}: {found}")
    if differing:
        lines += ["", "encast judged another number of rows: " + "; ".join(differing) + "."]
    return lines


def interval_table(results):
    """Coverage and mean width of the intervals."""
    lines = ["| target | given | tier | encast | CQR at 90 % | CQR at encast's coverage |", "|---|---|---|--:|--:|--:|"]
    for row in results:
        intervals = row.get("intervals", {})
        peer = intervals.get("LightGBM, CQR")
        if peer:
            cells = [held(intervals.get("encast")), held(peer["nominal"]), held(peer.get("equal"))]
            tier = TIER_LABELS.get(row["tier"], row["tier"])
            lines.append(f"| {LABELS[row['target']].split(',')[0]} | {row['given']} | {tier} | " + " | ".join(cells) + " |")
    return lines


def markdown(report):
    """The report as a page."""
    names = ["mean", "settings-only forest", "LightGBM"]
    names += ["encast"] if "encast" in report["versions"] else []
    lines = [
        f"# Yardstick: {report['table']}",
        "",
        f"{report['rows']} rows, {report['titles']} titles, SHA-256 `{report['sha256'][:16]}…`; "
        f"{report['folds']} folds by title; VMAF model {report['vmaf_model']}. {report['date']}, {report['cpu']}; "
        + ", ".join(f"{name} {version}" for name, version in report["versions"].items())
        + ".",
        f"Made by `{report['command']}`; set-up and meaning in [benches/yardstick](../yardstick/README.md).",
        "",
        "R² / MAE. Targets marked log2 are judged on the base-2 logarithm: an MAE of 1 is a factor of 2.",
    ]
    own = max((row["own_probes"] for row in report["results"]), default=0)
    if own:
        lines.append(f"Left out at the probe tiers: up to {own} rows that are the trial encode itself.")
    lines += ["", *accuracy_table(report["results"], names)]
    lines += [
        "",
        "## Intervals",
        "Coverage of the judged rows, mean width in the target's unit. The last column sets the level of the peer's intervals",
        "so that they hold as many of the judged rows as encast's: it is chosen by the answers, which favours the peer.",
        "",
        *interval_table(report["results"]),
    ]
    return "\n".join(lines) + "\n"
