"""The code cache: used when it is ours alone, refused when it is not, never needed.

Each case is a process of its own that compiles one small kernel and says where code is kept.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reptheory.kernels import jit

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
import numpy as np
from reptheory.kernels.jit import code_folder
from reptheory.kernels.double_double import product_error
print(code_folder())
assert product_error(3.0, 5.0, -15.0) == 0.0
hits = getattr(product_error, "stats", None)
found = sum(hits.cache_hits.values()) if hits else 0
print(found)
if found and "numba.np.linalg" in sys.modules:
    raise SystemExit("code that is ready was not to load the compiler's library")
"""
"""Prints the folder, and how many kernels came from it: 0 or 1. What comes from there comes fast."""


def run(cache: Path | str | None, **environment: str) -> tuple[str, int]:
    """Run the script with a cache folder; return what it prints."""
    base = {key: value for key, value in os.environ.items() if not key.startswith(("REPTHEORY", "NUMBA"))}
    base |= {"PYTHONPATH": str(ROOT), **environment}
    if cache is not None:
        base["REPTHEORY_CODE_CACHE"] = str(cache)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env=base, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder, hits = done.stdout.split()
    return folder, int(hits)


def test_code_is_kept_and_found_again_and_rebuilt_when_broken(tmp_path: Path) -> None:
    cache = tmp_path / "code"
    folder, hits = run(cache)
    assert hits == 0
    assert Path(folder).parent == cache
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    entries = sorted(Path(folder).iterdir())
    assert {entry.suffix for entry in entries} == {".nbc"}
    assert run(cache) == (folder, 1)

    for entry in entries:
        whole = entry.read_bytes()
        entry.write_bytes(whole[: len(whole) // 2])
        assert run(cache) == (folder, 0), f"a truncated {entry.suffix} is not used"
        assert run(cache) == (folder, 1), f"a truncated {entry.suffix} is replaced"


def test_two_processes_that_save_at_once_keep_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One saves all while the other is about to write: Numba's numbers would mix them up."""
    one, other = (jit._Entries(str(tmp_path), "kernel-1.py311", "stamp") for _ in range(2))
    write = one._save_data

    def interrupted(name: str, data: object) -> None:
        other.save(("types", "b"), "code of b")
        write(name, data)

    monkeypatch.setattr(one, "_save_data", interrupted)
    one.save(("types", "a"), "code of a")
    for entries in (one, other):
        assert entries.load(("types", "a")) == "code of a"
        assert entries.load(("types", "b")) == "code of b"
        assert entries.load(("types", "c")) is None
    shutil.copy(one._path(("types", "a")), one._path(("types", "b")))
    assert one.load(("types", "b")) is None, "code of another key is not used"
    one.flush()
    assert not list(tmp_path.iterdir())


def test_an_empty_name_switches_the_cache_off() -> None:
    assert run("") == ("None", 0)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX owners")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o705, 0o711])
def test_a_folder_that_others_can_enter_is_refused(
    tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / jit._code_key()
    folder.mkdir()
    folder.chmod(mode)
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(tmp_path))
    assert jit.code_folder.__wrapped__() is None
    folder.chmod(0o700)
    assert jit.code_folder.__wrapped__() == folder


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX owners")
def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody else owns they can fill at any time, whatever its mode says now."""
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(tmp_path))
    assert jit.code_folder.__wrapped__() is not None
    user = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: user + 1)
    assert jit.code_folder.__wrapped__() is None


def test_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    (tmp_path / jit._code_key()).symlink_to(target)
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(tmp_path))
    assert jit.code_folder.__wrapped__() is None


def test_a_root_that_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can write the parent, and it is not sticky, can put another folder in the place of ours."""
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(tmp_path))
    tmp_path.chmod(0o777)
    assert jit.code_folder.__wrapped__() is None
    tmp_path.chmod(0o1777)
    assert jit.code_folder.__wrapped__() is not None


@pytest.mark.parametrize("kind", ["a file", "under a file", "no such device"])
def test_an_impossible_place_costs_nothing_but_the_cache(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    place = {"a file": file, "under a file": file / "deeper", "no such device": Path("/proc/none")}[kind]
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(place))
    assert jit.code_folder.__wrapped__() is None


def test_no_home(tmp_path: Path) -> None:
    """A home that cannot be written: everything is computed, in memory."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    folder, hits = run(None, HOME=str(blocked / "home"), XDG_CACHE_HOME=str(blocked / "cache"))
    assert (folder, hits) == ("None", 0)


def test_a_folder_that_vanishes_or_fills_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving fails after the folder was accepted: the result is there all the same."""
    monkeypatch.setenv("REPTHEORY_CODE_CACHE", str(tmp_path))
    jit.code_folder.cache_clear()
    try:
        folder = jit.code_folder()
        assert folder is not None

        def double(values: np.ndarray) -> np.ndarray:
            return 2 * values

        kernel = jit.compiled(double)
        shutil.rmtree(folder)
        folder.write_text("in the way")
        assert kernel(np.ones(2)).tolist() == [2, 2]
    finally:
        jit.code_folder.cache_clear()


def test_the_key_follows_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte in any kernel and old code is not looked at."""
    key = jit._code_key()
    shutil.copytree(Path(jit.__file__).parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "jit.py"))
    assert jit._code_key.__wrapped__() == key
    with (tmp_path / "simd" / "emit.py").open("a") as source:
        source.write("#")
    changed = jit._code_key.__wrapped__()
    assert changed != key
    monkeypatch.setattr(jit.numba, "__version__", "0")
    assert jit._code_key.__wrapped__() not in (key, changed)


def test_a_part_is_compiled_once_for_all_constants_and_only_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "code_folder", lambda: None)

    def add(a: int, b: int) -> int:
        return a + b

    added: Any = jit.part(add)

    def both(a: int) -> int:
        total: int = added(a, 1) + added(a, 2)
        return total

    assert jit.compiled(both)(3) == 9
    (made,) = added.overloads.values()
    assert not added.targetctx.codegen()._engine.is_symbol_defined(made.fndesc.mangled_name)


NO_JIT = """
import numpy as np
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct

rng = np.random.default_rng(0)
products = [GauntTensorProduct(2, 1, 2, method) for method in ("table", "grid", "fourier")]
products += [FullTensorProduct("2x0e+1x1o", "1x1o")]
results = []
for product in products:
    for dtype in ("float32", "float64"):
        x, y = (rng.standard_normal((19, dim)).astype(dtype) for dim in (product.dim1, product.dim2))
        z, bound = product(x, y, with_bound=True)
        results += [z, bound, product.certificate(x, y, z)]
np.savez(OUT, *results)
"""


def test_without_the_jit_the_same_within_the_bounds(tmp_path: Path) -> None:
    """NUMBA_DISABLE_JIT=1: the plain twins compute every product, bound and certificate."""
    plain, fast = tmp_path / "plain.npz", tmp_path / "fast.npz"
    for path, flag in ((plain, "1"), (fast, "0")):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", NO_JIT.replace("OUT", repr(str(path)))],
            env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": flag},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    with np.load(plain) as one, np.load(fast) as other:
        left, right = ([file[f"arr_{k}"] for k in range(len(file.files))] for file in (one, other))
    assert len(left) == len(right) == 24
    for k in range(0, 24, 3):
        gap = np.abs(left[k].astype(float) - right[k].astype(float))
        assert (gap <= left[k + 1] + right[k + 1]).all()
        assert (gap <= left[k + 2] + right[k + 2]).all()
        assert np.allclose(left[k + 1], right[k + 1], rtol=1e-12, atol=0)


def test_code_of_other_versions_is_bounded(tmp_path: Path) -> None:
    cache = tmp_path / "code"
    cache.mkdir(mode=0o700)
    old = [cache / f"{number:024x}" for number in range(6)]
    for age, folder in enumerate(old):
        folder.mkdir(mode=0o700)
        (folder / "entry.nbi").write_bytes(b"x")
        os.utime(folder, (age, age))
    (cache / "notes").mkdir()
    folder, _ = run(cache)
    left = {path for path in cache.iterdir() if path.name != "notes"}
    assert left == {Path(folder), *old[-(jit.KEPT - 1) :]}
    assert (cache / "notes").is_dir()
