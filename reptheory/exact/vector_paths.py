"""Vector paths: what pointwise products of vector and tensor harmonics make of each path, exactly.

Tensor-valued functions sum x_jm Y^{(l s) j}_m (`tensor_harmonics`) are multiplied point by point, values
coupled from s1, s2 to s3, and the result expanded again. In the real basis

    (Y^{(l1 s1) j1}_m1 x Y^{(l2 s2) j2}_m2)^s3 = sum ratio C_real[j1 m1, j2 m2, j3 m3] Y^{(l3 s3) j3}_m3
    ratio = (-1)^(s1+s2+j3+n/2) sqrt((2 l1 + 1)(2 l2 + 1)(2 l3 + 1)(2 j1 + 1)(2 j2 + 1)(2 s3 + 1)/(4 pi))
            3j(l1 l2 l3; 0 0 0) 9j{l1 s1 j1; l2 s2 j2; l3 s3 j3}

n the number of rows and columns of the 9j symbol with an odd sum [generalised Gaunt formula: Varshalovich,
Moskalev, Khersonskii, 1988, section 7.3, in the complex basis; signs of the real one as in `matrix_blocks`].
For vectors, in the order (y, z, x) of the real basis, the scalar product is -sqrt(3) times the coupling to
s3 = 0 and the vector product sqrt(2) times that to s3 = 1:

    dot     vector . vector -> function        cross   vector x vector -> vector
    scale   function times vector -> vector

A vector harmonic (l 1) j exists for l = j - 1, j, j + 1, so a path (j1, j2, j3) has up to 27 choices of l.
l1 + l2 + l3 must be even, j1 + j2 + j3 need not: what the Gaunt product loses is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Final, Literal, NamedTuple, get_args

from reptheory.errors import LabelError
from reptheory.exact.surd import ZERO, Surd
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner9j import wigner_9j
from reptheory.groups.labels import shown, whole

__all__ = ["VectorKind", "VectorPath", "tensor_path_ratio", "vector_path", "vector_path_ratio"]

VectorKind = Literal["dot", "cross", "scale"]

SPINS: Final[dict[VectorKind, tuple[int, int, int]]] = {
    "dot": (1, 1, 0),
    "cross": (1, 1, 1),
    "scale": (0, 1, 1),
}
"""Spins of the values of the two operands and of the result."""

_FACTORS: Final = {"dot": Surd.sqrt(3, sign=-1), "cross": Surd.sqrt(2), "scale": Surd.rational(1)}


class VectorPath(NamedTuple):
    """A way to compute one Clebsch-Gordan path by a pointwise product.

    kind         "cross" or "dot"
    l1, l2, l3   degrees of the harmonics that carry j1, j2 and j3
    ratio        pointwise product / Clebsch-Gordan product, not 0
    """

    kind: VectorKind
    l1: int
    l2: int
    l3: int
    ratio: Surd


def tensor_path_ratio(first: Sequence[object], second: Sequence[object], out: Sequence[object]) -> Surd:
    """Return what multiplies the path (j1, j2, j3) in a product of tensor harmonics (formula: module).

    first, second, out   (j, l, s) of the operands and of the result: whole numbers
    returns              Surd; 0 where a rule forbids the path or one of the three harmonics
    raises               LabelError, TooLarge

    >>> tensor_path_ratio((1, 1, 0), (1, 1, 0), (2, 2, 0))  # functions: Gaunt / Clebsch-Gordan
    √(3/(10π))
    """
    labels = [
        [whole(label, f"{name}[{place}]") for place, label in enumerate(one)]
        for name, one in (("first", first), ("second", second), ("out", out))
    ]
    if any(len(one) != 3 for one in labels):
        raise LabelError(
            f"first, second, out: got {shown((first, second, out))}; give three labels (j, l, s) each"
        )
    (j1, l1, s1), (j2, l2, s2), (j3, l3, s3) = labels
    symbol = wigner_3j(l1, l2, l3, 0, 0, 0) * wigner_9j(l1, s1, j1, l2, s2, j2, l3, s3, j3)
    if not symbol:
        return ZERO
    triads = (sum(one) for one in (*labels, (j1, j2, j3), (s1, s2, s3)))
    exponent = s1 + s2 + j3 + sum(triad % 2 for triad in triads) // 2
    square = (2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1) * (2 * j1 + 1) * (2 * j2 + 1) * (2 * s3 + 1)
    return Surd.sqrt(Fraction(square, 4), sign=(-1) ** exponent, pi_power=-1) * symbol


def vector_path_ratio(
    kind: VectorKind, first: tuple[object, object], second: tuple[object, object], out: tuple[object, object]
) -> Surd:
    """Return what multiplies the path (j1, j2, j3) in a pointwise product of vector harmonics.

    kind                 "dot", "cross" or "scale"
    first, second, out   (j, l) of the operands and of the result; of a function l = j
    returns              Surd; 0 where a rule forbids the path or one of the three harmonics
    raises               LabelError, TooLarge

    >>> vector_path_ratio("cross", (1, 0), (1, 0), (1, 0))  # of constant vectors
    √(1/(2π))
    """
    if not isinstance(kind, str) or kind not in SPINS:
        raise LabelError(f"kind: got {shown(kind)}; it must be one of {', '.join(get_args(VectorKind))}")
    one, two, three = ((*pair, s) for pair, s in zip((first, second, out), SPINS[kind], strict=True))
    return tensor_path_ratio(one, two, three) * _FACTORS[kind]


def vector_path(j1: object, j2: object, j3: object) -> VectorPath:
    """Return the way to compute a Clebsch-Gordan path by pointwise products whose ratio is largest.

    j1, j2, j3   degrees with |j1 - j2| <= j3 <= j1 + j2, of any parity
    raises       LabelError: no such path

    >>> vector_path(1, 1, 1)
    VectorPath(kind='cross', l1=0, l2=0, l3=0, ratio=√(1/(2π)))
    """
    degrees = whole(j1, "j1"), whole(j2, "j2"), whole(j3, "j3")
    if not abs(degrees[0] - degrees[1]) <= degrees[2] <= degrees[0] + degrees[1]:
        raise LabelError(f"j1, j2, j3: got {shown(degrees)}; the path needs |j1 - j2| <= j3 <= j1 + j2")
    return max(_ways(*degrees), key=lambda way: way.ratio.radicand)


def _ways(j1: int, j2: int, j3: int) -> Iterator[VectorPath]:
    """Yield every choice of the kind and of l1, l2, l3; vectors of degree 0 have l = 1 only."""
    families = [range(abs(j - 1), j + 2) for j in (j1, j2, j3)]
    for l1, l2, l3 in product(*families):
        yield VectorPath("cross", l1, l2, l3, vector_path_ratio("cross", (j1, l1), (j2, l2), (j3, l3)))
    for l1, l2 in product(*families[:2]):
        yield VectorPath("dot", l1, l2, j3, vector_path_ratio("dot", (j1, l1), (j2, l2), (j3, j3)))
