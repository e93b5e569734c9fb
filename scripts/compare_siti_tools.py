#!/usr/bin/env python3
"""Compares SI and TI of `encast analyze` with siti-tools (PyPI) on clips: exit code 1 beyond 0.1 %.

usage: compare_siti_tools.py ENCAST CLIP…     (pip install siti-tools; ffmpeg as `encast analyze` finds it)
siti-tools runs in legacy mode with full range: luma as coded.
"""

import json
import subprocess
import sys

import numpy
from siti_tools.file import read_container
from siti_tools.siti import SiTiCalculator

LIMIT = 0.001


def reference(clip, bits):
    scale = 255 / (2**bits - 1)
    si, ti, before = [], [], None
    for frame in read_container(clip):
        frame = frame * scale
        si.append(SiTiCalculator.si(frame))
        if before is not None:
            ti.append(SiTiCalculator.ti(frame, before))
        before = frame
    return {"frames": len(si), "si_mean": numpy.mean(si), "si_std": numpy.std(si), "ti_mean": numpy.mean(ti), "ti_std": numpy.std(ti)}


def of_encast(encast, clip):
    return json.loads(subprocess.check_output([encast, "analyze", clip, "--json"]))


def worst_difference(ours, theirs, name_of_clip=None):
    """Largest relative difference; prints each when the clip has a name."""
    worst = 0.0
    for name, value in theirs.items():
        error = abs(ours[name] - value) / value
        worst = max(worst, error)
        if name_of_clip:
            print(f"{name_of_clip} {name} {ours[name]:.6f} {value:.6f} {error:.2e}")
    return worst


def main():
    encast, clips = sys.argv[1], sys.argv[2:]
    worst = 0.0
    for clip in clips:
        ours = of_encast(encast, clip)
        worst = max(worst, worst_difference(ours, reference(clip, ours["bit_depth"]), clip))
    print(f"worst relative difference {worst:.2e}, allowed {LIMIT}")
    sys.exit(int(worst > LIMIT))


if __name__ == "__main__":
    main()
