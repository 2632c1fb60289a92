"""The registry: how each package writes harmonics, couplings and rotations, as frozen data.

An entry says what must be done to S_lm, the harmonics of `REAL`, to get what the package means:

    B_l(r) = order * factor * basis * S_l(polar axis to z)(r)

and how its coupling tensors differ from ours in sign and norm, path by path. `bases` turns the words into
exact matrices, `path_signs` into signs. Each entry was compared with the package at the versions it states;
the numbers of the packages are kept in `tests/conventions/recorded/`, so that the comparison runs without
them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Final, Literal

from reptheory.conventions import COMPLEX, REAL, Basis, Convention
from reptheory.errors import LabelError
from reptheory.groups.labels import shown

__all__ = ["CONVENTIONS", "REGISTRY_VERSION", "PackageConvention", "convention"]

REGISTRY_VERSION: Final = 1
"""Raised when an entry changes its meaning; part of every fingerprint."""

HarmonicPhase = Literal["condon-shortley", "none", "znm"]
Order = Literal[
    "ascending",
    "descending",
    "cartesian",
    "zero first",
    "zero first, minus before plus",
    "p as xyz",
    "zero first, p as xyz",
]
PathSigns = Literal["none", "condon-shortley", "real", "e3nn 0.4", "e3nn 0.6"]
Angles = Literal["zyz", "yxy", "zyz inverse", "zyz negated", "zyz reversed", "none"]
Layout = Literal["flat", "cilm", "lm", "alm"]
_LAID_OUT: Final = {"cilm": "[cosine or sine, l, m]", "lm": "[l, L + m]", "alm": "m >= 0, m by m"}


@dataclass(frozen=True, slots=True)
class PackageConvention:
    """How one package, at the versions it was checked with, writes what this library computes.

    name           "e3nn@0.6"; variants behind a slash, as in "e3nn@0.6/component"
    checked        distribution and version that the entry was compared with; "" if by its documents alone
    basis          "complex" (Y_lm) or "real"
    phase          "condon-shortley", "none", or "znm": SymPy's Znm, (-1)^m for m > 0 and -1 for m < 0
    normalization  "orthonormal", "4pi", "schmidt" or "unnormalized": see docs/conventions.md
    order          of m within a degree: "ascending"; "cartesian" l, -l, l-1, .., -1, 0, so that l = 1 is (x,
                   y, z); "zero first" 0, 1, -1, 2, -2, ..; "p as xyz" ascending, but l = 1 is (x, y, z); or
                   both; "descending"; "zero first, minus before plus" 0, -1, 1, .., which no package here has
    polar_axis     "z", or "y": S at (z, x, y), so that l = 1 in ascending order is (x, y, z)
    layout         "flat": index l*l + (place in order); "cilm": [0 for m >= 0 or 1 for m < 0, l, abs(m)];
                   "lm": [l, L + m]; "alm": m >= 0 of real functions, m by m
    paths          signs of coupling tensors: "condon-shortley"; "real" as ours; "e3nn 0.4"; "e3nn 0.6";
                   "none"
    angles         of which rotation (alpha, beta, gamma) gives the matrix D: "zyz" Z(alpha) Y(beta) Z(gamma),
                   active; "yxy" Y(alpha) X(beta) Y(gamma); "zyz inverse" the inverse of zyz (passive: the
                   axes turn); "zyz negated" Z(-alpha) Y(-beta) Z(-gamma); "zyz reversed"
                   Z(gamma) Y(beta) Z(alpha); "none" where it takes no angles
    note           one line for people
    """

    name: str
    checked: str
    basis: Basis
    phase: HarmonicPhase
    normalization: str
    order: Order = "ascending"
    polar_axis: Literal["z", "y"] = "z"
    layout: Layout = "flat"
    paths: PathSigns = "none"
    angles: Angles = "none"
    note: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the fields and the registry's version: 64 hexadecimal digits."""
        fields = {**asdict(self), "registry": REGISTRY_VERSION}
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @property
    def stated(self) -> Convention:
        """The convention that exact arrays of this package carry; `REAL` or `COMPLEX` for our own."""
        for ours in (REAL, COMPLEX):
            if self.name == ours.basis:
                return ours
        polar = "" if self.polar_axis == "z" else ", polar axis y"
        return Convention(
            name=self.name,
            basis=self.basis,
            phase=self.phase,
            normalization=self.normalization,
            order=_LAID_OUT.get(self.layout, f"m {self.order}{polar}"),
            odd_paths=self.paths,
        )

    @property
    def is_variant(self) -> bool:
        """Whether it differs from the entry before the slash in the normalisation of harmonics alone."""
        base = CONVENTIONS.get(self.name.rpartition("/")[0])
        return (
            base is not None
            and replace(self, name=base.name, normalization=base.normalization, note=base.note) == base
        )

    def __str__(self) -> str:
        return self.name


