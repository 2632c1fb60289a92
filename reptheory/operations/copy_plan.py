"""Copy plans: lay out uuu instructions, and their gradients, for `kernels.copywise`."""

from __future__ import annotations

from math import gcd, lcm
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reptheory.kernels.copies import ENTRY
from reptheory.kernels.copywise import EXIT, GROUP, NODE, PATH, WIDTH, CopyPlan
from reptheory.kernels.simd.copies_plain import COPY_PATTERNS, rows_of
from reptheory.kernels.simd.tiles import lanes_of
from reptheory.operations.weighted_plan import WeightedSpec, table_rows, tile_entries

__all__ = ["copy_plan", "suits_copies"]

Array = NDArray[Any]

FEWEST_COPIES = 8
"""Copies from which on they fill vectors better than samples do."""


def suits_copies(spec: WeightedSpec) -> bool:
    """Tell whether every instruction is uuu with many copies."""
    return bool(spec.instructions) and all(
        one.connection_mode == "uuu" and spec.irreps[0][one.i_in1].mul >= FEWEST_COPIES
        for one in spec.instructions
    )


def copy_plan(spec: WeightedSpec, dtype: DTypeLike, *, absolute: DTypeLike | None = None) -> CopyPlan:
    """Return the plan of a product and of its gradients.

    absolute   for the bound of that dtype: absolute values, none below its smallest normal number
    """
    return _Builder(spec, np.dtype(dtype), None if absolute is None else np.dtype(absolute)).build()


def _pattern(m1: int, m2: int, m3: int, odd: bool) -> int:
    """Return the number in COPY_PATTERNS of what couples m1, m2, m3; odd: whether l1 + l2 + l3 is."""
    if 0 in (m1, m2, m3):
        return 0 if m1 == m2 == m3 else 1 if m2 == 0 else 2 if m3 == 0 else 4 if odd else 3
    return 5 if m1 == m2 + m3 else 6 if m2 == m1 + m3 else 7


