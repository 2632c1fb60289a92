"""Factored: large pieces of couplings and 6j symbols, whose squares are integers^2 times small primes.

The integers are those of `exact`; the primes come from factorials and weights of triads, so that compiled
loops bring every square to lowest terms. `recipes` gives the same rows one Python integer at a time: for
small tables, integers of more than two words, every other kind, and where Numba does not compile.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.conventions import COMPLEX
from reptheory.exact.square_grid import fits_word
from reptheory.exact.wigner6j import triad_weight
from reptheory.exact.wigner6j_compiled import TWO_WORDS, compiled_integers
from reptheory.kernels.pascal_plain import pascal_triangle
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.tables.kinds import TableKey

__all__ = ["FACTORED", "Factored"]

Labels = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Factored:
    """Rows with the value sign * integer * sqrt(product of primes^exponents), in order, none zero.

    index      (n, columns) int32
    signs      (n,) int8
    integers   (n,) low and high words
    factors    (n, k) int32: the rows of `exponents` that are added up
    exponents  (rows, P) int16
    primes     (P,) int64
    """

    index: NDArray[np.int32]
    signs: NDArray[np.int8]
    integers: tuple[NDArray[np.uint64], NDArray[np.uint64]]
    factors: NDArray[np.int32]
    exponents: NDArray[np.int16]
    primes: NDArray[np.int64]


@lru_cache(maxsize=8)
def _primes(most: int) -> tuple[int, ...]:
    """Return the primes up to `most`, and 2."""
    return tuple(n for n in range(2, max(most, 2) + 1) if all(n % k for k in range(2, int(n**0.5) + 1)))


def _exponents(number: int, primes: Sequence[int]) -> list[int]:
    """Factor a number that has no other primes."""
    found = []
    for prime in primes:
        count = 0
        while number % prime == 0:
            number //= prime
            count += 1
        found.append(count)
    if number != 1:
        raise ArithmeticError(f"build: a factor {number} beyond {primes[-1]}; please report this defect")
    return found


@lru_cache(maxsize=2)
def _factorials(most: int, primes: tuple[int, ...]) -> NDArray[np.int16]:
    """Return the exponents of 0!, ..., most!."""
    each = np.array([_exponents(max(n, 1), primes) for n in range(most + 1)], dtype=np.int16)
    return np.cumsum(each, axis=0, dtype=np.int16)


def _couplings(key: TableKey, blocks: Sequence[Labels], most: int) -> Factored | None:
    """Factor coupling blocks: what their entries share, one half for some of them, and three binomials."""
    from reptheory.kernels.coupling_rows import coupling_rows  # noqa: PLC0415

    name, step = key.kind.removeprefix("real_").removeprefix("spin_"), 1 if kind_of(key.kind).doubled else 2
    two_js = step * np.array(blocks, dtype=np.int64)
    if not all(fits_word(t1, t2, t3, bits=127) for t1, t2, t3 in two_js.tolist()):
        return None
    largest, total = int(two_js.max()), int(two_js.sum(axis=1).max()) // 2
    primes = _primes(total + 1)
    factorials = _factorials(total + 1, primes)
    n = np.repeat(np.arange(largest + 1), np.arange(1, largest + 2))
    k = np.arange(len(n)) - n * (n + 1) // 2
    inverse_binomials = factorials[k] + factorials[n - k] - factorials[n]
    index, factors = np.empty((most, 6), np.int32), np.empty((most, 4), np.int32)
    low, high, signs = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int8)
    arguments = _COUPLINGS[name], key.convention is not COMPLEX, step, pascal_triangle(largest), len(n)
    rows = coupling_rows(two_js, *arguments, index, (low, high), signs, factors)
    shared = _shared(name, two_js, factorials)
    shared = np.stack([shared, shared - (np.array(primes) == 2)], axis=1).reshape(-1, len(primes))
    exponents = np.concatenate([inverse_binomials, shared]).astype(np.int16)
    integers = low[:rows], high[:rows]
    return Factored(index[:rows], signs[:rows], integers, factors[:rows], exponents, np.array(primes))


_COUPLINGS: Final = {"wigner_3j": 0, "clebsch_gordan": 1, "gaunt": 2}
"""The numbers of the kinds in `kernels.coupling_rows`."""


def _shared(name: str, two_js: NDArray[np.int64], factorials: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the exponents of what all squares of a block have in common, besides 1 / binomials.

    Of a 3j symbol t1! t2! t3! / (a! b! c! (J+1)!), t = 2j [docs/proofs/pascal.md]; times t3 + 1; for Gaunt
    times (t1+1)(t2+1)(t3+1) / 4 and 3j(000)^2 = (g! / (a/2)! (b/2)! (c/2)!)^2 a! b! c! / (J+1)!, J = 2g.
    """
    f, (t1, t2, t3) = factorials, two_js.T
    a, b, c, total = (t1 + t2 - t3) // 2, (t2 + t3 - t1) // 2, (t1 + t3 - t2) // 2, (t1 + t2 + t3) // 2
    if name == "wigner_3j":
        return np.asarray(f[t1] + f[t2] + f[t3] - f[a] - f[b] - f[c] - f[total + 1])
    if name == "clebsch_gordan":
        return np.asarray(f[t1] + f[t2] + f[t3 + 1] - f[a] - f[b] - f[c] - f[total + 1])
    found = f[t1 + 1] + f[t2 + 1] + f[t3 + 1] - 2 * f[total + 1]
    found += 2 * (f[total // 2] - f[a // 2] - f[b // 2] - f[c // 2])
    found[:, 0] -= 2  # of the prime 2
    return np.asarray(found)


_RACAH: Final = (0, 1, 4, 3, 2, 5)
"""W(a b c d; e f) = (-1)^(a+b+c+d) {a b e; d c f}: which of the symbol's labels its columns hold."""


def _six_j(key: TableKey, blocks: Sequence[Labels], _: int) -> Factored | None:
    """Factor 6j symbols of some j1, j2 (and j3): one weight of a triad above, three below."""
    from reptheory.kernels.six_j import count_6j, label_6j  # noqa: PLC0415

    _, top = kind_of(key.kind).limits(dict(key.parameters))[0]
    if top > TWO_WORDS:
        return None
    triads = np.array([triad for block in blocks for triad in _triads(block, top)], dtype=np.int64)
    counts = np.zeros((len(triads), top + 1), np.int64)
    count_6j(triads, top, 1, counts)
    starts = np.concatenate([[0], np.cumsum(counts.sum(axis=1))])
    low, upper = compiled_integers(triads, starts, top, 1)
    high = (low.view(np.int64) >> 63).view(np.uint64) if upper is None else upper
    numbers, exponents, primes = _weights(top)
    labels, factors = np.empty((len(low), 6), np.int32), np.empty((len(low), 4), np.int32)
    label_6j(triads, top, numbers, labels, factors)
    factors[:, 1:] += len(exponents) // 2  # the inverse weights
    kept, signs = np.flatnonzero(low | high), np.where(high.view(np.int64) < 0, -1, 1).astype(np.int8)
    low, high = np.where(signs < 0, ~low + np.uint64(1), low), np.where(signs < 0, ~high + (low == 0), high)
    if key.kind == "racah":
        signs[labels[:, [0, 1, 3, 4]].sum(axis=1) % 4 == 2] *= -1
        labels = labels[:, _RACAH]
        kept = kept[np.lexsort(labels[kept].T[::-1])]
    integers = low[kept], high[kept]
    return Factored(labels[kept], signs[kept], integers, factors[kept], exponents, primes)


def _triads(block: Labels, top: int) -> list[Labels]:
    """Return the triads of a block, which names one, or its first two labels."""
    if len(block) == 3:
        return [block]
    first, second = block
    return [(first, second, c) for c in range(abs(first - second), min(first + second, top) + 1, 2)]


@lru_cache(maxsize=1)
def _weights(top: int) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.int64]]:
    """Return the number of every triad, and the exponents of the weights and of their inverses."""
    numbers, rows = np.zeros((top + 1,) * 3, np.int32), list[list[int]]()
    primes = _primes(3 * top // 2 + 1)
    for a, b in itertools.combinations_with_replacement(range(top + 1), 2):
        for c in range(b, min(a + b, top) + 1):
            if (a + b + c) % 2 == 0:
                for triad in itertools.permutations((a, b, c)):
                    numbers[triad] = len(rows)
                rows.append(_exponents(triad_weight(a, b, c), primes))
    weights = np.array(rows, dtype=np.int16)
    return numbers, np.concatenate([weights, -weights]), np.array(primes)


class Factors(NamedTuple):
    """How the rows of a kind are factored.

    kernels   the module of `kernels` that it needs
    compute   key, labels of blocks, a bound on their rows -> the rows; None where two words are too short
    """

    kernels: str
    compute: Callable[[TableKey, Sequence[Labels], int], Factored | None]


FACTORED: Final[Mapping[str, Factors]] = MappingProxyType(
    {
        "clebsch_gordan": Factors("coupling_rows", _couplings),
        "gaunt": Factors("coupling_rows", _couplings),
        "wigner_3j": Factors("coupling_rows", _couplings),
        "real_wigner_3j": Factors("coupling_rows", _couplings),
        "spin_clebsch_gordan": Factors("coupling_rows", _couplings),
        "wigner_6j": Factors("six_j", _six_j),
        "racah": Factors("six_j", _six_j),
    }
)
"""Every kind that is factored."""
