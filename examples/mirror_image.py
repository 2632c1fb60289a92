"""A chiral molecule and its mirror image: which products of features tell them apart.

The neighbourhood of every atom is three functions on the sphere, f, g and h, one a radial channel. What does
not change when the molecule turns, and not in a mirror either, is the same for both hands. So it takes one
that changes its sign in a mirror, a pseudoscalar:

    Gaunt            integral of f g h                    paths with l1 + l2 + l3 even: no pseudoscalar
    Clebsch-Gordan   odd paths of f and g, times h        pseudoscalars, every one on its own
    vector           integral of (grad f x grad g) . r h  a pseudoscalar, by a cross product of fields

For each molecule this prints how far its numbers are from those of its mirror image, itself turned, as a part
of |f| |g| |h|. Alanine and twisted hydrogen peroxide are chiral; water and methane are their own images.

    python examples/mirror_image.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import reptheory as rt
from reptheory.verify.features import neighbour_density
from reptheory.verify.molecules import shipped

LMAX = 3
Floats = NDArray[np.float64]

IRREPS = rt.Irreps.spherical_harmonics(LMAX)
GAUNT = rt.GauntTensorProduct(LMAX, LMAX, LMAX)
CROSS = rt.VectorSphericalProduct("cross", LMAX + 1, LMAX + 1, LMAX + 1)
FULL = rt.FullTensorProduct(
    IRREPS, IRREPS, filter_ir_out=[rt.Irrep(l3, -((-1) ** l3)) for l3 in range(LMAX + 1)]
)


def gaunt(f: Floats, g: Floats, h: Floats) -> Floats:
    """Return the integral of f g h, one number an atom."""
    return np.asarray((GAUNT(f, g) * h).sum(axis=-1, keepdims=True))


def vector(f: Floats, g: Floats, h: Floats) -> Floats:
    """Return the integral of (grad f x grad g) . r^ h, one number an atom."""
    first, second = (rt.field_from_function(one, "gradient") for one in (f, g))
    return np.asarray(
        (CROSS(first, second) * rt.field_from_function(h, "radial")).sum(axis=-1, keepdims=True)
    )


def clebsch_gordan(f: Floats, g: Floats, h: Floats) -> Floats:
    """Return every odd path of f and g to the degrees of h, times h: a number an atom and path."""
    z = FULL(f, g)
    numbers = []
    for path in FULL.instructions:
        degree = path.ir_out.l
        numbers.append((z[..., path.columns] * h[..., degree * degree : (degree + 1) ** 2]).sum(axis=-1))
    return np.stack(numbers, axis=-1)


def differences(name: str) -> dict[str, float]:
    """Return how far a molecule is from its mirror image, by each product."""
    molecule = shipped(name)
    density = neighbour_density(molecule, LMAX)
    turned_and_inverted = -rt.real_rotation_matrix(1, (1, 2, 3, 4)).to_numpy()
    image = neighbour_density(molecule.moved(turned_and_inverted), LMAX)
    size = np.prod(np.linalg.norm(density[:, :3], axis=-1), axis=1)[:, None]
    found = {}
    for product in (gaunt, clebsch_gordan, vector):
        one, other = (product(each[:, 0], each[:, 1], each[:, 2]) for each in (density, image))
        found[product.__name__] = float((np.abs(one - other) / size).max())
    return found


def main() -> None:
    """Print one line a molecule, and check what is printed."""
    print(f"{'':18}  {'Gaunt':>17}  {'Clebsch-Gordan':>17}  {'vector':>17}")
    for name, chiral in (
        ("alanine", True),
        ("hydrogen-peroxide", True),
        ("water", False),
        ("methane", False),
    ):
        found = differences(name)
        apart = {product: value > 1e-9 for product, value in found.items()}
        cells = [f"{value:8.1e} {'apart' if apart[key] else 'the same':>8}" for key, value in found.items()]
        print(f"{name:18}  {'  '.join(cells)}")
        if apart != {"gaunt": False, "clebsch_gordan": chiral, "vector": chiral}:
            raise SystemExit(f"{name}: told apart by {apart}")


if __name__ == "__main__":
    main()
