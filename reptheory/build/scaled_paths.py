"""Scaled paths: Clebsch-Gordan blocks times exact factors, a factor for each variant of a path.

Products other than the Clebsch-Gordan one couple irreps along the same paths, times a surd that depends on
where the irreps stand: sqrt((2 l1 + 1)(2 l2 + 1)) times a 6j symbol in a matrix product. Factor times
coefficient is a surd again, rounded once from its exact value and proven, never from two rounded factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.build.paths import PathTable
from reptheory.build.proof import proven_floats
from reptheory.build.size import available_memory
from reptheory.errors import TooLarge
from reptheory.exact.coupling import coupling_block
from reptheory.exact.rounding import FloatName
from reptheory.exact.surd import Surd

__all__ = ["ScaledPath", "require_memory", "rounded", "scaled_paths"]

ScaledPath = tuple[int, int, int, int]
"""l1, l2, l3 and the variant."""

_ROW_BYTES = 500
"""Peak memory of a row: two integers, their place in a dictionary, and the floats."""


def scaled_paths(factors: Mapping[ScaledPath, Surd], subject: str) -> PathTable:
    """Return factor times <l1 m1 l2 m2 | l3 m3> in the real basis for every path and variant.

    factors   nonzero real surds with one power of pi
    subject   names the product in errors
    raises    TooLarge: they would not fit in memory

    >>> scaled_paths({(0, 0, 0, 0): Surd.rational(2), (0, 0, 0, 5): Surd.rational(3)}, "two").float64
    array([2., 3.])
    """
    require_memory([path[:3] for path in factors], subject)
    index: list[NDArray[np.int32]] = [np.zeros((0, 6), dtype=np.int32)]
    numerators: list[int] = []
    denominators: list[int] = []
    variants: list[int] = []
    for (l1, l2, l3, variant), factor in sorted(factors.items(), key=lambda item: item[0]):
        block = coupling_block("clebsch_gordan", l1, l2, l3)
        top, bottom = factor.sign * factor.radicand.numerator, factor.radicand.denominator
        labels = np.broadcast_to([l1, l2, l3], (block.nnz, 3))
        index.append(np.hstack([labels, block.indices - [l1, l2, l3]]).astype(np.int32))
        numerators.extend(number * top for number in block.numerators)
        denominators.extend(number * bottom for number in block.denominators)
        variants.extend([variant] * block.nnz)
    pi_power = next((factor.pi_power for factor in factors.values()), 0)
    exact = numerators, denominators, pi_power
    return PathTable(
        np.concatenate(index),
        rounded(*exact, "float64"),
        rounded(*exact, "float32"),
        *exact,
        np.array(variants, dtype=np.int64),
    )


def rounded(numerators: list[int], denominators: list[int], pi_power: int, form: FloatName) -> NDArray[Any]:
    """Round every coefficient, equal ones once."""
    exact = list(zip(numerators, denominators, strict=True))
    distinct = list(dict.fromkeys(exact))
    floats = proven_floats([n for n, _ in distinct], [d for _, d in distinct], pi_power, form)
    known = dict(zip(distinct, floats.tolist(), strict=True))
    return np.array([known[one] for one in exact], dtype=form)


def require_memory(paths: Iterable[tuple[int, int, int]], subject: str) -> None:
    """Raise TooLarge if the coefficients of some paths of degrees would not fit in memory."""
    needed, free = 0, available_memory()
    for l1, l2, l3 in paths:
        low, middle, _ = sorted((l1, l2, l3))
        needed += 2 * (2 * low + 1) * (2 * middle + 1) * _ROW_BYTES
    if needed > free:
        raise TooLarge(
            f"{subject}: its coefficients need more than {needed >> 30} GiB of memory, but {free >> 30} GiB "
            "are free; choose lower degrees"
        )
