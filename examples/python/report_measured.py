"""Reports a table of measured encodes to an exporter: asks for each forecast first, then tells what came out.

    report_measured.py --data measured.csv --url http://localhost:9505 [--config NAME] [--probe] [--prefix ID]

A real service asks before an encode and reports after it; this does both for encodes that were measured elsewhere, such as by
`encast measure`. Needs nothing but Python. It may be run again, also after it broke off: rows that were reported before
are counted, not stored twice.
"""

import argparse
import csv
import json
import sys
import urllib.error
import urllib.request

INPUTS = [
    "resolution_width", "resolution_height", "frame_rate", "frame_drop", "motion_intensity", "threads", "passes",
    "source_width", "source_height", "source_frame_rate", "bit_depth", "duration_s",
    "si_mean", "si_std", "ti_mean", "ti_std", "spatial_energy", "temporal_energy", "luminance", "static_share",
]
PROBE = ["probe_bitrate_kbps", "probe_psnr", "probe_vmaf"]
NAMES = ["codec", "encoder", "preset", "machine"]
MEASURED = ["vmaf", "psnr", "ssim", "encode_seconds", "cpu_seconds", "peak_memory_mb", "energy_kwh", "cost_usd", "co2_kg"]
# As many as an exporter takes at once without being told to take more.
AT_ONCE = 200


def request_of(row, inputs):
    """What was known before the encode: nothing that is unknown is filled in."""
    request = {name: row[name] for name in NAMES if row.get(name)}
    request |= {name: float(row[name]) for name in inputs if row.get(name)}
    # What was asked of the encoder; the bitrate that came out is a measured value.
    if row.get("crf"):
        request["crf"] = float(row["crf"])
    else:
        request["bitrate_kbps"] = float(row.get("target_bitrate_kbps") or row["bitrate_kbps"])
    return request


def measured_of(row):
    """What came out. A bitrate that is all there is stands in the request: it is not known what was asked for."""
    measured = {name: float(row[name]) for name in MEASURED if row.get(name)}
    if row.get("bitrate_kbps") and (row.get("crf") or row.get("target_bitrate_kbps")):
        measured["bitrate_kbps"] = float(row["bitrate_kbps"])
    return measured


def ask(url, body):
    """Status and answer, whatever it is."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, {"message": text}
    except urllib.error.URLError as error:
        sys.exit(f"{url}: {error.reason}")


def post(url, body, unless=None):
    """The answer; nothing for one of the status `unless`. Another error of the exporter ends the program with what it says."""
    status, answer = ask(url, body)
    if status == unless:
        return None
    if status != 200:
        sys.exit(f"{url}: {status} {answer.get('message', answer)}")
    return answer


def drop_unknown_machines(url, requests):
    """Takes machines away that the model was not taught, once for each: with such a name it forecasts nothing."""
    known = {}
    for request in requests:
        machine = request.get("machine")
        if machine and machine not in known:
            status, answer = ask(f"{url}/predict", request)
            known[machine] = not (status == 400 and answer.get("field") == "machine")
            if not known[machine]:
                print(f"{answer['message']}: it is left out", file=sys.stderr)
        if machine and not known[machine]:
            del request["machine"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="encode table, CSV")
    parser.add_argument("--url", default="http://localhost:9505", help="base address of the exporter")
    parser.add_argument("--config", help="value of the label config of these encodes")
    parser.add_argument("--probe", action="store_true", help="requests know the trial encode, too")
    parser.add_argument("--prefix", default="", help="put before the table's job names, to make ids of them")
    arguments = parser.parse_args()
    inputs = INPUTS + (PROBE if arguments.probe else [])

    with open(arguments.data, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("vmaf") or row.get("psnr")]
    if not rows:
        sys.exit(f"{arguments.data}: no row with a measured vmaf or psnr")
    requests = [request_of(row, inputs) for row in rows]
    drop_unknown_machines(arguments.url, requests)
    forecasts, reports = [], []
    for number, (row, request) in enumerate(zip(rows, requests, strict=True)):
        common = {"id": f"{arguments.prefix}{row.get('job') or number}"}
        about = {"title": row["title"]} | ({"config": arguments.config} if arguments.config else {})
        forecasts.append(common | about | request)
        # With its request a report stands alone: an encode that is observed already is not forecast again.
        reports.append(common | about | {"request": request} | measured_of(row))

    errors, stored = [], 0
    for begin in range(0, len(rows), AT_ONCE):
        # 409: some of them are observed already, as when this is run again.
        answers = post(f"{arguments.url}/predict", forecasts[begin : begin + AT_ONCE], unless=409)
        stored += post(f"{arguments.url}/observe", reports[begin : begin + AT_ONCE])["stored"]
        for answer, row in zip(answers or [], rows[begin : begin + AT_ONCE], strict=answers is not None):
            if row.get("vmaf"):
                errors.append(abs(float(row["vmaf"]) - answer["predicted_vmaf"]))
    print(f"{len(rows)} encodes of {len({row['title'] for row in rows})} titles reported, {stored} of them new", end="")
    print(f"; VMAF was {sum(errors) / len(errors):.2f} off on average" if errors else "")


if __name__ == "__main__":
    main()
