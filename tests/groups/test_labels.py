"""Labels: exact halves of every type are read exactly; everything else is a one-line LabelError."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scalars import HALVES, NEGATIVES, READABLE, UNREADABLE, named
from strategies import two_projections, two_spins, written

from reptheory.errors import LabelError, ReptheoryError
from reptheory.exact.fourier import fourier_from_harmonics
from reptheory.exact.wigner_d import wigner_d_fourier
from reptheory.groups.labels import (
    count,
    degree,
    doubled,
    projection,
    read_half,
    real,
    shown,
    spelled,
    two_label,
    two_spin,
    whole,
)

Reader = Callable[[object, str], int]
BAD_NUMBERS = (True, np.True_, np.array([1, 2]), np.ma.masked, None, float("nan"))
READERS: list[Reader] = [two_label, two_spin, whole, degree, doubled]


def message_of(reader: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(LabelError) as caught:
        reader(*arguments)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ReptheoryError)
    return str(caught.value)


def assert_reads_well(message: str) -> None:
    """One line, argument first, the rule or the way on after a semicolon, and short."""
    assert message.startswith("j7: got ")
    assert "\n" not in message
    assert ";" in message
    assert len(message) < 260


@pytest.mark.parametrize(
    ("value", "two"), [pytest.param(*pair, id=str(i)) for i, pair in enumerate(READABLE)]
)
def test_reads_exact_halves(value: object, two: int) -> None:
    assert two_label(value, "j") == two
    assert type(two_label(value, "j")) is int
    if two >= 0:
        assert two_spin(value, "j") == two
    if two % 2 == 0:
        assert whole(value, "l", signed=True) == two // 2
        assert type(whole(value, "l", signed=True)) is int
    if two >= 0 and two % 2 == 0:
        assert whole(value, "l") == degree(value, "l") == doubled(value, "two_j") == two // 2


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", named(UNREADABLE))
def test_refuses_what_is_no_half(value: object, reader: Reader) -> None:
    assert_reads_well(message_of(reader, value, "j7"))


@pytest.mark.parametrize("reader", [whole, degree, doubled])
@pytest.mark.parametrize("value", named(HALVES))
def test_whole_labels_refuse_halves(value: object, reader: Reader) -> None:
    assert_reads_well(message_of(reader, value, "j7"))


@pytest.mark.parametrize("reader", [two_spin, whole, degree, doubled])
@pytest.mark.parametrize("value", named(NEGATIVES))
def test_only_projections_may_be_negative(value: object, reader: Reader) -> None:
    assert_reads_well(message_of(reader, value, "j7"))
    assert whole(value, "m", signed=True) * 2 == two_label(value, "m") < 0


@pytest.mark.parametrize("value", [-0.5, Fraction(-1, 2), np.float32(-1.5)])
def test_spins_are_not_negative(value: object) -> None:
    assert_reads_well(message_of(two_spin, value, "j7"))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0.5", "the text '0.5', which is never evaluated"),
        (float("nan"), "nan, which is not finite"),
        (-float("inf"), "-inf, which is not finite"),
        (True, "a truth value is no number"),
        (1e300, "from 2^53 on a float no longer tells labels apart; pass an int"),
        (Decimal("1e400"), "from 2^53 on"),
        (np.array([1, 2]), "an array of shape (2,); it must be one number"),
        (np.ma.masked, "a masked value is no number"),
        (np.datetime64(1, "ns"), "of dtype datetime64[ns]"),
        (None, "None of type NoneType"),
        (
            1.3,
            "1.3; it must be an exact multiple of 1/2; pass an int, Fraction(n, 2), or a float such as 0.5",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_messages_say_why(value: object, reason: str) -> None:
    assert reason in message_of(two_label, value, "j7")


@given(st.data(), st.integers(-400, 400))
def test_every_way_of_writing_a_label_is_read_alike(data: st.DataObject, two: int) -> None:
    value = data.draw(written(two))
    assert two_label(value, "m") == two
    if two % 2 == 0:
        assert whole(value, "m", signed=True) == two // 2


@given(st.floats())
def test_floats_are_read_exactly_or_refused(value: float) -> None:
    try:
        assert two_label(value, "m") == 2 * value
    except LabelError:
        assert not (2 * value).is_integer() or abs(value) >= 2.0**53


@given(st.data(), two_spins(60))
def test_projections_of_a_spin_pass(data: st.DataObject, two_j: int) -> None:
    projection(two_j, data.draw(two_projections(two_j)), "j", "m")


@pytest.mark.parametrize(
    ("two_j", "two_m", "rule"),
    [
        (2, 4, "|m1| must not exceed j1"),
        (2, -4, "|m1| must not exceed j1"),
        (0, 1, "|m1| must not exceed j1"),
        (1, 0, "j1 - m1 must be whole"),
        (2, 1, "j1 - m1 must be whole"),
        (4, -3, "j1 - m1 must be whole"),
        (2, 2**65, "|m1| must not exceed j1"),
        pytest.param(2, 10**5000, "|m1| must not exceed j1", id="beyond printing"),
    ],
)
def test_impossible_projections_raise(two_j: int, two_m: int, rule: str) -> None:
    message = message_of(projection, two_j, two_m, "j1", "m1")
    assert message.startswith("m1: got ")
    assert rule in message
    assert "\n" not in message


def test_degree_beyond_what_is_served_names_the_way_on() -> None:
    assert degree(6, "l1", 6) == 6
    message = message_of(degree, 9, "l1", 6, "build a table with lmax=9")
    assert message == "l1: got 9; it must be at most 6 here; build a table with lmax=9"


@given(st.integers())
def test_spelled_and_read_half_are_inverse(two: int) -> None:
    assert read_half(spelled(two), "j") == two


@pytest.mark.parametrize(
    ("text", "two"), [("2", 4), ("+1", 2), ("-1/2", -1), ("4/2", 4), ("3/1", 6), ("1.50", 3), (" 0.5 ", 1)]
)
def test_read_half_reads_what_people_type(text: str, two: int) -> None:
    assert read_half(text, "j") == two


@pytest.mark.parametrize(
    "text",
    ["", "j", "1/3", "1/0", "0.25", "1e3", "1e999999999", "nan", "1_0", "\u0661", "--1", "1 / 2", "9" * 5000],
)
def test_read_half_refuses_other_text(text: str) -> None:
    assert_reads_well(message_of(read_half, text, "j7"))


def test_shown_is_short_and_never_raises() -> None:
    assert shown("a\nb" * 100).endswith("...")
    assert len(shown("a" * 100)) == 60
    assert "bits" in shown(10**5000)
    assert shown(7) == "7"


def run_python(*options: str) -> str:
    return subprocess.run(
        [sys.executable, *options], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_checks_hold_without_assertions() -> None:
    code = (
        "from reptheory.groups import labels\n"
        "from reptheory.groups.su2 import SU2\n"
        "for call in (lambda: labels.two_spin(1.3, 'j'), lambda: labels.projection(2, 4, 'j', 'm'),\n"
        "             lambda: SU2.contains(-1, 0, 0)):\n"
        "    try: call()\n"
        "    except labels.LabelError: print('refused', end=' ')\n"
        "print(SU2.contains(2, 2, 6))\n"
    )
    assert run_python("-O", "-c", code) == "refused refused refused 0"


def test_groups_load_nothing_heavy() -> None:
    code = (
        "import sys, reptheory.groups.o3, reptheory.groups.su2, reptheory.groups.so3\n"
        "print(sorted({'numpy', 'sympy', 'mpmath', 'numba', 'flint'} & set(sys.modules)))"
    )
    assert run_python("-c", code) == "[]"


@pytest.mark.parametrize(
    ("reader", "values"), [(count, (0.5, -1)), (real, ("1", 1j)), (count, BAD_NUMBERS), (real, BAD_NUMBERS)]
)
def test_counts_and_angles_are_not_called_labels(
    reader: Callable[[object, str], object], values: tuple[object, ...]
) -> None:
    for value in values:
        reason = message_of(reader, value, "j7")
        assert_reads_well(reason)
        for word in ("label", "half-integer", "floats are seldom"):
            assert word not in reason


def test_derivatives_are_counted() -> None:
    assert [count(value, "derivative") for value in (0, 2.0, np.int8(3))] == [0, 2, 3]
    for derive in (
        lambda order: wigner_d_fourier(1, order),
        lambda order: fourier_from_harmonics(1, derivative=(order, 0)),
    ):
        with pytest.raises(LabelError, match=r"^derivative.*: got 0.5; it must be 0, 1, 2, "):
            derive(0.5)
