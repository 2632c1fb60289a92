"""Rows: operands of which samples may share rows, laid out without repeating them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.operations.operands import common_axes, contiguous, flat_rows, read_last

__all__ = ["ALL", "EACH", "Rows", "row_operands"]

MANY = 1 << 62
"""More samples than there are."""
EACH, ALL = (MANY, 0, 1), (MANY, 0, 0)
"""The steps of rows of which every sample has its own, and of one row for all."""


class Rows(NamedTuple):
    """An operand whose rows samples may share: n has row (n // inner) * outer_step + n % inner * step.

    array   (rows, dim), C-contiguous
    steps   inner, outer_step, step
    """

    array: NDArray[Any]
    steps: tuple[int, int, int] = EACH

    def widened(self) -> Rows:
        """Return them in float64."""
        return self._replace(array=self.array.astype(np.float64, copy=False))

    def of(self, first: int, last: int) -> NDArray[Any]:
        """Return the rows of samples first..last - 1, a view where every sample has its own."""
        if self.steps == EACH:
            return self.array[first:last]
        sample, (inner, outer_step, step) = np.arange(first, last), self.steps
        own: NDArray[Any] = self.array[sample // inner * outer_step + sample % inner * step]
        return own


def row_operands(
    names: Sequence[str], arrays: Sequence[ArrayLike], dims: Sequence[int], meanings: Sequence[str]
) -> tuple[list[Rows], tuple[int, ...]]:
    """Check operands and lay them out as rows, none repeated where leading axes broadcast in the usual ways.

    arrays     (..., dim) each
    returns    the rows of each, all of the widest dtype, and the common leading axes
    raises     OperandError
    """
    read = list(map(read_last, arrays, names, dims, meanings))
    shape, dtype = common_axes(names, read)
    samples = prod(shape)
    return [
        Rows(contiguous(array, dtype).reshape(samples, dim))
        if array.size == samples * dim  # also where axes of length 1 are missing
        else _shared(array, shape, dtype)
        for array, dim in zip(read, dims, strict=True)
    ], shape


def _shared(array: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Rows:
    """Share rows if the array varies along the first or the last leading axes only; else repeat them."""
    if array.size == array.shape[-1]:
        return Rows(contiguous(array, dtype).reshape(1, -1), ALL)
    own = (1,) * (len(shape) - array.ndim + 1) + array.shape[:-1]
    varies = [a == b for a, b in zip(own, shape, strict=True) if b != 1]
    lengths = [b for b in shape if b != 1]
    cut = next((k for k in range(len(varies)) if varies[k] != varies[0]), len(varies))
    if any(varies[k] != varies[-1] for k in range(cut, len(varies))) or all(varies):
        return Rows(flat_rows(array, shape, dtype))
    flat = flat_rows(array, array.shape[:-1], dtype)
    inner = prod(lengths[cut:])
    return Rows(flat, (inner, 1, 0) if varies[0] else (inner, 0, 1))
