"""Exact values in other people's languages: SymPy, mpmath, LaTeX. The one home of SymPy in the library.

SymPy and mpmath are imported inside each function, so that the exact layer runs without loading them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reptheory.errors import LabelError, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction

    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.half_angles import HalfAnglePolynomial
    from reptheory.exact.polynomials import SurdPolynomial
    from reptheory.exact.surd import Surd

__all__ = [
    "array_to_sympy",
    "ball_to_mpmath",
    "digits",
    "euler_to_sympy",
    "half_angle_to_sympy",
    "latex",
    "matrix_to_sympy",
    "polynomial_to_sympy",
    "to_mpmath",
    "to_sympy",
]

_GUARD_DIGITS = 10
_LARGEST_PRIME = 1000
_MOST_SYMPY_ENTRIES = 10**7


def to_sympy(surd: Surd) -> Any:
    """Return a Surd as a SymPy number: Rational * sqrt(...) * pi^(k/2) * I, as SymPy writes it."""
    import sympy  # noqa: PLC0415  (half a second, for those who ask for it)

    if surd.sign == 0:
        return sympy.S.Zero
    value = surd.sign * _root(surd.radicand)
    if surd.pi_power:
        value *= sympy.pi ** sympy.Rational(surd.pi_power, 2)
    return value * sympy.I if surd.i_power else value


def _root(square: Fraction) -> Any:
    """Return sqrt(n / d) as SymPy writes it, q / d * sqrt(r) with n d = q^2 r and r free of squares.

    SymPy's own root takes a millisecond for want of the primes, which are small in coupling coefficients.
    """
    import sympy  # noqa: PLC0415

    numerator, denominator = square.as_integer_ratio()
    root, free, rest = 1, 1, numerator * denominator
    for prime in sympy.sieve.primerange(_LARGEST_PRIME):
        if rest == 1:
            break
        while rest % prime == 0:
            rest //= prime
            if free % prime:
                free *= prime
            else:
                root, free = root * prime, free // prime
    if rest != 1:
        return sympy.sqrt(sympy.Rational(numerator, denominator))
    outside = sympy.Rational(root, denominator)
    if free == 1:
        return outside
    inside = sympy.Pow(free, sympy.S.Half, evaluate=False)
    return inside if outside == 1 else sympy.Mul(outside, inside, evaluate=False)


def to_mpmath(surd: Surd, dps: int) -> Any:
    """Return a Surd as mpmath `mpf`, or `mpc` if it is imaginary, to `dps` significant digits.

    The value is computed with 10 digits more and rounded once to dps digits.

    raises  LabelError: dps is not a positive int
    """
    import mpmath  # noqa: PLC0415

    digits(dps)
    with mpmath.workdps(dps + _GUARD_DIGITS):
        ratio = mpmath.mpf(surd.radicand.numerator) / surd.radicand.denominator
        value = surd.sign * mpmath.sqrt(ratio * mpmath.pi**surd.pi_power)
    with mpmath.workdps(dps):
        return mpmath.mpc(0, value) if surd.i_power else +value


def latex(surd: Surd) -> str:
    """Return a Surd as LaTeX in dollar signs, for notebooks."""
    import sympy  # noqa: PLC0415

    return f"${sympy.latex(to_sympy(surd))}$"


def array_to_sympy(array: SurdArray) -> Any:
    """Return a SurdArray as a SymPy `ImmutableSparseNDimArray`.

    raises  TooLarge: more than 10^7 entries, zeros included
    """
    import sympy  # noqa: PLC0415

    size, places = 1, []
    for length in reversed(array.shape):
        places.append(size)
        size *= length
    if size > _MOST_SYMPY_ENTRIES:
        raise TooLarge(f"to_sympy: an array of {size} entries; index it down to 10^7 or fewer first")
    strides = places[::-1]
    entries = {
        sum(place * stride for place, stride in zip(index, strides, strict=True)): to_sympy(value)
        for index, value in array.items()
    }
    return sympy.ImmutableSparseNDimArray(entries, array.shape)


def half_angle_to_sympy(polynomial: HalfAnglePolynomial, beta: Any) -> Any:
    """Return d^j_{m'm}(beta) as a SymPy expression in cos(beta/2) and sin(beta/2)."""
    import sympy  # noqa: PLC0415

    half = _symbolic(beta, "beta") / 2
    cosine, sine = sympy.cos(half), sympy.sin(half)
    total = sympy.Add(*(number * cosine**c * sine**s for number, c, s in polynomial.terms))
    return to_sympy(polynomial.scale) * total


def euler_to_sympy(polynomial: HalfAnglePolynomial, alpha: Any, beta: Any, gamma: Any) -> Any:
    """Return D^j_{m'm}(alpha, beta, gamma) = e^{-i m' alpha} d^j_{m'm}(beta) e^{-i m gamma} for SymPy."""
    import sympy  # noqa: PLC0415

    first = sympy.exp(-sympy.I * _rational(polynomial.m1) * _symbolic(alpha, "alpha"))
    last = sympy.exp(-sympy.I * _rational(polynomial.m2) * _symbolic(gamma, "gamma"))
    return first * half_angle_to_sympy(polynomial, beta) * last


def matrix_to_sympy(size: int, element: Callable[[int, int], Any]) -> Any:
    """Return the square SymPy matrix of the expressions element(row, column)."""
    import sympy  # noqa: PLC0415

    return sympy.ImmutableDenseMatrix(size, size, element)


def ball_to_mpmath(ball_at: Callable[[int], Any], dps: int) -> Any:
    """Return the number that balls of any precision enclose as an mpmath `mpf` of `dps` digits.

    ball_at  bits -> an `arb`; the number must not be 0 unless every ball is exactly 0
    returns  within one unit of the last digit
    """
    import mpmath  # noqa: PLC0415

    wanted = int((dps + 1) * 3.33) + 4
    bits = wanted + 32
    while True:
        ball = ball_at(bits)
        if ball.is_zero() or ball.rel_accuracy_bits() >= wanted:
            break
        bits *= 2
    mantissa, exponent = (int(part) for part in ball.mid().man_exp())
    with mpmath.workdps(dps):
        return +mpmath.mpf((mantissa, exponent))


def digits(dps: object) -> int:
    """Return a number of decimal digits; raise LabelError unless it is an int, 1 or more."""
    if not isinstance(dps, int) or isinstance(dps, bool) or dps < 1:
        raise LabelError(f"dps: got {dps!r}; it must be a number of decimal digits, 1 or more")
    return dps


def polynomial_to_sympy(polynomial: SurdPolynomial, variables: Sequence[Any] | None) -> Any:
    """Return a polynomial as a SymPy expression in three variables, by default real symbols x, y, z."""
    import sympy  # noqa: PLC0415

    names = ("x", "y", "z")
    chosen = [None] * 3 if variables is None else list(variables)
    if len(chosen) != 3:
        raise LabelError(f"variables: got {len(chosen)} of them; give three, for x, y and z")
    x, y, z = (_symbolic(value, name) for value, name in zip(chosen, names, strict=True))
    return sympy.Add(*(to_sympy(value) * x**a * y**b * z**c for (a, b, c), value in polynomial.terms))


def _rational(value: Fraction) -> Any:
    import sympy  # noqa: PLC0415

    return sympy.Rational(value.numerator, value.denominator)


def _symbolic(value: Any, name: str) -> Any:
    """Return a SymPy expression or number; a real symbol of this name for None. Text is never evaluated."""
    import sympy  # noqa: PLC0415

    if value is None:
        return sympy.Symbol(name, real=True)
    try:
        return sympy.sympify(value, strict=True)
    except (sympy.SympifyError, TypeError) as error:
        raise LabelError(f"{name}: got {value!r}; pass a SymPy expression or a number") from error
