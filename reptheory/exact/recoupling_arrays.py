"""Arrays of 6j and 9j symbols, and the orthogonal matrix between any two ways of coupling the same spins.

An axis of an array is a spin that the others leave open, from its smallest to its largest value in whole
steps (`wigner_6j_array` and `wigner_9j_array` say which). Rows and columns of a `RecouplingMatrix` are trees:

    <tree1 | tree2> = `recoupling(tree1, tree2)`,      orthogonal for each total spin

For three spins it is sqrt((2e+1)(2f+1)) times a 6j symbol, for (ab)(cd) and (ac)(bd) the square roots of four
dimensions times a 9j symbol: between LS and jj coupling, for example.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any, Final

from reptheory.conventions import COMPLEX
from reptheory.errors import LabelError, TooLarge
from reptheory.exact.arrays import SurdArray
from reptheory.exact.entries import require_room
from reptheory.exact.recoupling import recoupling
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j, ring_range
from reptheory.groups.labels import shown, two_spin

__all__ = ["RecouplingMatrix", "recoupling_matrix", "wigner_6j_array", "wigner_9j_array"]

Tree = tuple[Any, ...]

_DEEPEST: Final = 100
_MOST_TREES: Final = 2000
_RULE: Final = "a shape is a leaf (name, spin) or a pair [left, right] of shapes; write pairs as lists"


def wigner_6j_array(j1: object, j2: object, j4: object, j5: object) -> SurdArray:
    """Return every 6j symbol {j1 j2 j3; j4 j5 j6} of four spins: [j3 - least j3, j6 - least j6].

    j3 runs from max(|j1-j2|, |j4-j5|) to min(j1+j2, j4+j5), j6 from max(|j1-j5|, |j2-j4|) to
    min(j1+j5, j2+j4), both in steps of 1. Times sqrt((2 j3 + 1)(2 j6 + 1)) it is an orthogonal matrix.

    returns  SurdArray; an axis has length 0 where no j3 or no j6 is possible
    raises   LabelError: a spin is impossible; TooLarge

    >>> array = wigner_6j_array(0.5, 0.5, 0.5, 0.5)
    >>> array[0, 0], array[1, 1]  # {1/2 1/2 0; 1/2 1/2 0} and {1/2 1/2 1; 1/2 1/2 1}
    (-1/2, 1/6)
    """
    a, b, d, e = (two_spin(j, name) for j, name in ((j1, "j1"), (j2, "j2"), (j4, "j4"), (j5, "j5")))
    third, sixth = _open(((a, b), (d, e))), _open(((a, e), (b, d)))
    require_room(_length(third) * _length(sixth), 4 * max(a, b, d, e), "wigner_6j_array: the array")
    entries = {
        (row, column): doubled_6j(a, b, c, d, e, f)
        for (row, c), (column, f) in product(enumerate(third), enumerate(sixth))
    }
    return _array((len(third), len(sixth)), entries)


def wigner_9j_array(j1: object, j2: object, j4: object, j5: object, j9: object) -> SurdArray:
    """Return every 9j symbol {j1 j2 j3; j4 j5 j6; j7 j8 j9} of five spins, with four axes j3, j6, j7, j8.

    j3 runs from |j1-j2| to j1+j2, j6 from |j4-j5| to j4+j5, j7 from |j1-j4| to j1+j4 and j8 from |j2-j5| to
    j2+j5 in steps of 1, index 0 at the least. Times the roots of the four dimensions 2j+1 it is an orthogonal
    matrix from the pairs (j3, j6) to the pairs (j7, j8) that couple to j9.

    raises  LabelError: a spin is impossible; TooLarge

    >>> wigner_9j_array(0.5, 0.5, 0.5, 0.5, 1).shape, wigner_9j_array(0.5, 0.5, 0.5, 0.5, 1)[1, 0, 0, 1]
    ((2, 2, 2, 2), -1/6)
    """
    named = ((j1, "j1"), (j2, "j2"), (j4, "j4"), (j5, "j5"), (j9, "j9"))
    a, b, d, e, i = (two_spin(j, name) for j, name in named)
    axes = [_open((pair,)) for pair in ((a, b), (d, e), (a, d), (b, e))]
    lengths = tuple(_length(axis) for axis in axes)
    require_room(prod(lengths), 8 * max(a, b, d, e), "wigner_9j_array: the array")
    entries = {
        tuple(place for place, _ in labels): doubled_9j((a, b, c, d, e, f, g, h, i))
        for labels in product(*(enumerate(axis) for axis in axes))
        for c, f, g, h in [[two_j for _, two_j in labels]]
    }
    return _array(lengths, entries)


@dataclass(frozen=True, slots=True)
class RecouplingMatrix:
    """The orthogonal matrix between two ways of coupling the same spins to one total.

    rows, columns  the trees that label it, as `recoupling` takes them
    matrix         SurdArray: [row, column] is <rows[row] | columns[column]>
    """

    rows: tuple[Tree, ...]
    columns: tuple[Tree, ...]
    matrix: SurdArray


def recoupling_matrix(shape1: object, shape2: object, j: object) -> RecouplingMatrix:
    """Return the overlaps of all states of one shape with all of another, coupled to the total spin j.

    shape1, shape2  a leaf is a pair (name, spin), a node a list [left, right]: [[a, b], c] couples a with b
                    first; every intermediate spin takes all its values, the inner ones slowest
    j               the total spin
    returns         RecouplingMatrix; without rows where the spins cannot couple to j
    raises          LabelError: no shapes, impossible spins, other leaves; TooLarge: more than 2000 states

    >>> a, b, c = ("a", 0.5), ("b", 0.5), ("c", 0.5)
    >>> found = recoupling_matrix([[a, b], c], [a, [b, c]], 0.5)
    >>> found.rows[1]
    ((('a', 0.5), ('b', 0.5), Fraction(1, 1)), ('c', 0.5), Fraction(1, 2))
    >>> found.matrix[0, 0], found.matrix[1, 0]
    (-1/2, √(3/4))
    """
    two_j = two_spin(j, "j")
    _same_leaves(_leaves(shape1, "shape1"), _leaves(shape2, "shape2"))
    rows, columns = (
        tuple(tree for tree, total in _labelled(shape, name) if total == two_j)
        for shape, name in ((shape1, "shape1"), (shape2, "shape2"))
    )
    entries = {
        (row, column): recoupling(left, right)
        for (row, left), (column, right) in product(enumerate(rows), enumerate(columns))
    }
    return RecouplingMatrix(rows, columns, _array((len(rows), len(columns)), entries))


def _leaves(part: object, where: str, depth: int = 0) -> dict[str, int]:
    """Return the names of the leaves with their doubled spins; raise LabelError for what is no shape."""
    if depth > _DEEPEST:
        raise TooLarge(f"{where[:24]}...: the shape is deeper than {_DEEPEST} nodes; couple fewer spins")
    if isinstance(part, tuple) and len(part) == 2 and type(part[0]) is str:
        return {part[0]: two_spin(part[1], f"{where}[1]")}
    if not (isinstance(part, list) and len(part) == 2):
        raise LabelError(f"{where}: got {shown(part)}; {_RULE}")
    left, right = (_leaves(side, f"{where}[{place}]", depth + 1) for place, side in enumerate(part))
    for name in left.keys() & right.keys():
        raise LabelError(f"{where}: got the leaf {shown(name)} twice; each spin is coupled once; rename one")
    return left | right


def _same_leaves(first: dict[str, int], second: dict[str, int]) -> None:
    """Raise LabelError unless both shapes have the same leaves and spins."""
    for name in sorted(first.keys() | second.keys()):
        if first.get(name) != second.get(name):
            raise LabelError(
                f"shape2: got other leaves than shape1: {shown(name)} is missing in one or has another spin; "
                "both shapes must couple the same spins; add or correct one"
            )


def _labelled(part: Any, where: str) -> list[tuple[Any, int]]:
    """List every tree of a shape, with its doubled total spin."""
    if isinstance(part, tuple):
        return [(part, two_spin(part[1], f"{where}[1]"))]
    left, right = (_labelled(side, f"{where}[{place}]") for place, side in enumerate(part))
    states = sum(min(one, other) + 1 for (_, one), (_, other) in product(left, right))
    if states > _MOST_TREES:
        raise TooLarge(f"{where}: {states} states; the limit is {_MOST_TREES}; couple fewer or smaller spins")
    return list(_coupled(left, right))


def _coupled(left: list[tuple[Any, int]], right: list[tuple[Any, int]]) -> Iterator[tuple[Any, int]]:
    """Yield the nodes of two lists of subtrees, every spin that each pair couples to."""
    for (one, two_j1), (other, two_j2) in product(left, right):
        for total in range(abs(two_j1 - two_j2), two_j1 + two_j2 + 1, 2):
            yield (one, other, Fraction(total, 2)), total


def _open(pairs: tuple[tuple[int, int], ...]) -> range:
    """Return the doubled spins that couple with every pair of doubled spins."""
    return range(0) if len({(p + q) % 2 for p, q in pairs}) > 1 else ring_range(pairs)


def _length(spins: range) -> int:
    """Return the number of spins, also where `len` could not count so far."""
    return max(0, (spins.stop - spins.start + spins.step - 1) // spins.step)


def _array(shape: tuple[int, ...], entries: Any) -> SurdArray:
    return SurdArray.from_entries(shape, entries, COMPLEX)
