"""What `encast evaluate` says of a table, kept so that a run that was broken off goes on where it stood."""

import csv
import hashlib
import json
import subprocess
from pathlib import Path

# The probe tier of tables whose trial encodes were not scored with VMAF.
PROBE_PSNR = "probe_psnr"


def sha256(path):
    """The SHA-256 of a file, as hexadecimal text."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def without_column(path, column, copy):
    """A copy of a table without one column."""
    with open(path, newline="", encoding="utf-8") as source, open(copy, "w", newline="", encoding="utf-8") as target:
        rows = csv.reader(source)
        header = next(rows)
        place = header.index(column)
        out = csv.writer(target, lineterminator="\n")
        out.writerow(header[:place] + header[place + 1 :])
        out.writerows(row[:place] + row[place + 1 :] for row in rows)


def verdict_of(program, path, folds, tier, given, targets, kept):
    """The JSON object of `encast evaluate --folds`. The same program, table and options are asked once only: answers stand
    in the folder `kept`, under a hash of all three."""
    kept = Path(kept)
    kept.mkdir(parents=True, exist_ok=True)
    if tier == PROBE_PSNR:
        copy = kept / f"{Path(path).stem}-without-probe-vmaf.csv"
        without_column(path, "probe_vmaf", copy)
        path, tier = copy, "probe"
    options = ["--folds", str(folds), "--tier", tier, "--given", given, "--targets", ",".join(targets)]
    key = json.dumps([sha256(program), sha256(path), options])
    answer = kept / (hashlib.sha256(key.encode()).hexdigest()[:24] + ".json")
    if not answer.exists():
        command = [program, "evaluate", "--data", str(path), *options, "--quiet", "--json"]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=True, stdin=subprocess.DEVNULL)
        json.loads(run.stdout)
        answer.write_bytes(run.stdout)
    return json.loads(answer.read_text(encoding="utf-8"))
