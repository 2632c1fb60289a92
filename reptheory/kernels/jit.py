"""Compilation: `compiled` is Numba's njit with our flags and a code cache that cannot be poisoned or fatal.

Flags: `nogil` (our thread pool runs kernels side by side), NumPy's error model (no Python exception inside
a loop), never `fastmath`, never `parallel`.

Numba's own cache unpickles what it finds beside the source or in a shared folder, and fails at import where
site-packages cannot be written. Ours lives in one folder that belongs to this user alone (mode 0700, owner
checked, no symbolic link), named by a hash of the kernels' sources, of Numba's and llvmlite's versions and of
the CPU; where no such folder can be had, code is compiled in memory and nothing fails.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import numba
import numpy as np
import platformdirs
from llvmlite import binding
from numba import extending, types
from numba.core import caching
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys

__all__ = ["code_folder", "compiled", "inlined", "intrinsic", "part", "repeated"]

KEPT = 4
"""Folders of compiled code kept side by side: versions, environments, processors on a shared home."""
_NAME = re.compile("[0-9a-f]{24}")

Function = TypeVar("Function", bound=Callable[..., Any])

intrinsic: Callable[..., Any] = extending.intrinsic
"""Numba's decorator for functions that emit LLVM IR, with a type."""


@cache
def _code_key() -> str:
    """Hash everything that the machine code depends on: sources, compilers, processor."""
    digest = hashlib.sha256()
    kernels = Path(__file__).parent
    for path in sorted(kernels.rglob("*.py")):
        digest.update(path.relative_to(kernels).as_posix().encode() + b"\0" + path.read_bytes())
    processor = f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"
    digest.update(f"{numba.__version__} {llvmlite.__version__} {processor}".encode())
    return digest.hexdigest()[:24]


def _is_private(folder: Path) -> bool:
    """Tell whether `folder` is a real directory of this user that nobody else can enter, write or replace."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    above = (parent.stat().st_mode for parent in folder.parents)
    replaceable = any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in above)
    return status.st_uid == os.getuid() and not status.st_mode & 0o077 and not replaceable


@cache
def code_folder() -> Path | None:
    """Return the private folder for compiled code, made on first use, or None where there can be none.

    REPTHEORY_CODE_CACHE overrides the place; set to an empty string it switches the cache off.
    """
    chosen = os.environ.get("REPTHEORY_CODE_CACHE")
    if chosen == "":
        return None
    try:
        root = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("reptheory")) / "code"
        folder = root.resolve() / _code_key()
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (_is_private(folder) and os.access(folder, os.W_OK)):
            return None
        if new:
            with suppress(OSError):
                _forget_oldest(folder.parent)
    except (OSError, RuntimeError):
        return None
    return folder


def _forget_oldest(root: Path) -> None:
    """Remove the code of versions and processors that went longest without a change, beyond `KEPT`.

    Whoever still runs one has it in memory, or compiles it again.
    """
    made = sorted((folder for folder in root.iterdir() if _NAME.fullmatch(folder.name)), key=_changed)
    for folder in made[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)


def _changed(folder: Path) -> float:
    return folder.lstat().st_mtime


class _PrivateLocator(caching._CacheLocator):  # type: ignore[misc] # numba ships no types
    """Tell Numba to keep its index and object files in `code_folder`."""

    def __init__(self, py_func: Any, py_file: str) -> None:
        self._line = py_func.__code__.co_firstlineno
        self._file = py_file

    def get_cache_path(self) -> str:
        return str(code_folder())

    def get_source_stamp(self) -> str:
        return _code_key()

    def get_disambiguator(self) -> str:
        return f"{Path(self._file).parent.name}-{self._line}"

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _PrivateLocator | None:
        return cls(py_func, py_file) if code_folder() else None


class _CodeStore(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [_PrivateLocator]  # noqa: RUF012 # Numba's own shape


class _Entries(caching.IndexDataCacheFile):  # type: ignore[misc]
    """The code of a function, a file for each key, named by it and holding it.

    Numba numbers its files in an index: two processes that save at once may take one number, and each then
    runs what the other compiled.
    """

    def _path(self, key: Any) -> Path:
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
        return Path(self._cache_path) / f"{Path(self._index_name).stem}.{name}.nbc"

    def save(self, key: Any, data: Any) -> None:
        """Keep the code of a key."""
        self._save_data(self._path(key).name, (key, data))

    def load(self, key: Any) -> Any:
        """Return the code of a key, or None."""
        path = self._path(key)
        if not path.exists():
            return None
        kept, data = self._load_data(path.name)
        return data if kept == key else None

    def flush(self) -> None:
        """Remove all code of the function."""
        for path in Path(self._cache_path).iterdir():
            if path.name.startswith(f"{Path(self._index_name).stem}."):
                path.unlink(missing_ok=True)


class _CodeCache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's function cache in our folder; whatever is wrong with the folder, compiling goes on."""

    _impl_class = _CodeStore

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = _Entries(self._cache_path, self._impl.filename_base, locator.get_source_stamp())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the machine code kept for a signature, or None.

        Numba's own version first loads all that its compiler knows (SciPy among it), which takes 0.2 s and
        serves compilation alone. Code that is ready needs the runtime: memory and reference counts.
        """
        rtsys.initialize(target_context)
        try:
            with self._guard_against_spurious_io_errors():
                return self._load_overload(sig, target_context)
        except Exception:  # a truncated or unreadable entry must cost one compilation, not the result
            with suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(Exception):  # full disk, read-only file system: go on without
            super().save_overload(sig, data)


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code that is linked into what calls it, improved there alone and never made machine code by itself."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


class _PartCompiler(Compiler):  # type: ignore[misc]
    """Numba's compiler, into a `_PartLibrary`."""

    def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:  # noqa: ARG002
        super().__init__(typing, target, _PartLibrary(target.codegen(), "part"), *rest)
        self.state.flags.no_compile = True


