"""Choosing a product: what each one can express, and what it costs, side by side.

Two features with one copy of each degree 0..L are to be combined. The full Clebsch-Gordan product gives each
path its own weight; the Gaunt product gives up paths and freedom for speed; a scalar function times a vector
field brings all paths back; products of matrices of spin L, whose operands go to degree 2 L, mix them by 6j
symbols. How many Gaunt products side by side make up for the freedom they lack, and which paths does no
number of them bring back? Of products of one feature with itself, a symmetric contraction weighs every map,
powers on the sphere take a few of them together. Counts are exact; times are of this machine, one thread,
batches of 1,000.

    python examples/choosing_a_product.py [picture.svg]
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import reptheory as rt

DEGREES = range(1, 7)
BATCH = 1000
Product = rt.FullTensorProduct | rt.GauntTensorProduct | rt.VectorSphericalProduct | rt.MatrixProduct


def products(lmax: int) -> dict[str, tuple[Product, rt.Expressivity]]:
    """Return the contenders for operands of degrees 0..lmax, and what each expresses."""
    irreps = rt.Irreps.spherical_harmonics(lmax)
    every: dict[str, Product] = {
        "Clebsch-Gordan": rt.FullTensorProduct(irreps, irreps, threads=1),
        "Gaunt": rt.GauntTensorProduct(lmax, threads=1),
        "vector field": rt.VectorSphericalProduct("scale", lmax, threads=1),
    }
    found = {name: (product, rt.expressivity(product, irreps, irreps)) for name, product in every.items()}
    matrices = rt.MatrixProduct(f"{lmax}e", threads=1)
    even = rt.Irreps([(1, (degree, 1)) for degree in range(lmax + 1)])
    return found | {"matrices": (matrices, rt.expressivity(matrices, even, even))}


def microseconds(product: Callable[..., np.ndarray], *dims: int) -> float:
    """Return the time of one product of operands of these dimensions within a batch, the best of three."""
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=(BATCH, dim)) for dim in dims]
    z = product(*operands)  # compiles
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        product(*operands, out=z)
        best = min(best, time.perf_counter() - start)
    return best / BATCH * 1e6


def many_bodies(lmax: int = 2) -> None:
    """Print what products of a feature with itself express, and what they cost."""
    irreps = rt.Irreps.spherical_harmonics(lmax)
    print(f"\nn features at L = {lmax}  maps  reached  freedom  us a contraction  us a power")
    for order in (2, 3):
        power = rt.GauntManyBody(lmax, lmax, order, threads=1)
        found = rt.expressivity(power)
        contraction = rt.SymmetricContraction(irreps, irreps, order, threads=1)
        times = (
            microseconds(contraction, contraction.dim_in, contraction.weight_numel),
            microseconds(power, *power.dims),
        )
        print(
            f"{order:19} {found.paths:5} {found.reachable:8} {found.degrees_of_freedom:8}"
            f" {times[0]:17.2f} {times[1]:11.2f}"
        )


def enough(product: rt.GauntTensorProduct) -> int:
    """Return how many products side by side reach all that any number of them reaches."""
    channels = 1
    while True:
        found = rt.expressivity(product, channels=channels)
        if found.degrees_of_freedom == found.reachable:
            return channels
        channels += 1


def main() -> None:
    """Print one line a degree and product, check what is printed, save the picture."""
    print("L  product         paths reached  freedom  multiplications  us a product")
    rows = []
    for lmax in DEGREES:
        for name, (product, found) in products(lmax).items():
            duration = microseconds(product, product.dim1, product.dim2)
            rows.append((lmax, name, found, duration))
            print(
                f"{lmax}  {name:14} {found.paths:6} {found.reachable:7} {found.degrees_of_freedom:8}"
                f" {found.cost:16,} {duration:13.2f}"
            )
    lost = rt.expressivity(rt.GauntTensorProduct(2)).lost
    print("\nlost at L = 2:", ", ".join(f"{a} x {b} -> {c}" for a, b, c in lost))
    print("Gaunt products side by side until nothing more is gained:", end=" ")
    print(", ".join(f"{enough(rt.GauntTensorProduct(lmax))} at L = {lmax}" for lmax in range(1, 7)))
    for lmax, name, found, _ in rows:
        known = {"Clebsch-Gordan": found.paths, "Gaunt": 4 * lmax + 1, "matrices": 4 * lmax + 1}
        expected = known.get(name, found.degrees_of_freedom)
        if found.degrees_of_freedom != expected:
            raise SystemExit(f"{name}, L = {lmax}: {found.degrees_of_freedom} is not {expected}")
    many_bodies()
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "choosing_a_product.svg")
    draw(rows, target)
    print("picture:", target.name)


def draw(rows: list[tuple[int, str, rt.Expressivity, float]], target: Path) -> None:
    """Plot freedom, time and time per freedom against the degree."""
    titles = "freely chosen path weights", "microseconds a product", "microseconds a free weight"
    figure = Figure(figsize=(9.6, 3.2), layout="constrained")
    for column, (axes, title) in enumerate(zip(figure.subplots(1, len(titles)), titles, strict=True)):
        for name in dict.fromkeys(row[1] for row in rows):
            chosen = [
                (lmax, found.degrees_of_freedom, took) for lmax, which, found, took in rows if which == name
            ]
            values = [(free, took, took / free)[column] for _, free, took in chosen]
            axes.loglog([lmax for lmax, _, _ in chosen], values, "o-", label=name)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("highest degree L")
        axes.set_xticks(list(DEGREES), [str(lmax) for lmax in DEGREES], minor=False)
        axes.set_xticks([], minor=True)
    axes.legend(frameon=False)
    with mpl.rc_context({"svg.hashsalt": "reptheory"}):
        figure.savefig(target)


if __name__ == "__main__":
    main()
