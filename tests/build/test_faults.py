"""Faults of disks and caches: loading gives the right table all the same, building says one clear line."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from privilege import unprivileged

from reptheory.build import library, pieces
from reptheory.build.library import build_table, load_table
from reptheory.tables.kinds import table_key
from reptheory.tables.table import read_table

ROOT = Path(__file__).parents[2]
KEY = table_key("gaunt", 3)


@pytest.fixture(autouse=True)
def _reading_pays(monkeypatch):
    monkeypatch.setattr(library, "reading_pays", lambda _: True)


def run(*command, **environment):
    # No bytecode: a limit on the size of files would cut it short, where every later process finds it.
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        list(map(str, command)), env=settings, text=True, capture_output=True, timeout=120, check=False
    )


def one_line(done):
    assert done.returncode == 1, done
    assert done.stderr.startswith("reptheory: "), done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_400_damages_of_a_cached_table_are_found_and_mended(cache):
    chance = random.Random(4)
    good = load_table("gaunt", 1)
    path = cache / good.key.file_name
    data = path.read_bytes()
    for attempt in range(400):
        damaged = bytearray(data)
        if attempt % 4 == 0:
            del damaged[chance.randrange(len(data)) :]
        else:
            damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        library._RECENT.clear()
        with pytest.warns(RuntimeWarning, match="building it afresh"):
            assert load_table("gaunt", 1) == good
        assert path.read_bytes() == data
    assert os.listdir(cache) == [path.name]


@pytest.mark.parametrize("what", ["pipe", "folder", "loop", "dangling", "elsewhere", "empty"])
def test_what_lies_in_place_of_a_cached_table(cache, what, tmp_path):
    cache.mkdir()
    path, other = cache / KEY.file_name, tmp_path / "other"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(path)
    elif what == "dangling":
        path.symlink_to(other / "nothing")
    elif what == "elsewhere":
        other.write_bytes(b"something else")
        path.symlink_to(other)
    else:
        path.touch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert load_table("gaunt", 3) == build_table("gaunt", 3)


def test_a_cache_on_another_device(cache, tmp_path):
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second device here")
    with tempfile.TemporaryDirectory(dir=shared) as elsewhere:
        cache.symlink_to(elsewhere)
        good = load_table("gaunt", 3)
        assert os.listdir(elsewhere) == [KEY.file_name]
        (tmp_path / "linked.npz").symlink_to(Path(elsewhere) / "table.npz")  # replaced over there
        good.save(tmp_path / "linked.npz")
        assert read_table(Path(elsewhere) / "table.npz") == good


def test_a_read_only_cache_is_read(cache):
    good = load_table("gaunt", 3)
    library._RECENT.clear()
    with tempfile.TemporaryDirectory() as name:  # where nobody may go too
        folder = Path(name) / "cache"
        shutil.copytree(cache, folder)
        os.chmod(name, 0o755)
        os.chmod(folder, 0o555)
        with unprivileged(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("REPTHEORY_CACHE", str(folder))
            patch.setattr(library, "build_key", None)
            assert load_table("gaunt", 3) == good
        os.chmod(folder, 0o755)


LIMITED = """
import os, resource, signal, sys
from reptheory.build import library, pieces
library.reading_pays = lambda _: True
pieces.PIECE_ROWS = 300
library.build_table("gaunt", 1)  # whatever has yet to be imported
if sys.argv[1] == "size":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
else:
    used = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + int(sys.argv[2]),) * 2)
