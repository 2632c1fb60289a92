"""Explicit vectors for channelwise paths: small matrices times rows of copies, times weights.

    add_run    target[k] = (fresh ? 0 : target[k]) + sum over samples and paths of w sum_i M[i, k] x[i]
    pull_path  total = sum_i x[i] h[i],  gx[i] += w h[i] unless its place is negative,
               target[i, k] = sum over vectors of w x[i] g[k], for h[i] = sum_k M[i, k] g[k]       (gradients)

M of a path stands in `work`, order of z fastest; rows hold `padded` copies, which are the lanes. `add_run`
takes the outputs first:last of `channelwise.ChannelPlan` and the samples begin:end, for each of which `ends`
holds the place of its x, of its weights, and of weights to bring nearer. Sums stay in registers over all
samples, and are taken sample after sample, path after path. Twins in NumPy: `plain`.
"""

from __future__ import annotations

from typing import Any

from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.channels import BLOCKS, in_blocks
from reptheory.kernels.simd.emit import Vectors, constant, outlined, table_row
from reptheory.kernels.simd.plain import (
    CHANNEL_ENDS,
    CHANNEL_OUT,
    CHANNEL_PATH,
    add_run_plain,
    pull_path_plain,
)

__all__ = ["add_run", "pull_path"]

Builder = Any

RUN_BLOCK = 4
RUN_WIDTHS = {1: 4, 3: 4, 5: 2, 7: 2, 9: 1}
"""Vectors of copies that `add_run` takes at once for each number of rows: as many as registers hold."""
PULL_BLOCKS = (3, 2, 1)
"""Orders of x that `pull_path` multiplies with up to 9 orders of g at a time: 27 sums in registers."""


def _along(builder: Builder, start: Any, number: Any, step: Any) -> Any:
    return builder.add(start, builder.mul(number, step))


