"""Paths: the Gaunt product has lost exactly the odd ones, and keeps the others at a fixed ratio.

    G(l1 m1, l2 m2, l3 m3) = ratio(l1, l2, l3) C(l1 m1 l2 m2; l3 m3)
    ratio                  = sqrt((2 l1 + 1)(2 l2 + 1) / (4 pi (2 l3 + 1))) <l1 0 l2 0 | l3 0>

ratio = 0 exactly for l1 + l2 + l3 odd. Shown twice: on the exact coefficients, block by block in integers,
and on the products themselves, fed with operands of one degree each, within their proven bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reptheory.verify.checks import Check, difference
from reptheory.verify.enclosure import added_up
from reptheory.verify.exact_product import degree_slice

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.surd import Surd
    from reptheory.verify.candidates import Candidate
    from reptheory.verify.exact_product import Coupling

__all__ = ["check_exact_paths", "check_probed_paths"]


def check_exact_paths(coupling: Coupling, gaunt_block: Callable[[int, int, int], SurdArray]) -> Check:
    """Compare every exact Gaunt block with ratio times the Clebsch-Gordan block, in integers.

    gaunt_block   (l1, l2, l3) -> real Gaunt coefficients (2 l1 + 1, 2 l2 + 1, 2 l3 + 1)
    figures       lost and kept: paths; wrong: paths whose block is not ratio times Clebsch-Gordan, or
                  whose ratio vanishes for another reason than the parity of l1 + l2 + l3
    """
    lost = wrong = 0
    for path in coupling.paths:
        labels = path.l1, path.l2, path.l3
        ratio, found = coupling.ratios[labels], gaunt_block(*labels)
        lost += found.nnz == 0
        wrong += (ratio.sign == 0) != path.odd or not _is_multiple(found, coupling.blocks[labels], ratio)
    kept = len(coupling.paths) - lost
    return Check(
        "odd paths lost, even paths at their ratio",
        f"exact coefficients, l <= {coupling.lmax}",
        wrong == 0,
        {"lost": lost, "kept": kept, "wrong": wrong},
    )


def _is_multiple(found: SurdArray, block: SurdArray, ratio: Surd) -> bool:
    """Say whether `found` is `ratio` times `block`, exactly."""
    if ratio.sign == 0:
        return found.nnz == 0
    if found.pi_power != block.pi_power + ratio.pi_power or not np.array_equal(found.indices, block.indices):
        return False
    top, bottom = ratio.sign * ratio.radicand.numerator, ratio.radicand.denominator
    return all(
        n * d_block * bottom == n_block * d * top
        for n, d, n_block, d_block in zip(
            found.numerators, found.denominators, block.numerators, block.denominators, strict=True
        )
    )


def check_probed_paths(gaunt: Candidate, full: Candidate, coupling: Coupling, seed: int) -> Check:
    """Feed both products with operands of one degree each and compare them path by path.

    An odd path must vanish from the Gaunt product within its bound and stand out of it in the full one; an
    even one must be ratio times the full one within both bounds, and stand out. Degrees outside
    |l1 - l2| .. l1 + l2 must vanish.
    gaunt, full   float64 candidates of one lmax
    figures       lost, kept and wrong: paths; leak: largest |z| on an odd path; deviation: largest
                  |z - ratio w| on an even one, with |z| of order 1
    """
    x, y = _probes(coupling, np.random.default_rng(seed))
    z, z_bound = gaunt.bounded(x, y)
    w, w_bound = full.bounded(x, y)
    tally = {"lost": 0, "kept": 0, "wrong": 0, "leak": 0.0, "deviation": 0.0}
    for path in coupling.paths:
        sample, here = path.l1 * (coupling.lmax + 1) + path.l2, degree_slice(path.l3)
        one, one_bound = z[sample, here], z_bound[sample, here]
        other, other_bound = w[sample, path.outputs], w_bound[sample, path.outputs]
        right = bool((np.abs(other) > other_bound).any())
        if path.odd:
            tally["lost"] += 1
            tally["leak"] = max(tally["leak"], float(np.abs(one).max()))
            right &= bool((np.abs(one) <= one_bound).all())
        else:
            tally["kept"] += 1
            gap, limit = _against_ratio(one, other, float(coupling.ratios[path.l1, path.l2, path.l3]))
            tally["deviation"] = max(tally["deviation"], float(gap.max()))
            ratio = abs(float(coupling.ratios[path.l1, path.l2, path.l3]))
            right &= bool((gap <= added_up(one_bound, 1.0001 * ratio * other_bound, limit)).all())
            right &= bool((np.abs(one) > one_bound).any())
        tally["wrong"] += not right
    strays = _strays(coupling, z, z_bound)
    return Check(
        "odd paths lost, even paths at their ratio",
        f"{gaunt.label} against {full.label}",
        tally["wrong"] == 0 and strays == 0,
        {**tally, "strays": strays},
    )


def _against_ratio(
    one: NDArray[Any], other: NDArray[Any], ratio: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return |one - ratio other| rounded up, and how far rounding the ratio and the product moved it."""
    scaled = ratio * other
    return difference(one, scaled), np.abs(scaled) * 2.0**-51


def _probes(
    coupling: Coupling, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return operands: sample l1 (lmax + 1) + l2 has only degree l1 in x and l2 in y, of unit norm."""
    count = coupling.lmax + 1
    x, y = np.zeros((count * count, count * count)), np.zeros((count * count, count * count))
    for sample in range(count * count):
        for operand, degree in zip((x, y), divmod(sample, count), strict=True):
            draw = generator.normal(size=2 * degree + 1)
            operand[sample, degree_slice(degree)] = draw / np.linalg.norm(draw)
    return x, y


def _strays(coupling: Coupling, z: NDArray[Any], bound: NDArray[np.float64]) -> int:
    """Count outputs that are not zero within their bound though no path leads to their degree."""
    count = coupling.lmax + 1
    forbidden = np.ones(z.shape, dtype=bool)
    for path in coupling.paths:
        forbidden[path.l1 * count + path.l2, degree_slice(path.l3)] = False
    return int((forbidden & ~(np.abs(z) <= bound)).sum())
