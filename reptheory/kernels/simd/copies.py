"""Explicit vectors for products copy by copy: orders m and -m of real harmonics as complex numbers.

Let c and s be the orders m and -m of a copy and c + i s a complex number. Real coefficients then couple it to
others by complex products, with one number for each m1, m2, m3 = |m1 +- m2| instead of up to eight. A program
of groups, one for each pair of y and z (`copywise.CopyPlan`), runs on the tiles of some samples, which stand
in `work`, as all else that is not a table. In each group

    h = w x                     for each path, in pairs (c, s), or (s, -c) where l1 + l2 + l3 is odd
    q = sum_e value[e] h[index[e]]              for each node: m1, m2, m3 and all paths that couple them
    couple_4   z[c] += sign q[a] y[b]           for each use (a, b, c, sign) of the pattern of a node
    pull_4     gy[b] += sign q[a] g[c],  p[a] += sign y[b] g[c],  t the sums over p that h has over q,
               total += t x,  gx += w t         (gradients)

Patterns are those of `copies_plain`, which has the twins too. `copy_code` writes what `couple_4` does by the
tables of one plan as machine code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.copies_plain import (
    COPY_EXIT,
    COPY_GROUP,
    COPY_NODE,
    COPY_PATH,
    COPY_PATTERNS,
    copy_pull_plain,
    couple_plain,
    rows_of,
)
from reptheory.kernels.simd.copy_code import emit_code
from reptheory.kernels.simd.emit import Vectors, constant, outlined, table_row

__all__ = ["WIDTH", "couple_4", "pull_4"]

Builder = Any
Row = list[Any]

WIDTH = 4
"""Vectors of copies that are computed together."""


class _Step:
    """What the parts of a step share: arrays and offsets by name, and rows of WIDTH vectors."""

    def __init__(self, builder: Builder, v: Vectors, names: tuple[str, ...], given: list[Any]) -> None:
        self.builder, self.v = builder, v
        self.a = dict(zip(names, given, strict=True))

    def add(self, *places: Any) -> Any:
        """Add up offsets."""
        total = places[0]
        for place in places[1:]:
            total = self.builder.add(total, place)
        return total

    def row(self, start: Any, number: Any) -> Any:
        """Return where a row of `work` begins, counted from `start`."""
        return self.add(start, self.builder.mul(number, constant(WIDTH * self.v.lanes)))

    def load(self, place: Any) -> Row:
        """Load a row."""
        return [self.v.load(one) for one in self._vectors(place)]

    def store(self, row: Row, place: Any) -> None:
        """Store a row."""
        for value, one in zip(row, self._vectors(place), strict=True):
            self.v.store(value, one)

    def _vectors(self, place: Any) -> Row:
        starts = [self.add(place, constant(k * self.v.lanes)) for k in range(WIDTH)]
        return [self.v.pointer(self.a["work"], start) for start in starts]

    def sum(self, row: Row, other: Row) -> Row:
        """Add rows."""
        return [self.builder.fadd(one, two) for one, two in zip(row, other, strict=True)]

    def multiply(self, row: Row, other: Row) -> Row:
        """Multiply rows."""
        return [self.builder.fmul(one, two) for one, two in zip(row, other, strict=True)]

    def fma(self, row: Row, other: Row, more: Row) -> Row:
        """Return row * other + more."""
        return [self.v.fma(*three) for three in zip(row, other, more, strict=True)]

    def slots(self, count: int) -> list[Row]:
        """Return variables for rows."""
        return [
            [cgutils.alloca_once(self.builder, self.v.vector) for _ in range(WIDTH)] for _ in range(count)
        ]

    def get(self, slots: Row) -> Row:
        """Read a variable."""
        return [self.builder.load(slot) for slot in slots]

    def put(self, row: Row, slots: Row) -> None:
        """Set a variable."""
        for value, slot in zip(row, slots, strict=True):
            self.builder.store(value, slot)

    def zero(self) -> Row:
        """Return a row of zeros."""
        return [self.v.zero()] * WIDTH

    @contextmanager
    def each(self, table: str, first: Any, last: Any, columns: int) -> Iterator[Row]:
        """Emit what stands in the `with` for rows first:last of a table."""
        with cgutils.for_range(self.builder, self.builder.sub(last, first)) as loop:
            yield table_row(self.builder, self.a[table], self.add(first, loop.index), columns)

    @contextmanager
    def each_block(self) -> Iterator[tuple[Any, Row]]:
        """Emit what stands in the `with` for each block of copies of each group: (lanes before, columns)."""
        span = constant(WIDTH * self.v.lanes)
        with (
            self.each("groups", constant(0), self.a["count"], COPY_GROUP) as group,
            cgutils.for_range(self.builder, self.builder.udiv(group[0], span)) as blocks,
        ):
            yield self.builder.mul(blocks.index, span), group

    def sums(self, first: Any, last: Any, source: Any, count: int) -> list[Row]:
        """Emit the sums of `count` neighbouring rows by terms first:last of the table."""
        builder, v = self.builder, self.v
        slots = self.slots(count)
        for slot in slots:
            self.put(self.zero(), slot)
        with cgutils.for_range(builder, builder.sub(last, first)) as loop:
            term = self.add(first, loop.index)
            factor = [v.splat(builder.load(v.pointer(self.a["values"], term)))] * WIDTH
            number = builder.sext(builder.load(v.pointer(self.a["index"], term)), source.type)
            for k, slot in enumerate(slots):
                row = self.load(self.row(source, self.add(number, constant(k))))
                self.put(self.fma(factor, row, self.get(slot)), slot)
        return [self.get(slot) for slot in slots]

    @contextmanager
    def each_order(self, path: Row, shift: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Emit what stands in the `with` for orders m > 0 of x in a path: (m, the first, the second)."""
        builder = self.builder
        with cgutils.for_range(builder, path[6]) as loop:
            m = self.add(loop.index, constant(1))
            jump, zero = builder.mul(path[5], m), self.add(path[4], shift)
            yield m, self.add(zero, jump), builder.sub(zero, jump)

    def weights(self, path: Row, shift: Any) -> tuple[Row, Row]:
        """Load the weights of a path, for the first and, with its sign, the second of a pair."""
        w = self.load(self.add(self.a["f0"], path[3], shift))
        return w, self.second(path, w)

    def second(self, path: Row, row: Row) -> Row:
        """Return a row with the sign of the second of the pairs of a path."""
        negative = self.builder.icmp_unsigned("!=", path[7], constant(0))
        pairs = zip(self.signed(row, -1), row, strict=True)
        return [self.builder.select(negative, *pair) for pair in pairs]

    def weigh(self, group: Row, shift: Any) -> None:
        """Emit h of all paths of a group."""
        with self.each("paths", group[1], group[2], COPY_PATH) as path:
            w, other = self.weights(path, shift)
            h = self.row(self.a["h0"], path[8])
            self.store(self.multiply(w, self.load(self.add(self.a["x0"], path[4], shift))), h)
            with self.each_order(path, shift) as (m, first, second):
                pair = self.row(h, self.builder.shl(m, constant(1)))
                for factor, place, back in ((w, first, 1), (other, second, 0)):
                    row = self.multiply(factor, self.load(self.add(self.a["x0"], place)))
                    self.store(row, self.row(pair, constant(-back)))

    @contextmanager
    def each_node(self, exit_row: Row) -> Iterator[Callable[[Callable[..., None]], None]]:
        """Emit what is done with each node of a pair of orders of z, by pattern."""
        builder = self.builder
        with self.each("nodes", exit_row[2], exit_row[3], COPY_NODE) as node:

            def by_pattern(emit: Callable[..., None]) -> None:
                after = builder.append_basic_block("after")
                switch = builder.switch(node[0], after)
                for number, uses in enumerate(COPY_PATTERNS):
                    block = builder.append_basic_block(f"pattern_{number}")
                    switch.add_case(constant(number), block)
                    builder.position_at_end(block)
                    count = rows_of(number)
                    emit(node, uses, self.sums(node[1], node[2], self.a["h0"], count))
                    builder.branch(after)
                builder.position_at_end(after)

            yield by_pattern

    def signed(self, row: Row, sign: int) -> Row:
        """Return a row times +1 or -1."""
        return row if sign > 0 else [self.builder.fneg(one) for one in row]


