"""Floats of symbols for arrays of labels: every one the nearest float to the exact value.

`wigner_3j_values` and its sisters take the arguments of `wigner_3j` and its sisters as numbers, lists or
arrays that broadcast together, and return an array. Each value is within half a unit in the last place of the
exact one (docs/proofs/symbols.md), whatever the labels; forbidden symbols and accidental zeros are 0, and
values below the smallest float are rounded as any other, to a subnormal or 0.

Many symbols run through compiled loops (`kernels/symbols.py`), which mark what they cannot prove: labels
beyond two words of integers, and values next to the middle between two floats. These, and few symbols
altogether, for which compiling does not pay, come from exact integers, equal ones once.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.exact.factorial_roots import LARGEST_TOTAL, factorial_roots
from reptheory.exact.gaunt import gaunt
from reptheory.exact.label_arrays import (
    broadcast_labels,
    degree_array,
    projection_arrays,
    spin_array,
    two_label_array,
)
from reptheory.exact.rounding import FloatName, float_format, narrowed, nearest_pair
from reptheory.exact.surd import Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j
from reptheory.exact.wigner9j import wigner_9j
from reptheory.immutable import immutable

__all__ = [
    "clebsch_gordan_values",
    "gaunt_values",
    "racah_values",
    "real_gaunt_values",
    "wigner_3j_values",
    "wigner_6j_values",
    "wigner_9j_values",
]

_COLD: Final = 100_000
"""Symbols of one kind, in all calls (a second by exact integers), from which it pays to compile its loop."""
_WARM: Final = 50
"""Symbols from which the loops are faster once they are there."""
_COST: Final = 300
"""Multiplications of one symbol, about, for the division among threads."""
_TILE: Final = 64
_LARGEST_3J: Final = 126
"""Largest j1 + j2 + j3 of the compiled loops."""
_LARGEST_6J: Final = 80
_LARGEST_9J: Final = 24
"""Doubled labels beyond which few symbols fit two words."""

Labels = NDArray[np.int64]
Marks = NDArray[np.bool_]


def wigner_3j_values(
    j1: object, j2: object, j3: object, m1: object, m2: object, m3: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return 3j symbols of arrays of labels as floats.

    j1..m3   labels as for `wigner_3j`: numbers, lists or arrays that broadcast together
    dtype    "float64" or "float32"
    returns  floats of the common shape, each the nearest to the exact value: an error of at most 1/2 ulp
    raises   LabelError: an element is impossible; it is named with its index. OperandError: shapes, or the
             dtype. TooLarge: labels that the exact function refuses, or more than 8 GiB

    >>> wigner_3j_values(1, 1, [0, 1, 2], 1, -1, 0)
    array([0.57735027, 0.40824829, 0.18257419])
    """
    columns = _orders(_spins((j1, j2, j3), "j"), (m1, m2, m3), "j")
    return _three(columns, "wigner_3j", dtype)


