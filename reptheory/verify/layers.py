"""Layers: what networks are made of beside products of two, on features of molecules, against exact values.

interaction    c (G(a x, b y)), one weight a degree, G the exact Gaunt product
convolution    G(x, b Y(v / |v|)), v the components of degree 1 of y, Y from exact solid harmonics
contraction    weighted polynomials of x to degree 3, from exact symmetric couplings
spins          1/2 + 1 with 1/2, of x + i y, by exact Clebsch-Gordan coefficients

Each result is compared with its bound and with its certificate. Floats are the rationals that they are;
coefficients are exact, and no table and no kernel takes part in what is expected.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reptheory.verify.checks import Check, judge
from reptheory.verify.enclosure import Enclosure
from reptheory.verify.exact_product import BITS, Coupling, degree_slice, paths_to

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LMAX", "check_layers"]

Array = NDArray[Any]
Balls = list[list[Any]]

LMAX: Final = 2
"""Degree of the features at most: what holds there for every operation does not depend on it."""
SAMPLES: Final = 4


class _Found(NamedTuple):
    """What one layer computed: its error, its bound and its certificate."""

    layer: str
    error: Array
    bound: Array
    certificate: Array


def check_layers(x: Array, y: Array, coupling: Coupling) -> list[Check]:
    """Check every layer on some of the features.

    x, y       (samples, (lmax + 1)^2), float64
    coupling   coefficients to that lmax
    """
    lmax = min(LMAX, coupling.lmax)
    chosen = np.unique(np.linspace(0, len(x) - 1, min(SAMPLES, len(x))).round().astype(int))
    x, y = (np.ascontiguousarray(one[chosen, : (lmax + 1) ** 2]) for one in (x, y))
    checks = []
    layers = (
        _interaction(x, y, coupling, lmax),
        _convolution(x, y, coupling, lmax),
        _contraction(x, y, lmax),
        _spins(x, y),
    )
    for found in layers:
        for limit, name in ((found.bound, "bound"), (found.certificate, "certificate")):
            checks.append(judge("layers of networks", f"{found.layer}, {name}", found.error, limit))
    return checks


def _weights(count: int) -> Array:
    """Return weights of both signs."""
    return np.asarray(np.cos(1.0 + np.arange(count)))


def _balls(rows: Array) -> Balls:
    """Return floats as the numbers that they are."""
    from flint import arb  # noqa: PLC0415

    return [[arb(value) for value in row] for row in rows.tolist()]


def _weighed(rows: Balls, weights: Array, lmax: int) -> Balls:
    """Return harmonics times one weight a degree."""
    factors = [one for degree, one in enumerate(_balls(weights[None])[0]) for _ in range(2 * degree + 1)]
    assert len(factors) == (lmax + 1) ** 2  # noqa: S101
    return [[a * b for a, b in zip(factors, row, strict=True)] for row in rows]


def _gaunt(left: Balls, right: Balls, coupling: Coupling, lmax: int) -> Balls:
    """Return Gaunt products, all to degree lmax."""
    from flint import arb  # noqa: PLC0415

    sums = [[arb(0)] * (lmax + 1) ** 2 for _ in left]
    for path in paths_to(lmax):
        labels = path.l1, path.l2, path.l3
        if path.odd or path.l3 > lmax:
            continue
        ratio = coupling.ratios[labels].to_arb(BITS)
        for (i, j, k), value in coupling.blocks[labels].items():
            coefficient = value.to_arb(BITS) * ratio
            for own, one, other in zip(sums, left, right, strict=True):
                own[path.l3**2 + k] += coefficient * one[path.l1**2 + i] * other[path.l2**2 + j]
    return sums


def _harmonics(vectors: Balls, lmax: int) -> Balls:
    """Return the harmonics of the directions of vectors."""
    from reptheory.exact.solid_harmonics import solid_harmonic  # noqa: PLC0415

    rows = []
    for vector in vectors:
        length = sum(c * c for c in vector).sqrt()
        unit = [c / length for c in vector]
        row = []
        for degree in range(lmax + 1):
            for m in range(-degree, degree + 1):
                terms = solid_harmonic(degree, m, "real").terms
                row.append(sum(c.to_arb(BITS) * _power(unit, powers) for powers, c in terms))
        rows.append(row)
    return rows


def _power(unit: Sequence[Any], powers: Sequence[int]) -> Any:
    x, y, z = (c**power for c, power in zip(unit, powers, strict=True))
    return x * y * z


def _enclosed(rows: Balls) -> Enclosure:
    return Enclosure.of_balls([ball for row in rows for ball in row], (len(rows), len(rows[0])))


def _interaction(x: Array, y: Array, coupling: Coupling, lmax: int) -> _Found:
    from reptheory.exact.arb import working_precision  # noqa: PLC0415
    from reptheory.operations.gaunt_interaction import GauntInteraction  # noqa: PLC0415 (loads Numba)

    layer = GauntInteraction(lmax, lmax, lmax, "table")
    weight = _weights(layer.weight_numel)
    z, bound = layer(x, y, weight, with_bound=True)
    with working_precision(BITS):
        a, b, c = np.split(weight, 3)
        product = _gaunt(_weighed(_balls(x), a, lmax), _weighed(_balls(y), b, lmax), coupling, lmax)
        exact = _enclosed(_weighed(product, c, lmax))
    return _Found("Gaunt interaction", exact.error(z), bound, layer.certificate(x, y, weight, z))


def _convolution(x: Array, y: Array, coupling: Coupling, lmax: int) -> _Found:
    from reptheory.exact.arb import working_precision  # noqa: PLC0415
    from reptheory.operations.gaunt_convolution import GauntConvolution  # noqa: PLC0415 (loads Numba)

    layer = GauntConvolution(lmax, lmax, lmax, "table")
    weight, vectors = _weights(layer.weight_numel), y[:, degree_slice(1)]
    z, bound = layer(x, vectors, weight, with_bound=True)
    with working_precision(BITS):
        filters = _weighed(_harmonics(_balls(vectors), lmax), weight, lmax)
        exact = _enclosed(_gaunt(_balls(x), filters, coupling, lmax))
    return _Found("Gaunt convolution", exact.error(z), bound, layer.certificate(x, vectors, weight, z))


def _contraction(x: Array, y: Array, lmax: int) -> _Found:
    """Take both expansions as two copies, (samples, copies, dim)."""
    from flint import arb  # noqa: PLC0415

    from reptheory.exact.arb import working_precision  # noqa: PLC0415
    from reptheory.operations.symmetric_contraction import SymmetricContraction  # noqa: PLC0415 (loads Numba)

    irreps = "+".join(f"2x{degree}{'eo'[degree % 2]}" for degree in range(lmax + 1))
    layer = SymmetricContraction(irreps, "2x0e+2x1o", 3, layout="mul_irreps")
    weight, both = _weights(layer.weight_numel), np.concatenate([x, y], axis=1)
    z, bound = layer(both, weight, with_bound=True)
    views = layer.weight_views(weight)
    with working_precision(BITS):
        rows = _balls(both.reshape(2 * len(x), -1))
        sums = [[arb(0)] * 4 for _ in rows]
        for coupling, view in zip(layer.couplings, views, strict=True):
            first = degree_slice(coupling.irrep_out.l).start
            factors = _balls(view)
            entries = zip(coupling.index.tolist(), coupling.numerators, coupling.denominators, strict=True)
            for (path, order, *components), top, bottom in entries:
                coefficient = (arb(abs(top)) / bottom).sqrt() * (1 if top > 0 else -1)
                for number, (own, row) in enumerate(zip(sums, rows, strict=True)):
                    term = coefficient * factors[path][number % 2]
                    for component in components:
                        term *= row[component]
                    own[first + order] += term
        exact = _enclosed(sums)
    error = exact.error(z.reshape(-1, 4)).reshape(z.shape)
    return _Found("symmetric contraction", error, bound, layer.certificate(both, weight, None, z))


def _spins(x: Array, y: Array) -> _Found:
    from flint import arb  # noqa: PLC0415

    from reptheory.exact.arb import working_precision  # noqa: PLC0415
    from reptheory.exact.clebsch_gordan import clebsch_gordan_array  # noqa: PLC0415
    from reptheory.operations.spin_tensor_product import SpinTensorProduct  # noqa: PLC0415 (loads Numba)

    layer = SpinTensorProduct("1/2+1", "1/2")
    features = np.resize(x, (len(x), 5)) + 1j * np.resize(y, (len(y), 5))
    left, right = features, np.ascontiguousarray(features[::-1, 1:3])
    z, bound = layer(left, right, with_bound=True)
    with working_precision(BITS):
        (re1, im1), (re2, im2) = ((_balls(one.real), _balls(one.imag)) for one in (left, right))
        real, imaginary = ([[arb(0)] * layer.dim_out for _ in x] for _ in range(2))
        starts = [place.start for place in layer.irreps_in1.slices()]
        for path in layer.instructions:
            j1, j2, j3 = (Fraction(one.two_j, 2) for one in (path.ir1, path.ir2, path.ir_out))
            for (i, j, k), value in clebsch_gordan_array(j1, j2, j3).items():
                c, a, at = value.to_arb(BITS), starts[path.i1] + i, path.columns.start + k
                for n in range(len(x)):
                    real[n][at] += c * (re1[n][a] * re2[n][j] - im1[n][a] * im2[n][j])
                    imaginary[n][at] += c * (re1[n][a] * im2[n][j] + im1[n][a] * re2[n][j])
        exact = _enclosed(real), _enclosed(imaginary)
    errors = (own.error(part) for own, part in zip(exact, (z.real, z.imag), strict=True))
    error = np.hypot(*errors) * (1 + 2.0**-50)
    return _Found("spins", error, bound, layer.certificate(left, right, z))
