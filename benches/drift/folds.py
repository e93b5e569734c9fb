"""Deals the titles of a table out to folds: folds.py TABLE FOLDS FOLDER writes trainK.csv and heldK.csv."""

import csv
import hashlib
import sys


def main() -> None:
    table, folds, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = sorted({row["title"] for row in rows}, key=lambda title: hashlib.sha256(("drift" + title).encode()).digest())
    fold_of = {title: place % folds for place, title in enumerate(order)}
    for fold in range(folds):
        for name, held in (("train", False), ("held", True)):
            with open(f"{folder}/{name}{fold}.csv", "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0].keys())
                writer.writeheader()
                writer.writerows(row for row in rows if (fold_of[row["title"]] == fold) == held)


main()