print(library.load_table("gaunt", 3, workers=int(sys.argv[3])).fingerprint)
"""


@pytest.mark.parametrize(
    ("limit", "amount", "workers"),
    [("size", 1000, 1), ("size", 40_000, 1), ("size", 1000, 2), ("files", 0, 1), ("files", 1, 1),
     ("files", 2, 1), ("files", 3, 2), ("files", 6, 2)],
)  # fmt: skip
def test_limits_of_the_system_cost_time_only(cache, limit, amount, workers):
    done = run(sys.executable, "-W", "ignore", "-c", LIMITED, limit, amount, workers)
    assert done.stdout.split() == [build_table("gaunt", 3).fingerprint], done.stderr
    for path in cache.rglob("*.npz"):
        if path.name == KEY.file_name:
            read_table(path, KEY)
    assert not list(cache.rglob("*.tmp"))


BUILD = f"{sys.executable} -m reptheory build gaunt"
MOUNT = 'mount -t tmpfs -o {options} none "$0" && '


def mounted(folder, options, script, **environment):
    """Run a shell script while a small disk is mounted on `folder`, in a name space of its own."""
    folder.mkdir(exist_ok=True)
    if run("unshare", "-rm", "sh", "-c", MOUNT.format(options="size=64k") + "true", folder).returncode:
        pytest.skip("no disk can be mounted here")
    return run("unshare", "-rm", "sh", "-c", MOUNT.format(options=options) + script, folder, **environment)


def test_a_disk_with_too_little_room_is_said_before_the_work(tmp_path):
    command = (
        f'{sys.executable} -m reptheory build gaunt --lmax 6 -o "$0/out.npz"; code=$?; ls -A "$0"; exit $code'
    )
    done = mounted(tmp_path / "disk", "size=64k", command)
    assert "are free on that disk" in one_line(done)
    assert done.stdout == ""


def test_a_disk_that_fills_up_is_said_and_nothing_is_left(tmp_path):
    # The estimate is made to believe that there is room.
    program = (
        "import shutil, sys; from reptheory.cli import main\n"
        "shutil.disk_usage = lambda _: shutil._ntuple_diskusage(1 << 40, 0, 1 << 40)\n"
        "main(['build', 'gaunt', '--lmax', '6', '-o', sys.argv[1] + '/out.npz'])\n"
    )
    (tmp_path / "program.py").write_text(program)
    script = f'{sys.executable} {tmp_path}/program.py "$0"; code=$?; ls -A "$0"; exit $code'
    done = mounted(tmp_path / "disk", "size=64k", script)
    assert "no space left on device" in one_line(done)
    assert done.stdout == ""


def test_a_read_only_disk_is_said(tmp_path):
    done = mounted(
        tmp_path / "disk",
        "size=64k,ro",
        f'{sys.executable} -m reptheory build gaunt --lmax 2 -o "$0/out.npz"',
    )
    assert "cannot be written" in one_line(done)


@pytest.mark.parametrize("options", ["size=64k", "size=64k,ro", "size=64k,nr_inodes=3"])
def test_a_cache_on_a_full_or_read_only_disk_costs_time_only(tmp_path, options):
    program = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "from reptheory.build import library, pieces\n"
        "pieces.PIECE_ROWS = 500\n"
        "print(library.load_table('gaunt', 4).fingerprint)\n"
    )
    (tmp_path / "program.py").write_text(program)
    script = f'REPTHEORY_CACHE="$0" {sys.executable} {tmp_path}/program.py && ls -AR "$0"'
    done = mounted(tmp_path / "disk", options, script)
    assert done.returncode == 0, done.stderr
    fingerprint, *left = done.stdout.split()
    assert fingerprint == build_table("gaunt", 4).fingerprint
    assert not [name for name in left if name.endswith((".tmp", ".lock"))]


def test_pieces_never_outlive_a_small_change_of_the_cut(cache, monkeypatch):
    # A piece names its blocks: after a new release that cuts otherwise, old pieces are built again.
    monkeypatch.setattr(pieces, "PIECE_ROWS", 100)
    monkeypatch.setattr(library, "store", None)
    with pytest.raises(TypeError):
        load_table("gaunt", 3)
    kept = len(list(cache.rglob("*-of-*.npz")))
    assert kept > 2
    monkeypatch.undo()
    monkeypatch.setenv("REPTHEORY_CACHE", str(cache))
    monkeypatch.setattr(pieces, "PIECE_ROWS", 101)
    library._RECENT.clear()
    assert load_table("gaunt", 3) == build_table("gaunt", 3)
