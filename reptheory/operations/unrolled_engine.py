"""Unrolled engine: a coefficient table of few terms by code of its own.

The table and its bound are those of `TableEngine`, and only the kernel differs. Terms are ordered by their
places in x and y: those of one pair share its product.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.pool import over_samples
from reptheory.kernels.simd import lanes_of
from reptheory.kernels.unrolled import pattern_of, unrolled
from reptheory.operations.coupling_plan import term_places
from reptheory.operations.engines import COPYING, TableEngine, flat_read_only

__all__ = ["UnrolledEngine"]

Array = NDArray[Any]


class UnrolledEngine(TableEngine):
    """A sparse coefficient table whose terms are machine code."""

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return term_places(self._pairs, self._terms)

    @cached_property
    def _kernel(self) -> Any:
        return unrolled(pattern_of(self._dims, self._places[:, :3]))

    @cached_property
    def _values(self) -> dict[str, Array]:
        """Coefficients in the order of the code, by the name of their plan."""
        return {}

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (terms, roundings) of each output: all its terms are one row."""
        terms = np.bincount(self._places[:, 2], minlength=self._dims[2])
        return terms, np.where(terms > 0, terms + 2, 0)

    def _apply(self, x: Array, y: Array, z: Array, name: str, threads: int | None) -> None:
        values = self._values.get(name)
        if values is None:
            values = self._values.setdefault(name, self._plan(name).values[self._places[:, 3]])
        kernel, lanes = self._kernel, lanes_of(values.dtype)
        if len(x) < lanes:  # the kernel takes whole vectors of samples
            self._apply_to_few(x, y, z, values)
            return
        flat = flat_read_only(x), flat_read_only(y), z.reshape(-1)

        def task(first: int, last: int) -> None:
            kernel(*flat, min(first, last - lanes), last, values)

        over_samples(task, len(x), lanes, self.cost + COPYING * sum(self._dims), threads)

    def _apply_to_few(self, x: Array, y: Array, z: Array, values: Array) -> None:
        """Write the product of fewer samples than a vector has lanes, padded with zeros."""
        lanes = lanes_of(values.dtype)
        left, right = (np.zeros((lanes, dim), values.dtype) for dim in self._dims[:2])
        left[: len(x)], right[: len(y)] = x, y
        whole = np.empty((lanes, self._dims[2]), z.dtype)
        self._kernel(flat_read_only(left), flat_read_only(right), whole.reshape(-1), 0, lanes, values)
        z[...] = whole[: len(z)]
