"""One product of real features, three ways, each with what is proven about its error.

Every atom of alanine carries the expansion of its neighbourhood in spherical harmonics. The Gaunt product of
two radial channels is a list of three-body features. The table, the sphere grid and the 2D Fourier basis
compute it in different arithmetic; this prints what each promises (`bound`), what each delivered
(`certificate`, a bound on the error of this very result), and checks that they agree within their bounds.

    python examples/three_ways.py
"""

import numpy as np

import reptheory as rt
from reptheory.verify.features import neighbour_density
from reptheory.verify.molecules import shipped

LMAX = 4


def main() -> None:
    """Print one line a method and dtype, and check what is printed."""
    density = neighbour_density(shipped("alanine"), LMAX)  # (atoms, channels, (LMAX + 1)^2)
    left, right = density[:, :2], density[:, 2:]
    atoms, channels, _ = left.shape
    print(f"Gaunt product {LMAX} x {LMAX} -> {2 * LMAX} of {atoms} atoms with {channels} channels")
    print("method   dtype    largest value  promised   delivered")
    for dtype in (np.float64, np.float32):
        x, y = left.astype(dtype), right.astype(dtype)
        reference, allowed = rt.GauntTensorProduct(LMAX, method="table")(x, y, with_bound=True)
        for method in ("table", "grid", "fourier"):
            product = rt.GauntTensorProduct(LMAX, method=method)
            z, bound = product(x, y, with_bound=True)
            certificate = product.certificate(x, y, z)
            size = np.abs(z).max()
            print(f"{method:8} {z.dtype!s:8} {size:13.5f}  {bound.max():.1e}    {certificate.max():.1e}")
            if not (np.abs(np.float64(z) - reference) <= bound + allowed).all():
                raise SystemExit(f"{method}: two methods differ by more than their bounds allow")


if __name__ == "__main__":
    main()
