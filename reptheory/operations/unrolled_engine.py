"""Unrolled engine: a coefficient table of few terms by code of its own.

The table and its bound are those of `TableEngine`, and only the kernel differs. Terms are ordered by their
places in x and y: those of one pair share its product. A map that is symmetric in x and y, as the Gaunt
product of equal degrees is, takes half the terms.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.pool import over_samples
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.kernels.simd.unrolled import Pattern, unrolled
from reptheory.operations.coupling_plan import term_places
from reptheory.operations.engines import COPYING, TableEngine, flat_read_only

__all__ = ["UnrolledEngine"]

Array = NDArray[Any]


class UnrolledEngine(TableEngine):
    """A sparse coefficient table whose terms are machine code."""

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return term_places(self._products, self._terms)

    @cached_property
    def _symmetric(self) -> bool:
        """Tell whether swapping x and y changes nothing, exactly."""
        there, back = self._places, self._places[:, [1, 0, 2, 3]]
        back = back[np.lexsort(back.T[2::-1])]
        exact = self._plan("float64").values
        same = np.array_equal(there[:, :3], back[:, :3])
        return same and np.array_equal(exact[there[:, 3]], exact[back[:, 3]])

    @cached_property
    def _kept(self) -> NDArray[np.int64]:
        """The terms of the code."""
        places = self._places
        return places[places[:, 0] >= places[:, 1]] if self._symmetric else places

    @cached_property
    def _kernel(self) -> Any:
        places = [(i, j, k) for i, j, k, _ in self._kept.tolist()]
        return unrolled(Pattern(self._dims, self._symmetric, places).write())

    @cached_property
    def _padded(self) -> dict[tuple[str, str], list[list[Array]]]:
        """Arrays of one vector of x, y and z that no call uses, and flat views, by the dtypes of x and z."""
        return {}

    @cached_property
    def _values(self) -> dict[str, Array]:
        """Coefficients in the order of the code, by the name of their plan."""
        return {}

    @cached_property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (terms, roundings) of each output: all its terms are one row."""
        terms, kept = (np.bincount(p[:, 2], minlength=self._dims[2]) for p in (self._places, self._kept))
        return terms, np.where(terms > 0, kept + 2 + self._symmetric, 0)

    def _apply(self, x: Array, y: Array, z: Array, name: str, threads: int | None) -> None:
        values = self._values.get(name)
        if values is None:
            values = self._values.setdefault(name, self._plan(name).values[self._kept[:, 3]])
        kernel, lanes = self._kernel, lanes_of(values.dtype)
        if len(x) < lanes:  # the kernel takes whole vectors of samples
            self._apply_to_few(x, y, z, values)
            return
        flat = flat_read_only(x), flat_read_only(y), z.ravel()

        def task(first: int, last: int) -> None:
            kernel(*flat, min(first, last - lanes), last, values)

        over_samples(task, len(x), lanes, self.cost + COPYING * sum(self._dims), threads)

    def _apply_to_few(self, x: Array, y: Array, z: Array, values: Array) -> None:
        """Write the product of fewer samples than a vector has lanes, in arrays of a vector that are kept."""
        lanes, key = lanes_of(values.dtype), (values.dtype.char, z.dtype.char)
        free = self._padded.setdefault(key, [])
        try:
            kept = free.pop()
        except IndexError:  # as often as calls run at once
            dtypes = values.dtype, values.dtype, z.dtype
            made = [np.zeros((lanes, dim), dtype) for dim, dtype in zip(self._dims, dtypes, strict=True)]
            kept = [*made, flat_read_only(made[0]), flat_read_only(made[1]), made[2].reshape(-1)]
        left, right, whole, *flat = kept
        left[: len(x)], right[: len(y)] = x, y
        self._kernel(*flat, 0, lanes, values)
        z[...] = whole[: len(z)]
        free.append(kept)
