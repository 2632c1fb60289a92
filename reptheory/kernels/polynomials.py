"""Polynomials of one feature, copy by copy: many equivariant polynomials with weights, and their gradients.

    z[n, u, k] = sum over monomials a of  C[s, u, k, a] x_a1 ... x_a_nu,    x = x[n, u], s the set of n
    C[s, u, k, a] = sum over paths p of  U[p, k, a] w[s, p, u]

The coefficients C are mixed once for a set of weights and a vector of copies, then serve its samples, SAMPLES
at a time. All monomials T up to half the degree are made, each from a shorter one times a component; a longer
monomial is one of them, `left`, times another, `right`:

    z_k = sum_r T_r A_kr,       A_kr = sum_l C_krl T_l.

Gradients, with h_kr = g_k T_r, then through the products that made T:

    to T_r += g_k A_kr,     to T_l += sum_kr C_krl h_kr,     to C_krl = sum over samples of T_l h_kr,
    to w = U (to C)

Proof of the bound: docs/proofs/symmetric_contraction.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.jit import compiled, part
from reptheory.kernels.simd.channels import clear
from reptheory.kernels.simd.columns import columns_in, columns_out, copy_1, strided
from reptheory.kernels.simd.irreps import LARGEST, join, split
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.polynomials import SAMPLES, fold, fold_pull, left_pull, multiply, multiply_pull
from reptheory.kernels.simd.tiles import VECTOR_BYTES, sparse_1

__all__ = [
    "PolynomialPlan",
    "Sparse",
    "arrange",
    "polynomial_gradients",
    "polynomial_scratch",
    "polynomial_values",
]

Array = NDArray[Any]

ENTRY = 5
"""Columns of `inputs` and `outputs`."""


class Sparse(NamedTuple):
    """A sparse matrix, row by row.

    values, columns   (nonzeros,)          of each row, one after another, with their columns
    starts            (rows + 1,) int64    where each row begins
    """

    values: Array
    columns: NDArray[np.int32]
    starts: NDArray[np.int64]


class PolynomialPlan(NamedTuple):
    """Polynomials as sums of products of two monomials.

    mix            coefficients from paths
    unmix          its transpose
    products       (M - 1 - components, 2) int64   the two factors of monomial 1 + components + row;
                                                   monomial 0 is 1, then come the components
    left_of        (C,) int32        the left monomial of each coefficient
    rows           (R, 3) int64      first coefficient, last + 1, right monomial: the rows A_kr
    outs           (K + 1,) int64    where the rows of each component of z begin
    lefts          (M + 1,) int64    where the terms of each left monomial begin in `row_of` and `term_of`
    row_of, term_of   (C,) int32     row and coefficient of each term, ordered by left monomial
    inputs         (I, 5) int64      where an entry stands in x: offset, orders, first component, step of
                                     copies, step of orders
    outputs        (O, 5) int64      the same of z
    sizes          (coefficients C, paths, components of x, monomials M, components of z K, rows R)
    dims           (numbers of a sample of x, of z, copies)
    """

    mix: Sparse
    unmix: Sparse
    products: NDArray[np.int64]
    left_of: NDArray[np.int32]
    rows: NDArray[np.int64]
    outs: NDArray[np.int64]
    lefts: NDArray[np.int64]
    row_of: NDArray[np.int32]
    term_of: NDArray[np.int32]
    inputs: NDArray[np.int64]
    outputs: NDArray[np.int64]
    sizes: tuple[int, int, int, int, int, int]
    dims: tuple[int, int, int]


def polynomial_scratch(plan: PolynomialPlan, *, gradient: bool = False) -> int:
    """Return how many numbers of scratch one thread needs for `polynomial_values`, or for the gradients."""
    coefficients, paths, _, monomials, out, rows = plan.sizes
    vectors = coefficients + paths + SAMPLES * (monomials + out)
    if gradient:
        vectors += coefficients + SAMPLES * (monomials + rows)
    return vectors * (VECTOR_BYTES // plan.mix.values.itemsize)


@compiled
def arrange(
    places: NDArray[np.int64], most: int, ends: NDArray[np.int64], order: NDArray[np.int64],
    units: NDArray[np.int64],
) -> int:  # fmt: skip
    """Order samples by their sets, stably, cut those of a set in units of at most `most`; return how many.

    places   (samples,) the set of each sample
    ends     (sets + 1,) zeros, overwritten
    order    (samples,) written
    units    (enough, 3) written: set, first and last + 1 in `order`
    """
    for sample in range(places.size):
        ends[places[sample] + 1] += 1
    count = 0
    for one in range(ends.size - 1):
        ends[one + 1] += ends[one]
        for first in range(ends[one], ends[one + 1], most):
            units[count, 0], units[count, 1], units[count, 2] = one, first, min(first + most, ends[one + 1])
            count += 1
    for sample in range(places.size):
        order[ends[places[sample]]] = sample
        ends[places[sample]] += 1
    return count


@part
def load_vector(x: Any, x0: int, step: int, count: int, work: Any, t0: int, lanes: int) -> None:
    """Bring `count` numbers, `step` apart, to one vector; pad with 0."""
    if count == lanes and step == 1:
        copy_1(x, x0, work, t0)
        return
    clear(work, t0, lanes)
    strided(x, x0, step, work, t0, 1, count)


@part
def store_vector(work: Any, t0: int, z: Any, z0: int, step: int, count: int, lanes: int) -> None:
    """Write the first `count` numbers of one vector, `step` apart."""
    if count == lanes and step == 1:
        copy_1(work, t0, z, z0)
    else:
        strided(work, t0, 1, z, z0, step, count)


@part
def load_copies(
    x: Any, x0: int, entry: Any, e: int, copy: int, count: int, work: Any, t0: int, lanes: int
) -> None:
    """Bring `count` copies, from `copy` on, of one entry of one sample to vectors, one an order; pad with 0.

    x0   where the sample begins
    t0   of component 0 of the sample in its tile
    """
    orders, step, jump = at(entry, e + 1), at(entry, e + 3), at(entry, e + 4)
    span = SAMPLES * lanes
    start, row = x0 + at(entry, e) + copy * step, t0 + at(entry, e + 2) * span
    if count == lanes and step == orders and orders % 2 and orders <= LARGEST:
        split(x, start, work, row, span, orders, lanes)
        return
    quarter = lanes // 4
    if count == lanes and jump == 1 and orders >= quarter:
        for m in range(0, orders, quarter):  # the last orders once more where it does not divide them
            d = min(m, orders - quarter)
            columns_in(x, start + d, step, 0, work, row, span, d)
        return
    for m in range(orders):
        load_vector(x, start + m * jump, step, count, work, row + m * span, lanes)


@part
def store_copies(
    work: Any, t0: int, z: Any, z0: int, entry: Any, e: int, copy: int, count: int, lanes: int
) -> None:
    """Write the vectors of one entry of one sample to `count` copies from `copy` on."""
    orders, step, jump = at(entry, e + 1), at(entry, e + 3), at(entry, e + 4)
    span = SAMPLES * lanes
    start, row = z0 + at(entry, e) + copy * step, t0 + at(entry, e + 2) * span
    if count == lanes and step == orders and orders % 2 and orders <= LARGEST:
        join(work, row, span, z, start, 0, orders, lanes)
        return
    quarter = lanes // 4
    if count == lanes and jump == 1 and orders >= quarter:
        for m in range(0, orders, quarter):
            d = min(m, orders - quarter)
            columns_out(z, start + d, step, 0, work, row, span, d)
        return
    for m in range(orders):
        store_vector(work, row + m * span, z, start + m * jump, step, count, lanes)


@part
def load_tile(
    x: Any, dim: int, order: Any, first: int, count: int, entries: Any, size: int, components: int, copy: int,
    copies: int, work: Any, tile: int, lanes: int,
) -> None:  # fmt: skip
    """Bring a vector of copies of up to SAMPLES samples to a tile of rows, one a component; pad with 0."""
    if count < SAMPLES:
        clear(work, tile, components * SAMPLES * lanes)
    for s in range(count):
        for e in range(0, size, ENTRY):
            load_copies(
                x, at(order, first + s) * dim, entries, e, copy, copies, work, tile + s * lanes, lanes
            )  # fmt: skip


@part
def store_tile(
    work: Any, tile: int, z: Any, dim: int, order: Any, first: int, count: int, entries: Any, size: int,
    copy: int, copies: int, lanes: int,
) -> None:  # fmt: skip
    """Write a tile of rows to a vector of copies of up to SAMPLES samples."""
    for s in range(count):
        for e in range(0, size, ENTRY):
            store_copies(
                work, tile + s * lanes, z, at(order, first + s) * dim, entries, e, copy, copies, lanes
            )  # fmt: skip


@part
def mixed(
    mix: tuple[Array, Array, Array], weights: Any, w0: int, paths: int, channels: int, copies: int,
    scratch: Any, tile: int, lanes: int,
) -> None:  # fmt: skip
    """Write the coefficients for a vector of copies, from vector 0 of scratch on.

    w0     where the weights of the first path and copy stand
    tile   room for a vector a path
    """
    work = address(scratch)
    for p in range(paths):
        load_vector(weights, w0 + p * channels, 1, copies, work, tile + p * lanes, lanes)
    values, columns, starts = mix
    source, begins = scratch[tile:], address(starts)
    for c in range(starts.size - 1):
        sparse_1(values, columns, at(begins, c), at(begins, c + 1), source, lanes, scratch, c * lanes, 1)


@part
def make_monomials(products: Any, size: int, work: Any, tile: int, components: int, span: int) -> None:
    """Write the products of monomials, each from those before."""
    for p in range(size):
        target = tile + (1 + components + p) * span
        multiply(work, tile + at(products, 2 * p) * span, tile + at(products, 2 * p + 1) * span, target)


@part
def pull_monomials(
    products: Any, size: int, work: Any, tile: int, pulled: int, components: int, span: int
) -> None:
    """Bring gradients of products to what they were made of, the last product first."""
    for k in range(size):
        p = size - 1 - k
        a, b = at(products, 2 * p) * span, at(products, 2 * p + 1) * span
        target = pulled + (1 + components + p) * span
        multiply_pull(work, target, tile + a, tile + b, pulled + a, pulled + b)


@compiled
def polynomial_values(
    x: Array, weights: Array, z: Array, order: NDArray[np.int64], units: NDArray[np.int64], first: int,
    last: int, plan: PolynomialPlan, scratch: Array,
) -> None:  # fmt: skip
    """Write the polynomials of a range of pieces: piece b of unit n is vector b of the copies of its samples.

    x, weights, z   flat: (samples, dim), (sets, paths, copies), (samples, dim)
    order           samples, those of one set of weights together
    units           (units, 3): set, first and last + 1 of its samples in `order`
    first, last     of the pieces, unit by unit
    """
    lanes = VECTOR_BYTES // scratch.itemsize
    span = SAMPLES * lanes
    mix, _, made, left_of, table, ends, _, _, _, entries, exits, sizes, (dim_x, dim_z, channels) = plan
    coefficients, paths, components, monomials, out, _ = sizes
    tile = coefficients * lanes
    t0 = tile + paths * lanes
    z0 = t0 + monomials * span
    work, given, result, factors = address(scratch), address(x), address(z), address(weights)
    rows, index, outs, products = address(table), address(left_of), address(ends), address(made)
    samples, unit, inputs, outputs = address(order), address(units), address(entries), address(exits)
    pieces = -(-channels // lanes)
    for k in range(span):
        put(work, t0 + k, 1)
    for piece in range(first, last):
        u, copy = piece // pieces * 3, piece % pieces * lanes
        copies = min(lanes, channels - copy)
        w0 = at(unit, u) * paths * channels + copy
        mixed(mix, factors, w0, paths, channels, copies, scratch, tile, lanes)
        for start in range(at(unit, u + 1), at(unit, u + 2), SAMPLES):
            count = min(SAMPLES, at(unit, u + 2) - start)
            load_tile(
                given, dim_x, samples, start, count, inputs, entries.size, components, copy, copies, work,
                t0 + span, lanes,
            )  # fmt: skip
            make_monomials(products, len(made), work, t0, components, span)
            for k in range(out):
                fold(work, index, rows, at(outs, k), at(outs, k + 1), 0, t0, z0 + k * span)
            store_tile(
                work, z0, result, dim_z, samples, start, count, outputs, exits.size, copy, copies,
                lanes,
            )  # fmt: skip


@compiled
def polynomial_gradients(
    x: Array, weights: Array, g: Array, grad_x: Array, grad_w: Array, order: NDArray[np.int64],
    units: NDArray[np.int64], first: int, last: int, plan: PolynomialPlan, scratch: Array,
) -> None:  # fmt: skip
    """Write the gradients of x, and of the weights of each unit to its row of grad_w.

    g    the gradient of z, flat; the other arguments as for `polynomial_values`
    """
    lanes = VECTOR_BYTES // scratch.itemsize
    span = SAMPLES * lanes
    (
        mix, (unmix, unmix_index, unmix_ends), made, left_of, table, ends, left_ends, left_rows, left_terms,
        entries, exits, sizes, (dim_x, dim_z, channels),
    ) = plan  # fmt: skip
    coefficients, paths, components, monomials, out, _ = sizes
    tile = coefficients * lanes
    m0 = tile + paths * lanes
    t0 = m0 + coefficients * lanes
    g0 = t0 + monomials * span
    pulled = g0 + out * span
    h0 = pulled + monomials * span
    work, given, factors, incoming = address(scratch), address(x), address(weights), address(g)
    to_x, to_w = address(grad_x), address(grad_w)
    rows, index, outs, products = address(table), address(left_of), address(ends), address(made)
    lefts, row_of, term_of = address(left_ends), address(left_rows), address(left_terms)
    samples, unit, inputs, outputs = address(order), address(units), address(entries), address(exits)
    starts, source = address(unmix_ends), scratch[m0:]
    pieces = -(-channels // lanes)
    for k in range(span):
        put(work, t0 + k, 1)
    for piece in range(first, last):
        u, copy = piece // pieces * 3, piece % pieces * lanes
        copies = min(lanes, channels - copy)
        w0 = at(unit, u) * paths * channels + copy
        mixed(mix, factors, w0, paths, channels, copies, scratch, tile, lanes)
        clear(work, m0, coefficients * lanes)
        for start in range(at(unit, u + 1), at(unit, u + 2), SAMPLES):
            count = min(SAMPLES, at(unit, u + 2) - start)
            load_tile(
                given, dim_x, samples, start, count, inputs, entries.size, components, copy, copies, work,
                t0 + span, lanes,
            )  # fmt: skip
            load_tile(
                incoming, dim_z, samples, start, count, outputs, exits.size, out, copy, copies, work,
                g0, lanes,
            )  # fmt: skip
            make_monomials(products, len(made), work, t0, components, span)
            clear(work, pulled, monomials * span)
            for k in range(out):
                for r in range(at(outs, k), at(outs, k + 1)):
                    right = at(rows, 3 * r + 2) * span
                    fold_pull(
                        work, index, at(rows, 3 * r), at(rows, 3 * r + 1), 0, t0, t0 + right, g0 + k * span,
                        pulled + right, h0 + r * span,
                    )  # fmt: skip
            for left in range(monomials):
                left_pull(
                    work, row_of, term_of, at(lefts, left), at(lefts, left + 1), 0, m0, h0, t0 + left * span,
                    pulled + left * span,
                )  # fmt: skip
            pull_monomials(products, len(made), work, t0, pulled, components, span)
            store_tile(
                work, pulled + span, to_x, dim_x, samples, start, count, inputs, entries.size, copy,
                copies, lanes,
            )  # fmt: skip
        w0 = piece // pieces * paths * channels + copy
        for p in range(paths):
            sparse_1(
                unmix, unmix_index, at(starts, p), at(starts, p + 1), source, lanes, scratch, tile, 1
            )  # fmt: skip
            store_vector(work, tile, to_w, w0 + p * channels, 1, copies, lanes)