def _e3nn(name: str, checked: str, rule: PathSigns) -> list[PackageConvention]:
    """Return the three normalisations of one e3nn."""
    base = PackageConvention(
        name, checked, "real", "none", "orthonormal",
        polar_axis="y", paths=rule, angles="yxy", note="normalization='integral'",
    )  # fmt: skip
    return [
        base,
        replace(base, name=f"{name}/component", normalization="4pi", note="normalization='component'"),
        replace(base, name=f"{name}/norm", normalization="schmidt", note="normalization='norm'"),
    ]


def _e3x(name: str, order: Order, flag: str) -> list[PackageConvention]:
    """Return the normalisations of e3x in one order; its default is Racah's."""
    base = PackageConvention(
        name, "e3x 1.0.2", "real", "none", "schmidt",
        order=order, paths="e3nn 0.6", note=f"cartesian_order={flag}; wigner_d acts from the right",
    )  # fmt: skip
    others = [replace(base, name=f"{name}/{word}", normalization=word) for word in ("orthonormal", "4pi")]
    return [base, *others]


def _pyshtools() -> list[PackageConvention]:
    """Return the sixteen ways of SHTOOLS; csphase=1 leaves the Condon-Shortley phase out."""
    bases: tuple[Basis, ...] = ("real", "complex")
    words = {"4pi": "4pi", "ortho": "orthonormal", "schmidt": "schmidt", "unnorm": "unnormalized"}
    phases: tuple[tuple[int, HarmonicPhase], ...] = ((1, "none"), (-1, "condon-shortley"))
    return [
        PackageConvention(
            f"pyshtools/{basis}/{word}/csphase={number}", "pyshtools 4.14.1", basis, phase, words[word],
            layout="cilm", angles="zyz inverse",
        )
        for basis, word, (number, phase) in product(bases, words, phases)
    ]  # fmt: skip


_IODATA: Final = "qc-iodata 1.0.1 with qc-gbasis 1.0.0"


def _sympy(real: PackageConvention, complex_: PackageConvention) -> list[PackageConvention]:
    """Return the ways of SymPy, which has several."""
    return [
        replace(
            complex_, name="sympy", checked="sympy 1.14.0",
            note="Ynm, wigner_3j, clebsch_gordan, gaunt, Rotation.D",
        ),
        replace(
            complex_, name="sympy/wigner-d", checked="sympy 1.14.0", order="descending", paths="none",
            angles="zyz negated", note="physics.wigner.wigner_d",
        ),
        replace(
            real, name="sympy/real-gaunt", checked="sympy 1.14.0", paths="none", angles="none",
            note="real_gaunt",
        ),
        replace(
            real, name="sympy/znm", checked="sympy 1.14.0", phase="znm", paths="none", angles="none",
            note="Znm; real_gaunt of the same package has other harmonics",
        ),
    ]  # fmt: skip


