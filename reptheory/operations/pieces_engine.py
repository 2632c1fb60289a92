"""Pieces engine: products of all pairs of copies, uvuv, more than a tile should hold, piece by piece.

A piece is some copies u with all copies v, or one copy u with some v: a product of its own, with its part of
each operand. What several pieces add to has their bounds, summed, and gamma_p of their sizes for p of them
[Higham 2002, (3.5)].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.groups.o3 import Irreps
from reptheory.operations.channel_engine import summed_limit
from reptheory.operations.instructions import Instruction
from reptheory.operations.layouts import Layout
from reptheory.operations.weighted_engine import SampleEngine
from reptheory.operations.weighted_plan import WeightedSpec

__all__ = ["PiecesEngine", "suits_pieces"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

MOST_ROWS = 2**18
"""Numbers of a sample, operands and result, that one tile may hold: 64 MiB."""
PIECE_ROWS = 2**15
"""Numbers of each operand and of the result of a sample in a piece, at most: 8 MiB of a tile."""
PIECE_BYTES = 2**25
"""Memory of the result of a piece for some samples at a time, unless one sample has more."""


def suits_pieces(spec: WeightedSpec) -> bool:
    """Tell whether a product has more pairs of copies than a tile should hold."""
    return sum(spec.dims) > MOST_ROWS and any(one.connection_mode == "uvuv" for one in spec.instructions)


class _Block(NamedTuple):
    """Copies first..last - 1 of an entry that begins at `start` and has `mul` copies of `dim` orders."""

    start: int
    mul: int
    dim: int
    first: int
    last: int

    def of(self, array: Array, layout: Layout) -> Array:
        """Return the block of each sample as a view."""
        whole = array[:, self.start : self.start + self.mul * self.dim]
        if layout == "mul_ir":
            return whole[:, self.first * self.dim : self.last * self.dim]
        return whole.reshape(len(array), self.dim, self.mul)[:, :, self.first : self.last]


class _Piece(NamedTuple):
    """A product, and where its x, y, z and weights stand in those of the whole one."""

    engine: SampleEngine
    blocks: tuple[list[_Block], ...]

    def numbers(self, operand: int) -> int:
        """Return how many numbers of an operand a sample has."""
        return sum((block.last - block.first) * block.dim for block in self.blocks[operand])


class PiecesEngine:
    """A product with many pairs of copies: `SampleEngine` for each piece of it."""

    def __init__(self, spec: WeightedSpec, rows: int = PIECE_ROWS) -> None:
        """Take pieces of at most `rows` numbers of each operand and of the result of a sample."""
        self._spec, self._rows = spec, rows

    @cached_property
    def _pieces(self) -> list[_Piece]:
        """The products of each uvuv instruction, and one of all others."""
        made: dict[Any, SampleEngine] = {}
        found = []
        for place, one in enumerate(self._spec.instructions):
            if one.connection_mode == "uvuv":
                sizes = self._spec.sizes(one)
                orders = max(self._spec.irreps[k][one.entries[k]].ir.dim for k in range(3))
                for u, v in _cuts(sizes["u"], sizes["v"], self._rows // orders):
                    found.append(self._pairs(place, one, u, v, made))
        others = [k for k, one in enumerate(self._spec.instructions) if one.connection_mode != "uvuv"]
        return [*found, self._others(others)] if others else found

    def _pairs(
        self, place: int, one: Instruction, u: range, v: range, made: dict[Any, SampleEngine]
    ) -> _Piece:
        """Return the piece of some pairs of copies of an instruction."""
        copies = self._spec.sizes(one)["v"]
        pairs = u[0] * copies + v[0], u[-1] * copies + v[-1] + 1
        blocks = [
            [self._block(k, one.entries[k], *ends)]
            for k, ends in enumerate([(u[0], u[-1] + 1), (v[0], v[-1] + 1), pairs])
        ]
        key = place, len(u), len(v)
        if key not in made:
            irreps = [
                Irreps([(own[0].last - own[0].first, self._spec.irreps[k][one.entries[k]].ir)])
                for k, own in enumerate(blocks)
            ]
            alone = one._replace(i_in1=0, i_in2=0, i_out=0, path_shape=(len(u), len(v)))
            made[key] = SampleEngine(WeightedSpec(tuple(irreps), (alone,), self._spec.layout))  # type: ignore[arg-type]
        start = self._spec.weight_starts[place]
        weights = [_Block(start, one.weight_numel, 1, *pairs)] if one.has_weight else []
        return _Piece(made[key], (*blocks, weights))

    def _others(self, places: list[int]) -> _Piece:
        """Return the piece of whole instructions, with the entries that they need."""
        some = [self._spec.instructions[place] for place in places]
        used = [sorted({one.entries[k] for one in some}) for k in range(3)]
        irreps = [Irreps([self._spec.irreps[k][entry] for entry in used[k]]) for k in range(3)]
        alone = [
            one._replace(
                i_in1=used[0].index(one.i_in1), i_in2=used[1].index(one.i_in2), i_out=used[2].index(one.i_out)
            )
            for one in some
        ]
        blocks = [[self._block(k, entry) for entry in used[k]] for k in range(3)]
        starts = self._spec.weight_starts
        counts = [(starts[place], self._spec.instructions[place].weight_numel) for place in places]
        weights = [_Block(start, count, 1, 0, count) for start, count in counts]
        engine = SampleEngine(WeightedSpec(tuple(irreps), tuple(alone), self._spec.layout))  # type: ignore[arg-type]
        return _Piece(engine, (*blocks, weights))

    def _block(self, operand: int, entry: int, first: int = 0, last: int | None = None) -> _Block:
        irreps = self._spec.irreps[operand]
        mul, ir = irreps[entry]
        return _Block(irreps.slices()[entry].start, mul, ir.dim, first, mul if last is None else last)

    @cached_property
    def cost(self) -> int:
        """Multiplications of one sample."""
        return sum(piece.engine.cost for piece in self._pieces)

    def _take(self, piece: _Piece, operand: int, array: Array, rows: slice) -> Array:
        """Return a piece's part of an operand, C-contiguous; shared weights have one axis."""
        whole = array[np.newaxis] if array.ndim == 1 else array[rows]
        parts = [block.of(whole, self._spec.layout) for block in piece.blocks[operand]]
        flat = [part.reshape(len(whole), -1) for part in parts]
        taken = np.concatenate([np.empty((len(whole), 0), array.dtype), *flat], axis=1)
        return taken[0] if array.ndim == 1 else taken

    def _add(self, piece: _Piece, operand: int, total: Array, rows: slice, part: Any) -> None:
        """Add a piece's part of a result."""
        whole = total[np.newaxis] if total.ndim == 1 else total[rows]
        part, place = np.broadcast_to(part, (len(whole), piece.numbers(operand))), 0
        for block in piece.blocks[operand]:
            view = block.of(whole, self._spec.layout)
            count = prod(view.shape[1:])
            view += part[:, place : place + count].reshape(view.shape)
            place += count

    def _parts(self, *arrays: Array) -> Iterator[tuple[_Piece, slice, list[Array]]]:
        """Yield the pieces, some samples at a time, with their parts of x, y, weights and perhaps grad."""
        for piece in self._pieces:
            step = max(1, PIECE_BYTES // max(1, piece.numbers(2) * arrays[0].itemsize))
            for first in range(0, len(arrays[0]), step):
                rows = slice(first, first + step)
                places = zip((0, 1, 3, 2), arrays, strict=False)
                yield piece, rows, [self._take(piece, k, array, rows) for k, array in places]

    def run(self, x: Array, y: Array, weights: Array, z: Array, threads: int | None) -> None:
        """Write the product to z."""
        z.fill(0)
        for piece, rows, own in self._parts(x, y, weights):
            part = np.empty((len(own[0]), piece.numbers(2)), z.dtype)
            piece.engine.run(own[0], own[1], own[2], part, threads)
            self._add(piece, 2, z, rows, part)

    def bound(self, x: Array, y: Array, weights: Array, dtype: np.dtype[Any]) -> Bound:
        """Bound the error of `run` in `dtype` elementwise."""
        size, slack, terms = _totals((len(x), self._spec.dims[2]))
        for piece, rows, own in self._parts(x, y, weights):
            part = np.empty((len(own[0]), piece.numbers(2)), dtype)
            piece.engine.run(own[0], own[1], own[2], part, None)
            limit = piece.engine.bound(own[0], own[1], own[2], dtype)
            self._collect(piece, 2, rows, (size, slack, terms), (part, limit))
        return summed_limit(size, slack, terms, dtype)

    def gradients(
        self, x: Array, y: Array, weights: Array, grad: Array, threads: int | None
    ) -> tuple[Array, Array, Array]:
        """Return the gradients of x, y and the weights, the last summed over samples if they are shared."""
        found = np.zeros_like(x), np.zeros_like(y), np.zeros_like(weights)
        for piece, rows, own in self._parts(x, y, weights, grad):
            values = piece.engine.gradients(own[0], own[1], own[2], own[3], threads)
            for operand, total, part in zip((0, 1, 3), found, values, strict=True):
                self._add(piece, operand, total, rows, part)
        return found

    def gradient_bounds(
        self, x: Array, y: Array, weights: Array, grad: Array, dtype: np.dtype[Any]
    ) -> tuple[Bound, Bound, Bound]:
        """Bound the errors of `gradients`, which computed in `dtype`."""
        found = [_totals(array.shape) for array in (x, y, weights)]
        for piece, rows, own in self._parts(x, y, weights, grad):
            values = piece.engine.gradients(own[0], own[1], own[2], own[3], None)
            limits = piece.engine.gradient_bounds(own[0], own[1], own[2], own[3], dtype)
            for operand, totals, *pair in zip((0, 1, 3), found, values, limits, strict=True):
                self._collect(piece, operand, rows, totals, pair)
        to_x, to_y, to_w = (summed_limit(*totals, dtype) for totals in found)
        return to_x, to_y, to_w

    def _collect(
        self, piece: _Piece, operand: int, rows: slice, totals: tuple[Array, ...], pair: Sequence[Array]
    ) -> None:
        """Add the size of a part of a result, the bound on its error, and 1 to the number of parts."""
        for total, part in zip(totals, (np.abs(pair[0].astype(np.float64)), pair[1], 1), strict=True):
            self._add(piece, operand, total, rows, part)


def _totals(shape: tuple[int, ...]) -> tuple[Bound, Bound, NDArray[np.int64]]:
    return np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)


def _cuts(us: int, vs: int, pairs: int) -> Iterator[tuple[range, range]]:
    """Yield the copies u and v of each piece of so many pairs: several u have all v."""
    some, most = max(1, pairs // max(vs, 1)), max(1, pairs)
    for u in range(0, us, some):
        for v in range(0, vs, most):
            yield range(u, min(u + some, us)), range(v, min(v + most, vs))