def _emit_couple(step: _Step) -> None:
    a, slots = step.a, step.slots(2)
    with step.each_block() as (shift, group):
        step.weigh(group, shift)
        with step.each("exits", group[3], group[4], COPY_EXIT) as exit_row:
            places = [step.add(a["z0"], exit_row[k], shift) for k in (0, 1)]
            for slot, place in zip(slots, places, strict=True):
                step.put(step.load(place), slot)

            def couple(node: Row, uses: Any, q: list[Row]) -> None:
                y = [step.load(step.add(a["y0"], node[3 + b], shift)) for b in (0, 1)]
                for one, b, c, sign in uses:
                    step.put(step.fma(step.signed(q[one], sign), y[b], step.get(slots[c])), slots[c])

            with step.each_node(exit_row) as by_pattern:
                by_pattern(couple)
            for slot, place in reversed(list(zip(slots, places, strict=True))):
                step.store(step.get(slot), place)


def _emit_spread(step: _Step, group: Row, shift: Any) -> None:
    """Emit what the nodes of a group give to the gradient of y, and p."""
    a = step.a
    with step.each("exits", group[3], group[4], COPY_EXIT) as exit_row:
        g = [step.load(step.add(a["z0"], exit_row[k], shift)) for k in (0, 1)]

        def spread(node: Row, uses: Any, q: list[Row]) -> None:
            used = sorted({use[1] for use in uses})
            y = {b: step.load(step.add(a["y0"], node[3 + b], shift)) for b in used}
            p: list[Any] = [None] * len(q)
            for b in used:
                place = step.add(a["gy0"], node[3 + b], shift)
                total = step.load(place)
                for one, other, c, sign in uses:
                    if other == b:
                        incoming = step.signed(g[c], sign)
                        total = step.fma(q[one], incoming, total)
                        before = p[one]
                        p[one] = (
                            step.multiply(y[b], incoming)
                            if before is None
                            else step.fma(y[b], incoming, before)
                        )
                step.store(total, place)
            for k, row in enumerate(p):
                step.store(row, step.row(a["p"], step.add(node[5], constant(k))))

        with step.each_node(exit_row) as by_pattern:
            by_pattern(spread)


