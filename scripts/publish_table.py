"""Makes data/measured.csv of what the campaign measured: sorted, without encodes that failed, under a name for the machine.

    publish_table.py CAMPAIGN.csv [MORE.csv …] data/measured.csv

The tables must be of one version of `encast measure`; a job that stands in several is taken once.
"""

import csv
import sys


def main():
    """Reads all, checks that their columns agree, writes."""
    *sources, target = sys.argv[1:]
    rows, columns = {}, None
    for source in sources:
        with open(source, newline="") as table:
            reader = csv.DictReader(table)
            if columns not in (None, reader.fieldnames):
                sys.exit(f"{source}: its columns differ")
            columns = reader.fieldnames
            for row in reader:
                if row["status"] == "ok":
                    rows.setdefault(row["job"], row)

    def order(row):
        value = float(row["crf"] or row["target_bitrate_kbps"])
        size = int(row["resolution_height"]), float(row["frame_drop"])
        return row["title"], row["clip"], row["encoder"], row["preset"], row["rate_control"], size, value

    with open(target, "w", newline="") as table:
        writer = csv.DictWriter(table, columns, lineterminator="\n")
        writer.writeheader()
        for row in sorted(rows.values(), key=order):
            row["host"] = "epyc-2core"
            writer.writerow(row)
    print(f"{target}: {len(rows)} rows, {len({row['title'] for row in rows.values()})} titles")


if __name__ == "__main__":
    main()
