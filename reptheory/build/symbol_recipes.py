"""Recipes of symbols without orders: a value for each choice of spins that forms every triangle of its kind.

    racah                   W(a b c d; e f) = (-1)^(a+b+c+d) {a b e; d c f}
    recoupling_three_spins  (-1)^(j1+j2+j3+j) sqrt((2 j12+1)(2 j23+1)) {j1 j2 j12; j3 j j23}
    recoupling_four_spins   sqrt((2 j12+1)(2 j34+1)(2 j13+1)(2 j24+1)) {j1 j2 j12; j3 j4 j34; j13 j24 j}

The last two are `exact.recoupling` of trees of three and four leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

from reptheory.build.blocks import Block, Labels, Recipe
from reptheory.exact.matrix_blocks import matrix_path_ratio
from reptheory.exact.surd import Surd
from reptheory.exact.vector_paths import SPINS, tensor_path_ratio, vector_path_ratio
from reptheory.exact.wigner6j import doubled_6j
from reptheory.exact.wigner9j import doubled_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second
from reptheory.tables.kinds import kind_of

if TYPE_CHECKING:
    from reptheory.tables.kinds import TableKey

__all__ = ["SYMBOLS"]


def _admissible(key: TableKey, prefix: Labels, length: int, chosen: Labels = ()) -> Iterator[Labels]:
    """Yield the first `length` labels of possible rows, in order: of those that begin with `prefix`."""
    kind, place = kind_of(key.kind), len(chosen)
    if place == length:
        yield chosen
        return
    (low, high), parities = kind.columns[place].limits(dict(key.parameters)), set[int]()
    if kind.doubled and key.convention.basis == "real":
        parities.add(0)
    for triad in kind.triads:
        if place in triad and max(set(triad) - {place}) < place:
            first, second = (chosen[other] for other in triad if other != place)
            low, high = max(low, abs(first - second)), min(high, first + second)
            if kind.doubled:
                parities.add((first + second) % 2)
    labels = range(low, high + 1) if place >= len(prefix) else range(prefix[place], prefix[place] + 1)
    for label in labels:
        if low <= label <= high and parities <= {label % 2}:
            yield from _admissible(key, prefix, length, (*chosen, label))


def _first_labels(key: TableKey) -> list[Labels]:
    """Return the labels of blocks: the first triangle, where rows begin with it, else the first two spins."""
    last = max(kind_of(key.kind).triads[0])
    return list(_admissible(key, (), last + 1 if last <= 3 else 2))


def _symbol(value: Callable[[TableKey, Labels], Surd]) -> Recipe:
    """Make the recipe of a symbol from its value at the labels of a row; its blocks may have any labels."""

    def compute(key: TableKey, labels: Labels) -> Block:
        columns = len(kind_of(key.kind).columns)
        return Block.of_values(columns, {row: value(key, row) for row in _admissible(key, labels, columns)})

    return Recipe(_first_labels, compute, value)


def _racah(a: int, b: int, c: int, d: int, e: int, f: int) -> Surd:
    symbol = doubled_6j(a, b, e, d, c, f)
    return -symbol if (a + b + c + d) % 4 else symbol


def _three_spins(j1: int, j2: int, j3: int, j: int, j12: int, j23: int) -> Surd:
    return _racah(j1, j2, j, j3, j12, j23) * Surd.sqrt((j12 + 1) * (j23 + 1))


def _four_spins(j1: int, j2: int, j3: int, j4: int, j: int, j12: int, j34: int, j13: int, j24: int) -> Surd:
    symbol = doubled_9j((j1, j2, j12, j3, j4, j34, j13, j24, j))
    return symbol * Surd.sqrt((j12 + 1) * (j34 + 1) * (j13 + 1) * (j24 + 1))


def _vector_ratio(_: TableKey, labels: Labels) -> Block:
    """Return the ratios of every choice of l1, l2, l3, or of those that the labels name."""
    (number, *js), values = labels[:4], dict[Labels, Surd]()
    name = tuple(SPINS)[number]
    families = [range(abs(j - spin), j + spin + 1) for j, spin in zip(js, SPINS[name], strict=True)]
    for l1, l2, l3 in product(*families):
        row = (*labels[:4], l1, l2, l3)
        if row[: len(labels)] == labels:
            values[row] = vector_path_ratio(name, (js[0], l1), (js[1], l2), (js[2], l3))
    return Block.of_values(7, values)


def _matrix_ratio(key: TableKey, row: Labels) -> Surd:
    l1, l2, l3, a, b, c = _halves(row)
    return matrix_path_ratio(l1, l2, l3, a, b, c, key.convention.basis)


def _halves(labels: Labels) -> list[Fraction]:
    return [Fraction(label, 2) for label in labels]


SYMBOLS: Final[Mapping[str, Recipe]] = MappingProxyType(
    {
        "wigner_6j": _symbol(lambda _, row: doubled_6j(*row)),
        "racah": _symbol(lambda _, row: _racah(*row)),
        "recoupling_three_spins": _symbol(lambda _, row: _three_spins(*row)),
        "recoupling_four_spins": _symbol(lambda _, row: _four_spins(*row)),
        "wigner_9j": _symbol(lambda _, row: doubled_9j(cast("Any", row))),
        "wigner_12j_first": _symbol(lambda _, row: wigner_12j_first(*_halves(row))),
        "wigner_12j_second": _symbol(lambda _, row: wigner_12j_second(*_halves(row))),
        "matrix_path_ratio": _symbol(_matrix_ratio),
        "tensor_path_ratio": _symbol(lambda _, row: tensor_path_ratio(row[:3], row[3:6], row[6:])),
        "vector_path_ratio": Recipe(_first_labels, _vector_ratio),
    }
)
"""The recipe of every symbol."""
