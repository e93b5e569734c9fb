"""The peers, each in its quickest way, all with the same two questions: how long do so many calls take, what comes out."""
import ctypes
import json
import math
import os
import subprocess
import tempfile
from pathlib import Path

import lightgbm.basic
import numpy as np
import treelite
import xgboost.core

import compiled

# From one single row to the next; a prime, so that all are visited.
STRIDE = 4099


class Walk(ctypes.Structure):
    """`struct walk` of loops.c."""

    _fields_ = [("rows", ctypes.c_void_p), ("wide", ctypes.c_void_p)] + [
        (name, ctypes.c_int64) for name in ("columns", "count", "at", "step", "size", "calls")] + [
        ("out", ctypes.c_void_p), ("keep", ctypes.c_int64)]


class Table:
    """The rows to forecast, in memory and in a file, and the loops over them."""

    def __init__(self, rows, folder):
        self.rows, self.wide = rows, rows.astype(np.float64)
        self.path = folder / "rows.f32"
        rows.tofile(self.path)
        library = folder / "loops.so"
        subprocess.check_call(["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library,
                               Path(__file__).with_name("loops.c")])
        self.loops = ctypes.CDLL(str(library))


class InProcess:
    """A peer whose C functions are called from loops.c. `single` and `batch` are (loop, arguments…)."""

    def __init__(self, name, version, table, single, batch, narrow=False):
        self.name, self.version, self.table, self.narrow = name, version, table, narrow
        self.ways = {"single": single, "batch": batch}
        self.at = 0

    def _walk(self, kind, size, calls, at, step, out, keep):
        loop, *arguments = self.ways[kind](size) if callable(self.ways[kind]) else self.ways[kind]
        function = getattr(self.table.loops, loop)
        function.restype = ctypes.c_double
        rows = self.table.rows
        walk = Walk(rows.ctypes.data, self.table.wide.ctypes.data, rows.shape[1], rows.shape[0], at, step, size, calls,
                    out.ctypes.data, keep)
        elapsed = function(ctypes.byref(walk), *arguments)
        if elapsed < 0:
            raise RuntimeError(f"{self.name} failed")
        self.at = walk.at
        return elapsed

    def time(self, kind, size, calls):
        step = STRIDE if kind == "single" else size
        return self._walk(kind, size, calls, self.at // size * size, step, np.zeros(size), 0)

    def forecasts(self):
        count = self.table.rows.shape[0]
        batch, single, one = np.zeros(count), np.zeros(count), np.zeros(1)
        self._walk("batch", count, 1, 0, 0, batch, 1)
        if self.narrow:
            batch = batch.view(np.float32)[:count].astype(np.float64)
        for row in range(count):
            self._walk("single", 1, 1, row, 0, one, 1)
            single[row] = one.view(np.float32)[0] if self.narrow else one[0]
        return batch, single

    def close(self):
        pass


class Program:
    """A peer in a process of its own, which waits while others are timed."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.about = json.loads(self.process.stdout.readline())
        self.version = self.about["version"]

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"{self.name} ended at {line}")
        return answer

    def time(self, kind, size, calls):
        return float(self._ask(f"single {calls}" if kind == "single" else f"batch {size} {calls}"))

    def forecasts(self):
        with tempfile.NamedTemporaryFile() as file:
            self._ask(f"check {file.name}")
            return np.split(np.fromfile(file.name), 2)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def address(function):
    return ctypes.cast(function, ctypes.c_void_p)


def of_lightgbm(forest, table):
    library, booster = lightgbm.basic._LIB, forest.booster._handle
    config = ctypes.c_void_p()
    status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster, ctypes.c_int(0), ctypes.c_int(0), ctypes.c_int(-1), ctypes.c_int(0),
        ctypes.c_int32(table.rows.shape[1]), ctypes.c_char_p(b"num_threads=1"), ctypes.byref(config))
    if status != 0:
        raise RuntimeError(library.LGBM_GetLastError().decode())
    return InProcess("LightGBM", lightgbm.__version__, table,
                     ("lightgbm_single", address(library.LGBM_BoosterPredictForMatSingleRowFast), config),
                     ("lightgbm_batch", address(library.LGBM_BoosterPredictForMat), booster))


def of_xgboost(forest, table):
    library, rows = xgboost.core._LIB, table.rows
    config = ctypes.c_char_p(json.dumps({
        "type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "cache_id": 0,
        "missing": math.nan}).encode())
    proxy = ctypes.c_void_p()
    if library.XGProxyDMatrixCreate(ctypes.byref(proxy)) != 0:
        raise RuntimeError(library.XGBGetLastError().decode())
    prepared = {}

    def way(size):
        if size not in prepared:
            arrays = [json.dumps({"data": [rows[at:].ctypes.data, True], "shape": [size, rows.shape[1]], "typestr": "<f4",
                                  "version": 3}).encode() for at in range(0, len(rows) - size + 1, size)]
            prepared[size] = (ctypes.c_char_p * len(arrays))(*arrays)
        return "xgboost", address(library.XGBoosterPredictFromDense), forest.booster.handle, proxy, prepared[size], config

    engine = InProcess("XGBoost", xgboost.__version__, table, way, way)
    engine.keeps = proxy, prepared
    return engine


def of_gtil(forest, table):
    from treelite.core import _LIB
    from treelite.gtil.gtil import GTILConfig

    model, config = compiled.treelite_model(forest.path), GTILConfig(predict_type="default", nthread=1)
    wide = model.input_type == "float64"
    way = ("gtil_wide" if wide else "gtil", address(_LIB.TreeliteGTILPredict), model.handle, config.handle,
           ctypes.c_char_p(model.input_type.encode()))
    engine = InProcess("Treelite, interpreted (GTIL)", treelite.__version__, table, way, way, narrow=not wide)
    engine.keeps = model, config
    return engine


def of_tl2cgen(forest, table, name, params, folder):
    import tl2cgen

    library = ctypes.CDLL(str(compiled.tl2cgen_library(forest.path, name, params, folder)))
    library.get_threshold_type.restype = ctypes.c_char_p
    way = ("tl2cgen64" if library.get_threshold_type() == b"float64" else "tl2cgen32", address(library.predict))
    engine = InProcess(f"Treelite, compiled (tl2cgen, {name})", f"{treelite.__version__} / {tl2cgen.__version__}", table, way,
                       way)
    engine.keeps = library
    return engine


def of_lleaves(forest, table, name, options, folder):
    import importlib.metadata

    model = compiled.lleaves_model(forest.path, name, options, folder)
    narrow = not options["use_fp64"]
    way = ("lleaves32" if narrow else "lleaves64", address(model._c_entry_func))
    engine = InProcess(f"lleaves ({name})", importlib.metadata.version("lleaves"), table, way, way, narrow=narrow)
    engine.keeps = model
    return engine


def of_onnxruntime(name, model, table, program):
    import onnxruntime

    library = next(Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so*"))
    environment = {"ORT_DYLIB_PATH": str(library), "ORT_VERSION": onnxruntime.__version__}
    return Program(name, [program, "onnxruntime", model, table.path, table.rows.shape[1]], environment)


def of_hessboost(forest, table, program):
    return Program("hessboost", [program, "hessboost", forest.path, table.path, table.rows.shape[1]],
                   {"RAYON_NUM_THREADS": "1"})


def of_encast(forest, table, program, onnx_file):
    return Program("encast", [program, forest.path, table.path, table.rows.shape[1], onnx_file])
