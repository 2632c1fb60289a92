"""Term sums: an engine of terms with sums of products of columns around it, in one kernel if it is on rings.

By tables a kernel comes before it, where functions are made, and one behind, where results are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.pool import Prepared
from reptheory.kernels.rings import WIDTH, ring_scratch
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.kernels.term_sums import WIDE, SumPlan, ring_sums, row_sums
from reptheory.operations.engines import COPYING, float_name
from reptheory.operations.term_engines import RingTerms, TableTerms
from reptheory.operations.term_plan import apart, one_behind_the_other, prepared_terms

__all__ = ["Sums", "TermSums", "term_sums"]

Array = NDArray[Any]
Columns = NDArray[np.int64]


class Sums(NamedTuple):
    """Sums of products of two columns, before an engine and behind it.

    Columns are those of the operands, then a 1, those of functions that are made, and those of the results.

    operands    how many columns each has
    functions   which operand each function of the engine is; None: it is made
    made        columns of those that are made
    results     columns of each result of the engine
    outputs     columns of each output
    before      (n, 3): a column of what is made, which is a sum of products of two others
    after       (n, 3): a column of the outputs, counted from 0, and two others, the second not of a result
    """

    operands: tuple[int, ...]
    functions: tuple[int | None, ...]
    made: tuple[int, ...]
    results: tuple[int, ...]
    outputs: tuple[int, ...]
    before: Columns
    after: Columns

    @property
    def starts(self) -> list[int]:
        """The first column of each operand, of the 1, of what is made and of the results; the end."""
        return [0, *accumulate((*self.operands, 1, *self.made, *self.results))]

    def copied(self) -> list[int | None]:
        """Return for each output of which result it is a copy, if it is one."""
        starts, found, column = self.starts, [], 0
        ones, first = starts[len(self.operands)], len(self.operands) + 1 + len(self.made)
        for dim in self.outputs:
            order = np.arange(dim)
            rows = self.after[(self.after[:, 0] >= column) & (self.after[:, 0] < column + dim)]
            same = (
                np.array_equal(rows, np.column_stack([column + order, start + order, order * 0 + ones]))
                for start in starts[first:-1]
            )
            found.append(next((k for k, is_copy in enumerate(same) if is_copy), None))
            column += dim
        return found


class TermSums(Protocol):
    """What computes sums around an engine."""

    def run(self, operands: Sequence[Array], out: Array, threads: int | None) -> None:
        """Write the outputs, one behind the other, for operands (samples, dim) of its dtype."""


def term_sums(engine: RingTerms | TableTerms, sums: Sums) -> TermSums:
    """Return what computes sums around an engine."""
    return _TableSums(engine, sums) if isinstance(engine, TableTerms) else _RingSums(engine, sums)


def _first_of_each(rows: Columns) -> Columns:
    """Return rows target, a, b with a 1 behind the first one of each target."""
    fresh = np.zeros(len(rows), dtype=np.int64)
    fresh[np.unique(rows[:, 0], return_index=True)[1]] = 1
    return np.column_stack([rows, fresh]).astype(np.int64)


class _RingSums:
    """Sums around products on rings, all in one kernel."""

    def __init__(self, engine: RingTerms, sums: Sums) -> None:
        self._engine, self._sums = engine, sums
        self._kernels: dict[str, Prepared] = {}

    def run(self, operands: Sequence[Array], out: Array, threads: int | None) -> None:
        """Write the outputs, one behind the other."""
        given, samples = one_behind_the_other(operands), len(operands[0])
        name = float_name(given.dtype)
        kernel = self._kernels.get(name)
        if kernel is None:
            kernel = self._kernels.setdefault(name, self._kernel(name))
        kernel.run((given, samples, out), samples, threads)

    def _kernel(self, name: str) -> Prepared:
        """Lay out the rows of the tile: operands that are no function, the 1, outputs, then sides."""
        sums, rings, starts = self._sums, self._engine.plan(name), self._sums.starts
        copied = sums.copied()
        if sums.functions == tuple(range(len(sums.operands))) and copied == [*range(len(sums.results))]:
            return prepared_terms(rings, self._engine.cost)  # nothing around it
        row_of, arrays, row = np.zeros(starts[-1], dtype=np.int64), [], 0
        count, order = len(sums.operands), len(rings.position)
        for k, dim in enumerate(sums.operands):
            arrays.append([dim, row, order])
            if k not in sums.functions:
                row_of[starts[k] : starts[k] + dim] = row + np.arange(dim)
                row += dim
        ones = row_of[starts[count]] = row
        kept = np.repeat([one is None for one in copied], sums.outputs)
        first, base = ones + 1, ones + 1 + int(kept.sum())
        made = iter(range(count + 1, len(starts)))
        sides = rings.sides.tolist()
        for k, (_, _, place, dim, tile, *_) in enumerate(sides):
            function = sums.functions[k] if k < rings.functions else None
            if function is not None:
                arrays[function] = [dim, base + tile, place]
            start = starts[next(made) if function is None else function]
            row_of[start : start + dim] = base + tile + rings.position[place : place + dim]
        row = first
        for dim, result in zip(sums.outputs, copied, strict=True):
            if result is None:
                arrays.append([dim, row, order])
                row += dim
            else:
                _, _, place, _, tile, *_ = sides[rings.functions + result]
                arrays.append([dim, base + tile, place])
        after = sums.after[kept[sums.after[:, 0]]]
        rows = [row_of[sums.before], row_of[after]]
        rows[1][:, 0] = first + (np.cumsum(kept) - 1)[after[:, 0]]
        longest = np.arange(max(*sums.operands, *sums.outputs), dtype=np.int32)
        plan = SumPlan(
            np.array(arrays, dtype=np.int64),
            np.concatenate([rings.position, longest]),
            np.concatenate([_first_of_each(one) for one in rows]),
            count,
            len(rows[0]),
            ones,
            (first, base - first),
        )
        table = rings.sides.copy()
        table[:, 4] += base
        moved = rings._replace(sides=table, rows=(base + rings.rows[0], rings.rows[1]))
        cost = self._engine.cost + len(plan.rows) + COPYING * (sum(sums.operands) + sum(sums.outputs))
        dtype, need = rings.matrices.dtype, ring_scratch(moved)
        return Prepared(ring_sums, (moved, plan), need, dtype, WIDTH * lanes_of(dtype), cost)


class _Rows:
    """Sums of products of the columns of arrays.

    blocks   first column and number of columns of each array that may be read
    ones     the column that is 1
    """

    def __init__(
        self, blocks: Sequence[tuple[int, int]], ones: int, entries: Columns, outputs: Sequence[int]
    ) -> None:
        read = np.unique(entries[:, 1:])
        self.used = [
            k for k, (start, dim) in enumerate(blocks) if ((read >= start) & (read < start + dim)).any()
        ]
        self._outputs = tuple(outputs)
        chosen = [blocks[k] for k in self.used]
        row_of = np.zeros(1 + max([ones, *(sum(block) for block in blocks)]), dtype=np.int64)
        arrays, row = [], 0
        for start, dim in chosen:
            arrays.append([dim, row, 0])
            row_of[start : start + dim] = row + np.arange(dim)
            row += dim
        row_of[ones] = row
        first = row + 1
        arrays += [[dim, first + before, 0] for dim, before in zip(
            self._outputs, accumulate((0, *self._outputs)), strict=False
        )]  # fmt: skip
        rows = np.column_stack([first + entries[:, 0], row_of[entries[:, 1:]]])
        longest = max(dim for dim, *_ in arrays)
        self._plan = SumPlan(
            np.array(arrays, dtype=np.int64),
            np.arange(longest, dtype=np.int32),
            _first_of_each(rows),
            len(chosen),
            0,
            row,
            (first, sum(self._outputs)),
        )
        self._cost = len(rows) + COPYING * (row + sum(self._outputs))
        self._kernels: dict[np.dtype[Any], Prepared] = {}

    def run(self, arrays: Sequence[Array], out: Array, threads: int | None) -> None:
        """Write the outputs, one behind the other, of the arrays that are used."""
        given, samples = one_behind_the_other(arrays), len(arrays[0])
        kernel = self._kernels.get(given.dtype)
        if kernel is None:
            first, count = self._plan.outputs
            tile = WIDE * lanes_of(given.dtype)
            need = (first + count) * tile
            made = Prepared(row_sums, self._plan, need, given.dtype, tile, self._cost)
            kernel = self._kernels.setdefault(given.dtype, made)
        kernel.run((given, samples, out), samples, threads)


class _TableSums:
    """Sums around products by tables."""

    def __init__(self, engine: TableTerms, sums: Sums) -> None:
        self._engine, self._sums = engine, sums
        starts, count = sums.starts, len(sums.operands)
        blocks = list(zip(starts, sums.operands, strict=False))
        self._ones = starts[count]
        first = self._ones + 1
        behind = sums.before - np.array([first, 0, 0])
        self._before = _Rows(blocks, self._ones, behind, sums.made) if sums.made else None
        blocks += zip(starts[count + 1 :], sums.made, strict=False)
        end = starts[count + 1 + len(sums.made)]
        places = [0] * len(sums.functions)
        for step in engine.steps:
            dim = (step.degrees[2] + 1) ** 2
            places.append(end)
            blocks.append((end, dim))
            end += dim
        after = np.array(list(self._of_values(places, dict(blocks))), dtype=np.int64)
        self._after = _Rows(blocks, self._ones, after, sums.outputs)
        self._direct = len(engine.terms) == 1 and sums.copied() == [0] and blocks[-1][1] == sums.outputs[0]

    def _of_values(self, places: list[int], dims: dict[int, int]) -> Iterator[tuple[int, int, int]]:
        """Yield the sums with the products of all terms of a result in its place.

        places, dims   the first column of each value, and how many it has
        """
        sums, starts = self._sums, self._sums.starts
        first = len(sums.operands) + 1 + len(sums.made)
        owner = np.searchsorted(starts, sums.after[:, 1], side="right") - 1 - first
        for (target, a, b), result in zip(sums.after.tolist(), owner.tolist(), strict=True):
            if result < 0:
                yield target, a, b
                continue
            column = a - starts[first + result]
            for place, own, _ in self._engine.terms:
                if own == result and column < dims[places[place]]:
                    yield target, places[place] + column, b

    def run(self, operands: Sequence[Array], out: Array, threads: int | None) -> None:
        """Write the outputs, one behind the other."""
        if self._direct:
            self._engine.values(operands, threads, out.reshape(len(operands[0]), -1))
            return
        made: list[Array] = []
        if self._before is not None:
            samples, dims = len(operands[0]), self._sums.made
            flat = np.empty(samples * sum(dims), operands[0].dtype)
            self._before.run([operands[k] for k in self._before.used], flat, threads)
            made = apart(flat, samples, dims)
        rest = iter(made)
        functions = [next(rest) if one is None else operands[one] for one in self._sums.functions]
        products = self._engine.values(functions, threads)[len(functions) :]
        everything = [*operands, *made, *products]
        self._after.run([everything[k] for k in self._after.used], out, threads)
