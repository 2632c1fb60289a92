"""Fully connected products, mode uvw with shared weights: products of small matrices, copies as lanes.

The sum over samples n of w_uvw C_ijk x_ui y_vj z_wk is linear in x, y, z and w; the product and its gradients
are its derivatives. The copies of one feature, p, are contracted with the weights for every pair of copies of
the other two, q and r. With m for orders:

    A[n, m_r, m_p, q] = sum of C x_q[n, m_q, q] over m_q

    pull   H[n, m_p, q, r] = sum of w[p, q, r] x_p[n, m_p, p] over p              a matrix product
           x_r[n, m_r, r] += sum of A[n, m_r, m_p, q] H[n, m_p, q, r] over m_p, q
    fold   D[n, m_r, m_p, q] = sum of x_r[n, m_r, r] H[n, m_p, q, r] over r
           x_q[n, m_q, q] += sum of C D[n, m_r, m_p, q] over m_r, m_p
    push   P[n, m_p, q, r] = sum of A[n, m_r, m_p, q] x_r[n, m_r, r] over m_r
           x_p[n, m_p, p] += sum of w[p, q, r] P[n, m_p, q, r] over q, r          a matrix product
           w[p, q, r] += sum of x_p[n, m_p, p] P[n, m_p, q, r] over n, m_p        a matrix product

where += adds to a result and all else is given. Matrix products are those of `simd.mix_2`, over the samples
of a block; plans choose p with few orders, so that they are few. Each sum has one order, whatever the block.

Proof of the bound: docs/proofs/connected.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.kernels.copies import from_rows, to_rows
from reptheory.kernels.jit import compiled, inlined
from reptheory.kernels.simd.channels import clear, mix_2
from reptheory.kernels.simd.pointers import address, at, put
from reptheory.kernels.simd.tiles import VECTOR_BYTES

__all__ = [
    "ENTRY",
    "PULL",
    "PUSH",
    "SAMPLES",
    "STEP",
    "VECTORS",
    "ConnectedPlan",
    "connected",
    "connected_scratch",
]

Array = NDArray[Any]

VECTORS = 2
"""Vectors of copies that are computed together; copies are padded to whole blocks of them."""
SAMPLES = 72
"""Samples of a block: whole blocks of the rows that `mix_2` keeps in registers."""
PULL, PUSH = 0, 1
"""Kinds of step."""
ENTRY = ("array", "start", "copies", "orders", "row", "padded")
"""Columns of `entries`: which array it is of, where it begins there and in the record of a sample."""
STEP = (
    "kind", "p", "p_padded", "p_orders", "p_copies", "q", "q_padded", "q_orders", "q_copies", "some", "r",
    "r_padded", "r_orders", "r_copies", "coefficients", "weights", "target", "gradient", "folded",
)  # fmt: skip
"""Columns of `steps`: each feature's row, padded copies, orders and copies; `some` copies of q at a time;
where the coefficients [m_r, m_p, m_q] begin, and the weights: [p, q, r] to pull, r padded, [q, r, p] to push,
r and p padded; then what is wanted, else -1: the row of the result in a record, where the gradient [p, q, r]
begins, r padded, and the row of the result of q."""

E, T = len(ENTRY), len(STEP)


class ConnectedPlan(NamedTuple):
    """The steps of a product, or of its gradients, as flat arrays, the form that compiled code takes.

    coefficients   (numbers,) float32 or float64   dense, see `STEP`
    entries        (entries, 6) int64              of the arrays that are read, then of those that are written
    steps          (steps, 19) int64
    read           how many entries are of the arrays that are read
    dims           (5,)    length of a sample of the three arrays read and of the two written
    sizes          (record, A, H, D)   numbers of scratch of a sample: its rows, A, H or P, and what makes D
    filled         where the rows that are written begin in a record
    inner          1: copies outside, orders inside (mul_ir); 0: the reverse
    """

    coefficients: Array
    entries: NDArray[np.int64]
    steps: NDArray[np.int64]
    read: int
    dims: tuple[int, int, int, int, int]
    sizes: tuple[int, int, int, int]
    filled: int
    inner: int


def connected_scratch(plan: ConnectedPlan) -> int:
    """Return how many numbers of scratch one thread needs."""
    record, coupled, pairs, dotted = plan.sizes
    return SAMPLES * (record + pairs) + coupled + dotted


@inlined
def _contract(
    steps: Any, s: int, weights: Any, work: Any, count: int, record: int, h0: int, q0: int, row: int
) -> None:  # fmt: skip
    """Write H for copies q0, q0 + 1, ... of q, `row` numbers of each sample and order."""
    p, p_padded, p_orders, p_copies = at(steps, s + 1), at(steps, s + 2), at(steps, s + 3), at(steps, s + 4)
    r_padded = at(steps, s + 11)
    first, step = at(steps, s + 15) + q0 * r_padded, at(steps, s + 8) * r_padded
    for m in range(p_orders):
        mix_2(
            work, p + m * p_padded, record, 1, count, p_copies, weights, first, step, work, h0 + m * row,
            p_orders * row, 1, row,
        )  # fmt: skip


@inlined
def _spread(
    steps: Any, s: int, weights: Any, gradient: Any, w0: int, work: Any, count: int, record: int, h0: int,
    q0: int, row: int,
) -> None:  # fmt: skip
    """Add what P gives to the rows of p and to the gradient of the weights."""
    p, p_padded, p_orders, p_copies = at(steps, s + 1), at(steps, s + 2), at(steps, s + 3), at(steps, s + 4)
    q_copies, r_padded = at(steps, s + 8), at(steps, s + 11)
    target, to_weights = at(steps, s + 16), at(steps, s + 17)
    first = at(steps, s + 15) + q0 * r_padded * p_padded
    for m in range(p_orders):
        pairs = h0 + m * row
        if target >= 0:
            mix_2(
                work, pairs, p_orders * row, 1, count, row, weights, first, p_padded, work,
                target + m * p_padded, record, 0, p_padded,
            )  # fmt: skip
        if to_weights >= 0:
            mix_2(
                work, p + m * p_padded, 1, record, p_copies, count, work, pairs, p_orders * row, gradient,
                w0 + to_weights + q0 * r_padded, q_copies * r_padded, 0, row,
            )  # fmt: skip


@inlined
def _couple(
    steps: Any, s: int, coefficients: Any, work: Any, sample: int, a0: int, pairs: int, q0: int, some: int,
    padded: int,
) -> None:  # fmt: skip
    """Write A for some copies of q of one sample; add A H to the rows of r, or write P."""
    p_orders, q_padded, q_orders = at(steps, s + 3), at(steps, s + 6), at(steps, s + 7)
    r_padded, r_orders = at(steps, s + 11), at(steps, s + 12)
    source, step, row = sample + at(steps, s + 5) + q0, p_orders * padded, some * r_padded
    mix_2(
        coefficients, at(steps, s + 14), q_orders, 1, r_orders * p_orders, q_orders, work, source, q_padded,
        work, a0, padded, 1, padded,
    )  # fmt: skip
    for m in range(p_orders):
        if at(steps, s) == PULL:
            mix_2(
                work, a0 + m * padded, step, 1, r_orders, some, work, pairs + m * row, r_padded, work,
                sample + at(steps, s + 16), r_padded, 0, r_padded,
            )  # fmt: skip
        else:
            mix_2(
                work, a0 + m * padded, 1, step, some, r_orders, work, sample + at(steps, s + 10), r_padded,
                work, pairs + m * row, r_padded, 1, r_padded,
            )  # fmt: skip


@inlined
def _fold(
    steps: Any, s: int, coefficients: Any, work: Any, sample: int, a0: int, d0: int, pairs: int, q0: int,
    some: int, padded: int, block: int,
) -> None:  # fmt: skip
    """Write D for some copies of q of one sample where A stood, and add C D to the rows of q."""
    p_orders, q_orders, r_padded, r_orders = (
        at(steps, s + 3),
        at(steps, s + 7),
        at(steps, s + 11),
        at(steps, s + 12),
    )
    r_copies, wide = at(steps, s + 13), -(-r_orders // block) * block
    dots = d0 + r_copies * wide
    for k in range(r_orders):
        for r in range(r_copies):  # orders as lanes: H times a matrix
            put(work, d0 + r * wide + k, at(work, sample + at(steps, s + 10) + k * r_padded + r))
    mix_2(
        work, pairs, r_padded, 1, p_orders * some, r_copies, work, d0, wide, work, dots, wide, 1, wide
    )  # fmt: skip
    for k in range(r_orders):
        for m in range(p_orders):
            row = a0 + (k * p_orders + m) * padded
            for q in range(some):
                put(work, row + q, at(work, dots + (m * some + q) * wide + k))
    mix_2(
        coefficients, at(steps, s + 14), 1, q_orders, q_orders, r_orders * p_orders, work, a0, padded, work,
        sample + at(steps, s + 18) + q0, at(steps, s + 6), 0, padded,
    )  # fmt: skip


@inlined
def _load(given: Any, dims: Any, plan: ConnectedPlan, start: int, count: int, work: Any, lanes: int) -> None:
    """Bring the entries of the arrays that are read to the records of some samples; clear the others."""
    entries, record = address(plan.entries), plan.sizes[0]
    for e in range(0, plan.read * E, E):
        array, copies, orders = at(entries, e), at(entries, e + 2), at(entries, e + 3)
        row, padded, dim = at(entries, e + 4), at(entries, e + 5), dims[array]
        for n in range(count):
            place, to = (start + n) * dim + at(entries, e + 1), n * record + row
            to_rows(given[array], place, copies, orders, plan.inner, work, to, padded, padded, lanes)
    for n in range(count):
        clear(work, n * record + plan.filled, record - plan.filled)


@inlined
def _save(
    results: Any, dims: Any, plan: ConnectedPlan, start: int, count: int, work: Any, lanes: int
) -> None:
    """Write the records of some samples to the entries of the arrays that are written."""
    entries, record = address(plan.entries), plan.sizes[0]
    for e in range(plan.read * E, plan.entries.size, E):
        array, copies, orders = at(entries, e), at(entries, e + 2), at(entries, e + 3)
        row, padded, dim = at(entries, e + 4), at(entries, e + 5), dims[array]
        for n in range(count):
            place, source = (start + n) * dim + at(entries, e + 1), n * record + row
            from_rows(work, source, padded, results[array], place, copies, orders, plan.inner, 0, lanes)


@compiled
def connected(
    x: Array, y: Array, z: Array, weights: Array, out: Array, other: Array, gradient: Array, first: int,
    last: int, plan: ConnectedPlan, w0: int, scratch: Array,
) -> None:  # fmt: skip
    """Take the steps of a plan for samples first:last; flat arrays, aligned scratch.

    x, y, z      the features that are read; z is empty for the product
    out, other   the features that are written: z, or the gradients of x and y
    gradient     of the weights, packed as the plan says, is added to from w0 on
    """
    plan = ConnectedPlan(*plan)
    lanes = VECTOR_BYTES // plan.coefficients.itemsize
    block = VECTORS * lanes
    record, coupled, kept, dotted = plan.sizes
    a0 = SAMPLES * record
    h0 = a0 + coupled
    d0 = h0 + SAMPLES * kept
    steps, work, factors, total = address(plan.steps), address(scratch), address(weights), address(gradient)
    coefficients = address(plan.coefficients)
    clear(work, d0, dotted)  # lanes without an order are never set
    given, results = (address(x), address(y), address(z)), (address(out), address(other))
    for start in range(first, last, SAMPLES):
        count = SAMPLES if start + SAMPLES <= last else last - start
        _load(given, plan.dims[:3], plan, start, count, work, lanes)
        for s in range(0, plan.steps.size, T):
            q_copies, chunk = at(steps, s + 8), at(steps, s + 9)
            for q0 in range(0, q_copies, chunk):
                some = chunk if q0 + chunk <= q_copies else q_copies - q0
                padded, row = -(-some // block) * block, some * at(steps, s + 11)
                if at(steps, s) == PULL:
                    _contract(steps, s, factors, work, count, record, h0, q0, row)
                for n in range(count):
                    place, pairs = n * record, h0 + n * at(steps, s + 3) * row
                    _couple(steps, s, coefficients, work, place, a0, pairs, q0, some, padded)
                    if at(steps, s + 18) >= 0:
                        _fold(steps, s, coefficients, work, place, a0, d0, pairs, q0, some, padded, block)
                if at(steps, s) == PUSH:
                    _spread(steps, s, factors, total, w0, work, count, record, h0, q0, row)
        _save(results, plan.dims[3:], plan, start, count, work, lanes)