def _emit_meet(step: _Step, group: Row, shift: Any) -> None:
    """Emit what p gives to the gradients of x and of the weights."""
    a, totals = step.a, step.slots(2)
    with step.each("paths", group[1], group[2], COPY_PATH) as path:
        w, other = step.weights(path, shift)
        for total in totals:
            step.put(step.zero(), total)

        def meet(at: Any, t: Row, factor: Row, total: Row) -> None:
            x, target = step.load(step.add(a["x0"], at)), step.add(a["gx0"], at)
            step.put(step.fma(t, x, step.get(total)), total)
            step.store(step.fma(t, factor, step.load(target)), target)

        first, last = table_row(step.builder, a["pulls"], path[9], 2)
        meet(step.add(path[4], shift), step.sums(first, last, a["p"], 1)[0], w, totals[0])
        with step.each_order(path, shift) as (m, one, two):
            first, last = table_row(step.builder, a["pulls"], step.add(path[9], m), 2)
            t = step.sums(first, last, a["p"], 2)
            meet(one, t[0], w, totals[0])
            meet(two, t[1], other, totals[1])
        place = step.add(a["t0"], path[3], shift)
        parts = step.get(totals[0]), step.second(path, step.get(totals[1])), step.load(place)
        step.store(step.sum(step.sum(parts[0], parts[1]), parts[2]), place)


def _emit_pull(step: _Step) -> None:
    with step.each_block() as (shift, group):
        step.weigh(group, shift)
        _emit_spread(step, group, shift)
        _emit_meet(step, group, shift)


_PROGRAM = (
    "work",
    "values",
    "index",
    "paths",
    "nodes",
    "exits",
    "groups",
    "count",
    "x0",
    "y0",
    "z0",
    "h0",
    "f0",
)
_PULL = (*_PROGRAM, "gx0", "gy0", "p", "t0", "pulls")


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator] # Numba ships no types
def _couple(typingctx: Any, work: Any, values: Any, index: Any, paths: Any, nodes: Any, exits: Any, groups: Any, count: Any, x0: Any, y0: Any, z0: Any, h0: Any, f0: Any, code: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    by_table = _codegen("couple", _PROGRAM, _emit_couple)

    def codegen(context: Any, builder: Builder, signature: Any, args: Any) -> Any:
        given = context, builder, signature.return_type(*signature.args[:-1]), args[:-1]
        if code.literal_value:
            emit_code(code.literal_value, _PROGRAM, given)
            return context.get_dummy_value()
        return by_table(*given)

    i = types.int64
    kinds = types.void(work, values, index, paths, nodes, exits, groups, i, i, i, i, i, i, code)
    return kinds, codegen


@intrinsic
def _pull(typingctx: Any, work: Any, values: Any, index: Any, paths: Any, nodes: Any, exits: Any, groups: Any, count: Any, x0: Any, y0: Any, z0: Any, h0: Any, f0: Any, gx0: Any, gy0: Any, p: Any, t0: Any, pulls: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    kinds = types.void(work, values, index, paths, nodes, exits, groups, i, i, i, i, i, i, i, i, i, i, pulls)
    return kinds, _codegen("copy_pull", _PULL, _emit_pull)


def _codegen(name: str, names: tuple[str, ...], emit: Callable[[_Step], None]) -> Callable[..., Any]:
    return outlined(name, lambda builder, v, args: emit(_Step(builder, v, names, args)))


couple_4 = partial(couple_plain, vectors=WIDTH) if config.DISABLE_JIT else _couple
pull_4 = partial(copy_pull_plain, vectors=WIDTH) if config.DISABLE_JIT else _pull
