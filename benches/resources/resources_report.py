"""The results as Markdown."""


def percent(value, places=1):
    return f"{100 * value:.{places}f} %"


def markdown(result):
    """Tables of one run."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        "# Times, memory, energy: titles and machines never seen",
        "",
        f"{result['date']}, {result['cpu']}; {versions}; `make bench-resources`. {result['folds']} folds by title; LightGBM with",
        "the same columns on the same rows and folds. R² is of the logarithm. Tables: "
        + ", ".join(f"{t['name']} ({t['rows']:,} rows, {t['titles']} titles)" for t in result["tables"])
        + ".",
        "",
        "| table | given | tier | forecast | R², encast | LightGBM | median error, encast | LightGBM | coverage of the 90 % interval | beyond 1.25 times its upper end |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for entry in result["figures"]:
        ours, theirs = entry["encast"], entry["lightgbm"]
        cells = [entry["table"], entry["given"], entry["tier"], entry["target"]]
        cells += [f"{ours['r2_log']:.3f}", f"{theirs['r2_log']:.3f}"]
        cells += [percent(ours["median_ape"]), percent(theirs["median_ape"]), percent(ours["coverage"])]
        cells.append(percent(ours["far_above"], 2))
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Totals of batches",
        "Batches of jobs drawn at random from titles never seen; what has run corrects the rest (`encast predict --total`).",
        "",
        "| table | forecast | jobs | of them finished | batches | median error of the total | 90 % of batches within | bias | in the 90 % interval |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for entry in result["totals"]:
        cells = [entry["table"], entry["target"], str(entry["jobs"]), str(entry["finished"]), str(entry["batches"])]
        cells += [percent(entry[name]) for name in ("median_error", "p90_error", "bias", "coverage")]
        lines.append("| " + " | ".join(cells) + " |")
    if "machines" in result:
        found = result["machines"]
        lines += [
            "",
            "## A machine never seen, after one calibration encode",
            "x264 on machines of one table, one left out at a time; every encode on it is the calibration once.",
            "",
            "| | machines | median error | worst machine's |",
            "|---|--:|--:|--:|",
        ]
        for name, entry in [
            ("the factor alone: times of the same encodes on the other machines are known", found["transfer"]),
            ("`train`, `calibrate`, `predict`: a preset and titles that the other machines encoded", found["chain"]["preset_known"]),
            ("the same, one model for three presets", found["chain"]["titles_known"]),
            ("the same, titles never seen, six others to learn from", found["chain"]["titles_unseen"]),
        ]:
            cells = [name, str(entry["machines"]), percent(entry["median_ape"]), percent(entry["worst_median_ape"])]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
