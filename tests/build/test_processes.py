"""Several processes, killed processes, other environments: the same bytes, or a clear refusal."""

import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reptheory.build.library import build_table, load_table
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

ROOT = Path(__file__).parents[2]
KEY = table_key("clebsch_gordan", 5)


def start(program, *arguments, flags=(), **environment):
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *flags, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out


LOADER = """
from reptheory.build import library
built = []
original = library.build_key
def counting(key, *others, **options):
    built.append(key)
    return original(key, *others, **options)
library.build_key = counting
table = library.load_table("clebsch_gordan", 5)
print(table.fingerprint, len(built))
"""


def test_racing_builders_build_once_and_agree(cache):
    racers = [start(LOADER) for _ in range(3)]
    results = [finish(racer).split() for racer in racers]
    assert {fingerprint for fingerprint, _ in results} == {build_table("clebsch_gordan", 5).fingerprint}
    assert sum(int(built) for _, built in results) == 1
    assert read_table(cache / KEY.file_name, KEY).fingerprint == results[0][0]


def test_threads_agree(cache):
    tables = []
    threads = [threading.Thread(target=lambda: tables.append(load_table("gaunt", 3))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tables) == 4
    assert len(set(tables)) == 1


def test_killed_builders_leave_nothing_broken(cache):
    # Killed anywhere: while importing, building, writing, or after; then a survivor takes over at once.
    chance = random.Random(3)
    for _ in range(8):
        builder = start("import sys; print('up', flush=True)\n" + LOADER)
        assert builder.stdout.readline() == "up\n"
        time.sleep(chance.random() * 0.35)
        builder.send_signal(signal.SIGKILL)
        builder.communicate()
        path = cache / KEY.file_name
        if path.exists():
            read_table(path, KEY)
            path.unlink()
    begin = time.monotonic()
    assert load_table("clebsch_gordan", 5) == build_table("clebsch_gordan", 5)
    assert time.monotonic() - begin < 10


WRITER = """
import hashlib, os, sys
from reptheory.build.library import build_table
digest = hashlib.sha256()
for kind, lmax in (("gaunt", 3), ("wigner_3j", 1), ("fourier_from_harmonics", 3), ("theta_projection", 3)):
    path = build_table(kind, lmax).save(os.path.join(sys.argv[1], kind))
    digest.update(path.read_bytes())
print(digest.hexdigest())
"""


@pytest.mark.parametrize(
    ("flags", "environment", "umask"),
    [
        ((), {"LANG": "C", "LC_ALL": "C", "TZ": "UTC+7"}, 0o077),
        (("-O",), {"PYTHONHASHSEED": "1", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}, 0o000),
        (
            ("-B", "-X", "utf8=0"),
            {"PYTHONHASHSEED": "12345", "NUMBA_DISABLE_JIT": "1", "HOME": "/nonexistent"},
            0o022,
        ),
    ],
)
def test_the_same_bytes_everywhere(tmp_path, flags, environment, umask):
    expected = hashlib.sha256()
    for kind, lmax in (
        ("gaunt", 3),
        ("wigner_3j", 1),
        ("fourier_from_harmonics", 3),
        ("theta_projection", 3),
    ):
        expected.update(build_table(kind, lmax).save(tmp_path / "here").read_bytes())
    before = os.umask(umask)
    try:
        found = finish(start(WRITER, tmp_path, flags=flags, **environment))
    finally:
        os.umask(before)
    assert found.strip() == expected.hexdigest()


def test_a_table_crosses_to_a_spawned_process(tmp_path):
    program = (
        "import multiprocessing\n"
        "from reptheory.build.library import build_table\n"
        "def check(table): return table.fingerprint, table.index.flags.writeable\n"
        "if __name__ == '__main__':\n"
        "    table = build_table('gaunt', 2)\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.apply(check, (table,)) == (table.fingerprint, False))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(program)
    assert (
        finish(start("import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')", script))
        == "True\n"
    )


def test_a_memory_limit_gives_the_size_instead_of_a_crash():
    program = (
        "import resource\n"
        "from reptheory.build.library import build_table\n"
        "from reptheory.errors import TooLarge\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
        "try: build_table('clebsch_gordan', 20)\n"
        "except TooLarge as error: print(error)\n"
    )
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert "B are free" in finish(start(program))


def test_reading_beyond_the_memory_limit_is_refused(tmp_path):
    path = build_table("clebsch_gordan", 8).save(tmp_path / "table.npz")
    program = (
        "import resource, sys\n"
        "from reptheory.tables.table import read_table\n"
        "from reptheory.errors import TooLarge\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20),) * 2)\n"
        "try: read_table(sys.argv[1])\n"
        "except TooLarge as error: print('refused')\n"
    )
    assert finish(start(program, path)) == "refused\n"


def test_loading_imports_neither_sympy_nor_numba():
    program = (
        "import sys\n"
        "from reptheory.build.library import load_table\n"
        "load_table('gaunt', 6)\n"
        "heavy = ('sympy', 'mpmath', 'numba', 'scipy', 'matplotlib')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    assert finish(start(program)) == "[]\n"
