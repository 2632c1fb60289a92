"""Estimate: what a build will take, before it starts, and whether reading its result would be faster.

Times follow one cost model, seconds = FIXED + block * blocks + row * rows, or LOADING + compiled * rows where
compiled loops do it, with numbers for each kind that `python benchmarks/store.py --fit` measures; they are
those of one core of the machine it was last run on, and another machine is off by its speed. Rows are an
upper bound that, for couplings, misses accidental zeros only (`pieces.cut`); bytes and memory follow from it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Unpack

from reptheory.build import size
from reptheory.build.compiled import WORTH_COMPILING
from reptheory.build.naming import TableOptions, named_key
from reptheory.build.pieces import cut
from reptheory.conventions import convention_of
from reptheory.errors import StoreError
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from reptheory.tables.kinds import TableKey

__all__ = [
    "WORTH_PROCESSES",
    "Estimate",
    "estimate",
    "estimate_table",
    "reading_pays",
    "require_disk",
    "require_memory",
]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a table of one kind costs, on one core.

    block     seconds for each block (a triple of degrees, a spin, a whole change of basis)
    row       seconds for each row
    bits      of the longer integer of a row, for each unit of lmax
    compiled  seconds for each row of a large table, where compiled loops make its integers too
    """

    block: float
    row: float
    bits: float
    compiled: float | None = None

    def seconds(self, blocks: int, rows: int, large: bool) -> float:
        """Return the time of a build; a large table is worth loading compiled loops for."""
        if large and self.compiled is not None:
            return LOADING + self.compiled * rows
        return FIXED + self.block * blocks + self.row * rows


_COSTS: Final[Mapping[str, Cost]] = MappingProxyType(
    {
        "clebsch_gordan": Cost(260e-6, 1.8e-6, 4.8, 0.42e-6),
        "spin_clebsch_gordan": Cost(120e-6, 2e-6, 3.8, 0.46e-6),
        "gaunt": Cost(270e-6, 2.4e-6, 6.2, 0.55e-6),
        "gaunt_4": Cost(210e-6, 22e-6, 9.0),
        "gaunt_5": Cost(400e-6, 20e-6, 7.0),
        "wigner_3j": Cost(110e-6, 1.6e-6, 4.8, 0.45e-6),
        "real_wigner_3j": Cost(260e-6, 1.8e-6, 4.8, 0.43e-6),
        "wigner_6j": Cost(84e-6, 3.7e-6, 7.4, 0.26e-6),
        "racah": Cost(110e-6, 5.8e-6, 7.2, 0.35e-6),
        "recoupling_three_spins": Cost(43e-6, 13e-6, 7.0),
        "recoupling_four_spins": Cost(47e-6, 9.7e-6, 7.0),
        "wigner_9j": Cost(340e-6, 8.5e-6, 12.0),
        "wigner_12j_first": Cost(40e-6, 28e-6, 16.0),
        "wigner_12j_second": Cost(40e-6, 27e-6, 16.0),
        "matrix_path_ratio": Cost(110e-6, 18e-6, 5.3),
        "tensor_path_ratio": Cost(190e-6, 17e-6, 9.0),
        "vector_path_ratio": Cost(0.0, 21e-6, 3.3),
        "block_basis": Cost(200e-6, 6e-6, 3.8),
        "harmonic_factor": Cost(16e-6, 1e-6, 0.0),
        "real_from_complex": Cost(51e-6, 4.5e-6, 0.1),
        "solid_harmonics": Cost(140e-6, 7.7e-6, 3.8),
        "harmonics_from_monomials": Cost(170e-6, 9.3e-6, 3.8),
        "monomials_from_harmonics": Cost(100e-6, 29e-6, 3.8),
        "vector_harmonics": Cost(580e-6, 45e-6, 3.8),
        "tensor_harmonics": Cost(160e-6, 2.8e-6, 4.0),
        "forms_from_vector_harmonics": Cost(130e-6, 0.0, 0.4),
        "solid_gradient": Cost(0.0, 26e-6, 0.5),
        "cartesian_tensor": Cost(400e-6, 2.1e-6, 9.0),
        "fourier_from_harmonics": Cost(91e-6, 3.3e-6, 4.1),
        "harmonics_from_fourier": Cost(100e-6, 4.2e-6, 4.1),
        "theta_fourier": Cost(81e-6, 7.7e-6, 4.1),
        "theta_projection": Cost(81e-6, 10e-6, 4.1),
        "generators": Cost(69e-6, 5.3e-6, 0.4),
        "rotation_matrix": Cost(62e-6, 8.9e-6, 5.2),
        "wigner_d_pi_half": Cost(46e-6, 2.1e-6, 2.2),
        "wigner_d_fourier": Cost(34e-6, 1.6e-6, 4.2),
        "wigner_d_polynomial": Cost(110e-6, 13e-6, 3.5),
    }
)
_OTHER: Final = Cost(100e-6, 10e-6, 8.0)
"""For a kind that nobody has measured yet."""
FIXED: Final = 0.39e-3
"""Seconds that any build takes."""
CHANGED: Final = 25e-6
"""Seconds for a row of other harmonics or of another package's convention, beside that of ours."""
LOADING: Final = 1.0
"""Seconds to load compiled loops."""
READ_FIXED: Final = 0.5e-3
"""Seconds to find, open, parse and check any file."""
READ_BYTE: Final = 2.4e-9
"""Seconds to read, hash and check a byte of a table."""
WORTH_PROCESSES: Final = 3.0
"""Seconds of work from which worker processes are started; two break even at half of it, on two cores."""
PAYS: Final = 1.5
"""Reading must be faster by this factor, so that a wrong estimate does not choose the slower way."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What building one table will take.

    key       the table
    rows      at most; accidental zeros are not left out
    pieces     pieces that it is built in, and that are kept if the build is interrupted
    largest   rows of the largest piece, at most
    nbytes    of the file, about
    seconds   on one core of the machine that the cost model was measured on
    streamed  whether it goes to a file piece by piece
    """

    key: TableKey
    rows: int
    pieces: int
    largest: int
    nbytes: int
    seconds: float
    streamed: bool = False

    def memory(self, workers: int = 1) -> int:
        """Return about how many bytes all processes together take at their peak.

        Each worker holds the Python integers of its piece; the process that joins them holds the pieces, the
        joined columns and their immutable copies, unless it streams them.
        """
        working = min(workers, self.pieces) * self.largest * size.row_bytes(self.key)
        return working + (0 if self.streamed else 3 * self.nbytes)

    def __str__(self) -> str:
        kept = f", {self.pieces} pieces" if self.pieces > 1 else ""
        return (
            f"at most {size.short(self.rows)}rows{kept}, a file of {size.short(self.nbytes)}B, "
            f"{size.short(self.memory())}B of memory, about {self.seconds:.3g} s on one core"
        )


