"""Forests as machine code: tl2cgen and lleaves. What is compiled is kept, by the forest's digest.

    compiled.py FOLDER MODEL…     compiles all variants of these models
"""
import hashlib
import re
import sys
from pathlib import Path

import lleaves
import tl2cgen
import treelite

# Units of translation, for the sake of the C compiler.
UNITS = 16


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def treelite_model(path):
    if path.suffix == ".json":
        return treelite.frontend.load_xgboost_model(path)
    return treelite.frontend.load_lightgbm_model(path)


def leaves_of(path):
    return int(re.search(r"-(\d+)$", path.stem).group(1))


def tl2cgen_variants(path):
    """Name and parameters. Thresholds as they are, or rows quantized first, which is tl2cgen's own advice."""
    variants = [("quantized", {"quantize": 1}), ("plain", {})]
    return variants[:1] if leaves_of(path) > 64 else variants


def tl2cgen_library(path, name, params, folder):
    """Generated and compiled as tl2cgen does by itself (gcc -O3), and for this processor."""
    target = folder / f"tl2cgen-{digest(path)}-{name}"
    library = target / "predictor.so"
    if not library.exists():
        tl2cgen.generate_c_code(treelite_model(path), target, {"parallel_comp": UNITS, **params})
        tl2cgen.create_shared("gcc", target, nthread=1, options=["-march=native"])
    return library


def lleaves_variants(path):
    """Name and options. Blocks of 34 trees are lleaves's default, one block is its advice for single rows. LLVM takes minutes to
    inline one block of 31 leaves (and gains nothing by it), or blocks of 34 trees of 255 leaves."""
    def variant(name, double, block, inline):
        return name, {"use_fp64": double, "fcodemodel": "small", "fblocksize": block, "finline": inline}

    if path.suffix == ".json":
        return []
    variants = [variant("float, one block, calls", False, 400, False)]
    if leaves_of(path) <= 64:
        variants += [variant("double, blocks of 34", True, 34, True), variant("float, blocks of 34", False, 34, True)]
    return variants


def lleaves_model(path, name, options, folder):
    model = lleaves.Model(str(path))
    model.compile(cache=str(folder / f"lleaves-{digest(path)}-{re.sub('[^a-z0-9]+', '-', name)}.bin"), **options)
    return model


def main():
    folder = Path(sys.argv[1])
    for path in map(Path, sys.argv[2:]):
        for name, params in tl2cgen_variants(path):
            tl2cgen_library(path, name, params, folder)
        for name, options in lleaves_variants(path):
            lleaves_model(path, name, options, folder)
        print(f"compiled {path.name}", flush=True)


if __name__ == "__main__":
    main()
