"""`encast converge` beside `ab-av1 crf-search`; scripts/bench-converge.sh runs it.

Titles are dealt to four folds by the SHA-256 of their names; for each fold a model is trained on the other three, so that
no clip was seen by the model that steers it.
"""

import argparse
import csv
import datetime
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

FOLDS = 4
TARGET = 93
ENCODERS = [("libx264", "medium"), ("libsvtav1", "8")]
TABLE = pathlib.Path("data/measured.csv")
GRID = pathlib.Path("data/campaign/grid.toml")


def run(command, **more):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **more)
    if done.returncode not in (0, 1):
        sys.exit(f"{command[0]}: {done.stderr.strip()[-500:]}")
    return done


def folds(rows):
    titles = sorted({row["title"] for row in rows}, key=lambda title: hashlib.sha256(title.encode()).digest())
    return {title: index % FOLDS for index, title in enumerate(titles)}


def train(encast, rows, fold_of, fold, work):
    table, model = work / f"train{fold}.csv", work / f"model{fold}.encast"
    kept = [row for row in rows if fold_of[row["title"]] != fold and row["title_kind"] != "generated"]
    with open(table, "w", newline="") as file:
        out = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(kept)
    recipe = rows[0]["probe_recipe"]
    run([encast, "train", "--data", table, "--out", model, "--targets", "vmaf,bitrate_kbps", "--probe-recipe", recipe,
         "--quiet"])
    return model


