"""Conventions: what a number means, as frozen data with a fingerprint that every table carries.

Two tables may be combined only if their fingerprints are equal; `require_same` says which field differs.
The formulas behind each field stand in docs/conventions.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final, Literal

from reptheory.errors import ConventionMismatch, LabelError

__all__ = ["COMPLEX", "REAL", "Basis", "Convention", "convention_of", "require_same"]

Basis = Literal["complex", "real"]


@dataclass(frozen=True, slots=True)
class Convention:
    """Which basis, phase, normalisation and order the numbers of a table follow.

    name            short name for people, part of the fingerprint
    basis           "complex" (|j m>, Y_lm) or "real" (cosine and sine harmonics)
    phase           "condon-shortley": Y_lm carries (-1)^m for m > 0;
                    "none": real harmonics without it, so that Y_11 ~ +x
    normalization   "orthonormal": the integral of |Y_lm|^2 over the sphere is 1
    order           "m ascending": m = -l..l on every axis (real l = 1 is y, z, x)
    odd_paths       factor that makes a real coupling with l1+l2+l3 odd real; "none" in the complex basis
    """

    name: str
    basis: Basis
    phase: str
    normalization: str
    order: str
    odd_paths: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the fields: 64 hexadecimal digits, the same on every machine."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


COMPLEX: Final = Convention(
    name="condon-shortley",
    basis="complex",
    phase="condon-shortley",
    normalization="orthonormal",
    order="m ascending",
    odd_paths="none",
)
"""Complex basis as SciPy's `sph_harm_y`, SymPy's `Ynm` and the Condon-Shortley coupling coefficients."""

REAL: Final = Convention(
    name="real",
    basis="real",
    phase="none",
    normalization="orthonormal",
    order="m ascending",
    odd_paths="1 x 1 -> 1 is + cross product / sqrt(2)",
)
"""Real basis as SymPy's `real_gaunt` and sphericart: m < 0 sine, m > 0 cosine, l = 1 is (y, z, x)."""


def convention_of(basis: str) -> Convention:
    """Return the convention that `basis` ("complex" or "real") names; raise LabelError for another word."""
    if basis == "complex":
        return COMPLEX
    if basis == "real":
        return REAL
    raise LabelError(f'basis: got {basis!r}; it must be "complex" or "real"')


def require_same(left: Convention, right: Convention, what: str) -> None:
    """Raise ConventionMismatch, naming the first field that differs, unless both conventions are equal."""
    ours, theirs = asdict(left), asdict(right)
    differing = [field for field in ours if ours[field] != theirs[field]]
    if differing:
        field = differing[-1]
        raise ConventionMismatch(
            f"{what}: conventions differ in {field} ({ours[field]!r} against {theirs[field]!r}); "
            "build both from the same basis"
        )
