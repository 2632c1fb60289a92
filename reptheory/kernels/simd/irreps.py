"""Explicit vectors for copies of one irrep: between (copy, order) in an array and order by order in a tile.

    split    tile[t0 + m t_step + u] = x[x0 + u D + m]       for u < count, a whole number of vectors
    join     z[z0 + u D + m] = tile[t0 + m t_step + u]       (and back)

for D = 2 l + 1 orders, `DIMENSIONS` only; D = 1 copies a row, which is all that "ir_mul" needs. `join` can
stream: stores that go around the caches, for results larger than they are; z + z0 must then stand on a vector
boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils

from reptheory.kernels.jit import intrinsic
from reptheory.kernels.simd.emit import Vectors, constant, outlined
from reptheory.kernels.simd.plain import VECTOR_BYTES, join_plain, split_plain

__all__ = ["DIMENSIONS", "LARGEST", "join", "split"]

Builder = Any

DIMENSIONS = (1, 3, 5, 7, 9)
LARGEST = DIMENSIONS[-1]
"""Orders of an irrep up to which copies are turned in registers."""


def _picked(v: Vectors, sources: list[Any], wanted: list[tuple[int, int]]) -> Any:
    """Return the vector of the lanes (source, lane), from two sources at a time."""
    place: dict[tuple[int, int], int] = {}
    current = None
    for number, source in enumerate(sources):
        here = [pair for pair in wanted if pair[0] == number]
        if not here:
            continue
        if current is None:
            current = source
            place = {pair: pair[1] for pair in here}
            continue
        lanes = [
            v.lanes + pair[1] if pair[0] == number else place.get(pair, k) for k, pair in enumerate(wanted)
        ]
        current = v.shuffle(current, source, lanes)
        place = {pair: k for k, pair in enumerate(wanted) if pair[0] <= number}
    if [place[pair] for pair in wanted] != list(range(v.lanes)):
        current = v.shuffle(current, current, [place[pair] for pair in wanted])
    return current


def _emit_split(builder: Builder, v: Vectors, a: dict[str, Any], dim: int, copies: Any) -> None:
    """Emit the transposition of one vector of copies into rows."""
    x0 = builder.add(a["x0"], builder.mul(copies, constant(dim)))
    t0 = builder.add(a["t0"], copies)
    loaded = [v.load(v.pointer(a["x"], builder.add(x0, constant(k * v.lanes)))) for k in range(dim)]
    for m in range(dim):
        wanted = [divmod(lane * dim + m, v.lanes) for lane in range(v.lanes)]
        row = builder.add(t0, builder.mul(constant(m), a["t_step"]))
        v.store(_picked(v, loaded, wanted), v.pointer(a["tile"], row))


def _emit_join(builder: Builder, v: Vectors, a: dict[str, Any], dim: int, copies: Any) -> None:
    """Emit the transposition of rows back to one vector of copies, with ordinary or with streaming stores."""
    t0 = builder.add(a["t0"], copies)
    z0 = builder.add(a["z0"], builder.mul(copies, constant(dim)))
    starts = [builder.add(t0, builder.mul(constant(m), a["t_step"])) for m in range(dim)]
    rows = [v.load(v.pointer(a["tile"], start)) for start in starts]
    places = [v.pointer(a["z"], builder.add(z0, constant(k * v.lanes))) for k in range(dim)]
    values = []
    for k in range(dim):
        elements = range(k * v.lanes, (k + 1) * v.lanes)
        values.append(_picked(v, rows, [(element % dim, element // dim) for element in elements]))
    once = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
    with builder.if_else(builder.icmp_unsigned("!=", a["stream"], constant(0))) as (around, through):
        with around:
            for value, place in zip(values, places, strict=True):
                typed = builder.bitcast(place, v.vector.as_pointer())
                builder.store(value, typed, align=VECTOR_BYTES).set_metadata("nontemporal", once)
        with through:
            for value, place in zip(values, places, strict=True):
                v.store(value, place)


def _codegen(name: str, names: tuple[str, ...], emit: Callable[..., None]) -> Callable[..., Any]:
    """Emit one variant for each dimension."""

    def body(builder: Builder, v: Vectors, args: list[Any]) -> None:
        a = dict(zip(names, args, strict=True))
        vectors = builder.udiv(a["count"], constant(v.lanes))
        for dim in DIMENSIONS:
            chosen = builder.icmp_unsigned("==", a["dim"], constant(dim))
            with builder.if_then(chosen), cgutils.for_range(builder, vectors) as loop:
                emit(builder, v, a, dim, builder.mul(loop.index, constant(v.lanes)))

    return outlined(name, body)


@intrinsic
def _split(typingctx: Any, x: Any, x0: Any, tile: Any, t0: Any, t_step: Any, dim: Any, count: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    names = ("x", "x0", "tile", "t0", "t_step", "dim", "count")
    return types.void(x, i, tile, i, i, i, i), _codegen("split", names, _emit_split)


@intrinsic
def _join(typingctx: Any, tile: Any, t0: Any, t_step: Any, z: Any, z0: Any, stream: Any, dim: Any, count: Any) -> Any:  # fmt: skip # noqa: ARG001, E501
    i = types.int64
    names = ("tile", "t0", "t_step", "z", "z0", "stream", "dim", "count")
    return types.void(tile, i, i, z, i, i, i, i), _codegen("join", names, _emit_join)


split = split_plain if config.DISABLE_JIT else _split
join = join_plain if config.DISABLE_JIT else _join
