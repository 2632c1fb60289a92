"""Whole tables of Gaunt coefficients in either basis: the integers of 3j symbols, each where it belongs.

    gaunt = integer N sqrt( (2 l1+1)! (2 l2+1)! (2 l3+1)! / (2^h 4 pi C(2l1,p) C(2l2,q) C(2l3,s)) ),
    N     = g! / ((J+1)! (g-l1)! (g-l2)! (g-l3)!),     J = l1+l2+l3 = 2 g

with p = l1+m1', q = l2-m2', s = l3-m3' of the complex orders m' = m, or of those that the real ones come
from, and h = 1 in the real basis if no m is 0, else 0. It is the 3j symbol of `wigner3j_table` times that of
(0 0 0) [Edmonds, Angular Momentum in Quantum Mechanics, 1957, eq. 3.7.17]; the integer's sign is the
coefficient's. Which integer stands where: `reptheory.kernels.gaunt_plain`. Proofs: docs/proofs/pascal.md.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from functools import cache
from math import comb, factorial, isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.conventions import Basis, Convention, convention_of
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.coupling import coupling_block
from reptheory.exact.factorial_roots import factorial_roots
from reptheory.exact.rounding import float_format, nearest_pair
from reptheory.exact.surd import Surd
from reptheory.groups.labels import projection, shown, whole
from reptheory.immutable import immutable, sealed
from reptheory.kernels.gaunt_plain import (
    GauntPlan,
    fill_gaunt_plain,
    lay_out_plain,
    places,
    round_gaunt_plain,
)
from reptheory.kernels.pascal_plain import inverse_roots_plain, pascal_triangle

__all__ = ["GauntTable", "gaunt_table"]

_NARROW_L: Final = 27
"""If no degree is larger, the integers are proven to fit into one word; see `wigner3j_table`."""
_NARROW_TOTAL: Final = 64
"""Largest l1+l2+l3 for which C(J, J/2) alone proves it."""
_LARGEST_TOTAL: Final = 100
"""Beyond this l1+l2+l3 no table is tried: tests of the floats would meet underflow."""
_SLACK: Final = 2.0**-97
_WORTH_COMPILING: Final = 500_000
"""Entries up to which a process that has not loaded the compiled loops does better without them."""


def gaunt_table(lmax: object, lmax_out: object = None, basis: Basis = "real") -> GauntTable:
    """Return all Gaunt coefficients with l1, l2 up to lmax and l3 up to lmax_out, exactly.

    lmax      largest l1 and l2
    lmax_out  largest l3; None: every l3, up to 2 lmax
    basis     "real" (entries of `real_gaunt`) or "complex" (of `gaunt`)
    raises    LabelError: an impossible degree or basis; TooLarge: integers of more than one word

    >>> table = gaunt_table(2)
    >>> table[1, 1, 2, -1, 1, -2], len(table)
    (√(3/(20π)), 162)
    """
    top = whole(lmax, "lmax")
    out = 2 * top if lmax_out is None else min(whole(lmax_out, "lmax_out"), 2 * top)
    real = convention_of(basis).basis == "real"
    _require_one_word(top, out)
    plan = _plan(top, out, real)
    binomials, integers = _binomials(2 * max(top, out)), np.empty(int(plan.starts[-1]), np.int64)
    if _worth_compiling(len(integers)):
        from reptheory.kernels.gaunt import fill_gaunt  # noqa: PLC0415  (Numba loads for large tables only)

        fill_gaunt(plan, binomials, integers)
    else:
        fill_gaunt_plain(plan, binomials, integers)
    return GauntTable(plan, sealed(integers))


def _require_one_word(top: int, out: int) -> None:
    """Raise TooLarge unless 64 bits are proven to hold the integers and the sums that make them."""
    total = 2 * top + out
    if max(top, out) <= _NARROW_L or total <= _NARROW_TOTAL:
        return
    if total > _LARGEST_TOTAL or 3 * _largest_bound(top, out) >= 2**63:
        raise TooLarge(
            f"lmax: got {shown(top)} with l3 up to {shown(out)}; its integers are not proven to fit "
            f"into one word (degrees up to {_NARROW_L} do, or l1+l2+l3 up to {_NARROW_TOTAL}); choose "
            "smaller degrees, or take blocks from gaunt_array(l1, l2, l3) one by one"
        )


def _largest_bound(top: int, out: int) -> int:
    """Return the bound on the integers from orthogonality, over all triples: docs/proofs/pascal.md."""
    largest = 0
    for l1 in range(top + 1):
        for l2 in range(l1 + 1):
            for l3 in range(l1 - l2, min(l1 + l2, out) + 1, 2):
                a, b, c = l1 + l2 - l3, l2 + l3 - l1, l1 + l3 - l2
                above = (
                    (a + b + c + 1)
                    * comb(a + b + c, a)
                    * comb(2 * l1, l1)
                    * comb(2 * l2, l2)
                    * comb(2 * l3, l3)
                )
                below = (2 * max(l1, l3) + 1) * comb(2 * l1, c) * comb(2 * l2, b)
                largest = max(largest, above // below)
    return isqrt(largest)


def _plan(top: int, out: int, real: bool) -> GauntPlan:
    """Lay the blocks out in the order of their degrees."""
    if "reptheory.kernels.gaunt" in sys.modules:
        from reptheory.kernels.gaunt import lay_out  # noqa: PLC0415  (Numba is here already)

        parts = lay_out(top, out, real)
    else:
        parts = lay_out_plain(top, out, real)
    ls, starts, numbers = parts
    return GauntPlan(sealed(ls), sealed(starts), sealed(numbers), real)


@cache
def _binomials(most: int) -> NDArray[np.int64]:
    return sealed(pascal_triangle(most)[0].view(np.int64))


@cache
def _units() -> NDArray[np.float64]:
    """Return 1 / sqrt(4 pi) and 1 / sqrt(8 pi) as pairs."""
    pairs = [nearest_pair(Surd.sqrt(Fraction(1, n), pi_power=-1)) for n in (4, 8)]
    return immutable(np.array(pairs))


def _worth_compiling(entries: int) -> bool:
    """Whether to use compiled loops: they are there already, or the table is worth their start."""
    return entries > _WORTH_COMPILING or "reptheory.kernels.gaunt" in sys.modules


class GauntTable:
    """All Gaunt coefficients up to given degrees: immutable, exact.

    The order is lexicographic in (l1, l2, l3, m1, m2, m3), over the labels that the selection rules allow. A
    few entries vanish all the same; their integer is 0.

    ls         (T, 3) int64, read-only: the degrees that couple
    starts     (T + 1,) int64, read-only: where the block of each triple begins
    integers   (n,) int64, read-only: see the module for what they are multiplied by
    """

    __slots__ = ("_plan", "integers", "ls", "starts")

    ls: NDArray[np.int64]
    starts: NDArray[np.int64]
    integers: NDArray[np.int64]
    _plan: GauntPlan

    def __init__(self, plan: GauntPlan, integers: NDArray[np.int64]) -> None:
        """Take what `gaunt_table` computed."""
        for name, field in (
            ("_plan", plan),
            ("ls", plan.ls),
            ("starts", plan.starts),
            ("integers", integers),
        ):
            object.__setattr__(self, name, field)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"GauntTable is immutable; {name} cannot be set (build a new table)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"GauntTable is immutable; {name} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return gaunt_table, self._name()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GauntTable):
            return NotImplemented
        return self._name() == other._name()

    def __hash__(self) -> int:
        return hash(self._name())

    def _name(self) -> tuple[int, int, Basis]:
        """Return the arguments that make this table."""
        return self.lmax, self.lmax_out, self.convention.basis

    @property
    def lmax(self) -> int:
        """The largest l1 and l2."""
        return int(self._plan.numbers.shape[0]) - 1

    @property
    def lmax_out(self) -> int:
        """The largest l3."""
        return int(self._plan.numbers.shape[2]) - 1

    @property
    def convention(self) -> Convention:
        """What the labels mean."""
        return convention_of("real" if self._plan.real else "complex")

    def __len__(self) -> int:
        """Return the number of coefficients that the selection rules allow."""
        return len(self.integers)

    def __repr__(self) -> str:
        return (
            f"GauntTable(lmax={self.lmax}, lmax_out={self.lmax_out}, basis={self.convention.basis!r}, "
            f"{len(self)} coefficients)"
        )

    def __getitem__(self, labels: tuple[object, object, object, object, object, object]) -> Surd:
        """Return table[l1, l2, l3, m1, m2, m3]; 0 where a selection rule forbids it.

        raises  LabelError: a label is impossible, or the table does not reach it
        """
        if not isinstance(labels, tuple) or len(labels) != 6:
            raise LabelError(f"index: got {shown(labels)}; write table[l1, l2, l3, m1, m2, m3]")
        degrees = [whole(label, f"l{k}") for k, label in enumerate(labels[:3], start=1)]
        orders = [whole(label, f"m{k}", signed=True) for k, label in enumerate(labels[3:], start=1)]
        for k in range(3):
            projection(2 * degrees[k], 2 * orders[k], f"l{k + 1}", f"m{k + 1}")
        index = tuple(degree + order for degree, order in zip(degrees, orders, strict=True))
        value: Surd = self.block(*degrees)[index]
        return value

    def block(self, l1: object, l2: object, l3: object) -> SurdArray:
        """Return all coefficients of three degrees, equal to `gaunt_array`; empty where they do not couple.

        raises  LabelError: a degree is impossible, or the table does not reach it
        """
        degrees = whole(l1, "l1"), whole(l2, "l2"), whole(l3, "l3")
        for k, (degree, most) in enumerate(
            zip(degrees, (self.lmax, self.lmax, self.lmax_out), strict=True), 1
        ):
            if degree > most:
                raise LabelError(
                    f"l{k}: got {shown(degree)}; this table reaches {most}; build a larger one, or call "
                    "gaunt_array"
                )
        shape = tuple(2 * degree + 1 for degree in degrees)
        number = int(self._plan.numbers[degrees])
        if number < 0:
            return SurdArray(shape, np.zeros((0, 3), np.int64), (), (), convention=self.convention)
        entry = places(*degrees, self._plan.real)
        indices = np.stack([entry.m1, entry.m2, entry.m3], axis=1) + np.array(degrees)
        integers = self.integers[self.starts[number] : self.starts[number + 1]]
        kept = np.flatnonzero(integers)
        common, tops, bottoms = _block_square(*degrees), [], []
        columns = (integers, entry.p, entry.q, entry.halved)
        for integer, p, q, halved in zip(*(column[kept].tolist() for column in columns), strict=True):
            tops.append((1 if integer > 0 else -1) * integer * integer * common.numerator)
            s = p - q + degrees[1] + degrees[2] - degrees[0]
            binomials = comb(shape[0] - 1, p) * comb(shape[1] - 1, q) * comb(shape[2] - 1, s)
            bottoms.append(common.denominator * binomials << halved)
        return SurdArray(shape, indices[kept], tops, bottoms, convention=self.convention, pi_power=-1)

    def labels(self, start: int = 0, stop: int | None = None) -> NDArray[np.int64]:
        """Return (count, 6) labels l1, l2, l3, m1, m2, m3 of the coefficients start .. stop-1."""
        first, last, _ = slice(start, stop).indices(len(self))
        if first >= last:
            return np.zeros((0, 6), np.int64)
        begin, end = (np.searchsorted(self.starts, [first, last - 1], side="right") - 1).tolist()
        parts = []
        for l1, l2, l3 in self.ls[begin : end + 1].tolist():
            entry = places(l1, l2, l3, self._plan.real)
            orders = np.stack([entry.m1, entry.m2, entry.m3], axis=1)
            parts.append(np.hstack([np.broadcast_to([l1, l2, l3], orders.shape), orders]))
        skipped = first - int(self.starts[begin])
        return np.concatenate(parts)[skipped : skipped + last - first]

    def values(self, dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Return the coefficients as floats in the table's order, each proven the nearest to its exact value.

        dtype    float64 or float32
        returns  (n,), a new array; the error is at most half a unit in the last place
        raises   OperandError: another dtype

        >>> gaunt_table(0).values()
        array([0.28209479])
        """
        out = np.empty(len(self), dtype=float_format(dtype).name)
        for number in self._rounded(out, _SLACK):
            part = slice(self.starts[number], self.starts[number + 1])
            l1, l2, l3 = self.ls[number].tolist()
            exact = coupling_block("gaunt", l1, l2, l3, self.convention.basis)
            out[part][self.integers[part] != 0] = exact.values(dtype)
        return out

    def _rounded(self, out: NDArray[Any], slack: float) -> list[int]:
        """Round all values to `out`; return the blocks where the error `slack` leaves two floats possible."""
        plan, roots, units = self._plan, factorial_roots(), _units()
        most = 2 * max(self.lmax, self.lmax_out)
        if not _worth_compiling(len(self)):
            scales = inverse_roots_plain(roots, most)
            return round_gaunt_plain(plan, self.integers, roots, scales, units, slack, out)
        from reptheory.kernels.gaunt import round_gaunt  # noqa: PLC0415
        from reptheory.kernels.pascal_floats import inverse_roots  # noqa: PLC0415

        scales = inverse_roots(roots, most)
        return round_gaunt(plan, self.integers, _binomials(most), roots, scales, units, slack, out)


def _block_square(l1: int, l2: int, l3: int) -> Fraction:
    """Return pi times the part of the squares that the entries of a block share."""
    g = (l1 + l2 + l3) // 2
    multinomial = factorial(g) // (factorial(g - l1) * factorial(g - l2) * factorial(g - l3))
    above = factorial(2 * l1 + 1) * factorial(2 * l2 + 1) * factorial(2 * l3 + 1)
    return Fraction(multinomial * multinomial * above, 4 * factorial(2 * g + 1) ** 2)
