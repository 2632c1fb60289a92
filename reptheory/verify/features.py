"""Features: the neighbourhood of each atom, expanded in radial channels and real spherical harmonics.

    x[i, n, lm] = sum_{j: 0 < r_ij < c}  w_j R_n(r_ij) f(r_ij) Y_lm(r_ij / r_ij)
    f(r)        = (1 + cos(pi r / c)) / 2

"bessel"     w_j = Z_j (nuclear charge),  R_n(r) = sqrt(2 / c) sin(n pi r / c) / r,      n = 1..channels
"gaussian"   w_j = 1,                     R_n(r) = exp(-((r - r_n) / s)^2 / 2),
             r_n = c n / (channels + 1),  s = c / (channels + 1)

r_ij = r_j - r_i in angstrom, c the cutoff; a lattice adds every image within it. Y_lm follows
`conventions.REAL`, position l*l + l + m. Bessel: Gasteiger et al., ICLR 2020, arXiv:2003.03123, eq. (7),
times the cutoff of Behler, J. Chem. Phys. 134, 074106 (2011), eq. (4). Computed in float64; what is
multiplied later takes these floats as exact.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from reptheory.errors import OperandError
from reptheory.groups.labels import whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reptheory.verify.molecules import Molecule

__all__ = ["CHANNELS", "CUTOFF", "Density", "neighbour_density", "real_harmonics"]

Density = Literal["bessel", "gaussian"]

CUTOFF: Final = 5.0
"""Default radius of a neighbourhood, angstrom."""

CHANNELS: Final = 4
"""Default number of radial channels."""

_MOST_PAIRS: Final = 2_000_000


def real_harmonics(directions: NDArray[np.float64], lmax: int) -> NDArray[np.float64]:
    """Return the real spherical harmonics of `conventions.REAL`.

    directions  (..., 3) any nonzero length
    returns     (..., (lmax + 1)^2), position l*l + l + m; error a few ulp of sqrt(2l + 1)

    >>> real_harmonics(np.array([0.0, 1.0, 0.0]), 1).round(3).tolist()  # l = 1 is (y, z, x)
    [0.282, 0.489, 0.0, 0.0]
    """
    from scipy.special import sph_harm_y_all  # noqa: PLC0415 (0.1 s that --help need not pay)

    x, y, z = (directions[..., axis] for axis in range(3))
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    table = sph_harm_y_all(lmax, lmax, theta, phi)  # [l, m] with m = -lmax..lmax in the order of an FFT
    result = np.empty((*directions.shape[:-1], (lmax + 1) ** 2))
    for degree in range(lmax + 1):
        result[..., degree * degree + degree] = table[degree, 0].real
        for m in range(1, degree + 1):
            scaled = (-1) ** m * np.sqrt(2.0) * table[degree, m]
            result[..., degree * degree + degree + m] = scaled.real
            result[..., degree * degree + degree - m] = scaled.imag
    return result


def neighbour_density(
    molecule: Molecule,
    lmax: int,
    kind: Density = "bessel",
    *,
    channels: int = CHANNELS,
    cutoff: float = CUTOFF,
) -> NDArray[np.float64]:
    """Expand the neighbourhood of each atom (formula: top of this module).

    molecule   at least one pair of atoms within `cutoff`, none at the same place
    kind       "bessel" (weighted by nuclear charge) or "gaussian" (plain density)
    cutoff     angstrom, positive
    returns    (atoms, channels, (lmax + 1)^2) float64
    raises     OperandError: lone atoms only, two atoms at one place, or more pairs than memory allows
    """
    lmax, channels = whole(lmax, "lmax"), whole(channels, "channels")
    centre, neighbour, offset = _pairs(molecule, cutoff)
    distance = np.sqrt((offset * offset).sum(axis=1))
    if not distance.size:
        raise OperandError(f"{molecule.name}: no two atoms are within {cutoff} angstrom; nothing to expand")
    if float(distance.min()) < 1e-6:
        first = int(distance.argmin())
        pair = f"{int(centre[first]) + 1} and {int(neighbour[first]) + 1}"
        raise OperandError(f"{molecule.name}: atoms {pair} are at one place; remove one")
    radial = _radial(distance, kind, channels, cutoff)
    if kind == "bessel":
        radial *= molecule.numbers[neighbour][:, None]
    result = np.zeros((len(molecule), channels, (lmax + 1) ** 2))
    np.add.at(result, centre, radial[:, :, None] * real_harmonics(offset, lmax)[:, None, :])
    return result


def _radial(
    distance: NDArray[np.float64], kind: Density, channels: int, cutoff: float
) -> NDArray[np.float64]:
    """Return R_n(r) f(r): (pairs, channels) from distances (pairs,) below `cutoff`."""
    r = distance[:, None]
    n = np.arange(1, channels + 1)
    if kind == "bessel":
        radial = np.sqrt(2 / cutoff) * np.sin(n * np.pi * r / cutoff) / r
    else:
        width = cutoff / (channels + 1)
        radial = np.exp(-(((r - n * width) / width) ** 2) / 2)
    result: NDArray[np.float64] = radial * (1 + np.cos(np.pi * r / cutoff)) / 2
    return result


def _pairs(
    molecule: Molecule, cutoff: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return centre, neighbour (pairs,) and r_j + image - r_i (pairs, 3) of pairs within `cutoff`."""
    from scipy.spatial import KDTree  # noqa: PLC0415 (0.2 s that --help need not pay)

    places = molecule.positions
    tree = KDTree(places)
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for shift in _images(molecule.lattice, places, cutoff):
        moved = KDTree(places + shift)
        if sum(map(len, (part[0] for part in parts))) + tree.count_neighbors(moved, cutoff) > _MOST_PAIRS:
            raise OperandError(
                f"{molecule.name}: more than {_MOST_PAIRS} pairs within {cutoff} angstrom; take fewer atoms"
            )
        found = tree.query_ball_tree(moved, cutoff)
        centre = np.repeat(np.arange(len(places)), [len(row) for row in found])
        neighbour = np.array(list(itertools.chain.from_iterable(found)), dtype=np.int64)
        offset = places[neighbour] + shift - places[centre]
        near = np.sqrt((offset * offset).sum(axis=1)) < cutoff
        if not shift.any():
            near &= centre != neighbour
        parts.append((centre[near], neighbour[near], offset[near]))
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _images(
    lattice: NDArray[np.float64], places: NDArray[np.float64], cutoff: float
) -> list[NDArray[np.float64]]:
    """Return the translations whose copy of the structure can come within `cutoff` of it."""
    if not len(lattice):
        return [np.zeros(3)]
    fractions = places @ np.linalg.pinv(lattice)
    height = 1 / np.linalg.norm(np.linalg.pinv(lattice), axis=0)  # between neighbouring lattice planes
    reach = np.ceil(cutoff / height + np.ptp(fractions, axis=0)).astype(int)
    steps = itertools.product(*(range(-most, most + 1) for most in reach.tolist()))
    if int(np.prod(2 * reach + 1)) > _MOST_PAIRS:
        raise OperandError(f"lattice: too many images within {cutoff} angstrom; correct the cell")
    return [np.array(step, dtype=np.float64) @ lattice for step in steps]
