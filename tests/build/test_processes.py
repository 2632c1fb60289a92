"""Several processes, killed processes, other environments: the same bytes, or a clear refusal."""

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

from reptheory.build import library, pieces
from reptheory.build.library import build_table, load_table
from reptheory.tables.kinds import table_key
from reptheory.tables.store import is_lock
from reptheory.tables.table import read_table

ROOT = Path(__file__).parents[2]
KEY = table_key("clebsch_gordan", 5)


def start(program, *arguments, **options):
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(
        command, env=settings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def finish(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out


LOADER = """
import sys
from reptheory.build import library, pieces
pieces.PIECE_ROWS = 2000
built = []
original = library.build_key
def counting(key, *others, **options):
    built.append(key)
    return original(key, *others, **options)
library.build_key = counting
table = library.load_table("clebsch_gordan", 5, workers=int(sys.argv[1]) if sys.argv[1:] else None)
print(table.fingerprint, len(built))
"""


@pytest.mark.parametrize("races", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_racing_builders_build_once_and_agree(cache, races):
    expected = build_table("clebsch_gordan", 5).fingerprint
    for race in range(races):
        racers = [start(LOADER, 1 + (race + k) % 2) for k in range(3)]
        results = [finish(racer).split() for racer in racers]
        assert {fingerprint for fingerprint, _ in results} == {expected}
        assert sum(int(built) for _, built in results) == 1
        assert read_table(cache / KEY.file_name, KEY).fingerprint == expected
        assert os.listdir(cache) == [KEY.file_name]  # no lock, no temporary, no pieces
        os.unlink(cache / KEY.file_name)


def test_threads_agree(cache):
    tables = []
    threads = [threading.Thread(target=lambda: tables.append(load_table("gaunt", 3))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tables) == 4
    assert len(set(tables)) == 1


@pytest.mark.parametrize("kills", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_builders_leave_nothing_broken(cache, kills):
    # Killed anywhere: while importing, building alone or with workers, keeping a piece, writing, or after.
    chance = random.Random(kills)
    expected, kept, whole = build_table("clebsch_gordan", 5), 0, 0
    for kill in range(kills):
        if kill % 20 == 0:  # how long it takes now, on a machine that others may share
            spans = [time_of_a_build(cache, 1), time_of_a_build(cache, 2)]
        builder = start("import sys; print('up', flush=True)\n" + LOADER, 1 + kill % 2)
        assert builder.stdout.readline() == "up\n"
        time.sleep(chance.uniform(0.1, 1.2) * spans[kill % 2])
        builder.send_signal(signal.SIGKILL)
        builder.communicate()
        kept += check_sound(cache)
        if (cache / KEY.file_name).exists():
            whole += 1
            (cache / KEY.file_name).unlink()
        if kill % 10 == 9:  # who comes after it finds a free lock, goes on, and leaves the table alone
            begin = time.monotonic()
            assert load_table("clebsch_gordan", 5) == expected
            assert time.monotonic() - begin < 10
            assert os.listdir(cache) == [KEY.file_name]
            (cache / KEY.file_name).unlink()
            library._RECENT.clear()
    assert load_table("clebsch_gordan", 5) == expected
    assert os.listdir(cache) == [KEY.file_name]
    assert kills < 100 or (kept > 10 and whole > 5), "the moments were badly chosen"


def time_of_a_build(cache, workers):
    builder = start("import sys; print('up', flush=True)\n" + LOADER, workers)
    assert builder.stdout.readline() == "up\n"
    begin = time.monotonic()
    finish(builder)
    (cache / KEY.file_name).unlink()
    return time.monotonic() - begin


def check_sound(cache):
    """Check every file of the cache; return how many pieces are kept."""
    pieces.PIECE_ROWS, before = 2000, pieces.PIECE_ROWS
    known = {piece.file_name: piece for piece in pieces.cut(KEY)}
    pieces.PIECE_ROWS = before
    kept = 0
    for path in cache.rglob("*"):
        if path.name == KEY.file_name:
            read_table(path, KEY)
        elif path.name in known:
            pieces.decode(known[path.name], path.read_bytes())
            kept += 1
        else:
            assert path.is_dir() or is_lock(path.name), path
    return kept


COMMAND = """
import signal, sys
from reptheory.build import pieces
from reptheory.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
pieces.PIECE_ROWS = 300
main(["build", "clebsch_gordan", "--lmax", "5", "--workers", sys.argv[1], "--output", sys.argv[2]])
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_the_command_and_its_workers_and_keeps_what_is_proven(cache, tmp_path, workers):
    path, kept = tmp_path / "table.npz", cache / "pieces" / KEY.file_name.removesuffix(".npz")
    builder = start(COMMAND, workers, path, start_new_session=True)
    for _ in range(6000):
        if kept.is_dir() and os.listdir(kept):
            break
        time.sleep(0.01)
    os.killpg(builder.pid, signal.SIGINT)  # as a terminal sends it
    _, error = builder.communicate(timeout=60)
    assert builder.returncode == 130
    assert error.splitlines()[-1] == "reptheory: interrupted; files are as they were before"
    assert "Traceback" not in error
    with pytest.raises(ProcessLookupError):
        os.killpg(builder.pid, 0)
    assert not path.exists()
    assert os.listdir(kept)
    finish(start(COMMAND, workers, path))
    assert read_table(path) == build_table("clebsch_gordan", 5)
    assert os.listdir(cache) == []


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
