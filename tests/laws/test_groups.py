"""The laws of the groups contract, run on every group, and on SU(3) so that none of them is vacuous.

SU(2), SO(3) and O(3) have multiplicities 0 and 1 and are self-dual; SU(3), built here from the weights of
its irreps, has neither property, so that a law that forgot the multiplicity axis or the dual fails on it.
Each law is also run on a group that breaks it, and must fail there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reptheory.errors import LabelError
from reptheory.groups.contract import Group
from reptheory.groups.o3 import O3, Irrep
from reptheory.groups.so3 import SO3
from reptheory.groups.su2 import SU2

Dynkin = tuple[int, int]


@dataclass(frozen=True)
class SU3ByWeights:
    """SU(3) on Dynkin labels (p, q), of height p + q; products by the Racah-Speiser theorem."""

    name: str = "SU(3)"
    trivial: Dynkin = (0, 0)

    def dimension(self, label: Dynkin) -> int:
        p, q = checked(label)
        return (p + 1) * (q + 1) * (p + q + 2) // 2

    def dual(self, label: Dynkin) -> Dynkin:
        p, q = checked(label)
        return q, p

    def product(self, a: Dynkin, b: Dynkin) -> tuple[tuple[Dynkin, int], ...]:
        p, q = checked(a)
        counts: Counter[Dynkin] = Counter()
        for x, y in weights(*checked(b)):
            sign, dominant = reflected(p + x + 1, q + y + 1)
            if sign:
                counts[dominant[0] - 1, dominant[1] - 1] += sign
        order = sorted(counts, key=lambda label: (sum(label), label))
        return tuple((label, counts[label]) for label in order if counts[label])

    def contains(self, a: Dynkin, b: Dynkin, c: Dynkin) -> int:
        return dict(self.product(a, b)).get(checked(c), 0)

    def labels(self, upto: int) -> Iterator[Dynkin]:
        return ((p, height - p) for height in range(upto + 1) for p in range(height + 1))

    def parse(self, text: str) -> Dynkin:
        p, q = text.split(",")
        return int(p), int(q)

    def write(self, label: Dynkin) -> str:
        return f"{label[0]},{label[1]}"


def checked(label: Dynkin) -> Dynkin:
    if not (isinstance(label, tuple) and len(label) == 2 and min(label) >= 0):
        raise LabelError(f"label: got {label!r}; it must be (p, q); pass two non-negative ints")
    return label


def weights(p: int, q: int) -> Iterator[Dynkin]:
    """Dynkin components of every weight of (p, q), with repetition: one per Gelfand-Tsetlin pattern."""
    for top in range(q, p + q + 1):
        for low in range(q + 1):
            for tip in range(low, top + 1):
                first, second = tip, top + low - tip
                yield first - second, second - (p + 2 * q - top - low)


def reflected(x: int, y: int) -> tuple[int, Dynkin]:
    """The image of a weight in the dominant chamber with the sign of the reflections; sign 0 on a wall."""
    sign = 1
    while x < 0 or y < 0:
        x, y = (-x, x + y) if x < 0 else (x + y, -y)
        sign = -sign
    return (sign if x and y else 0), (x, y)


# Laws. Each takes a group and a height that keeps it quick.


def law_the_trivial_irrep_is_one(group: Group[Any], upto: int) -> None:
    assert group.dimension(group.trivial) == 1
    assert group.trivial in set(group.labels(0))
    for a in group.labels(upto):
        assert group.product(a, group.trivial) == group.product(group.trivial, a) == ((a, 1),)


def law_dimensions_multiply(group: Group[Any], upto: int) -> None:
    for a in group.labels(upto):
        for b in group.labels(upto):
            total = sum(copies * group.dimension(c) for c, copies in group.product(a, b))
            assert total == group.dimension(a) * group.dimension(b)


def law_products_are_listed_once_in_canonical_order(group: Group[Any], upto: int) -> None:
    place = {label: index for index, label in enumerate(group.labels(2 * upto))}
    for a in group.labels(upto):
        for b in group.labels(upto):
            places = [place[c] for c, _ in group.product(a, b)]
            assert places == sorted(set(places))
            assert all(copies >= 1 for _, copies in group.product(a, b))


def law_contains_agrees_with_product(group: Group[Any], upto: int) -> None:
    for a in group.labels(upto):
        for b in group.labels(upto):
            listed = dict(group.product(a, b))
            assert listed == {c: n for c in group.labels(2 * upto) if (n := group.contains(a, b, c))}


def law_products_commute(group: Group[Any], upto: int) -> None:
    for a in group.labels(upto):
        for b in group.labels(upto):
            assert group.product(a, b) == group.product(b, a)


def law_products_associate(group: Group[Any], upto: int) -> None:
    labels = list(group.labels(upto))

    def threefold(a: Any, b: Any, c: Any) -> Counter[Any]:
        counts: Counter[Any] = Counter()
        for e, copies in group.product(a, b):
            for d, more in group.product(e, c):
                counts[d] += copies * more
        return counts

    for a in labels:
        for b in labels:
            for c in labels:
                assert threefold(a, b, c) == threefold(b, c, a)


def law_the_dual_is_an_involution(group: Group[Any], upto: int) -> None:
    assert group.dual(group.trivial) == group.trivial
    for a in group.labels(upto):
        assert group.dual(group.dual(a)) == a
        assert group.dimension(group.dual(a)) == group.dimension(a)


def law_only_the_dual_makes_an_invariant(group: Group[Any], upto: int) -> None:
    for a in group.labels(upto):
        for b in group.labels(upto):
            assert group.contains(a, b, group.trivial) == int(b == group.dual(a))


def law_multiplicities_are_those_of_invariants(group: Group[Any], upto: int) -> None:
    """N(a, b; c) counts invariants of a (x) b (x) dual c, whichever two are coupled first."""
    for a in group.labels(upto):
        for b in group.labels(upto):
            for c in group.labels(upto):
                copies = group.contains(a, b, c)
                assert copies == group.contains(a, group.dual(c), group.dual(b))
                assert copies == group.contains(group.dual(a), group.dual(b), group.dual(c))


def law_labels_are_distinct_and_nested(group: Group[Any], upto: int) -> None:
    outer = list(group.labels(upto))
    assert len(set(outer)) == len(outer)
    for height in range(upto):
        inner = list(group.labels(height))
        assert inner == outer[: len(inner)]
        assert len(inner) < len(list(group.labels(height + 1)))


def law_writing_and_parsing_are_inverse(group: Group[Any], upto: int) -> None:
    for a in group.labels(upto):
        assert group.parse(group.write(a)) == a


LAWS: list[Callable[[Group[Any], int], None]] = [
    law_the_trivial_irrep_is_one,
    law_dimensions_multiply,
    law_products_are_listed_once_in_canonical_order,
    law_contains_agrees_with_product,
    law_products_commute,
    law_products_associate,
    law_the_dual_is_an_involution,
    law_only_the_dual_makes_an_invariant,
    law_multiplicities_are_those_of_invariants,
    law_labels_are_distinct_and_nested,
    law_writing_and_parsing_are_inverse,
]
GROUPS: list[tuple[Group[Any], int]] = [(SU2, 7), (SO3, 5), (O3, 3), (SU3ByWeights(), 2)]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("group", "upto"), GROUPS, ids=[group.name for group, _ in GROUPS])
def test_law(group: Group[Any], upto: int, law: Callable[[Group[Any], int], None]) -> None:
    law(group, upto)


def test_su3_has_what_the_other_groups_lack() -> None:
    """8 (x) 8 = 1 + 8 + 8 + 10 + 10bar + 27, and 3 (x) 3bar = 1 + 8."""
    su3 = SU3ByWeights()
    assert su3.product((1, 1), (1, 1)) == (((0, 0), 1), ((1, 1), 2), ((0, 3), 1), ((3, 0), 1), ((2, 2), 1))
    assert su3.product((1, 0), su3.dual((1, 0))) == (((0, 0), 1), ((1, 1), 1))


@pytest.mark.parametrize("group", [SU2, SO3, O3], ids=lambda group: group.name)
@pytest.mark.parametrize("label", [-1, 0.5, True, None, float("nan"), "?", [1, 2, 3], 1j])
def test_methods_refuse_what_is_no_label(group: Group[Any], label: object) -> None:
    good = group.trivial
    for call in (
        lambda: group.dimension(label),
        lambda: group.dual(label),
        lambda: group.product(label, good),
        lambda: group.product(good, label),
        lambda: group.contains(label, good, good),
        lambda: group.contains(good, label, good),
        lambda: group.contains(good, good, label),
        lambda: group.write(label),
    ):
        with pytest.raises(LabelError):
            call()


@pytest.mark.parametrize("group", [SU2, SO3, O3], ids=lambda group: group.name)
def test_labels_and_parse_refuse_nonsense(group: Group[Any]) -> None:
    for upto in (-1, 0.5, None, True):
        with pytest.raises(LabelError, match="upto"):
            group.labels(upto)  # type: ignore[arg-type]
    for text in ("", "-1", "1/3", "1e999999999", "one", "0x2", "9" * 5000):
        with pytest.raises(LabelError):
            group.parse(text)


# Every law fails on a group that breaks it.


@dataclass(frozen=True)
class Altered:
    """A sound group with some of its methods replaced."""

    sound: Group[Any]
    name: str = "altered"
    trivial: Any = None
    dimension: Any = None
    dual: Any = None
    product: Any = None
    contains: Any = None
    labels: Any = None
    parse: Any = None
    write: Any = None


def altered(sound: Group[Any], **methods: object) -> Group[Any]:
    unchanged = {
        name: getattr(sound, name)
        for name in ("trivial", "dimension", "dual", "product", "contains", "labels", "parse", "write")
    }
    return replace(Altered(sound), **(unchanged | methods))


SU3 = SU3ByWeights()
ONCE = {
    "product": lambda a, b: tuple((c, 1) for c, _ in SU3.product(a, b)),
    "contains": lambda a, b, c: min(1, SU3.contains(a, b, c)),
}
BROKEN: list[tuple[Callable[[Group[Any], int], None], str, Group[Any]]] = [
    (law_the_trivial_irrep_is_one, "0o for 0e", altered(O3, trivial=Irrep("0o"))),
    (law_dimensions_multiply, "one copy of each", altered(SU3, **ONCE)),
    (
        law_dimensions_multiply,
        "steps of 1/2",
        altered(SU2, product=lambda a, b: tuple((c, 1) for c in range(abs(a - b), a + b + 1))),
    ),
    (
        law_products_are_listed_once_in_canonical_order,
        "descending",
        altered(SO3, product=lambda a, b: SO3.product(a, b)[::-1]),
    ),
    (
        law_contains_agrees_with_product,
        "parity forgotten",
        altered(O3, contains=lambda a, b, c: SO3.contains(a.l, b.l, c.l)),
    ),
    (law_products_commute, "b dualised", altered(SU3, product=lambda a, b: SU3.product(a, SU3.dual(b)))),
    (law_products_associate, "one copy of each", altered(SU3, **ONCE)),
    (law_the_dual_is_an_involution, "raised", altered(SU2, dual=lambda label: label + 1)),
    (law_only_the_dual_makes_an_invariant, "dual forgotten", altered(SU3, dual=lambda label: label)),
    (law_multiplicities_are_those_of_invariants, "dual forgotten", altered(SU3, dual=lambda label: label)),
    (
        law_multiplicities_are_those_of_invariants,
        "no lower end of the triangle",
        altered(SO3, contains=lambda a, b, c: int(c <= a + b)),
    ),
    (
        law_labels_are_distinct_and_nested,
        "parities apart",
        altered(O3, labels=lambda upto: (Irrep(n, p) for p in (-1, 1) for n in range(upto + 1))),
    ),
    (law_writing_and_parsing_are_inverse, "2j written as j", altered(SU2, write=str)),
]


@pytest.mark.parametrize(
    ("law", "group"),
    [pytest.param(law, group, id=f"{law.__name__}: {fault}") for law, fault, group in BROKEN],
)
def test_a_broken_group_fails_its_law(law: Callable[[Group[Any], int], None], group: Group[Any]) -> None:
    with pytest.raises(AssertionError):
        law(group, 2)


def test_every_law_has_been_seen_to_fail() -> None:
    assert {law for law, _, _ in BROKEN} == set(LAWS)