def _chemistry(plain: PackageConvention) -> list[PackageConvention]:
    """Return quantum chemistry's real harmonics, which differ in order and normalisation."""
    return [
        replace(plain, name="pyscf/symm", checked="pyscf 2.14.0", note="symm.sph.real_sph_vec"),
        replace(plain, name="pyscf", checked="pyscf 2.14.0", order="p as xyz", note="atomic orbitals"),
        replace(
            plain, name="molden", checked="pyscf 2.14.0", order="zero first, p as xyz",
            note="molden files, l <= 4",
        ),
        replace(
            plain, name="trexio", checked="trexio-tools 0.10.0", normalization="schmidt",
            order="zero first", note="spherical atomic orbitals; radial parts hold the rest of the norm",
        ),
        replace(
            plain, name="quantum-chemistry/cca", checked=_IODATA,
            note="common component architecture, as in gau2grid and libint",
        ),
        replace(
            plain, name="quantum-chemistry/gaussian", checked=_IODATA, order="zero first",
            note="pure functions as in Gaussian, gau2grid and Psi4",
        ),
        replace(
            plain, name="fchk", checked=_IODATA, order="zero first, p as xyz",
            note="checkpoint files of Gaussian, whose p are Cartesian",
        ),
    ]  # fmt: skip


def _entries() -> list[PackageConvention]:
    """Return every entry, ours first."""
    real = PackageConvention(
        "real", "", "real", "none", "orthonormal", paths="real", angles="zyz", note="reptheory.REAL"
    )
    complex_ = PackageConvention(
        "complex", "", "complex", "condon-shortley", "orthonormal",
        paths="condon-shortley", angles="zyz", note="reptheory.COMPLEX",
    )  # fmt: skip
    plain = replace(real, paths="none", angles="none")
    return [
        real,
        complex_,
        replace(
            complex_, name="scipy", checked="scipy 1.17.1", paths="none", angles="none", note="sph_harm_y",
        ),
        *_sympy(real, complex_),
        *_e3nn("e3nn@0.4", "e3nn 0.4.4", "e3nn 0.4"),
        *_e3nn("e3nn@0.6", "e3nn 0.6.0", "e3nn 0.6"),
        *_e3nn("e3nn-jax", "e3nn-jax 0.21.0", "e3nn 0.6"),
        PackageConvention(
            "mace", "mace-torch 0.3.16 with e3nn 0.4.4", "real", "none", "4pi",
            polar_axis="y", paths="e3nn 0.4", angles="yxy", note="pins e3nn 0.4.4, normalization='component'",
        ),
        *_e3x("e3x", "cartesian", "True"),
        *_e3x("e3x/m-order", "ascending", "False"),
        PackageConvention(
            "cuequivariance", "cuequivariance 0.13.0", "real", "none", "4pi",
            polar_axis="y", paths="e3nn 0.6", note="normalization 'component'",
        ),
        replace(plain, name="sphericart", checked="sphericart 2.0.4", note="SphericalHarmonics"),
        *_pyshtools(),
        replace(
            complex_, name="s2fft", checked="s2fft 1.5.0", paths="none", layout="lm", note="rotate_flms"
        ),
        replace(
            complex_, name="ducc0", checked="ducc0 0.42.0", paths="none", layout="alm",
            angles="zyz reversed", note="sht, as healpy keeps a_lm; rotate_alm(psi, theta, phi)",
        ),
        *_chemistry(plain),
    ]  # fmt: skip


CONVENTIONS: Final[Mapping[str, PackageConvention]] = MappingProxyType({one.name: one for one in _entries()})
"""Every convention of the registry by its name."""

_ALIASES: Final[Mapping[str, str]] = MappingProxyType({REAL.name: "real", COMPLEX.name: "complex"})


def convention(name: str | Convention | PackageConvention) -> PackageConvention:
    """Return the entry of the registry called `name`; `REAL` and `COMPLEX` name themselves.

    raises  LabelError: no such entry; the message lists the packages

    >>> convention("e3nn@0.6").polar_axis, convention("e3x").order
    ('y', 'cartesian')
    """
    if isinstance(name, PackageConvention):
        return name
    word = name.name if isinstance(name, Convention) else name
    if isinstance(word, str):
        found = CONVENTIONS.get(_ALIASES.get(word, word))
        if found is not None:
            return found
    near = sorted(one for one in CONVENTIONS if isinstance(word, str) and word and one.startswith(word))
    choice = near or sorted({one.split("/")[0] for one in CONVENTIONS})
    raise LabelError(f"convention: got {shown(word)}; it must be one of {', '.join(choice)}")
