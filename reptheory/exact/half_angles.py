"""Wigner's small d at any angle, as a polynomial in cos(beta/2) and sin(beta/2): integers times one surd.

With c = cos(beta/2), s = sin(beta/2), and 2j + 1 states m',

    d^j_{m'm}(beta) = sqrt( C(2j, j-m) / C(2j, j-m') ) [t^(j-m')] (c + s t)^(j+m) (c t - s)^(j-m)
                    = sqrt( ... ) sum_k (-1)^(j-m-k) C(j+m, j-m'-k) C(j-m, k) c^(m+m'+2k) s^(2j-m-m'-2k)

in the convention of SymPy's `Rotation.d` (Wigner's sum, its factorials paired into binomials). At beta = pi/2
it is `wigner_d_pi_half`. Its derivative by beta is such a sum again, of the same degree. With Euler angles it
is the middle of D^j_{m'm} = e^{-i m' alpha} d^j_{m'm}(beta) e^{-i m gamma} (`euler_angles`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb
from typing import Any

from reptheory.errors import LabelError
from reptheory.exact.arb import fraction_ball, nearest_float, precision, working_precision
from reptheory.exact.entries import require_room
from reptheory.exact.surd import Surd
from reptheory.groups.labels import projection, rational, real, shown, two_label, two_spin

__all__ = ["HalfAnglePolynomial", "wigner_d_polynomial"]


@dataclass(frozen=True, slots=True)
class HalfAnglePolynomial:
    """The function scale * sum of number * cos(beta/2)^cos_power * sin(beta/2)^sin_power, one d^j_{m1 m2}.

    j, m1, m2  labels, as Fractions
    scale      Surd > 0
    terms      (number, cos_power, sin_power), powers of the cosine ascending, cos_power + sin_power = 2j
    order      of the derivative by beta that this is; 0 for d itself

    Called with an angle (a number, taken exactly) it returns the nearest float.

    >>> wigner_d_polynomial(1, 1, 0)
    -√2·c·s
    """

    j: Fraction
    m1: Fraction
    m2: Fraction
    scale: Surd
    terms: tuple[tuple[int, int, int], ...]
    order: int = 0

    def derivative(self) -> HalfAnglePolynomial:
        """Return the derivative by beta.

        >>> wigner_d_polynomial(1, 0, 0).derivative()
        -2·c·s
        """
        sums: dict[int, int] = {}  # c^p s^q has the derivative (q c^(p+1) s^(q-1) - p c^(p-1) s^(q+1)) / 2
        for number, p, q in self.terms:
            for power, value in ((p + 1, number * q), (p - 1, -number * p)):
                sums[power] = sums.get(power, 0) + value
        halved = all(value % 2 == 0 for value in sums.values())
        degree = int(2 * self.j)
        terms = tuple(
            (value // 2 if halved else value, p, degree - p) for p, value in sorted(sums.items()) if value
        )
        scale = self.scale if halved else self.scale * Fraction(1, 2)
        return replace(self, scale=scale, terms=terms, order=self.order + 1)

    def at(self, cosine: object, sine: object) -> Surd:
        """Return the exact value at a rational point (cos(beta/2), sin(beta/2)) of the unit circle.

        raises  LabelError: no rational number, or cosine^2 + sine^2 is not 1

        >>> wigner_d_polynomial(1, 1, 0).at(Fraction(3, 5), Fraction(4, 5))
        -√(288/625)
        """
        c, s = rational(cosine, "cosine"), rational(sine, "sine")
        if c * c + s * s != 1:
            raise LabelError(f"cosine: got {shown(c)} with sine = {shown(s)}; their squares must add up to 1")
        total = sum((number * c**p * s**q for number, p, q in self.terms), Fraction(0))
        return self.scale * total

    def __call__(self, beta: object) -> float:
        """Return the float nearest to the value at the exact number beta (radians).

        At beta != 0 the value is transcendental unless j = 0 (Lindemann and Weierstrass: a sum of powers of
        e^{i beta/2} that is not constant), so balls of growing precision end.
        raises  LabelError: beta is not a finite real number
        """
        angle = real(beta, "beta")
        if not angle or not self.j:
            return float(self.at(1, 0))
        return nearest_float(lambda bits: self.to_arb(angle, bits))

    def to_arb(self, beta: Any, prec: int = 53) -> Any:
        """Return a python-flint ball that holds the value, from a working precision of `prec` bits.

        beta  a finite real number, taken exactly, or a ball `arb`
        """
        import flint  # noqa: PLC0415  (an extension module: loaded when the first ball is needed)

        angle = beta if isinstance(beta, flint.arb) else real(beta, "beta")
        with working_precision(precision(prec)):
            ball = fraction_ball(angle) if isinstance(angle, Fraction) else angle
            cosine, sine = (ball / 2).cos(), (ball / 2).sin()
            total = flint.arb(0)
            for number, p, q in self.terms:
                total += number * cosine**p * sine**q
            return total * self.scale.to_arb(prec)

    def to_sympy(self, beta: Any = None) -> Any:
        """Return the SymPy expression in an angle, by default the real symbol beta."""
        from reptheory.exact import output  # noqa: PLC0415  (SymPy loads only when asked for)

        return output.half_angle_to_sympy(self, beta)

    def with_euler_angles(self, alpha: Any = None, beta: Any = None, gamma: Any = None) -> Any:
        """Return D^j_{m1 m2}(alpha, beta, gamma) = e^{-i m1 alpha} d(beta) e^{-i m2 gamma} for SymPy.

        Angles are SymPy expressions or numbers, by default real symbols of these names.
        """
        from reptheory.exact import output  # noqa: PLC0415

        return output.euler_to_sympy(self, alpha, beta, gamma)

    def __repr__(self) -> str:
        body = " ".join(_term(*term) for term in self.terms).removeprefix("+ ") or "0"
        body = f"-{body[2:]}" if body.startswith("- ") else body
        if self.scale == 1:
            return body
        if len(self.terms) > 1:
            return f"{self.scale!r}·({body})"
        return f"-{self.scale!r}·{body[1:]}" if body.startswith("-") else f"{self.scale!r}·{body}"


def wigner_d_polynomial(j: object, m1: object, m2: object) -> HalfAnglePolynomial:
    """Return d^j_{m1 m2}(beta) for all beta, in the argument order of SymPy's `Rotation.d`.

    j        spin, 0, 1/2, 1, ...
    m1, m2   projections (row and column)
    raises   LabelError: a label is impossible; TooLarge

    >>> wigner_d_polynomial(1, 0, 0), float(wigner_d_polynomial(0.5, 0.5, -0.5)(1.0))
    (-s^2 + c^2, -0.479425538604203)
    """
    two_j = two_spin(j, "j")
    two_m1, two_m2 = two_label(m1, "m1"), two_label(m2, "m2")
    projection(two_j, two_m1, "j", "m1")
    projection(two_j, two_m2, "j", "m2")
    up, down, row = (two_j + two_m2) // 2, (two_j - two_m2) // 2, (two_j - two_m1) // 2
    ks = range(max(0, row - up), min(down, row) + 1)
    require_room(ks.stop - ks.start, 2 * two_j, f"wigner_d_polynomial: 2j = {shown(two_j)}")
    shift = (two_m1 + two_m2) // 2
    terms = []
    for k in ks:
        number = comb(up, row - k) * comb(down, k)
        terms.append((-number if (down - k) % 2 else number, shift + 2 * k, two_j - shift - 2 * k))
    scale = Surd.sqrt(Fraction(comb(two_j, down), comb(two_j, row)))
    spin, first, second = Fraction(two_j, 2), Fraction(two_m1, 2), Fraction(two_m2, 2)
    return HalfAnglePolynomial(spin, first, second, scale, tuple(terms))


def _term(number: int, cos_power: int, sin_power: int) -> str:
    """Write one term with its sign: + 2·c·s^3."""
    powers = [
        name if power == 1 else f"{name}^{power}"
        for name, power in (("c", cos_power), ("s", sin_power))
        if power
    ]
    factors = [str(abs(number))] if abs(number) != 1 or not powers else []
    return f"{'-' if number < 0 else '+'} {'·'.join(factors + powers)}"
