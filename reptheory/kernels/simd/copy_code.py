"""Machine code of its own for the products of a plan copy by copy: what `copies.couple_4` reads from tables.

Groups with the same tables but for where their rows begin (all parities of the same degrees) share one
function. It takes one vector of copies at a time, with h, q, y and z in registers as long as there are any:
an operation loads its coefficient and nothing else. Signs and places are part of the code, coefficients are
not, so that one code serves every dtype. Compiling takes 0.3 milliseconds an operation: callers bound their
number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import count, groupby
from typing import Any

from numba.core import cgutils
from numpy.typing import NDArray

from reptheory.kernels.simd.copies_plain import COPY_GROUP, COPY_PATH, COPY_PATTERNS, rows_of
from reptheory.kernels.simd.emit import Vectors, constant, outlined, table_row

__all__ = ["copy_code", "emit_code", "operations"]

Array = NDArray[Any]
Builder = Any
Kind = dict[str, Any]


def copy_code(groups: Array, paths: Array, exits: Array, nodes: Array, places: Array) -> str:
    """Write what the tables of a plan (`copywise.CopyPlan`) have in common: a string for `couple_4`.

    For neighbouring groups of one kind: the first of them, how many, l1 and sign of each path, and for each
    order m >= 0 of z the pattern, the order of y and the rows of h of its nodes.
    """

    def common(group: list[int]) -> str:
        lanes, first_path, last_path, first_exit, last_exit, y0, *_ = group
        outs = [
            [(n[0], (n[3] - y0) // lanes, places[n[1] : n[2]].tolist()) for n in nodes[e[2] : e[3]].tolist()]
            for e in exits[first_exit:last_exit].tolist()
        ]
        return json.dumps({"paths": paths[first_path:last_path, [6, 7]].tolist(), "exits": outs})

    written, first = [], 0
    for kind, members in groupby(groups.tolist(), common):
        number = len(list(members))
        written.append(f'{{"first": {first}, "count": {number}, "kind": {kind}}}')
        first += number
    return f"[{', '.join(written)}]"


def operations(code: str) -> int:
    """Return how many multiplications and multiply-adds stand in a code."""
    total = 0
    for kind in (group["kind"] for group in json.loads(code)):
        total += sum(2 * degree + 1 for degree, _ in kind["paths"])
        for pattern, _, rows in (node for nodes in kind["exits"] for node in nodes):
            total += rows_of(pattern) * len(rows) + len(COPY_PATTERNS[pattern])
    return total


def emit_code(code: str, names: tuple[str, ...], given: tuple[Any, Any, Any, Any]) -> None:
    """Emit a code into a generator of an intrinsic: a function for each kind, called with all arguments.

    names   of the arguments
    given   what the generator was called with
    """
    for group in json.loads(code):
        written = json.dumps(group)

        def body(builder: Builder, v: Vectors, args: list[Any], group: Kind = group) -> None:
            _emit_groups(builder, v, dict(zip(names, args, strict=True)), group)

        outlined(f"couple_{sha256(written.encode()).hexdigest()}", body)(*given)


def _emit_groups(builder: Builder, v: Vectors, a: dict[str, Any], group: Kind) -> None:
    """Emit all groups of a kind, a vector of copies at a time."""
    with cgutils.for_range(builder, constant(group["count"])) as loop:
        row = table_row(builder, a["groups"], builder.add(loop.index, constant(group["first"])), COPY_GROUP)
        with cgutils.for_range(builder, builder.udiv(row[0], constant(v.lanes))) as vectors:
            shift = builder.mul(vectors.index, constant(v.lanes))
            _Rows(builder, v, a, row, shift).emit(group["kind"])


class _Rows:
    """One vector of copies of a group."""

    def __init__(self, builder: Builder, v: Vectors, a: dict[str, Any], group: list[Any], shift: Any) -> None:
        self.builder, self.v, self.a, self.group, self.shift = builder, v, a, group, shift
        self.values = v.pointer(a["values"], group[7])

    def emit(self, kind: Kind) -> None:
        """Emit the products of the group."""
        h = [row for number, path in enumerate(kind["paths"]) for row in self._weighted(number, *path)]
        y, z = (self._place(name, self.group[column]) for name, column in (("y0", 5), ("z0", 6)))
        coefficients = self._coefficients()
        most = max((node[1] for nodes in kind["exits"] for node in nodes), default=0)
        rows_of_y = {m: self.v.load(self._order(y, m)) for m in range(-most, most + 1)}
        for m3, nodes in enumerate(kind["exits"]):
            places = [self._order(z, m) for m in ((m3, -m3) if m3 else (0,))]
            sums = [self.v.load(place) for place in places]
            for pattern, m2, rows in nodes:
                q = self._sum(rows_of(pattern), h, rows, coefficients)
                for a, b, c, sign in COPY_PATTERNS[pattern]:
                    factor = q[a] if sign > 0 else self.builder.fneg(q[a])
                    sums[c] = self.v.fma(factor, rows_of_y[-m2 if b else m2], sums[c])
            for value, place in zip(sums, places, strict=True):
                self.v.store(value, place)

    def _place(self, start: str, row: Any) -> Any:
        """Point to where a row begins, counted from an argument."""
        total = self.builder.add(self.builder.add(self.a[start], row), self.shift)
        return self.v.pointer(self.a["work"], total)

    def _order(self, pointer: Any, m: int) -> Any:
        """Point to the row of order m, counted from that of order 0."""
        return self.v.pointer(pointer, self.builder.mul(self.group[0], constant(m)))

    def _weighted(self, number: int, degree: int, negative: int) -> list[Any]:
        """Emit the rows of h of a path."""
        row = self.builder.add(self.group[1], constant(number))
        columns = table_row(self.builder, self.a["paths"], row, COPY_PATH)
        w, x = self.v.load(self._place("f0", columns[3])), self._place("x0", columns[4])
        other, turn = (self.builder.fneg(w), -1) if negative else (w, 1)
        rows = [self.builder.fmul(w, self.v.load(x))]
        for m in range(turn, turn * (degree + 1), turn):
            rows += [
                self.builder.fmul(factor, self.v.load(self._order(x, one)))
                for factor, one in ((w, m), (other, -m))
            ]
        return rows

    def _coefficients(self) -> Iterator[Any]:
        """Emit coefficients, one after another, in every lane."""
        for place in count():
            number = self.builder.load(self.v.pointer(self.values, constant(place)))
            yield self.v.splat(number)

    def _sum(self, size: int, h: list[Any], rows: list[int], coefficients: Iterator[Any]) -> list[Any]:
        """Emit the sums of `size` neighbouring rows of h."""
        q: list[Any] = []
        for row in rows:
            factor, terms = next(coefficients), h[row : row + size]
            if q:
                q = [self.v.fma(factor, term, total) for term, total in zip(terms, q, strict=True)]
            else:
                q = [self.builder.fmul(factor, term) for term in terms]
        return q
