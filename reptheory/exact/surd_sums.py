"""Sums of surds that are no surd: sqrt(2) + sqrt(3), as a turn of the axes makes them of exact features.

Square roots of rationals, no two of a rational ratio, are linearly independent over the rationals
(Besicovitch, J. London Math. Soc. 15 (1940) 3), and so are powers of sqrt(pi) over the algebraic numbers:
terms that are pairwise incommensurable are the one way to write a sum, and it is 0 only without terms.
"""

from __future__ import annotations

import numbers
from functools import reduce
from typing import Any, Self

from reptheory.errors import IncommensurableSurds, NotReal
from reptheory.exact.arb import nearest_float, precision, working_precision
from reptheory.exact.complex_surds import ComplexSurd
from reptheory.exact.surd import ZERO, Surd

__all__ = ["SurdSum"]

_I = Surd.sqrt(-1)


class SurdSum:
    """An exact sum of surds, real or complex; immutable.

    terms   the surds, none 0, no two with a rational ratio; ascending by powers of i and pi, then by size

    >>> SurdSum.of(Surd.sqrt(2)) + Surd.sqrt(3) - Surd.sqrt(8)
    -√2 + √3
    >>> (SurdSum.of(1) + Surd.sqrt(2)) * (SurdSum.of(1) - Surd.sqrt(2)) == -1
    True
    """

    __slots__ = ("terms",)
    terms: tuple[Surd, ...]

    def __init__(self, *values: Surd) -> None:
        found: list[Surd] = []
        for value in values:
            _join(found, value)
        found.sort(key=lambda term: (term.i_power, term.pi_power, term.radicand, term.sign))
        object.__setattr__(self, "terms", tuple(found))

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return an int, a Fraction, a Surd, a ComplexSurd or a SurdSum as a SurdSum."""
        return cls(*_terms(value))

    @property
    def plain(self) -> Surd | SurdSum:
        """The Surd that this is, if it is one; else the sum itself."""
        if len(self.terms) > 1:
            return self
        return self.terms[0] if self.terms else ZERO

    @property
    def is_real(self) -> bool:
        """Whether no term has a factor i."""
        return all(term.is_real for term in self.terms)

    def conjugate(self) -> SurdSum:
        """Return the complex conjugate."""
        return SurdSum(*(term.conjugate() for term in self.terms))

    def __setattr__(self, name: str, value: object) -> None:
        from dataclasses import FrozenInstanceError  # noqa: PLC0415

        raise FrozenInstanceError(f"SurdSum: {name} cannot be set; a sum never changes, build another one")

    __delattr__ = __setattr__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type[SurdSum], tuple[Surd, ...]]:
        return type(self), self.terms

    def __add__(self, other: object) -> SurdSum:
        right = _operand(other)
        return NotImplemented if right is None else SurdSum(*self.terms, *right.terms)

    __radd__ = __add__

    def __neg__(self) -> SurdSum:
        return SurdSum(*(-term for term in self.terms))

    def __sub__(self, other: object) -> SurdSum:
        right = _operand(other)
        return NotImplemented if right is None else self + -right

    def __rsub__(self, other: object) -> SurdSum:
        return -self + other

    def __mul__(self, other: object) -> SurdSum:
        right = _operand(other)
        if right is None:
            return NotImplemented
        return SurdSum(*(one * two for one in self.terms for two in right.terms))

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> SurdSum:
        """Divide by one surd or rational; ZeroDivisionError for 0."""
        if not isinstance(other, numbers.Rational | Surd):
            return NotImplemented
        if not other:
            raise ZeroDivisionError(f"({self!r}) / 0")
        return SurdSum(*(term / other for term in self.terms))

    def __eq__(self, other: object) -> bool:
        right = _operand(other)
        return NotImplemented if right is None else self.terms == right.terms

    def __hash__(self) -> int:
        return hash(self.plain) if len(self.terms) < 2 else hash(self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __float__(self) -> float:
        """Return the nearest float; NotReal if a term has a factor i."""
        if not self.is_real:
            raise NotReal(f"float: {self!r} is not real; use complex()")
        if len(self.terms) < 2:
            return float(_single(self))
        return nearest_float(self.to_arb)  # irrational, as the terms are independent: balls of it narrow

    def __complex__(self) -> complex:
        real = SurdSum(*(term for term in self.terms if term.is_real))
        return complex(float(real), float((self - real) / _I))

    def to_arb(self, prec: int = 53) -> Any:
        """Return a python-flint ball that holds the value, from a working precision of `prec` bits."""
        with working_precision(precision(prec)):
            return reduce(lambda total, term: total + term.to_arb(prec), self.terms, ZERO.to_arb(prec))

    def to_sympy(self) -> Any:
        """Return the exact value as a SymPy expression."""
        return reduce(lambda total, term: total + term.to_sympy(), self.terms, ZERO.to_sympy())

    _sympy_ = to_sympy

    def __repr__(self) -> str:
        first, *rest = (repr(term) for term in self.terms or (ZERO,))
        return first + "".join(f" - {text[1:]}" if text[0] == "-" else f" + {text}" for text in rest)


def _join(found: list[Surd], value: Surd) -> None:
    """Add a surd to the term that it has a rational ratio with, or as a term of its own."""
    if not value:
        return
    for place, term in enumerate(found):
        if (term.i_power, term.pi_power) == (value.i_power, value.pi_power):
            try:
                total = term + value
            except IncommensurableSurds:
                continue
            found[place : place + 1] = [total] if total else []
            return
    found.append(value)


def _terms(value: Any) -> tuple[Surd, ...]:
    """Return the terms of a number."""
    if isinstance(value, SurdSum):
        return value.terms
    if isinstance(value, ComplexSurd):
        return (value.real, value.imag * _I)
    return (value if isinstance(value, Surd) else Surd.rational(value),)


def _single(value: SurdSum) -> Surd:
    return value.terms[0] if value.terms else ZERO


def _operand(value: object) -> SurdSum | None:
    """Return a number as a SurdSum; None for a type that it does not know."""
    known = isinstance(value, SurdSum | Surd | ComplexSurd | numbers.Rational)
    return SurdSum.of(+value if isinstance(value, bool) else value) if known else None
