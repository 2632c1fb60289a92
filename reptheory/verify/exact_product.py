"""Exact products: the full Clebsch-Gordan and the Gaunt product of floats, in Arb balls.

    full    w[path (l1, l2, l3), m3] = sum_{m1 m2} C(l1 m1 l2 m2; l3 m3) x[l1 m1] y[l2 m2]
    Gaunt   z[l3, m3]                = sum_{l1 l2} ratio(l1, l2, l3) w[path (l1, l2, l3), m3]
    ratio   sqrt((2 l1 + 1)(2 l2 + 1) / (4 pi (2 l3 + 1))) <l1 0 l2 0 | l3 0>

Coefficients are the exact surds of `exact` in the real basis; floats are the rationals that they are. No
table and no kernel takes part. Order of `full`: paths (l1, l2, l3) ascending, then m3 = -l3..l3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reptheory.verify.enclosure import Enclosure, rounded_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.surd import Surd

__all__ = [
    "BITS",
    "Coupling",
    "ExactProducts",
    "Path",
    "degree_slice",
    "exact_products",
    "gaunt_ratio",
    "paths_to",
]

BITS: Final = 256
"""Working precision: products of features of 1e-17, left by symmetry, must stay far above the radii."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path of the full product: its degrees and the first of its 2 l3 + 1 outputs."""

    l1: int
    l2: int
    l3: int
    start: int

    @property
    def outputs(self) -> slice:
        """Where its outputs stand."""
        return slice(self.start, self.start + 2 * self.l3 + 1)

    @property
    def odd(self) -> bool:
        """Whether l1 + l2 + l3 is odd, so that the Gaunt product has lost it."""
        return bool((self.l1 + self.l2 + self.l3) % 2)


def degree_slice(degree: int) -> slice:
    """Return where degree l stands among harmonics: l*l to (l + 1)^2."""
    return slice(degree * degree, (degree + 1) ** 2)


def paths_to(lmax: int) -> tuple[Path, ...]:
    """Return the paths of the full product of one copy of each l <= lmax, in order."""
    paths: list[Path] = []
    start = 0
    for l1 in range(lmax + 1):
        for l2 in range(lmax + 1):
            for l3 in range(abs(l1 - l2), l1 + l2 + 1):
                paths.append(Path(l1, l2, l3, start))
                start += 2 * l3 + 1
    return tuple(paths)


