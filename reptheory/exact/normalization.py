"""Normalisations and phases of spherical harmonics: the exact factor between each and the orthonormal ones.

With Y_lm the harmonics of `COMPLEX` and S_lm those of `REAL`, both orthonormal, another family is
factor(l, m) Y_lm or factor(l, m) S_lm:

    orthonormal    1                                              int |Y|^2 = 1
    4pi            sqrt(4 pi)                                     mean of |Y|^2 = 1
    schmidt        sqrt(4 pi / (2l+1))                            Racah's C_lm; C_l0 = P_l
    unnormalized   sqrt(4 pi / (2l+1) (l+|m|)! / (l-|m|)!)        P_l^|m|(cos theta) e^{i m phi}
      in the real basis, m != 0: the same / sqrt(2)               P_l^|m|(cos theta) times cos or sin

"condon-shortley" says that P_l^m holds (-1)^m, as in Y; "none" that it does not, as in S; the other choice in
either basis multiplies by (-1)^m. Y_l,-m = (-1)^m conj(Y_lm) in every one of them. These are the four
normalisations and two phases of pyshtools (Wieczorek and Meschede, Geochem. Geophys. Geosyst. 19 (2018)
2574), whose words and those of e3nn `harmonic_convention` understands as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import comb, factorial
from typing import Final

from reptheory.conventions import Basis, Convention, convention_of, harmonic_convention
from reptheory.errors import TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.surd import Surd
from reptheory.groups.labels import projection, shown, whole

__all__ = [
    "factors_of_degree",
    "harmonic_factor",
    "scaled_axes",
    "unchecked_factor",
]

_ONE: Final = Surd.rational(1)
_LARGEST_ORDER: Final = 10**5


def harmonic_factor(
    l: object,  # noqa: E741  (the degree is called l everywhere)
    m: object,
    basis: Basis = "complex",
    normalization: str = "orthonormal",
    phase: str | None = None,
) -> Surd:
    """Return the factor f(l, m) of one harmonic: f Y_lm, or f S_lm, follows the normalisation and phase.

    l, m           degree and order, |m| <= l
    basis          "complex" (Y_lm, Condon-Shortley) or "real" (S_lm)
    normalization  "orthonormal", "4pi", "schmidt" or "unnormalized" (also "integral", "component" and "norm"
                   of e3nn, "ortho" and "unnorm" of pyshtools, "racah")
    phase          "condon-shortley" or "none"; None is that of the basis: "condon-shortley" if complex
    raises         LabelError: a label or a word is impossible; TooLarge: unnormalized, and |m| > 10^5

    >>> harmonic_factor(2, 1, normalization="4pi")
    √(4π)
    >>> harmonic_factor(2, 1, "real", "schmidt", "condon-shortley")
    -√(4π/5)
    """
    degree, order = whole(l, "l"), whole(m, "m", signed=True)
    projection(2 * degree, 2 * order, "l", "m")
    return unchecked_factor(degree, order, harmonic_convention(basis, normalization, phase))


def unchecked_factor(degree: int, order: int, convention: Convention) -> Surd:
    """Return f(l, m) of the module docstring for possible labels."""
    base = convention_of(convention.basis)
    sign = -1 if order % 2 and convention.phase != base.phase else 1
    if convention.normalization == "orthonormal":
        return _ONE * sign
    square = Fraction(4)
    if convention.normalization != "4pi":
        square /= 2 * degree + 1
    if convention.normalization == "unnormalized":
        size = abs(order)
        if size > _LARGEST_ORDER:
            raise TooLarge(
                f"harmonic_factor: got |m| = {shown(size)}; (l+|m|)! / (l-|m|)! has millions of digits; the "
                f"limit is {_LARGEST_ORDER}; choose smaller orders or another normalization"
            )
        square *= comb(degree + size, 2 * size) * factorial(2 * size)
        if size and convention.basis == "real":
            square /= 2
    return Surd.sqrt(square, sign, pi_power=1)


def factors_of_degree(degree: int, convention: Convention) -> list[Surd]:
    """Return f(l, m) for m = -l, ..., l."""
    return [unchecked_factor(degree, order, convention) for order in range(-degree, degree + 1)]


def scaled_axes(array: SurdArray, factors: Mapping[int, Sequence[Surd]], convention: Convention) -> SurdArray:
    """Return array[i, j, ...] times factors[0][i] factors[1][j] ..., for the axes that have factors.

    An array that follows the convention already has nothing to be scaled and is returned as it is.
    """
    if array.convention == convention:
        return array
    entries: dict[tuple[int, ...], Surd] = {}
    for index, value in array.items():
        for axis, values in factors.items():
            value *= values[index[axis]]  # noqa: PLW2901
        entries[index] = value
    return SurdArray.from_entries(array.shape, entries, convention)
