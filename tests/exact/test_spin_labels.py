"""Every function of spins alone reads its labels as `groups/labels.py` does, and names the one it refuses."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from scalars import NEGATIVES, READABLE, UNREADABLE, named

from reptheory.errors import LabelError, TooLarge
from reptheory.exact.recoupling import recoupling
from reptheory.exact.surd import Surd
from reptheory.exact.wigner6j import racah, wigner_6j
from reptheory.exact.wigner9j import wigner_9j
from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second

TWELVE = [f"{row}{place}" for row in "jlk" for place in range(1, 5)]
TREE = ["tree1[0][1]", "tree1[1][1]", "tree1[2]"]


def of_tree(left: object, right: object, total: object) -> Surd:
    tree = (("left", left), ("right", right), total)
    return recoupling(tree, tree)


FUNCTIONS: list[tuple[Callable[..., Surd], list[str]]] = [
    (wigner_6j, [f"j{place}" for place in range(1, 7)]),
    (racah, ["aa", "bb", "cc", "dd", "ee", "ff"]),
    (wigner_9j, [f"j{place}" for place in range(1, 10)]),
    (wigner_12j_first, TWELVE),
    (wigner_12j_second, TWELVE),
    (of_tree, TREE),
]


@pytest.mark.parametrize(("function", "names"), FUNCTIONS)
@pytest.mark.parametrize("value", named([*UNREADABLE, *NEGATIVES]))
def test_refuses_what_is_no_spin(function: Callable[..., Surd], names: list[str], value: object) -> None:
    for place, name in enumerate(names):
        labels: list[object] = [1] * len(names)
        labels[place] = value
        with pytest.raises(LabelError) as caught:
            function(*labels)
        message = str(caught.value)
        assert message.startswith(f"{name}: got ")
        assert ";" in message
        assert "\n" not in message


@pytest.mark.parametrize(("function", "names"), FUNCTIONS)
@pytest.mark.parametrize(
    ("value", "two"), [pytest.param(*pair, id=str(n)) for n, pair in enumerate(READABLE)]
)
def test_reads_every_exact_half(
    function: Callable[..., Surd], names: list[str], value: object, two: int
) -> None:
    def outcome(label: object) -> object:
        try:
            return [
                function(*([0] * place), label, *([0] * (len(names) - place - 1))) for place in range(2)
            ] + [function(*([label] * len(names)))]
        except TooLarge:
            return "too large"

    if 0 <= two < 100 or two > 10**9:
        assert outcome(value) == outcome(Fraction(two, 2))