def estimate_table(kind: str, lmax: int | None = None, **options: Unpack[TableOptions]) -> Estimate:
    """Say what `build_table` with the same arguments would take, without building anything.

    returns  rows, bytes, memory and seconds, about
    raises   LabelError: no such table; TooLarge: not even its result fits in memory

    >>> estimate_table("gaunt", 8).rows
    44557
    """
    return estimate(named_key(kind, lmax, **options))


def estimate(key: TableKey, *, streamed: bool = False) -> Estimate:
    """Estimate the build of the table that `key` names; see `estimate_table`.

    streamed   the table goes to a file, and need not fit in memory
    """
    most, free = size.most_rows(key), size.available_memory()
    # before any list is made of 10^30 blocks
    if most * _LEAST_BYTES > (_MOST_STREAMED if streamed else free):
        raise size.refusal(key, most, size.most_bytes(key), free)
    pieces, cost = cut(key), _COSTS.get(key.kind, _OTHER)
    top = int(dict(key.parameters).get("lmax", 1))
    rows = sum(piece.rows for piece in pieces)
    limbs = -(-int(cost.bits * top + size.factorial_bits(key) + 8) // 64)
    nbytes = 2048 + rows * (4 * len(kind_of(key.kind).index_names) + 13 + 16 * limbs)
    changed = key.convention != convention_of(key.convention.basis)  # and no compiled loops have such rows
    seconds = cost.seconds(pieces[-1].last, rows, most > WORTH_COMPILING and not changed)
    seconds += CHANGED * rows if changed else 0.0
    largest = max(piece.rows for piece in pieces)
    return Estimate(key, rows, len(pieces), largest, nbytes, seconds, streamed)


_LEAST_BYTES: Final = 50
"""Memory that a row takes at the very least, of the loosest bound of their number."""
_MOST_STREAMED: Final = 1 << 40
"""Bytes of a file beyond which nobody waits: days of work."""


def reading_pays(key: TableKey) -> bool:
    """Say whether reading a table's file is faster than building it; the store keeps and reads no others.

    Small tables are built in less time than a file takes to open and check.
    """
    if size.most_rows(key) > _SURELY:
        return True
    guess = estimate(key)
    return guess.seconds > PAYS * (READ_FIXED + READ_BYTE * guess.nbytes)


_SURELY: Final = 100_000
"""Rows from which reading pays whatever the kind."""


def require_memory(guess: Estimate, wanted: int) -> int:
    """Return how many of the wanted workers fit into the memory that is free.

    raises   TooLarge: not even one does; the message states the sizes
    """
    free = size.available_memory()
    for workers in range(min(wanted, guess.pieces), 0, -1):
        if guess.memory(workers) <= free:
            return workers
    raise size.refusal(guess.key, guess.rows, guess.memory(), free)


def require_disk(key: TableKey, path: str | os.PathLike[str], copies: int = 1) -> None:
    """Raise StoreError, before the work, where the disk has no room for the table's file.

    path     of the file that is to be written
    copies   how many of it the disk holds at a time
    """
    needed, folder = copies * estimate(key, streamed=True).nbytes, Path(path).resolve().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return  # whatever is wrong with the folder, the write says it better
    if needed > free:
        raise StoreError(
            f"{path}: {key} needs about {size.short(needed)}B, but {size.short(free)}B are free on that "
            "disk; free space or choose another folder"
        )
