"""Irreps: direct sums of O(3) irreps in e3nn's grammar, as immutable values.

    irreps = [term ("+" term)*]      term = [mul "x"] l parity      parity = "e" | "o" | "y"

"e" is even, "o" odd, "y" the parity (-1)^l of spherical harmonics; blanks are free. A feature vector of
`Irreps("2x0e+1x1o")` is [x[entry][copy][m] for entry in irreps for copy in range(mul) for m in -l..l],
flattened: `slices` says where each entry lies.

Behaviour follows e3nn 0.6, https://docs.e3nn.org/en/stable/api/o3/o3_irreps.html. It differs where that
is wrong or unsafe: `filter(keep=Irreps(...))` keeps those irreps, digits are ASCII digits only, text in a
list may carry a multiplicity, a negative factor or lmax is an error, and every error is a LabelError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias

from reptheory.errors import LabelError
from reptheory.groups.direct_sum import DirectSum, MulIr, Sorted
from reptheory.groups.labels import feature_degree, shown, whole

__all__ = ["Irrep", "Irreps", "MulIr", "Selection", "Sorted"]

_TERM: Final = re.compile(r"\s*(?:([0-9]+)\s*x\s*)?([0-9]+)\s*([eoy])\s*")
_GRAMMAR: Final = 'write terms such as "8x1o" or "2e" joined by "+"'


@dataclass(frozen=True, slots=True, order=True, init=False, repr=False)
class Irrep:
    """One irrep of O(3): degree l >= 0 and parity p = +1 (even, "e") or -1 (odd, "o").

    Written Irrep(1, -1), Irrep("1o"), Irrep((1, -1)) or Irrep(another). Ordered by l, then odd before even.

    >>> Irrep("2e") in tuple(Irrep("1o") * Irrep("1o"))
    True
    """

    l: int  # noqa: E741  # the field's own letter, as in e3nn
    p: int
    __array_ufunc__: ClassVar[None] = None  # numpy integers leave products to __rmul__

    def __init__(self, l: object, p: object = None) -> None:  # noqa: E741
        l_read, p_read = _irrep_fields(l, p)
        object.__setattr__(self, "l", l_read)
        object.__setattr__(self, "p", p_read)

    @property
    def dim(self) -> int:
        """The dimension 2l + 1."""
        return 2 * self.l + 1

    def is_scalar(self) -> bool:
        """Say whether this is 0e, the trivial irrep."""
        return self.l == 0 and self.p == 1

    def __mul__(self, other: object) -> Iterator[Irrep]:
        """Iterate over the irreps of the tensor product, l ascending."""
        right = Irrep(other)
        parity = self.p * right.p
        degrees = range(abs(self.l - right.l), self.l + right.l + 1)
        return (Irrep(degree, parity) for degree in degrees)

    def __rmul__(self, mul: object) -> Irreps:
        return Irreps([(mul, self)])

    def __add__(self, other: object) -> Irreps:
        return Irreps(self) + other

    def __iter__(self) -> Iterator[int]:
        yield self.l
        yield self.p

    def __repr__(self) -> str:
        return f"{shown(self.l)}{'e' if self.p == 1 else 'o'}"


Selection: TypeAlias = (
    "Irreps | Irrep | MulIr[Irrep] | str | Iterable[object] | Callable[[MulIr[Irrep]], bool]"
)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Irreps(DirectSum[Irrep]):
    """Direct sum of O(3) irreps with multiplicities, in a fixed order.

    Written Irreps("2x0e + 1o"), Irreps([(2, "0e"), (1, (1, -1))]), Irreps(Irrep("1o")) or Irreps() for none.
    A sequence of `MulIr`: len, iteration, indexing and slices work entry by entry, `in` asks for an irrep.
    raises  LabelError: text outside the grammar, a negative multiplicity, an impossible irrep

    >>> Irreps("128x0e + 1o")
    128x0e+1x1o
    >>> Irreps("128x0e + 1o").dim
    131
    """

    _GRAMMAR: ClassVar[str] = _GRAMMAR

    @classmethod
    def label(cls, value: object) -> Irrep:
        """Return the irrep that `value` states."""
        return Irrep(value)

    @classmethod
    def _term(cls, text: str) -> tuple[int | None, Irrep]:
        mul, ir = _term(text, "irreps", _GRAMMAR)
        return mul, Irrep(ir)

    @staticmethod
    def _is_label(value: object) -> bool:
        return _is_irrep(value)

    @classmethod
    def spherical_harmonics(cls, lmax: object, p: object = -1) -> Irreps:
        """Return one copy of each l <= lmax with parity p^l.

        >>> Irreps.spherical_harmonics(3)
        1x0e+1x1o+1x2e+1x3o
        """
        parity = _parity(p)
        return cls([(1, (degree, parity**degree)) for degree in range(feature_degree(lmax, "lmax") + 1)])

    @property
    def ls(self) -> list[int]:
        """The degree of each irrep, copies listed."""
        return [entry.ir.l for entry in self.entries for _ in range(entry.mul)]

    @property
    def lmax(self) -> int:
        """The largest degree with a nonzero multiplicity; LabelError where there is none."""
        degrees = [entry.ir.l for entry in self.entries if entry.mul]
        if not degrees:
            raise LabelError(
                f"irreps: got {shown(str(self))}; without a copy it has no lmax; check len(ls) first"
            )
        return max(degrees)

    def filter(
        self, keep: Selection | None = None, *, drop: Selection | None = None, lmax: object = None
    ) -> Irreps:
        """Return the entries that one criterion lets through, in order; all without a criterion.

        keep    irreps to keep in any form `Irreps` reads (multiplicities ignored), or a test of a MulIr
        drop    irreps to drop, in the same forms
        lmax    largest degree to keep
        raises  LabelError: more than one criterion, or an unreadable one

        >>> Irreps("1e + 2e + 0e").filter(keep="2e + 2x1e")
        1x1e+1x2e
        """
        given = [
            name for name, value in (("keep", keep), ("drop", drop), ("lmax", lmax)) if value is not None
        ]
        if len(given) > 1:
            raise LabelError(f"filter: got {' and '.join(given)}; it takes one criterion; chain two filters")
        if keep is not None:
            chosen = _predicate(keep)
            return Irreps(entry for entry in self.entries if chosen(entry))
        if drop is not None:
            chosen = _predicate(drop)
            return Irreps(entry for entry in self.entries if not chosen(entry))
        if lmax is not None:
            most = whole(lmax, "lmax")
            return Irreps(entry for entry in self.entries if entry.ir.l <= most)
        return self


def _irrep_fields(first: Any, p: object) -> tuple[int, int]:
    """Return (l, p) from whatever `Irrep` reads: two labels, text, an irrep (ours or e3nn's), or a pair."""
    if p is not None:
        return whole(first, "l"), _parity(p)
    if isinstance(first, Irrep):
        return first.l, first.p
    if isinstance(first, str):
        mul, ir = _term(first, "irrep", 'write a degree and a parity, such as "1o" or "2e"')
        if mul is not None:
            raise LabelError(f"irrep: got {shown(first)}; one irrep has no multiplicity; use Irreps for sums")
        return ir
    if _is_irrep(first):
        return whole(first.l, "l"), _parity(first.p)
    if isinstance(first, tuple | list) and len(first) == 2:
        return whole(first[0], "l"), _parity(first[1])
    raise LabelError(f'irrep: got {shown(first)}; it must be an Irrep, text or (l, p); write "1o" or (1, -1)')


def _is_irrep(value: object) -> bool:
    """Say whether value is an irrep: ours, e3nn's or e3nn-jax's."""
    return hasattr(value, "l") and hasattr(value, "p")


def _parity(p: object) -> int:
    """Return p as +1 or -1, or raise LabelError."""
    parity = whole(p, "p", signed=True)
    if parity not in (-1, 1):
        raise LabelError(f"p: got {shown(p)}; a parity is 1 (even) or -1 (odd); pass one of them")
    return parity


def _term(text: str, name: str, way_on: str) -> tuple[int | None, tuple[int, int]]:
    """Return (mul or None, (l, p)) of one term of the grammar, or raise LabelError."""
    match = _TERM.fullmatch(text)
    if match is None:
        raise LabelError(f"{name}: got {shown(text)}; it is outside the grammar; {way_on}")
    mul, degree, letter = match.groups()
    try:
        degree_read, mul_read = int(degree), None if mul is None else int(mul)
    except ValueError as error:  # more digits than Python converts
        raise LabelError(f"{name}: got {shown(text)}; it has too many digits; write fewer") from error
    parity = {"e": 1, "o": -1, "y": (-1) ** (degree_read % 2)}[letter]
    return mul_read, (degree_read, parity)


def _predicate(selection: Selection) -> Callable[[MulIr[Irrep]], bool]:
    """Return the test of one entry that `selection` states."""
    if callable(selection):
        return selection
    wanted = {ir for _, ir in Irreps(selection)}
    return lambda entry: entry.ir in wanted