def _emit_run(
    builder: Builder, v: Vectors, a: dict[str, Any], out: list[Any], shift: Any, row: Any, rows: int
) -> None:
    """Emit rows of one output for a block of copies, over all samples of a run: sums stay in registers."""
    width = RUN_WIDTHS[rows]
    left = builder.udiv(builder.sub(out[4], shift), constant(width * v.lanes))
    most = constant(RUN_BLOCK // width)
    parts = most if width == RUN_BLOCK else builder.select(builder.icmp_unsigned("<", left, most), left, most)
    with cgutils.for_range(builder, parts) as loop:
        start = _along(builder, shift, loop.index, constant(width * v.lanes))
        along = [builder.add(start, constant(k * v.lanes)) for k in range(width)]
        for k in range(2, width):  # of copies that end here, the last two vectors twice
            inside = builder.icmp_unsigned("<", along[k], out[4])
            along[k] = builder.select(inside, along[k], along[k - 2])
        _emit_part(builder, v, a, out, along, row, rows)


def _emit_part(
    builder: Builder, v: Vectors, a: dict[str, Any], out: list[Any], along: list[Any], row: Any, rows: int
) -> None:
    """Emit rows of one output for the copies that begin at `along`."""
    padded = out[4]
    sums, terms = (
        [[cgutils.alloca_once(builder, v.vector) for _ in along] for _ in range(rows)] for _ in range(2)
    )
    place = builder.add(builder.add(a["t0"], out[3]), builder.mul(row, padded))
    targets = [
        v.pointer(a["work"], builder.add(_along(builder, place, constant(r), padded), lane))
        for r in range(rows)
        for lane in along
    ]
    flat = [slot for slots in sums for slot in slots]
    for slot, one in zip(flat, targets, strict=True):
        builder.store(builder.select(a["is_fresh"], v.zero(), v.load(one)), slot)
    with cgutils.for_range(builder, builder.sub(a["end"], a["begin"])) as samples:
        sample = builder.add(a["begin"], samples.index)
        x0, w0, ahead = table_row(builder, a["ends"], sample, CHANNEL_ENDS)
        m0 = _along(builder, builder.add(a["m0"], row), sample, a["m_step"])
        with cgutils.for_range(builder, builder.sub(out[6], out[5])) as paths:
            path = table_row(builder, a["paths"], builder.add(out[5], paths.index), CHANNEL_PATH)
            first, matrix = builder.add(x0, path[0]), builder.add(m0, path[2])
            for slot in (slot for slots in terms for slot in slots):
                builder.store(v.zero(), slot)
            with cgutils.for_range(builder, path[1]) as orders:
                start = _along(builder, first, orders.index, padded)
                x = [v.load(v.pointer(a["source"], builder.add(start, lane))) for lane in along]
                entry = _along(builder, matrix, orders.index, out[2])
                for r, slots in enumerate(terms):
                    factor = v.splat(builder.load(v.pointer(a["work"], builder.add(entry, constant(r)))))
                    for slot, vector in zip(slots, x, strict=True):
                        builder.store(v.fma(factor, vector, builder.load(slot)), slot)
            for k, lane in enumerate(along):
                column = builder.add(path[3], lane)
                v.prefetch(v.pointer(a["factors"], builder.add(ahead, column)))
                weight = v.load(v.pointer(a["factors"], builder.add(w0, column)))
                for slots, others in zip(sums, terms, strict=True):
                    total = v.fma(weight, builder.load(others[k]), builder.load(slots[k]))
                    builder.store(total, slots[k])
    for slot, one in zip(flat, targets, strict=True):
        v.store(builder.load(slot), one)


_RUN = (
    "work", "m0", "m_step", "source", "factors", "ends", "begin", "end", "outs", "first", "last", "paths",
    "t0", "width", "fresh",
)  # fmt: skip


@intrinsic
def _emit_add_run(typingctx: Any, work: Any, m0: Any, m_step: Any, source: Any, factors: Any, ends: Any, begin: Any, end: Any, outs: Any, first: Any, last: Any, paths: Any, t0: Any, width: Any, fresh: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        a = dict(zip(_RUN, args, strict=True))
        a["is_fresh"] = builder.icmp_unsigned("!=", a["fresh"], constant(0))
        span = constant(RUN_BLOCK * v.lanes)
        wide = builder.add(a["width"], constant(RUN_BLOCK * v.lanes - 1))
        with cgutils.for_range(builder, builder.udiv(wide, span)) as blocks:
            shift = builder.mul(blocks.index, span)
            with cgutils.for_range(builder, builder.sub(a["last"], a["first"])) as loop:
                out = table_row(builder, a["outs"], builder.add(a["first"], loop.index), CHANNEL_OUT)
                with builder.if_then(builder.icmp_unsigned("<", shift, out[4])):
                    in_blocks(
                        builder,
                        out[2],
                        BLOCKS,
                        lambda row, rows: _emit_run(builder, v, a, out, shift, row, rows),
                    )

    i = types.int64
    kinds = types.void(work, i, i, source, factors, ends, i, i, outs, i, i, paths, i, i, i)
    return kinds, outlined("add_run", body)


def _emit_pull(
    builder: Builder, v: Vectors, a: dict[str, Any], first: tuple[Any, Any], rows: int, cols: int
) -> None:
    """Emit what `rows` orders of x and `cols` orders of g, from the first of each on, give to each other."""
    sums = [[cgutils.alloca_once(builder, v.vector) for _ in range(cols)] for _ in range(rows)]
    for slot in (slot for line in sums for slot in line):
        builder.store(v.zero(), slot)
    g0, x0 = (
        [_along(builder, a[start], builder.add(begin, constant(k)), a["padded"]) for k in range(count)]
        for start, begin, count in (("g0", first[1], cols), ("x0", first[0], rows))
    )
    corner = _along(builder, first[1], first[0], a["d3"])
    starts = [_along(builder, corner, constant(r), a["d3"]) for r in range(rows)]
    with cgutils.for_range(builder, builder.udiv(a["padded"], constant(v.lanes))) as across:
        shift = builder.mul(across.index, constant(v.lanes))
        total = v.pointer(a["work"], builder.add(a["total"], shift))
        summed, weight = v.load(total), v.load(v.pointer(a["factors"], builder.add(a["f0"], shift)))
        g = [v.load(v.pointer(a["work"], builder.add(start, shift))) for start in g0]
        for r, line in enumerate(sums):
            x, h = v.load(v.pointer(a["x"], builder.add(x0[r], shift))), v.zero()
            for c, one in enumerate(g):
                entry = builder.add(builder.add(a["m0"], starts[r]), constant(c))
                h = v.fma(v.splat(builder.load(v.pointer(a["work"], entry))), one, h)
            summed = v.fma(x, h, summed)
            with builder.if_then(a["wanted"]):
                place = builder.add(builder.sub(x0[r], a["x0"]), builder.add(a["gx"], shift))
                pointer = v.pointer(a["work"], place)
                v.store(v.fma(weight, h, v.load(pointer)), pointer)
            weighed = builder.fmul(weight, x)
            for slot, one in zip(line, g, strict=True):
                builder.store(v.fma(weighed, one, builder.load(slot)), slot)
        v.store(summed, total)
    for start, line in zip(starts, sums, strict=True):
        for c, slot in enumerate(line):
            place = _along(builder, a["target"], builder.add(start, constant(c)), constant(v.lanes))
            v.store(builder.load(slot), v.pointer(a["work"], place))


_PULL = ("work", "m0", "x", "x0", "d1", "gx", "g0", "d3", "padded", "factors", "f0", "total", "target")


@intrinsic
def _emit_pull_path(typingctx: Any, work: Any, m0: Any, x: Any, x0: Any, d1: Any, gx: Any, g0: Any, d3: Any, padded: Any, factors: Any, f0: Any, total: Any, target: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        a = dict(zip(_PULL, args, strict=True))
        a["wanted"] = builder.icmp_signed(">=", a["gx"], constant(0))
        with cgutils.for_range(builder, builder.udiv(a["padded"], constant(v.lanes))) as across:
            place = _along(builder, a["total"], across.index, constant(v.lanes))
            v.store(v.zero(), v.pointer(a["work"], place))

        def column(left: Any, cols: int) -> None:
            def row(top: Any, rows: int) -> None:
                _emit_pull(builder, v, a, (top, left), rows, cols)

            in_blocks(builder, a["d1"], PULL_BLOCKS, row)

        in_blocks(builder, a["d3"], BLOCKS, column)

    i = types.int64
    kinds = types.void(work, i, x, i, i, i, i, i, i, factors, i, i, i)
    return kinds, outlined("pull_path", body)


add_run = add_run_plain if config.DISABLE_JIT else _emit_add_run
pull_path = pull_path_plain if config.DISABLE_JIT else _emit_pull_path
