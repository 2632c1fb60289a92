"""Disk faults: whatever happens, a path holds the old file or the new one, and the error is one line."""

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from privilege import unprivileged

from reptheory.errors import StoreError, TableCorrupt
from reptheory.tables import files
from reptheory.tables import table as module
from reptheory.tables.files import open_regular, replace_file, sweep
from reptheory.tables.table import read_table

HERE = Path(__file__).parent


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.startswith(".reptheory-")]


def test_replaces_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        assert replace_file(path, lambda stream, content=content: stream.write(content)) == path
        assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["file"]


@pytest.fixture(params=["nameless", "named"], autouse=True)
def temporary(request, monkeypatch):
    """Write through a file without a name, as on Linux, and through a named one, as elsewhere."""
    if request.param == "named":
        monkeypatch.setattr(files, "_OWN_FILES", os.devnull)
    elif files._nameless(Path(tempfile.gettempdir())) is None:
        pytest.skip("no nameless files here")
    return request.param


def test_the_temporary_stands_beside_its_target(tmp_path, temporary, monkeypatch):
    # A rename across devices would not be atomic.
    seen, rename = [], os.replace
    (tmp_path / "file").touch()
    monkeypatch.setattr(files.os, "replace", lambda *paths: seen.append(paths) or rename(*paths))
    replace_file(tmp_path / "file", lambda _: seen.append(os.listdir(tmp_path)))
    assert len(seen[0]) == 1 + (temporary == "named")
    (source, target), folder = seen[1], tmp_path.resolve()
    assert (source.parent, target) == (folder, folder / "file")


def test_a_new_file_appears_whole(tmp_path, temporary, monkeypatch):
    def killed(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(files.os, "replace", killed)
    if temporary == "nameless":
        replace_file(tmp_path / "file", lambda stream: stream.write(b"new"))
        assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
def test_a_failing_write_changes_nothing(tmp_path, number):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write(stream):
        stream.write(b"half")
        raise OSError(number, os.strerror(number))

    with pytest.raises(StoreError, match="cannot be written") as caught:
        replace_file(path, write)
    assert os.strerror(number).lower() in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("call", ["fsync", "replace", "link"])
def test_a_failing_system_call_changes_nothing(tmp_path, monkeypatch, call, temporary):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    if call == "link" and temporary == "named":
        return

    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, call, fail)
        with pytest.raises(StoreError, match="no space"):
            replace_file(path, lambda stream: stream.write(b"new"))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_an_interrupt_changes_nothing(tmp_path):
    def write(stream):
        stream.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(tmp_path / "file", write)
    assert os.listdir(tmp_path) == []


def test_a_disk_limit_is_reported(table, tmp_path):
    # The system itself refuses the write here: EFBIG from RLIMIT_FSIZE, as ENOSPC from a full disk.
    path = tmp_path / "table.npz"
    table.save(path)
    before = path.read_bytes()
    program = (
        "import resource, signal, sys\n"
        "from conftest import make_table\n"
        "from reptheory.errors import StoreError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: make_table().save(sys.argv[1])\n"
        "except StoreError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, path], **python(), check=True)
    assert "cannot be written (file too large)" in done.stdout
    assert path.read_bytes() == before
    assert not leftovers(tmp_path)


def test_too_many_open_files_is_reported(table, tmp_path):
    path = table.save(tmp_path / "table.npz")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(name) for name in os.listdir("/proc/self/fd"))
    held = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, hard))
    try:
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        with pytest.raises(StoreError, match="too many open files"):
            read_table(path)
        with pytest.raises(StoreError, match="too many open files"):
            table.save(tmp_path / "other.npz")
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert os.listdir(tmp_path) == ["table.npz"]


def test_directories_and_pipes_are_refused_at_once(table, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, Path(os.devnull)):
        with pytest.raises(StoreError, match="regular file"):
            read_table(path)
        with pytest.raises(StoreError, match="regular file"):
            table.save(path)