class _Path(NamedTuple):
    """A path of a group: its columns of weights and of h, first row of h, l1, l1 + l2 + l3 odd, coefficients.

    pulls   the terms (row of p, coefficient) of each order m >= 0 of x
    """

    row: int
    l1: int
    odd: bool
    values: Array
    pulls: list[list[tuple[int, float]]]

    def value(self, m1: int, m2: int, m3: int, pattern: int) -> float:
        """Return what couples m1, m2, m3: the coefficient of the first use of the pattern."""
        _, d2, d3 = self.values.shape
        _, b, _, _ = COPY_PATTERNS[pattern][0]
        i = self.l1 + (-m1 if self.odd else m1)
        return float(self.values[i, d2 // 2 + (-m2 if b else m2), d3 // 2 + m3])

    def place(self, m1: int) -> int:
        """Return the row of h of an order, or of the first of its pair."""
        return self.row + max(2 * m1 - 1, 0)


class _Builder:
    """Collects tables of terms, groups, paths, exits and nodes."""

    def __init__(self, spec: WeightedSpec, dtype: np.dtype[Any], absolute: np.dtype[Any] | None) -> None:
        self.spec, self.dtype, self.absolute = spec, dtype, absolute
        self.lanes = lanes_of(dtype)
        vectors = {-(-mul // self.lanes) for irreps in spec.irreps for mul, _ in irreps if mul}
        self.samples = lcm(*(WIDTH // gcd(WIDTH, count) for count in vectors))
        self.sides = [tile_entries(irreps, self.lanes, self.samples) for irreps in spec.irreps]
        self.width = self.samples * max((row[4] for rows, _ in self.sides for row in rows), default=0)
        self.terms: list[tuple[int, float]] = []
        self.groups: list[tuple[int, ...]] = []
        self.paths: list[tuple[int, ...]] = []
        self.exits: list[tuple[int, ...]] = []
        self.nodes: list[tuple[int, ...]] = []
        self.pulls: list[tuple[int, int]] = []

    def build(self) -> CopyPlan:
        """Lay out the pairs of entries of y and z, and the paths of each pair."""
        pairs: dict[tuple[int, int], list[int]] = {}
        for place, one in enumerate(self.spec.instructions):
            if self.spec.irreps[0][one.i_in1].mul:
                pairs.setdefault((one.i_out, one.i_in2), []).append(place)
        weighted = paired = 0
        for (k, j), members in sorted(pairs.items(), key=self._kind):
            rows, products = self._group(j, k, members)
            weighted, paired = max(weighted, rows), max(paired, products)
        dims, counts = self.spec.dims, [len(rows) for rows, _ in self.sides]
        tiles = [size for _, size in self.sides]
        places, values = zip(*self.terms, strict=True) if self.terms else ((), ())
        return CopyPlan(
            np.array(values, self.dtype),
            np.array(places, np.int32),
            table_rows(self.groups, GROUP),
            table_rows(self.paths, PATH),
            table_rows(self.exits, EXIT),
            table_rows(self.nodes, NODE),
            table_rows(self.pulls, 2),
            table_rows([row for rows, _ in self.sides for row in rows], ENTRY),
            (dims[0], dims[1], dims[2], self.spec.weight_starts[-1]),
            (self.samples, tiles[0], tiles[1], tiles[2], weighted, paired, self.width),
            (counts[0], counts[1], counts[2]),
            int(self.spec.layout == "mul_ir"),
            int(self._direct()),
        )

    def _kind(self, pair: tuple[tuple[int, int], list[int]]) -> Any:
        """Return what groups are ordered by: those with the same tables side by side."""
        (k, j), members = pair
        l1s = [self.spec.irreps[0][self.spec.instructions[place].i_in1].ir.l for place in members]
        return self.spec.irreps[2][k].ir.l, self.spec.irreps[1][j].ir.l, l1s, k, j

    def _direct(self) -> bool:
        """Tell whether every row of copies is a whole number of blocks, as it stands in the arrays."""
        muls = {mul for irreps in self.spec.irreps for mul, _ in irreps}
        return self.spec.layout == "ir_mul" and all(mul % (WIDTH * self.lanes) == 0 for mul in muls)

    def _group(self, j: int, k: int, members: list[int]) -> tuple[int, int]:
        """Add the paths from an entry of y to one of z; return how many rows of h and of p they need."""
        _, _, d2, y0, padded = self.sides[1][0][j]
        _, _, d3, z0, _ = self.sides[2][0][k]
        l2, l3, stride = d2 // 2, d3 // 2, self.samples * padded
        first_path, first_exit, first_term, rows, products = (
            len(self.paths),
            len(self.exits),
            len(self.terms),
            0,
            0,
        )
        pulled, paths = len(self.pulls), []
        for place in members:
            paths.append(self._path(place, rows, pulled, stride))
            rows += len(paths[-1].values)
            pulled += len(paths[-1].pulls)
        for m3 in range(l3 + 1):
            first, nodes = len(self.nodes), []
            for m2 in range(l2 + 1):
                nodes += self._nodes_of(paths, m2, m3)
            for pattern, m2, terms in sorted(nodes, key=lambda node: (node[0], len(node[2]))):
                y = [y0 + (l2 + m) * stride for m in (m2, -m2)]
                for number, (shape, turned, second) in enumerate(self._split(pattern)):
                    rows_of_h = [(place + second, value) for place, value, *_ in terms]
                    self.nodes.append((shape, *self._add(rows_of_h), *y[::turned], products + number))
                for _, value, path, m1 in terms:
                    path.pulls[m1].append((products, value))
                products += rows_of(pattern)
            z = [z0 + (l3 + m) * stride for m in (m3, -m3)]
            self.exits.append((*z, first, len(self.nodes)))
        for path in paths:
            self.pulls += [self._add(terms) for terms in path.pulls]
        tables = first_path, len(self.paths), first_exit, len(self.exits)
        self.groups.append((stride, *tables, y0 + l2 * stride, z0 + l3 * stride, first_term))
        return rows, products

    def _split(self, pattern: int) -> list[tuple[int, int, int]]:
        """Return (pattern, -1 for y turned round or 1, row of the pair) of what stands for a pattern.

        In a plan of absolute values nothing may be subtracted: there each row of a pair is a node of its own.
        """
        if self.absolute is None or pattern < 4:
            return [(pattern, 1, 0)]
        return [(3, -1, 0)] if pattern == 4 else [(3, 1, 0), (3, -1, 1)]

    def _nodes_of(self, paths: list[_Path], m2: int, m3: int) -> list[tuple[int, int, list[Any]]]:
        """Return (pattern, m2, terms) of each node of m2 and m3, terms as (row of h, value, path, m1)."""
        nodes: dict[tuple[int, int], list[Any]] = {}
        for path in paths:
            for m1 in {m2 + m3, abs(m2 - m3)}:
                pattern = _pattern(m1, m2, m3, path.odd)
                value = path.value(m1, m2, m3, pattern) if m1 <= path.l1 else 0
                if value:
                    nodes.setdefault((pattern, m1), []).append((path.place(m1), value, path, m1))
        return [(pattern, m2, terms) for (pattern, _), terms in nodes.items()]

    def _path(self, place: int, row: int, pulled: int, stride: int) -> _Path:
        """Add a path whose rows of h, and of `pulls`, begin at `row` and `pulled`."""
        one = self.spec.instructions[place]
        block, (_, _, d1, x0, _) = self.spec.block(one), self.sides[0][0][one.i_in1]
        l1, l2, l3 = (self.spec.irreps[k][one.entries[k]].ir.l for k in range(3))
        odd, values = (l1 + l2 + l3) % 2, block.values(self.dtype)
        if self.absolute is not None:
            values = np.maximum(np.abs(values), np.finfo(self.absolute).smallest_normal)
        dense = np.zeros((d1, 2 * l2 + 1, 2 * l3 + 1), self.dtype)
        dense[tuple(block.index.T)] = values
        weights = (self.spec.weight_starts[place], 1) if one.has_weight else (0, 0)
        to_z = len(self.sides[0][0]) + len(self.sides[1][0]) + one.i_out
        step = -stride if odd else stride
        negative = odd if self.absolute is None else 0
        from_x = (x0 + l1 * stride, step, l1, negative, row, pulled)
        self.paths.append((*weights, to_z, len(self.paths) * self.width, *from_x))
        return _Path(row, l1, bool(odd), dense, [[] for _ in range(l1 + 1)])

    def _add(self, terms: list[tuple[int, float]]) -> tuple[int, int]:
        """Add terms; return the first and the last + 1."""
        first = len(self.terms)
        self.terms += terms
        return first, len(self.terms)
