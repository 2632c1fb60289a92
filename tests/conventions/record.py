"""Record what other packages compute, so that the registry is checked where they are not installed.

    python tests/conventions/record.py e3nn e3x ...      writes
                                                         tests/conventions/recorded/<name>-<version>.json

Each file holds, for the conventions of one package at one version: harmonics of degree 0..6 at two points,
the sign of every coupling path up to l = 8 against ours, whole blocks up to l = 2, and D matrices at one
rotation. Nothing of reptheory enters these numbers but the signs, which are those of the largest entry.
Every function of `PACKAGES` returns live `Measured` objects; tests/conventions/test_packages.py uses them
directly.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "recorded"
POINTS = np.array([[2 / 7, 3 / 7, 6 / 7], [-4 / 9, 7 / 9, 4 / 9]])
LMAX, LMAX_SIGNS, LMAX_BLOCKS, LMAX_D = 6, 8, 2, 3
ANGLES = (0.3, 0.7, -1.1)
QUATERNION = (1, 2, -2, 4)  # norm 25: a rational rotation
Block = Callable[[int, int, int], NDArray[Any]]


@dataclass(frozen=True)
class Measured:
    """What one package does in one convention; None for what it does not have.

    harmonics   points (n, 3) and lmax to values (n, ...), in the package's own layout
    block       (l1, l2, l3) to its coupling tensor, and which kind that is
    by_matrix   (l, R) to its D of a 3x3 rotation matrix
    by_angles   (l, alpha, beta, gamma) to its D
    at          the points of harmonics, where the package knows its own grid only
    """

    convention: str
    harmonics: Callable[[NDArray[Any], int], NDArray[Any]] | None = None
    block: Block | None = None
    kind: str = "clebsch_gordan"
    by_matrix: Callable[[int, NDArray[Any]], NDArray[Any]] | None = None
    by_angles: Callable[[int, float, float, float], NDArray[Any]] | None = None
    at: NDArray[np.float64] | None = None


def paths(lmax: int) -> list[tuple[int, int, int]]:
    """Every path (l1, l2, l3) with all degrees at most lmax, in lexicographic order."""
    return [(a, b, c) for a, b, c in product(range(lmax + 1), repeat=3) if abs(a - b) <= c <= a + b]


def rotation() -> NDArray[np.float64]:
    """The 3x3 matrix of QUATERNION, acting on (x, y, z)."""
    a, b, c, d = QUATERNION
    rows = [
        [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
        [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
        [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
    ]
    return np.array(rows) / sum(part * part for part in QUATERNION)


def spherical_angles(points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    return np.arccos(points[:, 2]), np.arctan2(points[:, 1], points[:, 0])


def scipy() -> list[Measured]:
    from scipy.special import sph_harm_y

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        theta, phi = spherical_angles(points)
        orders = [(l, m) for l in range(lmax + 1) for m in range(-l, l + 1)]
        return np.stack([sph_harm_y(l, m, theta, phi) for l, m in orders], axis=1)

    return [Measured("scipy", harmonics)]


def sympy() -> list[Measured]:
    from sympy import Rational, Ynm, Znm, lambdify, symbols
    from sympy.physics.quantum.spin import Rotation
    from sympy.physics.wigner import clebsch_gordan, real_gaunt, wigner_3j, wigner_d

    theta, phi = symbols("theta phi", real=True)

    def harmonics(function: Any) -> Callable[[NDArray[Any], int], NDArray[Any]]:
        def values(points: NDArray[Any], lmax: int) -> NDArray[Any]:
            columns = []
            for l, m in [(j, k) for j in range(lmax + 1) for k in range(-j, j + 1)]:
                expression = function(l, m, theta, phi).expand(func=True)
                columns.append(
                    [
                        complex(expression.evalf(25, subs={theta: t, phi: p}))
                        for t, p in zip(*exact(points), strict=True)
                    ]
                )
            return np.array(columns).T

        return values

    def exact(points: NDArray[Any]) -> tuple[list[Any], list[Any]]:
        from sympy import acos, atan2

        rows = [[Rational(round(value * 63), 63) for value in row] for row in points.tolist()]
        return [acos(z) for _, _, z in rows], [atan2(y, x) for x, y, _ in rows]

    def dense(symbol: Any) -> Block:
        def block(a: int, b: int, c: int) -> NDArray[Any]:
            tensor = np.zeros((2 * a + 1, 2 * b + 1, 2 * c + 1))
            for i, j, k in product(range(-a, a + 1), range(-b, b + 1), range(-c, c + 1)):
                tensor[i + a, j + b, k + c] = float(symbol(a, b, c, i, j, k))
            return tensor

        return block

    def rotated(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
        orders = range(-l, l + 1)
        return np.array(
            [
                [complex(Rotation.D(l, m, n, alpha, beta, gamma).doit().evalf()) for n in orders]
                for m in orders
            ]
        )

    def passive(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
        return np.array(wigner_d(l, alpha, beta, gamma).evalf().tolist(), dtype=complex)

    del lambdify
    return [
        Measured("sympy", harmonics(Ynm), dense(clebsch_gordan), by_angles=rotated),
        Measured("sympy", None, dense(wigner_3j), "wigner_3j"),
        Measured("sympy/real-gaunt", None, dense(real_gaunt), "gaunt"),
        Measured("sympy/znm", lambda points, lmax: harmonics(Znm)(points, lmax).real),
        Measured("sympy/wigner-d", by_angles=passive),
    ]


def e3nn() -> list[Measured]:
    import torch

    torch.serialization.add_safe_globals([slice])  # e3nn 0.4 loads its constants with torch.load
    from e3nn import o3

    version = importlib.metadata.version("e3nn").split(".")
    base = f"e3nn@{version[0]}.{version[1]}"

    def harmonics(normalization: str) -> Callable[[NDArray[Any], int], NDArray[Any]]:
        def values(points: NDArray[Any], lmax: int) -> NDArray[Any]:
            degrees = list(range(lmax + 1))
            return o3.spherical_harmonics(degrees, torch.tensor(points), False, normalization).numpy()

        return values

    def block(a: int, b: int, c: int) -> NDArray[Any]:
        return o3.wigner_3j(a, b, c, dtype=torch.float64).numpy()

    def by_matrix(l: int, matrix: NDArray[Any]) -> NDArray[Any]:
        torch.set_default_dtype(torch.float64)
        return o3.Irrep(l, 1).D_from_matrix(torch.tensor(matrix)).numpy()

    def by_angles(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
        torch.set_default_dtype(torch.float64)
        return o3.wigner_D(l, *(torch.tensor(angle) for angle in (alpha, beta, gamma))).numpy()

    return [
        Measured(base, harmonics("integral"), block, "wigner_3j", by_matrix, by_angles),
        Measured(f"{base}/component", harmonics("component")),
        Measured(f"{base}/norm", harmonics("norm")),
    ]


def mace() -> list[Measured]:
    import torch

    torch.serialization.add_safe_globals([slice])
    from e3nn import o3

    torch.set_default_dtype(torch.float64)

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        """As mace.modules.models.MACE builds it."""
        irreps = o3.Irreps.spherical_harmonics(lmax)
        module = o3.SphericalHarmonics(irreps, normalize=True, normalization="component")
        return module(torch.tensor(points)).numpy()

    def block(a: int, b: int, c: int) -> NDArray[Any]:
        return o3.wigner_3j(a, b, c, dtype=torch.float64).numpy()

    return [Measured("mace", harmonics, block, "wigner_3j")]


def e3nn_jax() -> list[Measured]:
    import e3nn_jax
    import jax

    jax.config.update("jax_enable_x64", True)

    def harmonics(normalization: str) -> Callable[[NDArray[Any], int], NDArray[Any]]:
        def values(points: NDArray[Any], lmax: int) -> NDArray[Any]:
            irreps = e3nn_jax.Irreps.spherical_harmonics(lmax)
            found = e3nn_jax.spherical_harmonics(
                irreps, points, False, normalization, algorithm=("legendre", "dense")
            )
            return np.asarray(found.array)

        return values

    def block(a: int, b: int, c: int) -> NDArray[Any]:
        return np.asarray(e3nn_jax.clebsch_gordan(a, b, c))

    def by_matrix(l: int, matrix: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(e3nn_jax.Irrep(l, 1).D_from_matrix(jax.numpy.asarray(matrix)))

    def by_angles(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
        return np.asarray(e3nn_jax.Irrep(l, 1).D_from_angles(alpha, beta, gamma))

    return [
        Measured("e3nn-jax", harmonics("integral"), block, "wigner_3j", by_matrix, by_angles),
        Measured("e3nn-jax/component", harmonics("component")),
        Measured("e3nn-jax/norm", harmonics("norm")),
    ]


def e3x() -> list[Measured]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import e3x

    def measured(name: str, cartesian: bool) -> list[Measured]:
        def harmonics(normalization: str) -> Callable[[NDArray[Any], int], NDArray[Any]]:
            def values(points: NDArray[Any], lmax: int) -> NDArray[Any]:
                return np.asarray(
                    e3x.so3.spherical_harmonics(
                        jax.numpy.asarray(points),
                        lmax,
                        cartesian_order=cartesian,
                        normalization=normalization,
                    )
                )

            return values

        def part(l: int) -> slice:
            return slice(l * l, (l + 1) ** 2)

        tables: dict[int, NDArray[Any]] = {}

        def block(a: int, b: int, c: int) -> NDArray[Any]:
            top = LMAX if max(a, b, c) <= LMAX else LMAX_SIGNS
            if top not in tables:
                tables[top] = np.asarray(e3x.so3.clebsch_gordan(top, top, top, cartesian_order=cartesian))
            return tables[top][part(a), part(b), part(c)]

        def by_matrix(l: int, matrix: NDArray[Any]) -> NDArray[Any]:
            found = e3x.so3.wigner_d(jax.numpy.asarray(matrix), l, cartesian_order=cartesian)
            return np.asarray(found)[part(l), part(l)]

        return [
            Measured(name, harmonics("racah"), block, "clebsch_gordan", by_matrix),
            Measured(f"{name}/orthonormal", harmonics("orthonormal")),
            Measured(f"{name}/4pi", harmonics("4pi")),
        ]

    return [*measured("e3x", True), *measured("e3x/m-order", False)]


def cuequivariance() -> list[Measured]:
    import cuequivariance as cue

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        polynomial = cue.descriptors.spherical_harmonics(cue.SO3(1), list(range(lmax + 1)))
        return np.stack([np.asarray(polynomial(point)[0]) for point in points])

    def block(a: int, b: int, c: int) -> NDArray[Any]:
        return np.asarray(cue.clebsch_gordan(cue.SO3(a), cue.SO3(b), cue.SO3(c)))[0]

    def by_matrix(l: int, matrix: NDArray[Any]) -> NDArray[Any]:
        from scipy.spatial.transform import Rotation

        vector = Rotation.from_matrix(matrix).as_rotvec()
        angle = float(np.linalg.norm(vector))
        return np.asarray(cue.SO3(l).rotation(vector / angle, angle))

    return [Measured("cuequivariance", harmonics, block, "clebsch_gordan", by_matrix)]


def sphericart() -> list[Measured]:
    import sphericart as package

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        return np.asarray(package.SphericalHarmonics(lmax).compute(points))

    return [Measured("sphericart", harmonics)]


def pyshtools() -> list[Measured]:
    import pyshtools as package

    def measured(kind: str, normalization: str, csphase: int) -> Measured:
        def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
            theta, phi = spherical_angles(points)
            return np.stack(
                [
                    package.expand.spharm(lmax, t, p, normalization, kind, csphase, degrees=False)
                    for t, p in zip(theta, phi, strict=True)
                ]
            )

        def by_angles(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
            columns = []
            for m in range(-l, l + 1):
                unit = np.zeros((2, l + 1, l + 1), dtype=complex if kind == "complex" else float)
                unit[int(m < 0), l, abs(m)] = 1
                words = {"normalization": normalization, "csphase": csphase}
                turned = package.SHCoeffs.from_array(unit, **words).rotate(alpha, beta, gamma, degrees=False)
                columns.append([turned.coeffs[int(n < 0), l, abs(n)] for n in range(-l, l + 1)])
            return np.array(columns).T

        return Measured(
            f"pyshtools/{kind}/{normalization}/csphase={csphase}",
            harmonics,
            by_angles=by_angles if normalization == "4pi" else None,
        )

    words = product(("real", "complex"), ("4pi", "ortho", "schmidt", "unnorm"), (1, -1))
    return [measured(*word) for word in words]


def pyscf() -> list[Measured]:
    from pyscf import gto
    from pyscf.symm import sph
    from pyscf.tools import molden

    def functions(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        return np.concatenate(sph.real_sph_vec(points, lmax), axis=0).T

    def orbitals(points: NDArray[Any], lmax: int, order: Callable[[Any], Any] | None = None) -> NDArray[Any]:
        """Values of one primitive of each degree, its radial part divided out."""
        basis = [[l, [1.0, 1.0]] for l in range(lmax + 1)]
        atom = gto.M(atom="Ne 0 0 0", basis={"Ne": basis}, unit="Bohr", verbose=0)
        values = atom.eval_gto("GTOval_sph", points)
        radial = np.repeat(
            [gto.gto_norm(l, 1.0) for l in range(lmax + 1)], [2 * l + 1 for l in range(lmax + 1)]
        )
        values = values / (radial * np.exp(-1.0))
        return values if order is None else values[:, order(atom)]

    def in_molden(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        return orbitals(points, min(lmax, 4), molden.order_ao_index)

    return [
        Measured("pyscf/symm", functions),
        Measured("pyscf", orbitals),
        Measured("molden", in_molden),
    ]


def trexio() -> list[Measured]:
    from trexio_tools.converters.cart_sphe import cart_sphe

    def double_factorial(n: int) -> int:
        return 1 if n <= 0 else n * double_factorial(n - 2)

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        columns = []
        for l in range(lmax + 1):
            powers = [(a, b, l - a - b) for a in range(l, -1, -1) for b in range(l - a, -1, -1)]
            odd = [np.prod([double_factorial(2 * power - 1) for power in row]) for row in powers]
            norms = np.sqrt(double_factorial(2 * l - 1) / np.array(odd))  # of Cartesian Gaussians
            values = np.stack([np.prod(points**row, axis=1) for row in powers], axis=1) * norms
            columns.append(values @ cart_sphe(l))
        return np.concatenate(columns, axis=1)

    return [Measured("trexio", harmonics)]


def s2fft() -> list[Measured]:
    import jax

    jax.config.update("jax_enable_x64", True)
    import s2fft as package
    from s2fft.utils.rotation import rotate_flms

    count = LMAX + 1
    theta = (2 * np.arange(count) + 1) * np.pi / (2 * count - 1)  # of its sampling "mw"
    phi = 2 * np.pi * np.arange(2 * count - 1) / (2 * count - 1)
    places = [(1, 2), (4, 9)]
    grid = np.array(
        [
            [np.sin(theta[t]) * np.cos(phi[p]), np.sin(theta[t]) * np.sin(phi[p]), np.cos(theta[t])]
            for t, p in places
        ]
    )

    def unit(lmax: int, l: int, m: int) -> NDArray[Any]:
        flm = np.zeros((lmax + 1, 2 * lmax + 1), complex)
        flm[l, lmax + m] = 1
        return flm

    def harmonics(_: NDArray[Any], lmax: int) -> NDArray[Any]:
        values = np.zeros((len(places), lmax + 1, 2 * lmax + 1), complex)
        for l, m in [(j, k) for j in range(lmax + 1) for k in range(-j, j + 1)]:
            field = np.asarray(package.inverse(unit(lmax, l, m), lmax + 1, method="numpy"))
            values[:, l, lmax + m] = [field[place] for place in places]
        return values

    def by_angles(l: int, alpha: float, beta: float, gamma: float) -> NDArray[Any]:
        if l == 0:
            return np.ones((1, 1), complex)  # it takes band limits from 2 on
        columns = [
            np.asarray(rotate_flms(unit(l, l, m), l + 1, (alpha, beta, gamma)))[l] for m in range(-l, l + 1)
        ]
        return np.array(columns).T

    return [Measured("s2fft", harmonics, by_angles=by_angles, at=grid)]


def ducc0() -> list[Measured]:
    import ducc0 as package

    def place(lmax: int, l: int, m: int) -> int:
        return m * (2 * lmax + 1 - m) // 2 + l

    def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
        """Y_lm from the real fields of a_lm = 1 and a_lm = i; every point is a ring of one pixel."""
        theta, phi = spherical_angles(points)
        count, pixels = (lmax + 1) * (lmax + 2) // 2, len(points)
        rings = {"theta": theta, "phi0": phi % (2 * np.pi), "nphi": np.ones(pixels, np.uint64)}
        rings["ringstart"] = np.arange(pixels, dtype=np.uint64)
        values = np.zeros((pixels, count), complex)
        for number in range(count):
            fields = []
            for value in (1, 1j):
                alm = np.zeros((1, count), complex)
                alm[0, number] = value
                fields.append(package.sht.synthesis(alm=alm, spin=0, lmax=lmax, **rings)[0])
            zonal = number <= lmax  # m = 0: a_l0 is real, and stands alone
            values[:, number] = fields[0] if zonal else (fields[0] - 1j * fields[1]) / 2
        return values

    def by_angles(l: int, psi: float, theta: float, phi: float) -> NDArray[Any]:
        """D on coefficients of complex functions: real and imaginary part of each, rotated."""
        signs = (-1.0) ** np.arange(-l, l + 1)

        def turned(real: NDArray[Any]) -> NDArray[Any]:
            alm = np.zeros((l + 1) * (l + 2) // 2, complex)
            places = [place(l, l, m) for m in range(l + 1)]
            alm[places] = real[l:]
            found = package.sht.rotate_alm(alm, l, psi, theta, phi)[places]
            return np.concatenate([signs[:l] * found[:0:-1].conj(), found])

        columns = []
        for row in np.eye(2 * l + 1):
            mirrored = signs * row[::-1]
            columns.append(turned((row + mirrored) / 2) + 1j * turned((row - mirrored) / 2j))
        return np.array(columns).T

    return [Measured("ducc0", harmonics, by_angles=by_angles)]


def iodata() -> list[Measured]:
    """Order and signs by iodata, values of the functions by gbasis: one primitive of each degree."""
    from gbasis.evals.eval import evaluate_basis
    from gbasis.wrappers import from_iodata
    from iodata import IOData
    from iodata.basis import MolecularBasis, Shell
    from iodata.convert import CCA_CONVENTIONS
    from iodata.formats.fchk import CONVENTIONS

    with_p = {
        "quantum-chemistry/cca": CCA_CONVENTIONS | {(1, "p"): ["s1", "c0", "c1"]},
        "quantum-chemistry/gaussian": CONVENTIONS | {(1, "p"): ["c0", "c1", "s1"]},
        "fchk": CONVENTIONS,
    }

    def measured(name: str, conventions: Any) -> Measured:
        """iodata knows pure functions from l = 2 on; those of l = 1 continue its rule but in files."""

        def harmonics(points: NDArray[Any], lmax: int) -> NDArray[Any]:
            columns = []
            for l in range(lmax + 1):
                kind = "p" if (l, "p") in conventions else "c"
                shell = Shell(0, [l], [kind], np.array([1.0]), np.array([[1.0]]))
                basis = MolecularBasis([shell], conventions, "L2")
                atom = IOData(atnums=np.array([2]), atcoords=np.zeros((1, 3)), obasis=basis)
                values = evaluate_basis(from_iodata(atom), points).T
                columns.append(values / (radial(l) * np.exp(-1.0)))
            return np.concatenate(columns, axis=1)

        return Measured(name, harmonics)

    def radial(l: int) -> float:
        """Norm of r^l exp(-r^2): the integral of r^(2l+2) exp(-2 r^2) is Gamma(l + 3/2) / 2^(l + 5/2)."""
        return (2 ** (l + 2.5) / math.gamma(l + 1.5)) ** 0.5

    return [measured(*item) for item in with_p.items()]


PACKAGES: dict[str, tuple[str, Callable[[], list[Measured]]]] = {
    "scipy": ("scipy", scipy),
    "sympy": ("sympy", sympy),
    "e3nn": ("e3nn", e3nn),
    "mace": ("mace-torch", mace),
    "e3nn-jax": ("e3nn-jax", e3nn_jax),
    "e3x": ("e3x", e3x),
    "cuequivariance": ("cuequivariance", cuequivariance),
    "sphericart": ("sphericart", sphericart),
    "pyshtools": ("pyshtools", pyshtools),
    "pyscf": ("pyscf", pyscf),
    "trexio": ("trexio-tools", trexio),
    "s2fft": ("s2fft", s2fft),
    "ducc0": ("ducc0", ducc0),
    "iodata": ("qc-iodata", iodata),
}
"""Name of a file: the distribution whose version it records, and what measures it."""


def plain(array: NDArray[Any]) -> Any:
    """Arrays as nested lists, complex numbers as pairs."""
    if np.iscomplexobj(array):
        array = np.stack([array.real, array.imag], axis=-1)
    return array.tolist()


def signs(measured: Measured, lmax: int) -> str:
    """Sign of each path against ours (of the same kind in our convention), taken where ours is largest."""
    from reptheory.exact.coupling import coupling_block

    basis: Any = "complex" if measured.convention == "sympy" else "real"
    text = ""
    for path in paths(lmax):
        tensor = np.asarray(measured.block(*path)) if measured.block else np.zeros(0)
        ours = coupling_block("clebsch_gordan", *path, basis=basis).to_numpy()
        theirs = tensor if tensor.shape == ours.shape else ours
        if measured.convention == "e3x":
            theirs = theirs[np.ix_(*(from_cartesian(l) for l in path))]
        place = np.unravel_index(np.argmax(abs(ours)), ours.shape)
        text += "+" if theirs[place] * ours[place] > 0 else "-"
    return text


def from_cartesian(l: int) -> list[int]:
    """Where e3x's order m = l, -l, l-1, ..., 0 keeps m = -l..l."""
    order = [sign * m for m in range(l, 0, -1) for sign in (1, -1)] + [0]
    return [order.index(m) for m in range(-l, l + 1)]


