"""Values that callers pass for labels: what must be read, with its double, and what must raise LabelError.

Every public function that takes a label can be parametrised over these lists.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy


class Unprintable:
    """An object whose repr raises: the message about it must still come."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def boxed(value: object) -> np.ndarray:
    """Return a zero-dimensional object array that holds exactly `value`."""
    box = np.empty((), dtype=object)
    box[()] = value
    return box


with mpmath.workdps(60):
    NEARLY_A_HALF = mpmath.mpf("0.5") + mpmath.mpf(10) ** -40

READABLE: list[tuple[object, int]] = [
    (0, 0),
    (-0.0, 0),
    (Decimal("-0"), 0),
    (0.5, 1),
    (-1.5, -3),
    (Fraction(1, 2), 1),
    (Decimal("0.5"), 1),
    (np.int8(127), 254),
    (np.int8(-128), -256),
    (np.uint8(200), 400),
    (np.uint64(2**64 - 1), 2**65 - 2),
    (np.float16(0.5), 1),
    (np.float32(1.5), 3),
    (np.float64(2), 4),
    (np.longdouble(1.5), 3),
    (np.array(3), 6),
    (np.array(1.5), 3),
    (np.array(5).astype(">i4"), 10),
    (np.array(1.5).astype(">f8"), 3),
    (np.array(Fraction(1, 2), dtype=object), 1),
    (np.ma.array(1), 2),
    (boxed(np.float32(1.5)), 3),
    (sympy.Rational(1, 2), 1),
    (sympy.Integer(3), 6),
    (sympy.Float("0.5"), 1),
    (sympy.sqrt(4), 4),
    (mpmath.mpf("0.5"), 1),
    (flint.fmpz(3), 6),
    (2**31, 2**32),
    (2**32 + 1, 2**33 + 2),
    (2**64, 2**65),
    (10**5, 2 * 10**5),
    (10**5000, 2 * 10**5000),
    (2.0**52, 2**53),
]
"""(value, 2 * value): exact halves in every type."""

UNREADABLE: list[object] = [
    1.3,
    -0.25,
    np.float32(0.1),
    Fraction(1, 3),
    Decimal("1.3"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1e999999999"),
    float("nan"),
    float("inf"),
    -float("inf"),
    np.float32("nan"),
    np.longdouble("inf"),
    1e300,
    2.0**53,
    True,
    False,
    np.True_,
    np.array(True),
    np.array(True, dtype=object),
    "1",
    "0.5",
    "",
    "__import__('os').abort()",
    b"1",
    np.str_("1"),
    np.bytes_(b"1"),
    None,
    np.array(None),
    1j,
    1 + 0j,
    np.complex64(1),
    [1],
    (1,),
    {},
    {1},
    int,
    np.int64,
    np.dtype("int64"),
    np.array([1]),
    np.array([]),
    np.array([[1, 2]]),
    np.ma.masked,
    np.ma.array(1, mask=True),
    np.timedelta64(1, "ns"),
    np.datetime64(1, "ns"),
    boxed(np.timedelta64(1, "ns")),
    boxed(np.True_),
    boxed("1"),
    np.array((1,), dtype=[("a", int)])[()],
    sympy.Float("1.3"),
    sympy.nan,
    sympy.oo,
    sympy.zoo,
    sympy.pi,
    sympy.I,
    sympy.Symbol("j"),
    sympy.true,
    mpmath.mpf("1.3"),
    NEARLY_A_HALF,
    mpmath.nan,
    mpmath.inf,
    mpmath.mpc(1),
    flint.arb(1),
    Unprintable(),
    object(),
]
"""What is no exact half of any type: every function of a label must refuse it."""

HALVES: list[object] = [0.5, Fraction(3, 2), np.float32(0.5), sympy.Rational(1, 2), Decimal("2.5")]
"""Labels for SU(2) only: functions of whole labels must refuse them."""

NEGATIVES: list[object] = [-1, -1.0, np.int8(-128), Fraction(-2), sympy.Integer(-3), -(2**64), -(10**5000)]
"""Whole and negative: fit for an m, never for a j or l."""


def named(values: list[object]) -> list[object]:
    """Return pytest parameters with short ids."""
    return [pytest.param(value, id=f"{index}-{type(value).__name__}") for index, value in enumerate(values)]
