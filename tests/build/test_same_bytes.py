"""Same bytes: every kind gives the same file whatever the settings, and however the work is shared."""

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from table_keys import every_key

from reptheory.build.library import build_key

ROOT = Path(__file__).parents[2]

# Builds every table of this test in many pieces, with the executor of argv, and prints its hash. Threads use
# compiled loops, which small tables are not worth otherwise.
WRITER = """
import hashlib, io, locale, os, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from reptheory.build import compiled, pieces
from reptheory.build.library import build_key
from reptheory.build.workers import WorkerProcesses
from table_keys import every_key

def main(kind, count):
    with suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "")
    pieces.PIECE_ROWS = 70
    makers = {
        "threads": lambda: ThreadPoolExecutor(count),
        "workers": lambda: WorkerProcesses(count),
        "processes": lambda: ProcessPoolExecutor(count, mp_context=get_context("spawn")),
    }
    if kind == "alone":
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
        return [digest(build_key(key)) for key in every_key(2)]
    if kind == "threads":
        compiled.WORTH_COMPILING = -1
    with makers[kind]() as executor:
        return [digest(build_key(key, executor=executor)) for key in every_key(2)]

def digest(table):
    path = table.save(os.path.join(sys.argv[3], table.key.file_name))
    return hashlib.sha256(path.read_bytes()).hexdigest()

if __name__ == "__main__":
    print(*main(sys.argv[1], int(sys.argv[2])), sep="\\n")
"""


@pytest.fixture(scope="module")
def expected():
    """The hash of every table, built here in one piece."""
    hashes = []
    for key in every_key(2):
        stream = io.BytesIO()
        build_key(key).write(stream)
        hashes.append(hashlib.sha256(stream.getvalue()).hexdigest())
    return hashes


@pytest.mark.parametrize(
    ("executor", "count", "flags", "environment", "umask"),
    [
        ("alone", 1, (), {"LANG": "C", "LC_ALL": "C", "TZ": "UTC+7"}, 0o077),
        ("threads", 3, ("-O",), {"PYTHONHASHSEED": "1", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}, 0o000),
        ("workers", 1, ("-B", "-X", "utf8=0"), {"PYTHONHASHSEED": "12345", "HOME": "/nonexistent"}, 0o022),
        ("workers", 4, (), {"NUMBA_NUM_THREADS": "1", "LC_ALL": "de_DE.UTF-8"}, 0o027),
        ("processes", 2, ("-X", "utf8"), {"NUMBA_DISABLE_JIT": "1", "REPTHEORY_CODE_CACHE": ""}, 0o002),
    ],
)
def test_the_same_bytes_everywhere(tmp_path, expected, executor, count, flags, environment, umask):
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    settings = {**os.environ, "PYTHONPATH": paths, "REPTHEORY_CACHE": str(tmp_path / "cache"), **environment}
    command = [sys.executable, *flags, script, executor, str(count), tmp_path]
    before = os.umask(umask)
    try:
        done = subprocess.run(command, env=settings, text=True, capture_output=True, timeout=240, check=False)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    found = dict(zip(map(str, every_key(2)), done.stdout.split(), strict=True))
    assert found == dict(zip(map(str, every_key(2)), expected, strict=True))