class _Part(CPUDispatcher):  # type: ignore[misc]
    """A function that compiled code alone can call."""

    def __init__(self, function: Any, *, inline: bool) -> None:
        options = {"nopython": True, "nogil": True, "error_model": "numpy", "forceinline": inline}
        silent = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        super().__init__(function, targetoptions=options | silent, pipeline_class=_PartCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Compile for types: Numba would compile it again for every constant that it is called with."""
        return super().get_call_template([types.unliteral(kind) for kind in args], kws)

    def add_overload(self, made: Any) -> None:
        """Keep what was compiled under a name of its own: there is no function that could be its key."""
        kinds = tuple(made.signature.args)
        key = self, kinds
        self.targetctx.insert_user_function(key, made.fndesc, [made.library])
        self.overloads[kinds] = made._replace(entry_point=key)


def part(function: Function) -> Function:
    """Compile `function` into the kernels that call it.

    Numba would make machine code of it too, which nobody calls and which takes as long as all the rest.
    """
    typed: Any = function if numba.config.DISABLE_JIT else _Part(function, inline=False)
    made: Function = typed
    return made


def repeated(function: Function) -> Function:
    """As `part`, and repeated at each call: for short steps of inner loops, whose calls take as long."""
    typed: Any = function if numba.config.DISABLE_JIT else _Part(function, inline=True)
    made: Function = typed
    return made


def inlined(function: Function) -> Function:
    """Compile `function` into each kernel that calls it: passing arrays costs as much as a short loop."""
    typed: Function = numba.njit(nogil=True, error_model="numpy", inline="always")(function)
    return typed


def compiled(function: Function) -> Function:
    """Compile `function` with Numba on first call; the code is cached in `code_folder` where there is one.

    Where the JIT is off it is the function itself, without NumPy's warnings: compiled code has none.
    """
    if numba.config.DISABLE_JIT:
        plain: Function = np.errstate(all="ignore")(function)
        return plain
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)
    if code_folder() is not None:
        dispatcher._cache = _CodeCache(function)
    typed: Function = dispatcher
    return typed