def recorded(measured: Measured) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if measured.harmonics:
        points = POINTS if measured.at is None else measured.at
        result["harmonics"] = plain(measured.harmonics(points, LMAX))
        if measured.at is not None:
            result["points"] = points.tolist()
    if measured.block:
        result["kind"] = measured.kind
        result["blocks"] = {
            ",".join(map(str, path)): plain(np.asarray(measured.block(*path)).ravel())
            for path in paths(LMAX_BLOCKS)
        }
        if measured.convention.split("/")[0] != "sympy":
            result["signs"] = signs(measured, LMAX_SIGNS)
    if measured.by_matrix:
        result["by_matrix"] = [
            plain(np.asarray(measured.by_matrix(l, rotation()))) for l in range(LMAX_D + 1)
        ]
    if measured.by_angles:
        result["by_angles"] = [plain(np.asarray(measured.by_angles(l, *ANGLES))) for l in range(LMAX_D + 1)]
    return result


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    FOLDER.mkdir(exist_ok=True)
    for name in names or list(PACKAGES):
        distribution, measure = PACKAGES[name]
        version = importlib.metadata.version(distribution)
        entries = [{"convention": measured.convention, **recorded(measured)} for measured in measure()]
        document = {"package": distribution, "version": version, "conventions": entries}
        path = FOLDER / f"{name}-{version}.json"
        path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="ascii")
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