def clebsch_gordan_values(
    j1: object, j2: object, j3: object, m1: object, m2: object, m3: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return Clebsch-Gordan coefficients <j1 m1 j2 m2 | j3 m3>; arguments and errors as `wigner_3j_values`.

    >>> clebsch_gordan_values(0.5, 0.5, 1, 0.5, [0.5, -0.5], [1, 0])
    array([1.        , 0.70710678])
    """
    columns = _orders(_spins((j1, j2, j3), "j"), (m1, m2, m3), "j")
    rows = _stacked(columns)
    negative = (rows[:, 0] - rows[:, 1] + rows[:, 5]) & 2 != 0  # (-1)^(j1 - j2 + m3)
    rows[:, 5] *= -1
    return _shaped(_evaluated(_Batch("clebsch_gordan", rows, negative), dtype), columns)


def gaunt_values(
    l1: object, l2: object, l3: object, m1: object, m2: object, m3: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return Gaunt coefficients of complex harmonics; whole labels, else as `wigner_3j_values`.

    >>> gaunt_values(1, 1, [0, 2], 0, 0, 0)
    array([0.28209479, 0.25231325])
    """
    columns = _orders(_degrees((l1, l2, l3)), (m1, m2, m3), "l")
    return _three(columns, "gaunt", dtype)


def real_gaunt_values(
    l1: object, l2: object, l3: object, m1: object, m2: object, m3: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return Gaunt coefficients of real harmonics; whole labels, else as `wigner_3j_values`.

    >>> real_gaunt_values(1, 1, 2, [-1, 0], [1, 0], [-2, 0])
    array([0.21850969, 0.25231325])
    """
    columns = _orders(_degrees((l1, l2, l3)), (m1, m2, m3), "l")
    rows, negative, halved, allowed = _complex_orders(_stacked(columns))
    values = np.zeros(len(allowed), float_format(dtype).name)
    values[allowed] = _evaluated(_Batch("gaunt", rows, negative, halved), values.dtype)
    return _shaped(values, columns)


def wigner_6j_values(
    j1: object, j2: object, j3: object, j4: object, j5: object, j6: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return 6j symbols of arrays of labels as floats; arguments and errors as `wigner_3j_values`.

    >>> wigner_6j_values(1, 1, 1, 1, 1, [0, 1, 2])
    array([-0.33333333,  0.16666667,  0.16666667])
    """
    columns = broadcast_labels(_spins((j1, j2, j3, j4, j5, j6), "j"), ["j1", "j2", "j3", "j4", "j5", "j6"])
    return _shaped(_evaluated(_Batch("wigner_6j", _stacked(columns)), dtype), columns)


def racah_values(
    aa: object, bb: object, cc: object, dd: object, ee: object, ff: object, *, dtype: DTypeLike = "float64"
) -> NDArray[Any]:
    """Return Racah's W(aa bb cc dd; ee ff) of arrays of labels; arguments and errors as `wigner_3j_values`.

    >>> racah_values(0.5, 0.5, 1, 1, 1, [0.5, 1.5])
    array([0.33333333, 0.16666667])
    """
    names = ["aa", "bb", "cc", "dd", "ee", "ff"]
    spins = (spin_array(value, name) for value, name in zip((aa, bb, cc, dd, ee, ff), names, strict=True))
    a, b, c, d, e, f = broadcast_labels(tuple(spins), names)
    columns = (a, b, e, d, c, f)
    return _shaped(
        _evaluated(_Batch("wigner_6j", _stacked(columns), ((a + b + c + d) & 2 != 0).ravel()), dtype), columns
    )


def wigner_9j_values(
    j1: object, j2: object, j3: object, j4: object, j5: object, j6: object, j7: object, j8: object,
    j9: object, *, dtype: DTypeLike = "float64",
) -> NDArray[Any]:  # fmt: skip
    """Return 9j symbols, row by row, of arrays of labels; arguments and errors as `wigner_3j_values`.

    >>> wigner_9j_values(1, 1, [1, 2], 1, 1, 1, 1, 1, 1)
    array([0.        , 0.05555556])
    """
    spins = _spins((j1, j2, j3, j4, j5, j6, j7, j8, j9), "j")
    columns = broadcast_labels(spins, [f"j{k}" for k in range(1, 10)])
    return _shaped(_evaluated(_Batch("wigner_9j", _stacked(columns)), dtype), columns)


def _spins(values: Sequence[object], letter: str) -> tuple[Labels, ...]:
    return tuple(spin_array(value, f"{letter}{k}") for k, value in enumerate(values, start=1))


def _degrees(values: Sequence[object]) -> tuple[Labels, ...]:
    return tuple(degree_array(value, f"l{k}") for k, value in enumerate(values, start=1))


def _orders(spins: tuple[Labels, ...], orders: Sequence[object], letter: str) -> tuple[Labels, ...]:
    """Return six columns of one shape: three spins or degrees, and orders that fit them."""
    names = [f"{letter}1", f"{letter}2", f"{letter}3", "m1", "m2", "m3"]
    if letter == "l":
        read = [degree_array(value, name, signed=True) for value, name in zip(orders, names[3:], strict=True)]
    else:
        read = [two_label_array(value, name) for value, name in zip(orders, names[3:], strict=True)]
    columns = broadcast_labels((*spins, *read), names)
    for k in range(3):
        projection_arrays(columns[k], columns[k + 3], names[k], names[k + 3])
    return columns


def _stacked(columns: Sequence[Labels]) -> Labels:
    """Return columns of one shape as rows of doubled labels."""
    return np.stack([column.ravel() for column in columns], axis=1)


def _shaped(values: NDArray[Any], columns: Sequence[Labels]) -> NDArray[Any]:
    """Return values in the common shape; a single one as a NumPy scalar."""
    shaped: NDArray[Any] = values.reshape(columns[0].shape)[()]
    return shaped


def _complex_orders(rows: Labels) -> tuple[Labels, Marks | None, Marks | None, Marks]:
    """Return complex coefficients for those real ones that may not vanish, their signs, halvings, and which.

    With n = |m|, a real coefficient vanishes unless one n is the sum of the other two and the number of m < 0
    is even. Then, with c that one and a, b the others, it is (-1)^(n_c) gaunt(n_a, n_b, -n_c), negated if
    both m_a and m_b are negative, and divided by sqrt(2) if no m is 0: the integral over phi of cosines
    (m >= 0) and sines (m < 0) is 1/4 of that of exponentials, and sqrt(2) comes with each m that is not 0.
    """
    orders, sizes = rows[:, 3:], abs(rows[:, 3:])
    largest = np.argmax(sizes, axis=1)
    top = sizes.max(axis=1, initial=0)
    sines = (orders < 0).sum(axis=1)
    allowed = (2 * top == sizes.sum(axis=1)) & (sines % 2 == 0)
    every = np.arange(len(rows))
    both = (sines == 2) & (orders[every, largest] >= 0)
    complex_rows = rows.copy()
    complex_rows[:, 3:] = sizes
    complex_rows[every, largest + 3] = -top
    negative, halved = both ^ (top & 2 != 0), (orders != 0).all(axis=1)
    return complex_rows[allowed], negative[allowed], halved[allowed], allowed


def _three(columns: tuple[Labels, ...], kind: str, dtype: DTypeLike) -> NDArray[Any]:
    """Evaluate symbols of three spins and three orders."""
    return _shaped(_evaluated(_Batch(kind, _stacked(columns)), dtype), columns)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Symbols of one kind: rows of doubled labels, which to negate and which to divide by sqrt(2)."""

    kind: str
    rows: Labels
    negative: Marks | None = None
    halved: Marks | None = None

    def inside(self) -> int:
        """Return how many symbols have labels that the compiled loops may be able to serve."""
        if self.kind in _THREE:
            return int((self.rows[:, :3].sum(axis=1) <= 2 * _LARGEST_3J).sum())
        most = _LARGEST_9J if self.kind == "wigner_9j" else _LARGEST_6J
        return int((self.rows.max(axis=1, initial=0) <= most).sum())

    def fill(self, out: NDArray[np.float64], doubtful: Marks) -> None:
        """Evaluate by the compiled loops, over threads where it pays."""
        from reptheory.kernels import symbols  # noqa: PLC0415  (loads Numba)
        from reptheory.kernels.pool import over_samples  # noqa: PLC0415

        none = np.zeros(len(self.rows), np.bool_)
        minus = none if self.negative is None else self.negative
        half = none if self.halved is None else self.halved
        tables = symbols.SymbolTables(*_tables())

        def task(first: int, last: int) -> None:
            part = slice(first, last)
            rows, marks, ends = (
                self.rows[part],
                minus[part],
                (tables, symbols.SLACK, out[part], doubtful[part]),
            )
            with np.errstate(over="ignore"):  # words wrap on purpose; the plain twins would warn
                if self.kind in _THREE:
                    symbols.fill_3j_values(rows, marks, half[part], symbols.PRODUCT_3J[self.kind], *ends)
                elif self.kind == "wigner_6j":
                    symbols.fill_6j_values(rows, marks, *ends)
                else:
                    symbols.fill_9j_values(rows, marks, *ends)

        over_samples(task, len(self.rows), _TILE, _COST, None)

    def nearest(self, places: Iterable[int], form: FloatName) -> Iterator[float]:
        """Yield values rounded from the exact ones, each distinct symbol computed once."""
        known: dict[tuple[int, ...], float] = {}
        for place in places:
            row, half = tuple(self.rows[place].tolist()), self.halved is not None and bool(self.halved[place])
            magnitude = known.get((*row, half))
            if magnitude is None:
                surd = _exact(self.kind, row)
                surd = surd / Surd.sqrt(2) if half else surd
                magnitude = known[*row, half] = float(surd if form == "float64" else surd.to_float32())
            yield (
                -magnitude if magnitude and self.negative is not None and self.negative[place] else magnitude
            )


def _evaluated(batch: _Batch, dtype: DTypeLike) -> NDArray[Any]:
    """Return the values of a batch: (n,) float64 or float32."""
    form = float_format(dtype).name
    count = len(batch.rows)
    if not _worth_compiling(batch.kind, batch.inside()):
        return np.fromiter(batch.nearest(range(count), form), form, count)
    out, doubtful = np.empty(count), np.empty(count, np.bool_)
    batch.fill(out, doubtful)
    places = np.flatnonzero(doubtful).tolist()
    for place, value in zip(places, batch.nearest(places, "float64"), strict=True):
        out[place] = value
    return out if form == "float64" else narrowed(out, lambda place: next(batch.nearest([place], "float32")))


class _Asked:
    """How many symbols of each kind exact integers have served, so that who keeps asking gets compiled loops.

    Values do not depend on it, only when a second or two are spent on compiling.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def often(self, kind: str, count: int) -> bool:
        """Tell whether `count` more make compiling worth while; if not, they are counted."""
        total = self._counts.get(kind, 0) + count
        if total >= _COLD:
            return True
        self._counts[kind] = total
        return False


_ASKED = _Asked()


def _worth_compiling(kind: str, count: int) -> bool:
    """Whether so many symbols are done sooner by the compiled loops, compiling included where it is to do."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0" or count < _WARM:
        return False
    loop = getattr(sys.modules.get("reptheory.kernels.symbols"), _LOOPS.get(kind, "fill_3j_values"), None)
    return bool(getattr(loop, "signatures", None)) or _ASKED.often(kind, count)


def _exact(kind: str, row: tuple[int, ...]) -> Surd:
    """Return one symbol of doubled labels."""
    labels = [label // 2 if label % 2 == 0 else label / 2 for label in row]
    if kind == "clebsch_gordan":
        return wigner_3j(*labels) * Surd.sqrt(row[2] + 1)
    return _SCALAR[kind](*labels)


_SCALAR: Final[dict[str, Callable[..., Surd]]] = {
    "wigner_3j": wigner_3j,
    "gaunt": gaunt,
    "wigner_6j": wigner_6j,
    "wigner_9j": wigner_9j,
}
_LOOPS: Final = {"wigner_6j": "fill_6j_values", "wigner_9j": "fill_9j_values"}
_THREE: Final = frozenset({"wigner_3j", "clebsch_gordan", "gaunt"})


@cache
def _tables() -> tuple[Any, ...]:
    """Return the fields of `SymbolTables`, for n up to `LARGEST_TOTAL`."""
    low, high = np.zeros((2, LARGEST_TOTAL + 1, LARGEST_TOTAL + 1), np.uint64)
    low[:, 0] = 1
    for n in range(1, LARGEST_TOTAL + 1):
        low[n, 1:] = low[n - 1, 1:] + low[n - 1, :-1]
        high[n, 1:] = high[n - 1, 1:] + high[n - 1, :-1] + (low[n, 1:] < low[n - 1, 1:])
    bits = np.array([math.log2(math.factorial(n)) for n in range(LARGEST_TOTAL + 1)])
    scale = nearest_pair(Surd.sqrt(Fraction(1, 4), pi_power=-1))
    return immutable(low), immutable(high), factorial_roots(), immutable(bits), scale
