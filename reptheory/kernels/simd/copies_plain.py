"""Products copy by copy in plain NumPy: twins of `copies`, and what its tables mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.simd.plain import lanes_of

__all__ = [
    "COPY_EXIT",
    "COPY_GROUP",
    "COPY_NODE",
    "COPY_PATH",
    "COPY_PATTERNS",
    "copy_pull_plain",
    "couple_plain",
    "rows_of",
]

Array = NDArray[Any]

COPY_GROUP, COPY_PATH, COPY_EXIT, COPY_NODE = 8, 10, 4, 6
"""Columns of the tables of `copywise.CopyPlan`."""
COPY_PATTERNS = (
    ((0, 0, 0, 1),),
    ((0, 0, 0, 1), (1, 0, 1, 1)),
    ((0, 0, 0, 1), (1, 1, 0, 1)),
    ((0, 0, 0, 1), (0, 1, 1, 1)),
    ((0, 1, 0, 1), (0, 0, 1, -1)),
    ((0, 0, 0, 1), (1, 1, 0, 1), (1, 0, 1, 1), (0, 1, 1, -1)),
    ((0, 0, 0, 1), (1, 1, 0, 1), (0, 1, 1, 1), (1, 0, 1, -1)),
    ((0, 0, 0, 1), (1, 1, 0, -1), (0, 1, 1, 1), (1, 0, 1, 1)),
)
"""How products of complex q and y add to z, (q0, q1) for q and so on: (a, b, c, sign) is z_c += sign q_a y_b.

Of m1, m2, m3 none is 0 in the last three: z = q conj(y) where m1 = m2 + m3, conj(q) y where m2 = m1 + m3, and
q y where m3 = m1 + m2. Before: all are 0, m2 = 0, m3 = 0, m1 = 0 with l1 + l2 + l3 even, and odd.
"""


def rows_of(pattern: int) -> int:
    """Return how many rows q of a pattern has."""
    return 1 + max(use[0] for use in COPY_PATTERNS[pattern])


def couple_plain(
    work: Array, values: Array, index: Array, paths: Array, nodes: Array, exits: Array, groups: Array,
    count: int, x0: int, y0: int, z0: int, h0: int, f0: int, code: str, vectors: int,  # noqa: ARG001
) -> None:  # fmt: skip
    """Twin of `couple` in NumPy, with code and without."""
    span = vectors * lanes_of(work.dtype)
    for group, shift in _blocks(groups, count, span):
        _weigh(work, _table(paths, group[1:3], COPY_PATH), x0 + shift, f0 + shift, h0, span)
        for place, node, uses, q in _nodes(work, values, index, nodes, exits, group, h0, span):
            for a, b, c, sign in uses:
                y, z = (_row(work, start + shift, span) for start in (y0 + node[3 + b], z0 + place[c]))
                z += sign * q[a] * y


def copy_pull_plain(
    work: Array, values: Array, index: Array, paths: Array, nodes: Array, exits: Array, groups: Array,
    count: int, x0: int, y0: int, z0: int, h0: int, f0: int, gx0: int, gy0: int, p: int, t0: int,
    pulls: Array, vectors: int,
) -> None:  # fmt: skip
    """Twin of the `pull` of products copy by copy in NumPy."""
    span = vectors * lanes_of(work.dtype)
    for group, shift in _blocks(groups, count, span):
        own = _table(paths, group[1:3], COPY_PATH)
        _weigh(work, own, x0 + shift, f0 + shift, h0, span)
        for place, node, uses, q in _nodes(work, values, index, nodes, exits, group, h0, span):
            products = _row(work, p + node[5] * span, q.size).reshape(q.shape)
            products[...] = 0
            for a, b, c, sign in uses:
                starts = z0 + place[c], y0 + node[3 + b], gy0 + node[3 + b]
                g, y, gy = (_row(work, start + shift, span) for start in starts)
                gy += sign * q[a] * g
                products[a] += sign * y * g
        for path in own:
            for m, second, start, sign in _orders(path):
                first, last = pulls.reshape(-1, 2)[path[9] + m].tolist()
                t = _row_sum(work, values, index, first, last, p + second * span, span)
                places = x0 + start, gx0 + start, f0 + path[3], t0 + path[3]
                x, gx, w, total = (_row(work, one + shift, span) for one in places)
                total += sign * t * x
                gx += sign * t * w


def _row(work: Array, start: int, span: int) -> Array:
    return work[start : start + span]


def _blocks(groups: Array, count: int, span: int) -> Iterator[tuple[list[int], int]]:
    """Yield each group with the lanes before each of its blocks."""
    for group in groups[: count * COPY_GROUP].reshape(-1, COPY_GROUP).tolist():
        for shift in range(0, group[0], span):
            yield group, shift


def _table(table: Array, ends: list[int], columns: int) -> list[list[int]]:
    """Return rows of a table."""
    rows: list[list[int]] = table.reshape(-1, columns)[slice(*ends)].tolist()
    return rows


def _orders(path: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield m, 0 or 1 in its pair, row of x and sign for each order of x in a path."""
    yield 0, 0, path[4], 1
    for m in range(1, path[6] + 1):
        yield m, 0, path[4] + m * path[5], 1
        yield m, 1, path[4] - m * path[5], -1 if path[7] else 1


def _weigh(work: Array, paths: list[list[int]], x0: int, f0: int, h0: int, span: int) -> None:
    """Write h of all paths of a group."""
    for path in paths:
        w = _row(work, f0 + path[3], span)
        for row, (_, _, start, sign) in enumerate(_orders(path), path[8]):
            _row(work, h0 + row * span, span)[...] = sign * w * _row(work, x0 + start, span)


def _nodes(
    work: Array, values: Array, index: Array, nodes: Array, exits: Array, group: list[int], h0: int, span: int
) -> Iterator[tuple[list[int], list[int], Any, Array]]:
    """Yield the pair of orders of z, the columns, the uses and q of each node of a group."""
    for exit_row in _table(exits, group[3:5], COPY_EXIT):
        for node in _table(nodes, exit_row[2:4], COPY_NODE):
            uses = COPY_PATTERNS[node[0]]
            count = rows_of(node[0])
            rows = [
                _row_sum(work, values, index, node[1], node[2], h0 + k * span, span) for k in range(count)
            ]
            yield exit_row, node, uses, np.array(rows)


def _row_sum(
    work: Array, values: Array, index: Array, first: int, last: int, source: int, span: int
) -> Array:
    """Return the sum of terms first:last of a table over rows of a tile."""
    places = source + span * index[first:last].astype(np.int64)[:, None] + np.arange(span)
    total: Array = (values[first:last, None] * work[places]).sum(axis=0, dtype=work.dtype)
    return total
