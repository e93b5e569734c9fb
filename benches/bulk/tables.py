#!/usr/bin/env python3
"""Writes a what-if table as Parquet, in row groups of a million rows, for scripts/bench-bulk.sh."""

import argparse

import numpy
import pyarrow
import pyarrow.parquet

SIZES = [(640, 360), (960, 540), (1280, 720), (1920, 1080)]
ENCODERS = [("h264", "libx264", "medium"), ("hevc", "libx265", "slow"), ("av1", "libsvtav1", "8"), ("vp9", "libvpx-vp9", "good-cpu4")]
RATES = 24
# What the default model saw, about.
CONTENT = {
    "si_mean": (20, 150), "si_std": (0.5, 20), "ti_mean": (1, 40), "ti_std": (0.5, 10), "spatial_energy": (10, 220),
    "temporal_energy": (1, 120), "luminance": (60, 140), "static_share": (0.05, 0.95),
}
KINDS = {
    "settings-grid": "24 bitrates for each of 16 encoders and sizes, one motion a title",
    "settings-rows": "bitrate and motion differ from row to row",
    "content-grid": "24 bitrates for each of 16 encoders and sizes, complexity of each title known",
    "content-rows": "bitrate and complexity differ from row to row",
}


def group(kind, start, count, random):
    row = numpy.arange(start, start + count)
    step, setting, title = row % RATES, row // RATES % 16, row // (RATES * 16)
    width, height = (numpy.array(side, dtype=numpy.int32)[setting % 4] for side in zip(*SIZES))
    by_title = kind.endswith("grid")
    titles = title - title[0]
    bitrate = 150 * 2 ** (step / 4)

    def content(low, high):
        if by_title:
            # The same for a title in whichever row group it stands.
            return low + (high - low) * numpy.array([numpy.random.default_rng([int(t), int(high * 10)]).random() for t in numpy.unique(title)])[titles]
        return low + (high - low) * random.random(count)

    columns = {
        "title": pyarrow.array([f"title {t}" for t in numpy.unique(title)]).take(pyarrow.array(titles)).dictionary_encode(),
        "bitrate_kbps": bitrate if by_title else bitrate * (1 + random.random(count)),
        "resolution_width": width, "resolution_height": height,
        "frame_rate": numpy.full(count, 30.0), "frame_drop": numpy.zeros(count),
        "motion_intensity": content(0.1, 0.8),
    }
    for at, name in enumerate(["codec", "encoder", "preset"]):
        names = pyarrow.array([encoder[at] for encoder in ENCODERS])
        columns[name] = pyarrow.DictionaryArray.from_arrays(pyarrow.array((setting // 4).astype("int8")), names)
    if kind.startswith("content"):
        columns |= {"source_width": numpy.full(count, 1920, dtype=numpy.int32), "source_height": numpy.full(count, 1080, dtype=numpy.int32)}
        columns |= {name: content(*ends) for name, ends in CONTENT.items()}
    return pyarrow.table(columns)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("rows", type=int)
    arguments.add_argument("out")
    arguments.add_argument("--compression", default="snappy")
    given = arguments.parse_args()
    random, writer = numpy.random.default_rng(1), None
    for start in range(0, given.rows, 1_000_000):
        table = group(given.kind, start, min(1_000_000, given.rows - start), random)
        writer = writer or pyarrow.parquet.ParquetWriter(given.out, table.schema, compression=given.compression)
        writer.write_table(table, row_group_size=1_000_000)
    writer.close()


if __name__ == "__main__":
    main()