@pytest.mark.parametrize("name", ["absent/table.npz", "file/table.npz", "nul\0.npz", "x" * 300])
def test_impossible_paths_are_refused(table, tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    for call in (table.save, read_table):
        with pytest.raises(StoreError) as caught:
            call(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_folder_without_permission_is_refused(table):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o555)
        with unprivileged(), pytest.raises(StoreError, match="permission denied"):
            table.save(Path(name) / "table.npz")
        path = table.save(Path(name) / "table.npz") if os.geteuid() == 0 else None
        if path:
            path.chmod(0)
            with unprivileged(), pytest.raises(StoreError, match="permission denied"):
                read_table(path)


def test_a_symbolic_link_is_followed(table, tmp_path):
    target, link = tmp_path / "target.npz", tmp_path / "link.npz"
    table.save(target)
    link.symlink_to(target)
    assert table.save(link) == target
    assert link.is_symlink()
    assert read_table(link) == table


def test_a_table_does_not_change_with_its_file(table, tmp_path):
    path = table.save(tmp_path / "table.npz")
    read = read_table(path)
    with open(path, "r+b") as stream:
        stream.write(bytes(path.stat().st_size))
    assert read == table
    assert read.float64.tolist() == table.float64.tolist()


def test_a_file_that_shrinks_while_it_is_read_is_corrupt(table, tmp_path, monkeypatch):
    limbs = np.zeros((3, 4000), dtype=np.uint64)  # more than one buffer
    limbs[:, 0] = 1
    path = replace(table, numerator=limbs).save(tmp_path / "table.npz")
    with open_regular(path) as (_, size):
        assert size == path.stat().st_size

    def shrinking(stream, size):
        manifest = original(stream, size)
        os.truncate(path, size // 2)
        return manifest

    original = module.read_manifest
    monkeypatch.setattr(module, "read_manifest", shrinking)
    with pytest.raises(TableCorrupt):
        read_table(path)


def test_the_mode_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        path = replace_file(tmp_path / "file", lambda stream: stream.write(b"x"))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_sweep_removes_only_old_temporaries(tmp_path):
    names = {
        ".reptheory-old.tmp": 7200,
        ".reptheory-new.tmp": 60,
        "mine.tmp": 7200,
        ".reptheory-old.npz": 7200,
    }
    for name, age in names.items():
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    sweep(tmp_path)
    assert set(os.listdir(tmp_path)) == set(names) - {".reptheory-old.tmp"}
    sweep(tmp_path / "absent")


def python():
    """Arguments of subprocess.run for a Python that sees this folder and the package."""
    root = HERE.parents[1]
    # No bytecode: a limit on the size of files would cut it short, where every later process finds it.
    paths = os.pathsep.join([str(HERE), str(root)])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    return {"env": environment, "text": True, "capture_output": True, "timeout": 60}


SAVER = """
import sys
from dataclasses import replace
import numpy as np
from conftest import make_table
table = make_table()
rows = 3000
big = [
    replace(
        table,
        index=np.repeat(table.index[:1], rows, 0),
        float64=np.full(rows, value),
        float32=np.full(rows, value, np.float32),
        sign=np.ones(rows, np.int8),
        numerator=np.full((rows, 1), 1, np.uint64),
        denominator=np.full((rows, 1), 4, np.uint64),
    )
    for value in (0.25, 0.5)
]
for table in big:
    table.fingerprint
print("ready", flush=True)
while True:
    for table in big:
        table.save(sys.argv[1])
"""


def test_sigkill_in_mid_save_leaves_a_whole_file(tmp_path):
    # The rows are all alike, so `read_table` must complain of their order: after every hash has held.
    path = tmp_path / "table.npz"
    settings = python()
    settings.pop("capture_output")
    settings.pop("timeout")
    chance = random.Random(1)
    for _ in range(8):
        saver = subprocess.Popen([sys.executable, "-c", SAVER, path], stdout=subprocess.PIPE, **settings)
        assert saver.stdout.readline() == "ready\n"
        time.sleep(0.02 + chance.random() * 0.05)
        saver.send_signal(signal.SIGKILL)
        saver.wait()
        saver.stdout.close()
        with pytest.raises(TableCorrupt, match="ascending"):
            read_table(path)
