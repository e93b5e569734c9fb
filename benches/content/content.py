#!/usr/bin/env python3
"""Speed of `encast analyze` beside ffmpeg's siti filter and siti-tools; exit code 1 when SI or TI disagree.

usage: content.py ENCAST RESULT.md [CLIP]      (made by scripts/bench-content.sh)

All read the same Y4M file, at 1080p, in turn; the clip is scaled to that. Peers run on one core and with one thread.
"""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import imageio_ffmpeg

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import compare_siti_tools  # noqa: E402

FRAMES = 200
ROUNDS = 3
MADE = "testsrc2=size=1920x1080:rate=30,noise=alls=12:allf=t,format=yuv420p"
ROOM = 2 << 30


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def folder():
    shared = pathlib.Path("/dev/shm")
    if shared.is_dir() and shutil.disk_usage(shared).free > ROOM:
        return shared
    return None


def make_clip(ffmpeg, clip, to):
    source = ["-i", clip, "-vf", "scale=1920:1080:flags=bicubic,format=yuv420p"] if clip else ["-f", "lavfi", "-i", MADE]
    subprocess.check_call(
        [ffmpeg, "-v", "error", "-nostdin", *source, "-an", "-frames:v", str(FRAMES), "-f", "yuv4mpegpipe", str(to)]
    )


def timed(command, cores):
    """Seconds of wall clock and of all cores together."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def main():
    encast, result, *clips = sys.argv[1:]
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    cores = sorted(os.sched_getaffinity(0))
    one, two = {cores[0]}, set(cores[:2])
    # Whatever is measured runs beside nothing of ours; what else the machine does is said.
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=folder()) as temporary:
        path = pathlib.Path(temporary) / "clip.y4m"
        make_clip(ffmpeg, clips[0] if clips else None, path)
        size = path.stat().st_size
        frames = size // (1920 * 1080 * 3 // 2)
        single = [ffmpeg, "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1", "-i", str(path)]
        programs = {
            "encast analyze, 1 thread": ([encast, "analyze", str(path), "--json"], one),
            "encast analyze, 2 threads": ([encast, "analyze", str(path), "--json", "--threads", "2"], two),
            "ffmpeg siti, 1 thread": ([*single, "-vf", "siti", "-f", "null", "-"], one),
            "ffmpeg reading only": ([*single, "-f", "null", "-"], one),
        }
        times = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, (command, where) in programs.items():
                times[name].append(timed(command, where))
        os.sched_setaffinity(0, one)
        start, cpu = time.perf_counter(), time.process_time()
        theirs = compare_siti_tools.reference(str(path), 8)
        siti_tools = (time.perf_counter() - start, time.process_time() - cpu)
        os.sched_setaffinity(0, cores)
        times["siti-tools"] = [siti_tools]
        ours = compare_siti_tools.of_encast(encast, str(path))
    worst = compare_siti_tools.worst_difference(ours, theirs)

    middle = {name: tuple(statistics.median(column) for column in zip(*rows)) for name, rows in times.items()}
    base_wall, base_cpu = middle["encast analyze, 1 thread"]
    lines = [
        "# Speed of content analysis beside peers",
        "",
        f"{frames} frames of 1080p 8-bit 4:2:0 as a Y4M file in {'memory' if folder() else 'the folder for temporary files'},"
        f" {'the clip given' if clips else f'made by ffmpeg: `{MADE}`'}. In turn, medians of {ROUNDS} rounds (siti-tools: one);"
        f" reading the file is part of all figures. {datetime.date.today()}, {cpu_name()}, {len(cores)} cores, load before the"
        f" run {load:.1f}; ffmpeg {imageio_ffmpeg.get_ffmpeg_version()}, siti-tools {importlib.metadata.version('siti-tools')}, Python"
        f" {platform.python_version()}. Made by `make bench-content`.",
        "",
        "encast measures SI, TI, E, h, L and scene cuts; the peers SI and TI. One thread means one core. Wall clock counts what"
        " else the machine does, CPU time does not: on a busy machine only the latter compares. The ratios are to encast with"
        " one thread.",
        "",
        "| | frames/s, wall clock | ratio | CPU ms per frame | frames per CPU second | ratio |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, (wall, cpu) in middle.items():
        lines.append(
            f"| {name} | {frames / wall:.0f} | {wall / base_wall:.2f} | {1000 * cpu / frames:.2f} | {frames / cpu:.0f} |"
            f" {cpu / base_cpu:.2f} |"
        )
    lines += [
        "",
        f"Largest relative difference of SI and TI (means and standard deviations) from siti-tools: {worst:.1e}, allowed"
        f" {compare_siti_tools.LIMIT}. ffmpeg's filter stretches limited-range luma by 255/219 first, so its figures are not"
        " compared.",
    ]
    text = "\n".join(lines) + "\n"
    pathlib.Path(result).write_text(text)
    print(text)
    sys.exit(int(worst > compare_siti_tools.LIMIT))


if __name__ == "__main__":
    main()