def gaunt_ratio(l1: int, l2: int, l3: int) -> Surd:
    """Return Gaunt / Clebsch-Gordan of a path exactly; zero for l1 + l2 + l3 odd (formula: module docstring).

    >>> gaunt_ratio(1, 1, 1), gaunt_ratio(0, 0, 0)
    (0, √(1/(4π)))
    """
    from reptheory.exact.clebsch_gordan import clebsch_gordan  # noqa: PLC0415
    from reptheory.exact.surd import Surd  # noqa: PLC0415

    factor = Fraction((2 * l1 + 1) * (2 * l2 + 1), 4 * (2 * l3 + 1))
    return Surd.sqrt(factor, pi_power=-1) * clebsch_gordan(l1, l2, l3, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Coupling:
    """The exact coefficients of both products up to `lmax`.

    blocks   path (l1, l2, l3) -> real Clebsch-Gordan block (2 l1 + 1, 2 l2 + 1, 2 l3 + 1)
    ratios   path -> Gaunt / Clebsch-Gordan, a surd
    """

    lmax: int
    paths: tuple[Path, ...]
    blocks: dict[tuple[int, int, int], SurdArray]
    ratios: dict[tuple[int, int, int], Surd]

    @classmethod
    def to(cls, lmax: int, progress: Callable[[int, int], None] | None = None) -> Coupling:
        """Compute every block with l1, l2 <= lmax; progress is called as progress(done, total)."""
        from reptheory.exact.clebsch_gordan import clebsch_gordan_array  # noqa: PLC0415

        paths = paths_to(lmax)
        blocks, ratios = {}, {}
        for done, path in enumerate(paths):
            labels = path.l1, path.l2, path.l3
            blocks[labels] = clebsch_gordan_array(*labels, basis="real")
            ratios[labels] = gaunt_ratio(*labels)
            if progress is not None:
                progress(done + 1, len(paths))
        return cls(lmax, paths, blocks, ratios)

    @property
    def dimension(self) -> int:
        """Components of x, of y, and the square root of the outputs of the full product: (lmax + 1)^2."""
        return (self.lmax + 1) ** 2

    def columns(self, lmax: int) -> NDArray[np.int64]:
        """Return where the outputs of the full product to a lower `lmax` stand among these."""
        start = {(path.l1, path.l2, path.l3): path.start for path in self.paths}
        parts = [start[p.l1, p.l2, p.l3] + np.arange(2 * p.l3 + 1) for p in paths_to(lmax)]
        return np.concatenate(parts)

    @cached_property
    def magnitudes(self) -> tuple[csr_array, csr_array]:
        """|C| of the full and |G| of the Gaunt product, rounded up: (outputs, pairs (l1 m1, l2 m2))."""
        from scipy.sparse import coo_array  # noqa: PLC0415

        rows, harmonics, columns, values, scaled = [], [], [], [], []
        for path in self.paths:
            labels = path.l1, path.l2, path.l3
            block = self.blocks[labels]
            i, j, k = block.indices.T
            rows.append(path.start + k)
            harmonics.append(path.l3**2 + k)
            columns.append((path.l1**2 + i) * self.dimension + path.l2**2 + j)
            size = np.array([math.sqrt(abs(n) / d) for n, d in _fractions(block)])
            values.append(size)
            scaled.append(size * abs(float(self.ratios[labels])))
        column = np.concatenate(columns)
        pairs = self.dimension**2
        full, gaunt = np.concatenate(values), np.concatenate(scaled)
        kept = gaunt > 0
        return (
            coo_array((rounded_up(full, 4), (np.concatenate(rows), column)), (pairs, pairs)).tocsr(),
            coo_array(
                (rounded_up(gaunt[kept], 8), (np.concatenate(harmonics)[kept], column[kept])),
                ((2 * self.lmax + 1) ** 2, pairs),
            ).tocsr(),
        )

    def spread(self, x: NDArray[np.float64], y: NDArray[np.float64], *, gaunt: bool) -> NDArray[np.float64]:
        """Bound sum |C| x y from above for nonnegative (samples, (lmax + 1)^2) operands."""
        matrix = self.magnitudes[int(gaunt)]
        outer = (x[:, :, None] * y[:, None, :]).reshape(len(x), -1)
        result: NDArray[np.float64] = np.ascontiguousarray((matrix @ outer.T).T)
        return rounded_up(result, 2 + int(np.diff(matrix.indptr).max(initial=0)))


def _fractions(block: SurdArray) -> Iterator[tuple[int, int]]:
    """Yield (signed numerator, denominator) of the square of each nonzero."""
    return zip(block.numerators, block.denominators, strict=True)


@dataclass(frozen=True, eq=False)
class ExactProducts:
    """Both products of a batch, enclosed.

    full    (samples, (lmax + 1)^4)
    gaunt   degree L -> Gaunt product of the operands cut at L: (samples, (2L + 1)^2), for L = 0..lmax
    """

    full: Enclosure
    gaunt: dict[int, Enclosure]


def exact_products(
    x: NDArray[Any],
    y: NDArray[Any],
    coupling: Coupling,
    progress: Callable[[int, int], None] | None = None,
) -> ExactProducts:
    """Multiply floats exactly, up to balls of relative radius near 2^-240.

    x, y       (samples, (lmax + 1)^2) float32 or float64, finite, taken as exact rationals
    coupling   coefficients to that lmax
    progress   called as progress(done, total), once per pair (l1, l2)
    """
    from reptheory.exact.arb import working_precision  # noqa: PLC0415

    with working_precision(BITS):
        return _Evaluation(x, y, coupling).run(progress)


class _Evaluation:
    """One pass over all pairs (l1, l2), by shells max(l1, l2) = L: every cut Gaunt product falls out."""

    def __init__(self, x: NDArray[Any], y: NDArray[Any], coupling: Coupling) -> None:
        import flint  # noqa: PLC0415

        self.flint = flint
        self.coupling = coupling
        self.samples = len(x)
        self.left, self.right = _balls(x), _balls(y)
        self.parts: dict[int, Enclosure] = {}
        self.sums = [flint.arb_mat(2 * degree + 1, self.samples) for degree in range(2 * coupling.lmax + 1)]

    def run(self, progress: Callable[[int, int], None] | None) -> ExactProducts:
        """Evaluate every path and join the results."""
        paths = self.coupling.paths
        shells = sorted(paths, key=lambda path: (max(path.l1, path.l2), path.start))
        gaunt: dict[int, Enclosure] = {}
        pair, outer = (-1, -1), None
        for done, path in enumerate(shells):
            if (path.l1, path.l2) != pair:
                if max(path.l1, path.l2) > max(pair) >= 0:
                    gaunt[max(pair)] = self.snapshot(max(pair))
                pair = path.l1, path.l2
                outer = self.outer(*pair)
            self.add(path, outer)
            if progress is not None:
                progress(done + 1, len(paths))
        gaunt[self.coupling.lmax] = self.snapshot(self.coupling.lmax)
        full = Enclosure.stack([self.parts[path.start] for path in paths])
        return ExactProducts(full, gaunt)

    def outer(self, l1: int, l2: int) -> Any:
        """Return x[l1 m1] y[l2 m2] of every sample: ((2 l1 + 1)(2 l2 + 1), samples), exact."""
        right = self.right[degree_slice(l2)]
        entries = [
            a * b
            for left in self.left[degree_slice(l1)]
            for other in right
            for a, b in zip(left, other, strict=True)
        ]
        return self.flint.arb_mat((2 * l1 + 1) * (2 * l2 + 1), self.samples, entries)

    def add(self, path: Path, outer: Any) -> None:
        """Evaluate one path, keep its outputs, and add its share to the Gaunt product."""
        labels = path.l1, path.l2, path.l3
        result = _matrix(self.coupling.blocks[labels]) * outer
        self.parts[path.start] = _rows(result)
        if not path.odd:
            self.sums[path.l3] += result * self.coupling.ratios[labels].to_arb(BITS)

    def snapshot(self, lmax: int) -> Enclosure:
        """Enclose the Gaunt product so far: every pair with l1, l2 <= lmax."""
        return Enclosure.stack([_rows(self.sums[degree]) for degree in range(2 * lmax + 1)])


def _balls(values: NDArray[Any]) -> list[list[Any]]:
    """Return floats as exact balls, [component][sample]."""
    import flint  # noqa: PLC0415

    return [[flint.arb(value) for value in row] for row in values.T.astype(np.float64).tolist()]


def _matrix(block: SurdArray) -> Any:
    """Return a coupling block as balls: (2 l3 + 1, (2 l1 + 1)(2 l2 + 1))."""
    import flint  # noqa: PLC0415

    inner, outer = block.shape[0] * block.shape[1], block.shape[2]
    places = block.indices @ np.array([block.shape[1], 1, inner])
    roots: dict[tuple[int, int], Any] = {}
    entries = [flint.arb(0)] * (inner * outer)
    for place, (top, bottom) in zip(places.tolist(), _fractions(block), strict=True):
        key = abs(top), bottom
        if key not in roots:
            roots[key] = flint.arb(flint.fmpq(*key)).sqrt()
        entries[place] = roots[key] if top > 0 else -roots[key]
    return flint.arb_mat(outer, inner, entries)


def _rows(matrix: Any) -> Enclosure:
    """Enclose a matrix (components, samples) as (samples, components)."""
    found = Enclosure.of_balls(matrix.entries(), (matrix.nrows(), matrix.ncols()))
    return Enclosure(*(np.ascontiguousarray(part.T) for part in (found.high, found.low, found.radius)))
