"""Conventions: what a number means, as frozen data with a fingerprint that every table carries.

Two tables may be combined only if their fingerprints are equal; `require_same` says which field differs.
The formulas behind each field stand in docs/conventions.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal

from reptheory.errors import ConventionMismatch, LabelError, shown

__all__ = [
    "COMPLEX",
    "REAL",
    "Basis",
    "Convention",
    "Normalization",
    "Phase",
    "convention_of",
    "harmonic_convention",
    "require_same",
]

Basis = Literal["complex", "real"]
Normalization = Literal["orthonormal", "4pi", "schmidt", "unnormalized"]
Phase = Literal["condon-shortley", "none"]

_WORDS: Final[Mapping[str, Normalization]] = {
    "orthonormal": "orthonormal",
    "ortho": "orthonormal",  # pyshtools
    "integral": "orthonormal",  # e3nn
    "4pi": "4pi",
    "component": "4pi",  # e3nn
    "schmidt": "schmidt",
    "racah": "schmidt",
    "norm": "schmidt",  # e3nn
    "unnormalized": "unnormalized",
    "unnorm": "unnormalized",  # pyshtools
}


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


def harmonic_convention(
    basis: str, normalization: str = "orthonormal", phase: str | None = None
) -> Convention:
    """Return the convention of the harmonics that three words name; COMPLEX or REAL itself by default.

    raises  LabelError: an unknown word

    >>> harmonic_convention("real", "component").normalization
    '4pi'
    """
    base = convention_of(basis)
    if phase is None and normalization == "orthonormal":
        return base
    word = _WORDS.get(normalization) if isinstance(normalization, str) else None
    if word is None:
        raise LabelError(
            f"normalization: got {shown(normalization)}; it must be one of "
            f"{', '.join(dict.fromkeys(_WORDS.values()))}"
        )
    if phase not in (None, "condon-shortley", "none"):
        raise LabelError(f'phase: got {shown(phase)}; it must be "condon-shortley", "none" or None')
    chosen = base.phase if phase is None else phase
    if word == base.normalization and chosen == base.phase:
        return base
    name = f"{base.basis} harmonics, {word}, phase {chosen}"
    return replace(base, name=name, normalization=word, phase=chosen)


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
