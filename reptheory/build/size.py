"""Size: how large a table will be, before anything is computed, and whether that fits.

The row counts are upper bounds in closed form, so that even lmax = 2^64 is answered at once.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reptheory.errors import TooLarge
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.tables.kinds import TableKey

__all__ = [
    "available_memory",
    "most_bytes",
    "most_rows",
    "refusal",
    "require_memory",
    "require_room",
    "row_bytes",
    "short",
]

_UNKNOWN_MEMORY: Final = 4 << 30
"""Assumed where the system does not say how much memory is free."""
_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP: Final = Path("/sys/fs/cgroup")


def most_rows(key: TableKey) -> int:
    """Return an upper bound of the number of nonzero rows.

    Couplings: the pairs (l1 m1, l2 m2) times the l3 of each, sum a b min(a, b) over the dimensions a, b,
    which is below 2/15 (n + 1)^5 over n consecutive dimensions and 16/15 (L + 1)^5 over the odd ones to
    2 L + 1; or, when l3 is cut low, the pairs (l1 m1, l3 m3) times the l2 of each. In the real basis two m
    reach two of the third. Symbols without orders: `_symbols`. The others count l, m and the u or powers of
    one parity. Another polar axis renames x, y, z in polynomials and makes d diagonal, no more.

    >>> from reptheory.tables.kinds import table_key
    >>> most_rows(table_key("gaunt", 4)) >= 1641
    True
    """
    kind, values = kind_of(key.kind), dict(key.parameters)
    if "formula" in values:
        rank = len(str(values["formula"]).split("=", maxsplit=1)[0])
        return int(9**rank)
    top, real = int(values["lmax"]), values["basis"] == "real"
    copies = 2 if real else 1
    if "lmax_out" in values:
        halves = kind.doubled and not real  # the real basis has whole spins only
        return copies * (_coupled(key.kind, halves, top, int(values["lmax_out"])) + 1)
    if key.kind not in _MOST_ROWS:
        return _symbols(len(kind.columns), kind.triads, top, halves=kind.doubled and not real)
    band = int(values.get("band_limit", top))
    return _MOST_ROWS[key.kind](top, band, copies)


def _symbols(columns: int, triads: tuple[tuple[int, int, int], ...], top: int, *, halves: bool = True) -> int:
    """Return an upper bound of the rows of a symbol without orders, whose labels are in two triads each.

    As many as sqrt(prod of the triangles that each triad may be), summed over the parities of the doubled
    labels (Finner's inequality): docs/proofs/tables.md.
    """
    whole = (top + 1) * ((top + 1) ** 2 + 1) // 2
    if not halves:
        return isqrt(whole ** len(triads))
    odd = ((top + 1) * (4 * top * top + 5 * top + 2) // 2 - whole) // 3  # with two given odd labels
    return sum(
        classes * isqrt(whole**even * odd ** (len(triads) - even))
        for even, classes in _parities(columns, triads).items()
    )


@lru_cache
def _parities(columns: int, triads: tuple[tuple[int, int, int], ...]) -> Counter[int]:
    """Count the parities of labels that make the sum of every triad even, by how many triads are all even."""
    masks = [sum(1 << place for place in triad) for triad in triads]
    found: Counter[int] = Counter()
    for odd in range(1 << columns):
        if all((odd & mask).bit_count() % 2 == 0 for mask in masks):
            found[sum(odd & mask == 0 for mask in masks)] += 1
    return found


def _same_sides(top: int) -> int:
    """Return how many pairs of real harmonics a rotation about y can join: cosines, or sines, alone."""
    return (top + 1) * (2 * top * top + 4 * top + 3) // 3


def _many_harmonics(count: int, top: int, copies: int) -> int:
    """Return an upper bound of the integrals of `count` harmonics.

    All degrees and orders but the last are free, that one has a degree of one parity and an order that the
    others fix; up to two signs for each of them in the real basis, where a factor of two is known to be left
    over.
    """
    if copies == 1:
        return int((top + 1) ** (2 * count - 2) * (top // 2 + 1))
    return int((top + 1) ** count * (2 * top + 1) ** (count - 2) * (top // 2 + 1) // 2 + 1)


_MOST_ROWS: Final[dict[str, Callable[[int, int, int], int]]] = {
    # lmax, band limit, 2 in the real basis
    "recoupling_three_spins": lambda top, _, __: (2 * top + 2) ** 6 // 32 + 1,
    "recoupling_four_spins": lambda top, _, __: (2 * top + 2) ** 9 // 128 + 1,
    "gaunt_4": lambda top, _, copies: _many_harmonics(4, top, copies),
    "gaunt_5": lambda top, _, copies: _many_harmonics(5, top, copies),
    "vector_path_ratio": lambda top, _, __: 30 * (top + 1) ** 3,
    "block_basis": lambda top, _, copies: copies * (_coupled("", copies == 1, top, 2 * top) + 1),
    "harmonic_factor": lambda top, _, __: (top + 1) ** 2,
    "rotation_matrix": lambda top, _, copies: (
        2 * (2 * top + 2) ** 3 // 3 if copies == 1 else (top + 1) * (2 * top + 1) * (2 * top + 3) // 3
    ),
    "real_from_complex": lambda top, _, __: 2 * (top + 1) ** 2,
    "solid_harmonics": lambda top, _, copies: (top + 1) * (top + 2) ** 3 // (4 * copies) + 1,
    "harmonics_from_monomials": lambda top, _, copies: (top + 2) ** 5 // (20 * copies) + 2,
    "monomials_from_harmonics": lambda top, _, copies: (top + 2) ** 5 // (20 * copies) + 2,
    "vector_harmonics": lambda top, _, copies: 2 * (top + 2) ** 4 // copies + 1,
    "forms_from_vector_harmonics": lambda top, _, __: 5 * (top + 1),
    "solid_gradient": lambda top, _, __: 5 * (top + 1) ** 2,
    "generators": lambda top, _, copies: 6 * (2 * top + 2) ** 2 // copies,
    "fourier_from_harmonics": lambda top, band, copies: copies * (top + 1) ** 2 * (band + 1),
    "harmonics_from_fourier": lambda top, band, copies: copies * (top + 1) ** 2 * (band + 1),
    "theta_fourier": lambda top, band, _: (top + 1) * (top + 2) // 2 * (band // 2 + 1),
    "theta_projection": lambda top, band, _: (top + 1) * (top + 2) // 2 * (band // 2 + 1),
    "wigner_d_pi_half": lambda top, _, copies: (2 * top + 2) ** 3 // 3 if copies == 1 else _same_sides(top),
    "wigner_d_fourier": lambda top, _, copies: (
        (2 * top + 2) ** 4 // 4 if copies == 1 else (2 * top + 1) * _same_sides(top)
    ),
    "wigner_d_polynomial": lambda top, _, copies: (
        (2 * top + 2) ** 4 // 12 + 1 if copies == 1 else (top + 1) * _same_sides(top)
    ),
}


def _coupled(name: str, doubled: bool, top: int, out: int) -> int:
    """Return an upper bound of the triples (l1 m1, l2 m2, l3 m3) that couple with m1 + m2 + m3 = 0."""
    if doubled:
        inner, outer = (2 * top + 1) * (top + 1), (2 * out + 1) * (out + 1)
        choices = [
            (inner * inner, 2 * (2 * top + 2) ** 5 // 15),
            (inner * outer, inner * outer * (2 * out + 1)),
        ]
    else:
        inner, outer = (top + 1) ** 2, (out + 1) ** 2
        choices = [(inner * inner, 16 * (top + 1) ** 5 // 15), (inner * outer, inner * outer * (2 * out + 1))]
    if name == "gaunt":  # l1+l2+l3 even: (n + 1) / 2 of n degrees
        return min((pairs + count) // 2 for pairs, count in choices)
    return min(count for _, count in choices)


def most_bytes(key: TableKey) -> int:
    """Return about how many bytes building the table takes at its peak, from the bound on its rows.

    A row costs its Python integers and their packed copies: measured below 400 bytes at small lmax, and
    growing with the length of the integers, about 12 bits per unit of lmax in numerator and denominator each.
    """
    return most_rows(key) * row_bytes(key)


def row_bytes(key: TableKey) -> int:
    """Return about how many bytes a row takes while it is built; see `most_bytes`."""
    return 400 + 8 * int(dict(key.parameters).get("lmax", 1)) + factorial_bits(key) // 4


def factorial_bits(key: TableKey) -> int:
    """Return about how many bits (l+m)!/(l-m)! adds to the integers of unnormalised harmonics."""
    if key.convention.normalization != "unnormalized":
        return 0
    top = int(dict(key.parameters)["lmax"])
    return len(kind_of(key.kind).harmonics) * 2 * top * (2 * top).bit_length()


def available_memory() -> int:
    """Return the bytes that this process may still take: free memory, its control group, its own limit."""
    limits = [_free_memory()]
    with contextlib.suppress(OSError, ValueError):
        used = int((_CGROUP / "memory.current").read_text()) - _reclaimable()
        limits.append(int((_CGROUP / "memory.max").read_text()) - used)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  (not on every system)

        soft, _ = resource.getrlimit(resource.RLIMIT_AS)
        if soft != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limits.append(soft - pages * os.sysconf("SC_PAGE_SIZE"))
    return max(0, min(limits))


def _reclaimable() -> int:
    """Return what the control group holds of files, and lets go when it needs the memory."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (_CGROUP / "memory.stat").read_text().splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    return 0


def _free_memory() -> int:
    """Return the memory that the system has free, or that it has at all, or a cautious guess."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in _MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _UNKNOWN_MEMORY


def require_room(key: TableKey) -> None:
    """Raise TooLarge, naming the size, unless building the table fits into the memory that is free."""
    needed, free = most_bytes(key), available_memory()
    if needed > free:
        raise refusal(key, most_rows(key), needed, free)


def require_memory(what: str, needed: int, way: str) -> None:
    """Raise TooLarge, naming the size and a way on, unless so many bytes are free."""
    free = available_memory()
    if needed > free:
        raise TooLarge(f"{what} may need {short(needed)}B of memory, but {short(free)}B are free; {way}")


def refusal(key: TableKey, rows: int, needed: int, free: int) -> TooLarge:
    """Return the error that says how much memory a table needs and how much there is."""
    return TooLarge(
        f"lmax: {key} may have {short(rows)}rows and need {short(needed)}B of memory, "
        f"but {short(free)}B are free; choose a smaller lmax" + _hint(key)
    )


def _hint(key: TableKey) -> str:
    """Name the other parameter that makes a table smaller."""
    others = [name for name in kind_of(key.kind).parameters[1:] if name != "quaternion"]
    return f" or {others[0]}" if others else ""


def short(number: int) -> str:
    """Write a count with three digits and a metric prefix, or a power of ten beyond those.

    >>> short(512), short(20_480), short(10**40)
    ('512 ', '20.5 k', '1e+40 ')
    """
    if number < 1000:
        return f"{number} "
    if number >= 10**18:
        bits = number.bit_length()  # of a number with more digits than Python writes, nearly the power
        return f"1e+{len(str(number)) - 1 if bits < 10_000 else bits * 30103 // 100_000} "
    power = (len(str(number)) - 1) // 3
    return f"{number / 1000**power:.3g} {' kMGTP'[power]}"
