"""Residues: surds in a finite field, so that the rank of a matrix of polynomials in surds is found exactly.

GF(p^2) with p = 2^31 - 1 holds a square root of every rational number: p = 3 mod 4, so that it is GF(p)[i],
and every element of GF(p) is a square there. Square roots of different primes are independent over the
rationals, so any choice of their images is a homomorphism; sqrt(pi) is transcendental, its image is random.

A rank in GF(p^2) at a random point never exceeds the generic rank of the same polynomials: a minor that is
not zero there is not the zero polynomial. It falls short only where the point is a zero of every largest
minor, for minors of degree d with probability at most d / p^2 [Schwartz, J. ACM 27 (1980) 701, lemma 1], or
where p divides all of their coefficients.

An array of elements re + i im is an int64 array with the first axis (re, im), values from 0 to p - 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reptheory.errors import TooLarge
from reptheory.exact.surd import Surd

__all__ = ["PRIME", "multiply", "random_elements", "rank", "residue"]

PRIME: Final = 2**31 - 1
_MOST_ELEMENTS: Final = 2**27
"""Of a dense matrix: elimination takes 4 GiB for them."""

Elements = NDArray[np.int64]
Element = tuple[int, int]


def random_elements(count: int, seed: int) -> Elements:
    """Return `count` elements, (2, count), none of them 0; the same for the same seed."""
    return np.random.default_rng(seed).integers(1, PRIME, size=(2, count))


def multiply(left: Elements, right: Elements) -> Elements:
    """Return the product elementwise; axes after the first broadcast."""
    (a, b), (c, d) = left, right
    return np.stack([(a * c % PRIME - b * d % PRIME) % PRIME, (a * d % PRIME + b * c % PRIME) % PRIME])


def _times(left: Element, right: Element) -> Element:
    (a, b), (c, d) = left, right
    return (a * c - b * d) % PRIME, (a * d + b * c) % PRIME


def _inverse(value: Element) -> Element:
    a, b = value
    norm = pow(a * a + b * b, -1, PRIME)
    return a * norm % PRIME, -b * norm % PRIME


def _root_of_prime(prime: int) -> Element:
    """Return the image of sqrt(prime): real if the prime is a square in GF(p), i times a real if not."""
    root = pow(prime, (PRIME + 1) // 4, PRIME)
    return (root, 0) if root * root % PRIME == prime % PRIME else (0, root)


def residue(value: Surd, seed: int = 0) -> Element:
    """Return the image of a real surd in GF(p^2).

    seed   chooses the image of sqrt(pi)

    >>> root = residue(Surd.sqrt(2))
    >>> _times(root, root)
    (2, 0)
    """
    if not value:
        return 0, 0
    from flint import fmpz  # noqa: PLC0415 (exact values alone do not need it)

    top, bottom = value.radicand.numerator, value.radicand.denominator
    image: Element = (value.sign * pow(bottom, -1, PRIME) % PRIME, 0)
    for prime, power in fmpz(top * bottom).factor():
        image = _times(image, (pow(int(prime), power // 2, PRIME), 0))
        if power % 2:
            image = _times(image, _root_of_prime(int(prime)))
    re, im = random_elements(1, seed)[:, 0].tolist()
    step = (re, im) if value.pi_power >= 0 else _inverse((re, im))
    for _ in range(abs(value.pi_power)):
        image = _times(image, step)
    return image


def rank(rows: NDArray[np.int64], columns: NDArray[np.int64], values: Elements) -> int:
    """Return the rank of a sparse matrix over GF(p^2).

    rows, columns   (n,) ints >= 0; entries at one place are added
    values          (2, n)
    raises          TooLarge: what is left of it without its rows and columns of one entry is too large

    >>> rank(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([[1, 2, 2, 4], [0, 0, 0, 0]]))
    1
    """
    rows, columns, values = _summed(rows, columns, values)
    found = 0
    while len(rows):
        peeled = 0
        for single, other in ((columns, rows), (rows, columns)):
            pivots = np.unique(other[_alone(single)])
            if len(pivots):
                kept = ~np.isin(other, pivots)
                rows, columns, values = rows[kept], columns[kept], values[:, kept]
                peeled += len(pivots)
                break
        if not peeled:
            return found + _dense_rank(rows, columns, values)
        found += peeled
    return found


def _alone(places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the entries that stand alone in their row or column."""
    return np.equal(np.bincount(places)[places], 1)


def _summed(rows: Any, columns: Any, values: Elements) -> tuple[Any, Any, Elements]:
    """Add entries at one place and drop zeros."""
    width = int(columns.max(initial=0)) + 1
    places, back = np.unique(rows * width + columns, return_inverse=True)
    total = np.zeros((2, len(places)), dtype=np.int64)
    for part in (0, 1):
        np.add.at(total[part], back, values[part])
    total %= PRIME
    kept = total.any(axis=0)
    return places[kept] // width, places[kept] % width, total[:, kept]


def _dense_rank(rows: Any, columns: Any, values: Elements) -> int:
    """Return the rank by elimination, over the shorter side."""
    (height, at_row), (width, at_column) = (
        (len(distinct), back)
        for distinct, back in (np.unique(places, return_inverse=True) for places in (rows, columns))
    )
    if height < width:
        height, width, at_row, at_column = width, height, at_column, at_row
    if height * width > _MOST_ELEMENTS:
        raise TooLarge(
            f"rank: the matrix has {height} x {width} elements; the limit is {_MOST_ELEMENTS}; "
            "choose fewer copies or lower degrees"
        )
    matrix = np.zeros((2, height, width), dtype=np.int64)
    matrix[:, at_row, at_column] = values
    found = 0
    for column in range(width):
        candidates = np.flatnonzero(matrix[:, found:, column].any(axis=0))
        if not len(candidates):
            continue
        place = found + int(candidates[0])
        matrix[:, [found, place]] = matrix[:, [place, found]]
        re, im = _inverse((int(matrix[0, found, column]), int(matrix[1, found, column])))
        rest = matrix[:, found + 1 :, column:]
        factors = multiply(rest[:, :, :1], np.array([re, im]).reshape(2, 1, 1))
        rest -= multiply(factors, matrix[:, found : found + 1, column:])
        rest %= PRIME
        found += 1
        if found == height:
            break
    return found
