"""Certified: what makes certificates of any operation that is multilinear, or its chain of exact maps.

A certificate bounds |z - exact| for any z. A float32 one is compared with the operation in float64 and the
bound of that; a float64 one with the operation evaluated once more by `exact_maps`. Gradients likewise.

Proof: docs/proofs/certificate.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reptheory.kernels.pool import over_samples
from reptheory.operations.exact_maps import ExactMap, Pairs, exact, pulled
from reptheory.operations.operands import claimed_result

__all__ = ["Chain", "Input", "Into", "certify", "certify_gradients", "inputs", "widened"]

Array = NDArray[Any]
Bound = NDArray[np.float64]

BLOCK = 1 << 16
"""Numbers of operands and result that are evaluated at a time."""
_SLACK = 1 + 2.0**-48


class Input(NamedTuple):
    """An operand: rows (own, dim) of floats, and which of them each sample has."""

    rows: Array
    places: NDArray[np.int64]


def inputs(operands: Sequence[ArrayLike], shape: tuple[int, ...]) -> list[Input]:
    """Return operands (..., dim), which were checked, whose leading axes broadcast to `shape`."""
    found = []
    for operand in operands:
        array = np.asarray(operand, np.float64)
        own = np.arange(prod(array.shape[:-1])).reshape(array.shape[:-1])
        rows = array.reshape(own.size, array.shape[-1])
        found.append(Input(rows, np.broadcast_to(own, shape).reshape(-1)))
    return found


class Into(NamedTuple):
    """Rows that samples are added up in: which of them each sample adds to, and how many there are."""

    places: NDArray[np.int64]
    total: int


@dataclass(frozen=True)
class Chain:
    """A multilinear operation as a chain of exact maps, evaluated some samples at a time.

    of       the operands of some samples -> the result
    inputs   its operands
    dim      numbers of a result
    terms    products of a sample, about
    into     the row of the result that each sample adds to, and how many there are; None: its own
    threads  None: as many as the work is worth; an int: at most that many
    """

    of: Callable[..., Pairs]
    inputs: Sequence[Input]
    dim: int
    terms: int
    into: Into | None = None
    threads: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of the result, and numbers of each."""
        return self.into.total if self.into else len(self.inputs[0].places), self.dim

    def off(self, z: Array) -> Bound:
        """Bound |z - exact|, z (rows, dim)."""
        if self.into is not None:
            return summed(self.result(), *self.into).off(z)
        bound = np.empty(z.shape)

        def each(rows: slice, result: Pairs, _: Sequence[Pairs]) -> None:
            bound[rows] = result.off(z[rows])

        self._over(each)
        return bound

    def result(self) -> NDArray[np.float64]:
        """Return what each sample gives, as high, low and error, (3, samples, dim)."""
        values = np.empty((3, len(self.inputs[0].places), self.dim))

        def each(rows: slice, result: Pairs, _: Sequence[Pairs]) -> None:
            values[:, rows] = result.values.transpose(0, 2, 1)

        self._over(each)
        return values

    def off_gradients(self, grad: Array, found: Sequence[Array | None]) -> list[Bound | None]:
        """Bound the errors of gradients, (.., dim) for each operand, for `grad` (rows, dim) in the result."""
        return [
            None if one is None else own.off(one.reshape(own.samples, own.dim)).reshape(one.shape)
            for own, one in zip(self.gradients(grad), found, strict=True)
        ]

    def gradients(self, grad: Array) -> list[Pairs]:
        """Return the gradient of every operand, each of its rows summed over the samples that have it.

        grad      (rows, dim), that of a loss in the result
        returns   (dim, own) each
        """
        samples = len(self.inputs[0].places)
        incoming = Input(grad, np.arange(samples) if self.into is None else self.into.places)
        found = [np.empty((3, samples, one.rows.shape[1])) for one in self.inputs]

        def each(rows: slice, result: Pairs, operands: Sequence[Pairs]) -> None:
            for values, part in zip(found, pulled(result, taken(incoming, rows), operands), strict=True):
                values[:, rows] = part.transpose(0, 2, 1)

        self._over(each)
        return [
            summed(values, one.places, len(one.rows)) for values, one in zip(found, self.inputs, strict=True)
        ]

    def _over(self, each: Callable[[slice, Pairs, Sequence[Pairs]], None]) -> None:
        """Evaluate all samples, `each` some of them."""
        numbers = self.dim + sum(one.rows.shape[1] for one in self.inputs)
        block = min(128, max(1, BLOCK // max(numbers, 1)))

        def task(first: int, last: int) -> None:
            for start in range(first, last, block):
                rows = slice(start, min(start + block, last))
                operands = [taken(one, rows) for one in self.inputs]
                each(rows, self.of(*operands), operands)

        over_samples(task, len(self.inputs[0].places), block, 16 * self.terms, self.threads)


def taken(one: Input, rows: slice) -> Pairs:
    """Return the numbers of some samples."""
    return exact(one.rows[one.places[rows]])


def summed(values: NDArray[np.float64], places: NDArray[np.int64], count: int) -> Pairs:
    """Return the sums of rows (3, samples, dim) that go to the same one of `count` places, (dim, count)."""
    samples = np.arange(len(places))
    add = ExactMap((len(places), 1, count), (samples, np.zeros_like(samples), places))
    total = add(Pairs(values), exact(np.ones((values.shape[2], 1))))
    return Pairs(np.ascontiguousarray(total.values.transpose(0, 2, 1)))


class Certifier(Protocol):
    """What tells how far results and gradients are off: a `Chain`."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows of the result, and numbers of each."""

    def off(self, z: Array) -> Bound:
        """Bound |z - exact|, z of that shape."""

    def off_gradients(self, grad: Array, found: Sequence[Array | None]) -> list[Bound | None]:
        """Bound the errors of gradients, (.., dim) for each operand, for a `grad` of that shape."""


def certify(operation: Callable[..., Any], operands: Sequence[Any], z: ArrayLike, shape: tuple[int, ...],
    chain: Callable[[], Certifier],
) -> Bound:  # fmt: skip
    """Bound |z - exact| elementwise, for any z of `shape`.

    operation   called with `operands` and with_bound=True
    chain       the same as exact maps
    returns     float64; inf where z or the result is not finite
    raises      OperandError
    """
    claimed = claimed_result(z, shape)
    if claimed.dtype.itemsize < 8:
        return distance(claimed, *operation(*map(widened, operands), with_bound=True))
    same = chain()
    return same.off(np.asarray(claimed, np.float64).reshape(same.shape)).reshape(shape)


def certify_gradients(
    backward: Callable[..., Any], operands: Sequence[Any], grad: ArrayLike, found: Sequence[Any],
    chain: Callable[[], Certifier],
) -> list[Any]:  # fmt: skip
    """Bound the errors of any gradients in `operands`, for `grad` in the result, which were checked.

    backward   called with the operands, grad= and with_bound=True
    found      one claimed gradient an operand, of its shape; None where it is None
    chain      the operation as exact maps
    raises     OperandError
    """
    claimed = [
        None if one is None else claimed_result(one, np.shape(operand), "gradients")
        for one, operand in zip(found, operands, strict=True)
    ]
    if any(one is not None and one.dtype.itemsize < 8 for one in claimed):
        values, limits = backward(*map(widened, operands), grad=widened(grad), with_bound=True)
        return [
            None if one is None else distance(one, value, limit)
            for one, value, limit in zip(claimed, values, limits, strict=True)
        ]
    same = chain()
    return same.off_gradients(np.asarray(grad, np.float64).reshape(same.shape), claimed)


def distance(claimed: Array, wide: Array, bound: Bound) -> Bound:
    """Bound |claimed - exact| from a float64 result and its bound."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = (np.abs(claimed - wide) + bound) * _SLACK
    return np.where(np.isfinite(total), total, np.inf)


def widened(operand: Any) -> Any:
    """Return an array of floats in float64, anything else as it is."""
    if operand is None or isinstance(operand, np.ma.MaskedArray):
        return operand
    try:
        array = np.asarray(operand)
    except (ValueError, TypeError, OverflowError):
        return operand
    return array.astype(np.float64) if array.dtype.kind == "f" and array.itemsize < 8 else operand
