"""Plain twins of the explicit vectors of `simd`, in NumPy, one for one.

Tests hold the two against each other, and these serve where Numba's JIT is switched off. Sums may be taken in
another order here, so results agree within the order-free bounds, not bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "CHANNEL_ENDS",
    "CHANNEL_OUT",
    "CHANNEL_PATH",
    "VECTOR_BYTES",
    "add_run_plain",
    "clear_plain",
    "columns_in_plain",
    "columns_out_plain",
    "copy_plain",
    "dense_plain",
    "dots_plain",
    "gather_plain",
    "join_plain",
    "lanes_of",
    "matrices_plain",
    "mix_plain",
    "multiply_add_plain",
    "multiply_plain",
    "multiply_subtract_plain",
    "pull_path_plain",
    "ring_points_plain",
    "scatter_plain",
    "sparse_plain",
    "split_plain",
    "strided_plain",
    "sum_difference_plain",
    "sum_lanes_plain",
    "turn_plain",
    "unrolled_plain",
    "weigh_plain",
]

VECTOR_BYTES = 64
CHANNEL_OUT, CHANNEL_PATH, CHANNEL_ENDS = 7, 8, 3
"""Columns of the outputs and of the paths of `channelwise.ChannelPlan`, and of the ends of samples."""
Array = NDArray[Any]


def lanes_of(dtype: DTypeLike) -> int:
    """Return how many numbers of `dtype` one vector holds: 16 for float32, 8 for float64."""
    return VECTOR_BYTES // np.dtype(dtype).itemsize


def dense_plain(
    matrix: Array, m0: int, rows: int, cols: int,
    source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, width: int,
) -> None:  # fmt: skip
    """Twin of `dense` in NumPy: any order of summation, so equal within the order-free bound."""
    span = width * lanes_of(target.dtype)
    block = matrix[m0 : m0 + rows * cols].reshape(rows, cols)
    columns = np.lib.stride_tricks.as_strided(
        source[s0:], (cols, span), (s_step * source.itemsize, source.itemsize)
    )
    for row, values in enumerate(block @ columns):
        target[t0 + row * t_step : t0 + row * t_step + span] = values


def sparse_plain(
    values: Array, index: Array, start: int, stop: int,
    source: Array, s_step: int, target: Array, t0: int, fresh: int, width: int,
) -> None:  # fmt: skip
    """Twin of `sparse` in NumPy."""
    span = width * lanes_of(target.dtype)
    total = np.zeros(span, dtype=target.dtype)
    for term in range(start, stop):
        s0 = int(index[term]) * s_step
        total += values[term] * source[s0 : s0 + span]
    target[t0 : t0 + span] = total if fresh else target[t0 : t0 + span] + total


def gather_plain(
    x: Array, first: int, count: int, dim: int, position: Array, tile: Array, width: int
) -> None:
    """Twin of `gather` in NumPy."""
    span = width * lanes_of(tile.dtype)
    rows = x[first * dim : (first + count) * dim].reshape(count, dim)
    for d in range(dim):
        t0 = int(position[d]) * span
        tile[t0 : t0 + count] = rows[:, d]
        tile[t0 + count : t0 + span] = 0


def _columns_places(
    step: int, position: Array | int, tile: Array, t0: int, t_step: int, d0: int
) -> tuple[Array, Array]:
    """Return where numbers stand beyond the first of an array, and in a tile, (coefficients, lanes)."""
    lanes = lanes_of(tile.dtype)
    column, lane = np.indices((lanes // 4, lanes))
    row = d0 + column if isinstance(position, int) else position[d0 + column].astype(np.int64)
    return lane * step + column, t0 + row * t_step + lane


def columns_in_plain(
    x: Array, x0: int, step: int, position: Array | int, tile: Array, t0: int, t_step: int, d0: int
) -> None:
    """Twin of `columns_in` in NumPy."""
    outside, inside = _columns_places(step, position, tile, t0, t_step, d0)
    tile[inside] = x[x0 + outside]


def columns_out_plain(
    z: Array, z0: int, step: int, position: Array | int, tile: Array, t0: int, t_step: int, d0: int
) -> None:
    """Twin of `columns_out` in NumPy."""
    outside, inside = _columns_places(step, position, tile, t0, t_step, d0)
    z[z0 + outside] = tile[inside]


def copy_plain(source: Array, s0: int, target: Array, t0: int) -> None:
    """Twin of `copy_1` in NumPy."""
    lanes = lanes_of(source.dtype)
    target[t0 : t0 + lanes] = source[s0 : s0 + lanes]


def strided_plain(
    source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, count: int
) -> None:
    """Twin of `strided` in NumPy."""
    k = np.arange(count)
    target[t0 + k * t_step] = source[s0 + k * s_step]


def scatter_plain(
    tile: Array, position: Array, z: Array, first: int, count: int, dim: int, column: int, length: int,
    width: int,
) -> None:  # fmt: skip
    """Twin of `scatter` in NumPy."""
    span = width * lanes_of(tile.dtype)
    rows = z[first * dim : (first + count) * dim].reshape(count, dim)
    for d in range(length):
        t0 = int(position[d]) * span
        rows[:, column + d] = tile[t0 : t0 + count]


def multiply_plain(work: Array, a: int, b: int, target: int, width: int) -> None:
    """Twin of `multiply` in NumPy."""
    span = width * lanes_of(work.dtype)
    work[target : target + span] = work[a : a + span] * work[b : b + span]


def mix_plain(
    matrix: Array, m0: int, m_row: int, m_col: int, rows: int, cols: int,
    source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, fresh: int, count: int,
    width: int,  # noqa: ARG001
) -> None:  # fmt: skip
    """Twin of `mix` in NumPy."""
    sums = _mixed(matrix, m0, m_row, m_col, rows, cols, source, s0, s_step, count)
    for row, total in enumerate(sums):
        place = slice(t0 + row * t_step, t0 + row * t_step + count)
        target[place] = total if fresh else target[place] + total


def weigh_plain(
    matrix: Array, m0: int, m_row: int, m_col: int, rows: int, cols: int,
    source: Array, s0: int, s_step: int, target: Array, t0: int, t_step: int, fresh: int, count: int,
    factors: Array, f0: int,
    width: int,  # noqa: ARG001
) -> None:  # fmt: skip
    """Twin of `weigh` in NumPy."""
    sums = _mixed(matrix, m0, m_row, m_col, rows, cols, source, s0, s_step, count)
    factor = factors[f0 : f0 + count].copy()
    for row, total in enumerate(sums):
        place = slice(t0 + row * t_step, t0 + row * t_step + count)
        target[place] = factor * total if fresh else target[place] + factor * total


def add_run_plain(
    work: Array, m0: int, m_step: int, source: Array, factors: Array, ends: Array, begin: int, end: int,
    outs: Array, first: int, last: int, paths: Array, t0: int, width: int, fresh: int,  # noqa: ARG001
) -> None:  # fmt: skip
    """Twin of `add_run` in NumPy."""
    table = paths.reshape(-1, CHANNEL_PATH)
    for _, _, orders, row, padded, start, stop in outs.reshape(-1, CHANNEL_OUT)[first:last].tolist():
        place = slice(t0 + row, t0 + row + orders * padded)
        total = np.zeros(orders * padded, work.dtype) if fresh else work[place].copy()
        for sample in range(begin, end):
            x0, w0 = ends[sample * CHANNEL_ENDS : sample * CHANNEL_ENDS + 2].tolist()
            for x_row, d1, matrix, column, *_ in table[start:stop].tolist():
                m = m0 + sample * m_step + matrix
                weight = factors[w0 + column : w0 + column + padded]
                mixed = _mixed(work, m, 1, orders, orders, d1, source, x0 + x_row, padded, padded)
                total += (weight * mixed).reshape(-1)
        work[place] = total


def _mixed(
    matrix: Array, m0: int, m_row: int, m_col: int, rows: int, cols: int, source: Array, s0: int, s_step: int,
    count: int,
) -> Array:  # fmt: skip
    """Return the product of a strided matrix with the strided rows of a tile."""
    entries = matrix[m0 + m_row * np.arange(rows)[:, None] + m_col * np.arange(cols)]
    total: Array = entries @ source[s0 + s_step * np.arange(cols)[:, None] + np.arange(count)]
    return total


def clear_plain(work: Array, start: int, count: int) -> None:
    """Twin of `clear` in NumPy."""
    work[start : start + count] = 0


def dots_plain(
    work: Array, left: int, rows: int, right: int, cols: int, step: int, vectors: int, target: int
) -> None:
    """Twin of `dots` in NumPy."""
    lanes = lanes_of(work.dtype)
    place = np.arange(vectors * lanes).reshape(vectors, lanes)
    one = work[left + step * np.arange(rows)[:, None, None] + place]
    other = work[right + step * np.arange(cols)[:, None, None] + place]
    work[target : target + rows * cols * lanes] = np.einsum("acl,bcl->abl", one, other).reshape(-1)


def pull_path_plain(
    work: Array, m0: int, x: Array, x0: int, d1: int, gx: int, g0: int, d3: int, padded: int,
    factors: Array, f0: int, total: int, target: int,
) -> None:  # fmt: skip
    """Twin of `pull_path` in NumPy."""
    lanes = lanes_of(work.dtype)
    g, weight = work[g0 : g0 + d3 * padded].reshape(d3, padded), factors[f0 : f0 + padded]
    given = x[x0 : x0 + d1 * padded].reshape(d1, padded)
    h = work[m0 : m0 + d1 * d3].reshape(d1, d3) @ g
    if gx >= 0:
        work[gx : gx + d1 * padded] += (weight * h).reshape(-1)
    sums = np.einsum("ial,kal->ikl", (weight * given).reshape(d1, -1, lanes), g.reshape(d3, -1, lanes))
    work[total : total + padded] = (given * h).sum(axis=0, dtype=work.dtype)
    work[target : target + d1 * d3 * lanes] = sums.reshape(-1)


def matrices_plain(
    values: Array, index: Array, rows: Array, count: int, work: Array, t0: int, m0: int, step: int
) -> None:
    """Twin of `matrices` in NumPy; `count` rows are a multiple of a quarter of the lanes."""
    lanes = lanes_of(work.dtype)
    for row in range(count):
        terms = slice(rows[2 * row], rows[2 * row + 1])
        places = t0 + lanes * index[terms].astype(np.int64)[:, None] + np.arange(lanes)
        total = (values[terms, None] * work[places]).sum(axis=0, dtype=work.dtype)
        work[m0 + row : m0 + row + lanes * step : step] = total


def sum_lanes_plain(work: Array, source: int) -> Any:
    """Twin of `sum_lanes` in NumPy."""
    return work[source : source + lanes_of(work.dtype)].sum()


def split_plain(x: Array, x0: int, tile: Array, t0: int, t_step: int, dim: int, count: int) -> None:
    """Twin of `split` in NumPy."""
    for m in range(dim):
        tile[t0 + m * t_step : t0 + m * t_step + count] = x[x0 + m : x0 + count * dim : dim]


def join_plain(
    tile: Array, t0: int, t_step: int, z: Array, z0: int, stream: int, dim: int, count: int,  # noqa: ARG001
) -> None:  # fmt: skip
    """Twin of `join` in NumPy."""
    for m in range(dim):
        z[z0 + m : z0 + count * dim : dim] = tile[t0 + m * t_step : t0 + m * t_step + count]


def multiply_add_plain(work: Array, a: int, b: int, target: int, width: int) -> None:
    """Twin of `multiply_add` in NumPy."""
    span = width * lanes_of(work.dtype)
    work[target : target + span] += work[a : a + span] * work[b : b + span]


def multiply_subtract_plain(work: Array, a: int, b: int, target: int, width: int) -> None:
    """Twin of `multiply_subtract` in NumPy."""
    span = width * lanes_of(work.dtype)
    work[target : target + span] -= work[a : a + span] * work[b : b + span]


def sum_difference_plain(work: Array, a: int, b: int, total: int, rest: int, sign: float, width: int) -> None:
    """Twin of `sum_difference` in NumPy."""
    span = width * lanes_of(work.dtype)
    left, right = work[a : a + span].copy(), work[b : b + span].copy()
    work[total : total + span] = left + right
    work[rest : rest + span] = left + work.dtype.type(sign) * right


def turn_plain(work: Array, start: int, step: int, sign: float, width: int) -> None:
    """Twin of `turn` in NumPy."""
    span, minus = width * lanes_of(work.dtype), work.dtype.type(sign)
    rows = [work[start + k * step : start + k * step + span] for k in range(4)]
    a, b, c, d = rows
    low, rest, high, other = a + b, a + minus * b, c + d, c + minus * d
    for row, value in zip(
        rows, (low + high, rest + other, low + minus * high, rest + minus * other), strict=True
    ):
        row[:] = value


def ring_points_plain(work: Array, a: int, b: int, target: int, step: int, width: int) -> None:
    """Twin of `ring_points` in NumPy."""
    span = width * lanes_of(work.dtype)

    def butterfly(p: Array, q: Array, r: Array, s: Array) -> tuple[Array, Array, Array, Array]:
        low, high, left, right = p + q, p - q, r + s, r - s
        return low + left, low - left, high + right, high - right

    def classes(start: int) -> list[Array]:
        return [work[start + k * step : start + k * step + span] for k in range(4)]

    even_c, odd_c, even_s, odd_s = classes(a)
    x = butterfly(even_c, odd_c, odd_s, even_s)
    even_c, odd_c, even_s, odd_s = classes(b)
    y = butterfly(even_c, odd_c, odd_s, even_s)
    f, g, h, k = (p * q for p, q in zip(x, y, strict=True))
    low, left, high, right = f + g, f - g, h + k, h - k
    out = (low + high, low - high, left - right, left + right)
    for place, values in enumerate(out):
        work[target + place * step : target + place * step + span] = values


def unrolled_plain(
    dims: tuple[int, int, int], symmetric: bool, places: list[tuple[int, int, int]],
    x: Array, y: Array, z: Array, first: int, last: int, values: Array,
) -> None:  # fmt: skip
    """Twin of a kernel of `unrolled` in NumPy."""
    left, right, out = (a.reshape(-1, dim)[first:last] for a, dim in zip((x, y, z), dims, strict=True))
    total = np.zeros(out.shape, dtype=values.dtype)
    for value, (i, j, k) in zip(values, places, strict=True):
        product = left[:, i] * right[:, j]
        if symmetric and i != j:
            product += left[:, j] * right[:, i]
        total[:, k] += value * product
    out[...] = total