def choose(rows, fold_of, clips, count):
    """Natural clips that are there, one a title, equally many of each fold, in the order of the folds' dealing."""
    clip_of = {}
    for row in rows:
        if row["title_kind"] == "natural" and (clips / row["clip"]).is_file():
            clip_of.setdefault(row["title"], row["clip"])
    titles = sorted(clip_of, key=lambda title: hashlib.sha256(title.encode()).digest())
    chosen = []
    for fold in range(FOLDS):
        chosen += [title for title in titles if fold_of[title] == fold][: count // FOLDS]
    return [(title, clip_of[title]) for title in chosen]


def cut(ffmpeg, clips, clip, grid, work):
    """The grid's part of a clip, without loss, 8 bits 4:2:0: what both programs get."""
    about = next(entry for entry in grid["clip"] if entry.get("file") == clip)
    part = work / "part.mkv"
    run([ffmpeg, "-v", "error", "-y", "-ss", about.get("start_seconds", 0), "-t", about.get("seconds", grid["seconds"]), "-i",
         clips / clip, "-an", "-sn", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0", "-pix_fmt", "yuv420p", "-c:v", "ffv1", part],
        check=True)
    return part


def converge(args, part, encoder, preset, model, more):
    command = [args.encast, "converge", part, "--target-vmaf", TARGET, "--encoder", encoder, "--preset", preset, "--model", model,
               "--ffmpeg", args.ffmpeg, "--json", *more]
    started = time.monotonic()
    done = run(command)
    return json.loads(done.stdout), time.monotonic() - started


def ab_av1(args, part, encoder, preset, work):
    command = [args.ab_av1, "crf-search", "-i", part, "-e", encoder, "--preset", preset, "--min-vmaf", TARGET, "--keyint", "2s",
               "--pix-format", "yuv420p", "--vmaf-scale", "none", "--cache", "false", "--max-encoded-percent", "1000",
               "--stdout-format", "json", "--temp-dir", work]
    started = time.monotonic()
    done = run(command, env={**os.environ, "PATH": f"{work / 'bin'}:{os.environ['PATH']}"})
    seconds = time.monotonic() - started
    probes, chosen = [], None
    for line in done.stdout.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("type") == "sample-encode-done":
            probes.append(event["vmaf"])
        if event.get("type") == "crf-search-done":
            chosen = round(event["crf"], 2)
    return probes, chosen, seconds


def measure(args, part, encoder, preset, title, clip, model):
    results = {}
    for name, more in (("encast", []), ("encast --probe", ["--probe"])):
        report, seconds = converge(args, part, encoder, preset, model, more)
        steps = [step["vmaf"] for step in report["steps"]]
        results[name] = {"encodes": len(steps), "seconds": seconds, "vmaf": report["vmaf"], "crf": report["crf"], "steps": steps}
    probes, crf, seconds = ab_av1(args, part, encoder, preset, args.work)
    found = {"encodes": len(probes), "seconds": seconds, "crf": crf, "steps": probes, "vmaf": None}
    if crf is not None:
        # The full encode at the CRF that it chose, scored as the others are.
        report, _ = converge(args, part, encoder, preset, model, ["--min", crf, "--max", crf, "--max-encodes", 1])
        found["vmaf"] = report["vmaf"]
    results["ab-av1"] = found
    return {"title": title, "clip": clip, "encoder": encoder, "preset": preset, "results": results}


def first_near(steps):
    return next((index + 1 for index, vmaf in enumerate(steps) if abs(vmaf - TARGET) <= 1), None)


def summary(runs, encoder, name):
    all_of = [run["results"][name] for run in runs if run["encoder"] == encoder]
    final = [abs(one["vmaf"] - TARGET) for one in all_of if one["vmaf"] is not None]
    near = [first_near(one["steps"]) for one in all_of]
    reached = [count for count in near if count is not None]
    share = lambda values: f"{100 * sum(values) / len(all_of):.0f} %"
    return " | ".join([
        f"{statistics.mean(one['encodes'] for one in all_of):.2f}",
        f"{statistics.mean(reached):.2f}" if reached else "–",
        share([count == 1 for count in near]),
        share([error <= 1 for error in final]),
        f"{statistics.mean(final):.2f}" if final else "–",
        f"{max(final):.2f}" if final else "–",
        f"{statistics.mean(one['seconds'] for one in all_of):.1f}",
        f"{statistics.median(one['seconds'] for one in all_of):.1f}",
    ])


def version(command):
    return run(command).stdout.splitlines()[0].strip()


def write(args, runs):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    ffmpeg = version([args.ffmpeg, "-version"]).split()[2]
    titles = len({run["title"] for run in runs})
    lines = [
        "# encast converge beside ab-av1",
        "",
        f"{titles} natural clips of 2 or 3 seconds, the parts that data/campaign/grid.toml names; VMAF {TARGET} (vmaf_v0.6.1, scored at the "
        f"clip's own size), tolerance 1. {datetime.date.today()}, {cpu}, {os.cpu_count()} cores, load before the run {args.load:.1f}; "
        f"{version([args.encast, '--version'])}, {version([args.ab_av1, '--version'])}, ffmpeg {ffmpeg}. Each clip is steered by a model that saw "
        "no encode of its title. Made by `make bench-converge CLIPS=…`.",
        "",
        "```",
        "encast converge part.mkv --target-vmaf 93 --encoder E --preset P --model M [--probe]",
        "ab-av1 crf-search -i part.mkv --min-vmaf 93 -e E --preset P --keyint 2s --pix-format yuv420p --vmaf-scale none --cache false "
        "--max-encoded-percent 1000",
        "```",
        "",
        "An encode of ab-av1 is one of its sample encodes, which on clips this short are of the whole clip. ab-av1 looks for the "
        "highest CRF that still reaches the target and goes on until it is within 0.1 of it (a tolerance that doubles from try to try), "
        "encast ends within ±1; the second column counts either's encodes up to the first within ±1. The final VMAF of both is that of a full encode at the CRF "
        "they end with, scored by the same program. Wall seconds, on a shared machine; encast's include decoding, analysis and the "
        "final encode, ab-av1's only the search.",
        "",
        "The rules by which encast steps on from a measured encode were mended while looking at vtm_breakdance, ct_backpack and "
        "ct_paraglide: their figures are not of clips that its rules had not seen.",
        "",
        "| encoder | | encodes | until within ±1 | first within ±1 | final within ±1 | mean error | largest | mean seconds | median |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for encoder, preset in ENCODERS:
        for name in ("encast", "encast --probe", "ab-av1"):
            lines.append(f"| {encoder} {preset} | {name} | {summary(runs, encoder, name)} |")
    lines += ["", "Clip by clip: encodes, and the final VMAF.", "", "| title | encoder | encast | encast --probe | ab-av1 |", "|---|---|--:|--:|--:|"]
    for one in runs:
        cells = [
            f"{result['encodes']}, {result['vmaf']:.2f}" if result["vmaf"] is not None else f"{result['encodes']}, none"
            for result in one["results"].values()
        ]
        lines.append(f"| {one['title']} | {one['encoder']} | {' | '.join(cells)} |")
    args.out.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("encast", "ab-av1", "ffmpeg", "clips", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    args.ffmpeg, args.ab_av1, args.encast = (path.absolute() for path in (args.ffmpeg, args.ab_av1, args.encast))
    args.load = os.getloadavg()[0]
    rows = [row for row in csv.DictReader(open(TABLE, newline="")) if row["status"] == "ok"]
    grid = tomllib.loads(GRID.read_text())
    fold_of = folds(rows)
    chosen = choose(rows, fold_of, args.clips, args.count)
    if not chosen:
        sys.exit(f"{args.clips}: none of the clips that {GRID} names")
    runs = []
    with tempfile.TemporaryDirectory(prefix="encast-bench-") as work:
        args.work = pathlib.Path(work)
        (args.work / "bin").mkdir()
        (args.work / "bin" / "ffmpeg").symlink_to(args.ffmpeg.resolve())
        models = {fold: train(args.encast, rows, fold_of, fold, args.work) for fold in {fold_of[title] for title, _ in chosen}}
        for number, (title, clip) in enumerate(chosen, 1):
            part = cut(args.ffmpeg, args.clips, clip, grid, args.work)
            for encoder, preset in ENCODERS:
                one = measure(args, part, encoder, preset, title, clip, models[fold_of[title]])
                runs.append(one)
                told = ", ".join(f"{name} {r['encodes']} in {r['seconds']:.1f} s" for name, r in one["results"].items())
                print(f"{number}/{len(chosen)} {title} {encoder}: {told}", flush=True)
    write(args, runs)
    print(f"wrote {args.out}")


if __name__ == "__main__":
    main()
