"""Compiled: what a large piece takes from the loops of `kernels`, and when it is worth their start.

Bytes do not depend on it. Squares of `factored` kinds come from `kernels/squares.py` in lowest terms, and
floats of every kind, each with a proof by integers; what it leaves open is rounded and proven by
`proof.proven_floats`, as everything is where Numba does not compile.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from reptheory.build.factored import FACTORED
from reptheory.build.proof import proven_floats
from reptheory.build.rows import Squares
from reptheory.build.size import available_memory, most_rows
from reptheory.exact.arb import pi_power_bounds
from reptheory.exact.rounding import narrowed, nearest_pair
from reptheory.exact.surd import Surd
from reptheory.tables.parts import integers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reptheory.tables.kinds import TableKey

__all__ = ["compiled_floats", "compiled_squares", "worth_compiling"]

WORTH_COMPILING: Final = 300_000
"""Rows from which compiled loops are loaded for a table: Python's integers take 1 s or more for them."""
_LIMBS: Final = 6
"""Of the squares tried here; longer ones are left to Python's integers."""
_ROOM: Final = 512 << 20
"""Bytes that Numba may take; it does not survive a want of them."""
_KERNELS: Final = "reptheory.kernels."


def worth_compiling(key: TableKey, kernels: str = "squares") -> bool:
    """Whether a table is worth the loops of a module of `kernels`: it is large, or they are there already."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}:
        return False
    if _KERNELS + kernels in sys.modules:
        return True
    return most_rows(key) > WORTH_COMPILING and available_memory() > _ROOM


def compiled_squares(key: TableKey, blocks: Sequence[tuple[int, ...]], most: int) -> Squares | None:
    """Return the exact columns of some blocks; None where only `recipes` have them.

    most   a bound on their rows
    """
    scaled = dict(key.parameters).keys() & {"normalization", "convention"}
    if scaled or key.kind not in FACTORED or not worth_compiling(key, FACTORED[key.kind].kernels):
        return None
    found = FACTORED[key.kind].compute(key, blocks, most)
    if found is None:
        return None
    from reptheory.kernels.squares import reduce_squares  # noqa: PLC0415

    tops, bottoms = (np.zeros((len(found.signs), _LIMBS), np.uint64) for _ in range(2))
    first, second = reduce_squares(
        found.integers, found.factors, found.exponents, found.primes, tops, bottoms
    )
    if first < 0:
        return None
    return Squares(
        index=np.ascontiguousarray(found.index),
        sign=np.ascontiguousarray(found.signs),
        numerator=np.ascontiguousarray(tops[:, :first]),
        denominator=np.ascontiguousarray(bottoms[:, :second]),
        i_power=np.zeros(len(found.signs), np.uint8),
    )


def compiled_floats(squares: Squares, pi_power: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return float64 and float32 of exact columns, each proven the nearest.

    A float32 follows from its float64: see `exact.rounding.narrowed`.
    """
    from reptheory.kernels.squares import prove_roots  # noqa: PLC0415

    def exact(rows: NDArray[np.intp]) -> tuple[list[int], list[int], int]:
        signs = squares.sign[rows].tolist()
        tops, bottoms = integers(squares.numerator[rows]), integers(squares.denominator[rows])
        return [sign * top for sign, top in zip(signs, tops, strict=True)], bottoms, pi_power

    def single(row: int) -> float:
        (numerator,), (denominator,), _ = exact(np.array([row]))
        return float(proven_floats([numerator], [denominator], pi_power, "float32")[0])

    doubles, failed = np.empty(len(squares.sign)), np.empty(len(squares.sign), np.bool_)
    prove_roots(squares.sign, squares.numerator, squares.denominator, *_bounds(pi_power), doubles, failed)
    open_rows = np.flatnonzero(failed)
    doubles[open_rows] = proven_floats(*exact(open_rows), "float64")
    return doubles, narrowed(doubles, single)


@lru_cache(maxsize=8)
def _bounds(pi_power: int) -> tuple[NDArray[np.uint64], int, NDArray[np.float64]]:
    """Return words around pi^k 2^unit, unit, and sqrt(pi^k) as a pair."""
    (low, low_scale), (high, high_scale) = pi_power_bounds(pi_power, 128)
    unit = 64 - (high // high_scale).bit_length() if pi_power >= 0 else 64
    ends = (low << unit) // low_scale, -((-high << unit) // high_scale)
    pair = np.array(nearest_pair(Surd.sqrt(1, pi_power=pi_power)))
    return (np.array([1], np.uint64), 0, pair) if pi_power == 0 else (np.array(ends, np.uint64), unit, pair)
