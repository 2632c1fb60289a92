"""Bounds: the constants of order-free rounding error bounds, each rounded upward.

gamma_n = n u / (1 - n u) bounds the relative error of a product of n factors (1 + d)^(+-1), |d| <= u, and so
of a term on whose way to the result n roundings lie, whatever the order of the sum and with or without fused
multiply-add [Higham, Accuracy and Stability of Numerical Algorithms, 2e, Lemma 3.1 and (3.5)].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["gamma", "norm", "smallest", "times", "unit_roundoff", "upward"]

_SLACK = 1.0 + 2.0**-48
"""Covers the few roundings of evaluating a bound itself in float64."""


def unit_roundoff(dtype: DTypeLike) -> float:
    """Return u, half the distance from 1 to the next float of the dtype."""
    return float(np.finfo(np.dtype(dtype)).eps) / 2


def smallest(dtype: DTypeLike) -> float:
    """Return eta, the smallest positive float of the dtype; underflow costs a product at most eta/2."""
    return float(np.finfo(np.dtype(dtype)).smallest_subnormal)


def gamma(roundings: NDArray[np.int64] | int, dtype: DTypeLike) -> NDArray[np.float64]:
    """Return gamma_n for n = roundings in the dtype, rounded upward; n u must be below 1/2."""
    product = np.asarray(roundings, dtype=np.float64) * unit_roundoff(dtype)
    if np.any(product >= 0.5):
        raise OverflowError("gamma: more roundings than the bound admits (n u >= 1/2); use a wider dtype")
    return np.asarray(product / (1 - product) * _SLACK)


def upward(absolute: NDArray[np.float64], evaluated: NDArray[np.int64] | int) -> NDArray[np.float64]:
    """Return an upper bound of a nonnegative sum that float64 evaluated with `evaluated` roundings a term.

    The value is at least (1 - gamma_n) of the exact one where nothing underflows; callers add what may.
    """
    return absolute / (1 - gamma(evaluated, np.float64)) * _SLACK


def norm(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return an upper bound of the 2-norm along the last axis, of at most 2^11 numbers, whatever their size.

    Of numbers that are not finite it is NaN or infinite.
    """
    size = np.abs(array.astype(np.float64))
    largest = size.max(axis=-1, initial=0.0)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        unit = np.where(largest > 0, largest, 1.0)
        length = np.sqrt(((size / unit[..., None]) ** 2).sum(axis=-1)) * (1 + 2.0**-40)
    return times(largest, length)


def times(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an upper bound of the product of two nonnegative arrays; 0 where one is 0."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        product = one * other * _SLACK
        return np.asarray(np.where((one > 0) & (other > 0), product + smallest(np.float64), product))
